//! From a project and the name of a job to the job itself, of the newest commit.
//!
//! The repository's host is judged by the guard like every other peer; what it was judged by is what is connected to.
//!
//! Not here: what the configuration means (`chatops::ci`), whether the caller may run it (`chatops::access`).

use std::sync::Arc;

use app::egress::{Guard, ResolveError};
use app::executor::Found;
use app::gitlab::{Api, AskError};
use app::http_target::Outbound;
use chatops::ci::{self, CiError, Context, Environment, Job};
use config::jobs::Credentials;
use config::{Jobs, Project};
pub use git::Git;
use git::{Commit, GitError, Remote, RemoteError, Wanted};
use relay::egress::{EgressError, Place};
use tokio::task::spawn_blocking;

use crate::files::{Checkout, Reading};

/// What a chat adds to a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// What was typed behind the job's name; becomes `CHAT_INPUT`.
    pub input: String,
    /// Becomes `CHAT_CHANNEL`.
    pub channel_id: String,
    /// Becomes `CHAT_USER_ID`.
    pub user_id: String,
}

/// Finds jobs. Cheap to clone.
#[derive(Clone)]
pub struct Finder {
    git: Git,
    guard: Guard,
    files: Locals,
    outbound: Option<Outbound>,
}

/// Whether repositories of this machine (`file://`) are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locals {
    /// By whoever runs Bellhop for themselves, on one machine.
    Allowed,
    /// Nowhere else: a function's own files are nobody's repository.
    Refused,
}

/// Why there is no job to begin, in one sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The project runs nothing.
    #[error("the project has no jobs settings: nothing is run for it")]
    NoJobs,
    /// See [`RemoteError`].
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// See [`Locals`].
    #[error("a file:// repository is only read where Bellhop runs on one machine")]
    File,
    /// The repository's host may not be connected to, or is not there.
    #[error("the repository's server may not be asked: {0}")]
    Guard(#[from] ResolveError),
    /// See [`GitError`].
    #[error(transparent)]
    Git(#[from] GitError),
    /// See [`CiError`].
    #[error(transparent)]
    Ci(#[from] CiError),
    /// GitLab was asked for what the configuration includes, and did not say.
    #[error("GitLab does not say what the configuration includes: {0}")]
    GitLab(#[from] AskError),
    /// GitLab finds the configuration invalid.
    #[error("invalid configuration: {0}")]
    Refused(String),
    /// What no executor of ours honours is refused, never ignored.
    #[error("the job {job} cannot be run here: it needs {}", keywords.join(", "))]
    Unsupported {
        /// Its name.
        job: String,
        /// The keywords, sorted.
        keywords: Vec<&'static str>,
    },
    /// A thread of ours ended without a word.
    #[error("the configuration could not be read")]
    Died,
}

impl From<EgressError> for FindError {
    fn from(error: EgressError) -> Self {
        Self::Guard(error.into())
    }
}

impl FindError {
    /// Whether the same may go well a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Git(error) => error.is_passing(),
            Self::Guard(error) => !matches!(error, ResolveError::Egress(_)),
            Self::GitLab(error) => error.is_passing(),
            Self::Died => true,
            _ => false,
        }
    }

    /// Whether GitLab's sentence for it is that there is no such job for a chat.
    pub fn is_no_job(&self) -> bool {
        matches!(
            self,
            Self::Ci(CiError::NoSuchJob { .. } | CiError::Hidden { .. } | CiError::Filtered { .. })
        )
    }
}

/// What the configuration is asked for: a job, or all their names.
#[derive(Clone)]
enum Question {
    Job(String),
    Names,
}

enum Seen {
    Job(Box<Job>),
    Names(Vec<String>),
}

/// A commit with its configuration, to be asked.
struct Source {
    commit: Commit,
    context: Context,
    /// The configuration with all that it includes in it, where GitLab had to be asked.
    merged: Option<String>,
}

impl Finder {
    /// Fetches over connections that the guard lets out.
    pub fn new(git: Git, guard: Guard, files: Locals) -> Self {
        Self { git, guard, files, outbound: None }
    }

    /// The same, asking a project's GitLab for what it alone can resolve.
    #[must_use]
    pub fn asking(self, outbound: Outbound) -> Self {
        Self { outbound: Some(outbound), ..self }
    }

    /// Finds a job, at the newest commit.
    pub async fn find(&self, project: &Project, job: &str, ask: &Ask) -> Result<Found, FindError> {
        let source = self.source(project, ask).await?;
        let (source, seen) = self.look(project, source, Question::Job(job.to_owned())).await?;
        let Seen::Job(mut job) = seen else { return Err(FindError::Died) };
        refuse_unsupported(&job)?;
        let environment = Environment::of(&job, &source.context);
        if let Some(image) = &mut job.image {
            image.name = environment.expand(&image.name);
        }
        let variables = environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Found {
            job: *job,
            variables: variables.collect(),
            commit: source.commit.id(),
            reference: source.commit.reference().to_owned(),
            files: Arc::new(Checkout::of(source.commit)),
        })
    }

    /// The names of all jobs that a chat could run, as they stand in the configuration.
    pub async fn list(&self, project: &Project) -> Result<Vec<String>, FindError> {
        let source = self.source(project, &Ask::default()).await?;
        match self.look(project, source, Question::Names).await?.1 {
            Seen::Names(names) => Ok(names),
            Seen::Job(_) => Err(FindError::Died),
        }
    }

    async fn source(&self, project: &Project, ask: &Ask) -> Result<Source, FindError> {
        let jobs = project.jobs.as_ref().ok_or(FindError::NoJobs)?;
        let commit = self.commit(jobs).await?;
        let context = Context {
            branch: commit.reference().to_owned(),
            config_path: jobs.repository.ci_path.clone(),
            commit: Some(commit.id()),
            project_path: Some(project.path.to_string()),
            variables: variables(jobs, ask),
        };
        Ok(Source { commit, context, merged: None })
    }

    /// Asks the configuration; once more with GitLab's help, if it takes that.
    async fn look(
        &self,
        project: &Project,
        source: Source,
        question: Question,
    ) -> Result<(Source, Seen), FindError> {
        let (source, seen) = look(source, question.clone()).await?;
        let needs = match seen {
            Err(FindError::Ci(error @ CiError::NeedsGitLab { .. })) => error,
            seen => return seen.map(|seen| (source, seen)),
        };
        let (Some(outbound), Some(gitlab)) = (&self.outbound, &project.gitlab) else {
            return Err(needs.into());
        };
        let linted = Api::new(outbound, gitlab).lint(&source.commit.id()).await?;
        let merged = match linted.merged_yaml {
            Some(merged) if linted.valid => merged,
            _ => return Err(FindError::Refused(linted.errors.join("; "))),
        };
        let (source, seen) = look(Source { merged: Some(merged), ..source }, question).await?;
        seen.map(|seen| (source, seen))
    }

    async fn commit(&self, jobs: &Jobs) -> Result<Commit, FindError> {
        let repository = &jobs.repository;
        let remote: Remote = repository.url.parse()?;
        let addresses = match remote.place() {
            None if self.files == Locals::Refused => return Err(FindError::File),
            None => Vec::new(),
            // Looked up once: what is judged here is what is connected to.
            Some((host, port)) => self.guard.resolve(&Place::new(host, port)?).await?,
        };
        let credentials = repository.credentials.as_ref().map(credentials);
        let wanted = Wanted {
            remote: &remote,
            reference: repository.reference.as_deref(),
            credentials: credentials.as_ref(),
            addresses,
        };
        Ok(self.git.fetch(wanted).await?)
    }
}

