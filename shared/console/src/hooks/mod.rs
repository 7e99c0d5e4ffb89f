//! A project's HTTP hooks: the list, a hook's form, its test and its newest deliveries.
//!
//! Not here: what is typed and what it means (`typed`), the whole log (`deliveries`).

mod typed;

use app::projects::{self, SaveError, Saved};
use app::test_hook::{self, TestHookError};
use app::{attempts, targets};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::{HookId, HttpHook, Project, ProjectError, Switch, TargetId};
use futures_util::future::try_join_all;
use http::StatusCode;

use self::typed::{FormFields, Typed};
use crate::Console;
use crate::deliveries::{self, Row, newest};
use crate::field::Field;
use crate::form::Problems;
use crate::overview::Standing;
use crate::page::{Chrome, shown, shown_as};
use crate::project::Tabs;
use crate::refusal::Refusal;
use crate::subscription::{Fields, label};
use crate::visit::{Posted, Visit, then};

/// How many of its deliveries a hook's page shows.
const NEWEST: usize = 10;

#[derive(Template)]
#[template(path = "hooks.html")]
struct ListPage {
    chrome: Chrome,
    tabs: Tabs,
    hooks: Vec<HookRow>,
}

struct HookRow {
    id: HookId,
    name: String,
    server: String,
    is_active: bool,
    standing: Standing,
    log: String,
}

#[derive(Template)]
#[template(path = "hook.html")]
struct Page {
    chrome: Chrome,
    tabs: Tabs,
    revision: u64,
    title: String,
    action: String,
    fields: FormFields,
    wanted: Fields,
    problems: Vec<(String, String)>,
    /// A signing token that was just made, shown this once.
    signing_token: Option<String>,
    /// `None` for a new one.
    stored: Option<Stored>,
}

/// What there is of a hook that is stored already.
struct Stored {
    id: HookId,
    standing: Standing,
    may_enable: bool,
    trigger: Field,
    log: String,
    rows: Vec<Row>,
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let hooks = saved.project.hooks.iter().map(|hook| row(&console, &saved.project, hook));
    shown(&ListPage {
        chrome: Chrome::of(&visit, "projects"),
        tabs: Tabs::of(&visit, &saved, "hooks"),
        hooks: try_join_all(hooks).await?,
    })
}

async fn row(console: &Console, project: &Project, hook: &HttpHook) -> Result<HookRow, Refusal> {
    let target = TargetId::Hook(project.id, hook.id);
    let health = targets::health(&console.app, target).await?;
    Ok(HookRow {
        id: hook.id,
        name: deliveries::name(project, target),
        server: typed::server(hook),
        is_active: hook.active,
        standing: Standing::of(&health, console.app.clock.now()),
        log: deliveries::href(target),
    })
}

/// The hook that an address names.
fn find<'a>(saved: &'a Saved, number: &str) -> Result<&'a HttpHook, Refusal> {
    let id = HookId(crate::number(number)?);
    saved.project.hooks.iter().find(|hook| hook.id == id).ok_or(Refusal::NotFound)
}

pub(crate) async fn new(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    if !visit.token.scope.may_write(saved.project.id) {
        return Err(Refusal::ReadOnly);
    }
    page(&console, (&visit, &saved), None, (&Typed::new(), &Problems::default())).await
}

