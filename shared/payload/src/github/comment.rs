//! Comments on GitHub: on issues, pull requests and their lines, commits and discussions.
//!
//! Not here: reviews without a comment of their own.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::frame::{Frame, Stop, object};
use super::item::ItemPayload;
use super::lenient::{List, Part, Told};
use crate::{Action, Comment, Fact, Sha, Subject, Topic};

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommentEvent {
    comment: Part<CommentPayload>,
    /// A thread on a line of a pull request that is `resolved` or `unresolved`.
    thread: Part<ThreadPayload>,
    issue: Part<IssuePayload>,
    pull_request: Part<ItemPayload>,
    discussion: Part<ItemPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CommentPayload {
    body: Told<String>,
    html_url: Told<String>,
    commit_id: Told<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ThreadPayload {
    comments: List<CommentPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IssuePayload {
    number: Told<u64>,
    title: Told<String>,
    /// There if the issue is a pull request.
    pull_request: Part<IgnoredAny>,
}

/// Any of the events about comments. Of a thread, its first comment stands for it.
pub(super) fn comment(name: &str, frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let mut event: CommentEvent = object(json)?;
    let first = event.thread.0.take().and_then(|thread| thread.comments.0.into_iter().next());
    let comment = event.comment.0.take().or(first).ok_or_else(|| Stop::nothing("comment"))?;
    let commit = comment.commit_id.some().and_then(Sha::new);
    let subject = subject(name, event, commit).ok_or_else(|| Stop::nothing("issue or pull request"))?;
    Ok(Fact::Comment(Comment {
        action: frame.action().unwrap_or(Action::Created),
        subject,
        url: comment.html_url.some(),
        text: comment.body.0.unwrap_or_default(),
        is_system: false,
    }))
}

/// What the comment is about. A commit's title is not in the payload.
fn subject(name: &str, event: CommentEvent, commit: Option<Sha>) -> Option<Subject> {
    if name == "commit_comment" {
        return Some(Subject { topic: Topic::Commit, number: None, title: None, commit });
    }
    let about = |topic, number: Told<u64>, title: Told<String>| {
        Some(Subject { topic, number: number.0, title: title.some(), commit: None })
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
