//! Deliveries that are in no queue: those whose next attempt is far off, and those that are parked.
//!
//! A queue is no place for long waits: what is put off there counts as under way, and SQS remembers how often it was.
//! So a delivery that waits for longer than [`QUEUE_WAIT_MAX`] leaves the queue, and a row says when it is due; the
//! sweep brings it back. A parked delivery has a row as well, under its target, so that it can be found and asked for.
//!
//! In an ordered queue, what waits stays where it is, or it would lose its place: it is looked at again every
//! [`QUEUE_WAIT_MAX`], and everything behind it waits, too. When it is parked, the next one has its turn.
//!
//! Such a row is written *after* the delivery's record says the same, and removed after the task is in the queue again:
//! whatever crashes between leaves a row too many, or a task that comes again and writes it then. Both are harmless. Whoever
//! is asked to send one delivery again has no task that comes again, and so has a row first ([`insure`]).
//!
//! Not here: when a delivery is due (`relay::schedule`), how it fares at the target (`relay`).

use std::time::Duration;

use config::TargetId;
use relay::limits::{COME_BACK_MAX, REST_MAX};

use crate::clock::Timestamp;
use crate::deliveries::{self, DeliveryState, delivery_key};
use crate::queue::{Answer, Delivery, Queue, QueueError, QueueName, Task};
use crate::store::{item, row};
use crate::table::{BATCH_GET_MAX, Condition, Key, Query, Stored};
use crate::{App, StoreError, attention, events, projects, targets};

/// The longest wait in a queue: the longest that Lambda and SQS take without harm. In an ordered queue, it is also how long
/// somebody waits who has asked for a delivery again that holds up the others.
pub const QUEUE_WAIT_MAX: Duration = Duration::from_mins(15);

/// How often [`sweep`] is to be called. It lets so many come back in a minute, whatever the minute.
pub const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// How many tasks are sent, and rows removed, at a time.
const PORTION: usize = 100;

/// The partition that names the targets with deliveries that are due some time.
const DUE: &str = "due";

/// Why something could not be brought back.
#[derive(Debug, thiserror::Error)]
pub enum ParkingError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<crate::table::TableError> for ParkingError {
    fn from(error: crate::table::TableError) -> Self {
        Self::Store(error.into())
    }
}

/// A delivery in hand, and the queue that it came by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    pub(crate) delivery: &'a Delivery,
    pub(crate) queue: QueueName,
}

/// Keeps a delivery until it is due: in the queue, or in the table if that takes long.
pub(crate) async fn wait(app: &App, held: Held<'_>, due_at: Timestamp) -> Result<Answer, StoreError> {
    stay_or_keep(app, held, (due_at, QUEUE_WAIT_MAX)).await
}

/// Keeps a delivery while its target is left alone: in the table, unless that is over before the next sweep. From a queue,
/// all that has piled up would come back in the same moment.
pub(crate) async fn rest(app: &App, held: Held<'_>, until: Timestamp) -> Result<Answer, StoreError> {
    stay_or_keep(app, held, (until, SWEEP_EVERY)).await
}

async fn stay_or_keep(
    app: &App,
    held: Held<'_>,
    (until, longest): (Timestamp, Duration),
) -> Result<Answer, StoreError> {
    let after = until.since(app.clock.now());
    if held.queue.is_ordered() {
        Ok(Answer::Again { after: after.min(QUEUE_WAIT_MAX) })
    } else if after <= longest {
        Ok(Answer::Again { after })
    } else {
        keep(app, held.delivery, until).await
    }
}

async fn keep(app: &App, delivery: &Delivery, due_at: Timestamp) -> Result<Answer, StoreError> {
    let target = delivery.target;
    put(app, due_key(delivery, due_at), delivery).await?;
    // The name after the row: a sweep that finds no name finds no row either.
    let name = item(Key::new(DUE, target.to_string()), &target, None);
    app.table.put(name, Condition::Always).await?;
    Ok(Answer::Done)
}

