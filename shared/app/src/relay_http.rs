//! The use case behind a task of the two HTTP queues: one event to one HTTP hook.
//!
//! Not here: the order in which tasks come, which is the queue's; and what waits in order (`parking`).

use std::time::Duration;

use config::{HookFormat, HttpHook};
use relay::redact::{self, Secrets};
use relay::{HttpRequest, Outcome, Sending, http_request};

use crate::attempts::{Answer as Reply, Said, Sent};
use crate::clock::Timestamp;
use crate::http_target::Outbound;
use crate::queue::{Answer, Delivery, QueueName, Task};
use crate::relay::{Due, Step, answer, prepare, settle_together, task, wait_for_turn};
use crate::table::Item;
use crate::{App, StoreError, attempts, projects, targets};

/// Handles a run of tasks, given as the queue's texts, one after the other, as far as each is done. One answer each.
pub async fn handle(app: &App, outbound: &Outbound, run: &[&str]) -> Vec<Answer> {
    let under_way = app.gathering.begin();
    let (mut answers, mut ends) = (Vec::with_capacity(run.len()), Vec::new());
    for body in run {
        let answer = handle_one(app, outbound, (body, &mut ends)).await;
        answers.push(answer);
        if answer != Answer::Done {
            break;
        }
    }
    let hangs_on_it = !ends.is_empty();
    let rows = [ends, attempts::unwritten(app)].concat();
    // A log that cannot be written fails no delivery.
    if under_way.write(&*app.table, rows).await.is_err() && hangs_on_it {
        answers = vec![Answer::Fault];
    }
    // What waits behind a task that is not done is not looked at.
    answers.resize(run.len(), Answer::Again { after: Duration::ZERO });
    answers
}

async fn handle_one(app: &App, outbound: &Outbound, (body, ends): (&str, &mut Vec<Item>)) -> Answer {
    let task = match task(body) {
        Ok(task) => task,
        Err(fault) => return fault,
    };
    let queue = task.queue();
    match task {
        Task::RelayHttpV1 { delivery } | Task::RelayHttpInOrderV1 { delivery } => {
            answer(&delivery.clone(), relay(app, outbound, (queue, delivery, ends)).await)
        }
        _ => {
            tracing::error!("a task for somebody else is in an HTTP queue");
            Answer::Fault
        }
    }
}

async fn relay(
    app: &App,
    outbound: &Outbound,
    (queue, delivery, ends): (QueueName, Delivery, &mut Vec<Item>),
) -> Result<Answer, StoreError> {
    match prepare(app, queue, delivery).await? {
        Step::Answer(answer) => Ok(answer),
        Step::Attempt(mut due) => {
            let turn = turn(app, &due).await?;
            if turn > app.clock.now() {
                return wait_for_turn(app, *due, turn).await;
            }
            let outcome = attempt(app, outbound, &mut due).await;
            settle_together(app, *due, outcome, ends).await
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
