//! A hook's log, its tests, and sending once more (<https://docs.gitlab.com/api/project_webhooks/#list-all-events-for-a-project-webhook>).
//!
//! A resend goes through the queue, with the retries and the order of every delivery: its answer says that it is queued,
//! and the log says what came of it.

use std::collections::BTreeMap;

use app::attempts::{self, Entry, Listing, Sent, Wanted};
use app::resend::{self, ResendError};
use app::test_hook::{self, TestHookError};
use config::{Switch, TargetId};
use http::StatusCode;
use relay::Outcome;
use relay::redact::Body;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, PAGE_MAX, Route};
use crate::shown::{moment, url};

/// The most entries of a page, as in GitLab.
const PER_PAGE_MAX: i64 = 20;

/// How far a log can be paged through: what one look at the table gives. It is narrowed down by status.
const ENTRIES_MAX: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/projects/{id}/hooks/{hook_id}/test/{trigger}", Access::Write, |call| {
            Box::pin(test(call))
        })
        .says("Posts a sample of a kind of event, such as push_events, at once.")
        .gives::<Done>(StatusCode::CREATED),
        Route::get("/projects/{id}/hooks/{hook_id}/events", Access::Read, |call| Box::pin(list(call)))
            .says("The attempts to deliver to a hook, newest first.")
            .takes([
                field(
                    "status",
                    Kind::Texts,
                    "Statuses, or successful, client_failure, server_failure, failed.",
                ),
                field("page", Kind::Number(1, PAGE_MAX), "Which page, from 1."),
                field("per_page", Kind::Number(1, PER_PAGE_MAX), "How many entries a page has."),
            ])
            .gives::<Vec<AttemptShown>>(StatusCode::OK),
        Route::post("/projects/{id}/hooks/{hook_id}/events/{event_id}/resend", Access::Write, |call| {
            Box::pin(send_again(call))
        })
        .says("Queues the event of an attempt once more, for this hook.")
        .gives::<Resent>(StatusCode::CREATED),
    ]
}

/// GitLab's word for it.
#[derive(Serialize, ToSchema)]
struct Done {
    message: &'static str,
}

/// A resend under way.
#[derive(Serialize, ToSchema)]
struct Resent {
    message: &'static str,
    /// Not known yet: the log tells.
    response_status: Option<u16>,
    event: String,
}

/// One attempt, without secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptShown {
    id: String,
    url: String,
    /// Such as `push_hooks`.
    trigger: String,
    request_headers: BTreeMap<String, String>,
    request_data: Value,
    response_headers: BTreeMap<String, String>,
    response_body: String,
    /// A status, or `internal error`.
    response_status: String,
    /// In seconds.
    execution_duration: f64,
    created_at: String,
    /// The event's name: it has its own address.
    event: String,
    target: String,
    attempt: u32,
    is_test: bool,
    /// How it ended, in one word: `delivered`, `refused`, `unreachable`, `forbidden`, `unknown`, `unrenderable`, ...
    outcome: &'static str,
    /// And in a few.
    detail: String,
}

async fn test(call: Call) -> Answered {
    let switch = Switch::named(call.part("trigger"));
    let (hook, switch) =
        (call.hook()?.id, switch.ok_or(Refusal::Body("trigger does not have a valid value"))?);
    call.pace()?;
    let tested = test_hook::run(call.app(), &call.api.outbound, &call.saved()?.project, (hook, switch)).await;
    match tested {
        Ok(tested) if matches!(tested.entry.outcome, Outcome::Delivered { .. }) => {
            Ok(Reply::created(&Done { message: "201 Created" }))
        }
        Ok(tested) => Err(Refusal::Unprocessable(tested.entry.outcome.to_string())),
        Err(TestHookError::NoHook(_)) => Err(Refusal::NotFound("")),
        Err(TestHookError::Store(error)) => Err(error.into()),
    }
}

async fn list(call: Call) -> Answered {
    let hook = call.hook()?;
    let (target, address) = (TargetId::Hook(call.id()?, hook.id), url(hook, call.may_write()));
    page(&call, target, &address).await
}

/// A page of a target's log.
pub(crate) async fn page(call: &Call, target: TargetId, address: &str) -> Answered {
    let wanted = call.fields.texts("status").unwrap_or_default();
    let wanted: Result<Vec<Wanted>, _> = wanted.iter().map(|text| text.parse()).collect();
    let mut page = call.page();
    let limit = page.offset().saturating_add(page.per_page + 1).min(ENTRIES_MAX);
    let wanted = wanted.map_err(|_| Refusal::Invalid("status"))?;
    let found = attempts::list(call.app(), &Listing { target, wanted, limit, after: None }).await?;
    let rest = found.entries.get(page.offset()..).unwrap_or_default();
    page.has_next = rest.len() > page.per_page;
    let here = &rest[..rest.len().min(page.per_page)];
    let shown: Vec<_> = here.iter().map(|entry| AttemptShown::of(entry, address)).collect();
    Ok(Reply::part(&shown, page))
}

async fn send_again(call: Call) -> Answered {
    let target = TargetId::Hook(call.id()?, call.hook()?.id);
    let id = call.part("event_id").replace('-', "#");
    let entry = attempts::find(call.app(), target, &id).await?.ok_or(Refusal::NotFound(""))?;
    call.pace()?;
    match resend::resend(call.app(), &*call.api.queue, &entry.event, target).await {
        Ok(()) => Ok(Reply::created(&Resent {
            message: "201 Created",
            response_status: None,
            event: entry.event.to_string(),
        })),
        Err(error @ (ResendError::UnknownEvent | ResendError::OtherTarget)) => {
            Err(Refusal::Unprocessable(error.to_string()))
        }
        Err(ResendError::Parking(error)) => Err(Refusal::Unavailable(Box::new(error))),
    }
}

impl AttemptShown {
    fn of(entry: &Entry, address: &str) -> Self {
        let (headers, data) = match &entry.sent {
            Sent::Http { headers, body } => (headers.clone(), body.as_ref().map_or(Value::Null, shown)),
            Sent::Irker { lines, .. } => (Vec::new(), json!(lines)),
            Sent::Nothing => (Vec::new(), Value::Null),
        };
        let answer = entry.answer.as_ref();
        let kind = headers.iter().find(|(name, _)| name == "x-gitlab-event").map(|(_, kind)| kind);
        let trigger = kind.map(|kind| format!("{}s", kind.to_lowercase().replace(' ', "_")));
        Self {
            id: entry.id().replace('#', "-"),
            url: address.to_owned(),
            trigger: trigger.unwrap_or_default(),
            request_data: data,
            request_headers: headers.into_iter().collect(),
            response_headers: answer
                .map_or_else(BTreeMap::new, |answer| answer.headers.iter().cloned().collect()),
            response_body: answer.map_or_else(String::new, |answer| match shown(&answer.body) {
                Value::String(text) => text,
                other => other.to_string(),
            }),
            response_status: entry
                .outcome
                .status()
                .map_or_else(|| "internal error".to_owned(), |status| status.to_string()),
            execution_duration: std::time::Duration::from_millis(entry.duration_ms).as_secs_f64(),
            created_at: moment(entry.began_at),
            event: entry.event.to_string(),
            target: entry.target.to_string(),
            attempt: entry.attempt,
            is_test: entry.is_test,
            outcome: entry.outcome.name(),
            detail: entry.outcome.to_string(),
        }
    }
}

fn shown(body: &Body) -> Value {
    match body {
        Body::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        Body::Base64(text) => json!(text),
        Body::Oversize { .. } => json!({"oversize": true}),
    }
}
