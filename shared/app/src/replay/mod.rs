//! The use case behind *Replay*: many deliveries once more, chosen by target, time and what became of them.
//!
//! A replay is a row with an order, a position and counts. [`step`] carries it on by a portion, as fast as its rate
//! permits, whoever calls: somebody's terminal, or the sweep of each minute. The position is written after a portion's
//! tasks are in their queue, so that a crash repeats a portion and leaves out none; a repeated one is sent under the
//! same ids.
//!
//! Not here: one event (`resend`).

mod search;

use std::time::Duration;

use config::TargetId;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

pub use self::search::{Order, Which, WhichError};
use self::search::{PORTION, Position, portion};
use crate::clock::Timestamp;
use crate::ids::{EventId, Stamp};
use crate::parking::ParkingError;
use crate::queue::Queue;
use crate::resend::{ResendError, begun_anew};
use crate::store::{item, row};
use crate::table::{Condition, Key, Query, Write};
use crate::{App, StoreError, events};

/// The highest rate, in deliveries a second. A target that needs more has other troubles.
pub const PER_SECOND_MAX: u32 = 100;

/// How much of its rate a replay may catch up on: the time between two sweeps.
const CATCH_UP_MAX: Duration = Duration::from_mins(1);

/// How long one sweep works on replays: it has to end before the next one begins.
const SWEEP_MAX: Duration = Duration::from_secs(25);

/// The partition of all replays. They go with the events that they were about.
const REPLAYS: &str = "replay";

/// A replay under way, or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// Its name.
    pub id: Stamp,
    /// What was asked for.
    pub order: Order,
    /// How many deliveries are in their queue again.
    pub sent: u64,
    /// How many were found whose event is not kept any more.
    pub forgotten: u64,
    /// Where to go on; `None` at the end.
    position: Option<Position>,
    /// Up to when its rate is used up.
    paid_until: Timestamp,
}

/// Why a replay does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Nothing to do, by its very words.
    #[error(
        "a replay has a target, a time that ends after it begins, and a rate of 1 to {PER_SECOND_MAX} a second"
    )]
    Order,
    /// Not kept any more, or never here.
    #[error("there is no such replay; they are kept for 14 days")]
    Unknown,
    /// The table, or the queue.
    #[error(transparent)]
    Parking(#[from] ParkingError),
}

impl From<StoreError> for ReplayError {
    fn from(error: StoreError) -> Self {
        Self::Parking(error.into())
    }
}

/// What an order would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many deliveries it would send again.
    pub count: usize,
    /// The first of them.
    pub first: Vec<(EventId, TargetId)>,
}

impl Replay {
    /// Whether everything has been sent.
    pub fn is_over(&self) -> bool {
        self.position.is_none()
    }

    /// How long the rate keeps it waiting.
    pub fn wait(&self, now: Timestamp) -> Duration {
        let one = Duration::from_secs(1) / self.order.per_second.max(1);
        (self.paid_until + one).since(now)
    }

    /// How many may be sent now.
    fn may_send(&self, now: Timestamp) -> usize {
        let elapsed = now.since(self.paid_until).min(CATCH_UP_MAX).as_millis();
        let may = elapsed * u128::from(self.order.per_second) / 1_000;
        usize::try_from(may).unwrap_or(PORTION).min(PORTION)
    }

    fn pay(&mut self, sent: usize, now: Timestamp) {
        let one = Duration::from_secs(1) / self.order.per_second.max(1);
        let oldest = Timestamp(now.0.saturating_sub(i64::try_from(CATCH_UP_MAX.as_millis()).unwrap_or(0)));
        let sent = u32::try_from(sent).unwrap_or(u32::MAX);
        self.paid_until = self.paid_until.max(oldest) + one.saturating_mul(sent);
    }
}

/// Says what an order would do now.
pub async fn look(app: &App, order: Order, first: usize) -> Result<Found, ReplayError> {
    let order = order.checked(app.clock.now())?;
    let (mut found, mut position) = (Found::default(), Some(order.start()));
    while let Some(at) = position {
        let portion = portion(app, &order, &at, PORTION).await?;
        found.count += portion.chosen.len();
        let room = first.saturating_sub(found.first.len());
        found.first.extend(portion.chosen.into_iter().take(room));
        position = portion.next;
    }
    Ok(found)
}

