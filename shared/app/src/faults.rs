//! The faults of a queue's items, counted in the table: for a queue that cannot tell a fault from a retry, and so neither
//! can say when to give up. SQS only knows how often it has handed an item over.
//!
//! An item is set aside (`set_aside`) after [`FAULTS_MAX`] faults, so that an ordered group waits behind it for minutes.
//!
//! **What is done at its first handover costs nothing.** One that comes again is looked up, and written down as *begun*
//! before its consumer gets it. A consumer that says anything takes that back; a process that dies says nothing, and
//! whoever has the item next finds that it was begun and never ended. That is a death. Of the first handover's death
//! nothing is known: a queue that could not reach any process counts such a handover, too.
//!
//! A death is everybody's who was in that process. So the items that were are **suspects**, handled alone, one after
//! the other, those with the fewest faults first: the innocent are done by then, and are not blamed again.
//!
//! Where the table cannot be written, no fault is counted: it may well be the table's.
//!
//! Not here: the embedded store counts by itself; who hands items over (`aws::Trigger`).

use serde::{Deserialize, Serialize};

use crate::queue::{FAULTS_MAX, QueueName};
use crate::set_aside::{self, SetAside};
use crate::store::{item, row};
use crate::table::{Condition, Key, Version, Write};
use crate::{App, StoreError, events};

/// What counts as a fault; operators read it beside what was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The consumer said so itself.
    Answered,
    /// The consumer panicked.
    Panicked,
    /// The consumer was stopped when its time was up.
    TookTooLong,
    /// Nobody answered in time.
    LeaseRanOut,
    /// Nobody could answer any more.
    ProcessDied,
}

impl Fault {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "the handler answered with a fault",
            Self::Panicked => "the handler panicked",
            Self::TookTooLong => "the handler took too long",
            Self::LeaseRanOut => "no answer came before the lease ran out",
            Self::ProcessDied => "too many processes in a row died while they had the task",
        }
    }
}

/// An item that was handed over.
#[derive(Clone, Copy, Debug)]
pub struct Handover<'a> {
    /// By this queue.
    pub queue: QueueName,
    /// The queue's own name for the item, the same at every handover.
    pub id: &'a str,
    /// What it is ordered by, or kept fair by, if anything.
    pub group: Option<&'a str>,
    /// The task, as JSON; or what else somebody has put into the queue.
    pub body: &'a str,
    /// Where it stands in the order of sending: digits that sort as text within the group.
    pub place: &'a str,
}

/// What the table holds of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    /// What its consumers said or did.
    faults: u32,
    /// How many processes in a row died.
    deaths: u32,
    /// Whether somebody has it, or had it and died.
    is_begun: bool,
}

/// How often an item has had a fault before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    count: Count,
    version: Option<Version>,
}

impl Known {
    /// Whether whoever had it last died.
    pub fn is_suspect(&self) -> bool {
        self.count.is_begun
    }

    /// All faults.
    pub fn faults(&self) -> u32 {
        self.count.faults.saturating_add(self.count.deaths)
    }
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on.
    On(Known),
    /// It was set aside, and is to leave the queue.
    SetAside,
}

/// Looks an item up that was handed over before.
pub async fn known(app: &App, handover: Handover<'_>) -> Result<Known, StoreError> {
    let Some(stored) = app.table.get(&key(handover)).await? else { return Ok(Known::default()) };
    Ok(Known { count: row(&stored)?, version: Some(stored.version) })
}

/// Writes down that an item is begun, unless too many have died of it.
pub async fn begin(app: &App, handover: Handover<'_>, known: Known) -> Result<Step, StoreError> {
    let deaths = known.count.deaths.saturating_add(u32::from(known.is_suspect()));
    let count = Count { deaths, is_begun: true, ..known.count };
    step(app, handover, (Known { count, ..known }, Fault::ProcessDied)).await
}

/// Writes down that an item was put off by whoever has begun it.
pub async fn put_off(app: &App, handover: Handover<'_>, known: Known) -> Result<(), StoreError> {
    write(app, handover, Known { count: Count { deaths: 0, is_begun: false, ..known.count }, ..known })
        .await?;
    Ok(())
}

/// Counts a fault.
pub async fn count(
    app: &App,
    handover: Handover<'_>,
    (known, fault): (Known, Fault),
) -> Result<Step, StoreError> {
    let count = Count { faults: known.count.faults.saturating_add(1), is_begun: false, ..known.count };
    step(app, handover, (Known { count, ..known }, fault)).await
}

async fn step(app: &App, handover: Handover<'_>, (known, fault): (Known, Fault)) -> Result<Step, StoreError> {
    if known.faults() < FAULTS_MAX {
        return Ok(Step::On(write(app, handover, known).await?));
    }
    let Handover { queue, id, group, .. } = handover;
    set_aside::put(app, queue, &SetAside::of(handover, (known.faults(), fault), app.clock.now())).await?;
    tracing::error!(
        queue = queue.as_str(),
        id,
        group,
        faults = known.faults(),
        reason = fault.as_str(),
        "task.set_aside"
    );
    Ok(Step::SetAside)
}

/// Somebody else who has the same item may have written first: then theirs counts.
async fn write(app: &App, handover: Handover<'_>, known: Known) -> Result<Known, StoreError> {
    let expires_at = Some(app.clock.now() + events::KEPT);
    let condition = known.version.map_or(Condition::Absent, Condition::Version);
    let written = app.table.put(item(key(handover), &known.count, expires_at), condition).await?;
    Ok(match written {
        Write::Done(version) => Known { version: Some(version), ..known },
        Write::Conflict(_) => known,
    })
}

fn key(handover: Handover<'_>) -> Key {
    Key::new(format!("faults#{}#{}", handover.queue.as_str(), handover.id), "count")
}
