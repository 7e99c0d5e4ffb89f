//! Things with a page that is all there is to tell: releases, wiki pages, milestones, feature flags
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/#release-events> and so on).
//!
//! Not here: issues and merge requests (`issuable`).

use serde::Deserialize;

use super::{IS_EMPTY, Scene, Told};
use crate::field::{Flag, Number, Part, Text};
use crate::{Action, Fact, Item, Release, State};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ReleasePayload {
    action: Text,
    name: Text,
    tag: Text,
    url: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ItemPayload {
    /// A milestone's.
    action: Text,
    object_attributes: Part<Attributes>,
}

/// What the objects of most events have in common.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Attributes {
    pub(super) action: Text,
    pub(super) iid: Number,
    pub(super) title: Text,
    /// A feature flag's title, a token's.
    pub(super) name: Text,
    pub(super) url: Text,
    pub(super) state: Text,
    /// An alert's state.
    pub(super) status: Text,
    /// A feature flag's.
    active: Flag,
}

/// GitLab keeps a number for releases, but shows it to nobody.
pub(super) fn release(release: ReleasePayload, _: &mut Scene) -> Told {
    if release.tag.0.is_none() && release.name.0.is_none() {
        return Err(IS_EMPTY);
    }
    let item = Item {
        action: release.action.as_deref().map(Action::of),
        title: release.name.0.or_else(|| release.tag.0.clone()),
        url: release.url.0,
        ..Item::default()
    };
    Ok(Fact::Release(Release { item, tag: release.tag.0, is_prerelease: None }))
}

pub(super) fn wiki_page(payload: ItemPayload, _: &mut Scene) -> Told {
    payload.item().map(Fact::WikiPage)
}

/// Its page is not in the payload.
pub(super) fn milestone(payload: ItemPayload, scene: &mut Scene) -> Told {
    let mut item = payload.item()?;
    let project = scene.repository.as_ref().and_then(|repository| repository.url.as_deref());
    let page = || Some(format!("{}/-/milestones/{}", project?, item.number?));
    item.url = item.url.clone().or_else(page);
    Ok(Fact::Milestone(item))
}

pub(super) fn feature_flag(payload: ItemPayload, _: &mut Scene) -> Told {
    payload.item().map(Fact::FeatureFlag)
}

impl ItemPayload {
    fn item(self) -> Result<Item, &'static str> {
        let attributes = self.object_attributes.0.ok_or(IS_EMPTY)?;
        let active = attributes.active.0.map(|active| if active { "active" } else { "inactive" });
        Ok(Item {
            action: attributes.action.0.or(self.action.0).as_deref().map(Action::of),
            number: attributes.iid.0,
            title: attributes.title.0.or(attributes.name.0),
            url: attributes.url.0,
            state: attributes.state.as_deref().or(active).map(State::of),
        })
    }
}
