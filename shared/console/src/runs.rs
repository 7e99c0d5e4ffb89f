//! What slash commands have run: the list, a run with its log, and the audit trail of all commands.
//!
//! A link to a log that chat was given opens it for anybody who has the link, for some days: it is signed.
//!
//! Not here: what a run's steps are (`app::runs`), who may run what (`commands`).

use app::audit::{self, Arguments};
use app::chat::stop;
use app::clock::Timestamp;
use app::executor::Ending;
use app::ids::RunId;
use app::runs::{self, How, Run, State as Standing};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chatops::Named;
use http::Uri;

use crate::Console;
use crate::form::Form;
use crate::moment::{ago, moment};
use crate::page::{Chrome, shown};
use crate::project::Tabs;
use crate::refusal::Refusal;
use crate::visit::{Posted, Visit, then};

/// How many runs, or commands, a page shows.
const SHOWN: usize = 30;

#[derive(Template)]
#[template(path = "runs.html")]
struct ListPage {
    chrome: Chrome,
    tabs: Tabs,
    rows: Vec<Row>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "run.html")]
struct OnePage {
    chrome: Chrome,
    tabs: Tabs,
    row: Row,
    facts: Vec<(&'static str, String)>,
    url: Option<String>,
    log: Option<String>,
    may_cancel: bool,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    chrome: Chrome,
    run: String,
    log: Option<String>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    chrome: Chrome,
    tabs: Tabs,
    rows: Vec<AuditRow>,
    more: Option<String>,
}

struct Row {
    id: String,
    href: String,
    at: String,
    ago: String,
    job: String,
    user: String,
    class: &'static str,
    state: String,
}

struct AuditRow {
    at: String,
    user: String,
    channel: String,
    what: String,
    arguments: String,
    is_allowed: bool,
    decision: String,
    outcome: String,
}

impl Row {
    fn of(run: &Run, now: Timestamp) -> Self {
        let (class, state) = standing(&run.state);
        Self {
            id: run.id.to_string(),
            href: format!("/projects/{}/runs/{}", run.asked.project, run.id),
            at: moment(run.asked.at),
            ago: ago(run.asked.at, now),
            job: run.job.clone(),
            user: called(&run.asked.user),
            class,
            state,
        }
    }
}

/// Names can be changed by whoever bears them; the id stays.
fn called(named: &Named) -> String {
    if named.name.is_empty() { named.id.clone() } else { format!("{} ({})", named.name, named.id) }
}

fn standing(state: &Standing) -> (&'static str, String) {
    match state {
        Standing::Waiting { .. } => ("warn", "waits for consent".to_owned()),
        Standing::Queued => ("", "queued".to_owned()),
        Standing::Starting { .. } => ("", "starting".to_owned()),
        Standing::Running { .. } => ("", "running".to_owned()),
        Standing::Ended(end) => {
            let class = if end.how == How::Executed(Ending::Succeeded) { "good" } else { "bad" };
            (class, end.how.name().replace('_', " "))
        }
    }
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let after = visit.query.given("after").map(|after| after.replace('.', "#"));
    let listing = runs::Listing { project: saved.project.id, limit: SHOWN, after };
    let page = runs::list(&console.app, &listing).await?;
    let href = format!("/projects/{}/runs", saved.project.id);
    shown(&ListPage {
        chrome: Chrome::of(&visit, "projects"),
        tabs: Tabs::of(&visit, &saved, "runs"),
        rows: page.runs.iter().map(|run| Row::of(run, console.app.clock.now())).collect(),
        more: page.next.map(|next| further(&href, &next)),
    })
}

/// A link to the page behind this place.
fn further(href: &str, next: &str) -> String {
    let start = format!("{href}?");
    let mut query = form_urlencoded::Serializer::for_suffix(start.clone(), start.len());
    query.append_pair("after", &next.replace('#', ".")).finish()
}

/// The project's run that an address names.
async fn find(console: &Console, project: config::ProjectId, run: &str) -> Result<Run, Refusal> {
    let id: RunId = crate::number(run)?;
    let run = runs::find(&console.app, &id).await?;
    run.filter(|run| run.asked.project == project).ok_or(Refusal::NotFound)
}

pub(crate) async fn one(
    State(console): State<Console>,
    Path((number, run)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let run = find(&console, saved.project.id, &run).await?;
    let tabs = Tabs::of(&visit, &saved, "runs");
    let end = run.end();
    let facts = [
        ("Asked for", Some(moment(run.asked.at))),
        ("By", Some(called(&run.asked.user))),
        ("In", Some(called(&run.asked.channel))),
        ("Arguments", Some(run.arguments.clone()).filter(|text| !text.is_empty())),
        ("Consent of", run.consented_by.as_ref().map(called)),
        ("Stopped by", run.stopped_by.as_ref().map(called)),
        ("Commit", run.found.as_ref().map(|commit| format!("{} ({})", commit.id, commit.reference))),
        ("Ended", end.map(|end| moment(end.at))),
        ("Ran for", end.map(|end| format!("{} s", end.took_ms / 1_000))),
    ];
    let may_cancel = tabs.may_write && end.is_none();
    shown(&OnePage {
        chrome: Chrome::of(&visit, "projects"),
        row: Row::of(&run, console.app.clock.now()),
        facts: facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect(),
        url: run.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        log: runs::read_log(&console.app, &run.id).await?,
        tabs,
        may_cancel,
    })
}

pub(crate) async fn cancel(
    State(console): State<Console>,
    Path((number, run)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let run = find(&console, saved.project.id, &run).await?;
    // Whoever holds a token is nobody in chat: the run says whose token it was.
    let token = &posted.visit.token;
    let by = Named { id: format!("token{}", token.id), name: token.name.clone() };
    let path = format!("/projects/{}/runs/{}", saved.project.id, run.id);
    let stopped = stop(&console.app, &*console.queue, &run, &by).await.map_err(Refusal::fault)?;
    Ok(then(&path, if stopped { "cancelled" } else { "nothing" }).into_response())
}

/// The log behind a link that chat was given.
pub(crate) async fn linked_log(
    State(console): State<Console>,
    Path(run): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    let id: RunId = crate::number(&run)?;
    let expires = crate::number(query.text("expires"))?;
    if !runs::is_log_link(&console.app, &id, (expires, query.text("signature"))) {
        return Err(Refusal::NotFound);
    }
    let log = runs::read_log(&console.app, &id).await?;
    shown(&LogPage { chrome: Chrome::nobody(""), run: id.to_string(), log })
}

pub(crate) async fn audit(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let after = visit.query.given("after").map(|after| after.replace('.', "#"));
    let listing = audit::Listing { project: saved.project.id, limit: SHOWN, after };
    let page = audit::list(&console.app, &listing).await?;
    let href = format!("/projects/{}/audit", saved.project.id);
    shown(&AuditPage {
        chrome: Chrome::of(&visit, "projects"),
        tabs: Tabs::of(&visit, &saved, "audit"),
        rows: page.entries.into_iter().map(AuditRow::of).collect(),
        more: page.next.map(|next| further(&href, &next)),
    })
}

impl AuditRow {
    fn of(entry: audit::Entry) -> Self {
        Self {
            at: moment(entry.at),
            user: called(&entry.user),
            channel: called(&entry.channel),
            what: entry.what,
            arguments: match entry.arguments {
                Arguments::None => String::new(),
                Arguments::Kept(text) => text,
                Arguments::Digest(digest) => format!("digest {}…", digest.get(..12).unwrap_or(&digest)),
            },
            is_allowed: entry.is_allowed,
            decision: entry.decision,
            outcome: entry.outcome,
        }
    }
}
