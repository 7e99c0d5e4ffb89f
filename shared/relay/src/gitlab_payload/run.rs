//! Pipelines, jobs and deployments, as GitLab tells them.

use payload::{Deployment, Event, Forge, Reference, Run, Sha};
use serde_json::{Value, json};

use super::{common, with};

pub(super) fn pipeline(event: &Event, run: &Run) -> Value {
    let fields = json!({
        "object_attributes": {
            "id": run.number,
            "name": run.name,
            "ref": run.reference.as_ref().map(name),
            "tag": run.reference.as_ref().map(is_tag),
            "sha": run.commit.as_ref().map(Sha::full),
            "source": run.source,
            "status": run.status.as_str(),
            "detailed_status": run.status.as_str(),
            "duration": run.duration_s,
            "url": run.url,
            "confidential": event.confidential,
        },
        "commit": run.commit.as_ref().map(|commit| json!({ "id": commit.full() })),
    });
    with(common(event, "pipeline"), fields)
}

/// GitLab calls a job a build, and has no place for its page.
pub(super) fn build(event: &Event, run: &Run) -> Value {
    let fields = json!({
        "build_id": run.number,
        "build_name": run.name,
        "build_status": run.status.as_str(),
        "build_duration": run.duration_s,
        "build_allow_failure": null,
        "ref": run.reference.as_ref().map(name),
        "tag": run.reference.as_ref().map(is_tag),
        "sha": run.commit.as_ref().map(Sha::full),
        "commit": { "sha": run.commit.as_ref().map(Sha::full), "status": run.status.as_str() },
        "project_name": event.repository.as_ref().map(|place| &place.name),
    });
    with(common(event, "build"), fields)
}

pub(super) fn deployment(event: &Event, deployment: &Deployment) -> Value {
    let fields = json!({
        "deployment_id": deployment.number,
        "status": deployment.status.as_str(),
        "environment": deployment.environment,
        "deployable_url": deployment.url,
        "ref": deployment.reference.as_ref().map(name),
        "short_sha": deployment.commit.as_ref().map(Sha::short),
        "commit_url": deployment.commit.as_ref().and_then(|commit| commit_page(event, commit)),
        "user_url": null,
    });
    with(common(event, "deployment"), fields)
}

fn commit_page(event: &Event, commit: &Sha) -> Option<String> {
    let url = event.repository.as_ref()?.url.as_deref()?;
    let route = match event.forge {
        Forge::GitLab => "-/commit",
        Forge::GitHub | Forge::Gitea | Forge::Forgejo | Forge::Gogs => "commit",
        Forge::BitbucketCloud | Forge::BitbucketServer => "commits",
    };
    Some(format!("{url}/{route}/{}", commit.full()))
}

fn name(reference: &Reference) -> &str {
    let (Reference::Branch(name) | Reference::Tag(name)) = reference;
    name
}

fn is_tag(reference: &Reference) -> bool {
    matches!(reference, Reference::Tag(_))
}
