//! Pushes of GitHub and its kin, and the coming and going of refs.
//!
//! Not here: any other event.

use serde::Deserialize;

use super::account::{AccountPayload, RepositoryPayload, actor};
use crate::common::{RefName, file_count, first_line, ignored, pushed, read};
use crate::field::{Flag, Length, List, Number, Part, Text};
use crate::{Commit, Fact, Forge, ParseError, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// A push, and what a deletion has in common with it. Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PushPayload {
    #[serde(rename = "ref")]
    reference: Text,
    /// Of a deletion: `branch` or `tag`.
    ref_type: Text,
    before: Text,
    after: Text,
    forced: Flag,
    /// GitHub's link to the change.
    compare: Text,
    /// Gitea's; an old Gitea gives a path only.
    compare_url: Text,
    /// GitHub: all, oldest first. Gitea: the newest five, newest first.
    commits: List<CommitPayload>,
    /// Gitea's true count.
    total_commits: Number,
    repository: Part<RepositoryPayload>,
    pusher: Part<AccountPayload>,
    sender: Part<AccountPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    id: Text,
    message: Text,
    url: Text,
    author: Part<AccountPayload>,
    added: Length,
    modified: Length,
    removed: Length,
}

/// Reads `push`, `create` or `delete`.
pub(super) fn parse(forge: Forge, name: &str, json: &[u8]) -> Result<Parsed, ParseError> {
    let payload: PushPayload = match read(json, "a push of GitHub or its kin")? {
        Ok(payload) => payload,
        Err(ignored) => return Ok(ignored),
    };
    // GitHub tells every deletion by a push as well, and Gitea those of tags.
    let is_told_once = forge != Forge::GitHub && payload.ref_type.as_deref() == Some("branch");
    Ok(match name {
        "push" => push(forge, payload),
        "delete" if is_told_once => branch_deletion(forge, payload),
        _ => ignored("the push of the same branch or tag tells of it as well"),
    })
}

fn push(forge: Forge, mut payload: PushPayload) -> Parsed {
    if forge != Forge::GitHub && payload.before.0.is_some() && payload.before == payload.after {
        return ignored(&format!("a test of {forge}'s: nothing was pushed"));
    }
    let Some(change) = RefChange::new(payload.before.0.take(), payload.after.0.take()) else {
        return ignored("a push from nothing to nothing");
    };
    let reference = payload.reference.0.take().unwrap_or_default();
    changed(forge, payload, RefName::parse(&reference), change)
}

/// Gitea names the branch in short, Forgejo may do so in full.
fn branch_deletion(forge: Forge, mut payload: PushPayload) -> Parsed {
    let reference = payload.reference.0.take().unwrap_or_default();
    let short = (!reference.is_empty()).then_some(RefName::Branch(&reference));
    let name = RefName::parse(&reference).or(short);
    changed(forge, payload, name, RefChange::Deleted { before: None })
}

fn changed(forge: Forge, mut payload: PushPayload, name: Option<RefName<'_>>, change: RefChange) -> Parsed {
    let Some(repository) = payload.repository.0.take().and_then(RepositoryPayload::repository) else {
        return ignored("a push that names no repository");
    };
    let actor = actor(payload.sender.0.as_ref(), payload.pusher.0.as_ref());
    let link = payload.compare.0.or(payload.compare_url.0);
    let compare_url = link.and_then(|link| absolute(link, &repository));
    let fact = name.map(|name| match name {
        RefName::Branch(branch) => {
            let commits = payload.commits.0.map(|listed| commits(forge, listed));
            let listed = commits.as_ref().map(|commits| commits.len() as u64);
            Fact::Push(Push {
                branch: branch.to_owned(),
                change,
                compare_url,
                commit_count: payload.total_commits.0.or(listed),
                commits: commits.unwrap_or_default(),
                is_truncated: false,
                forced: payload.forced.0,
            })
        }
        // The text of an annotated tag is not in the payload.
        RefName::Tag(tag) => {
            Fact::Tag(TagPush { tag: tag.to_owned(), change, annotation: None, compare_url })
        }
    });
    pushed(forge, &actor, &repository, fact)
}

/// Oldest first, as GitHub has them and the others do not.
fn commits(forge: Forge, commits: Vec<CommitPayload>) -> Vec<Commit> {
    let mut commits: Vec<_> = commits.into_iter().filter_map(CommitPayload::commit).collect();
    if forge != Forge::GitHub {
        commits.reverse();
    }
    commits
}

/// An old Gitea, and Gogs, give a path: it belongs to the repository's host.
fn absolute(link: String, repository: &Repository) -> Option<String> {
    if !link.starts_with('/') {
        return Some(link);
    }
    let url = repository.url.as_deref()?;
    let host_end = url.find("://").map(|scheme| scheme + 3)?;
    let origin_end = url[host_end..].find('/').map_or(url.len(), |slash| host_end + slash);
    Some(format!("{}{link}", &url[..origin_end]))
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        let author = self.author.0.unwrap_or_default();
        Some(Commit {
            id: Sha::new(self.id.0?)?,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: author.name.0.or(author.username.0).unwrap_or_default(),
            url: self.url.0,
            files: file_count([self.added, self.modified, self.removed]),
        })
    }
}

#[cfg(test)]
mod tests;
