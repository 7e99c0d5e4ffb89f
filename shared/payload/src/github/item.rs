//! GitHub's issues, milestones, releases and wiki pages.
//!
//! Not here: pull requests, comments, discussions (which are no kind of their own).

use serde::Deserialize;

use super::frame::{Frame, Stop, object};
use crate::common::ignored;
use crate::field::{Flag, List, Number, Part, Text};
use crate::moment::seconds_between;
use crate::{Action, Fact, Item, Release, State};

#[derive(Default, Deserialize)]
#[serde(default)]
struct ItemEvent {
    issue: Part<ItemPayload>,
    milestone: Part<ItemPayload>,
}

/// What things with a page have in common.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemPayload {
    pub(super) number: Number,
    pub(super) title: Text,
    pub(super) html_url: Text,
    pub(super) state: Text,
}

impl ItemPayload {
    pub(super) fn item(self, action: Option<Action>) -> Item {
        Item {
            action,
            number: self.number.0,
            title: self.title.0,
            url: self.html_url.0,
            state: self.state.as_deref().map(State::of),
        }
    }
}

pub(super) fn issue(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: ItemEvent = object(json)?;
    let issue = event.issue.0.ok_or_else(|| Stop::nothing("issue"))?;
    Ok(Fact::Issue(issue.item(frame.action())))
}

pub(super) fn milestone(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: ItemEvent = object(json)?;
    let milestone = event.milestone.0.ok_or_else(|| Stop::nothing("milestone"))?;
    Ok(Fact::Milestone(milestone.item(frame.action())))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReleaseEvent {
    release: Part<ReleasePayload>,
}

/// GitHub's, and that of its kin.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReleasePayload {
    id: Number,
    /// Empty or null if nobody gave it one: then its page is headed by the tag.
    name: Text,
    tag_name: Text,
    /// Gogs has none.
    html_url: Text,
    prerelease: Flag,
    published_at: Text,
    /// GitHub, of late.
    updated_at: Text,
}

impl ReleasePayload {
    pub(crate) fn release(self, action: Option<Action>) -> Release {
        let item = Item {
            action,
            number: self.id.0,
            title: self.name.0.or_else(|| self.tag_name.0.clone()),
            url: self.html_url.0,
            state: None,
        };
        Release { item, tag: self.tag_name.0, is_prerelease: self.prerelease.0 }
    }

    /// Whether it was out for a while when it was changed.
    fn came_out_before(&self) -> bool {
        let since = || seconds_between(self.published_at.as_deref()?, self.updated_at.as_deref()?);
        since().is_some_and(|seconds| seconds > AT_ONCE_S)
    }
}

/// How much later than a release came out a change of it may be to be the coming out itself, in seconds.
const AT_ONCE_S: u64 = 60;

/// Of one release that comes out, GitHub sends `published`, and beside it `created` and `released` or `prereleased`
/// (<https://docs.github.com/webhooks/webhook-events-and-payloads#release>). A draft that is saved is `created` as
/// well, which is nobody else's concern yet. A prerelease that becomes a release later on is `released` without being
/// published again (<https://github.com/github/docs/pull/19982>).
pub(super) fn release(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    let event: ReleaseEvent = object(json)?;
    let release = event.release.0.ok_or_else(|| Stop::nothing("release"))?;
    let is_twin = match frame.action.as_deref() {
        Some("created") => true,
        Some("released" | "prereleased") => !release.came_out_before(),
        _ => false,
    };
    if is_twin {
        return Err(Stop::Ignored(ignored("'published' tells of the same release, once it is out")));
    }
    Ok(Fact::Release(release.release(frame.action())))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WikiEvent {
    pages: List<PagePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PagePayload {
    action: Text,
    title: Text,
    page_name: Text,
    html_url: Text,
}

/// One fact for each page that was changed at once.
pub(super) fn wiki_pages(json: &[u8]) -> Result<Vec<Fact>, Stop> {
    let event: WikiEvent = object(json)?;
    let page = |page: PagePayload| {
        Fact::WikiPage(Item {
            action: page.action.as_deref().map(Action::of),
            number: None,
            title: page.title.0.or(page.page_name.0),
            url: page.html_url.0,
            state: None,
        })
    };
    Ok(event.pages.0.into_iter().flatten().map(page).collect())
}
