//! The repository of deliveries: what became of an event at one target, one row each, beside its event.
//!
//! Not here: the log per target that people page through (it comes with the delivery engine), and any plan for the
//! next attempt (`relay::schedule`).

use config::TargetId;
use relay::Outcome;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::events;
use crate::ids::EventId;
use crate::store::{item, row};
use crate::table::{Key, Stored, Version, Write};
use crate::{App, StoreError};

/// How many attempts a row remembers in full: the newest. All are counted.
const ATTEMPTS_REMEMBERED: usize = 10;

/// Where a delivery stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not over: the queue holds it until `due_at`.
    Waiting {
        /// When the next attempt may be made.
        due_at: Timestamp,
    },
    /// Over, as the last attempt says.
    Done,
    /// Every attempt of the schedule has failed. Kept, not dropped.
    Parked,
}

impl DeliveryState {
    /// One word for logs and counts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// What became of an event at one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Where it stands.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// How many attempts were made. Ours to count: a queue counts crashes and throttling as well.
    pub attempts_made: u32,
    /// The newest attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

impl DeliveryRecord {
    /// The record after one more attempt.
    pub(crate) fn after(before: Option<Self>, attempt: Attempt, state: DeliveryState) -> Self {
        let (attempts_made, mut attempts) =
            before.map_or((0, Vec::new()), |record| (record.attempts_made, record.attempts));
        attempts.push(attempt);
        attempts.drain(..attempts.len().saturating_sub(ATTEMPTS_REMEMBERED));
        Self { state, attempts_made: attempts_made.saturating_add(1), attempts }
    }
}

pub(crate) fn delivery_key(event: &EventId, target: TargetId) -> Key {
    Key::new(events::partition(event), format!("delivery#{target}"))
}

pub(crate) fn record(stored: &Stored) -> Result<(DeliveryRecord, Version), StoreError> {
    Ok((row(stored)?, stored.version))
}

/// What became of an event at one target; `None` before the first attempt has ended.
pub async fn find(
    app: &App,
    event: &EventId,
    target: TargetId,
) -> Result<Option<DeliveryRecord>, StoreError> {
    let stored = app.table.get(&delivery_key(event, target)).await?;
    stored.map(|stored| row(&stored)).transpose()
}

/// Writes a record in place of the one that was read. `false` if somebody else wrote meanwhile.
pub(crate) async fn save(
    app: &App,
    key: Key,
    record: &DeliveryRecord,
    read: Option<Version>,
) -> Result<bool, StoreError> {
    let expires_at = Some(app.clock.now() + events::KEPT);
    let write = app.table.put(item(key, record, expires_at), events::condition(read)).await?;
    Ok(matches!(write, Write::Done(_)))
}
