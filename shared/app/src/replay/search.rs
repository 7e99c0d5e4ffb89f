//! Which deliveries a replay is about, and where they are found: those that a target had an attempt of, in its log; those
//! that are parked, under their target, since they may have had none.
//!
//! Not here: sending them.

use std::str::FromStr;

use config::TargetId;
use serde::{Deserialize, Serialize};

use super::{PER_SECOND_MAX, ReplayError};
use crate::clock::Timestamp;
use crate::deliveries::{self, DeliveryRecord, DeliveryState};
use crate::ids::EventId;
use crate::parking::parked_partition;
use crate::queue::Delivery;
use crate::store::row;
use crate::table::{Key, Query};
use crate::{App, StoreError, attempts};

/// How many deliveries are looked at, and sent at the most, in one step: as many as one call to the table gives.
pub(super) const PORTION: usize = 100;

/// What became of the deliveries that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// They have not arrived: the last attempt failed, or they are parked.
    Failed,
    /// They are parked.
    Parked,
    /// Whatever became of them.
    All,
}

/// A text that names no such choice.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is none of: failed, parked, all")]
pub struct WhichError(String);

impl FromStr for Which {
    type Err = WhichError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "failed" => Ok(Self::Failed),
            "parked" => Ok(Self::Parked),
            "all" => Ok(Self::All),
            _ => Err(WhichError(text.to_owned())),
        }
    }
}

/// Which deliveries to send again, and how fast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Theirs, one after the other.
    pub targets: Vec<TargetId>,
    /// What became of them.
    pub which: Which,
    /// Their last attempt was at this time or later; of those without one, it is when they were queued.
    pub since: Timestamp,
    /// And at this time or earlier.
    pub until: Timestamp,
    /// How many a second, from 1 to [`PER_SECOND_MAX`].
    pub per_second: u32,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The place in the order's list.
    target: usize,
    place: Place,
    /// Behind this sort key.
    after: Option<String>,
}

/// Where deliveries are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    #[default]
    Log,
    Parked,
}

impl Order {
    /// Ends now at the latest: what a replay sends must not be found by it again.
    pub(super) fn checked(self, now: Timestamp) -> Result<Self, ReplayError> {
        let until = self.until.min(now);
        let is_sound = !self.targets.is_empty()
            && self.since <= until
            && (1..=PER_SECOND_MAX).contains(&self.per_second);
        if is_sound { Ok(Self { until, ..self }) } else { Err(ReplayError::Order) }
    }

    pub(super) fn start(&self) -> Position {
        let place = if self.which == Which::Parked { Place::Parked } else { Place::Log };
        Position { place, ..Position::default() }
    }

    fn is_in_time(&self, at: Timestamp) -> bool {
        (self.since..=self.until).contains(&at)
    }

    /// Whether a delivery is wanted that had this attempt. Parked ones are found elsewhere.
    fn wants_tried(&self, record: &DeliveryRecord, attempt: u32) -> bool {
        let is_wanted = match record.state {
            DeliveryState::Waiting { .. } | DeliveryState::Done if self.which == Which::All => true,
            DeliveryState::Waiting { .. } => {
                record.attempts.last().is_some_and(|attempt| attempt.outcome.has_failed())
            }
            DeliveryState::Parked { .. } | DeliveryState::Done => false,
        };
        is_wanted && self.newest(record).is_none_or(|newest| newest <= attempt)
    }

    /// The number of a delivery's last attempt within the order's time, so that it is found once however often it was
    /// tried.
    fn newest(&self, record: &DeliveryRecord) -> Option<u32> {
        let numbers = (1..=record.attempts_made).rev();
        let mut newest_first = numbers.zip(record.attempts.iter().rev());
        newest_first.find(|(_, attempt)| attempt.at <= self.until).map(|(number, _)| number)
    }

