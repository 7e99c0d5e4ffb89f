//! What both relays share: a task in, its event and configuration loaded, and after the attempt the record and the
//! answer to the queue.
//!
//! Not here: the attempt itself (`relay_irker`, `relay_http`).

mod lines;

use std::sync::Arc;
use std::time::Duration;

use config::{HttpHook, Project, TargetId};
use payload::{Event, Parsed, Payload};
use relay::breaker::{Admission, Health};
use relay::limits::HTTP_AGE_MAX;
use relay::schedule::{Schedule, Tried};
use relay::{Original, Outcome, Verdict};

use crate::attempts::Said;
use crate::clock::Timestamp;
use crate::deliveries::{self, Attempt, DeliveryRecord, DeliveryState, ParkedReason, Progress, delivery_key};
use crate::events::{self, Standing, event_key};
use crate::flow::Counts;
use crate::parking::Held;
use crate::queue::{Answer, Delivery, QueueName};
use crate::store::broken;
use crate::table::{Item, Stored, Version};
use crate::targets::{self, Known, health_key};
use crate::{App, Causes, StoreError, parking, projects};

/// How often, and how long apart, a task that is quicker than its event's row looks for it before it gives up its
/// place: a put takes one millisecond on one machine, and some on AWS.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(2),
    Duration::from_millis(8),
    Duration::from_millis(30),
    Duration::from_millis(80),
    Duration::from_millis(200),
];

/// How often the end of a delivery is written that somebody else crossed: two copies are out at the most.
const END_TRIES: usize = 3;

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
    /// The queue that it came by, and that keeps it meanwhile.
    queue: QueueName,
    /// What was said, for the log.
    pub(crate) said: Said,
    record: Option<(DeliveryRecord, Version)>,
    health: Known,
    began_at: Timestamp,
}

impl Due {
    /// The hook that it goes to, as it is configured now.
    pub(crate) fn hook(&self) -> Option<&HttpHook> {
        let TargetId::Hook(_, number) = self.task.target else { return None };
        self.project.as_ref()?.hooks.iter().find(|hook| hook.id == number && hook.active)
    }

    fn schedule(&self) -> Schedule<'_> {
        match (self.task.target, self.hook().and_then(|hook| hook.retry_waits_s.as_deref())) {
            (TargetId::Irker(_), _) => Schedule::Irker,
            (TargetId::Hook(..), Some(waits)) => Schedule::Own(waits),
            (TargetId::Hook(..), None) => Schedule::Http,
        }
    }

    fn held(&self) -> Held<'_> {
        Held { delivery: &self.task, queue: self.queue }
    }

    /// How far it has come before.
    pub(crate) fn progress(&self) -> Option<&Progress> {
        self.record.as_ref().and_then(|(record, _)| record.progress.as_ref())
    }

    /// Whether it has waited for its turn.
    pub(crate) fn has_turn(&self) -> bool {
        self.record.as_ref().is_some_and(|(record, _)| record.has_turn)
    }

    /// Whether nobody knows what became of the last attempt.
    pub(crate) fn is_in_doubt(&self) -> bool {
        let last = self.record.as_ref().and_then(|(record, _)| record.attempts.last());
        last.is_some_and(|attempt| matches!(attempt.outcome, Outcome::Unknown { .. }))
    }
}

/// What a task turns out to be.
pub(crate) enum Step {
    /// Make an attempt.
    Attempt(Box<Due>),
    /// There is nothing to do now.
    Answer(Answer),
}

/// Loads what a task of a queue names.
pub(crate) async fn prepare(app: &App, queue: QueueName, task: Delivery) -> Result<Step, StoreError> {
    let mut looks = LOOKS.into_iter();
    let (accepted, stored, (record, health)) = loop {
        let rows = rows(app, &task).await?;
        match events::standing(app, &task, rows.event).await? {
            Standing::Valid(accepted, stored) => break (accepted, stored, (rows.record, rows.health)),
            Standing::Void => {
                lines::void(app, &task);
                return Ok(Step::Answer(Answer::Done));
            }
            Standing::Pending => match looks.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(Step::Answer(Answer::Again { after: PENDING_AGAIN })),
            },
        }
    };
    let record = record.map(|stored| deliveries::record(&stored)).transpose()?;
    let health = Known::of(health.as_ref())?;
    let held = Held { delivery: &task, queue };
    if let Some(answer) = not_now(app, held, record.as_ref(), &health).await? {
        return Ok(Step::Answer(answer));
    }
    let now = app.clock.now();
    let original = events::original(app, &task.event, &accepted, stored).await?;
    let Some(events) = read_again(accepted.forge, &original) else {
        let key = event_key(&task.event);
        return Err(broken(&key, "the payload was an event when it came in, and is none now"));
    };
    let project = projects::by_id(app, task.project).await?;
    let attempt = record.as_ref().map_or(0, |(record, _)| record.attempts_made).saturating_add(1);
    let said = Said::default();
    let due = Due { events, original, project, attempt, task, queue, said, record, health, began_at: now };
    Ok(Step::Attempt(Box::new(due)))
}

