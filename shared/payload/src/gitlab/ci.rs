//! Pipelines, jobs and deployments
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/#pipeline-events>, `#job-events` and
//! `#deployment-events`).
//!
//! Not here: the jobs that a pipeline lists. Each has an event of its own.

use serde::Deserialize;

use super::{IS_EMPTY, Scene, Told};
use crate::common::RefName;
use crate::field::{Flag, Number, Part, Text};
use crate::{Deployment, Fact, Reference, Run, Sha, Status};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PipelinePayload {
    object_attributes: Part<PipelineAttributes>,
    merge_request: Part<MergeRequestPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PipelineAttributes {
    id: Number,
    /// Since 16.1, and seldom set.
    name: Text,
    #[serde(rename = "ref")]
    reference: Text,
    tag: Flag,
    sha: Text,
    source: Text,
    status: Text,
    duration: Number,
    /// Since 15.
    url: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MergeRequestPayload {
    source_branch: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct JobPayload {
    build_id: Number,
    build_name: Text,
    build_status: Text,
    build_duration: Number,
    #[serde(rename = "ref")]
    reference: Text,
    tag: Flag,
    sha: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeploymentPayload {
    deployment_id: Number,
    status: Text,
    environment: Text,
    /// The job's that deploys.
    deployable_url: Text,
    #[serde(rename = "ref")]
    reference: Text,
    short_sha: Text,
    commit_url: Text,
}

pub(super) fn pipeline(payload: PipelinePayload, scene: &mut Scene) -> Told {
    let pipeline = payload.object_attributes.0.ok_or(IS_EMPTY)?;
    let source_branch = payload.merge_request.0.and_then(|request| request.source_branch.0);
    let status = status(&pipeline.status);
    Ok(Fact::Pipeline(Run {
        action: None,
        number: pipeline.id.0,
        name: pipeline.name.0,
        url: pipeline.url.0.or_else(|| page(scene, "pipelines", pipeline.id.0)),
        reference: reference(pipeline.reference.0, pipeline.tag.0, source_branch),
        commit: pipeline.sha.0.and_then(Sha::new),
        source: pipeline.source.0,
        duration_s: pipeline.duration.0.filter(|_| is_over(&status)),
        status,
    }))
}

pub(super) fn job(job: JobPayload, scene: &mut Scene) -> Told {
    if job.build_id.0.is_none() && job.build_status.0.is_none() {
        return Err(IS_EMPTY);
    }
    let status = status(&job.build_status);
    Ok(Fact::Job(Run {
        action: None,
        number: job.build_id.0,
        name: job.build_name.0,
        url: page(scene, "jobs", job.build_id.0),
        reference: reference(job.reference.0, job.tag.0, None),
        commit: job.sha.0.and_then(Sha::new),
        source: None,
        duration_s: job.build_duration.0.filter(|_| is_over(&status)),
        status,
    }))
}

pub(super) fn deployment(deployment: DeploymentPayload, _: &mut Scene) -> Told {
    if deployment.status.0.is_none() && deployment.environment.0.is_none() {
        return Err(IS_EMPTY);
    }
    Ok(Fact::Deployment(Deployment {
        action: None,
        number: deployment.deployment_id.0,
        environment: deployment.environment.0,
        status: status(&deployment.status),
        url: deployment.deployable_url.0,
        // Nothing tells a tag from a branch here, and most deploy branches.
        reference: reference(deployment.reference.0, None, None),
        commit: commit(deployment.short_sha.0, deployment.commit_url.as_deref()),
    }))
}

/// A pipeline or a job without a status has only been made.
fn status(word: &Text) -> Status {
    word.as_deref().map_or(Status::Created, Status::of)
}

fn is_over(status: &Status) -> bool {
    matches!(status, Status::Success | Status::Failed | Status::Canceled | Status::Skipped)
}

/// Such as `http://gitlab.test/mike/diaspora/-/jobs/1977`, for GitLab 12.0 and later.
fn page(scene: &Scene, route: &str, number: Option<u64>) -> Option<String> {
    let url = scene.repository.as_ref()?.url.as_deref()?;
    Some(format!("{url}/-/{route}/{}", number?))
}

/// A merge request's pipeline may run on a ref of GitLab's own (`refs/merge-requests/1/head`): people know the branch.
fn reference(name: Option<String>, is_tag: Option<bool>, source_branch: Option<String>) -> Option<Reference> {
    let name = name?;
    match RefName::parse(&name) {
        Some(known) => Some(known.into()),
        None if is_tag == Some(true) => Some(Reference::Tag(name)),
        None if name.starts_with("refs/") => Some(Reference::Branch(source_branch.unwrap_or(name))),
        None => Some(Reference::Branch(name)),
    }
}

/// The whole id, which only the commit's page has.
fn commit(short: Option<String>, page: Option<&str>) -> Option<Sha> {
    let last = page.and_then(|page| page.rsplit('/').next());
    let whole = last.filter(|last| last.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let whole = whole.filter(|whole| short.as_deref().is_none_or(|short| whole.starts_with(short)));
    whole.map(str::to_owned).or(short).and_then(Sha::new)
}
