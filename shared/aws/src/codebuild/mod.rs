//! AWS `CodeBuild` as the executor of jobs: one build in a fresh container for each run.
//!
//! A build is told nothing but where its source is. That is one archive in a bucket, made here: the commit's files, the
//! job's scripts, its variables with what the user typed, and the script that runs them (`infra/codebuild`). So no text of
//! anybody's gets into a buildspec or a shell's line, secrets do not show in the build's settings, the build needs no key
//! to the repository, and what was typed may be longer than CodeBuild's 5,500 characters for all variables.
//!
//! Its end is told by EventBridge ([`event`]), and found by looking if that never comes. The log is read from
//! `CloudWatch` Logs, which may lag behind the end.
//!
//! **A run is never begun twice.** CodeBuild knows a repeated request by the run's id for five minutes; how old the first
//! one is, the archive tells.
//!
//! Not here: the project, the bucket and the roles (`template.yaml`).

pub mod event;
mod log;
mod source;

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::clock::Timestamp;
use app::executor::{Ended, Ending, Executor, ExecutorError, Found, Handle, Order, Progress, Started};
use app::runner_log;
use async_trait::async_trait;
use aws_sdk_codebuild::error::SdkError;
use aws_sdk_codebuild::operation::start_build::StartBuildError;
use aws_sdk_codebuild::operation::stop_build::StopBuildError;
use aws_sdk_codebuild::types::{
    Build, BuildPhase, BuildPhaseType, ImagePullCredentialsType, SourceType, StatusType,
};
use config::Project;
use serde::{Deserialize, Serialize};

use self::source::Kept;

/// The same for every build.
const BUILDSPEC: &str = include_str!("../../../../infra/codebuild/buildspec.yml");

/// CodeBuild's own limits of a build's time, in minutes.
const TIMEOUT_MIN: i32 = 5;
const TIMEOUT_MAX: i32 = 2_160;

/// How long a build may wait for a machine, in minutes: longer, and nobody expects it any more.
const QUEUED_MINUTES_MAX: i32 = 15;

/// How long CodeBuild knows a repeated request by its token, less what clocks differ by.
const SAME_REQUEST: Duration = Duration::from_mins(4);

/// The times between two looks: as long as it has been running, within these. The end itself is told by an event.
const PAUSE: [Duration; 2] = [Duration::from_secs(10), Duration::from_mins(5)];

/// How often a log is looked for that is not whole yet, and for how long after the end.
const LOG_PAUSE: Duration = Duration::from_secs(2);
const LOG_WAIT: Duration = Duration::from_mins(2);

/// Where builds run.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name of the CodeBuild project.
    pub project: String,
    /// The bucket that archives are left in for two days at most.
    pub bucket: String,
}

/// CodeBuild, for all projects.
pub struct CodeBuild {
    app: Arc<App>,
    place: Place,
    builds: aws_sdk_codebuild::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    objects: aws_sdk_s3::Client,
}

/// What is known of a run that was begun: its handle.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Held {
    /// CodeBuild's name for the build.
    build: String,
    /// The archive's key.
    source: String,
    since: Timestamp,
    /// How long the job may take, in seconds, from its own start.
    timeout_s: u64,
}

impl CodeBuild {
    /// With the SDK's usual settings.
    pub fn new(app: Arc<App>, shared: &aws_types::SdkConfig, place: Place) -> Self {
        Self {
            app,
            place,
            builds: aws_sdk_codebuild::Client::new(shared),
            logs: aws_sdk_cloudwatchlogs::Client::new(shared),
            objects: aws_sdk_s3::Client::from_conf(source::settings(shared)),
        }
    }

