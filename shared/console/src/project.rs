//! A project's first page: how its targets fare, where its webhooks come in, its secrets and settings.
//!
//! Not here: its targets' own pages.

use app::attention;
use app::flow::{self, Counts, Whose};
use app::projects::{self, Saved};
use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use config::limits::{RATE_LIMIT, SECRETS_MAX};
use config::{Project, ProjectId, ProjectPath, TargetId};
use futures_util::future::try_join_all;
use http::StatusCode;
use payload::{Forge, Secret};

use crate::chart::Chart;
use crate::field::Field;
use crate::form::{Form, Problems, number};
use crate::overview::Standing;
use crate::page::{Chrome, shown_as};
use crate::projects::random_text;
use crate::refusal::Refusal;
use crate::setup::Setup;
use crate::visit::{Posted, Visit, then};
use crate::{Console, deliveries};

/// How many random bytes a secret has that we make.
const SECRET_BYTES: usize = 24;

/// What a project's pages have at their top.
#[derive(Debug, Template)]
#[template(path = "tabs.html")]
pub(crate) struct Tabs {
    pub(crate) id: ProjectId,
    pub(crate) path: String,
    pub(crate) may_write: bool,
    /// Which of the pages it is.
    tab: &'static str,
}

/// A template of its own, which has escaped its text already.
impl HtmlSafe for Tabs {}

impl Tabs {
    pub(crate) fn of(visit: &Visit, saved: &Saved, tab: &'static str) -> Self {
        let Project { id, path, .. } = &saved.project;
        Self { id: *id, path: path.to_string(), may_write: visit.token.scope.may_write(*id), tab }
    }
}

#[derive(Template)]
#[template(path = "project.html")]
struct Page {
    chrome: Chrome,
    tabs: Tabs,
    setup: Setup,
    is_new: bool,
    revision: u64,
    targets: Vec<TargetRow>,
    chart: Chart,
    settings: Vec<Field>,
    secrets: Vec<usize>,
    may_add_secret: bool,
    own_secret: Field,
    is_admin: bool,
    confirm: Field,
    problems: Vec<(String, String)>,
}

/// A target, and what became of its deliveries within the last day.
struct TargetRow {
    name: String,
    /// Its settings.
    href: String,
    /// Its log.
    log: String,
    standing: Standing,
    counts: Counts,
    parked: usize,
}

pub(crate) async fn show(
    State(console): State<Console>,
    Path(number): Path<String>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let saved = visit.project(&console, &number).await?;
    page(&console, &visit, &saved, None).await
}

/// The page, with a secret that was just made, if one was.
pub(crate) async fn page(
    console: &Console,
    visit: &Visit,
    saved: &Saved,
    secret: Option<String>,
) -> Result<Response, Refusal> {
    let status = if secret.is_some() { StatusCode::CREATED } else { StatusCode::OK };
    let page = compose(console, (visit, saved), (secret, &Form::default()), &Problems::default()).await?;
    shown_as(status, &page)
}

async fn compose(
    console: &Console,
    (visit, saved): (&Visit, &Saved),
    (secret, form): (Option<String>, &Form),
    problems: &Problems,
) -> Result<Page, Refusal> {
    let project = &saved.project;
    let targets = deliveries::targets(project).into_iter().map(|target| row(console, project, target));
    let hours = flow::last_day(&console.app, Whose::Project(project.id)).await?;
    Ok(Page {
        chrome: Chrome::of(visit, "projects"),
        tabs: Tabs::of(visit, saved, "project"),
        is_new: secret.is_some(),
        setup: Setup::of(visit, project, secret),
        revision: saved.revision.0,
        targets: try_join_all(targets).await?,
        chart: Chart::of("day", &hours),
        settings: settings(project, form, problems),
        secrets: (1..=project.source.secrets.len()).collect(),
        may_add_secret: project.source.secrets.len() < SECRETS_MAX,
        own_secret: Field::secret("secret", "Or one of your own")
            .hint("A text, or a signing token (whsec_...).")
            .judged(problems),
        is_admin: visit.token.scope.is_admin(),
        confirm: Field::text("confirm", "Type the path to delete it", "").required().judged(problems),
        problems: problems.all(),
    })
}

async fn row(console: &Console, project: &Project, target: TargetId) -> Result<TargetRow, Refusal> {
    let trouble = attention::look(&console.app, target).await?;
    let mut counts = Counts::default();
    for hour in flow::last_day(&console.app, Whose::Target(target)).await? {
        counts += hour.counts;
    }
    let href = match target {
        TargetId::Irker(id) => format!("/projects/{id}/irker"),
        TargetId::Hook(id, hook) => format!("/projects/{id}/hooks/{hook}"),
    };
    Ok(TargetRow {
        name: deliveries::name(project, target),
        href,
        log: deliveries::href(target),
        standing: Standing::of(&trouble.health, console.app.clock.now()),
        counts,
        parked: trouble.parked,
    })
}

/// The forges, with the words that stand for them in settings.
const FORGES: [(&str, &str); 8] = [
    ("auto", "Whichever the request says"),
    ("gitlab", "GitLab"),
    ("github", "GitHub"),
    ("gitea", "Gitea"),
    ("forgejo", "Forgejo"),
    ("gogs", "Gogs"),
    ("bitbucket-cloud", "Bitbucket Cloud"),
    ("bitbucket-server", "Bitbucket Data Center"),
];

