//! Pushes of branches and tags: all the refs of one push come in one payload, in newer versions with commits.
//!
//! Not here: a mirror's report of the same push.

use serde::Deserialize;

use super::{AccountPayload, RepositoryPayload};
use crate::common::{RefName, first_line, ignored, pushed};
use crate::field::{List, Part, Text};
use crate::{Commit, Fact, Forge, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// How many commits the server sends unless its settings say otherwise
/// (<https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html#Eventpayload-Push>).
const COMMITS_SENT: usize = 5;

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PushPayload {
    actor: Part<AccountPayload>,
    repository: Part<RepositoryPayload>,
    changes: List<ChangePayload>,
    /// Newer servers only, newest first; of one of the changes.
    commits: List<CommitPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ChangePayload {
    #[serde(rename = "ref")]
    reference: Part<RefPayload>,
    ref_id: Text,
    from_hash: Text,
    to_hash: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RefPayload {
    id: Text,
    display_id: Text,
    /// `BRANCH` or `TAG`.
    #[serde(rename = "type")]
    kind: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    id: Text,
    message: Text,
    author: Part<AccountPayload>,
    parents: List<ParentPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ParentPayload {
    id: Text,
}

pub(super) fn event(payload: PushPayload) -> Parsed {
    let Some(repository) = payload.repository.0.and_then(RepositoryPayload::repository) else {
        return ignored("a push that names no repository");
    };
    let actor = payload.actor.0.unwrap_or_default().actor();
    let changes = payload.changes.0.unwrap_or_default();
    let mut commits = payload.commits.0;
    let owner = owner(&changes, commits.as_deref().unwrap_or_default());
    let facts = changes.into_iter().enumerate().filter_map(|(index, change)| {
        let own = if index == owner { commits.take() } else { None };
        change.fact(&repository, own)
    });
    pushed(Forge::BitbucketServer, &actor, &repository, facts)
}

/// Which of the changes the commits belong to: the one that ends at the newest of them.
fn owner(changes: &[ChangePayload], commits: &[CommitPayload]) -> usize {
    let newest = commits.first().and_then(|commit| commit.id.as_deref());
    let ends_there = |change: &ChangePayload| newest.is_some() && change.to_hash.as_deref() == newest;
    changes.iter().position(ends_there).unwrap_or(0)
}

impl ChangePayload {
    fn fact(self, repository: &Repository, commits: Option<Vec<CommitPayload>>) -> Option<Fact> {
        let change = RefChange::new(self.from_hash.0, self.to_hash.0)?;
        let RefPayload { id, display_id, kind } = self.reference.0.unwrap_or_default();
        let id = id.0.or(self.ref_id.0).unwrap_or_default();
        let parsed = RefName::parse(&id);
        let short = display_id.as_deref().filter(|_| !id.starts_with("refs/"));
        let name = parsed.map(RefName::as_str).or(short)?.to_owned();
        if kind.as_deref() == Some("TAG") || matches!(parsed, Some(RefName::Tag(_))) {
            return Some(Fact::Tag(TagPush { tag: name, change, annotation: None, compare_url: None }));
        }
        let is_truncated = commits.as_ref().is_some_and(|commits| is_cut(commits, &change));
        let commits = commits.map(|listed| listed.into_iter().rev());
        let commits: Option<Vec<_>> =
            commits.map(|listed| listed.filter_map(|commit| commit.commit(repository)).collect());
        Some(Fact::Push(Push {
            branch: name,
            compare_url: compare_url(repository, &change),
            commit_count: commits.as_ref().map(|commits| commits.len() as u64),
            commits: commits.unwrap_or_default(),
            is_truncated,
            change,
            forced: None,
        }))
    }
}

/// A full list that does not reach back to where the branch was: there is no other sign of more.
fn is_cut(commits: &[CommitPayload], change: &RefChange) -> bool {
    let RefChange::Updated { before, .. } = change else { return false };
    let parents = commits.iter().filter_map(|commit| commit.parents.0.as_ref()).flatten();
    let mut ids = parents.filter_map(|parent| parent.id.as_deref()).peekable();
    commits.len() >= COMMITS_SENT && ids.peek().is_some() && ids.all(|id| id != before.full())
}

/// The server sends no link to the change, so it is built as its own pages do.
fn compare_url(repository: &Repository, change: &RefChange) -> Option<String> {
    let RefChange::Updated { before, after } = change else { return None };
    let url = repository.url.as_deref()?;
    Some(format!("{url}/compare/commits?sourceBranch={}&targetBranch={}", after.full(), before.full()))
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self, repository: &Repository) -> Option<Commit> {
        let author = self.author.0.and_then(|author| author.display_name.0.or(author.name.0));
        let id = Sha::new(self.id.0?)?;
        Some(Commit {
            url: repository.url.as_ref().map(|url| format!("{url}/commits/{}", id.full())),
            id,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: author.unwrap_or_default(),
            files: None,
        })
    }
}