    /// Whether a delivery is wanted that has a row among the parked ones.
    fn wants_parked(&self, record: &DeliveryRecord, queued_at: Timestamp) -> bool {
        let last = record.attempts.last().map_or(queued_at, |attempt| attempt.at);
        // Waiting is one whose replay died between its record and its queue.
        record.state != DeliveryState::Done && self.is_in_time(last)
    }

    /// What comes after everything that one place holds for one target.
    fn behind(&self, position: &Position) -> Option<Position> {
        match position.place {
            Place::Log => Some(Position { place: Place::Parked, after: None, ..*position }),
            Place::Parked => {
                let target = position.target + 1;
                (target < self.targets.len()).then(|| Position { target, ..self.start() })
            }
        }
    }
}

/// What one look found.
pub(super) struct Portion {
    pub(super) chosen: Vec<(EventId, TargetId)>,
    /// Rows of parked deliveries that are sent again with this, or were before.
    pub(super) released: Vec<Key>,
    pub(super) next: Option<Position>,
}

/// Looks for at most so many deliveries, in one place of one target.
pub(super) async fn portion(
    app: &App,
    order: &Order,
    position: &Position,
    may: usize,
) -> Result<Portion, StoreError> {
    let Some(target) = order.targets.get(position.target) else {
        return Ok(Portion { chosen: Vec::new(), released: Vec::new(), next: None });
    };
    match position.place {
        Place::Log => tried(app, order, (position, *target), may).await,
        Place::Parked => parked(app, order, (position, *target), may).await,
    }
}

async fn tried(
    app: &App,
    order: &Order,
    (position, target): (&Position, TargetId),
    may: usize,
) -> Result<Portion, StoreError> {
    let time = (order.since, order.until);
    let (rows, next) = attempts::between(app, target, time, (PORTION, position.after.clone())).await?;
    let records = deliveries::records(app, rows.iter().map(|(_, entry)| (&entry.event, target))).await?;
    let mut portion = Portion { chosen: Vec::new(), released: Vec::new(), next: order.behind(position) };
    portion.next = next.map(|after| Position { after: Some(after), ..*position }).or(portion.next);
    for ((sort, entry), record) in rows.into_iter().zip(records) {
        if portion.chosen.len() == may {
            break;
        }
        let is_wanted = record.is_some_and(|record| order.wants_tried(&record, entry.attempt));
        if is_wanted && !entry.is_test {
            portion.chosen.push((entry.event, target));
        }
        if portion.chosen.len() == may {
            portion.next = Some(Position { after: Some(sort), ..*position });
        }
    }
    Ok(portion)
}

async fn parked(
    app: &App,
    order: &Order,
    (position, target): (&Position, TargetId),
    may: usize,
) -> Result<Portion, StoreError> {
    let whole = Query::prefix(parked_partition(target), "");
    // Queued before the time may still mean tried within it.
    let between = (String::new(), format!("{:015}#\u{10FFFF}", order.until.0));
    let query = Query { between, limit: PORTION, after: position.after.clone(), ..whole };
    let page = app.table.query(&query).await?;
    let rows = page.items.iter().map(row).collect::<Result<Vec<Delivery>, _>>()?;
    let records = deliveries::records(app, rows.iter().map(|delivery| (&delivery.event, target))).await?;
    let mut portion = Portion { chosen: Vec::new(), released: Vec::new(), next: order.behind(position) };
    portion.next = page.next.map(|after| Position { after: Some(after), ..*position }).or(portion.next);
    for ((stored, delivery), record) in page.items.into_iter().zip(rows).zip(records) {
        let is_wanted = record.as_ref().is_some_and(|record| order.wants_parked(record, delivery.queued_at));
        let is_over = record.is_none_or(|record| record.state == DeliveryState::Done);
        let sort = stored.item.key.sort.clone();
        if is_wanted || is_over {
            portion.released.push(stored.item.key);
        }
        if is_wanted {
            portion.chosen.push((delivery.event, target));
        }
        if portion.chosen.len() == may {
            portion.next = Some(Position { after: Some(sort), ..*position });
            break;
        }
    }
    Ok(portion)
}
