//! What happens to members, accounts, keys, groups and projects
//! (<https://docs.gitlab.com/administration/system_hooks/>, and a group's member, project and subgroup events), and
//! whatever else GitLab tells of: tokens that expire, vulnerabilities, and what no version has told yet.
//!
//! Not here: pushes and merge requests of system hooks. They look like everybody's.

use serde::Deserialize;

use super::Scene;
use super::item::Attributes;
use super::place::{actor, is_private};
use crate::field::{Part, Text};
use crate::{Action, Fact, Item, Member, Other, Repository, State};

/// The flat fields. Which of them are there depends on what it is about.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SystemPayload {
    event_name: Text,
    action: Text,
    title: Text,
    /// The project's, the group's or the person's.
    name: Text,
    username: Text,
    state: Text,
    url: Text,
    key: Text,
    path_with_namespace: Text,
    project_name: Text,
    project_path_with_namespace: Text,
    project_visibility: Text,
    access_level: Text,
    /// The same, until 7.
    project_access: Text,
    user_name: Text,
    user_username: Text,
    group_name: Text,
    group_path: Text,
    group_access: Text,
    object_attributes: Part<Attributes>,
}

pub(super) fn fact(mut payload: SystemPayload, scene: &mut Scene) -> Fact {
    if let Some(repository) = payload.repository() {
        scene.repository = Some(repository);
    }
    match membership(&scene.kind) {
        Some(action) => Fact::Member(Member {
            action,
            account: actor(payload.user_username.0, payload.user_name.0),
            group: payload.group_path.or(payload.group_name).0,
            role: payload.group_access.or(payload.access_level).or(payload.project_access).0,
            url: None,
        }),
        None => payload.other(scene),
    }
}

/// GitLab calls a project's members its team.
fn membership(event: &str) -> Option<Action> {
    let own = |word: &str| Action::Other(word.to_owned());
    match event {
        "user_add_to_group" | "user_add_to_team" => Some(Action::Added),
        "user_update_for_group" | "user_update_for_team" => Some(Action::Updated),
        "user_remove_from_group" | "user_remove_from_team" => Some(Action::Removed),
        "user_access_request_to_group" | "user_access_request_to_project" => Some(own("access_request")),
        "user_access_request_denied_for_group" | "user_access_request_denied_for_project" => {
            Some(own("access_request_denied"))
        }
        "user_access_request_revoked_for_group" | "user_access_request_revoked_for_project" => {
            Some(own("access_request_revoked"))
        }
        _ => None,
    }
}

impl SystemPayload {
    /// The project, where the flat fields tell of one. GitLab does not say where its page is.
    fn repository(&mut self) -> Option<Repository> {
        let path = self.project_path_with_namespace.0.take().or(self.path_with_namespace.0.take())?;
        let name = self.project_name.0.take().or_else(|| self.name.0.clone());
        Some(Repository {
            name: name.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(&path).to_owned()),
            path: Some(path),
            url: None,
            default_branch: None,
            private: self.project_visibility.as_deref().map(is_private),
        })
    }

    fn other(self, scene: &mut Scene) -> Fact {
        // Only of these is the account that it happens to surely the one that acts.
        if matches!(scene.kind.as_str(), "user_failed_login" | "key_create" | "key_destroy") {
            scene.actor = actor(self.username.0.clone(), self.name.0.clone());
        }
        let object = self.object_attributes.0.unwrap_or_default();
        // A key's text ends with a name that its owner chose.
        let key = self.key.as_deref().and_then(|key| key.splitn(3, ' ').nth(2)).map(str::to_owned);
        // Of a token, the event's name says more than its kind does: it expires.
        let event = self.event_name.0.filter(|name| *name != scene.kind);
        let word = object.action.or(self.action).0.or_else(|| verb(&scene.kind).map(str::to_owned)).or(event);
        let title = object.title.or(object.name).or(self.title).0.or(key);
        let item = Item {
            action: word.as_deref().map(Action::of),
            number: object.iid.0,
            title: title.or(self.name.or(self.username).or(self.group_name).0),
            url: object.url.or(self.url).0,
            state: object.state.or(object.status).or(self.state).as_deref().map(State::of),
        };
        Fact::Other(Other { kind: scene.kind.clone(), item })
    }
}

/// What was done, by the event's name: `create` of `project_create`.
fn verb(event: &str) -> Option<&str> {
    let (_, word) = event.split_once('_')?;
    match word {
        // Elsewhere GitLab says so.
        "destroy" => Some("delete"),
        "create" | "update" | "rename" | "transfer" | "failed_login" => Some(word),
        _ => None,
    }
}
