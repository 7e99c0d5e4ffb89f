//! The list of projects, and a new one.
//!
//! Not here: a project's own pages.

use app::projects::{self, Listed, SaveError};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use config::{EventSwitches, LineSettings};
use config::{HookId, Irker, Project, ProjectError, ProjectId, ProjectPath, Source, Subscription, Switch};
use futures_util::future::try_join_all;
use http::StatusCode;
use payload::Secret;

use crate::field::Field;
use crate::form::{Form, Problems, number};
use crate::page::{Chrome, shown, shown_as};
use crate::refusal::Refusal;
use crate::visit::{Posted, Visit};
use crate::{Console, project};

/// How many projects a page shows.
const SHOWN: usize = 50;

/// How many are looked at for one page of a search. Behind them, the reader is asked to go on.
const LOOKED_AT_MAX: usize = 1_000;

/// How many random bytes a secret has that we make: beyond all guessing.
const SECRET_BYTES: usize = 24;

/// How many random bytes a source's id has that we make: it is a part of an address, and need only be its own.
const SOURCE_BYTES: usize = 9;

#[derive(Template)]
#[template(path = "projects.html")]
struct ListPage {
    chrome: Chrome,
    search: String,
    projects: Vec<Listed>,
    /// Where to go on.
    more: Option<String>,
    is_admin: bool,
}

#[derive(Template)]
#[template(path = "project_new.html")]
struct NewPage {
    chrome: Chrome,
    path: Field,
    recipients: Field,
    server: [Field; 2],
    problems: Vec<(String, String)>,
}

pub(crate) async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refusal> {
    let search = visit.query.text("search").to_lowercase();
    let after = visit.query.given("after").map(crate::number).transpose()?.map(ProjectId);
    let (mut found, next) = match visit.token.scope.projects() {
        Some(ids) => (some(&console, ids.iter().copied()).await?, None),
        None => all(&console, after, &search).await?,
    };
    found.retain(|listed| listed.path.as_str().to_lowercase().contains(&search));
    let more = next.map(|next| {
        let start = "/projects?";
        let mut query = form_urlencoded::Serializer::for_suffix(start.to_owned(), start.len());
        query.append_pair("search", &search).append_pair("after", &next.to_string()).finish()
    });
    let is_admin = visit.token.scope.is_admin();
    shown(&ListPage { chrome: Chrome::of(&visit, "projects"), search, projects: found, more, is_admin })
}

/// Those that a token names: at most a hundred.
async fn some(console: &Console, ids: impl Iterator<Item = ProjectId>) -> Result<Vec<Listed>, Refusal> {
    let found = try_join_all(ids.map(|id| projects::by_id(&console.app, id))).await?;
    let listed =
        found.into_iter().flatten().map(|project| Listed { id: project.id, path: project.path.clone() });
    Ok(listed.collect())
}

/// A page's worth that fits, and behind which to go on.
async fn all(
    console: &Console,
    mut after: Option<ProjectId>,
    search: &str,
) -> Result<(Vec<Listed>, Option<ProjectId>), Refusal> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    loop {
        let page = projects::list(&console.app, after, if search.is_empty() { SHOWN } else { LOOKED_AT_MAX })
            .await?;
        looked_at += page.projects.len();
        for listed in page.projects {
            if listed.path.as_str().to_lowercase().contains(search) {
                if found.len() == SHOWN {
                    return Ok((found, after));
                }
                after = Some(listed.id);
                found.push(listed);
            }
        }
        after = page.next;
        if after.is_none() || found.len() == SHOWN || looked_at >= LOOKED_AT_MAX {
            return Ok((found, after));
        }
    }
}

pub(crate) async fn new(visit: Visit) -> Result<Response, Refusal> {
    visit.admin()?;
    new_page(&visit, &Form::default(), &Problems::default())
}

fn new_page(visit: &Visit, form: &Form, problems: &Problems) -> Result<Response, Refusal> {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let path = Field::text("path", "Path", form.text("path")).like("group/name").required();
    let recipients = Field::area("recipients", "Recipients on IRC", form.lines("recipients"), 2)
        .like("irc://irc.example.net:6667/channel")
        .hint(
            "Who is to hear of it, if you know already. Everything else about IRC is on the project’s page.",
        );
    let host = form.given("server_host").unwrap_or(Irker::SERVER_HOST);
    let port = form.given("server_port").map_or_else(|| Irker::SERVER_PORT.to_string(), str::to_owned);
    let page = NewPage {
        chrome: Chrome::of(visit, "projects"),
        path: path.hint("What people call it; best as on the forge. Nobody is asked there.").judged(problems),
        recipients: recipients.judged(problems),
        server: [
            Field::text("server_host", "Server host", host).hint("Where irkerd runs.").judged(problems),
            Field::number("server_port", "Server port", port, &(1..=65_535)).judged(problems),
        ],
        problems: problems.all(),
    };
    shown_as(status, &page)
}

pub(crate) async fn create(State(console): State<Console>, posted: Posted) -> Result<Response, Refusal> {
    posted.visit.admin()?;
    let mut problems = Problems::default();
    let path = problems.take("path", ProjectPath::try_from(posted.form.text("path").to_owned()));
    let irker = irker(&posted.form, &mut problems);
    let (Some(path), true) = (path, problems.is_empty()) else {
        return new_page(&posted.visit, &posted.form, &problems);
    };
    let secret = random_text::<SECRET_BYTES>(&console);
    let source = Source {
        id: random_text::<SOURCE_BYTES>(&console).parse().map_err(Refusal::fault)?,
        forge: None,
        secrets: vec![Secret::new(secret.as_str())],
        allow_unsigned: false,
    };
    let project = Project {
        id: ProjectId(0),
        path,
        source,
        irker,
        hooks: Vec::new(),
        last_hook: HookId(0),
        rate_limit: None,
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    };
    match projects::create(&console.app, project).await {
        Ok((id, _)) => {
            let saved = projects::find(&console.app, id).await?.ok_or(Refusal::NotFound)?;
            // Not somewhere else: what is shown once cannot be asked for.
            project::page(&console, &posted.visit, &saved, Some(secret)).await
        }
        Err(error) => {
            let field = match &error {
                SaveError::PathTaken(_) => "path",
                SaveError::Invalid(ProjectError::Irker(_)) | SaveError::Channels(_) => "recipients",
                _ => return Err(error.into()),
            };
            problems.add(field, error);
            new_page(&posted.visit, &posted.form, &problems)
        }
    }
}

/// The integration that a new project begins with: everything that a channel may want, in colours.
fn irker(form: &Form, problems: &mut Problems) -> Option<Irker> {
    let text = form.given("recipients")?;
    let recipients = problems.take("recipients", Irker::parse_recipients(text, None))?;
    let port = form.given("server_port").map(|port| number(port, "1 to 65535"));
    let server_port = problems.take("server_port", port.unwrap_or(Ok(Irker::SERVER_PORT)))?;
    Some(Irker {
        server_host: form.given("server_host").unwrap_or(Irker::SERVER_HOST).to_owned(),
        server_port,
        lines: LineSettings { colorize_messages: true, ..LineSettings::default() },
        subscription: Subscription {
            events: EventSwitches::of(&[
                Switch::Push,
                Switch::TagPush,
                Switch::Issues,
                Switch::MergeRequests,
                Switch::Note,
                Switch::Pipeline,
                Switch::Releases,
            ]),
            ..Subscription::for_channel()
        },
        ..Irker::to(recipients)
    })
}

/// Random bytes in hexadecimal.
pub(crate) fn random_text<const N: usize>(console: &Console) -> String {
    console.app.chance.bytes::<N>().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