/// Keeps a delivery that somebody is about to send, in case they die over it: then a sweep sends it, a minute later. Gives
/// the row that is to be forgotten when it is sent.
pub(crate) async fn insure(app: &App, delivery: &Delivery) -> Result<Key, StoreError> {
    let due_at = app.clock.now() + SWEEP_EVERY;
    keep(app, delivery, due_at).await?;
    Ok(due_key(delivery, due_at))
}

/// Keeps a parked delivery where it is found under its target.
pub(crate) async fn park(app: &App, delivery: &Delivery) -> Result<(), StoreError> {
    let Delivery { event, target, queued_at, .. } = delivery;
    put(app, Key::new(parked_partition(*target), format!("{:015}#{event}", queued_at.0)), delivery).await?;
    attention::call(app, *target).await
}

async fn put(app: &App, key: Key, delivery: &Delivery) -> Result<(), StoreError> {
    let expires_at = Some(app.clock.now() + events::KEPT);
    app.table.put(item(key, delivery, expires_at), Condition::Always).await?;
    Ok(())
}

/// By time: padded, so that texts sort as numbers.
fn due_key(Delivery { event, target, .. }: &Delivery, due_at: Timestamp) -> Key {
    Key::new(due_partition(*target), format!("{:015}#{event}", due_at.0))
}

fn due_partition(target: TargetId) -> String {
    format!("due#{target}")
}

pub(crate) fn parked_partition(target: TargetId) -> String {
    format!("parked#{target}")
}

/// Puts what is due into its queue again, as much as each target's health permits. Gives how many. Costs a look at each
/// target that has something waiting, and at no other.
pub async fn sweep(app: &App, queue: &dyn Queue) -> Result<usize, ParkingError> {
    let mut names = Query::prefix(DUE, "");
    let mut swept = 0;
    loop {
        let page = app.table.query(&names).await?;
        for name in &page.items {
            swept += sweep_target(app, queue, name).await?;
        }
        names.after = page.next;
        if names.after.is_none() {
            break;
        }
    }
    if swept > 0 {
        tracing::info!(deliveries = swept, "parking.swept");
    }
    Ok(swept)
}

async fn sweep_target(app: &App, queue: &dyn Queue, name: &Stored) -> Result<usize, ParkingError> {
    let target: TargetId = row(name)?;
    let (now, health) = (app.clock.now(), targets::health(app, target).await?);
    let may = health.may_come_back(now.0);
    let until = format!("{:015}#\u{10FFFF}", now.0);
    let whole = Query::prefix(due_partition(target), "");
    let of = |from: &str, to: &str, limit| Query {
        between: (from.to_owned(), to.to_owned()),
        limit,
        ..whole.clone()
    };
    // However the target fares, what has waited for this long is looked at again: it may be time to park it.
    let overdue = now.0.saturating_sub(i64::try_from(REST_MAX.as_millis()).unwrap_or(0));
    let overdue = format!("{overdue:015}#");
    let mut rows = rows_of(app, of("", &overdue, COME_BACK_MAX)).await?;
    rows.extend(rows_of(app, of(&overdue, &until, may)).await?);
    for portion in rows.chunks(PORTION) {
        send(app, queue, portion.iter().map(row).collect::<Result<_, _>>()?).await?;
        forget(app, portion).await?;
    }
    if app.table.query(&Query { limit: 1, ..whole }).await?.items.is_empty() {
        // Unless a row came in this moment, which would have named the target again.
        app.table.delete(&name.item.key, Condition::Version(name.version)).await?;
    }
    Ok(rows.len())
}

async fn send(app: &App, queue: &dyn Queue, deliveries: Vec<Delivery>) -> Result<(), ParkingError> {
    let mut tasks = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let project = projects::by_id(app, delivery.project).await?;
        tasks.push(Task::of(project.as_deref(), delivery));
    }
    Ok(queue.send(tasks).await?)
}

async fn forget(app: &App, rows: &[Stored]) -> Result<(), StoreError> {
    for stored in rows {
        app.table.delete(&stored.item.key, Condition::Always).await?;
    }
    Ok(())
}

