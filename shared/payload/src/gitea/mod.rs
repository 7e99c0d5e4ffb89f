//! The webhooks of Gitea (<https://docs.gitea.com/usage/webhooks>, `modules/structs/hook.go`), and those of its
//! descendant Forgejo and its ancestor Gogs, which share the shapes.
//!
//! Not here: pushes, and the branches and tags that come and go with them, which have GitHub's shape; only Gogs's tags
//! are read here.

mod item;
mod other;
mod run;
mod tag;

use http::HeaderMap;
use serde::Deserialize;

use crate::common::{RefName, is_event_name, read, unknown_json};
use crate::github::lenient::Told;
use crate::{Actor, Forge, ParseError, Parsed, Reference, Repository, github, headers};

/// Gitea's user, under all the names that the three forges have had for its fields.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AccountPayload {
    login: Told<String>,
    /// Gogs, and beside `login` in Gitea.
    username: Told<String>,
    /// A person's name, often empty.
    full_name: Told<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RepositoryPayload {
    name: Told<String>,
    full_name: Told<String>,
    html_url: Told<String>,
    default_branch: Told<String>,
    private: Told<bool>,
    /// Private to the instance's members.
    internal: Told<bool>,
}

/// The event's name. A forge's own header comes before those it sends for its relatives' sake, and the coarse name
/// (`issues`) before the fine one (`issue_label`): of packages and statuses, Gitea left the coarse one empty for years.
pub(crate) fn name(headers: &HeaderMap) -> Option<&str> {
    const NAMES: [&str; 6] = [
        "x-forgejo-event",
        "x-forgejo-event-type",
        "x-gitea-event",
        "x-gitea-event-type",
        "x-gogs-event",
        "x-github-event",
    ];
    NAMES.iter().filter_map(|name| headers::text(headers, name)).find(|name| !name.is_empty())
}

pub(crate) fn parse(forge: Forge, name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    let Some(name) = name.filter(|name| is_event_name(name)) else { return unknown_json(name, json) };
    match name {
        "create" | "delete" if forge == Forge::Gogs => tag::parse(name, json),
        "push" | "create" | "delete" => pushed(forge, name, json),
        _ if item::is_told_by(name) => {
            let payload = read(json, "an issue or a pull request of Gitea's")?;
            Ok(payload.map_or_else(|ignored| ignored, |payload| item::event(forge, name, payload)))
        }
        _ if run::is_told_by(name) => {
            let payload = read(json, "a run of Gitea's")?;
            Ok(payload.map_or_else(|ignored| ignored, |payload| run::event(forge, name, payload)))
        }
        _ => {
            let payload = read(json, "an event of Gitea's")?;
            Ok(payload.map_or_else(|ignored| ignored, |payload| other::event(forge, name, payload)))
        }
    }
}

/// What has GitHub's shape, but for the bots.
fn pushed(forge: Forge, name: &str, json: &[u8]) -> Result<Parsed, ParseError> {
    let mut parsed = github::parse(forge, Some(name), json)?;
    if let Parsed::Events(events) = &mut parsed {
        for event in events {
            event.actor.bot |= event.actor.login.as_deref().is_some_and(is_bot);
        }
    }
    Ok(parsed)
}

/// Whether workflows act in this account's name: nothing else in a payload marks it (`models/user/user_system.go` of
/// both forges).
fn is_bot(login: &str) -> bool {
    matches!(login, "gitea-actions" | "forgejo-actions") || login.ends_with("[bot]")
}

impl AccountPayload {
    fn actor(self) -> Actor {
        let login = self.login.some().or(self.username.some());
        let bot = login.as_deref().is_some_and(is_bot);
        Actor { login, name: self.full_name.some(), bot }
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        let is_internal = self.internal.is_true();
        let path = self.full_name.some();
        let last = path.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        Some(Repository {
            name: self.name.some().or(last)?,
            path,
            url: self.html_url.some().map(|url| url.trim_end_matches('/').to_owned()),
            default_branch: self.default_branch.some(),
            private: self.private.0.map(|private| private || is_internal),
        })
    }
}

/// A branch or a tag by its full name, or a branch by its short one.
fn reference(name: String) -> Option<Reference> {
    match RefName::parse(&name) {
        Some(full) => Some(full.into()),
        None if name.is_empty() || name.starts_with("refs/") => None,
        None => Some(Reference::Branch(name)),
    }
}

#[cfg(test)]
mod tests;
