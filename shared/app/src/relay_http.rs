//! The use case behind a task of the HTTP queue: one event to one HTTP hook.

use config::{HookFormat, HttpHook};
use futures_util::future::join_all;
use relay::redact::{self, Secrets};
use relay::{HttpRequest, Outcome, Sending, http_request};

use crate::attempts::{Answer as Reply, Said, Sent};
use crate::clock::Timestamp;
use crate::http_target::Outbound;
use crate::queue::{Answer, Delivery, Task};
use crate::relay::{Due, Step, answer, prepare, settle, task, wait_for_turn};
use crate::{App, StoreError, attempts, projects, targets};

/// Handles a run of tasks, given as the queue's texts, side by side. One answer each.
pub async fn handle(app: &App, outbound: &Outbound, run: &[&str]) -> Vec<Answer> {
    let answers = join_all(run.iter().map(|body| handle_one(app, outbound, body))).await;
    attempts::write(app).await;
    answers
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
            let turn = turn(app, &due).await?;
            if turn > app.clock.now() {
                return wait_for_turn(app, *due, turn).await;
            }
            let outcome = attempt(app, outbound, &mut due).await;
            settle(app, *due, outcome).await
        }
    }
}

/// When it is a delivery's turn, under the rates of its hook and of its project. One that has waited for its turn has it.
async fn turn(app: &App, due: &Due) -> Result<Timestamp, StoreError> {
    let mut turn = app.clock.now();
    if due.has_turn() {
        return Ok(turn);
    }
    if let Some(per_minute) = due.hook().and_then(|hook| hook.rate_limit) {
        turn = turn.max(targets::take_turn(app, targets::rate_key(due.task.target), per_minute).await?);
    }
    if let Some(project) = &due.project
        && let Some(per_minute) = project.rate_limit
    {
        turn = turn.max(targets::take_turn(app, projects::rate_key(project.id), per_minute).await?);
    }
    Ok(turn)
}

/// The hook as it is configured now decides, not as it was when the event came in.
async fn attempt(app: &App, outbound: &Outbound, due: &mut Due) -> Outcome {
    // The body can be large: it is moved into the request, and nobody needs it afterwards.
    let original = std::mem::take(&mut due.original);
    let Some(hook) = due.hook() else { return Outcome::Gone };
    let sending = Sending {
        original,
        events: &due.events,
        event_id: &due.task.event.to_string(),
        delivery_id: &due.task.event.delivery_id(due.task.target),
        attempt: due.attempt,
        now_s: app.clock.now().seconds(),
    };
    let request = match http_request(hook, sending) {
        Ok(request) => request,
        Err(error) => return Outcome::Unrenderable { reason: error.to_string() },
    };
    let is_event = IsEvent(is_as_it_came(hook));
    let (outcome, said) = exchange(outbound, request, is_event).await;
    due.said = said;
    outcome
}

fn is_as_it_came(hook: &HttpHook) -> bool {
    hook.format == HookFormat::Passthrough && hook.custom_webhook_template.is_none()
}

/// Whether a request's body is the event's own, which is kept with the event.
pub(crate) struct IsEvent(pub(crate) bool);

/// Posts a request, and tells what may be kept of it.
pub(crate) async fn exchange(
    outbound: &Outbound,
    request: HttpRequest,
    is_event: IsEvent,
) -> (Outcome, Said) {
    let secrets = Secrets::of(request.url.expose(), &request.headers);
    let headers = redact::request_headers(&request.headers);
    let body = (!is_event.0).then(|| redact::request_body(&request.body));
    let exchange = outbound.post(request).await;
    let answer = exchange.answer.map(|answered| Reply {
        headers: redact::answer_headers(&answered.headers, &secrets),
        body: redact::answer_body(&answered.body, answered.is_cut, &secrets),
        is_cut: answered.is_cut,
    });
    let said = Said { sent: Sent::Http { headers, body }, answer, duration: Some(exchange.duration) };
    (exchange.outcome, said)
}
