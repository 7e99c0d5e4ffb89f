//! What a project's slash commands run, and the GitLab that it is on.

use config::jobs::{Credentials, Executor, PassAs, Repository};
use config::{GitLab, Jobs, Project, ProjectPath, WebUrl};
use http::StatusCode;
use payload::Secret;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Field, Fields, Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::shown::{Key, keys};

const JOBS: &str = "/projects/{id}/jobs";
const GITLAB: &str = "/projects/{id}/gitlab";

/// A bound of a field: the one that counts is `config`'s, which says what is wrong.
const TIMEOUT_MAX: i64 = 1_000_000;

const EXECUTORS: [&str; 4] = ["local", "codebuild", "gitlab_chat", "gitlab_pipeline"];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get(JOBS, Access::Read, |call| Box::pin(show_jobs(call)))
            .says("What the project's slash commands run.")
            .gives::<JobsShown>(StatusCode::OK),
        // Whoever chooses the repository and the executor has programs run on Bellhop's machine, or in its account.
        Route::put(JOBS, Access::Admin, |call| Box::pin(put_jobs(call)))
            .says("Sets it, by administrators. A new repository clears the credentials, unless they are given with it.")
            .takes(job_fields())
            .gives::<JobsShown>(StatusCode::OK),
        Route::delete(JOBS, Access::Write, |call| Box::pin(delete_jobs(call))).says("Lets them run nothing."),
        Route::get(GITLAB, Access::Read, |call| Box::pin(show_gitlab(call)))
            .says("The GitLab that the project is on.")
            .gives::<GitLabShown>(StatusCode::OK),
        Route::put(GITLAB, Access::Write, |call| Box::pin(put_gitlab(call)))
            .says("Sets it. A new URL takes a token with it.")
            .takes([
                field("url", Kind::Text, "Where it is."),
                field("project", Kind::Text, "The project's path there."),
                field("token", Kind::Secret, "An access token of scope api."),
            ])
            .gives::<GitLabShown>(StatusCode::OK),
        Route::delete(GITLAB, Access::Write, |call| Box::pin(delete_gitlab(call))).says("Forgets it."),
    ]
}

fn job_fields() -> [Field; 14] {
    [
        field(
            "repository_url",
            Kind::Text,
            "https://, ssh:// or user@host:path; on one machine, file:// as well.",
        ),
        field("reference", Kind::Text, "The branch or tag that counts; empty for the default branch."),
        field("ci_path", Kind::Text, "Where the configuration is."),
        field("username", Kind::Text, "With a password, for https://."),
        field("password", Kind::Secret, "A password or a token; empty for none."),
        field("private_key", Kind::Secret, "A deploy key, for ssh; empty for none."),
        field("known_hosts", Kind::Text, "The public keys of the ssh host."),
        field("executor", Kind::Choice(&EXECUTORS), "Who executes jobs."),
        field("executor_token", Kind::Secret, "Of gitlab_chat: the token of GitLab's integration."),
        field("pass_as", Kind::Choice(&["inputs", "variables"]), "Of gitlab_pipeline: how a job is told."),
        field(
            "variables",
            Kind::Keyed,
            "Further variables, with secret values. Those that are named not stay not.",
        ),
        field("timeout_s", Kind::Number(0, TIMEOUT_MAX), "How long a run may take."),
        field(
            "audit_arguments",
            Kind::Choice(&["hashed", "kept"]),
            "What the audit trail keeps of arguments.",
        ),
        field("clear_credentials", Kind::Flag, "Opens the repository with nothing."),
    ]
}

/// What slash commands run, without secrets.
#[derive(Serialize, ToSchema)]
struct JobsShown {
    repository_url: String,
    reference: Option<String>,
    ci_path: String,
    /// `password`, `ssh_key`, or none.
    credentials: Option<&'static str>,
    executor: &'static str,
    variables: Vec<Key>,
    timeout_s: u32,
    #[schema(value_type = String)]
    audit_arguments: Value,
}

fn jobs_shown(jobs: &Jobs) -> JobsShown {
    JobsShown {
        repository_url: jobs.repository.url.clone(),
        reference: jobs.repository.reference.clone(),
        ci_path: jobs.repository.ci_path.clone(),
        credentials: jobs.repository.credentials.as_ref().map(|credentials| match credentials {
            Credentials::Password { .. } => "password",
            Credentials::SshKey { .. } => "ssh_key",
        }),
        executor: jobs.executor.name(),
        variables: keys(&jobs.variables),
        timeout_s: jobs.timeout_s,
        audit_arguments: json!(jobs.audit_arguments),
    }
}

async fn show_jobs(call: Call) -> Answered {
    let saved = call.saved()?;
    let jobs = saved.project.jobs.as_ref().ok_or(Refusal::NotFound(""))?;
    Ok(Reply::ok(&jobs_shown(jobs)).of(saved.revision))
}

async fn put_jobs(call: Call) -> Answered {
    let change = |project: &mut Project| {
        let jobs = changed(&call.fields, project.jobs.take())?;
        Ok(project.jobs.insert(jobs).clone())
    };
    let (jobs, saved) = call.edit(change).await?;
    Ok(Reply::ok(&jobs_shown(&jobs)).of(saved.revision))
}

