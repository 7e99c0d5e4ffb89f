//! A target's log: every attempt, one attempt in full, and the ways to send something again.
//!
//! Not here: what may be shown of a request and its answer (`relay::redact`), the log itself (`app::attempts`).

use app::attempts::{self, Entry, Listing, Sent, Wanted};
use app::events;
use app::projects::Saved;
use app::replay::{self, Order, Which};
use app::resend::{self, ResendError};
use app::{attention, clock::Timestamp};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use config::{HookId, Project, TargetId};
use relay::Outcome;
use relay::redact::Body;

use crate::field::Field;
use crate::moment::{ago, moment};
use crate::page::{Chrome, shown};
use crate::project::Tabs;
use crate::refusal::{Refusal, sentence};
use crate::visit::{Posted, Visit, then};
use crate::{Console, overview::Standing};

/// How many attempts a page shows.
const SHOWN: usize = 30;

/// How many bytes of an event's own payload are shown: more than anybody reads, and a page that still opens.
const PAYLOAD_SHOWN_MAX: usize = 64 * 1024;

/// How many parked deliveries a second are sent again. A target that has just come back must not be knocked over.
const REPLAYED_PER_SECOND: u32 = 5;

/// What one may ask a log for, in words for people.
const WANTED: [(&str, &str); 5] = [
    ("", "All attempts"),
    ("failed", "Failed"),
    ("successful", "Answered 2xx"),
    ("client_failure", "Answered 4xx"),
    ("server_failure", "Answered 5xx"),
];

