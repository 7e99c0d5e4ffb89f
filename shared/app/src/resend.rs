//! The use case behind *Resend*: an event to one of its targets, or to all, once more, under the same id, whatever became
//! of it.
//!
//! Not here: many events (`replay`), what a target has parked (`parking::release`), a new event (`receive_hook`).

use std::sync::Arc;

use config::{Project, TargetId};

use crate::ids::EventId;
use crate::parking::{self, ParkingError, begin_anew};
use crate::queue::{Delivery, Queue, Task};
use crate::table::Condition;
use crate::{App, Causes, events, projects};

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
    let (mut delivery, project) = find(app, event, target).await?;
    // Whoever dies between the record and the queue would leave a delivery that waits for nobody.
    let insured = parking::insure(app, &delivery).await.map_err(ParkingError::from)?;
    begin_anew(app, &delivery).await.map_err(ParkingError::from)?;
    // Another sending than the insurance's: had a table taken so long that a sweep was quicker, and found a record that was
    // not written yet, a queue would drop this one as a repetition of that.
    delivery.queued_at = app.clock.now();
    queue.send(vec![Task::of(project.as_deref(), delivery)]).await.map_err(ParkingError::from)?;
    if let Err(error) = app.table.delete(&insured, Condition::Always).await {
        tracing::warn!(%event, %target, error = %Causes(&error), "delivery.may_be_resent_twice");
    }
    tracing::info!(%event, %target, "delivery.resent");
    Ok(())
}

/// The same, to all its targets. Gives which.
pub async fn resend_to_all(
    app: &App,
    queue: &dyn Queue,
    event: &EventId,
) -> Result<Vec<TargetId>, ResendError> {
    let accepted = events::accepted(app, event).await.map_err(ParkingError::from)?;
    let targets = accepted.ok_or(ResendError::UnknownEvent)?.targets;
    for target in &targets {
        resend(app, queue, event, *target).await?;
    }
    Ok(targets)
}

/// The task that carries a delivery again, whose record says so already: whoever has it must send it.
pub(crate) async fn begun_anew(app: &App, event: &EventId, target: TargetId) -> Result<Task, ResendError> {
    let (delivery, project) = find(app, event, target).await?;
    begin_anew(app, &delivery).await.map_err(ParkingError::from)?;
    Ok(Task::of(project.as_deref(), delivery))
}

/// The delivery of an event to one of its targets, as if it were queued now, and its project.
async fn find(
    app: &App,
    event: &EventId,
    target: TargetId,
) -> Result<(Delivery, Option<Arc<Project>>), ResendError> {
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
    Ok((delivery, project))
}
