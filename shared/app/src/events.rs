//! The repository of events, and the rule by which one is accepted.
//!
//! **Acceptance is one write.** A receiver sends the event's tasks to the queue first, all carrying a fresh
//! [`Stamp`], and then puts the event's row, *if absent*, with the same stamp. The row is the commit: a task whose
//! stamp is not the row's is void, and its relay drops it. So
//!
//! - an event that has a row has its tasks in the queue: the 2xx that follows the put is honest;
//! - copies of one event that race each other leave one row, and so one set of tasks that counts;
//! - a crash, or a failure, between the two steps leaves void tasks and no row: nothing was accepted, and the
//!   sender's next try starts afresh.
//!
//! A relay may meet a task before its row is there. It waits; after [`ACCEPTANCE_MAX`] it puts a *void* row in the
//! row's place, so that a receiver that slept that long cannot commit tasks that were already dropped.
//!
//! The other order (row, tasks, then a mark that the tasks were sent) costs a third call per event, and cannot tell
//! a receiver that died from one that is about to send.
//!
//! Not here: what an event means (`payload`), which targets it has (`relay`).

use std::time::Duration;

use config::{ProjectId, SourceId, TargetId};
use payload::Forge;
use relay::Original;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gzip::{compress, decompress};
use crate::ids::{EventId, Stamp};
use crate::queue::Delivery;
use crate::store::{broken, item, row};
use crate::table::{Condition, Item, Key, Stored, Version, Write};
use crate::{App, StoreError};

/// How long events and their deliveries are kept: as long as a queue may hold their tasks (SQS: 14 days at the most). A
/// task that outlived its row could not be told from one that was never accepted.
pub const KEPT: Duration = Duration::from_hours(14 * 24);

/// How long after its tasks an event's row may appear. Receivers are stopped after 10 s on Lambda; the rest is for
/// clocks that differ.
pub const ACCEPTANCE_MAX: Duration = Duration::from_secs(30);

/// How many compressed bytes one row holds: an item's limit, less room for the document.
pub(crate) const PART_BYTES_MAX: usize = 360 * 1024;

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Which tasks count.
    pub stamp: Stamp,
    /// Whose it is.
    pub project: ProjectId,
    /// Where it came in.
    pub source: SourceId,
    /// How to read it.
    pub forge: Forge,
    /// The headers worth keeping (`payload::kept`).
    pub headers: Vec<(String, String)>,
    /// Where it goes.
    pub targets: Vec<TargetId>,
    /// When it came in.
    pub received_at: Timestamp,
    /// In how many further rows the rest of the compressed body is.
    parts: usize,
}

/// The row that decides.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum EventRow {
    Accepted(Accepted),
    /// These tasks came to nothing.
    Void {
        stamp: Stamp,
    },
}

/// How an acceptance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// This try committed the event.
    Accepted,
    /// It was accepted before; this try's tasks are void.
    Repeated,
    /// A relay gave up waiting for this try: its tasks are void, and nothing is accepted.
    TooLate,
}

/// What a task is worth.
pub(crate) enum Standing {
    /// Its event is accepted, and this task with it.
    Valid(Box<Accepted>, Stored),
    /// Its acceptance may be under way.
    Pending,
    /// It will never be accepted.
    Void,
}

pub(crate) fn partition(event: &EventId) -> String {
    format!("event#{event}")
}

pub(crate) fn event_key(event: &EventId) -> Key {
    Key::new(partition(event), "event")
}

fn part_key(event: &EventId, stamp: &Stamp, part: usize) -> Key {
    Key::new(partition(event), format!("part#{stamp}#{part:04}"))
}

/// A new event, on its way to be accepted.
pub struct NewEvent<'a> {
    /// Its name.
    pub id: EventId,
    /// The stamp its tasks were sent with.
    pub stamp: Stamp,
    /// Whose it is.
    pub project: ProjectId,
    /// Where it came in.
    pub source: SourceId,
    /// How to read it.
    pub forge: Forge,
    /// Where it goes.
    pub targets: Vec<TargetId>,
    /// The headers worth keeping.
    pub headers: Vec<(String, String)>,
    /// The raw bytes.
    pub body: &'a [u8],
}

/// Commits an event whose tasks are in the queue.
pub async fn accept(app: &App, event: NewEvent<'_>) -> Result<Acceptance, StoreError> {
    let now = app.clock.now();
    let expires_at = Some(now + KEPT);
    let compressed = compress(event.body);
    let mut parts = compressed.chunks(PART_BYTES_MAX);
    let head = parts.next().unwrap_or_default().to_vec();
    let rest: Vec<_> = parts
        .enumerate()
        .map(|(part, bytes)| Item {
            key: part_key(&event.id, &event.stamp, part),
            document: "{}".to_owned(),
            blob: Some(bytes.to_vec()),
            expires_at,
        })
        .collect();
    let row = EventRow::Accepted(Accepted {
        stamp: event.stamp.clone(),
        project: event.project,
        source: event.source,
        forge: event.forge,
        headers: event.headers,
        targets: event.targets,
        received_at: now,
        parts: rest.len(),
    });
    // The commit comes last.
    if !rest.is_empty() {
        app.table.batch_put(rest).await?;
    }
    let commit = Item { blob: Some(head), ..item(event_key(&event.id), &row, expires_at) };
    match app.table.put(commit.clone(), Condition::Absent).await? {
        Write::Done(_) => Ok(Acceptance::Accepted),
        Write::Conflict(Some(stored)) => after_conflict(app, commit, &event.stamp, &stored).await,
        // What was there has gone in this very moment.
        Write::Conflict(None) => Ok(Acceptance::TooLate),
    }
}

