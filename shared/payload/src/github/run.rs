//! Workflow runs, jobs and checks on GitHub, and the statuses of commits.
//!
//! Not here: deployments.

use serde::Deserialize;

use super::frame::{Frame, Stop, object};
use crate::field::{List, Number, Part, Text};
use crate::moment::seconds_between;
use crate::{Reference, Run, Sha, Status};

#[derive(Default, Deserialize)]
#[serde(default)]
struct RunEvent {
    workflow_run: Part<RunPayload>,
    check_suite: Part<RunPayload>,
    workflow_job: Part<RunPayload>,
    check_run: Part<RunPayload>,
    workflow: Part<NamePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RunPayload {
    name: Text,
    run_number: Number,
    pub(super) html_url: Text,
    /// A check's page at the one who checks.
    details_url: Text,
    status: Text,
    /// How it ended, once `status` is `completed`.
    conclusion: Text,
    /// A tag has its name here too, and nothing tells it from a branch.
    pub(super) head_branch: Text,
    pub(super) head_sha: Text,
    /// What started it.
    event: Text,
    /// Of a check run.
    check_suite: Part<Box<RunPayload>>,
    /// Whose check suite it is.
    app: Part<NamePayload>,
    run_started_at: Text,
    started_at: Text,
    created_at: Text,
    completed_at: Text,
    updated_at: Text,
    /// Of a job that waits for a deployment's review.
    pub(super) environment: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamePayload {
    name: Text,
}

/// Any of `workflow_run`, `check_suite`, `workflow_job`, `check_run`.
pub(super) fn run(name: &str, frame: &Frame, json: &[u8]) -> Result<Run, Stop> {
    let event: RunEvent = object(json)?;
    let part = match name {
        "workflow_run" => event.workflow_run,
        "check_suite" => event.check_suite,
        "workflow_job" => event.workflow_job,
        _ => event.check_run,
    };
    let run = part.0.ok_or_else(|| Stop::nothing("run"))?;
    let (status, duration_s) = (run.status(frame.action.as_deref()), run.duration_s());
    let commit = run.head_sha.0.and_then(Sha::new);
    let mut url = run.html_url.0.or(run.details_url.0);
    if name == "check_suite" {
        url = url.or_else(|| checks_page(frame, commit.as_ref()));
    }
    let suite = run.check_suite.0.and_then(|suite| suite.head_branch.0);
    let [app, workflow] = [run.app, event.workflow].map(|part| part.0.and_then(|part| part.name.0));
    Ok(Run {
        action: frame.action(),
        number: run.run_number.0,
        name: run.name.0.or(workflow).or(app),
        url,
        status,
        reference: run.head_branch.0.or(suite).map(Reference::Branch),
        commit,
        source: run.event.0,
        duration_s,
    })
}

/// GitHub links no page of a check suite: all of a commit's are on one.
fn checks_page(frame: &Frame, commit: Option<&Sha>) -> Option<String> {
    let repository = frame.repository.as_ref()?.url.as_deref()?;
    Some(format!("{repository}/commit/{}/checks", commit?.full()))
}

impl RunPayload {
    /// Where it stands; the event's action stands in for what is not told.
    pub(super) fn status(&self, action: Option<&str>) -> Status {
        let status = self.status.as_deref().or(action).unwrap_or("created");
        let is_over = status == "completed";
        Status::of(self.conclusion.as_deref().filter(|_| is_over).unwrap_or(status))
    }

    fn duration_s(&self) -> Option<u64> {
        if self.status.as_deref() != Some("completed") {
            return None;
        }
        let starts = [&self.run_started_at, &self.started_at, &self.created_at];
        let ends = [&self.completed_at, &self.updated_at];
        let start = starts.into_iter().find_map(Text::as_deref)?;
        seconds_between(start, ends.into_iter().find_map(Text::as_deref)?)
    }
}

/// What somebody else's machine says of a commit.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusEvent {
    sha: Text,
    state: Text,
    context: Text,
    target_url: Text,
    commit: Part<CommitPayload>,
    /// All that have the commit, up to ten.
    branches: List<NamePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    html_url: Text,
}

/// `status`.
pub(super) fn commit_status(json: &[u8]) -> Result<Run, Stop> {
    let event: StatusEvent = object(json)?;
    let state = event.state.as_deref().ok_or_else(|| Stop::nothing("status"))?;
    let page = event.commit.0.and_then(|commit| commit.html_url.0);
    let mut branches = event.branches.0.unwrap_or_default().into_iter();
    // One of several would be a guess.
    let branch = branches.next().filter(|_| branches.len() == 0).and_then(|branch| branch.name.0);
    Ok(Run {
        action: None,
        number: None,
        name: event.context.0,
        url: event.target_url.0.or(page),
        status: Status::of(state),
        reference: branch.map(Reference::Branch),
        commit: event.sha.0.and_then(Sha::new),
        source: None,
        duration_s: None,
    })
}
