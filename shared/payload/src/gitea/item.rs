//! Issues, pull requests, reviews and comments.
//!
//! Not here: what runs on them.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::common::{happened, ignored, starts_with_any};
use crate::field::{Flag, Number, Part, Text};
use crate::github::account::{AccountPayload, RepositoryPayload};
use crate::{Action, Comment, Fact, Forge, Item, MergeRequest, Parsed, Repository, State, Subject, Topic};

/// What a title starts with while a pull request is a draft, in whatever case
/// (`WORK_IN_PROGRESS_PREFIXES` of Gitea's settings, as they come).
const DRAFT_PREFIXES: [&str; 2] = ["wip:", "[wip]"];

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemPayload {
    action: Text,
    number: Number,
    issue: Part<IssuePayload>,
    pull_request: Part<PullRequestPayload>,
    comment: Part<CommentPayload>,
    review: Part<ReviewPayload>,
    /// Of a comment.
    is_pull: Flag,
    /// What an edit replaced.
    changes: Part<ChangesPayload>,
    repository: Part<RepositoryPayload>,
    sender: Part<AccountPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IssuePayload {
    number: Number,
    title: Text,
    /// Old Gitea and Gogs have none.
    html_url: Text,
    state: Text,
    /// There, and not null, if it is a pull request.
    pull_request: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PullRequestPayload {
    number: Number,
    title: Text,
    html_url: Text,
    state: Text,
    merged: Flag,
    /// Newer versions; before, the title alone says so.
    draft: Flag,
    head: Part<EndPayload>,
    base: Part<EndPayload>,
    /// Gogs has the branches here, and neither `head` nor `base`.
    head_branch: Text,
    base_branch: Text,
}

/// One end of a pull request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct EndPayload {
    #[serde(rename = "ref")]
    reference: Text,
    /// The branch, also where `ref` is `refs/pull/2/head` because the branch is gone or was never there.
    label: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommentPayload {
    html_url: Text,
    body: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReviewPayload {
    /// Such as `pull_request_review_approved`.
    #[serde(rename = "type")]
    kind: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangesPayload {
    title: Part<ChangePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ChangePayload {
    from: Text,
}

/// Whether events of this name, coarse or fine, are about issues or pull requests.
pub(super) fn is_told_by(name: &str) -> bool {
    name == "issues" || name.starts_with("issue_") || name.starts_with("pull_request")
}

/// The body tells comments from reviews and issues from pull requests: `pull_request_comment` is the coarse name of a
/// review and the fine one of a comment.
pub(super) fn event(forge: Forge, name: &str, mut payload: ItemPayload) -> Parsed {
    let repository = payload.repository.0.take().and_then(RepositoryPayload::repository);
    let actor = payload.sender.0.take().unwrap_or_default().actor();
    let fact = if let Some(comment) = payload.comment.0.take() {
        Fact::Comment(payload.comment(comment, repository.as_ref()))
    } else if let Some(mut pull_request) = payload.pull_request.0.take() {
        let action = payload.pull_request_action(name, &pull_request);
        let item = pull_request.item(payload.number.0, repository.as_ref());
        Fact::MergeRequest(pull_request.merge_request(Item { action, ..item }))
    } else if let Some(issue) = payload.issue.0.take() {
        Fact::Issue(payload.issue_item(issue, repository.as_ref()))
    } else {
        return ignored("neither an issue nor a pull request nor a comment");
    };
    happened(forge, &actor, repository.as_ref(), [fact])
}

impl ItemPayload {
    fn issue_item(self, issue: IssuePayload, repository: Option<&Repository>) -> Item {
        let number = issue.number.0.or(self.number.0);
        Item {
            action: self.action.as_deref().map(Action::of),
            number,
            title: issue.title.0,
            url: issue.html_url.0.or_else(|| page(repository, "issues", number)),
            state: issue.state.as_deref().map(State::of),
        }
    }

    fn comment(&mut self, comment: CommentPayload, repository: Option<&Repository>) -> Comment {
        let pull_request = self.pull_request.0.take();
        let issue = self.issue.0.take();
        let is_pull = self.is_pull.0 == Some(true)
            || pull_request.is_some()
            || issue.as_ref().is_some_and(|issue| issue.pull_request.is_some());
        let (topic, folder) = if is_pull { (Topic::MergeRequest, "pulls") } else { (Topic::Issue, "issues") };
        let (number, title) = match (issue, pull_request) {
            (Some(issue), _) => (issue.number.0, issue.title.0),
            (None, Some(pull_request)) => (pull_request.number.0, pull_request.title.0),
            (None, None) => (None, None),
        };
        let number = number.or(self.number.0);
        Comment {
            action: self.action.as_deref().map_or(Action::Created, Action::of),
            subject: Subject { topic, number, title, commit: None },
            url: comment.html_url.0.or_else(|| page(repository, folder, number)),
            text: comment.body.0.unwrap_or_default(),
            is_system: false,
        }
    }

    fn pull_request_action(&self, name: &str, pull_request: &PullRequestPayload) -> Option<Action> {
        let kind = self.review.0.as_ref().and_then(|review| review.kind.as_deref());
        // A review's action is `reviewed`, whatever the review says; its name knows more.
        if let Some(verdict) = verdict(name).or_else(|| kind.and_then(verdict)) {
            return Some(verdict);
        }
        Some(match Action::of(self.action.as_deref()?) {
            Action::Closed if pull_request.merged.0 == Some(true) => Action::Merged,
            Action::Updated => self.draft_change(pull_request).unwrap_or(Action::Updated),
            action => action,
        })
    }

    /// Gitea has no event of its own for a draft: its title is edited.
    fn draft_change(&self, pull_request: &PullRequestPayload) -> Option<Action> {
        let was_draft = is_draft_title(self.changes.0.as_ref()?.title.0.as_ref()?.from.as_deref()?);
        match (was_draft, is_draft_title(pull_request.title.as_deref()?)) {
            (true, false) => Some(Action::Ready),
            (false, true) => Some(Action::Drafted),
            _ => None,
        }
    }
}

impl PullRequestPayload {
    fn merge_request(self, item: Item) -> MergeRequest {
        let by_title = || Some(is_draft_title(item.title.as_deref()?));
        // Gogs, which has no `head`, has no drafts either.
        let is_draft = self.draft.0.or_else(|| self.head.0.as_ref().and_then(|_| by_title()));
        MergeRequest {
            source_branch: self.head.0.and_then(EndPayload::branch).or(self.head_branch.0),
            target_branch: self.base.0.and_then(EndPayload::branch).or(self.base_branch.0),
            is_draft,
            item,
        }
    }

    /// Its number, title, page and state.
    fn item(&mut self, number: Option<u64>, repository: Option<&Repository>) -> Item {
        let number = self.number.0.or(number);
        let state = match self.merged.0 {
            Some(true) => Some(State::Merged),
            _ => self.state.as_deref().map(State::of),
        };
        let url = std::mem::take(&mut self.html_url).0.or_else(|| page(repository, "pulls", number));
        Item { action: None, number, title: std::mem::take(&mut self.title).0, url, state }
    }
}

impl EndPayload {
    fn branch(self) -> Option<String> {
        let reference = self.reference.0;
        match reference.as_deref().and_then(|reference| reference.strip_prefix("refs/")) {
            Some(rest) => match rest.strip_prefix("heads/") {
                Some(branch) => Some(branch.to_owned()),
                None => self.label.0.or(reference),
            },
            None => reference.or(self.label.0),
        }
    }
}

/// What a review says, by the name of its event (`pull_request_approved`) or its type
/// (`pull_request_review_approved`).
fn verdict(name: &str) -> Option<Action> {
    match name.strip_prefix("pull_request_")? {
        "approved" | "review_approved" => Some(Action::Approved),
        "rejected" | "review_rejected" => Some(Action::ChangesRequested),
        "comment" | "review_comment" => Some(Action::Reviewed),
        _ => None,
    }
}

fn is_draft_title(title: &str) -> bool {
    starts_with_any(title, &DRAFT_PREFIXES)
}

/// A page that the forge does not name, as its own pages are named.
fn page(repository: Option<&Repository>, folder: &str, number: Option<u64>) -> Option<String> {
    Some(format!("{}/{folder}/{}", repository?.url.as_deref()?, number?))
}
