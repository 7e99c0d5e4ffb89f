//! Comments on commits, secrets found, repositories and projects that change or are forked, and the test that the
//! settings page sends.
//!
//! Not here: pushes and pull requests.

use serde::Deserialize;

use super::{AccountPayload, RepositoryPayload, href};
use crate::common::{confidential, happened};
use crate::field::{List, Number, Part, Text};
use crate::{Action, Comment, Fact, Forge, Item, Other, Parsed, Repository, Sha, Subject, Topic};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OtherPayload {
    actor: Part<AccountPayload>,
    repository: Part<RepositoryPayload>,
    comment: Part<CommentPayload>,
    /// The id of the commit that is commented on.
    commit: Text,
    /// What was changed, as it is now: a repository, or a project, which has no slug.
    new: Part<RepositoryPayload>,
    secret_locations: List<SecretPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CommentPayload {
    id: Number,
    text: Text,
}

/// Where a secret was pushed to; the secret itself is not told.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SecretPayload {
    commit_id: Text,
    path: Text,
    line: Number,
    rule_name: Text,
    repository: Part<RepositoryPayload>,
}

pub(super) fn event(name: &str, payload: OtherPayload) -> Parsed {
    let actor = payload.actor.0.unwrap_or_default().actor();
    let mut secrets = payload.secret_locations.0.unwrap_or_default().into_iter();
    if let Some(first) = secrets.next() {
        let (repository, item) = first.tell(secrets.len());
        let fact = Fact::Other(Other { kind: name.to_lowercase(), item });
        // Whoever reads where a secret lies can go and take it.
        return confidential(happened(Forge::BitbucketServer, &actor, repository.as_ref(), [fact]));
    }
    let done = name.rsplit(':').next().unwrap_or_default();
    let (repository, item) = match payload.new.0 {
        Some(project) if project.slug.as_deref().is_none() => (None, project.project_item()),
        Some(changed) => (changed.repository(), Item::default()),
        None if name == "repo:forked" => {
            payload.repository.0.map(RepositoryPayload::forked).unwrap_or_default()
        }
        None => (payload.repository.0.and_then(RepositoryPayload::repository), Item::default()),
    };
    let fact = if let Some(comment) = payload.comment.0 {
        let commit = payload.commit.0.and_then(Sha::new);
        let url = page(repository.as_ref(), commit.as_ref());
        let subject = Subject { topic: Topic::Commit, number: None, title: None, commit };
        Fact::Comment(CommentPayload::comment(Some(comment), comment_action(done), subject, url))
    } else {
        let of = Some(item).filter(|item| item.title.is_some());
        let of = of.or_else(|| repository.as_ref().map(repository_item)).unwrap_or_default();
        // A test is nothing that was done.
        let action = (name != "diagnostics:ping").then(|| Action::of(done));
        Fact::Other(Other { kind: name.to_lowercase(), item: Item { action, ..of } })
    };
    happened(Forge::BitbucketServer, &actor, repository.as_ref(), [fact])
}

/// The server's words for what is done to a comment: `added`, `edited`, `deleted`.
pub(super) fn comment_action(done: &str) -> Action {
    match Action::of(done) {
        Action::Added => Action::Created,
        action => action,
    }
}

/// A commit's page; the server sends none.
fn page(repository: Option<&Repository>, commit: Option<&Sha>) -> Option<String> {
    Some(format!("{}/commits/{}", repository?.url.as_deref()?, commit?.full()))
}

fn repository_item(repository: &Repository) -> Item {
    let title = repository.path.as_ref().unwrap_or(&repository.name).clone();
    Item { title: Some(title), url: repository.url.clone(), ..Item::default() }
}

impl RepositoryPayload {
    /// A fork, and what it was forked from.
    fn forked(mut self) -> (Option<Repository>, Item) {
        let origin = self.origin.0.take().and_then(|origin| origin.repository());
        (self.repository(), origin.as_ref().map(repository_item).unwrap_or_default())
    }

    fn project_item(self) -> Item {
        Item { title: self.name.0, url: href(self.links), ..Item::default() }
    }
}

impl SecretPayload {
    /// Where, and what: the first secret of a push with so many `more`.
    fn tell(self, more: usize) -> (Option<Repository>, Item) {
        let repository = self.repository.0.and_then(RepositoryPayload::repository);
        let place = self.path.0.map(|path| match self.line.0 {
            Some(line) => format!("{path}:{line}"),
            None => path,
        });
        let title = match (self.rule_name.0, place) {
            (Some(rule), Some(place)) => Some(format!("{rule} in {place}")),
            (rule, place) => rule.or(place),
        };
        let title = title.map(|title| if more > 0 { format!("{title} and {more} more") } else { title });
        let commit = self.commit_id.0.and_then(Sha::new);
        let url = page(repository.as_ref(), commit.as_ref());
        (
            repository,
            Item { action: Some(Action::Other("secret_detected".to_owned())), title, url, ..Item::default() },
        )
    }
}

impl CommentPayload {
    pub(super) fn id(&self) -> Option<u64> {
        self.id.0
    }

    pub(super) fn comment(
        comment: Option<Self>,
        action: Action,
        subject: Subject,
        url: Option<String>,
    ) -> Comment {
        let text = comment.and_then(|comment| comment.text.0).unwrap_or_default();
        Comment { action, subject, url, text, is_system: false }
    }
}
