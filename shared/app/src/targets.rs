//! The repository of targets' health: one row each, beside nothing else, so that it is read with a delivery's own rows
//! in one call, and written only when it changes.
//!
//! Not here: the rule (`relay::breaker`), what becomes of deliveries meanwhile (`parking`).

use std::time::Duration;

use config::TargetId;
use relay::breaker::{DisabledReason, Health, TargetState};
use relay::rate::Rate;

use crate::clock::Timestamp;
use crate::events::condition;
use crate::store::{item, row};
use crate::table::{Condition, Key, Stored, Version, Write};
use crate::{App, StoreError, attention};

/// How often a change is tried again that somebody else's crossed.
const TRIES: usize = 5;

/// For how long one delivery may find out whether a target is back: its time-out, and room for the table.
pub(crate) const PROBE_MAX: Duration = Duration::from_secs(45);

/// How long a rate is remembered: a pause of an hour is as good as any.
const RATE_KEPT: Duration = Duration::from_hours(1);

pub(crate) fn health_key(target: TargetId) -> Key {
    Key::new(format!("target#{target}"), "health")
}

/// A health as it was read, with what a change must find there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) health: Health,
    version: Option<Version>,
}

impl Known {
    pub(crate) fn of(stored: Option<&Stored>) -> Result<Self, StoreError> {
        let Some(stored) = stored else { return Ok(Self::default()) };
        Ok(Self { health: row(stored)?, version: Some(stored.version) })
    }
}

/// How a target fares.
pub async fn health(app: &App, target: TargetId) -> Result<Health, StoreError> {
    Ok(load(app, target).await?.health)
}

/// Takes a turn at something that wants no more than so many requests a minute. Gives when that is: now, or later.
pub(crate) async fn take_turn(app: &App, key: Key, per_minute: u32) -> Result<Timestamp, StoreError> {
    for _ in 0..TRIES {
        let now = app.clock.now();
        let stored = app.table.get(&key).await?;
        let rate: Rate = stored.as_ref().map(row).transpose()?.unwrap_or_default();
        let (next, wait) = rate.take_turn(now.0, per_minute);
        let kept = item(key.clone(), &next, Some(now + wait + RATE_KEPT));
        let condition = condition(stored.map(|stored| stored.version));
        if let Write::Done(_) = app.table.put(kept, condition).await? {
            return Ok(now + wait);
        }
    }
    // Many take turns at once: one more or less is not worth a fault.
    Ok(app.clock.now())
}

/// Where a target's rate is kept.
pub(crate) fn rate_key(target: TargetId) -> Key {
    Key::new(format!("target#{target}"), "rate")
}

async fn load(app: &App, target: TargetId) -> Result<Known, StoreError> {
    Known::of(app.table.get(&health_key(target)).await?.as_ref())
}

/// Takes the turn to find out whether a target is back. `false` if somebody else has it.
pub(crate) async fn take_probe(app: &App, target: TargetId, known: &Known) -> Result<bool, StoreError> {
    let probed = known.health.probed(app.clock.now().0, PROBE_MAX);
    save(app, target, &probed, known.version).await
}

/// Remembers what an attempt says of its target. Gives the health after it.
pub(crate) async fn learn(
    app: &App,
    target: TargetId,
    outcome: &relay::Outcome,
    (mut known, began_ms): (Known, i64),
) -> Result<Health, StoreError> {
    for _ in 0..TRIES {
        let Some(after) = known.health.after(outcome, began_ms, app.clock.now().0) else { break };
        if save(app, target, &after, known.version).await? {
            log(target, &known.health, &after);
            if after.state != TargetState::Executable && known.health.state == TargetState::Executable {
                attention::call(app, target).await?;
            }
            return Ok(after);
        }
        known = load(app, target).await?;
    }
    // Many speak at once, and the others say the same: one word more or less changes nothing.
    Ok(known.health)
}

/// Switches a target on again: its next delivery is tried like any other. What was parked stays so until it is asked
/// for.
pub async fn enable(app: &App, target: TargetId) -> Result<(), StoreError> {
    let health = Health { since: app.clock.now().0, ..Health::default() };
    app.table.put(item(health_key(target), &health, None), Condition::Always).await?;
    tracing::info!(%target, "target.enabled");
    Ok(())
}

async fn save(
    app: &App,
    target: TargetId,
    health: &Health,
    read: Option<Version>,
) -> Result<bool, StoreError> {
    let write = app.table.put(item(health_key(target), health, None), condition(read)).await?;
    Ok(matches!(write, Write::Done(_)))
}

/// The owner is told: nobody looks at a target that has been quiet.
fn log(target: TargetId, before: &Health, after: &Health) {
    match after.state {
        TargetState::Disabled { reason } => {
            let reason = match reason {
                DisabledReason::Failures => "it failed too often in a row",
                DisabledReason::Gone => "it says that it is gone (410)",
            };
            tracing::error!(%target, failures = after.failures, reason, "target.disabled");
        }
        TargetState::TemporarilyDisabled { disabled_until, .. } => {
            tracing::warn!(%target, failures = after.failures, disabled_until, "target.temporarily_disabled");
        }
        TargetState::Executable if before.state != TargetState::Executable => {
            tracing::info!(%target, "target.executable");
        }
        TargetState::Executable => {}
    }
}
