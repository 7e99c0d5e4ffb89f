//! Projects, as in GitLab's API (<https://docs.gitlab.com/api/projects/>): the ones that are configured here.

use app::projects::{self, Expected, Listed, SaveError, Saved};
use config::{HookId, Project, ProjectId, ProjectPath, Source, SourceId};
use http::StatusCode;
use payload::Secret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Field, Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::shown::moment;
use crate::source::random_text;

/// How many projects are read at a time when all are looked through.
const PORTION: usize = 1_000;

/// The highest rate that a field is looked at for; `config` has the bounds that count.
const RATE_MAX: i64 = 1_000_000;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/projects", Access::Token, |call| Box::pin(list(call)))
            .says("The projects that the token may see.")
            .takes([
                field("search", Kind::Text, "Only those with this text in their path."),
                field("simple", Kind::Flag, "GitLab's: projects are always shown in few words here."),
            ])
            .gives::<ProjectShown>(StatusCode::OK)
            .paged(),
        Route::post("/projects", Access::Admin, |call| Box::pin(create(call)))
            .says("Makes a project, with a source that has a secret of its own.")
            .takes([
                field("path", Kind::Text, "Its path, or the last part of it.").required(),
                field("namespace", Kind::Text, "What stands before the last part."),
                field(
                    "secret",
                    Kind::Secret,
                    "What its webhooks prove themselves with; without it, one is made up.",
                ),
                rate_limit(),
            ])
            .gives::<ProjectMade>(StatusCode::CREATED),
        Route::get("/projects/{id}", Access::Read, |call| Box::pin(show(call)))
            .says("One project.")
            .gives::<ProjectShown>(StatusCode::OK),
        Route::put("/projects/{id}", Access::Admin, |call| Box::pin(edit(call)))
            .says("Renames a project, or changes its rate.")
            .takes([field("path", Kind::Text, "Its whole path."), rate_limit()])
            .gives::<ProjectShown>(StatusCode::OK),
        Route::delete("/projects/{id}", Access::Admin, |call| Box::pin(delete(call)))
            .says("Takes a project away, with all that it has.")
            .gives::<Accepted>(StatusCode::ACCEPTED),
    ]
}

fn rate_limit() -> Field {
    field(
        "rate_limit",
        Kind::Number(0, RATE_MAX),
        "How many requests a minute all its hooks get; 0 for no limit.",
    )
}

/// A project in few words.
#[derive(Serialize, ToSchema)]
struct ProjectShown {
    id: u64,
    name: String,
    path: String,
    path_with_namespace: String,
    name_with_namespace: String,
    created_at: Option<String>,
    updated_at: Option<String>,
    rate_limit: Option<u32>,
    /// The last part of its URL for webhooks; like those before it, `null` in a list.
    source: Option<String>,
}

/// A project that has been made.
#[derive(Serialize, ToSchema)]
struct ProjectMade {
    #[serde(flatten)]
    shown: ProjectShown,
    /// What its webhooks prove themselves with, if it was made up: shown this once.
    secret: Option<String>,
}

/// GitLab's answer to a deletion.
#[derive(Serialize, ToSchema)]
struct Accepted {
    message: &'static str,
}

impl ProjectShown {
    fn listed(id: ProjectId, path: &ProjectPath) -> Self {
        let path = path.as_str();
        let name = path.rsplit('/').next().unwrap_or(path);
        Self {
            id: id.0,
            name: name.to_owned(),
            path: name.to_owned(),
            path_with_namespace: path.to_owned(),
            name_with_namespace: path.replace('/', " / "),
            created_at: None,
            updated_at: None,
            rate_limit: None,
            source: None,
        }
    }

    fn of(saved: &Saved) -> Self {
        let project = &saved.project;
        Self {
            created_at: saved.created_at.map(moment),
            updated_at: saved.updated_at.map(moment),
            rate_limit: project.rate_limit,
            source: Some(project.source.id.to_string()),
            ..Self::listed(project.id, &project.path)
        }
    }
}

async fn list(call: Call) -> Answered {
    let search = call.fields.text("search").unwrap_or_default().to_lowercase();
    let is_wanted = |listed: &Listed| {
        call.token.scope.may_read(listed.id) && listed.path.as_str().to_lowercase().contains(&search)
    };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let listing = projects::list(call.app(), after, PORTION).await?;
        let wanted = listing.projects.iter().filter(|listed| is_wanted(listed));
        found.extend(wanted.map(|listed| ProjectShown::listed(listed.id, &listed.path)));
        after = listing.next;
        if after.is_none() {
            return Ok(Reply::page(&found, call.page()));
        }
    }
}

async fn create(call: Call) -> Answered {
    let path = call.fields.text("path").unwrap_or_default();
    let whole =
        call.fields.text("namespace").map_or_else(|| path.to_owned(), |space| format!("{space}/{path}"));
    let given = call.fields.secret("secret").flatten();
    let secret = given.clone().unwrap_or_else(|| Secret::new(random_text(call.app())));
    let id: SourceId = random_text(call.app()).parse().map_err(|_| Refusal::Invalid("source"))?;
    let project = Project {
        id: ProjectId(0),
        path: ProjectPath::try_from(whole)?,
        source: Source { id, forge: None, secrets: vec![secret.clone()], allow_unsigned: false },
        irker: None,
        hooks: Vec::new(),
        last_hook: HookId(0),
        rate_limit: call.fields.number("rate_limit").filter(|rate| *rate > 0),
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    };
    let (id, revision) = projects::create(call.app(), project).await?;
    let saved = projects::find(call.app(), id).await?.ok_or(Refusal::NotFound("Project"))?;
    let shown = ProjectShown::of(&saved);
    let secret = given.is_none().then(|| secret.expose().to_owned());
    Ok(Reply::created(&ProjectMade { shown, secret }).of(revision))
}

async fn show(call: Call) -> Answered {
    let saved = call.saved()?;
    Ok(Reply::ok(&ProjectShown::of(saved)).of(saved.revision))
}

async fn edit(call: Call) -> Answered {
    let change = |project: &mut Project| {
        if let Some(path) = call.fields.text("path") {
            project.path = ProjectPath::try_from(path.to_owned())?;
        }
        if let Some(rate) = call.fields.number::<u32>("rate_limit") {
            project.rate_limit = Some(rate).filter(|rate| *rate > 0);
        }
        Ok(())
    };
    let ((), saved) = call.edit(change).await?;
    Ok(Reply::ok(&ProjectShown::of(&saved)).of(saved.revision))
}

async fn delete(call: Call) -> Answered {
    let expected = call.expected.map_or(Expected::Any, Expected::Revision);
    match projects::delete(call.app(), call.id()?, expected).await {
        Ok(_) => Ok(Reply::accepted(&Accepted { message: "202 Accepted" })),
        Err(SaveError::Changed) => Err(Refusal::Precondition),
        Err(error) => Err(error.into()),
    }
}
