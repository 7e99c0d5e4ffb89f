//! What a project's slash commands ran. What was typed behind a job's name may hold secrets, and is for those who may
//! change the project.

use app::clock::Timestamp;
use app::ids::RunId;
use app::runs::{self, Listing, Run, State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, PAGE_MAX, Route};
use crate::shown::moment;

/// The most runs of one page.
const PER_PAGE_MAX: i64 = 100;

/// How many runs can be paged through: older ones are found in chat.
const RUNS_MAX: usize = 1_000;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/projects/{id}/runs", Access::Read, |call| Box::pin(list(call)))
            .says("The runs of a project's jobs, newest first.")
            .takes([
                field("page", Kind::Number(1, PAGE_MAX), "Which page, from 1."),
                field("per_page", Kind::Number(1, PER_PAGE_MAX), "How many entries a page has."),
            ])
            .gives::<Vec<RunShown>>(StatusCode::OK),
        Route::get("/projects/{id}/runs/{run}", Access::Read, |call| Box::pin(show(call)))
            .says("One run.")
            .gives::<RunShown>(StatusCode::OK),
        Route::get("/projects/{id}/runs/{run}/log", Access::Write, |call| Box::pin(log(call)))
            .says("What a run has printed, its secrets masked.")
            .gives::<LogShown>(StatusCode::OK),
    ]
}

/// One execution of a job.
#[derive(Serialize, ToSchema)]
struct RunShown {
    id: String,
    job: String,
    /// What was typed behind it; `null` for those who may not change the project.
    arguments: Option<String>,
    command: String,
    user: String,
    channel: String,
    /// `waiting`, `queued`, `starting`, `running`, or how it ended: `succeeded`, `failed`, `cancelled`, ...
    state: &'static str,
    created_at: String,
    ended_at: Option<String>,
    /// Without waiting, in milliseconds.
    took_ms: Option<u64>,
    commit: Option<String>,
    reference: Option<String>,
    url: Option<String>,
    /// What chat was shown of its log.
    output: Option<String>,
}

/// What a run has printed.
#[derive(Serialize, ToSchema)]
struct LogShown {
    log: String,
}

fn shown(call: &Call, run: &Run) -> RunShown {
    let end = run.end();
    RunShown {
        id: run.id.to_string(),
        job: run.job.clone(),
        arguments: call.may_write().then(|| run.arguments.clone()),
        command: run.asked.command.to_string(),
        user: run.asked.user.name.clone(),
        channel: run.asked.channel.name.clone(),
        state: match &run.state {
            State::Waiting { .. } => "waiting",
            State::Queued => "queued",
            State::Starting { .. } => "starting",
            State::Running { .. } => "running",
            State::Ended(end) => end.how.name(),
        },
        created_at: moment(run.asked.at),
        ended_at: end.map(|end| end.at).map(|at: Timestamp| moment(at)),
        took_ms: end.map(|end| end.took_ms),
        commit: run.found.as_ref().map(|commit| commit.id.clone()),
        reference: run.found.as_ref().map(|commit| commit.reference.clone()),
        url: run.url.clone(),
        output: end.filter(|_| call.may_write()).map(|end| end.output.clone()),
    }
}

async fn list(call: Call) -> Answered {
    let (project, mut page) = (call.id()?, call.page());
    let wanted = page.offset().saturating_add(page.per_page + 1).min(RUNS_MAX);
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < wanted {
        let listing = Listing { project, limit: wanted - found.len(), after };
        let portion = runs::list(call.app(), &listing).await?;
        found.extend(portion.runs);
        after = portion.next;
        if after.is_none() {
            break;
        }
    }
    let rest = found.get(page.offset()..).unwrap_or_default();
    page.has_next = rest.len() > page.per_page;
    let here = rest[..rest.len().min(page.per_page)].iter().map(|run| shown(&call, run));
    Ok(Reply::part(&here.collect::<Vec<_>>(), page))
}

/// The run in the path, if it is one of the project's.
async fn find(call: &Call) -> Result<Run, Refusal> {
    let id: RunId = call.part("run").parse().map_err(|_| Refusal::NotFound("Run"))?;
    let run = runs::find(call.app(), &id).await?;
    let own = call.id()?;
    run.filter(|run| run.asked.project == own).ok_or(Refusal::NotFound("Run"))
}

async fn show(call: Call) -> Answered {
    Ok(Reply::ok(&shown(&call, &find(&call).await?)))
}

async fn log(call: Call) -> Answered {
    let run = find(&call).await?;
    let log = runs::read_log(call.app(), &run.id).await?.ok_or(Refusal::NotFound("Log"))?;
    Ok(Reply::ok(&LogShown { log }))
}
