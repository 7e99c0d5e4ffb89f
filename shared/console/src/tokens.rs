//! The tokens: what opens the API and these pages. For admins.
//!
//! Not here: how tokens are kept (`app::tokens`).

use std::collections::BTreeSet;

use app::clock::Timestamp;
use app::projects;
use app::tokens::{self, NewToken, NewTokenError, Scope, Token, TokenId};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use config::{ProjectId, ProjectPath};
use futures_util::future::try_join_all;
use http::StatusCode;

use crate::Console;
use crate::field::Field;
use crate::form::{Form, Problems, excerpt};
use crate::moment::{ago, day};
use crate::page::{Chrome, shown_as};
use crate::refusal::Refusal;
use crate::visit::{Posted, Visit, then};

/// How many tokens a page shows.
const SHOWN: usize = 50;

/// What a token may open, in words for people.
const SCOPES: [(&str, &str); 3] = [
    ("admin", "Admin: everything"),
    ("maintainer", "Maintainer: to read and change some projects"),
    ("read_only", "Read only: to look"),
];

#[derive(Template)]
#[template(path = "tokens.html")]
struct Page {
    chrome: Chrome,
    rows: Vec<Row>,
    more: Option<TokenId>,
    /// A token that was just made, shown this once.
    made: Option<String>,
    fields: Vec<Field>,
    problems: Vec<(String, String)>,
}

struct Row {
    id: TokenId,
    name: String,
    scope: &'static str,
    projects: String,
    used: String,
    ends: String,
    is_active: bool,
    is_own: bool,
}

impl Row {
    async fn of(console: &Console, visit: &Visit, token: &Token) -> Result<Self, Refusal> {
        let now = console.app.clock.now();
        let paths = token.scope.projects().into_iter().flatten().map(|id| path(console, *id));
        let ends = match (token.revoked_at, token.expires_at) {
            (Some(at), _) => format!("revoked {}", ago(at, now)),
            (None, Some(at)) if at <= now => format!("ended on {}", day(at)),
            (None, Some(at)) => format!("ends on {}", day(at)),
            (None, None) => "no end".to_owned(),
        };
        Ok(Self {
            id: token.id,
            name: token.name.clone(),
            scope: token.scope.name(),
            projects: try_join_all(paths).await?.join(", "),
            used: token.last_used_at.map_or_else(|| "never".to_owned(), |at| ago(at, now)),
            ends,
            is_active: token.is_active(now),
            is_own: token.id == visit.token.id,
        })
    }
}

async fn path(console: &Console, id: ProjectId) -> Result<String, Refusal> {
    let project = projects::by_id(&console.app, id).await?;
    Ok(project.map_or_else(|| format!("{id} (gone)"), |project| project.path.to_string()))
}

pub(crate) async fn show(State(console): State<Console>, visit: Visit) -> Result<Response, Refusal> {
    visit.admin()?;
    page(&console, &visit, (&Form::default(), &Problems::default()), None).await
}

async fn page(
    console: &Console,
    visit: &Visit,
    (form, problems): (&Form, &Problems),
    made: Option<String>,
) -> Result<Response, Refusal> {
    let after = visit.query.given("after").map(crate::number).transpose()?.map(TokenId);
    let tokens = tokens::list(&console.app, after, SHOWN).await?;
    let rows = tokens.iter().map(|token| Row::of(console, visit, token));
    let status = match (&made, problems.is_empty()) {
        (Some(_), _) => StatusCode::CREATED,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = Page {
        chrome: Chrome::of(visit, "tokens"),
        rows: try_join_all(rows).await?,
        more: tokens.last().map(|token| token.id).filter(|_| tokens.len() == SHOWN),
        made,
        fields: fields(form, problems),
        problems: problems.all(),
    };
    shown_as(status, &page)
}

fn fields(form: &Form, problems: &Problems) -> Vec<Field> {
    let scope = form.given("scope").unwrap_or("maintainer");
    vec![
        Field::text("name", "Name", form.text("name"))
            .required()
            .hint("Who or what it is for.")
            .judged(problems),
        Field::choice("scope", "Scope", scope, &SCOPES).judged(problems),
        Field::area("projects", "Projects", form.lines("projects"), 2)
            .like("group/name")
            .hint("Their paths, one a line. A reader’s token without any reads all; an admin’s needs none.")
            .judged(problems),
        Field::date("expires_at", "Ends on", form.text("expires_at"))
            .hint("At the beginning of that day, in UTC. Empty for no end.")
            .judged(problems),
    ]
}

pub(crate) async fn create(State(console): State<Console>, posted: Posted) -> Result<Response, Refusal> {
    posted.visit.admin()?;
    let (form, mut problems) = (&posted.form, Problems::default());
    let projects = named(&console, &form.lines("projects"), &mut problems).await?;
    let expires_at = problems.take("expires_at", form.given("expires_at").map(begin_of).transpose());
    let scope = match form.text("scope") {
        "admin" => Scope::Admin,
        "maintainer" => Scope::Maintainer { projects },
        "read_only" => Scope::ReadOnly { projects: Some(projects).filter(|projects| !projects.is_empty()) },
        _ => return Err(Refusal::Unreadable("there is no such scope")),
    };
    if let (Some(expires_at), true) = (expires_at, problems.is_empty()) {
        let new = NewToken { name: form.text("name").to_owned(), scope, expires_at };
        match tokens::make(&console.app, new).await {
            Ok((secret, _)) => {
                let made = Some(secret.expose().to_owned());
                return page(&console, &posted.visit, (&Form::default(), &problems), made).await;
            }
            Err(NewTokenError::Store(error)) => return Err(error.into()),
            Err(error @ NewTokenError::Projects) => problems.add("projects", error),
            Err(error @ NewTokenError::Expiry) => problems.add("expires_at", error),
            Err(error) => problems.add("name", error),
        }
    }
    page(&console, &posted.visit, (form, &problems), None).await
}

/// The projects with these paths.
async fn named(
    console: &Console,
    text: &str,
    problems: &mut Problems,
) -> Result<BTreeSet<ProjectId>, Refusal> {
    let mut found = BTreeSet::new();
    for name in text.split_whitespace().take(tokens::PROJECTS_MAX + 1) {
        let number = match ProjectPath::try_from(name.to_owned()) {
            Ok(path) => projects::number_of(&console.app, &path).await?,
            Err(_) => None,
        };
        match number {
            Some(id) => drop(found.insert(id)),
            None => problems.add("projects", format!("there is no project '{}'", excerpt(name))),
        }
    }
    Ok(found)
}

/// The first moment of a day, such as `2026-01-31`.
fn begin_of(day: &str) -> Result<Timestamp, &'static str> {
    let date: jiff::civil::Date = day.parse().map_err(|_| "a day is written as in 2026-01-31")?;
    let begin = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| "there is no such day")?;
    Ok(Timestamp(begin.timestamp().as_millisecond()))
}

pub(crate) async fn revoke(
    State(console): State<Console>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Refusal> {
    posted.visit.admin()?;
    let id = TokenId(crate::number(&number)?);
    tokens::revoke(&console.app, id).await?.ok_or(Refusal::NotFound)?;
    Ok(then("/tokens", "revoked").into_response())
}
