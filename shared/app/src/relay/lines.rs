//! What the log is told of deliveries: one line each. `template.yaml` counts and measures by them.
//!
//! Not here: the log of attempts that people read (`attempts`).

use relay::Outcome;

use super::Due;
use crate::clock::Timestamp;
use crate::deliveries::DeliveryState;
use crate::queue::Delivery;
use crate::{App, events};

/// A void task is nothing to worry about, unless it is so old that its event may have been accepted, and forgotten: a
/// machine was switched off for weeks.
pub(super) fn void(app: &App, task: &Delivery) {
    let (event, target) = (&task.event, task.target);
    if app.clock.now().since(task.queued_at) < events::KEPT {
        tracing::info!(%event, %target, "delivery.void");
    } else {
        tracing::warn!(%event, %target, "delivery.expired");
    }
}

/// One wide event for one attempt.
pub(super) fn attempt(due: &Due, outcome: &Outcome, state: &DeliveryState, now: Timestamp) {
    tracing::info!(
        event = %due.task.event,
        target = %due.task.target,
        queue = due.queue.as_str(),
        attempt = due.attempt,
        outcome = outcome.name(),
        detail = %outcome,
        state = state.name(),
        duration_ms = now.0 - due.began_at.0,
        lag_ms = now.0 - due.task.queued_at.0,
        due_lag_ms = late_ms(due),
        "delivery.attempted"
    );
}

/// How long after it was due an attempt began, in milliseconds: what we, and those before it in order, have made it wait,
/// and not its target.
fn late_ms(due: &Due) -> i64 {
    late(due.task.queued_at, due.record.as_ref().map(|(record, _)| &record.state), due.began_at)
}

/// A delivery is due when it is queued, or later, when its record says.
fn late(queued_at: Timestamp, state: Option<&DeliveryState>, began_at: Timestamp) -> i64 {
    let due_at = match state {
        Some(DeliveryState::Waiting { due_at }) => queued_at.max(*due_at),
        _ => queued_at,
    };
    (began_at.0 - due_at.0).max(0)
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::deliveries::DeliveryState;

    #[test]
    fn a_delivery_is_late_from_when_it_was_due() {
        let late = |due_at: Option<i64>| {
            let state = due_at.map(|due_at| DeliveryState::Waiting { due_at: Timestamp(due_at) });
            super::late(Timestamp(1_000), state.as_ref(), Timestamp(9_000))
        };
        assert_eq!(late(None), 8_000, "its first attempt is due at once");
        assert_eq!(late(Some(7_000)), 2_000, "its schedule made it wait");
        assert_eq!(late(Some(500)), 8_000, "it was queued again after its time");
        assert_eq!(late(Some(9_500)), 0, "clocks differ");
    }
}