async fn after_conflict(
    app: &App,
    commit: Item,
    stamp: &Stamp,
    found: &Stored,
) -> Result<Acceptance, StoreError> {
    match row::<EventRow>(found)? {
        // Our own put, which was answered with an error and repeated by the adapter, is ours all the same.
        EventRow::Accepted(accepted) if accepted.stamp == *stamp => Ok(Acceptance::Accepted),
        EventRow::Accepted(_) => Ok(Acceptance::Repeated),
        EventRow::Void { stamp: void } if void == *stamp => Ok(Acceptance::TooLate),
        // An earlier try came to nothing. This one is in its place, unless somebody else is quicker.
        EventRow::Void { .. } => match app.table.put(commit, Condition::Version(found.version)).await? {
            Write::Done(_) => Ok(Acceptance::Accepted),
            Write::Conflict(_) => Ok(Acceptance::TooLate),
        },
    }
}

/// Judges a task by the event's row, or its absence.
pub(crate) async fn standing(
    app: &App,
    task: &Delivery,
    found: Option<Stored>,
) -> Result<Standing, StoreError> {
    let condition = match found {
        None => Condition::Absent,
        Some(stored) => match row::<EventRow>(&stored)? {
            EventRow::Accepted(accepted) if accepted.stamp == task.stamp => {
                return Ok(Standing::Valid(Box::new(accepted), stored));
            }
            EventRow::Accepted(_) => return Ok(Standing::Void),
            EventRow::Void { stamp } if stamp == task.stamp => return Ok(Standing::Void),
            EventRow::Void { .. } => Condition::Version(stored.version),
        },
    };
    if app.clock.now().since(task.queued_at) <= ACCEPTANCE_MAX {
        return Ok(Standing::Pending);
    }
    give_up(app, task, condition).await
}

/// Closes the door on a receiver that may still be asleep.
async fn give_up(app: &App, task: &Delivery, condition: Condition) -> Result<Standing, StoreError> {
    let row = EventRow::Void { stamp: task.stamp.clone() };
    let void = item(event_key(&task.event), &row, Some(app.clock.now() + KEPT));
    match app.table.put(void, condition).await? {
        Write::Done(_) => Ok(Standing::Void),
        // It was accepted in this very moment, or somebody else closed the door: the next look tells.
        Write::Conflict(_) => Ok(Standing::Pending),
    }
}

/// An accepted event, as long as it is kept.
pub async fn accepted(app: &App, event: &EventId) -> Result<Option<Accepted>, StoreError> {
    let stored = app.table.get(&event_key(event)).await?;
    Ok(match stored.map(|stored| row(&stored)).transpose()? {
        Some(EventRow::Accepted(accepted)) => Some(accepted),
        Some(EventRow::Void { .. }) | None => None,
    })
}

/// The payload of an event as it came in, as long as it is kept.
pub async fn payload(app: &App, event: &EventId) -> Result<Option<Original>, StoreError> {
    let Some(stored) = app.table.get(&event_key(event)).await? else { return Ok(None) };
    match row(&stored)? {
        EventRow::Accepted(accepted) => original(app, event, &accepted, stored).await.map(Some),
        EventRow::Void { .. } => Ok(None),
    }
}

/// The payload of an accepted event, from its row and its further parts.
pub(crate) async fn original(
    app: &App,
    event: &EventId,
    accepted: &Accepted,
    stored: Stored,
) -> Result<Original, StoreError> {
    let mut compressed = stored.item.blob.unwrap_or_default();
    for part in 0..accepted.parts {
        let key = part_key(event, &accepted.stamp, part);
        let found = app.table.get(&key).await?.and_then(|stored| stored.item.blob);
        compressed.extend(found.ok_or_else(|| broken(&key, "a part of the payload is missing"))?);
    }
    // We compressed it ourselves, within the limit at the door.
    let body = decompress(&compressed, payload::limits::BODY_BYTES_MAX as u64)
        .map_err(|error| broken(&stored.item.key, error))?;
    Ok(Original { headers: accepted.headers.clone(), body })
}

/// Which put a row was; `None` for a place that is empty.
pub(crate) fn condition(version: Option<Version>) -> Condition {
    version.map_or(Condition::Absent, Condition::Version)
}
