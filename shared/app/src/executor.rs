//! The port to whoever executes a job: this machine, AWS `CodeBuild`, or GitLab.
//!
//! A run's way is the same with all of them. [`Executor::start`] begins it and gives a [`Handle`], which is kept with the
//! run; [`Executor::look`] says how it is doing, until it has ended; [`Executor::cancel`] asks for its end. Nothing waits
//! for a run in one piece, so that a process may die at any moment, and the next one looks after the same run.
//!
//! **A run is never begun twice.** Before `start` is called, the run is written down as starting. Whoever finds it so
//! afterwards calls `start` once more, with [`Order::is_repeated`]: an executor that can tell that both are the same run
//! gives its handle, and one that cannot says [`ExecutorError::InDoubt`].
//!
//! Not here: which job that is (`jobs::find`), who may run it, the run's record (`runs`), and what chat is told.
//!
//! Adapters: `jobs::local`, `gitlab_runs`, `aws::CodeBuild`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chatops::ci::Job;
use config::Project;
use serde::{Deserialize, Serialize};

use crate::ids::RunId;

/// The most of a job's log that is kept, in bytes: the limit of GitLab's runner (`output_limit`). What comes after it is
/// thrown away, and the log says so.
pub const LOG_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A run that is to be begun.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which. An executor that knows repetitions by a key takes this.
    pub run: RunId,
    /// Whose. Its settings say which executor this is, and hold the executor's own secrets.
    pub project: Arc<Project>,
    /// The job's name, as it was asked for.
    pub job: String,
    /// What the user typed behind it: data, never a piece of a shell line, a template or a buildspec. Empty if nothing.
    pub input: String,
    /// The immutable id of the team.
    pub team_id: String,
    /// The immutable id of the channel.
    pub channel_id: String,
    /// The immutable id of the user, as the chat knows it.
    pub user_id: String,
    /// The user's name, for people.
    pub user_name: String,
    /// How long the run may take: the job's own limit, at most the project's.
    pub timeout: Duration,
    /// The job as it was found; `None` where GitLab finds it itself.
    pub found: Option<Found>,
    /// Whether this run may have been begun before, by a process that is gone.
    pub is_repeated: bool,
}

/// A job, and the commit that it is of.
#[derive(Clone, Debug)]
pub struct Found {
    /// Resolved, and without any keyword that nobody here honours. Its `retry` is the executor's matter.
    pub job: Job,
    /// The id of the commit, in hexadecimal digits.
    pub commit: String,
    /// The commit's files.
    pub files: Arc<dyn Files>,
    /// The branch or tag.
    pub reference: String,
    /// Everything that the job's processes get to see, the later of two with the same name being the one that counts:
    /// `CI_...`, the configuration's, the project's, `CHAT_INPUT`, `CHAT_CHANNEL`, `CHAT_USER_ID`. Expanded.
    pub variables: Vec<(String, String)>,
}

/// A commit's files, at hand: no executor needs to know git.
pub trait Files: fmt::Debug + Send + Sync {
    /// Writes them into an empty folder. Blocks.
    fn check_out(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// An executor's own name for what it has begun. Kept with the run, and shown to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub String);

/// What has been begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// How to find it again.
    pub handle: Handle,
    /// Where people can see it, if the executor has a page for it.
    pub url: Option<String>,
}

/// How a run is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on, or waits for its turn. Look again, not before this time has passed.
    Running {
        /// Nothing if the look itself waits.
        look_after: Duration,
    },
    /// It is over.
    Ended(Ended),
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub ending: Ending,
    /// All that it printed, at most [`LOG_BYTES_MAX`], as GitLab's runner writes it (see `chatops::output`). Not masked.
    pub log: Vec<u8>,
    /// How long it ran, without waiting.
    pub took: Duration,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "snake_case")]
pub enum Ending {
    /// Well.
    Succeeded,
    /// With an exit code other than 0, or without one.
    Failed {
        /// The code, if it is known.
        exit_code: Option<i32>,
    },
    /// At its deadline.
    TimedOut,
    /// By [`Executor::cancel`], or by hand where it ran.
    Cancelled,
    /// Before the job's first command.
    NotStarted {
        /// Why, in one sentence for people.
        reason: String,
    },
    /// Nobody knows: the machine that it ran on is gone, and it may have done all, a part or nothing.
    Lost,
}

/// Why an executor did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// It will not, however often it is asked. Nothing was begun.
    #[error("{reason}")]
    Refused {
        /// Why, in one sentence for people.
        reason: String,
    },
    /// It could not now. Nothing was begun: asking again is safe.
    #[error("the executor is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It cannot tell whether the run was begun. Asking again is not safe.
    #[error("nobody can tell whether the run was begun")]
    InDoubt,
}

/// An executor.
#[async_trait]
pub trait Executor: Send + Sync + 'static {
    /// Begins a run. On [`ExecutorError::Refused`] and [`ExecutorError::Unavailable`] nothing was begun.
    async fn start(&self, order: &Order) -> Result<Started, ExecutorError>;

    /// How a run is doing. May wait for up to `patience` for its end, so that a short run is answered at once.
    async fn look(
        &self,
        project: &Project,
        handle: &Handle,
        patience: Duration,
    ) -> Result<Progress, ExecutorError>;

    /// Asks for a run's end; [`Executor::look`] will tell of it. Cancelling what is over is done at once.
    async fn cancel(&self, project: &Project, handle: &Handle) -> Result<(), ExecutorError>;
}