fn changed(said: &Fields, stored: Option<Jobs>) -> Result<Jobs, Refusal> {
    let stored = match stored {
        Some(jobs) => jobs,
        None => Jobs {
            repository: Repository {
                url: said.text("repository_url").ok_or(Refusal::Missing("repository_url"))?.to_owned(),
                reference: None,
                ci_path: Repository::default_ci_path(),
                credentials: None,
            },
            executor: executor(said, None)?.ok_or(Refusal::Missing("executor"))?,
            variables: Vec::new(),
            timeout_s: config::limits::JOB_TIMEOUT_S_DEFAULT,
            audit_arguments: config::jobs::AuditArguments::default(),
        },
    };
    let url = said.text("repository_url").map_or_else(|| stored.repository.url.clone(), str::to_owned);
    // Whoever names the repository need not know what opens it, and must not have that sent to a server of theirs.
    let is_moved = url != stored.repository.url;
    let known = stored.repository.credentials.filter(|_| !is_moved);
    let reference = said.text("reference").map(|name| (!name.is_empty()).then(|| name.to_owned()));
    let repository = Repository {
        url,
        reference: reference.unwrap_or(stored.repository.reference),
        ci_path: said.text("ci_path").map_or(stored.repository.ci_path, str::to_owned),
        credentials: credentials(said, known)?,
    };
    let variables = match said.keyed("variables") {
        Some(given) => {
            let mut variables = stored.variables;
            variables.retain(|known| !given.iter().any(|given| given.key == known.key));
            variables.extend(given);
            variables
        }
        None => stored.variables,
    };
    Ok(Jobs {
        repository,
        executor: executor(said, Some(&stored.executor))?.unwrap_or(stored.executor),
        variables,
        timeout_s: said.number("timeout_s").unwrap_or(stored.timeout_s),
        audit_arguments: said.json("audit_arguments")?.unwrap_or(stored.audit_arguments),
    })
}

fn executor(said: &Fields, stored: Option<&Executor>) -> Result<Option<Executor>, Refusal> {
    let name = said.text("executor").or(stored.map(Executor::name));
    let pass_as = said.json::<PassAs>("pass_as")?;
    Ok(match name {
        None => None,
        Some("local") => Some(Executor::Local),
        Some("codebuild") => Some(Executor::Codebuild),
        Some("gitlab_chat") => {
            let known = match stored {
                Some(Executor::GitlabChat { token }) => Some(token.clone()),
                _ => None,
            };
            let token = said.secret("executor_token").flatten().or(known);
            Some(Executor::GitlabChat { token: token.ok_or(Refusal::Missing("executor_token"))? })
        }
        Some(_) => {
            let known = match stored {
                Some(Executor::GitlabPipeline { pass_as }) => *pass_as,
                _ => PassAs::default(),
            };
            Some(Executor::GitlabPipeline { pass_as: pass_as.unwrap_or(known) })
        }
    })
}

fn credentials(said: &Fields, known: Option<Credentials>) -> Result<Option<Credentials>, Refusal> {
    if said.flag("clear_credentials") == Some(true) {
        return Ok(None);
    }
    if let Some(password) = said.secret("password").flatten() {
        let username = said.text("username").ok_or(Refusal::Missing("username"))?.to_owned();
        return Ok(Some(Credentials::Password { username, password }));
    }
    if let Some(private_key) = said.secret("private_key").flatten() {
        let known_hosts = said.text("known_hosts").ok_or(Refusal::Missing("known_hosts"))?.to_owned();
        return Ok(Some(Credentials::SshKey { private_key, known_hosts }));
    }
    Ok(known)
}

async fn delete_jobs(call: Call) -> Answered {
    let remove = |project: &mut Project| project.jobs.take().map(drop).ok_or(Refusal::NotFound(""));
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}

/// A GitLab, without the token.
#[derive(Serialize, ToSchema)]
struct GitLabShown {
    url: String,
    project: String,
    token_present: bool,
}

fn gitlab_shown(gitlab: &GitLab) -> GitLabShown {
    GitLabShown {
        url: gitlab.url.as_str().to_owned(),
        project: gitlab.project.to_string(),
        token_present: true,
    }
}

async fn show_gitlab(call: Call) -> Answered {
    let saved = call.saved()?;
    let gitlab = saved.project.gitlab.as_ref().ok_or(Refusal::NotFound(""))?;
    Ok(Reply::ok(&gitlab_shown(gitlab)).of(saved.revision))
}

async fn put_gitlab(call: Call) -> Answered {
    let change = |project: &mut Project| {
        let known = project.gitlab.take();
        let url = call.fields.text("url").map(|url| WebUrl::try_from(url.to_owned())).transpose();
        let url = url.map_err(|error| Refusal::Value("url", error.to_string()))?;
        let url = url.or_else(|| known.as_ref().map(|known| known.url.clone()));
        let url = url.ok_or(Refusal::Missing("url"))?;
        let path =
            call.fields.text("project").map(|path| ProjectPath::try_from(path.to_owned())).transpose()?;
        let path = path.or_else(|| known.as_ref().map(|known| known.project.clone()));
        // A token is for one GitLab, and no other is to be sent it.
        let kept: Option<Secret> = known.filter(|known| known.url == url).map(|known| known.token);
        let token = call.fields.secret("token").flatten().or(kept);
        let gitlab = GitLab {
            url,
            project: path.ok_or(Refusal::Missing("project"))?,
            token: token.ok_or(Refusal::Missing("token"))?,
        };
        Ok(project.gitlab.insert(gitlab).clone())
    };
    let (gitlab, saved) = call.edit(change).await?;
    Ok(Reply::ok(&gitlab_shown(&gitlab)).of(saved.revision))
}

async fn delete_gitlab(call: Call) -> Answered {
    let remove = |project: &mut Project| project.gitlab.take().map(drop).ok_or(Refusal::NotFound(""));
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}