/// The answer for a delivery that is not to be tried now: it is over, not due, or its target is left in peace.
async fn not_now(
    app: &App,
    held: Held<'_>,
    record: Option<&(DeliveryRecord, Version)>,
    health: &Known,
) -> Result<Option<Answer>, StoreError> {
    let (now, task) = (app.clock.now(), held.delivery);
    match record.map(|(record, _)| &record.state) {
        Some(DeliveryState::Done) => return Ok(Some(Answer::Done)),
        Some(DeliveryState::Parked { .. }) => {
            // A crash may have come between its record and this.
            parking::park(app, task).await?;
            return Ok(Some(Answer::Done));
        }
        Some(DeliveryState::Waiting { due_at }) if *due_at > now => {
            return parking::wait(app, held, *due_at).await.map(Some);
        }
        Some(DeliveryState::Waiting { .. }) | None => {}
    }
    match health.health.admits(now.0) {
        Admission::Go => Ok(None),
        Admission::Probe if targets::take_probe(app, task.target, health).await? => Ok(None),
        Admission::Probe => Ok(Some(Answer::Again { after: PENDING_AGAIN })),
        Admission::Rest { until } if now.since(task.queued_at) < HTTP_AGE_MAX => {
            parking::rest(app, held, Timestamp(until)).await.map(Some)
        }
        resting @ (Admission::Rest { .. } | Admission::Off) => {
            let is_off = resting == Admission::Off;
            let reason = if is_off { ParkedReason::TargetDisabled } else { ParkedReason::Exhausted };
            let state = DeliveryState::Parked { reason };
            let (before, version) = record.cloned().unzip();
            let record = DeliveryRecord::waiting(before, state, now);
            write(app, held, (record, version)).await.map(Some)
        }
    }
}

/// What the table holds of a delivery.
#[derive(Default)]
struct Rows {
    event: Option<Stored>,
    record: Option<Stored>,
    /// The target's health. irkerd has none: everything for it waits in order.
    health: Option<Stored>,
}

/// All of it in one call.
async fn rows(app: &App, task: &Delivery) -> Result<Rows, StoreError> {
    let mut keys = vec![event_key(&task.event), delivery_key(&task.event, task.target)];
    if let TargetId::Hook(..) = task.target {
        keys.push(health_key(task.target));
    }
    let mut rows = Rows::default();
    for stored in app.table.batch_get(&keys).await? {
        match keys.iter().position(|key| *key == stored.item.key) {
            Some(0) => rows.event = Some(stored),
            Some(1) => rows.record = Some(stored),
            _ => rows.health = Some(stored),
        }
    }
    Ok(rows)
}

/// Events are kept as they came in; what they mean is read anew each time.
pub(crate) fn read_again(forge: payload::Forge, original: &Original) -> Option<Vec<Event>> {
    let headers = original.headers.iter().filter_map(|(name, value)| {
        Some((http::HeaderName::try_from(name).ok()?, http::HeaderValue::try_from(value).ok()?))
    });
    match payload::parse(forge, Payload { headers: &headers.collect(), body: &original.body }) {
        Ok(Parsed::Events(events)) => Some(events),
        Ok(Parsed::Ignored { .. }) | Err(_) => None,
    }
}

/// Writes down how an attempt ended, and says what is next.
pub(crate) async fn settle(app: &App, mut due: Due, outcome: Outcome) -> Result<Answer, StoreError> {
    let record = conclude(app, &mut due, outcome).await?;
    write(app, due.held(), record).await
}

/// The same, but where rows are gathered, it leaves one among `rows` for its caller to write, before it gives the answer.
///
/// That is the record of a delivery which was over at once, and it needs no condition: whatever a copy of the task writes
/// meanwhile, what has arrived has arrived. Other records do, and what is in order is written in order.
pub(crate) async fn settle_together(
    app: &App,
    mut due: Due,
    outcome: Outcome,
    rows: &mut Vec<Item>,
) -> Result<Answer, StoreError> {
    let (record, version) = conclude(app, &mut due, outcome).await?;
    let is_over_at_once = record.state == DeliveryState::Done && version.is_none();
    if app.gathering.is_on() && is_over_at_once && !due.queue.is_ordered() {
        rows.push(deliveries::kept(app, delivery_key(&due.task.event, due.task.target), &record));
        return Ok(Answer::Done);
    }
    write(app, due.held(), (record, version)).await
}

