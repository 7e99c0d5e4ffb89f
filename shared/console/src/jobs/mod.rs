//! What slash commands run, and who executes it, with the risk in words.
//!
//! For admins alone: whoever sets this decides who runs programs on which machine, and that is the house's matter, not a
//! project's.
//!
//! Not here: what is typed and what it means (`typed`), who may run which job (`commands`).

mod typed;

use app::projects::{self, SaveError, Saved};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use config::jobs::Executor;
use config::{Project, ProjectError};
use http::StatusCode;

use self::typed::{FormFields, Typed};
use crate::Console;
use crate::form::Problems;
use crate::page::{Chrome, shown_as};
use crate::project::Tabs;
use crate::refusal::Refusal;
use crate::visit::{Posted, Visit, then};

/// The executors by their names in settings, and what each means for those who run Bellhop.
const EXECUTORS: [(&str, &str); 4] = [
    (
        "local",
        "Jobs run on Bellhop’s own machine, with its network: whoever may push to the repository’s branch runs programs there.",
    ),
    (
        "codebuild",
        "Jobs run on AWS CodeBuild, each in a container of its own: whoever may push to the branch runs programs there, with the role of its project.",
    ),
    (
        "gitlab_chat",
        "GitLab runs the jobs, by its own ChatOps: the command is handed on to it, and its rules count as well.",
    ),
    (
        "gitlab_pipeline",
        "GitLab runs the jobs in a pipeline, in the name of whoever the project’s token belongs to.",
    ),
];

#[derive(Template)]
#[template(path = "jobs.html")]
struct Page {
    chrome: Chrome,
    tabs: Tabs,
    revision: u64,
    risks: [(&'static str, &'static str); 4],
    fields: FormFields,
    problems: Vec<(String, String)>,
    is_set: bool,
}

/// What an executor means for those who run Bellhop.
pub(crate) fn in_words(executor: &Executor) -> &'static str {
    EXECUTORS.iter().find(|(name, _)| *name == executor.name()).map_or("", |(_, words)| words)
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    visit.admin()?;
    let saved = visit.project(&console, &number).await?;
    page((&visit, &saved), (&Typed::of(&saved.project), &Problems::default()))
}

fn page(
    (visit, saved): (&Visit, &Saved),
    (typed, problems): (&Typed, &Problems),
) -> Result<Response, Refusal> {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        chrome: Chrome::of(visit, "projects"),
        tabs: Tabs::of(visit, saved, "commands"),
        revision: saved.revision.0,
        risks: EXECUTORS,
        fields: typed.fields(&saved.project, problems),
        problems: problems.all(),
        is_set: saved.project.jobs.is_some(),
    };
    shown_as(status, &page)
}

pub(crate) async fn change(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    posted.visit.admin()?;
    let saved = posted.project(&console, &number).await?;
    let path = format!("/projects/{}/commands", saved.project.id);
    if posted.form.text("do") == "remove" {
        let project = Project { jobs: None, ..saved.project.clone() };
        projects::save(&console.app, project, posted.expected()?).await?;
        return Ok(then(&path, "saved").into_response());
    }
    let (typed, mut problems) = (Typed::read(&posted.form), Problems::default());
    let changed = typed.project(&saved.project, &mut problems);
    if let (Some(project), true) = (changed, problems.is_empty()) {
        match projects::save(&console.app, project, posted.expected()?).await {
            Ok(_) => return Ok(then(&path, "saved").into_response()),
            Err(SaveError::Invalid(ProjectError::Jobs(error))) => {
                problems.add(typed::field_of(&error), error);
            }
            Err(SaveError::Invalid(ProjectError::GitLab(error))) => problems.add("gitlab_url", error),
            Err(error) => return Err(error.into()),
        }
    }
    page((&posted.visit, &saved), (&typed, &problems))
}
