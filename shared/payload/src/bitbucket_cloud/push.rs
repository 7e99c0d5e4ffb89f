//! Pushes of branches and tags (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push>): all the refs
//! of one push come in one payload.
//!
//! Not here: what a push does to a pull request, which is told by an event of its own.

use serde::Deserialize;

use super::{AccountPayload, LinksPayload, RepositoryPayload, href};
use crate::common::{first_line, ignored, pushed};
use crate::github::lenient::{List, Part, Told};
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
    forced: Told<bool>,
    /// At most five, newest first.
    commits: List<CommitPayload>,
    /// Whether there were more.
    truncated: Told<bool>,
    /// Absent or empty of what is gone.
    links: Part<LinksPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RefPayload {
    /// `branch`, `tag`, `annotated_tag`, `named_branch`, `bookmark`.
    #[serde(rename = "type")]
    kind: Told<String>,
    name: Told<String>,
    target: Part<TargetPayload>,
    /// The text of an annotated tag.
    message: Told<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TargetPayload {
    hash: Told<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    hash: Told<String>,
    message: Told<String>,
    author: Part<AuthorPayload>,
    links: Part<LinksPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AuthorPayload {
    /// `Name <address>`.
    raw: Told<String>,
    display_name: Told<String>,
    user: Part<AccountPayload>,
}

pub(super) fn event(payload: PushPayload) -> Parsed {
    let Some(repository) = payload.repository.0.and_then(RepositoryPayload::repository) else {
        return ignored("a push that names no repository");
    };
    let actor = payload.actor.0.unwrap_or_default().actor();
    let changes = payload.push.0.map(|push| push.changes.0).unwrap_or_default();
    let facts = changes.into_iter().filter_map(ChangePayload::fact);
    pushed(Forge::BitbucketCloud, &actor, &repository, facts)
}

impl ChangePayload {
    fn fact(self) -> Option<Fact> {
        let hash = |reference: &Part<RefPayload>| reference.0.as_ref()?.target.0.as_ref()?.hash.0.clone();
        let change = RefChange::new(hash(&self.old), hash(&self.new))?;
        let reference = self.new.0.or(self.old.0)?;
        let name = reference.name.some()?;
        if matches!(reference.kind.as_deref(), Some("tag" | "annotated_tag")) {
            let is_gone = matches!(change, RefChange::Deleted { .. });
            let annotation = reference.message.some().filter(|_| !is_gone);
            return Some(Fact::Tag(TagPush { tag: name, change, annotation }));
        }
        let mut commits: Vec<_> = self.commits.0.into_iter().filter_map(CommitPayload::commit).collect();
        commits.reverse();
        Some(Fact::Push(Push {
            branch: name,
            change,
            compare_url: href(self.links),
            commit_count: Some(commits.len() as u64),
            commits,
            is_truncated: self.truncated.is_true(),
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
        let account = self.user.0.and_then(|user| user.display_name.some());
        account.or(self.display_name.some()).or(raw)
    }
}
