//! A project's slash commands: where each comes in, how its chat is told, and who may do what with it.
//!
//! Not here: what is typed and what it means (`typed`), rules in words (`rules`), what commands run (`jobs`).

mod rules;
mod typed;

use app::projects::{self, SaveError, Saved};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use config::commands::Platform;
use config::{CommandIntegration, Project, ProjectError};
use http::StatusCode;

use self::typed::Typed;
use crate::Console;
use crate::field::Field;
use crate::form::Problems;
use crate::page::{Chrome, shown, shown_as};
use crate::project::Tabs;
use crate::projects::random_text;
use crate::refusal::Refusal;
use crate::visit::{Posted, Visit, then};

/// How many random bytes a command's id has that we make: it is a part of an address.
const ID_BYTES: usize = 9;

#[derive(Template)]
#[template(path = "commands.html")]
struct ListPage {
    chrome: Chrome,
    tabs: Tabs,
    commands: Vec<CommandRow>,
    /// Who executes what they run, in words; `None` if they run nothing.
    executor: Option<&'static str>,
    is_admin: bool,
}

struct CommandRow {
    id: String,
    platform: Platform,
    url: String,
    rules: usize,
}

#[derive(Template)]
#[template(path = "command.html")]
struct Page {
    chrome: Chrome,
    tabs: Tabs,
    revision: u64,
    action: String,
    platform: Platform,
    is_slack: bool,
    /// `None` for a new one.
    url: Option<String>,
    secrets: Vec<Field>,
    teams: Field,
    access: Field,
    /// What the rules that are shown say, one sentence each.
    sentences: Vec<String>,
    problems: Vec<(String, String)>,
}

/// Where a command's requests come in.
fn url_of(visit: &Visit, id: &str) -> String {
    format!("{}/commands/{id}", visit.commands_door)
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let row = |command: &CommandIntegration| CommandRow {
        id: command.id.to_string(),
        platform: command.chat.platform(),
        url: url_of(&visit, command.id.as_str()),
        rules: command.rules.len(),
    };
    shown(&ListPage {
        is_admin: visit.token.scope.is_admin(),
        chrome: Chrome::of(&visit, "projects"),
        tabs: Tabs::of(&visit, &saved, "commands"),
        commands: saved.project.commands.iter().map(row).collect(),
        executor: saved.project.jobs.as_ref().map(|jobs| crate::jobs::in_words(&jobs.executor)),
    })
}

fn find<'a>(saved: &'a Saved, id: &str) -> Result<&'a CommandIntegration, Refusal> {
    saved.project.commands.iter().find(|command| command.id.as_str() == id).ok_or(Refusal::NotFound)
}

fn platform(word: &str) -> Result<Platform, Refusal> {
    match word {
        "slack" => Ok(Platform::Slack),
        "mattermost" => Ok(Platform::Mattermost),
        _ => Err(Refusal::NotFound),
    }
}

pub(crate) async fn new(
    State(console): State<Console>,
    Path((number, word)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    if !visit.token.scope.may_write(saved.project.id) {
        return Err(Refusal::ReadOnly);
    }
    let typed = Typed::new(platform(&word)?);
    page(
        (&visit, &saved),
        (None, format!("/projects/{number}/commands/new/{word}")),
        (&typed, &Problems::default()),
    )
}

pub(crate) async fn edit(
    State(console): State<Console>,
    Path((number, id)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let command = find(&saved, &id)?;
    let action = format!("/projects/{number}/commands/{id}");
    page((&visit, &saved), (Some(command), action), (&Typed::of(command), &Problems::default()))
}

fn page(
    (visit, saved): (&Visit, &Saved),
    (stored, action): (Option<&CommandIntegration>, String),
    (typed, problems): (&Typed, &Problems),
) -> Result<Response, Refusal> {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        chrome: Chrome::of(visit, "projects"),
        tabs: Tabs::of(visit, saved, "commands"),
        revision: saved.revision.0,
        action,
        platform: typed.platform,
        is_slack: typed.platform == Platform::Slack,
        url: stored.map(|command| url_of(visit, command.id.as_str())),
        secrets: typed.secret_fields(stored, problems),
        teams: typed.team_field(problems),
        access: typed.access_field(problems),
        sentences: typed.sentences(),
        problems: problems.all(),
    };
    shown_as(status, &page)
}

pub(crate) async fn create(
    State(console): State<Console>,
    Path((number, word)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let typed = Typed::read(platform(&word)?, &posted.form);
    let id = random_text::<ID_BYTES>(&console);
    let action = format!("/projects/{}/commands/new/{word}", saved.project.id);
    save(&console, (&posted, &saved), (None, id, action), &typed).await
}

pub(crate) async fn change(
    State(console): State<Console>,
    Path((number, id)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let command = find(&saved, &id)?;
    let typed = Typed::read(command.chat.platform(), &posted.form);
    let action = format!("/projects/{}/commands/{id}", saved.project.id);
    save(&console, (&posted, &saved), (Some(command), id, action), &typed).await
}

async fn save(
    console: &Console,
    (posted, saved): (&Posted, &Saved),
    (stored, id, action): (Option<&CommandIntegration>, String, String),
    typed: &Typed,
) -> Result<Response, Refusal> {
    let mut problems = Problems::default();
    let id = id.try_into().map_err(Refusal::fault)?;
    if let (Some(command), true) = (typed.command(id, stored, &mut problems), problems.is_empty()) {
        let mut project = saved.project.clone();
        let path = format!("/projects/{}/commands/{}", project.id, command.id);
        project.commands.retain(|other| other.id != command.id);
        project.commands.push(command);
        match projects::save(&console.app, project, posted.expected()?).await {
            Ok(_) => return Ok(then(&path, "saved").into_response()),
            Err(SaveError::Invalid(ProjectError::Command { error, .. })) => {
                problems.add(typed::field_of(&error), error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    page((&posted.visit, saved), (stored, action), (typed, &problems))
}

pub(crate) async fn delete(
    State(console): State<Console>,
    Path((number, id)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    find(&saved, &id)?;
    let commands = saved.project.commands.iter().filter(|command| command.id.as_str() != id).cloned();
    let project = Project { commands: commands.collect(), ..saved.project.clone() };
    let number = project.id;
    projects::save(&console.app, project, posted.expected()?).await?;
    Ok(then(&format!("/projects/{number}/commands"), "deleted").into_response())
}
