//! GitLab's webhooks: those of projects and groups
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/>), of whole instances
//! (<https://docs.gitlab.com/administration/system_hooks/>), and all of them since 2014, when there was no event header
//! and no `object_kind` in pushes.
//!
//! Not here: what each kind tells (one module per family).

mod ci;
mod comment;
mod issuable;
mod item;
mod place;
mod push;
mod system;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::place::{AccountPayload, ProjectPayload, RepositoryPayload};
use crate::common::{RefName, confidential, happened, ignored, read};
use crate::field::{Flag, Part, Text};
use crate::{Actor, Fact, Forge, ParseError, Parsed, Repository};

/// Why a payload tells nothing. GitLab sends such ones for the wikis of groups.
const IS_EMPTY: &str = "a payload that does not say what it is about";

/// What the payloads have in common: the kind, who, where, and whether it is for everybody.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    object_kind: Text,
    /// System hooks say this instead, and pushes say it as well.
    event_name: Text,
    /// Of issues and comments: `confidential_issue`, `confidential_note`.
    event_type: Text,
    before: Text,
    after: Text,
    #[serde(rename = "ref")]
    reference: Text,
    user: Part<AccountPayload>,
    /// Who pushed, or in a system hook whom it is about.
    user_username: Text,
    user_name: Text,
    /// Since 8.5; before, `repository` is all there is.
    project: Part<ProjectPayload>,
    repository: Part<RepositoryPayload>,
    /// A job's.
    project_name: Text,
    object_attributes: Part<Attributes>,
    /// What a comment or a reaction is about. None of the others can be confidential.
    issue: Part<Attributes>,
    work_item: Part<Attributes>,
    epic: Part<Attributes>,
    note: Part<Attributes>,
}

/// What of an object matters to every kind of event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    confidential: Flag,
    /// A comment for members only, since 15.
    internal: Flag,
    url: Text,
    /// A merge request's project: before 8.5 nothing else names it.
    target: Part<ProjectPayload>,
}

/// Who and where, for those who tell what.
struct Scene {
    /// In GitLab's word.
    kind: String,
    actor: Actor,
    repository: Option<Repository>,
    is_confidential: bool,
    /// Later than 8.5, to judge by the project's description.
    is_today: bool,
}

/// What happened, or why there is nothing to tell.
type Told = Result<Fact, &'static str>;

impl Envelope {
    /// The kind by its body. A body without any, but with a ref that moved, is a push of 2014. The header comes last:
    /// it decides for bodies of a project's own template, which may have dropped the kind.
    fn kind(&self, header: Option<&str>) -> Option<String> {
        let legacy = || {
            let reference = self.reference.as_deref()?;
            self.before.0.as_ref().or(self.after.0.as_ref())?;
            Some(if matches!(RefName::parse(reference), Some(RefName::Tag(_))) { "tag_push" } else { "push" })
        };
        let kind = self.object_kind.as_deref().or(self.event_name.as_deref()).or_else(legacy);
        let kind = kind.map(str::to_lowercase).or_else(|| kind_of_header(header?))?;
        Some(kind.strip_prefix("confidential_").map(str::to_owned).unwrap_or(kind))
    }

    /// Nobody promises that all the marks agree, so one is enough.
    fn is_confidential(&self, header: Option<&str>) -> bool {
        let parts = [&self.object_attributes, &self.issue, &self.work_item, &self.epic, &self.note];
        let is_marked =
            |part: &Attributes| part.confidential.0 == Some(true) || part.internal.0 == Some(true);
        let names = [header, self.event_type.as_deref(), self.object_kind.as_deref()];
        parts.into_iter().filter_map(|part| part.0.as_ref()).any(is_marked)
            || names.into_iter().flatten().any(|name| name.to_lowercase().starts_with("confidential"))
    }

    fn actor(&mut self, kind: &str) -> Actor {
        match self.user.0.take() {
            Some(account) => account.actor(),
            None if matches!(kind, "push" | "tag_push") => {
                place::actor(self.user_username.0.take(), self.user_name.0.take())
            }
            None => Actor::default(),
        }
    }

    fn repository(&mut self) -> Option<Repository> {
        let project = self.project.0.take();
        let legacy = self.repository.0.take().map(ProjectPayload::from);
        let object = self.object_attributes.0.take().unwrap_or_default();
        let told = match (project, legacy) {
            (Some(project), Some(legacy)) => Some(project.or(legacy)),
            (project, legacy) => project.or(legacy),
        };
        told.and_then(ProjectPayload::repository)
            .or_else(|| object.target.0?.repository())
            .or_else(|| place::repository_of_page(object.url.as_deref()?))
            .or_else(|| Some(place::repository_of_name(self.project_name.as_deref()?)))
    }

    fn scene(mut self, kind: String, header: Option<&str>) -> Scene {
        Scene {
            is_confidential: self.is_confidential(header),
            is_today: self.project.0.is_some(),
            actor: self.actor(&kind),
            repository: self.repository(),
            kind,
        }
    }
}

/// Such as `tag_push` of `Tag Push Hook`. Two names stand for all kinds.
fn kind_of_header(header: &str) -> Option<String> {
    let kind = header.strip_suffix(" Hook")?.to_lowercase().replace(' ', "_");
    (!matches!(kind.as_str(), "system" | "service")).then_some(kind)
}

/// Reads a body. `header` is `X-Gitlab-Event`; the body knows better, since instances and integrations call
/// everything by one name.
pub(crate) fn parse(header: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    let envelope: Envelope = match read(json, "anything that GitLab sends")? {
        Ok(envelope) => envelope,
        Err(ignored) => return Ok(ignored),
    };
    let Some(kind) = envelope.kind(header) else {
        return Ok(ignored("a payload that does not say what happened"));
    };
    let scene = envelope.scene(kind, header);
    match scene.kind.as_str() {
        "push" | "tag_push" => told(json, scene, push::push),
        "issue" | "work_item" | "incident" | "epic" => told(json, scene, issuable::issue),
        "merge_request" => told(json, scene, issuable::merge_request),
        "note" => told(json, scene, comment::comment),
        "emoji" => told(json, scene, comment::emoji),
        "pipeline" => told(json, scene, ci::pipeline),
        "build" | "job" => told(json, scene, ci::job),
        "deployment" => told(json, scene, ci::deployment),
        "release" => told(json, scene, item::release),
        "wiki_page" => told(json, scene, item::wiki_page),
        "milestone" => told(json, scene, item::milestone),
        "feature_flag" => told(json, scene, item::feature_flag),
        "repository_update" => Ok(ignored("the pushes of the same branches and tags tell of it as well")),
        _ => told(json, scene, |payload, scene| Ok(system::fact(payload, scene))),
    }
}

fn told<T: DeserializeOwned>(
    json: &[u8],
    mut scene: Scene,
    tell: impl FnOnce(T, &mut Scene) -> Told,
) -> Result<Parsed, ParseError> {
    let payload = match read(json, "anything that GitLab sends")? {
        Ok(payload) => payload,
        Err(ignored) => return Ok(ignored),
    };
    let told = match tell(payload, &mut scene) {
        Ok(fact) => happened(Forge::GitLab, &scene.actor, scene.repository.as_ref(), [fact]),
        Err(reason) => ignored(reason),
    };
    Ok(if scene.is_confidential { confidential(told) } else { told })
}

#[cfg(test)]
mod tests;
