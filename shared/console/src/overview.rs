//! The first page: what needs somebody, and how much flows.
//!
//! Not here: a single project.

use app::attention::{self, Trouble};
use app::clock::Timestamp;
use app::flow::{self, HourOf, Whose};
use app::projects;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use config::{ProjectId, TargetId};
use futures_util::future::try_join_all;
use relay::breaker::{DisabledReason, Health, TargetState};

use crate::chart::Chart;
use crate::moment::ahead;
use crate::page::{Chrome, shown};
use crate::refusal::Refusal;
use crate::visit::Visit;
use crate::{Console, deliveries};

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    chrome: Chrome,
    troubles: Vec<TroubleRow>,
    chart: Chart,
    is_new: bool,
    is_admin: bool,
}

/// A target in trouble.
struct TroubleRow {
    path: String,
    project: ProjectId,
    target: String,
    href: String,
    state: Standing,
    kept: String,
}

/// How a target fares, in a word and its colour.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) detail: String,
}

impl Standing {
    /// In GitLab's words.
    pub(crate) fn of(health: &Health, now: Timestamp) -> Self {
        match health.state {
            TargetState::Executable => Self { class: "good", word: "executable", detail: String::new() },
            TargetState::TemporarilyDisabled { disabled_until, .. } => Self {
                class: "warn",
                word: "temporarily disabled",
                detail: format!(
                    "{} attempts in a row failed; it is tried again {}",
                    health.failures,
                    ahead(Timestamp(disabled_until), now)
                ),
            },
            TargetState::Disabled { reason } => Self {
                class: "bad",
                word: "disabled",
                detail: match reason {
                    DisabledReason::Failures => format!("{} attempts in a row failed", health.failures),
                    DisabledReason::Gone => "it says that it is gone (410)".to_owned(),
                },
            },
        }
    }
}

pub(crate) async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refusal> {
    let app = &console.app;
    let troubles = attention::list(app, |project| visit.token.scope.may_read(project)).await?;
    let troubles = try_join_all(troubles.iter().map(|trouble| row(&console, trouble))).await?;
    let hours = match visit.token.scope.projects() {
        None => flow::last_day(app, Whose::House).await?,
        Some(projects) => {
            let days = projects.iter().map(|project| flow::last_day(app, Whose::Project(*project)));
            sum(try_join_all(days).await?)
        }
    };
    let is_admin = visit.token.scope.is_admin();
    let is_new = is_admin && projects::list(app, None, 1).await?.projects.is_empty();
    let chart = Chart::of("day", &hours);
    let chrome = Chrome::of(&visit, "overview");
    shown(&Page { chrome, troubles: troubles.into_iter().flatten().collect(), chart, is_new, is_admin })
}

/// `None` if the project has gone.
async fn row(console: &Console, trouble: &Trouble) -> Result<Option<TroubleRow>, Refusal> {
    let (TargetId::Irker(id) | TargetId::Hook(id, _)) = trouble.target;
    let Some(project) = projects::by_id(&console.app, id).await? else { return Ok(None) };
    let kept = |count: usize, what: &str| match count {
        0 => None,
        attention::COUNTED_MAX => Some(format!("{count} or more {what}")),
        _ => Some(format!("{count} {what}")),
    };
    let kept = [kept(trouble.parked, "parked"), kept(trouble.waiting, "waiting")];
    Ok(Some(TroubleRow {
        path: project.path.to_string(),
        project: id,
        target: deliveries::name(&project, trouble.target),
        href: deliveries::href(trouble.target),
        state: Standing::of(&trouble.health, console.app.clock.now()),
        kept: kept.into_iter().flatten().collect::<Vec<_>>().join(", "),
    }))
}

fn sum(days: Vec<Vec<HourOf>>) -> Vec<HourOf> {
    let mut days = days.into_iter();
    let mut sum = days.next().unwrap_or_default();
    for day in days {
        for (total, hour) in sum.iter_mut().zip(day) {
            total.counts += hour.counts;
        }
    }
    sum
}
