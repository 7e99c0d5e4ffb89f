//! Pull requests and the comments on them
//! (<https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html#Eventpayload-pullrequest>).
//!
//! Not here: comments on commits.

use serde::Deserialize;

use super::other::{CommentPayload, comment_action};
use super::{AccountPayload, LinksPayload, RepositoryPayload, href};
use crate::common::{RefName, happened, ignored};
use crate::field::{Flag, Number, Part, Text};
use crate::{Action, Comment, Fact, Forge, Item, MergeRequest, Parsed, Repository, State, Subject, Topic};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Payload {
    actor: Part<AccountPayload>,
    pull_request: Part<PullRequestPayload>,
    comment: Part<CommentPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PullRequestPayload {
    id: Number,
    title: Text,
    /// `OPEN`, `MERGED` or `DECLINED`.
    state: Text,
    /// Newer versions.
    draft: Flag,
    from_ref: Part<EndPayload>,
    to_ref: Part<EndPayload>,
    links: Part<LinksPayload>,
}

/// One end of a pull request.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct EndPayload {
    id: Text,
    display_id: Text,
    repository: Part<RepositoryPayload>,
}

/// `done` is the event's key behind `pr:`, such as `reviewer:approved`.
pub(super) fn event(done: &str, payload: Payload) -> Parsed {
    let Some(mut pull_request) = payload.pull_request.0 else {
        return ignored("a pull request's event without the pull request");
    };
    let end = pull_request.to_ref.0.as_mut();
    let repository = end.and_then(|end| end.repository.0.take()).and_then(RepositoryPayload::repository);
    let url = pull_request.url(repository.as_ref());
    let fact = match done.strip_prefix("comment:") {
        Some(done) => Fact::Comment(comment(comment_action(done), payload.comment.0, pull_request, url)),
        None => Fact::MergeRequest(pull_request.merge_request(action(done), url)),
    };
    happened(
        Forge::BitbucketServer,
        &payload.actor.0.unwrap_or_default().actor(),
        repository.as_ref(),
        [fact],
    )
}

fn action(done: &str) -> Action {
    match done {
        "declined" => Action::Closed,
        "from_ref_updated" => Action::NewCommits,
        "to_ref_updated" | "reviewer:updated" => Action::Updated,
        // The older word and the newer one.
        "reviewer:needs_work" | "reviewer:changes_requested" => Action::ChangesRequested,
        own => Action::of(own.strip_prefix("reviewer:").unwrap_or(own)),
    }
}

fn comment(
    action: Action,
    comment: Option<CommentPayload>,
    pull_request: PullRequestPayload,
    page: Option<String>,
) -> Comment {
    let subject = Subject {
        topic: Topic::MergeRequest,
        number: pull_request.id.0,
        title: pull_request.title.0,
        commit: None,
    };
    let id = comment.as_ref().and_then(CommentPayload::id);
    // The server links no comment; its own pages do it like this.
    let url = match (id, action != Action::Deleted) {
        (Some(id), true) => page.map(|page| format!("{page}/overview?commentId={id}")),
        _ => page,
    };
    CommentPayload::comment(comment, action, subject, url)
}

impl PullRequestPayload {
    fn url(&mut self, repository: Option<&Repository>) -> Option<String> {
        let id = self.id.0;
        href(std::mem::take(&mut self.links))
            .or_else(|| Some(format!("{}/pull-requests/{}", repository?.url.as_deref()?, id?)))
    }

    fn merge_request(self, action: Action, url: Option<String>) -> MergeRequest {
        let state = self.state.as_deref().map(State::of);
        MergeRequest {
            item: Item { action: Some(action), number: self.id.0, title: self.title.0, url, state },
            source_branch: self.from_ref.0.and_then(EndPayload::branch),
            target_branch: self.to_ref.0.and_then(EndPayload::branch),
            is_draft: self.draft.0,
        }
    }
}

impl EndPayload {
    fn branch(self) -> Option<String> {
        let id = self.id.0.unwrap_or_default();
        let full = RefName::parse(&id).map(|name| name.as_str().to_owned());
        full.or(self.display_id.0)
    }
}
