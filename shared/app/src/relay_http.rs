//! The use case behind a task of the HTTP queue: one event to one HTTP hook.

use config::TargetId;
use futures_util::future::join_all;
use relay::schedule::Schedule;
use relay::{Outcome, Sending, http_request};

use crate::http_target::Outbound;
use crate::queue::{Answer, Delivery, Task};
use crate::relay::{Due, Step, answer, prepare, settle, task};
use crate::{App, StoreError};

/// Handles a run of tasks, given as the queue's texts, side by side. One answer each.
pub async fn handle(app: &App, outbound: &Outbound, run: &[&str]) -> Vec<Answer> {
    join_all(run.iter().map(|body| handle_one(app, outbound, body))).await
}

async fn handle_one(app: &App, outbound: &Outbound, body: &str) -> Answer {
    match task(body) {
        Ok(Task::RelayHttpV1 { delivery }) => answer(&delivery.clone(), relay(app, outbound, delivery).await),
        Ok(Task::RelayIrkerV1 { .. } | Task::TestIrkerV1 { .. }) => {
            tracing::error!("a task for irkerd is in the HTTP queue");
            Answer::Fault
        }
        Err(fault) => fault,
    }
}

async fn relay(app: &App, outbound: &Outbound, delivery: Delivery) -> Result<Answer, StoreError> {
    match prepare(app, delivery).await? {
        Step::Answer(answer) => Ok(answer),
        Step::Attempt(mut due) => {
            let outcome = attempt(app, outbound, &mut due).await;
            settle(app, *due, outcome, Schedule::Http).await
        }
    }
}

/// The hook as it is configured now decides, not as it was when the event came in.
async fn attempt(app: &App, outbound: &Outbound, due: &mut Due) -> Outcome {
    let hooks = due.project.iter().flat_map(|project| &project.hooks);
    let hook = match due.task.target {
        TargetId::Hook(_, number) => hooks.into_iter().find(|hook| hook.id == number),
        TargetId::Irker(_) => None,
    };
    let Some(hook) = hook else { return Outcome::Gone };
    // The body can be large: it is moved into the request, and nobody needs it afterwards.
    let sending = Sending {
        original: std::mem::take(&mut due.original),
        events: &due.events,
        event_id: &due.task.event.to_string(),
        delivery_id: &due.task.event.delivery_id(due.task.target),
        attempt: due.attempt,
        now_s: app.clock.now().seconds(),
    };
    match http_request(hook, sending) {
        Ok(request) => outbound.post(request).await,
        // Settings can be mended, and then the delivery goes out.
        Err(error) => Outcome::Unreachable { reason: error.to_string() },
    }
}