    /// How a run is doing, without waiting.
    async fn look_once(&self, held: &Held) -> Result<Progress, ExecutorError> {
        let found = self.builds.batch_get_builds().ids(&held.build).send().await.map_err(unavailable)?;
        // Builds are kept for a year: one that is not there any more was deleted by hand.
        let Some(build) = found.builds().first() else {
            return Ok(ended(Ending::Lost, Vec::new(), Duration::ZERO));
        };
        let now = self.app.clock.now();
        match ending(build) {
            Some(ending) => self.collect(held, build, ending).await,
            None if is_late(build, held, now) => {
                self.stop(&held.build).await?;
                let log = self.log(build).await.unwrap_or_default();
                self.forget(held).await;
                Ok(ended(Ending::TimedOut, log, took(build, now)))
            }
            None => {
                let [least, most] = PAUSE;
                let limit = Duration::from_secs(held.timeout_s);
                let elapsed = now.since(held.since);
                let look_after = elapsed.clamp(least, most).min(limit.saturating_sub(elapsed).max(least));
                Ok(Progress::Running { look_after })
            }
        }
    }

    /// The end with its log, or a short wait for the log.
    async fn collect(&self, held: &Held, build: &Build, ending: Ending) -> Result<Progress, ExecutorError> {
        let now = self.app.clock.now();
        let log = self.log(build).await?;
        let has_begun = phase(build, &BuildPhaseType::Build).is_some();
        let says_its_end = matches!(ending, Ending::Succeeded | Ending::Failed { .. });
        let is_recent = build.end_time().is_some_and(|at| now.since(Timestamp(millis(at))) < LOG_WAIT);
        if has_begun && says_its_end && is_recent && !runner_log::is_whole(&log) {
            return Ok(Progress::Running { look_after: LOG_PAUSE });
        }
        self.forget(held).await;
        let ending = match ending {
            Ending::Failed { .. } => Ending::Failed { exit_code: runner_log::exit_code(&log) },
            other => other,
        };
        Ok(ended(ending, log, took(build, now)))
    }

