//! What both relays share: a task in, its event and configuration loaded, and after the attempt the record and the
//! answer to the queue.
//!
//! Not here: the attempt itself (`relay_irker`, `relay_http`).

use std::sync::Arc;
use std::time::Duration;

use config::Project;
use payload::{Event, Parsed, Payload};
use relay::schedule::{Schedule, Tried};
use relay::{Original, Outcome, Verdict};

use crate::clock::Timestamp;
use crate::deliveries::{self, Attempt, DeliveryRecord, DeliveryState, Progress, delivery_key};
use crate::events::{self, Standing, event_key};
use crate::queue::{AGAIN_MAX, Answer, Delivery};
use crate::store::broken;
use crate::table::{Stored, Version};
use crate::{App, Causes, StoreError, projects};

/// How often, and how long apart, a task that is quicker than its event's row looks for it before it gives up its
/// place: a put takes some milliseconds.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(80),
    Duration::from_millis(200),
];

/// When a task that found no row comes again.
const PENDING_AGAIN: Duration = Duration::from_secs(1);

/// A delivery that is due, with all that an attempt needs.
pub(crate) struct Due {
    /// Never empty.
    pub(crate) events: Vec<Event>,
    pub(crate) original: Original,
    /// `None` if the project is gone.
    pub(crate) project: Option<Arc<Project>>,
    /// Counts from 1.
    pub(crate) attempt: u32,
    pub(crate) task: Delivery,
    record: Option<(DeliveryRecord, Version)>,
    began_at: Timestamp,
}

impl Due {
    /// How far it has come before.
    pub(crate) fn progress(&self) -> Option<&Progress> {
        self.record.as_ref().and_then(|(record, _)| record.progress.as_ref())
    }
}

/// What a task turns out to be.
pub(crate) enum Step {
    /// Make an attempt.
    Attempt(Box<Due>),
    /// There is nothing to do now.
    Answer(Answer),
}

/// Loads what a task names.
pub(crate) async fn prepare(app: &App, task: Delivery) -> Result<Step, StoreError> {
    let mut looks = LOOKS.into_iter();
    let (accepted, stored, record) = loop {
        let (event, record) = rows(app, &task).await?;
        match events::standing(app, &task, event).await? {
            Standing::Valid(accepted, stored) => break (accepted, stored, record),
            Standing::Void => {
                log_void(app, &task);
                return Ok(Step::Answer(Answer::Done));
            }
            Standing::Pending => match looks.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(Step::Answer(Answer::Again { after: PENDING_AGAIN })),
            },
        }
    };
    let record = record.map(|stored| deliveries::record(&stored)).transpose()?;
    let now = app.clock.now();
    match record.as_ref().map(|(record, _)| &record.state) {
        Some(DeliveryState::Done | DeliveryState::Parked) => return Ok(Step::Answer(Answer::Done)),
        Some(DeliveryState::Waiting { due_at }) if *due_at > now => {
            return Ok(Step::Answer(Answer::Again { after: due_at.since(now).min(AGAIN_MAX) }));
        }
        Some(DeliveryState::Waiting { .. }) | None => {}
    }
    let original = events::original(app, &task.event, &accepted, stored).await?;
    let Some(events) = read_again(accepted.forge, &original) else {
        let key = event_key(&task.event);
        return Err(broken(&key, "the payload was an event when it came in, and is none now"));
    };
    let project = projects::by_id(app, task.project).await?;
    let attempt = record.as_ref().map_or(0, |(record, _)| record.attempts_made).saturating_add(1);
    Ok(Step::Attempt(Box::new(Due { events, original, project, attempt, task, record, began_at: now })))
}

/// A void task is nothing to worry about, unless it is so old that its event may have been accepted, and forgotten: a
/// machine was switched off for weeks.
fn log_void(app: &App, task: &Delivery) {
    let (event, target) = (&task.event, task.target);
    if app.clock.now().since(task.queued_at) < events::KEPT {
        tracing::info!(%event, %target, "delivery.void");
    } else {
        tracing::warn!(%event, %target, "delivery.expired");
    }
}

