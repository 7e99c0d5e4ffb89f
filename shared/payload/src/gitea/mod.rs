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

use crate::common::{RefName, is_event_name, read, unknown_json};
use crate::{Forge, ParseError, Parsed, Reference, github, headers};

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
        "push" | "create" | "delete" => github::parse(forge, Some(name), json),
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
