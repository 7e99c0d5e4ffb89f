//! Releases, pages of wikis, packages, repositories that come, go or are forked, and whatever Gitea will think of next.
//!
//! Not here: issues and pull requests, and what runs.

use serde::Deserialize;

use crate::common::happened;
use crate::field::{Number, Part, Text};
use crate::github::account::{AccountPayload, RepositoryPayload};
use crate::github::item::ReleasePayload;
use crate::{Action, Fact, Forge, Item, Other, Parsed, Repository};

/// Every field may be absent or null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OtherPayload {
    action: Text,
    release: Part<ReleasePayload>,
    /// The name of a page, as in its address.
    page: Text,
    package: Part<PackagePayload>,
    /// Of a fork: on Gitea and Forgejo what was forked (`repository` is the fork), on Gogs the fork.
    forkee: Part<RepositoryPayload>,
    repository: Part<RepositoryPayload>,
    sender: Part<AccountPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PackagePayload {
    id: Number,
    name: Text,
    version: Text,
    html_url: Text,
    /// If the package is linked to one.
    repository: Part<RepositoryPayload>,
}

pub(super) fn event(forge: Forge, name: &str, mut payload: OtherPayload) -> Parsed {
    let actor = payload.sender.0.take().unwrap_or_default().actor();
    let linked = payload.package.0.as_mut().and_then(|package| package.repository.0.take());
    let repository = payload.repository.0.take().or(linked).and_then(RepositoryPayload::repository);
    let action = payload.action.as_deref().map(Action::of);
    let fact = match (name, payload.release.0, payload.page.0) {
        (_, Some(release), _) => {
            let mut release = release.release(action);
            let list = || Some(format!("{}/releases", repository.as_ref()?.url.as_deref()?));
            release.item.url = release.item.url.or_else(list);
            Fact::Release(release)
        }
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
    happened(forge, &actor, repository.as_ref(), [fact])
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

impl PackagePayload {
    fn item(self) -> Item {
        let version = self.version.0.map(|version| format!(" {version}")).unwrap_or_default();
        Item {
            action: None,
            number: self.id.0,
            title: self.name.0.map(|name| name + &version),
            url: self.html_url.0,
            state: None,
        }
    }
}