pub(crate) async fn edit(
    State(console): State<Console>,
    Path((number, hook)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    let hook = find(&saved, &hook)?;
    page(&console, (&visit, &saved), Some(hook), (&Typed::of(hook), &Problems::default())).await
}

async fn page(
    console: &Console,
    (visit, saved): (&Visit, &Saved),
    hook: Option<&HttpHook>,
    (typed, problems): (&Typed, &Problems),
) -> Result<Response, Refusal> {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    shown_as(status, &compose(console, (visit, saved), hook, (typed, problems)).await?)
}

async fn compose(
    console: &Console,
    (visit, saved): (&Visit, &Saved),
    hook: Option<&HttpHook>,
    (typed, problems): (&Typed, &Problems),
) -> Result<Page, Refusal> {
    let id = saved.project.id;
    let stored = match hook {
        Some(hook) => Some(stored(console, &saved.project, hook).await?),
        None => None,
    };
    let target = hook.map(|hook| TargetId::Hook(id, hook.id));
    Ok(Page {
        chrome: Chrome::of(visit, "projects"),
        tabs: Tabs::of(visit, saved, "hooks"),
        revision: saved.revision.0,
        title: target.map_or("New HTTP hook".to_owned(), |target| deliveries::name(&saved.project, target)),
        action: hook
            .map_or(format!("/projects/{id}/hooks/new"), |hook| format!("/projects/{id}/hooks/{}", hook.id)),
        fields: typed.fields(hook, problems),
        wanted: typed.subscription.fields(problems),
        problems: problems.all(),
        signing_token: None,
        stored,
    })
}

async fn stored(console: &Console, project: &Project, hook: &HttpHook) -> Result<Stored, Refusal> {
    let target = TargetId::Hook(project.id, hook.id);
    let health = targets::health(&console.app, target).await?;
    let standing = Standing::of(&health, console.app.clock.now());
    let triggers: Vec<_> = Switch::ALL.iter().map(|switch| (switch.name(), label(*switch))).collect();
    Ok(Stored {
        id: hook.id,
        may_enable: standing.class != "good",
        standing,
        trigger: Field::choice("trigger", "Event", Switch::Push.name(), &triggers),
        log: deliveries::href(target),
        rows: newest(console, target, NEWEST).await?,
    })
}

pub(crate) async fn create(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let id = HookId(saved.project.last_hook.0 + 1);
    let mut project = saved.project.clone();
    project.last_hook = id;
    save(&console, (&posted, &saved), project, HttpHook::to(id, "")).await
}

pub(crate) async fn change(
    State(console): State<Console>,
    Path((number, hook)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let hook = find(&saved, &hook)?.clone();
    save(&console, (&posted, &saved), saved.project.clone(), hook).await
}

/// Saves a hook as the form has it, in place of what it was.
async fn save(
    console: &Console,
    (posted, saved): (&Posted, &Saved),
    mut project: Project,
    before: HttpHook,
) -> Result<Response, Refusal> {
    let (typed, mut problems) = (Typed::read(&posted.form), Problems::default());
    let is_stored = saved.project.hooks.iter().any(|hook| hook.id == before.id);
    let id = before.id;
    let hook = typed.hook(before, &mut problems);
    let (hook, made) = match hook {
        Some(hook) if typed.wants_signing_token => with_signing_token(console, hook),
        Some(hook) => (Some(hook), None),
        None => (None, None),
    };
    if let (Some(hook), true) = (hook, problems.is_empty()) {
        project.hooks.retain(|other| other.id != hook.id);
        project.hooks.push(hook);
        project.hooks.sort_by_key(|hook| hook.id);
        let path = format!("/projects/{}/hooks/{id}", project.id);
        match projects::save(&console.app, project, posted.expected()?).await {
            Ok(_) => return saved_hook(console, posted, (&path, id), made).await,
            Err(SaveError::Invalid(ProjectError::Hook { error, .. })) => {
                problems.add(typed::field_of(&error), error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let stored = saved.project.hooks.iter().find(|hook| is_stored && hook.id == id);
    page(console, (&posted.visit, saved), stored, (&typed, &problems)).await
}

fn with_signing_token(console: &Console, mut hook: HttpHook) -> (Option<HttpHook>, Option<String>) {
    let token = typed::new_signing_token(&console.app.chance);
    hook.signing_tokens.push(payload::Secret::new(token.as_str()));
    (Some(hook), Some(token))
}

/// To the hook's page; or the page itself, if it has something to show once.
async fn saved_hook(
    console: &Console,
    posted: &Posted,
    (path, id): (&str, HookId),
    made: Option<String>,
) -> Result<Response, Refusal> {
    let Some(token) = made else { return Ok(then(path, "saved").into_response()) };
    let number = path.split('/').nth(2).unwrap_or_default();
    let saved = posted.project(console, number).await?;
    let hook = find(&saved, &id.to_string())?;
    let typed = Typed::of(hook);
    let page = compose(console, (&posted.visit, &saved), Some(hook), (&typed, &Problems::default())).await?;
    shown(&Page { signing_token: Some(token), ..page })
}

pub(crate) async fn test(
    State(console): State<Console>,
    Path((number, hook)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let id = find(&saved, &hook)?.id;
    let switch = Switch::named(posted.form.text("trigger")).ok_or(Refusal::NotFound)?;
    match test_hook::run(&console.app, &console.outbound, &saved.project, (id, switch)).await {
        Ok(tested) => {
            let row = Row::of(&tested.entry, console.app.clock.now());
            // What cannot be logged cannot be shown there: the newest deliveries have it, or say so.
            let target = tested.entry.target;
            let is_logged = attempts::find(&console.app, target, &tested.entry.id()).await?.is_some();
            let path = if is_logged { row.href } else { deliveries::href(target) };
            Ok(Redirect::to(&path).into_response())
        }
        Err(TestHookError::NoHook(_)) => Err(Refusal::NotFound),
        Err(TestHookError::Store(error)) => Err(error.into()),
    }
}

pub(crate) async fn enable(
    State(console): State<Console>,
    Path((number, hook)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let (project, hook) = (saved.project.id, find(&saved, &hook)?.id);
    targets::enable(&console.app, TargetId::Hook(project, hook)).await?;
    Ok(then(&format!("/projects/{project}/hooks/{hook}"), "enabled").into_response())
}

pub(crate) async fn delete(
    State(console): State<Console>,
    Path((number, hook)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let hook = find(&saved, &hook)?.id;
    let mut project = saved.project.clone();
    project.hooks.retain(|other| other.id != hook);
    let id = project.id;
    projects::save(&console.app, project, posted.expected()?).await?;
    Ok(then(&format!("/projects/{id}/hooks"), "deleted").into_response())
}
