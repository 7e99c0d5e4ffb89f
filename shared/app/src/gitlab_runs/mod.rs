//! GitLab as the executor of jobs, in one of two ways: by its own slash command ([`chat`]), or by its API ([`pipeline`]).
//!
//! Either way there is a pipeline with a job of the name that was asked for. It is looked at until it has ended, less and
//! less often; what comes in meanwhile ([`callback`], a pipeline's or job's webhook: [`wake`]) has it looked at at once.
//! So nothing hangs on what never comes. The log is the job's trace, which may be whole only some time after the end.
//!
//! **A run is never begun twice.** GitLab knows no key that two requests could share. So it is written down here before
//! GitLab is asked, and what GitLab answered after it; if only the first is there, nobody knows.
//!
//! Not here: the calls (`gitlab`), the run's record (`runs`).

pub mod callback;
mod chat;
mod journal;
mod pipeline;
mod wake;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use config::{GitLab, Project, jobs};
use serde::{Deserialize, Serialize};

pub(crate) use self::wake::wake;
use crate::clock::Timestamp;
use crate::executor::{Ended, Ending, Executor, ExecutorError, Handle, Order, Progress, Started};
use crate::gitlab::jobs::JobRow;
use crate::gitlab::{Api, AskError};
use crate::http_target::Outbound;
use crate::queue::Queue;
use crate::{App, Causes, runner_log};

/// The times between two looks: as long as it has been running, within these.
const PAUSE: [Duration; 2] = [Duration::from_secs(5), Duration::from_mins(1)];

/// From when on it is a long run, and how often that is looked at: of a day and a half, that makes less looks than the
/// queue allows.
const LONG_AFTER: Duration = Duration::from_hours(1);
const LONG_PAUSE: Duration = Duration::from_mins(5);

/// How often a trace is looked for that is not whole yet, and for how long: GitLab's own times for its chat.
const TRACE_PAUSE: Duration = Duration::from_secs(2);
const TRACE_WAIT: Duration = Duration::from_mins(5);

/// How long GitLab may be away beyond a run's deadline before the run is given up.
const AWAY_MAX: Duration = Duration::from_hours(1);

/// GitLab, for all projects that are on one.
pub struct GitLabRuns {
    app: Arc<App>,
    outbound: Outbound,
    queue: Arc<dyn Queue>,
}

/// What is known of a run that was begun: its handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    pipeline: u64,
    /// The job's name. Its number changes with each try.
    job: String,
    since: Timestamp,
    deadline: Timestamp,
    /// Where people see it.
    url: String,
}

impl GitLabRuns {
    /// Answers to callers go out by this queue.
    pub fn new(app: Arc<App>, outbound: Outbound, queue: Arc<dyn Queue>) -> Self {
        Self { app, outbound, queue }
    }

    fn api<'a>(&'a self, project: &'a Project) -> Result<Api<'a>, ExecutorError> {
        project.gitlab.as_ref().map(|gitlab: &GitLab| Api::new(&self.outbound, gitlab)).ok_or_else(|| {
            ExecutorError::Refused { reason: "the project's settings name no GitLab any more".to_owned() }
        })
    }

    /// How a run is doing, without waiting.
    async fn look_once(&self, api: &Api<'_>, held: &Held) -> Result<Progress, ExecutorError> {
        let now = self.app.clock.now();
        let is_late = now >= held.deadline;
        let jobs = match api.pipeline_jobs(held.pipeline, None).await {
            Ok(jobs) => jobs,
            Err(AskError::NotFound) => return Ok(ended(Ending::Lost, Vec::new(), None)),
            Err(_) if now.since(held.deadline) > AWAY_MAX => {
                return Ok(ended(Ending::Lost, Vec::new(), None));
            }
            Err(error) => return Err(ExecutorError::Unavailable(Box::new(error))),
        };
        let Some(job) = jobs.into_iter().find(|job| job.name == held.job) else {
            let reason = format!("GitLab's pipeline has no job {}", held.job);
            return Ok(ended(Ending::NotStarted { reason }, Vec::new(), None));
        };
        if let Some(ending) = ending(&job) {
            return self.collect(api, (&job, ending)).await;
        }
        if is_late {
            // What is left of it at GitLab is GitLab's matter from here on.
            if let Err(error) = api.cancel_pipeline(held.pipeline).await {
                tracing::warn!(pipeline = held.pipeline, error = %Causes(&error), "a late run was not stopped");
            }
            let log = api.trace(job.id).await.unwrap_or_default();
            return Ok(ended(Ending::TimedOut, log, Some(now.since(held.since))));
        }
        let (elapsed, [least, most]) = (now.since(held.since), PAUSE);
        let pause = if elapsed < LONG_AFTER { elapsed.clamp(least, most) } else { LONG_PAUSE };
        Ok(Progress::Running { look_after: pause.min(held.deadline.since(now)) })
    }

