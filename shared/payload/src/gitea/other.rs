//! Releases, pages of wikis, packages, repositories that come, go or are forked, and whatever Gitea will think of next.
//!
//! Not here: issues and pull requests, and what runs.

use serde::Deserialize;

use super::{AccountPayload, RepositoryPayload};
use crate::common::happened;
use crate::github::lenient::{Part, Told};
use crate::{Action, Fact, Forge, Item, Other, Parsed, Release, Repository};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OtherPayload {
    action: Told<String>,
    release: Part<ReleasePayload>,
    /// The name of a page, as in its address.
    page: Told<String>,
    package: Part<PackagePayload>,
    /// Of a fork: on Gitea and Forgejo what was forked (`repository` is the fork), on Gogs the fork.
    forkee: Part<RepositoryPayload>,
    repository: Part<RepositoryPayload>,
    sender: Part<AccountPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReleasePayload {
    id: Told<u64>,
    name: Told<String>,
    tag_name: Told<String>,
    /// Gogs has none.
    html_url: Told<String>,
    prerelease: Told<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PackagePayload {
    id: Told<u64>,
    name: Told<String>,
    version: Told<String>,
    html_url: Told<String>,
    /// If the package is linked to one.
    repository: Part<RepositoryPayload>,
}

pub(super) fn event(forge: Forge, name: &str, mut payload: OtherPayload) -> Parsed {
    let actor = payload.sender.0.take().unwrap_or_default().actor();
    let linked = payload.package.0.as_mut().and_then(|package| package.repository.0.take());
    let repository = payload.repository.0.take().or(linked).and_then(RepositoryPayload::repository);
    let action = payload.action.as_deref().map(Action::of);
    let fact = match (name, payload.release.0, payload.page.some()) {
        (_, Some(release), _) => Fact::Release(release.release(action, repository.as_ref())),
        (_, _, Some(page)) => Fact::WikiPage(wiki_page(action, page, repository.as_ref())),
        _ => {
            let forkee = payload.forkee.0.and_then(RepositoryPayload::repository);
            let item = payload.package.0.map(PackagePayload::item);
            let item = item.or(forkee.map(repository_item)).or(repository.clone().map(repository_item));
            Fact::Other(Other {
                kind: name.to_lowercase(),
                item: Item { action, ..item.unwrap_or_default() },
            })
        }
    };
    happened(forge, actor, repository, fact)
}

fn wiki_page(action: Option<Action>, page: String, repository: Option<&Repository>) -> Item {
    let url = repository
        .and_then(|repository| repository.url.as_deref())
        // Old versions send the page's title, in whose address a space is a dash.
        .map(|url| format!("{url}/wiki/{}", page.replace(' ', "-")));
    Item { action, number: None, title: Some(page), url, state: None }
}

fn repository_item(repository: Repository) -> Item {
    let title = repository.path.unwrap_or(repository.name);
    Item { action: None, number: None, title: Some(title), url: repository.url, state: None }
}

impl ReleasePayload {
    fn release(self, action: Option<Action>, repository: Option<&Repository>) -> Release {
        let tag = self.tag_name.some();
        let list = || Some(format!("{}/releases", repository?.url.as_deref()?));
        Release {
            item: Item {
                action,
                number: self.id.0,
                title: self.name.some().or_else(|| tag.clone()),
                url: self.html_url.some().or_else(list),
                state: None,
            },
            tag,
            is_prerelease: self.prerelease.0,
        }
    }
}

impl PackagePayload {
    fn item(self) -> Item {
        let version = self.version.some().map(|version| format!(" {version}")).unwrap_or_default();
        Item {
            action: None,
            number: self.id.0,
            title: self.name.some().map(|name| name + &version),
            url: self.html_url.some(),
            state: None,
        }
    }
}
