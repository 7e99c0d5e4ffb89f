//! Comments on GitHub: on issues, pull requests and their lines, commits and discussions.
//!
//! Not here: reviews without a comment of their own, and threads that are resolved.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::frame::{Frame, Stop, object};
use super::item::ItemPayload;
use crate::field::{Number, Part, Text};
use crate::{Action, Comment, Fact, Sha, Subject, Topic};

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommentEvent {
    comment: Part<CommentPayload>,
    issue: Part<IssuePayload>,
    pull_request: Part<ItemPayload>,
    discussion: Part<ItemPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommentPayload {
    body: Text,
    html_url: Text,
    commit_id: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IssuePayload {
    number: Number,
    title: Text,
    /// There if the issue is a pull request.
    pull_request: Part<IgnoredAny>,
}

/// Any of the events about comments.
pub(super) fn comment(name: &str, frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let mut event: CommentEvent = object(json)?;
    let comment = event.comment.0.take().ok_or_else(|| Stop::nothing("comment"))?;
    let commit = comment.commit_id.0.and_then(Sha::new);
    let subject = subject(name, event, commit).ok_or_else(|| Stop::nothing("issue or pull request"))?;
    Ok(Fact::Comment(Comment {
        action: frame.action().unwrap_or(Action::Created),
        subject,
        url: comment.html_url.0,
        text: comment.body.0.unwrap_or_default(),
        is_system: false,
    }))
}

/// What the comment is about. A commit's title is not in the payload.
fn subject(name: &str, event: CommentEvent, commit: Option<Sha>) -> Option<Subject> {
    if name == "commit_comment" {
        return Some(Subject { topic: Topic::Commit, number: None, title: None, commit });
    }
    let about = |topic, number: Number, title: Text| {
        Some(Subject { topic, number: number.0, title: title.0, commit: None })
    };
    if let Some(issue) = event.issue.0 {
        let is_request = issue.pull_request.0.is_some();
        let topic = if is_request { Topic::MergeRequest } else { Topic::Issue };
        return about(topic, issue.number, issue.title);
    }
    if let Some(request) = event.pull_request.0 {
        return about(Topic::MergeRequest, request.number, request.title);
    }
    let discussion = event.discussion.0?;
    about(Topic::Other("discussion".to_owned()), discussion.number, discussion.title)
}