/// An attempt in a list.
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) at: String,
    pub(crate) ago: String,
    pub(crate) event: String,
    pub(crate) attempt: u32,
    pub(crate) class: &'static str,
    pub(crate) outcome: String,
    pub(crate) duration: String,
    pub(crate) is_test: bool,
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct ListPage {
    chrome: Chrome,
    tabs: Tabs,
    name: String,
    href: String,
    settings: String,
    standing: Standing,
    parked: String,
    has_parked: bool,
    waiting: usize,
    status: Field,
    rows: Vec<Row>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct OnePage {
    chrome: Chrome,
    tabs: Tabs,
    name: String,
    log: String,
    row: Row,
    sentence: String,
    event: String,
    recipients: Option<usize>,
    lines: Vec<crate::irc::IrcLine>,
    sent_headers: Vec<(String, String)>,
    sent_body: Option<String>,
    answer_headers: Vec<(String, String)>,
    answer_body: Option<String>,
    may_resend: bool,
}

/// A project's targets.
pub(crate) fn targets(project: &Project) -> Vec<TargetId> {
    let irker = project.irker.as_ref().map(|_| TargetId::Irker(project.id));
    let hooks = project.hooks.iter().map(|hook| TargetId::Hook(project.id, hook.id));
    irker.into_iter().chain(hooks).collect()
}

/// What people call a target.
pub(crate) fn name(project: &Project, target: TargetId) -> String {
    match target {
        TargetId::Irker(_) => "IRC".to_owned(),
        TargetId::Hook(_, number) => {
            let hook = project.hooks.iter().find(|hook| hook.id == number);
            let name = hook.map(|hook| hook.name.clone()).filter(|name| !name.is_empty());
            name.unwrap_or_else(|| format!("HTTP hook {number}"))
        }
    }
}

/// Where a target's log is.
pub(crate) fn href(target: TargetId) -> String {
    match target {
        TargetId::Irker(project) => format!("/projects/{project}/deliveries/irker"),
        TargetId::Hook(project, hook) => format!("/projects/{project}/deliveries/hook-{hook}"),
    }
}

/// The target that an address names. It may be gone: its log stays for a while.
fn target(saved: &Saved, name: &str) -> Result<TargetId, Refusal> {
    let id = saved.project.id;
    match name.strip_prefix("hook-") {
        Some(number) => Ok(TargetId::Hook(id, HookId(crate::number(number)?))),
        None if name == "irker" => Ok(TargetId::Irker(id)),
        None => Err(Refusal::NotFound),
    }
}

impl Row {
    pub(crate) fn of(entry: &Entry, now: Timestamp) -> Self {
        // What separates the parts of an attempt's name would end a path.
        let name = entry.id().replace('#', ".");
        let class = match &entry.outcome {
            Outcome::HandedOver | Outcome::Delivered { .. } => "good",
            Outcome::Coalesced | Outcome::Nothing | Outcome::Gone => "",
            _ => "bad",
        };
        Self {
            href: format!("{}/{name}", href(entry.target)),
            at: moment(entry.began_at),
            ago: ago(entry.began_at, now),
            event: entry.event.to_string().chars().take(8).collect(),
            attempt: entry.attempt,
            class,
            outcome: entry.outcome.status().map_or_else(
                || entry.outcome.name().replace('_', " "),
                |status| format!("{} {status}", entry.outcome.name()),
            ),
            duration: format!("{} ms", entry.duration_ms),
            is_test: entry.is_test,
        }
    }
}

/// The newest attempts of a target.
pub(crate) async fn newest(console: &Console, target: TargetId, limit: usize) -> Result<Vec<Row>, Refusal> {
    let listing = Listing { target, wanted: Vec::new(), limit, after: None };
    let page = attempts::list(&console.app, &listing).await?;
    Ok(page.entries.iter().map(|entry| Row::of(entry, console.app.clock.now())).collect())
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path((number, named)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let target = target(&saved, &named)?;
    let status = visit.query.text("status");
    let wanted = status.parse::<Wanted>().ok().into_iter().collect();
    let after = visit.query.given("after").map(|after| after.replace('.', "#"));
    let page = attempts::list(&console.app, &Listing { target, wanted, limit: SHOWN, after }).await?;
    let trouble = attention::look(&console.app, target).await?;
    let now = console.app.clock.now();
    let href = href(target);
    let more = page.next.map(|next| {
        let start = format!("{href}?");
        let mut query = form_urlencoded::Serializer::for_suffix(start.clone(), start.len());
        query.append_pair("status", status).append_pair("after", &next.replace('#', ".")).finish()
    });
    shown(&ListPage {
        chrome: Chrome::of(&visit, "projects"),
        tabs: Tabs::of(&visit, &saved, if named == "irker" { "irker" } else { "hooks" }),
        name: name(&saved.project, target),
        settings: href.replace("/deliveries/hook-", "/hooks/").replace("/deliveries/irker", "/irker"),
        href,
        standing: Standing::of(&trouble.health, now),
        has_parked: trouble.parked > 0,
        parked: match trouble.parked {
            attention::COUNTED_MAX => format!("{} or more", attention::COUNTED_MAX),
            count => count.to_string(),
        },
        waiting: trouble.waiting,
        status: Field::choice("status", "Show", status, &WANTED),
        rows: page.entries.iter().map(|entry| Row::of(entry, now)).collect(),
        more,
    })
}

/// The attempt that an address names.
async fn find(console: &Console, target: TargetId, name: &str) -> Result<Entry, Refusal> {
    let entry = attempts::find(&console.app, target, &name.replace('.', "#")).await?;
    entry.ok_or(Refusal::NotFound)
}

pub(crate) async fn one(
    State(console): State<Console>,
    Path((number, named, attempt)): Path<(String, String, String)>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let target = target(&saved, &named)?;
    let entry = find(&console, target, &attempt).await?;
    let tabs = Tabs::of(&visit, &saved, if named == "irker" { "irker" } else { "hooks" });
    let may_resend = tabs.may_write && !entry.is_test;
    let mut page = OnePage {
        chrome: Chrome::of(&visit, "projects"),
        tabs,
        name: name(&saved.project, target),
        log: href(target),
        row: Row::of(&entry, console.app.clock.now()),
        sentence: sentence(&entry.outcome),
        event: entry.event.to_string(),
        recipients: None,
        lines: Vec::new(),
        sent_headers: Vec::new(),
        sent_body: None,
        answer_headers: Vec::new(),
        answer_body: None,
        may_resend,
    };
    match &entry.sent {
        Sent::Nothing => {}
        Sent::Irker { recipients, lines } => {
            page.recipients = Some(*recipients);
            page.lines = lines.iter().map(|line| crate::irc::IrcLine::of(line)).collect();
        }
        Sent::Http { headers, body } => {
            page.sent_headers.clone_from(headers);
            page.sent_body = Some(match body {
                Some(body) => in_words(body),
                None => payload(&console, &entry).await?,
            });
        }
    }
    if let Some(answer) = &entry.answer {
        page.answer_headers.clone_from(&answer.headers);
        let cut = if answer.is_cut { "\n… (there was more)" } else { "" };
        page.answer_body = Some(in_words(&answer.body) + cut);
    }
    shown(&page)
}

/// The event's own payload, which was passed on byte for byte.
async fn payload(console: &Console, entry: &Entry) -> Result<String, Refusal> {
    let Some(original) = events::payload(&console.app, &entry.event).await? else {
        return Ok("(the event is not kept any more)".to_owned());
    };
    let pretty = serde_json::from_slice::<serde_json::Value>(&original.body).ok();
    let pretty = pretty.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.unwrap_or_else(|| String::from_utf8_lossy(&original.body).into_owned());
    Ok(if text.len() <= PAYLOAD_SHOWN_MAX {
        text
    } else {
        let start: String = text.chars().take(PAYLOAD_SHOWN_MAX).collect();
        format!("{start}\n… ({} bytes in all)", original.body.len())
    })
}

fn in_words(body: &Body) -> String {
    match body {
        Body::Text(text) => {
            let pretty = serde_json::from_str::<serde_json::Value>(text).ok();
            pretty.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.clone())
        }
        Body::Base64(text) => format!("(no text; in base64)\n{text}"),
        Body::Oversize { bytes } => format!("({bytes} bytes: too large to keep)"),
    }
}

pub(crate) async fn resend(
    State(console): State<Console>,
    Path((number, named, attempt)): Path<(String, String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let target = target(&saved, &named)?;
    let entry = find(&console, target, &attempt).await?;
    match resend::resend(&console.app, &*console.queue, &entry.event, target).await {
        Ok(()) => Ok(then(&href(target), "resent").into_response()),
        Err(ResendError::Parking(error)) => Err(Refusal::fault(error)),
        Err(error) => Err(Refusal::Because(sentence(&error))),
    }
}

pub(crate) async fn replay(
    State(console): State<Console>,
    Path((number, named)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let target = target(&saved, &named)?;
    let (targets, which) = (vec![target], Which::Parked);
    let (since, until) = (Timestamp(0), console.app.clock.now());
    let order = Order { targets, which, since, until, per_second: REPLAYED_PER_SECOND };
    let begun = replay::begin(&console.app, order).await.map_err(Refusal::fault)?;
    // The first of them at once; the rest follows each minute.
    replay::step(&console.app, &*console.queue, &begun.id).await.map_err(Refusal::fault)?;
    Ok(then(&href(target), "replayed").into_response())
}