/// The event's row and the delivery's record, in one call.
async fn rows(app: &App, task: &Delivery) -> Result<(Option<Stored>, Option<Stored>), StoreError> {
    let keys = [event_key(&task.event), delivery_key(&task.event, task.target)];
    let found = app.table.batch_get(&keys).await?;
    let (mut event, mut record) = (None, None);
    for stored in found {
        if stored.item.key == keys[0] { event = Some(stored) } else { record = Some(stored) }
    }
    Ok((event, record))
}

/// Events are kept as they came in; what they mean is read anew each time.
fn read_again(forge: payload::Forge, original: &Original) -> Option<Vec<Event>> {
    let headers = original.headers.iter().filter_map(|(name, value)| {
        Some((http::HeaderName::try_from(name).ok()?, http::HeaderValue::try_from(value).ok()?))
    });
    match payload::parse(forge, Payload { headers: &headers.collect(), body: &original.body }) {
        Ok(Parsed::Events(events)) => Some(events),
        Ok(Parsed::Ignored { .. }) | Err(_) => None,
    }
}

/// Writes down how an attempt ended, and says what is next.
pub(crate) async fn settle(
    app: &App,
    due: Due,
    outcome: Outcome,
    schedule: Schedule,
) -> Result<Answer, StoreError> {
    let now = app.clock.now();
    let (state, answer) = match outcome.verdict() {
        Verdict::Final => (DeliveryState::Done, Answer::Done),
        Verdict::Retry { at_least } => {
            let tried = Tried { attempts: due.attempt, age: now.since(due.task.queued_at) };
            match schedule.wait(tried, at_least, app.chance.fraction()) {
                Some(after) => (DeliveryState::Waiting { due_at: now + after }, Answer::Again { after }),
                None => (DeliveryState::Parked, Answer::Done),
            }
        }
    };
    let duration_ms = u64::try_from(now.since(due.began_at).as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        event = %due.task.event,
        target = %due.task.target,
        attempt = due.attempt,
        outcome = outcome.name(),
        detail = %outcome,
        state = state.name(),
        duration_ms,
        lag_ms = now.0 - due.task.queued_at.0,
        "delivery.attempted"
    );
    if state == DeliveryState::Parked {
        tracing::warn!(event = %due.task.event, target = %due.task.target, "delivery.parked");
    }
    let attempt = Attempt { at: due.began_at, duration_ms, outcome };
    let (before, version) = due.record.unzip();
    write(app, &due.task, (DeliveryRecord::after(before, attempt, state), version), answer).await
}

/// Writes down how far a delivery has come that goes on after a while.
pub(crate) async fn put_off(
    app: &App,
    due: Due,
    progress: Progress,
    after: Duration,
) -> Result<Answer, StoreError> {
    tracing::info!(
        event = %due.task.event,
        target = %due.task.target,
        handed = progress.handed,
        members = progress.members,
        "delivery.begun"
    );
    let (before, version) = due.record.unzip();
    let record = DeliveryRecord::begun(before, progress, app.clock.now() + after);
    write(app, &due.task, (record, version), Answer::Again { after }).await
}

async fn write(
    app: &App,
    task: &Delivery,
    (record, version): (DeliveryRecord, Option<Version>),
    answer: Answer,
) -> Result<Answer, StoreError> {
    let key = delivery_key(&task.event, task.target);
    if deliveries::save(app, key, &record, version).await? {
        return Ok(answer);
    }
    // The queue handed the task out twice, and the other one wrote first. Its record counts; the next look tells
    // what is left to do.
    Ok(Answer::Again { after: PENDING_AGAIN })
}

/// Makes an answer of a store's failure. Logged here, once.
pub(crate) fn answer(task: &Delivery, result: Result<Answer, StoreError>) -> Answer {
    result.unwrap_or_else(|error| {
        tracing::error!(
            event = %task.event,
            target = %task.target,
            error = %Causes(&error),
            "delivery.failed"
        );
        Answer::Fault
    })
}

/// Reads a task's body. A body that no Bellhop wrote is our own fault and ends as a dead letter.
pub(crate) fn task(body: &str) -> Result<crate::queue::Task, Answer> {
    serde_json::from_str(body).map_err(|error| {
        tracing::error!(error = %Causes(&error), "task.unreadable");
        Answer::Fault
    })
}
