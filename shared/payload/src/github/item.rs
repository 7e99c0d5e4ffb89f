//! GitHub's issues, milestones, releases and wiki pages.
//!
//! Not here: pull requests, comments, discussions (which are no kind of their own).

use serde::Deserialize;

use super::frame::{Frame, Stop, object};
use super::lenient::{List, Part, Told};
use crate::common::ignored;
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
    pub(super) number: Told<u64>,
    pub(super) title: Told<String>,
    pub(super) html_url: Told<String>,
    pub(super) state: Told<String>,
}

impl ItemPayload {
    pub(super) fn item(self, action: Option<Action>) -> Item {
        Item {
            action,
            number: self.number.0,
            title: self.title.some(),
            url: self.html_url.some(),
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReleasePayload {
    id: Told<u64>,
    /// Empty or null if nobody gave it one: then its page is headed by the tag.
    name: Told<String>,
    tag_name: Told<String>,
    html_url: Told<String>,
    prerelease: Told<bool>,
}

/// Of one release that comes out, GitHub sends `created`, `published` and `released`. A draft that is saved is `created`
/// as well, which is nobody else's concern yet.
pub(super) fn release(frame: &Frame, json: &[u8]) -> Result<Fact, Stop> {
    if let Some(twin @ ("created" | "released")) = frame.action.as_deref() {
        let reason = format!("'published' tells of a release that is {twin}, once it is out");
        return Err(Stop::Ignored(ignored(&reason)));
    }
    let event: ReleaseEvent = object(json)?;
    let release = event.release.0.ok_or_else(|| Stop::nothing("release"))?;
    let tag = release.tag_name.some();
    let item = Item {
        action: frame.action(),
        number: release.id.0,
        title: release.name.some().or_else(|| tag.clone()),
        url: release.html_url.some(),
        state: None,
    };
    Ok(Fact::Release(Release { item, tag, is_prerelease: release.prerelease.0 }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WikiEvent {
    pages: List<PagePayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PagePayload {
    action: Told<String>,
    title: Told<String>,
    page_name: Told<String>,
    html_url: Told<String>,
}

/// One fact for each page that was changed at once.
pub(super) fn wiki_pages(json: &[u8]) -> Result<Vec<Fact>, Stop> {
    let event: WikiEvent = object(json)?;
    let page = |page: PagePayload| {
        Fact::WikiPage(Item {
            action: page.action.as_deref().map(Action::of),
            number: None,
            title: page.title.some().or(page.page_name.some()),
            url: page.html_url.some(),
            state: None,
        })
    };
    Ok(event.pages.0.into_iter().map(page).collect())
}