/// As many as the query's limit says, over as many pages as it takes.
async fn rows_of(app: &App, mut query: Query) -> Result<Vec<Stored>, StoreError> {
    let limit = query.limit;
    let mut rows = Vec::new();
    while rows.len() < limit {
        query.limit = limit - rows.len();
        let page = app.table.query(&query).await?;
        rows.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    Ok(rows)
}

/// How many deliveries wait for a target outside of a queue, counted up to `most`.
pub(crate) async fn waiting(app: &App, target: TargetId, most: usize) -> Result<usize, StoreError> {
    let query = Query { limit: most, ..Query::prefix(due_partition(target), "") };
    Ok(rows_of(app, query).await?.len())
}

/// Which of a target's parked deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Whose.
    pub target: TargetId,
    /// Queued at this time or later.
    pub since: Timestamp,
    /// At most this many.
    pub limit: usize,
}

/// The deliveries that a target has parked, oldest first.
pub async fn parked(app: &App, which: Parked) -> Result<Vec<Delivery>, StoreError> {
    let rows = parked_rows(app, which).await?;
    let mut parked = Vec::with_capacity(rows.len());
    for portion in rows.chunks(BATCH_GET_MAX) {
        let deliveries = portion.iter().map(row).collect::<Result<Vec<Delivery>, _>>()?;
        let records =
            deliveries::records(app, deliveries.iter().map(|delivery| (&delivery.event, delivery.target)))
                .await?;
        // Some have been sent again by themselves meanwhile.
        let still = deliveries.into_iter().zip(records).filter(|(_, record)| {
            record.as_ref().is_some_and(|record| matches!(record.state, DeliveryState::Parked { .. }))
        });
        parked.extend(still.map(|(delivery, _)| delivery));
    }
    Ok(parked)
}

async fn parked_rows(app: &App, which: Parked) -> Result<Vec<Stored>, StoreError> {
    let whole = Query::prefix(parked_partition(which.target), "");
    let since = (format!("{:015}", which.since.0), whole.between.1.clone());
    rows_of(app, Query { between: since, limit: which.limit, ..whole }).await
}

/// Puts parked deliveries of a target into their queue again, oldest first, each with its schedule begun anew. Gives
/// how many rows there were; repeated until it gives 0, it brings all back, a portion at a time.
pub async fn release(app: &App, queue: &dyn Queue, which: Parked) -> Result<usize, ParkingError> {
    let rows = parked_rows(app, which).await?;
    for portion in rows.chunks(PORTION) {
        let mut again = Vec::with_capacity(portion.len());
        for stored in portion {
            let delivery: Delivery = row(stored)?;
            let record = deliveries::find(app, &delivery.event, delivery.target).await?;
            // Anything but over: whoever released it before may not have come to send it.
            if record.is_some_and(|record| record.state != DeliveryState::Done) {
                // Its time is another one, so that the row of a delivery that is parked again at once is a new one.
                let delivery = Delivery { queued_at: app.clock.now(), ..delivery };
                begin_anew(app, &delivery).await?;
                again.push(delivery);
            }
        }
        send(app, queue, again).await?;
        forget(app, portion).await?;
    }
    if !rows.is_empty() {
        tracing::info!(target = %which.target, deliveries = rows.len(), "parking.released");
    }
    Ok(rows.len())
}

/// Makes a record say that its delivery is due now, whatever became of it before.
pub(crate) async fn begin_anew(app: &App, delivery: &Delivery) -> Result<(), StoreError> {
    let key = delivery_key(&delivery.event, delivery.target);
    let Some(stored) = app.table.get(&key).await? else { return Ok(()) };
    let (record, version) = deliveries::record(&stored)?;
    let record = record.begun_anew(app.clock.now());
    // Somebody else wrote meanwhile: an attempt is under way, which is as good.
    deliveries::save(app, key, &record, Some(version)).await?;
    Ok(())
}
