//! Pushes of branches and tags, as GitLab tells them.

use payload::{Commit, Event, Push, RefChange, Sha, TagPush};
use serde_json::{Map, Value, json};

use super::{common, with};

pub(super) fn push(event: &Event, push: &Push) -> Value {
    let commits: Vec<_> = push.commits.iter().map(commit).collect();
    let count = push.commit_count.unwrap_or(commits.len() as u64);
    let fields = json!({
        "ref": format!("refs/heads/{}", push.branch),
        "message": null,
        "commits": commits,
        "total_commits_count": count,
    });
    with(changed(event, "push", &push.change), fields)
}

pub(super) fn tag_push(event: &Event, push: &TagPush) -> Value {
    let fields = json!({
        "ref": format!("refs/tags/{}", push.tag),
        "message": push.annotation,
        "commits": [],
        "total_commits_count": 0,
    });
    with(changed(event, "tag_push", &push.change), fields)
}

/// GitLab's pushes have no `user`, and name whoever pushed beside everything else.
fn changed(event: &Event, kind: &str, change: &RefChange) -> Map<String, Value> {
    let mut fields = common(event, kind);
    let user = fields.remove("user").unwrap_or_default();
    let (before, after) = match change {
        RefChange::Created { after } => (None, Some(after)),
        RefChange::Deleted { before } => (before.as_ref(), None),
        RefChange::Updated { before, after } => (Some(before), Some(after)),
    };
    // As long as the other one: a repository's ids are SHA-1's or SHA-256's.
    let length = before.or(after).map_or(SHA1_DIGITS, |id| id.full().len());
    let or_zeros = |id: Option<&Sha>| id.map_or_else(|| "0".repeat(length), |id| id.full().to_owned());
    let more = json!({
        "event_name": kind,
        "before": or_zeros(before),
        "after": or_zeros(after),
        "checkout_sha": after.map(Sha::full),
        "user_name": user["name"],
        "user_username": user["username"],
    });
    match with(fields, more) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

const SHA1_DIGITS: usize = 40;

/// GitLab lists the files of each commit; here only their number is known, so there are no lists.
fn commit(commit: &Commit) -> Value {
    json!({
        "id": commit.id.full(),
        "title": commit.title,
        "message": commit.title,
        "url": commit.url,
        "author": { "name": commit.author },
    })
}
