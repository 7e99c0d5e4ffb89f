//! Deployments on GitHub: that one is wanted, how it goes on, who lets it pass.
//!
//! Not here: the jobs that deploy.

use serde::Deserialize;

use super::frame::{Frame, Stop, object};
use super::run::RunPayload;
use crate::common::RefName;
use crate::field::{List, Number, Part, Text};
use crate::{Deployment, Fact, Reference, Sha, Status};

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeploymentEvent {
    deployment: Part<DeploymentPayload>,
    deployment_status: Part<StatusPayload>,
    /// Of a review and of a protection rule.
    environment: Text,
    /// The job that deploys or waits, and its workflow run.
    check_run: Part<RunPayload>,
    workflow_job_run: Part<RunPayload>,
    workflow_job_runs: List<RunPayload>,
    workflow_run: Part<RunPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DeploymentPayload {
    id: Number,
    environment: Text,
    /// A branch, a tag or a commit, in short or in full.
    #[serde(rename = "ref")]
    reference: Text,
    sha: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusPayload {
    state: Text,
    environment: Text,
    /// Empty if the deployer gave none.
    log_url: Text,
    /// The older name of `log_url`.
    target_url: Text,
    /// What was deployed, to look at.
    environment_url: Text,
}

/// Any of `deployment`, `deployment_status`, `deployment_review`, `deployment_protection_rule`.
pub(super) fn deployment(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: DeploymentEvent = object(json)?;
    let is_empty = event.deployment.0.is_none() && event.workflow_run.0.is_none();
    if is_empty && event.environment.0.is_none() {
        return Err(Stop::nothing("deployment"));
    }
    let deployment = event.deployment.0.unwrap_or_default();
    let told = event.deployment_status.0.unwrap_or_default();
    let first = event.workflow_job_runs.0.and_then(|jobs| jobs.into_iter().next());
    let job = event.workflow_job_run.0.or(first).or(event.check_run.0);
    let run = event.workflow_run.0;
    let status = match (told.state.as_deref(), &job, frame.action.as_deref()) {
        (Some(state), ..) => Status::of(state),
        (None, _, Some("created") | None) => Status::Created,
        (None, Some(job), action) => job.status(action),
        (None, None, _) => Status::Pending,
    };
    let pages = [&job, &run].map(|run| run.as_ref().and_then(|run| run.html_url.as_deref()));
    let page = pages.into_iter().flatten().next().map(str::to_owned);
    let job_environment = job.and_then(|job| job.environment.0);
    let run = run.unwrap_or_default();
    let sha = deployment.sha.0;
    Ok(Fact::Deployment(Deployment {
        action: frame.action(),
        number: deployment.id.0,
        environment: told
            .environment
            .0
            .or(event.environment.0)
            .or(deployment.environment.0)
            .or(job_environment),
        status,
        url: told.log_url.0.or(told.target_url.0).or(page).or(told.environment_url.0),
        reference: deployment
            .reference
            .as_deref()
            .and_then(|name| reference(name, sha.as_deref()))
            .or(run.head_branch.0.map(Reference::Branch)),
        commit: sha.or(run.head_sha.0).and_then(Sha::new),
    }))
}

/// `None` for a commit's id. What is not said to be a tag counts as a branch.
fn reference(name: &str, sha: Option<&str>) -> Option<Reference> {
    /// As git abbreviates an id; what is shorter is a branch that looks like one.
    const ID_CHARS_MIN: usize = 7;
    if name.len() >= ID_CHARS_MIN && sha.is_some_and(|sha| sha.starts_with(name)) {
        return None;
    }
    Some(RefName::parse(name).unwrap_or(RefName::Branch(name)).into())
}