/// Begins a replay. Nothing is sent before its first [`step`].
pub async fn begin(app: &App, order: Order) -> Result<Replay, ReplayError> {
    let now = app.clock.now();
    let order = order.checked(now)?;
    let position = Some(order.start());
    // The first second's worth may go at once.
    let paid_until = Timestamp(now.0.saturating_sub(1_000));
    let id = Stamp::new(&app.chance);
    let replay = Replay { id, order, sent: 0, forgotten: 0, position, paid_until };
    app.table.put(as_item(app, &replay), Condition::Always).await.map_err(StoreError::from)?;
    tracing::info!(replay = %replay.id, order = ?replay.order, "replay.begun");
    Ok(replay)
}

fn as_item(app: &App, replay: &Replay) -> crate::table::Item {
    let key = Key::new(REPLAYS, replay.id.to_string());
    item(key, replay, Some(app.clock.now() + events::KEPT))
}

/// A replay as it stands.
pub async fn find(app: &App, id: &Stamp) -> Result<Replay, ReplayError> {
    let stored = app.table.get(&Key::new(REPLAYS, id.to_string())).await.map_err(StoreError::from)?;
    Ok(row(&stored.ok_or(ReplayError::Unknown)?)?)
}

/// Carries a replay on by a portion, unless its rate is used up ([`Replay::wait`]). Gives it as it stands then.
pub async fn step(app: &App, queue: &dyn Queue, id: &Stamp) -> Result<Replay, ReplayError> {
    let stored = app.table.get(&Key::new(REPLAYS, id.to_string())).await.map_err(StoreError::from)?;
    let stored = stored.ok_or(ReplayError::Unknown)?;
    let mut replay: Replay = row(&stored)?;
    let (now, Some(position)) = (app.clock.now(), &replay.position) else { return Ok(replay) };
    let may = replay.may_send(now);
    if may == 0 {
        return Ok(replay);
    }
    let portion = portion(app, &replay.order, position, may).await?;
    let begun = portion.chosen.iter().map(|(event, target)| begun_anew(app, event, *target));
    let mut tasks = Vec::with_capacity(portion.chosen.len());
    for begun in join_all(begun).await {
        match begun {
            Ok(task) => tasks.push(task),
            Err(ResendError::UnknownEvent | ResendError::OtherTarget) => replay.forgotten += 1,
            Err(ResendError::Parking(error)) => return Err(error.into()),
        }
    }
    let sent = tasks.len();
    queue.send(tasks).await.map_err(ParkingError::from)?;
    for key in portion.released {
        app.table.delete(&key, Condition::Always).await.map_err(StoreError::from)?;
    }
    replay.pay(sent, now);
    replay.sent += sent as u64;
    replay.position = portion.next;
    let write = app.table.put(as_item(app, &replay), Condition::Version(stored.version)).await;
    match write.map_err(StoreError::from)? {
        Write::Done(_) => Ok(replay),
        // Somebody else carried it on at the same time, and by the same portion.
        Write::Conflict(_) => find(app, id).await,
    }
}

/// Carries on all replays, as far as their rates permit. Gives how many deliveries that was.
pub async fn sweep(app: &App, queue: &dyn Queue) -> Result<u64, ReplayError> {
    let (began_at, mut all, mut sent) = (app.clock.now(), Query::prefix(REPLAYS, ""), 0);
    loop {
        let page = app.table.query(&all).await.map_err(StoreError::from)?;
        for stored in &page.items {
            let before: Replay = row(stored)?;
            let mut replay = before.clone();
            while !replay.is_over()
                && replay.may_send(app.clock.now()) > 0
                && app.clock.now().since(began_at) < SWEEP_MAX
            {
                replay = step(app, queue, &before.id).await?;
            }
            sent += replay.sent - before.sent;
        }
        all.after = page.next;
        if all.after.is_none() {
            return Ok(sent);
        }
    }
}
