//! What runs: commit statuses, the workflow runs and jobs of newer versions, and Forgejo's `action_run_*`. Forgejo puts
//! the status into the event's name, as in `workflow_job_running`.
//!
//! Not here: how a forge's word becomes a status ([`crate::Status`]).

use serde::Deserialize;

use super::reference;
use crate::common::happened;
use crate::field::{Number, Part, Text};
use crate::github::account::{AccountPayload, RepositoryPayload};
use crate::moment::seconds_between;
use crate::{Action, Fact, Forge, Parsed, Reference, Run, Sha, Status};

/// Forgejo's durations are Go's.
const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RunPayload {
    action: Text,
    /// Of a commit status, which has its fields at the top.
    context: Text,
    state: Text,
    sha: Text,
    target_url: Text,
    /// Gitea's.
    workflow: Part<WorkflowPayload>,
    workflow_run: Part<OnePayload>,
    workflow_job: Part<OnePayload>,
    /// Forgejo's.
    run: Part<OnePayload>,
    job: Part<OnePayload>,
    repository: Part<RepositoryPayload>,
    sender: Part<AccountPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WorkflowPayload {
    name: Text,
}

/// A run or a job of either forge.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OnePayload {
    id: Number,
    /// A run's number as people see it: Gitea's, Forgejo's.
    run_number: Number,
    index_in_repo: Number,
    /// A job's.
    name: Text,
    /// The title of a run's commit: Gitea's, Forgejo's.
    display_title: Text,
    title: Text,
    /// The workflow's file: Forgejo's, and Gitea's with the ref, as in `ci.yml@refs/heads/main`.
    workflow_id: Text,
    path: Text,
    html_url: Text,
    status: Text,
    /// How it ended; empty before.
    conclusion: Text,
    head_branch: Text,
    head_sha: Text,
    /// Forgejo's: a branch, a tag, or a pull request such as `#2`.
    prettyref: Text,
    commit_sha: Text,
    /// What started it.
    event: Text,
    /// What Forgejo was told of that, as a text of JSON.
    event_payload: Text,
    started_at: Text,
    completed_at: Text,
    /// Forgejo's, in nanoseconds.
    duration: Number,
    repository: Part<RepositoryPayload>,
    trigger_user: Part<AccountPayload>,
}

/// What started a run of Forgejo's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CausePayload {
    #[serde(rename = "ref")]
    reference: Text,
}

/// Whether events of this name are about something that runs.
pub(super) fn is_told_by(name: &str) -> bool {
    name == "status"
        || ["workflow_run", "workflow_job", "action_run"].iter().any(|start| name.starts_with(start))
}

pub(super) fn event(forge: Forge, name: &str, mut payload: RunPayload) -> Parsed {
    if name == "status" {
        return status(forge, payload);
    }
    let mut run = payload.workflow_run.0.take().or(payload.run.0.take());
    let job = payload.workflow_job.0.take().or(payload.job.0.take());
    // Forgejo tells these within the run.
    let within = run.as_mut();
    let (repository, trigger) =
        within.map(|run| (run.repository.0.take(), run.trigger_user.0.take())).unwrap_or_default();
    let repository = payload.repository.0.or(repository).and_then(RepositoryPayload::repository);
    let actor = payload.sender.0.or(trigger).unwrap_or_default().actor();
    // `workflow_job_running`, `action_run_failure`; of `workflow_job` the action says where it stands.
    let implied = match name.rsplit('_').next().unwrap_or_default() {
        "run" | "job" => payload.action.as_deref().unwrap_or("created"),
        own => own,
    };
    let action = payload.action.as_deref().map(Action::of);
    let fact = if name.starts_with("workflow_job") {
        Fact::Job(job_run(action, implied, job, run))
    } else {
        let workflow = payload.workflow.0.and_then(|workflow| workflow.name.0);
        Fact::Pipeline(pipeline_run(action, implied, workflow, run))
    };
    happened(forge, &actor, repository.as_ref(), [fact])
}

fn status(forge: Forge, payload: RunPayload) -> Parsed {
    let run = Run {
        name: payload.context.0,
        url: payload.target_url.0,
        commit: payload.sha.0.and_then(Sha::new),
        ..empty_run(payload.state.as_deref().unwrap_or("created"))
    };
    let repository = payload.repository.0.and_then(RepositoryPayload::repository);
    happened(forge, &payload.sender.0.unwrap_or_default().actor(), repository.as_ref(), [Fact::Job(run)])
}

fn job_run(action: Option<Action>, implied: &str, job: Option<OnePayload>, run: Option<OnePayload>) -> Run {
    let name = job.as_ref().and_then(|job| job.name.as_deref().map(str::to_owned));
    let mut told = job.map_or_else(|| empty_run(implied), |job| job.run(implied));
    if let Some(run) = run.map(|run| run.run(implied)) {
        told.url = told.url.or(run.url);
        told.reference = told.reference.or(run.reference);
        told.commit = told.commit.or(run.commit);
        told.source = told.source.or(run.source);
    }
    Run { action, name, ..told }
}

fn pipeline_run(
    action: Option<Action>,
    implied: &str,
    workflow: Option<String>,
    run: Option<OnePayload>,
) -> Run {
    let Some(run) = run else { return Run { action, name: workflow, ..empty_run(implied) } };
    let number = run.run_number.0.or(run.index_in_repo.0).or(run.id.0);
    let told = [run.name.as_deref(), run.file(), run.display_title.as_deref(), run.title.as_deref()];
    let name = workflow.or_else(|| told.into_iter().flatten().next().map(str::to_owned));
    Run { action, number, name, ..run.run(implied) }
}

/// Of which nothing is known but where it stands.
fn empty_run(status: &str) -> Run {
    Run {
        action: None,
        number: None,
        name: None,
        url: None,
        status: Status::of(status),
        reference: None,
        commit: None,
        source: None,
        duration_s: None,
    }
}

impl OnePayload {
    /// What runs and jobs tell alike.
    fn run(self, implied: &str) -> Run {
        let reference = self.reference();
        let length = || seconds_between(self.started_at.as_deref()?, self.completed_at.as_deref()?);
        let length = length();
        let word = self.conclusion.0.or(self.status.0);
        Run {
            url: self.html_url.0,
            reference,
            commit: self.head_sha.0.or(self.commit_sha.0).and_then(Sha::new),
            source: self.event.0,
            duration_s: length.or(self
                .duration
                .0
                .filter(|length| *length > 0)
                .map(|length| length / NANOSECONDS_PER_SECOND)),
            ..empty_run(word.as_deref().unwrap_or(implied))
        }
    }

    /// By its full name where there is one, since the short ones do not tell a tag from a branch.
    fn reference(&self) -> Option<Reference> {
        let cause = self.event_payload.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let told = cause.and_then(|cause: CausePayload| cause.reference.0);
        let within_path = self.path.as_deref().and_then(|path| path.split_once('@')).map(|(_, name)| name);
        let full =
            [told.as_deref(), within_path].into_iter().flatten().find(|name| name.starts_with("refs/"));
        let pretty = self.prettyref.as_deref().filter(|name| !name.starts_with('#'));
        let short = self.head_branch.as_deref().or(pretty);
        [full, short].into_iter().flatten().find_map(|name| reference(name.to_owned()))
    }

    /// The workflow's file.
    fn file(&self) -> Option<&str> {
        let path = || self.path.as_deref()?.split('@').next().filter(|file| !file.is_empty());
        self.workflow_id.as_deref().or_else(path)
    }
}