/// What is to be remembered of an attempt that ended, and in place of what.
async fn conclude(
    app: &App,
    due: &mut Due,
    outcome: Outcome,
) -> Result<(DeliveryRecord, Option<Version>), StoreError> {
    let health = match due.task.target {
        TargetId::Hook(..) => {
            let known = (due.health.clone(), due.began_at.0);
            targets::learn(app, due.task.target, &outcome, known).await?
        }
        TargetId::Irker(_) => Health::default(),
    };
    let state = state_after(app, due, &outcome, &health);
    let now = app.clock.now();
    let duration_ms = u64::try_from(now.since(due.began_at).as_millis()).unwrap_or(u64::MAX);
    lines::attempt(due, &outcome, &state, now);
    let counts = Counts {
        arrived: u64::from(state == DeliveryState::Done && outcome != Outcome::Gone),
        failed: u64::from(outcome.has_failed()),
        ..Counts::default()
    };
    app.flow.count(due.task.target, counts, now);
    let attempt = Attempt { at: due.began_at, duration_ms, outcome };
    app.log.note(&due.task, (due.attempt, &attempt), std::mem::take(&mut due.said));
    let (before, version) = due.record.take().unzip();
    Ok((DeliveryRecord::after(before, attempt, state), version))
}

/// Where a delivery stands after an attempt.
fn state_after(app: &App, due: &Due, outcome: &Outcome, health: &Health) -> DeliveryState {
    let Verdict::Retry(retry) = outcome.verdict() else { return DeliveryState::Done };
    let now = app.clock.now();
    let admission = health.admits(now.0);
    if admission == Admission::Off {
        return DeliveryState::Parked { reason: ParkedReason::TargetDisabled };
    }
    let begun_after = due.record.as_ref().map_or(0, |(record, _)| record.begun_after);
    let attempts = due.attempt.saturating_sub(begun_after);
    let tried = Tried { attempts, age: now.since(due.task.queued_at) };
    match due.schedule().wait(tried, retry, app.chance.fraction()) {
        None => DeliveryState::Parked { reason: ParkedReason::Exhausted },
        Some(after) => {
            let rests_until = match admission {
                Admission::Rest { until } => Timestamp(until),
                _ => now,
            };
            DeliveryState::Waiting { due_at: (now + after).max(rests_until) }
        }
    }
}

/// Writes down how far a delivery has come that goes on after a while.
pub(crate) async fn put_off(
    app: &App,
    mut due: Due,
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
    let (before, version) = due.record.take().unzip();
    let record = DeliveryRecord::begun(before, progress, app.clock.now() + after);
    write(app, due.held(), (record, version)).await
}

/// Writes down when it is a delivery's turn that is to wait for it.
pub(crate) async fn wait_for_turn(app: &App, mut due: Due, turn: Timestamp) -> Result<Answer, StoreError> {
    let state = DeliveryState::Waiting { due_at: turn };
    let (before, version) = due.record.take().unzip();
    let record = DeliveryRecord::waiting(before, state, turn);
    write(app, due.held(), (DeliveryRecord { has_turn: true, ..record }, version)).await
}

/// Stores a record, and keeps the delivery where its state says: in the queue, in the table, or nowhere any more.
async fn write(
    app: &App,
    held: Held<'_>,
    (record, version): (DeliveryRecord, Option<Version>),
) -> Result<Answer, StoreError> {
    let task = held.delivery;
    let key = delivery_key(&task.event, task.target);
    if !deliveries::save(app, key, &record, version).await? {
        // The queue handed the task out twice, and the other one wrote first. What has arrived has arrived, whatever the
        // other says; otherwise its record counts, and the next look tells what is left to do.
        let is_over = record.state == DeliveryState::Done && end(app, task, &record).await?;
        return Ok(if is_over { Answer::Done } else { Answer::Again { after: PENDING_AGAIN } });
    }
    match record.state {
        DeliveryState::Done => Ok(Answer::Done),
        DeliveryState::Waiting { due_at } => parking::wait(app, held, due_at).await,
        DeliveryState::Parked { reason } => {
            parking::park(app, task).await?;
            tracing::warn!(event = %task.event, target = %task.target, ?reason, "delivery.parked");
            let parked = Counts { parked: 1, ..Counts::default() };
            app.flow.count(task.target, parked, app.clock.now());
            Ok(Answer::Done)
        }
    }
}

/// Adds the attempt that ended a delivery to the record that somebody else wrote meanwhile. `false` if they go on writing.
async fn end(app: &App, task: &Delivery, ended: &DeliveryRecord) -> Result<bool, StoreError> {
    let key = delivery_key(&task.event, task.target);
    for _ in 0..END_TRIES {
        let (Some(stored), Some(attempt)) = (app.table.get(&key).await?, ended.attempts.last()) else {
            break;
        };
        let (found, version) = deliveries::record(&stored)?;
        if found.state == DeliveryState::Done {
            return Ok(true);
        }
        let record = DeliveryRecord::after(Some(found), attempt.clone(), DeliveryState::Done);
        if deliveries::save(app, key.clone(), &record, Some(version)).await? {
            return Ok(true);
        }
    }
    Ok(false)
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
