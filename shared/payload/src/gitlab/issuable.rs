//! Issues, the other work items, and merge requests
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/#work-item-events> and `#merge-request-events`).
//!
//! Not here: comments on them (`comment`).

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::{IS_EMPTY, Scene, Told};
use crate::common::starts_with_any;
use crate::field::{Field, Flag, List, Number, Part, Shape, Text};
use crate::{Action, Fact, Item, MergeRequest, State};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct IssuablePayload {
    object_attributes: Part<Attributes>,
    changes: Part<Changes>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    /// Absent in 2014 and from the button that tests a hook.
    action: Text,
    iid: Number,
    title: Text,
    url: Text,
    state: Text,
    state_id: Number,
    source_branch: Text,
    target_branch: Text,
    /// Since 14; before, `work_in_progress`.
    draft: Flag,
    work_in_progress: Flag,
    /// The newest commit before those that came.
    oldrev: Text,
}

/// What an update changed. Of the many only those that have a word of their own.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Changes {
    draft: Field<Change<Flag>>,
    work_in_progress: Field<Change<Flag>>,
    title: Field<Change<Text>>,
    reviewers: Field<Change<List<Reviewer>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reviewer {
    username: Text,
    /// `unreviewed`, `review_started`, `reviewed`, `requested_changes`, `approved`, `unapproved`.
    state: Text,
}

/// Before and after; an object, or of reviewers a list of two.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "T: Default + Deserialize<'de>"))]
struct Change<T> {
    previous: T,
    current: T,
}

impl<'de, T: Default + Deserialize<'de>> Shape<'de> for Change<T> {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let previous = list.next_element()?.unwrap_or_default();
        let current = list.next_element()?.unwrap_or_default();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Self { previous, current }))
    }
}

pub(super) fn issue(payload: IssuablePayload, _: &mut Scene) -> Told {
    let attributes = payload.object_attributes.0.ok_or(IS_EMPTY)?;
    let action = attributes.action.as_deref().map(Action::of);
    Ok(Fact::Issue(attributes.item(action)))
}

pub(super) fn merge_request(payload: IssuablePayload, _: &mut Scene) -> Told {
    let mut attributes = payload.object_attributes.0.ok_or(IS_EMPTY)?;
    let action = match attributes.action.as_deref().map(Action::of) {
        Some(Action::Updated) if attributes.oldrev.0.is_some() => Some(Action::NewCommits),
        Some(Action::Updated) => Some(updated(&payload.changes.0.unwrap_or_default())),
        action => action,
    };
    Ok(Fact::MergeRequest(MergeRequest {
        source_branch: attributes.source_branch.0.take(),
        target_branch: attributes.target_branch.0.take(),
        is_draft: attributes.draft.0.or(attributes.work_in_progress.0),
        item: attributes.item(action),
    }))
}

/// What kind of update it was. An approval that shows here as well has an event of its own.
fn updated(changes: &Changes) -> Action {
    let flags =
        [&changes.draft, &changes.work_in_progress].into_iter().filter_map(|change| change.0.as_ref());
    let by_flag = flags.filter_map(|change| Some((change.previous.0?, change.current.0?)));
    let is_draft = |title: &Text| Some(has_draft_mark(title.as_deref()?));
    let title = changes.title.0.as_ref();
    let by_title = title.and_then(|change| Some((is_draft(&change.previous)?, is_draft(&change.current)?)));
    match by_flag.chain(by_title).find(|(before, after)| before != after) {
        Some((_, true)) => Action::Drafted,
        Some((_, false)) => Action::Ready,
        None => changes.reviewers.0.as_ref().and_then(reviewed).unwrap_or(Action::Updated),
    }
}

/// How titles mark a draft: so it was before `draft` was told
/// (<https://docs.gitlab.com/user/project/merge_requests/drafts/>).
fn has_draft_mark(title: &str) -> bool {
    const MARKS: [&str; 6] = ["draft:", "[draft]", "(draft)", "wip:", "[wip]", "wip "];
    starts_with_any(title.trim_start(), &MARKS)
}

/// Whether a reviewer has just had his say.
fn reviewed(change: &Change<List<Reviewer>>) -> Option<Action> {
    let before = change.previous.0.as_deref().unwrap_or_default();
    let is_news = |now: &Reviewer| {
        let same = |then: &&Reviewer| then.username == now.username;
        before.iter().find(same).is_none_or(|then| then.state != now.state)
    };
    let now = change.current.0.as_deref().unwrap_or_default();
    let news = now.iter().filter(|reviewer| is_news(reviewer));
    news.filter_map(|reviewer| reviewer.state.as_deref()).find_map(|state| match state {
        "requested_changes" => Some(Action::ChangesRequested),
        "reviewed" => Some(Action::Reviewed),
        _ => None,
    })
}

impl Attributes {
    fn item(self, action: Option<Action>) -> Item {
        Item {
            action,
            number: self.iid.0,
            title: self.title.0,
            url: self.url.0,
            state: state(self.state.as_deref(), self.state_id.0),
        }
    }
}

/// The word, or else the number that GitLab keeps in its tables.
fn state(word: Option<&str>, id: Option<u64>) -> Option<State> {
    match (word, id) {
        // Before 10.
        (Some("reopened"), _) | (None, Some(1)) => Some(State::Opened),
        (Some(word), _) => Some(State::of(word)),
        (None, Some(2)) => Some(State::Closed),
        (None, Some(3)) => Some(State::Merged),
        (None, Some(4)) => Some(State::Locked),
        (None, _) => None,
    }
}
