//! Comments on commits, statuses of commits, and repositories and projects that come, go, change or are forked
//! (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Repository-events>).
//!
//! Not here: pushes.

use serde::Deserialize;

use super::item::CommentPayload;
use super::{AccountPayload, LinkPayload, LinksPayload, RepositoryPayload, href};
use crate::common::{first_line, happened};
use crate::field::{Part, Text};
use crate::{
    Action, Fact, Forge, Item, Other, Parsed, Reference, Repository, Run, Sha, Status, Subject, Topic,
};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OtherPayload {
    actor: Part<AccountPayload>,
    repository: Part<RepositoryPayload>,
    comment: Part<CommentPayload>,
    commit: Part<CommitPayload>,
    commit_status: Part<StatusPayload>,
    fork: Part<RepositoryPayload>,
    project: Part<ProjectPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommitPayload {
    hash: Text,
    message: Text,
}

/// What a build says of a commit.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusPayload {
    name: Text,
    /// The build's name for itself, always there.
    key: Text,
    /// `INPROGRESS`, `SUCCESSFUL`, `FAILED` or `STOPPED`.
    state: Text,
    /// The build's page.
    url: Text,
    /// The branch that the commit was on.
    refname: Text,
    commit: Part<CommitPayload>,
    links: Part<LinksPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProjectPayload {
    name: Text,
    links: Part<LinksPayload>,
}

pub(super) fn event(name: &str, payload: OtherPayload) -> Parsed {
    let repository = payload.repository.0.and_then(RepositoryPayload::repository);
    let done = name.rsplit(':').next().unwrap_or_default();
    let fact = match (payload.commit_status.0, payload.comment.0, payload.commit.0) {
        (Some(status), _, _) => {
            // `commit_status_created`: a status is created, or updated.
            let action = done.strip_prefix("commit_status_").map(Action::of);
            Fact::Job(status.run(action))
        }
        (None, Some(comment), commit) => {
            let action = done.strip_prefix("commit_comment_").map_or(Action::Created, Action::of);
            let (hash, message) = commit.map(|commit| (commit.hash.0, commit.message.0)).unwrap_or_default();
            let subject = Subject {
                topic: Topic::Commit,
                number: None,
                title: message.as_deref().map(first_line),
                commit: hash.and_then(Sha::new),
            };
            Fact::Comment(CommentPayload::comment(Some(comment), action, subject, None))
        }
        _ => {
            let fork = payload.fork.0.and_then(RepositoryPayload::repository).map(item);
            let project = payload.project.0.map(ProjectPayload::item);
            let of = fork.or_else(|| repository.clone().map(item)).or(project).unwrap_or_default();
            let item = Item { action: Some(Action::of(done)), ..of };
            Fact::Other(Other { kind: name.to_lowercase(), item })
        }
    };
    happened(Forge::BitbucketCloud, &payload.actor.0.unwrap_or_default().actor(), repository.as_ref(), [fact])
}

fn item(repository: Repository) -> Item {
    let title = repository.path.unwrap_or(repository.name);
    Item { title: Some(title), url: repository.url, ..Item::default() }
}

impl ProjectPayload {
    fn item(self) -> Item {
        Item { title: self.name.0, url: href(self.links), ..Item::default() }
    }
}

impl StatusPayload {
    fn run(self, action: Option<Action>) -> Run {
        let told = self.commit.0.and_then(|commit| commit.hash.0);
        Run {
            action,
            number: None,
            name: self.name.0.or(self.key.0),
            url: self.url.0,
            status: self.state.as_deref().map_or(Status::Created, Status::of),
            reference: self.refname.0.map(Reference::Branch),
            commit: told.or_else(|| linked_commit(self.links.0?.commit.0?)).and_then(Sha::new),
            source: None,
            duration_s: None,
        }
    }
}

/// The commit that a link of the API ends in: old payloads name it nowhere else.
fn linked_commit(link: LinkPayload) -> Option<String> {
    let href = link.href.0?;
    let (_, id) = href.trim_end_matches('/').rsplit_once("/commit/")?;
    id.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| id.to_owned())
}
