//! Issues, pull requests, and the comments on them
//! (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Pull-request-events>).
//!
//! Not here: comments on commits.

use serde::Deserialize;

use super::{AccountPayload, LinksPayload, NamePayload, RepositoryPayload, href};
use crate::common::{happened, ignored};
use crate::field::{Flag, Number, Part, Text};
use crate::{Action, Comment, Fact, Forge, Item, MergeRequest, Parsed, State, Subject, Topic};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemPayload {
    actor: Part<AccountPayload>,
    repository: Part<RepositoryPayload>,
    issue: Part<ThingPayload>,
    pullrequest: Part<ThingPayload>,
    comment: Part<CommentPayload>,
}

/// An issue or a pull request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ThingPayload {
    id: Number,
    title: Text,
    state: Text,
    draft: Flag,
    source: Part<EndPayload>,
    destination: Part<EndPayload>,
    links: Part<LinksPayload>,
}

/// One end of a pull request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct EndPayload {
    branch: Part<NamePayload>,
    repository: Part<RepositoryPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CommentPayload {
    content: Part<ContentPayload>,
    links: Part<LinksPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContentPayload {
    raw: Text,
}

/// `done` is the event's key behind the colon, such as `comment_created` of `issue:comment_created`.
pub(super) fn event(done: &str, payload: ItemPayload) -> Parsed {
    let is_issue = payload.pullrequest.0.is_none();
    let Some(mut thing) = payload.pullrequest.0.or(payload.issue.0) else {
        return ignored("neither an issue nor a pull request");
    };
    let target = thing.destination.0.as_mut().and_then(|end| end.repository.0.take());
    let repository = payload.repository.0.or(target).and_then(RepositoryPayload::repository);
    let fact = if let Some(done) = done.strip_prefix("comment_") {
        let topic = if is_issue { Topic::Issue } else { Topic::MergeRequest };
        let subject = Subject { topic, number: thing.id.0, title: thing.title.0, commit: None };
        let thread = href(thing.links);
        Fact::Comment(CommentPayload::comment(payload.comment.0, Action::of(done), subject, thread))
    } else if is_issue {
        Fact::Issue(thing.item(action(done)))
    } else {
        Fact::MergeRequest(thing.merge_request(action(done)))
    };
    happened(Forge::BitbucketCloud, &payload.actor.0.unwrap_or_default().actor(), repository.as_ref(), [fact])
}

fn action(done: &str) -> Action {
    match done {
        "created" => Action::Opened,
        "fulfilled" => Action::Merged,
        "rejected" => Action::Closed,
        "push" => Action::NewCommits,
        "changes_request_created" => Action::ChangesRequested,
        own => Action::of(own),
    }
}

impl ThingPayload {
    fn item(self, action: Action) -> Item {
        Item {
            action: Some(action),
            number: self.id.0,
            title: self.title.0,
            url: href(self.links),
            state: self.state.as_deref().map(State::of),
        }
    }

    fn merge_request(mut self, action: Action) -> MergeRequest {
        MergeRequest {
            source_branch: self.source.0.take().and_then(EndPayload::branch),
            target_branch: self.destination.0.take().and_then(EndPayload::branch),
            is_draft: self.draft.0,
            item: self.item(action),
        }
    }
}

impl EndPayload {
    fn branch(self) -> Option<String> {
        self.branch.0?.name.0
    }
}

impl CommentPayload {
    /// Where the comment names no page of its own, that of its `thread` is near enough.
    pub(super) fn comment(
        comment: Option<Self>,
        action: Action,
        subject: Subject,
        thread: Option<String>,
    ) -> Comment {
        let (content, links) = comment.map(|comment| (comment.content, comment.links)).unwrap_or_default();
        Comment {
            action,
            subject,
            url: href(links).or(thread),
            text: content.0.and_then(|content| content.raw.0).unwrap_or_default(),
            is_system: false,
        }
    }
}