/// libgit2 blocks, and a large configuration takes its time: on a thread for that. The source comes back.
async fn look(source: Source, question: Question) -> Result<(Source, Result<Seen, FindError>), FindError> {
    let looking = spawn_blocking(move || {
        let Source { commit, context, merged } = &source;
        let merged = merged.as_deref().map(|text| (context.config_path.as_str(), text));
        let files = Reading::new(commit, merged);
        let seen = match &question {
            Question::Job(job) => ci::resolve(&files, context, job).map(|job| Seen::Job(Box::new(job))),
            Question::Names => ci::runnable(&files, context).map(Seen::Names),
        };
        let seen = match files.failure() {
            Some(error) => Err(FindError::Git(error)),
            None => seen.map_err(FindError::Ci),
        };
        (source, seen)
    });
    looking.await.map_err(|_| FindError::Died)
}

/// The project's, and over them the command's: `CHAT_...` is what GitLab calls variables of the pipeline.
fn variables(jobs: &Jobs, ask: &Ask) -> Vec<(String, String)> {
    let own =
        jobs.variables.iter().map(|variable| (variable.key.clone(), variable.value.expose().to_owned()));
    let chat =
        [("CHAT_INPUT", &ask.input), ("CHAT_CHANNEL", &ask.channel_id), ("CHAT_USER_ID", &ask.user_id)];
    own.chain(chat.map(|(name, value)| (name.to_owned(), value.clone()))).collect()
}

fn credentials(credentials: &Credentials) -> git::Credentials {
    match credentials {
        Credentials::Password { username, password } => git::Credentials::Password {
            username: username.clone(),
            password: password.expose().to_owned().into(),
        },
        Credentials::SshKey { private_key, known_hosts } => git::Credentials::SshKey {
            private_key: private_key.expose().to_owned().into(),
            known_hosts: known_hosts.clone(),
        },
    }
}

fn refuse_unsupported(job: &Job) -> Result<(), FindError> {
    let mut keywords = job.unsupported.clone();
    match job.rules_result.as_str() {
        "delayed" => keywords.push("when: delayed"),
        // Nothing fails before it: GitLab would skip it.
        "on_failure" => keywords.push("when: on_failure"),
        _ => {}
    }
    if keywords.is_empty() {
        return Ok(());
    }
    keywords.sort_unstable();
    Err(FindError::Unsupported { job: job.name.clone(), keywords })
}
