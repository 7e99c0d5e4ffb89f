//! The repository of deliveries: what became of an event at one target, one row each, beside its event.
//!
//! Not here: the log per target that people page through (`attempts`), and any plan for the next attempt
//! (`relay::schedule`).

use std::collections::{BTreeMap, BTreeSet};

use config::TargetId;
use relay::Outcome;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::events;
use crate::ids::EventId;
use crate::store::{item, row};
use crate::table::{Item, Key, Stored, Version, Write};
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
    /// Not tried any more until somebody asks for it. Kept, not dropped.
    Parked {
        /// Why.
        reason: ParkedReason,
    },
}

/// Why a delivery is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkedReason {
    /// Every attempt of its schedule has failed, or it has waited for its target for too long.
    Exhausted,
    /// Its target is switched off.
    TargetDisabled,
}

impl DeliveryState {
    /// One word for logs and counts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Done => "done",
            Self::Parked { .. } => "parked",
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

/// How far a delivery to irkerd has come that was too long for one handover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// How many requests irkerd has.
    pub handed: usize,
    /// How many deliveries, this one and those behind it, are told together.
    pub members: usize,
    /// A digest of all the requests. If the configuration changed meanwhile, they are others now, and are all said.
    pub of: String,
}

/// What became of an event at one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Where it stands.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// How many attempts were made. Ours to count: a queue counts crashes and throttling as well.
    pub attempts_made: u32,
    /// How many of them were made before it was last begun anew: the schedule counts from there.
    #[serde(default)]
    pub begun_after: u32,
    /// The newest attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Whether it waits for its turn, under a rate: then it has it when it is due, and asks no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_turn: bool,
    /// Where to go on, if it was begun and not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

impl DeliveryRecord {
    /// The record before the first attempt.
    fn new(due_at: Timestamp) -> Self {
        let state = DeliveryState::Waiting { due_at };
        Self {
            state,
            attempts_made: 0,
            begun_after: 0,
            attempts: Vec::new(),
            has_turn: false,
            progress: None,
        }
    }

    /// The record after one more attempt.
    pub(crate) fn after(before: Option<Self>, attempt: Attempt, state: DeliveryState) -> Self {
        let mut record = before.unwrap_or_else(|| Self::new(attempt.at));
        record.attempts_made = record.attempts_made.saturating_add(1);
        record.attempts.push(attempt);
        record.attempts.drain(..record.attempts.len().saturating_sub(ATTEMPTS_REMEMBERED));
        // What is over goes on nowhere.
        let is_over = !matches!(state, DeliveryState::Waiting { .. });
        Self { progress: record.progress.filter(|_| !is_over), has_turn: false, state, ..record }
    }

    /// The record of a delivery that waits for its target, without an attempt.
    pub(crate) fn waiting(before: Option<Self>, state: DeliveryState, now: Timestamp) -> Self {
        Self { state, ..before.unwrap_or_else(|| Self::new(now)) }
    }

    /// The record of a delivery that is to be made as if for the first time.
    pub(crate) fn begun_anew(self, due_at: Timestamp) -> Self {
        let state = DeliveryState::Waiting { due_at };
        Self { state, begun_after: self.attempts_made, progress: None, ..self }
    }

    /// The record of a delivery that was begun, and goes on at `due_at`.
    pub(crate) fn begun(before: Option<Self>, progress: Progress, due_at: Timestamp) -> Self {
        let record = before.unwrap_or_else(|| Self::new(due_at));
        Self { state: DeliveryState::Waiting { due_at }, progress: Some(progress), ..record }
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

/// The records of some deliveries, at most one `batch_get` of them, in their order.
pub(crate) async fn records(
    app: &App,
    deliveries: impl Iterator<Item = (&EventId, TargetId)>,
) -> Result<Vec<Option<DeliveryRecord>>, StoreError> {
    let keys: Vec<_> = deliveries.map(|(event, target)| delivery_key(event, target)).collect();
    // The same delivery may be asked for twice, but the same key may not.
    let once: BTreeSet<_> = keys.iter().cloned().collect();
    let found = app.table.batch_get(&Vec::from_iter(once)).await?;
    let found: BTreeMap<_, _> = found.iter().map(|stored| (&stored.item.key, stored)).collect();
    keys.iter().map(|key| found.get(key).map(|stored| row(stored)).transpose()).collect()
}

/// A record as it is kept.
pub(crate) fn kept(app: &App, key: Key, record: &DeliveryRecord) -> Item {
    item(key, record, Some(app.clock.now() + events::KEPT))
}

/// Writes a record in place of the one that was read. `false` if somebody else wrote meanwhile.
pub(crate) async fn save(
    app: &App,
    key: Key,
    record: &DeliveryRecord,
    read: Option<Version>,
) -> Result<bool, StoreError> {
    let write = app.table.put(kept(app, key, record), events::condition(read)).await?;
    Ok(matches!(write, Write::Done(_)))
}
