//! The use case behind *Resend*: an event to one of its targets once more, under the same id, whatever became of it.
//!
//! Not here: what a target has parked (`parking::release`), a new event (`receive_hook`).

use config::TargetId;

use crate::ids::EventId;
use crate::parking::{ParkingError, begin_anew};
use crate::queue::{Delivery, Queue, Task};
use crate::{App, events, projects};

/// Why an event was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// Not kept any more, or never here.
    #[error("there is no such event; events are kept for 14 days")]
    UnknownEvent,
    /// Not one of the event's.
    #[error("the event was never for this target")]
    OtherTarget,
    /// The table, or the queue.
    #[error(transparent)]
    Parking(#[from] ParkingError),
}

/// Queues the delivery of an event to one of its targets again, its schedule begun anew. A target that knows the id may
/// take it for the repetition that it is.
pub async fn resend(
    app: &App,
    queue: &dyn Queue,
    event: &EventId,
    target: TargetId,
) -> Result<(), ResendError> {
    let accepted = events::accepted(app, event).await.map_err(ParkingError::from)?;
    let accepted = accepted.ok_or(ResendError::UnknownEvent)?;
    if !accepted.targets.contains(&target) {
        return Err(ResendError::OtherTarget);
    }
    let project = projects::by_id(app, accepted.project).await.map_err(ParkingError::from)?;
    let delivery = Delivery {
        event: event.clone(),
        stamp: accepted.stamp,
        project: accepted.project,
        target,
        queued_at: app.clock.now(),
    };
    begin_anew(app, &delivery).await.map_err(ParkingError::from)?;
    queue.send(vec![Task::of(project.as_deref(), delivery)]).await.map_err(ParkingError::from)?;
    tracing::info!(%event, %target, "delivery.resent");
    Ok(())
}