    /// The end with its log, or a short wait for the log.
    async fn collect(
        &self,
        api: &Api<'_>,
        (job, ending): (&JobRow, Ending),
    ) -> Result<Progress, ExecutorError> {
        let took = job.duration.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        if job.started_at.is_none() {
            return Ok(ended(ending, Vec::new(), took));
        }
        let log = match api.trace(job.id).await {
            Ok(log) => log,
            Err(error) if error.is_passing() => return Err(ExecutorError::Unavailable(Box::new(error))),
            // Gone, or not for this token: the run has ended all the same.
            Err(_) => Vec::new(),
        };
        let finished = job.finished_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let is_recent = finished
            .is_some_and(|at| self.app.clock.now().since(Timestamp(at.as_millisecond())) < TRACE_WAIT);
        if is_recent && !runner_log::is_whole(&log) && ending != Ending::Cancelled {
            return Ok(Progress::Running { look_after: TRACE_PAUSE });
        }
        let ending = match ending {
            Ending::Failed { .. } => Ending::Failed { exit_code: runner_log::exit_code(&log) },
            other => other,
        };
        Ok(ended(ending, log, took))
    }
}

#[async_trait]
impl Executor for GitLabRuns {
    async fn start(&self, order: &Order) -> Result<Started, ExecutorError> {
        let api = self.api(&order.project)?;
        match order.project.jobs.as_ref().map(|jobs| &jobs.executor) {
            Some(jobs::Executor::GitlabChat { token }) => self.start_by_chat(api, order, token).await,
            Some(jobs::Executor::GitlabPipeline { pass_as }) => {
                self.start_by_pipeline(&api, order, *pass_as).await
            }
            _ => Err(ExecutorError::Refused { reason: "the project's jobs do not run at GitLab".to_owned() }),
        }
    }

    async fn look(
        &self,
        project: &Project,
        handle: &Handle,
        patience: Duration,
    ) -> Result<Progress, ExecutorError> {
        let (api, held) = (self.api(project)?, held(handle)?);
        let until = tokio::time::Instant::now() + patience;
        loop {
            let progress = self.look_once(&api, &held).await?;
            let Progress::Running { look_after } = progress else { return Ok(progress) };
            if tokio::time::Instant::now() + look_after > until {
                return Ok(progress);
            }
            tokio::time::sleep(look_after).await;
        }
    }

    async fn cancel(&self, project: &Project, handle: &Handle) -> Result<(), ExecutorError> {
        let (api, held) = (self.api(project)?, held(handle)?);
        match api.cancel_pipeline(held.pipeline).await {
            Ok(()) | Err(AskError::NotFound) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }
}

fn held(handle: &Handle) -> Result<Held, ExecutorError> {
    serde_json::from_str(&handle.0).map_err(|error| ExecutorError::Unavailable(Box::new(error)))
}

impl Held {
    #[expect(clippy::expect_used, reason = "a struct of texts and numbers always serialises")]
    fn started(&self) -> Started {
        let handle = Handle(serde_json::to_string(self).expect("a handle serialises"));
        Started { handle, url: Some(self.url.clone()) }
    }
}

/// What GitLab's refusal of a change means for who asked for it.
fn refused(error: AskError) -> ExecutorError {
    if error.may_have_had_effect() {
        return ExecutorError::InDoubt;
    }
    if error.is_passing() {
        return ExecutorError::Unavailable(Box::new(error));
    }
    ExecutorError::Refused { reason: error.to_string() }
}

fn ended(ending: Ending, log: Vec<u8>, took: Option<Duration>) -> Progress {
    Progress::Ended(Ended { ending, log, took: took.unwrap_or_default() })
}

/// How a job ended, if it has (<https://docs.gitlab.com/ci/jobs/#available-job-statuses>).
fn ending(job: &JobRow) -> Option<Ending> {
    let reason = job.failure_reason.as_deref().unwrap_or_default();
    match job.status.as_str() {
        "success" => Some(Ending::Succeeded),
        "failed" if reason == "job_execution_timeout" => Some(Ending::TimedOut),
        "failed" if job.started_at.is_none() => {
            let reason = format!("GitLab gave up before its first command ({})", reason.replace('_', " "));
            Some(Ending::NotStarted { reason })
        }
        "failed" => Some(Ending::Failed { exit_code: None }),
        "canceled" => Some(Ending::Cancelled),
        "skipped" => Some(Ending::NotStarted { reason: "GitLab skipped it".to_owned() }),
        _ => None,
    }
}
