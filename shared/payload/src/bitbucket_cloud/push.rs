//! Pushes of branches and tags (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push>): all the refs
//! of one push come in one payload.
//!
//! Not here: what a push does to a pull request, which is told by an event of its own.

use serde::Deserialize;

use super::{AccountPayload, LinksPayload, RepositoryPayload, href};
use crate::common::{first_line, ignored, pushed};
use crate::field::{Flag, List, Part, Text};
use crate::{Commit, Fact, Forge, Parsed, Push, RefChange, Sha, TagPush};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PushPayload {
    actor: Part<AccountPayload>,
    repository: Part<RepositoryPayload>,
    push: Part<ChangesPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangesPayload {
    changes: List<ChangePayload>,
}

/// One ref that came, moved or went.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangePayload {
    /// `None` when the ref is new.
    old: Part<RefPayload>,
    /// `None` when it is gone.
    new: Part<RefPayload>,
    forced: Flag,
    /// At most five, newest first.
    commits: List<CommitPayload>,
    /// Whether there were more.
    truncated: Flag,
    /// Absent or empty of what is gone.
    links: Part<LinksPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RefPayload {
    /// `branch`, `tag`, `annotated_tag`, `named_branch`, `bookmark`.
    #[serde(rename = "type")]
    kind: Text,
    name: Text,
    target: Part<TargetPayload>,
    /// The text of an annotated tag.
    message: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TargetPayload {
    hash: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    hash: Text,
    message: Text,
    author: Part<AuthorPayload>,
    links: Part<LinksPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthorPayload {
    /// `Name <address>`.
    raw: Text,
    display_name: Text,
    user: Part<AccountPayload>,
}

pub(super) fn event(payload: PushPayload) -> Parsed {
    let Some(repository) = payload.repository.0.and_then(RepositoryPayload::repository) else {
        return ignored("a push that names no repository");
    };
    let actor = payload.actor.0.unwrap_or_default().actor();
    let changes = payload.push.0.and_then(|push| push.changes.0).unwrap_or_default();
    let facts = changes.into_iter().filter_map(ChangePayload::fact);
    pushed(Forge::BitbucketCloud, &actor, &repository, facts)
}

impl ChangePayload {
    fn fact(self) -> Option<Fact> {
        let hash = |reference: &Part<RefPayload>| reference.0.as_ref()?.target.0.as_ref()?.hash.0.clone();
        let change = RefChange::new(hash(&self.old), hash(&self.new))?;
        let [new, old] = [self.new, self.old].map(|reference| reference.0.unwrap_or_default());
        let name = new.name.or(old.name).0?;
        if matches!(new.kind.or(old.kind).as_deref(), Some("tag" | "annotated_tag")) {
            let (annotation, compare_url) = (new.message.0, href(self.links));
            return Some(Fact::Tag(TagPush { tag: name, change, annotation, compare_url }));
        }
        let commits = self.commits.0.map(|list| list.into_iter().filter_map(CommitPayload::commit).rev());
        let commits: Option<Vec<_>> = commits.map(Iterator::collect);
        Some(Fact::Push(Push {
            branch: name,
            change,
            compare_url: href(self.links),
            commit_count: commits.as_ref().map(|commits| commits.len() as u64),
            commits: commits.unwrap_or_default(),
            is_truncated: self.truncated.0 == Some(true),
            forced: self.forced.0,
        }))
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        Some(Commit {
            id: Sha::new(self.hash.0?)?,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: self.author.0.and_then(AuthorPayload::name).unwrap_or_default(),
            url: href(self.links),
            files: None,
        })
    }
}

impl AuthorPayload {
    fn name(self) -> Option<String> {
        let raw = self.raw.as_deref().map(|raw| raw.split('<').next().unwrap_or_default().trim().to_owned());
        let account = self.user.0.and_then(|user| user.display_name.0);
        account.or(self.display_name.0).or(raw)
    }
}
