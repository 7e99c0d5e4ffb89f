//! The use case behind a task of the irker queue: one event's lines to one irkerd.

use config::TargetId;
use relay::schedule::Schedule;
use relay::{Outcome, irker};

use crate::queue::{Answer, Delivery, Task};
use crate::relay::{Due, Step, answer, prepare, settle, task};
use crate::{App, StoreError, irkerd};

/// Handles one task, given as the queue's text.
pub async fn handle(app: &App, body: &str) -> Answer {
    match task(body) {
        Ok(Task::RelayIrkerV1 { delivery, .. }) => answer(&delivery.clone(), relay(app, delivery).await),
        Ok(Task::RelayHttpV1 { .. }) => {
            tracing::error!("a task for an HTTP hook is in the irker queue");
            Answer::Fault
        }
        Err(fault) => fault,
    }
}

async fn relay(app: &App, delivery: Delivery) -> Result<Answer, StoreError> {
    let target = delivery.target;
    match prepare(app, delivery).await? {
        Step::Answer(answer) => Ok(answer),
        Step::Attempt(due) => {
            let outcome = attempt(&due, target).await;
            settle(app, *due, outcome, Schedule::Irker).await
        }
    }
}

/// The integration as it is configured now decides, not as it was when the event came in.
async fn attempt(due: &Due, target: TargetId) -> Outcome {
    let integration = due.project.as_ref().and_then(|project| project.irker.as_ref());
    let (TargetId::Irker(_), Some(integration)) = (target, integration) else { return Outcome::Gone };
    let told = due.events.iter().filter(|event| relay::is_for_channel(event, &integration.subscription));
    let lines: Vec<_> = told.flat_map(|event| irker::lines(event, integration.colorize_messages)).collect();
    let requests = irker::requests(&lines, &integration.recipients);
    if requests.is_empty() {
        return Outcome::HandedOver;
    }
    irkerd::hand_over(&integration.irkerd(), &requests).await
}
