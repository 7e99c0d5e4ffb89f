//! The use case behind *Test settings* of the irker integration: one harmless line for each recipient, and a report of
//! what irkerd did with it.
//!
//! The test goes through the queue like every delivery, since an irkerd serves one connection at a time, and since only
//! the relay may be near enough to reach it.
//!
//! Not here: whether a channel let the line in. irkerd does not tell; whoever tests looks at the channel.

use std::slice;
use std::time::Duration;

use config::Project;
use relay::{Outcome, irker};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::Stamp;
use crate::irkerd::Irkerds;
use crate::queue::{Answer, IrkerTest, Queue, QueueError, Task};
use crate::reckoning::Reckoning;
use crate::store::{item, row};
use crate::table::{Condition, Key};
use crate::{App, Causes, StoreError, projects};

/// How long a report is kept: somebody waits for it.
const KEPT: Duration = Duration::from_hours(1);

/// A test that is older is not run: nobody waits for it any more, and the line would surprise.
pub const WAITED_FOR_MAX: Duration = Duration::from_mins(5);

/// How long a test may take in all. A channel more takes a millisecond, unless irkerd hangs.
const TEST_MAX: Duration = Duration::from_secs(12);

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When it was run.
    pub at: Timestamp,
    /// `host:port` of the irkerd.
    pub irkerd: String,
    /// One for each recipient, in their order.
    pub recipients: Vec<RecipientReport>,
}

/// What came of a test for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientReport {
    /// The recipient's URL, its key masked.
    pub recipient: String,
    /// What irkerd did.
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Why a test was not asked for.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// Nothing to test.
    #[error("the project has no active irker integration")]
    NoIntegration,
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Asks for a test of a project's settings as they are stored. Its report comes later, or never, under this name.
pub async fn ask(app: &App, queue: &dyn Queue, project: &Project) -> Result<Stamp, TestError> {
    let irker = project.irker.as_ref().filter(|irker| irker.active).ok_or(TestError::NoIntegration)?;
    let id = Stamp::new(&app.chance);
    let test = IrkerTest { id: id.clone(), project: project.id, queued_at: app.clock.now() };
    queue.send(vec![Task::TestIrkerV1 { irkerd: irker.irkerd(), test }]).await?;
    Ok(id)
}

/// The report of a test, once there is one.
pub async fn report(app: &App, test: &Stamp) -> Result<Option<Report>, StoreError> {
    let stored = app.table.get(&report_key(test)).await?;
    stored.map(|stored| row(&stored)).transpose()
}

fn report_key(test: &Stamp) -> Key {
    Key::new(format!("test#{test}"), "report")
}

/// Runs a test, once.
pub(crate) async fn run(app: &App, irkerds: &dyn Irkerds, test: &IrkerTest) -> Answer {
    let age = app.clock.now().since(test.queued_at);
    if age > WAITED_FOR_MAX {
        tracing::info!(test = %test.id, project = %test.project, age_s = age.as_secs(), "test.expired");
        return Answer::Done;
    }
    match run_and_report(app, irkerds, test).await {
        Ok(()) => Answer::Done,
        Err(error) => {
            tracing::error!(test = %test.id, project = %test.project, error = %Causes(&error), "test.failed");
            Answer::Fault
        }
    }
}

async fn run_and_report(app: &App, irkerds: &dyn Irkerds, test: &IrkerTest) -> Result<(), StoreError> {
    let project = projects::load(app, test.project).await?;
    let Some((path, irker)) = project.and_then(|project| Some((project.path, project.irker?))) else {
        return Ok(());
    };
    let at = app.clock.now();
    let line = irker::Line::test(path.as_str());
    let mut reckoning = Reckoning::load(app, &irker.irkerd()).await?;
    let mut recipients = Vec::with_capacity(irker.recipients.len());
    for recipient in &irker.recipients {
        let began_at = app.clock.now();
        let outcome = match recipients.last() {
            // The same irkerd does not become reachable from one recipient to the next.
            Some(RecipientReport {
                outcome: failed @ (Outcome::Unreachable { .. } | Outcome::Forbidden { .. }),
                ..
            }) => failed.clone(),
            _ if began_at.since(at) > TEST_MAX => {
                Outcome::Unknown { reason: "not tried: the test took too long".to_owned() }
            }
            _ => {
                let requests = irker::requests(slice::from_ref(&line), slice::from_ref(recipient));
                // A connection of its own for each, so that one that irkerd chokes on takes no other with it.
                let outcome = irkerds.hand_over(irker.place(), &requests).await;
                if matches!(outcome, Outcome::HandedOver | Outcome::Unknown { .. }) {
                    reckoning.pace.given(app.clock.now().0, &requests);
                }
                outcome
            }
        };
        let duration_ms = u64::try_from(app.clock.now().since(began_at).as_millis()).unwrap_or(u64::MAX);
        recipients.push(RecipientReport { recipient: recipient.to_string(), outcome, duration_ms });
    }
    // A test does not wait for its turn in irkerd's memory, but what comes after it does. If that is reckoned anew at
    // this moment, it is by somebody who knows better.
    reckoning.save(app).await?;
    let taken = recipients.iter().filter(|tried| tried.outcome == Outcome::HandedOver).count();
    tracing::info!(test = %test.id, project = %test.project, recipients = recipients.len(), taken, "test.run");
    let report = Report { at, irkerd: irker.irkerd(), recipients };
    app.table.put(item(report_key(&test.id), &report, Some(at + KEPT)), Condition::Always).await?;
    Ok(())
}
