//! Tags that come and go on Gogs, which tells of them by `create` and `delete` alone, where the others send pushes as
//! well (`internal/db/actions.go`).
//!
//! Not here: branches, which Gogs tells of as the others do.

use serde::Deserialize;

use crate::common::{RefName, ignored, pushed, read};
use crate::field::{Part, Text};
use crate::github::account::{AccountPayload, RepositoryPayload};
use crate::{Fact, Forge, Item, Other, ParseError, Parsed, RefChange, TagPush, github};

#[derive(Default, Deserialize)]
#[serde(default)]
struct TagPayload {
    #[serde(rename = "ref")]
    reference: Text,
    /// `branch` or `tag`.
    ref_type: Text,
    /// Where a new tag points; an old Gogs does not tell.
    sha: Text,
    repository: Part<RepositoryPayload>,
    sender: Part<AccountPayload>,
}

pub(super) fn parse(name: &str, json: &[u8]) -> Result<Parsed, ParseError> {
    let payload: TagPayload = match read(json, "a tag of Gogs's")? {
        Ok(payload) => payload,
        Err(ignored) => return Ok(ignored),
    };
    if payload.ref_type.as_deref() != Some("tag") {
        return github::parse(Forge::Gogs, Some(name), json);
    }
    Ok(event(name, payload))
}

fn event(name: &str, payload: TagPayload) -> Parsed {
    let Some(repository) = payload.repository.0.and_then(RepositoryPayload::repository) else {
        return ignored("a tag that names no repository");
    };
    let change = match name {
        "create" => RefChange::new(None, payload.sha.0),
        _ => Some(RefChange::Deleted { before: None }),
    };
    let reference = payload.reference.0.unwrap_or_default();
    let tag = RefName::parse(&reference).map_or(reference.as_str(), RefName::as_str).to_owned();
    let fact = match change {
        Some(change) => Fact::Tag(TagPush { tag, change, annotation: None, compare_url: None }),
        None => {
            Fact::Other(Other { kind: name.to_owned(), item: Item { title: Some(tag), ..Item::default() } })
        }
    };
    let fact = (!reference.is_empty()).then_some(fact);
    pushed(Forge::Gogs, &payload.sender.0.unwrap_or_default().actor(), &repository, fact)
}
