//! GitHub's pull requests and their reviews.
//!
//! Not here: comments on them.

use serde::Deserialize;

use super::frame::{Frame, Stop, object};
use super::item::ItemPayload;
use crate::field::{Field, Flag, Number, Part, Text};
use crate::{Action, Fact, MergeRequest, State};

#[derive(Default, Deserialize)]
#[serde(default)]
struct PullRequestEvent {
    number: Number,
    pull_request: Part<PullRequestPayload>,
    review: Part<ReviewPayload>,
}

/// Of a review, GitHub sends a shorter pull request, without `merged`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PullRequestPayload {
    number: Number,
    title: Text,
    html_url: Text,
    state: Text,
    draft: Flag,
    merged: Flag,
    merged_at: Text,
    head: Part<BranchPayload>,
    base: Part<BranchPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BranchPayload {
    #[serde(rename = "ref")]
    reference: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReviewPayload {
    state: Text,
}

/// `pull_request`.
pub(super) fn changed(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    merge_request(object(json)?, frame.action())
}

/// `pull_request_review`.
pub(super) fn reviewed(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: PullRequestEvent = object(json)?;
    let verdict = event.review.0.as_ref().and_then(|review| review.state.as_deref());
    let action = match frame.action.as_deref() {
        // GitHub's webhooks have small letters here, its API capitals.
        Some("submitted") => Some(match verdict.map(str::to_lowercase).as_deref() {
            Some("approved") => Action::Approved,
            Some("changes_requested") => Action::ChangesRequested,
            _ => Action::Reviewed,
        }),
        // Such as `dismissed`, which is not `Unapproved`: it may as well have been a wish for changes that was.
        _ => frame.action(),
    };
    merge_request(event, action)
}

fn merge_request(event: PullRequestEvent, action: Option<Action>) -> Result<Fact, Stop> {
    let request = event.pull_request.0.ok_or_else(|| Stop::nothing("pull request"))?;
    let is_merged = request.merged.0 == Some(true) || request.merged_at.0.is_some();
    let action = match action {
        Some(Action::Closed) if is_merged => Some(Action::Merged),
        other => other,
    };
    let payload = ItemPayload {
        number: Field(event.number.0.or(request.number.0)),
        title: request.title,
        html_url: request.html_url,
        state: request.state,
    };
    let mut item = payload.item(action);
    if is_merged {
        item.state = Some(State::Merged);
    }
    let branch = |side: Part<BranchPayload>| side.0.and_then(|side| side.reference.0);
    Ok(Fact::MergeRequest(MergeRequest {
        item,
        source_branch: branch(request.head),
        target_branch: branch(request.base),
        is_draft: request.draft.0,
    }))
}