    async fn stop(&self, build: &str) -> Result<(), ExecutorError> {
        match self.builds.stop_build().id(build).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(StopBuildError::is_resource_not_found_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

#[async_trait]
impl Executor for CodeBuild {
    async fn start(&self, order: &Order) -> Result<Started, ExecutorError> {
        let found =
            order.found.as_ref().ok_or_else(|| refused("CodeBuild gets only jobs that were found here"))?;
        let image = image(found)?;
        let now = self.app.clock.now();
        let source = source::key(&self.app, order);
        match self.kept(&source).await? {
            Kept::Nothing => self.keep(&source, order, found).await?,
            Kept::Since(at) if now.since(at) < SAME_REQUEST => {}
            Kept::Since(_) => return Err(ExecutorError::InDoubt),
        }
        let minutes = order.timeout.as_secs().div_ceil(60);
        let started = self
            .builds
            .start_build()
            .project_name(&self.place.project)
            .idempotency_token(order.run.to_string())
            .source_type_override(SourceType::S3)
            .source_location_override(format!("{}/{source}", self.place.bucket))
            .buildspec_override(BUILDSPEC)
            .set_image_pull_credentials_type_override(image.as_deref().map(credentials))
            .set_image_override(image)
            .timeout_in_minutes_override(
                i32::try_from(minutes).unwrap_or(TIMEOUT_MAX).clamp(TIMEOUT_MIN, TIMEOUT_MAX),
            )
            .queued_timeout_in_minutes_override(QUEUED_MINUTES_MAX)
            .send()
            .await;
        let build = match started {
            Ok(started) => started.build_value,
            Err(error) => return Err(not_started(error)),
        };
        let build = build.ok_or(ExecutorError::InDoubt)?;
        let held = Held {
            build: build.id().unwrap_or_default().to_owned(),
            source,
            since: now,
            timeout_s: order.timeout.as_secs(),
        };
        let handle = serde_json::to_string(&held).map_err(|_| ExecutorError::InDoubt)?;
        // CodeBuild's page takes a login to AWS: people in a chat have the log here.
        Ok(Started { handle: Handle(handle), url: None })
    }

    async fn look(
        &self,
        _project: &Project,
        handle: &Handle,
        patience: Duration,
    ) -> Result<Progress, ExecutorError> {
        let held = held(handle)?;
        let until = tokio::time::Instant::now() + patience;
        loop {
            let progress = self.look_once(&held).await?;
            let Progress::Running { look_after } = progress else { return Ok(progress) };
            if tokio::time::Instant::now() + look_after > until {
                return Ok(progress);
            }
            tokio::time::sleep(look_after).await;
        }
    }

    async fn cancel(&self, _project: &Project, handle: &Handle) -> Result<(), ExecutorError> {
        self.stop(&held(handle)?.build).await
    }
}

/// The job's image; `None` for that of the CodeBuild project.
fn image(found: &Found) -> Result<Option<String>, ExecutorError> {
    let Some(image) = &found.job.image else { return Ok(None) };
    if image.entrypoint.is_some() {
        return Err(refused("CodeBuild has no image:entrypoint"));
    }
    if image.name.contains('$') {
        return Err(refused("CodeBuild takes no variables in the name of an image"));
    }
    Ok(Some(image.name.clone()))
}

/// CodeBuild's own images are pulled in its name, all others in the build's.
fn credentials(image: &str) -> ImagePullCredentialsType {
    if image.starts_with("aws/codebuild/") {
        ImagePullCredentialsType::Codebuild
    } else {
        ImagePullCredentialsType::ServiceRole
    }
}

fn held(handle: &Handle) -> Result<Held, ExecutorError> {
    serde_json::from_str(&handle.0).map_err(unavailable)
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> ExecutorError {
    ExecutorError::Unavailable(Box::new(error))
}

fn refused(reason: &str) -> ExecutorError {
    ExecutorError::Refused { reason: reason.to_owned() }
}

/// The token makes a repeated request harmless, so that only what CodeBuild will never do is a refusal.
fn not_started(error: SdkError<StartBuildError>) -> ExecutorError {
    let is_final = error
        .as_service_error()
        .is_some_and(|error| error.is_invalid_input_exception() || error.is_resource_not_found_exception());
    if !is_final {
        return unavailable(error);
    }
    tracing::error!(error = %app::Causes(&error), "CodeBuild refuses a build");
    refused("CodeBuild refuses it; the log of Bellhop says why")
}

fn ended(ending: Ending, log: Vec<u8>, took: Duration) -> Progress {
    Progress::Ended(Ended { ending, log, took })
}

/// How a build ended, if it has.
fn ending(build: &Build) -> Option<Ending> {
    let status = build.build_status()?;
    let has_begun = phase(build, &BuildPhaseType::Build).is_some();
    Some(match status {
        StatusType::Succeeded => Ending::Succeeded,
        StatusType::Failed | StatusType::TimedOut if !has_begun => not_begun(build),
        StatusType::Failed => Ending::Failed { exit_code: None },
        StatusType::TimedOut => Ending::TimedOut,
        StatusType::Stopped => Ending::Cancelled,
        StatusType::Fault => Ending::Lost,
        _ => return None,
    })
}

/// What CodeBuild says of the phase that went wrong, such as that there is no such image.
fn not_begun(build: &Build) -> Ending {
    let contexts = build.phases().iter().flat_map(BuildPhase::contexts);
    let said = contexts.filter_map(|context| context.message()).next_back().unwrap_or("it says no more");
    Ending::NotStarted { reason: format!("CodeBuild did not get as far as its first command: {said}") }
}

fn phase<'b>(build: &'b Build, wanted: &BuildPhaseType) -> Option<&'b BuildPhase> {
    build.phases().iter().find(|phase| phase.phase_type() == Some(wanted))
}

/// When the job's own scripts began.
fn begun_at(build: &Build) -> Option<Timestamp> {
    phase(build, &BuildPhaseType::Build)?.start_time().map(|at| Timestamp(millis(at)))
}

fn is_late(build: &Build, held: &Held, now: Timestamp) -> bool {
    begun_at(build).is_some_and(|at| now.since(at) >= Duration::from_secs(held.timeout_s))
}

/// Without the time for a machine and an image.
fn took(build: &Build, now: Timestamp) -> Duration {
    let Some(begun_at) = begun_at(build) else { return Duration::ZERO };
    let told = phase(build, &BuildPhaseType::Build).and_then(BuildPhase::duration_in_seconds);
    told.and_then(|seconds| u64::try_from(seconds).ok())
        .map_or_else(|| now.since(begun_at), Duration::from_secs)
}

fn millis(at: &aws_sdk_codebuild::primitives::DateTime) -> i64 {
    at.to_millis().unwrap_or_default()
}