fn forge_word(forge: Option<Forge>) -> String {
    let word = forge.and_then(|forge| serde_json::to_value(forge).ok());
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_else(|| "auto".to_owned())
}

fn settings(project: &Project, form: &Form, problems: &Problems) -> Vec<Field> {
    let is_typed = !problems.is_empty() && form.given("path").is_some();
    let typed = |name: &str, stored: String| if is_typed { form.text(name).to_owned() } else { stored };
    let rate = project.rate_limit.map(|rate| rate.to_string()).unwrap_or_default();
    let is_open = if is_typed { form.is_on("allow_unsigned") } else { project.source.allow_unsigned };
    vec![
        Field::text("path", "Path", typed("path", project.path.to_string())).required().judged(problems),
        Field::choice("forge", "Forge", typed("forge", forge_word(project.source.forge)), &FORGES),
        Field::number("rate_limit", "Requests a minute", typed("rate_limit", rate), &RATE_LIMIT)
            .hint("How many its HTTP targets get at the most, all together; what is more waits. Empty for no limit.")
            .judged(problems),
        Field::check("allow_unsigned", "Take what nobody has signed", is_open)
            .hint("For a GitLab of 2014. Whoever knows the address can then post to it.")
            .judged(problems),
    ]
}

pub(crate) async fn change_source(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let mut problems = Problems::default();
    let changed = changed(&posted.form, &saved.project, &mut problems);
    let id = saved.project.id;
    if let (Some(project), true) = (changed, problems.is_empty()) {
        match projects::save(&console.app, project, posted.expected()?).await {
            Ok(_) => return Ok(then(&format!("/projects/{id}"), "saved").into_response()),
            Err(error @ projects::SaveError::PathTaken(_)) => problems.add("path", error),
            Err(error @ projects::SaveError::Invalid(_)) => problems.add("allow_unsigned", error),
            Err(error) => return Err(error.into()),
        }
    }
    again(&console, (&posted, &saved), &problems).await
}

/// The page once more, with what is wrong with a form on it.
async fn again(
    console: &Console,
    (posted, saved): (&Posted, &Saved),
    problems: &Problems,
) -> Result<Response, Refusal> {
    let page = compose(console, (&posted.visit, saved), (None, &posted.form), problems).await?;
    shown_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn changed(form: &Form, project: &Project, problems: &mut Problems) -> Option<Project> {
    let path = problems.take("path", ProjectPath::try_from(form.text("path").to_owned()));
    let rate = form.given("rate_limit").map(|rate| {
        number(rate, &format!("{} to {}", RATE_LIMIT.start(), RATE_LIMIT.end())).and_then(|rate| {
            if RATE_LIMIT.contains(&rate) {
                Ok(rate)
            } else {
                Err(format!("{rate} is not between {} and {}", RATE_LIMIT.start(), RATE_LIMIT.end()))
            }
        })
    });
    let rate_limit = problems.take("rate_limit", rate.transpose());
    let forge = match form.text("forge") {
        "auto" => None,
        word => serde_json::from_value(serde_json::Value::from(word)).ok(),
    };
    let mut source = project.source.clone();
    (source.forge, source.allow_unsigned) = (forge, form.is_on("allow_unsigned"));
    Some(Project { path: path?, rate_limit: rate_limit?, source, ..project.clone() })
}

pub(crate) async fn add_secret(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let mut project = saved.project.clone();
    let own = posted.form.given("secret").map(str::to_owned);
    let secret = own.clone().unwrap_or_else(|| random_text::<SECRET_BYTES>(&console));
    project.source.secrets.push(Secret::new(secret.as_str()));
    if let Err(error) = project.source.check() {
        let mut problems = Problems::default();
        problems.add("secret", error);
        return again(&console, (&posted, &saved), &problems).await;
    }
    let id = project.id;
    projects::save(&console.app, project, posted.expected()?).await?;
    if own.is_some() {
        return Ok(then(&format!("/projects/{id}"), "saved").into_response());
    }
    let saved = projects::find(&console.app, id).await?.ok_or(Refusal::NotFound)?;
    page(&console, &posted.visit, &saved, Some(secret)).await
}

pub(crate) async fn remove_secret(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    let saved = posted.project(&console, &number).await?;
    let mut project = saved.project.clone();
    let place: usize = crate::number(posted.form.text("place"))?;
    if !(1..=project.source.secrets.len()).contains(&place) {
        return Err(Refusal::NotFound);
    }
    project.source.secrets.remove(place - 1);
    let id = project.id;
    projects::save(&console.app, project, posted.expected()?).await?;
    Ok(then(&format!("/projects/{id}"), "removed").into_response())
}

pub(crate) async fn delete(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    posted.visit.admin()?;
    let saved = posted.project(&console, &number).await?;
    if posted.form.text("confirm") != saved.project.path.as_str() {
        let mut problems = Problems::default();
        problems.add("confirm", format!("this is not '{}'", saved.project.path));
        return again(&console, (&posted, &saved), &problems).await;
    }
    projects::delete(&console.app, saved.project.id, posted.expected()?).await?;
    Ok(Redirect::to("/projects?done=deleted").into_response())
}
