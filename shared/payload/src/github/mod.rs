//! GitHub's webhooks (<https://docs.github.com/webhooks/webhook-events-and-payloads>) and those of the forges that
//! took their shape over: Gitea, Forgejo, Gogs.
//!
//! Not here: events other than pushes of branches and tags, and deletions of branches.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::common::{RefName, file_count, first_line, ignored, pushed, read, unknown_json};
use crate::{Actor, Commit, Fact, Forge, ParseError, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// A push, and what a deletion has in common with it. Every field may be absent or null.
#[derive(Deserialize)]
struct PushPayload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// Of a deletion: `branch` or `tag`.
    ref_type: Option<String>,
    before: Option<String>,
    after: Option<String>,
    forced: Option<bool>,
    /// GitHub's link to the change.
    compare: Option<String>,
    /// Gitea's; an old Gitea gives a path only.
    compare_url: Option<String>,
    /// GitHub: all, oldest first. Gitea: the newest five, newest first.
    commits: Option<Vec<CommitPayload>>,
    /// Gitea's true count.
    total_commits: Option<u64>,
    repository: Option<RepositoryPayload>,
    pusher: Option<AccountPayload>,
    sender: Option<AccountPayload>,
}

#[derive(Deserialize)]
struct RepositoryPayload {
    name: Option<String>,
    full_name: Option<String>,
    html_url: Option<String>,
    default_branch: Option<String>,
    private: Option<bool>,
}

#[derive(Deserialize)]
struct AccountPayload {
    login: Option<String>,
    /// Gitea, in place of or beside `login`.
    username: Option<String>,
    /// Gitea: a person's name, often empty.
    full_name: Option<String>,
    /// GitHub's pusher has only this.
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct CommitPayload {
    id: Option<String>,
    message: Option<String>,
    url: Option<String>,
    author: Option<AccountPayload>,
    added: Option<Vec<IgnoredAny>>,
    modified: Option<Vec<IgnoredAny>>,
    removed: Option<Vec<IgnoredAny>>,
}

pub(crate) fn parse(forge: Forge, name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    let Some(name @ ("push" | "create" | "delete")) = name else { return unknown_json(name, json) };
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
    if forge != Forge::GitHub && payload.before.is_some() && payload.before == payload.after {
        return ignored(&format!("a test of {forge}'s: nothing was pushed"));
    }
    let Some(change) = RefChange::new(payload.before.take(), payload.after.take()) else {
        return ignored("a push from nothing to nothing");
    };
    let reference = payload.reference.take().unwrap_or_default();
    changed(forge, payload, RefName::parse(&reference), change)
}

/// Gitea names the branch in short, Forgejo may do so in full.
fn branch_deletion(forge: Forge, mut payload: PushPayload) -> Parsed {
    let reference = payload.reference.take().unwrap_or_default();
    let short = (!reference.is_empty()).then_some(RefName::Branch(&reference));
    let name = RefName::parse(&reference).or(short);
    changed(forge, payload, name, RefChange::Deleted { before: None })
}

fn changed(forge: Forge, mut payload: PushPayload, name: Option<RefName<'_>>, change: RefChange) -> Parsed {
    let Some(repository) = payload.repository.take().and_then(RepositoryPayload::repository) else {
        return ignored("a push that names no repository");
    };
    let actor = actor(payload.sender.take(), payload.pusher.take());
    let fact = name.map(|name| match name {
        RefName::Branch(branch) => {
            // Of a branch that is gone, GitHub links a comparison with nothing.
            let is_gone = matches!(change, RefChange::Deleted { .. });
            let link = payload.compare.or(payload.compare_url).filter(|_| !is_gone);
            let commits = commits(forge, payload.commits.unwrap_or_default());
            Fact::Push(Push {
                branch: branch.to_owned(),
                change,
                compare_url: link.and_then(|link| absolute(link, &repository)),
                commit_count: Some(payload.total_commits.unwrap_or(commits.len() as u64)),
                commits,
                is_truncated: false,
                forced: payload.forced,
            })
        }
        // The text of an annotated tag is not in the payload.
        RefName::Tag(tag) => Fact::Tag(TagPush { tag: tag.to_owned(), change, annotation: None }),
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

fn actor(sender: Option<AccountPayload>, pusher: Option<AccountPayload>) -> Actor {
    let bot = sender.as_ref().is_some_and(AccountPayload::is_bot);
    let full_name = |account: &AccountPayload| account.full_name.clone().filter(|name| !name.is_empty());
    let name = [&sender, &pusher].into_iter().flatten().find_map(full_name);
    let pusher_name = pusher.as_ref().and_then(|pusher| pusher.name.clone());
    let login = [sender, pusher].into_iter().flatten().find_map(AccountPayload::login);
    Actor { login: login.or_else(|| pusher_name.clone()), name: name.or(pusher_name), bot }
}

/// An old Gitea, and Gogs, give a path: it belongs to the repository's host.
fn absolute(link: String, repository: &Repository) -> Option<String> {
    if link.is_empty() {
        return None;
    }
    if !link.starts_with('/') {
        return Some(link);
    }
    let url = repository.url.as_deref()?;
    let host_end = url.find("://").map(|scheme| scheme + 3)?;
    let origin_end = url[host_end..].find('/').map_or(url.len(), |slash| host_end + slash);
    Some(format!("{}{link}", &url[..origin_end]))
}

impl AccountPayload {
    fn login(self) -> Option<String> {
        self.login.or(self.username).filter(|login| !login.is_empty())
    }

    fn is_bot(&self) -> bool {
        let has_bots_name = self.login.as_deref().is_some_and(|login| login.ends_with("[bot]"));
        self.kind.as_deref() == Some("Bot") || has_bots_name
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        Some(Repository {
            name: self.name?,
            path: self.full_name,
            url: self.html_url,
            default_branch: self.default_branch.filter(|branch| !branch.is_empty()),
            private: self.private,
        })
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        let files = file_count(&[self.added, self.modified, self.removed]);
        Some(Commit {
            id: Sha::new(self.id?)?,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: self.author.and_then(|author| author.name.or(author.username)).unwrap_or_default(),
            url: self.url,
            files,
        })
    }
}

#[cfg(test)]
mod tests;
