//! Accounts and repositories as GitHub and its kin describe them in each payload.
//!
//! Not here: teams and organisations, which only some payloads have.

use serde::Deserialize;

use super::lenient::{Part, Told};
use crate::{Actor, Repository};

/// A person, a machine, or the author of a commit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountPayload {
    pub(crate) login: Told<String>,
    /// Gitea, in place of or beside `login`.
    pub(crate) username: Told<String>,
    /// Gitea: a person's name, often empty.
    pub(crate) full_name: Told<String>,
    /// GitHub's pusher and the authors of commits have only this.
    pub(crate) name: Told<String>,
    /// GitHub: `User`, `Bot`, `Organization`.
    #[serde(rename = "type")]
    pub(crate) kind: Told<String>,
    pub(crate) html_url: Told<String>,
}

impl AccountPayload {
    /// The account itself, where it is not the one that acts.
    pub(crate) fn account(&self) -> Actor {
        actor(Some(self), None)
    }

    pub(crate) fn login(&self) -> Option<&str> {
        self.login.as_deref().or(self.username.as_deref())
    }

    fn is_bot(&self) -> bool {
        let has_bots_name = self.login.as_deref().is_some_and(|login| login.ends_with("[bot]"));
        self.kind.as_deref() == Some("Bot") || has_bots_name
    }
}

/// Who acts. Of a push, the pusher stands in for what the sender does not tell.
pub(crate) fn actor(sender: Option<&AccountPayload>, pusher: Option<&AccountPayload>) -> Actor {
    let both = || [sender, pusher].into_iter().flatten();
    let full_name = both().find_map(|account| account.full_name.as_deref());
    let name = full_name.or_else(|| both().find_map(|account| account.name.as_deref()));
    let pusher_name = pusher.and_then(|pusher| pusher.name.as_deref());
    let login = both().find_map(AccountPayload::login).or(pusher_name);
    let bot = sender.is_some_and(AccountPayload::is_bot);
    Actor { login: login.map(str::to_owned), name: name.map(str::to_owned), bot }
}

/// A repository. All but its name may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RepositoryPayload {
    pub(crate) name: Told<String>,
    pub(crate) full_name: Told<String>,
    pub(crate) owner: Part<AccountPayload>,
    pub(crate) html_url: Told<String>,
    /// The page in GitHub's first pushes and old Gogs, the API's address everywhere else.
    pub(crate) url: Told<String>,
    pub(crate) default_branch: Told<String>,
    /// GitHub's pushes have it beside `default_branch`, and had it before.
    pub(crate) master_branch: Told<String>,
    pub(crate) private: Told<bool>,
}

impl RepositoryPayload {
    /// `None` for a repository without a name.
    pub(crate) fn repository(self) -> Option<Repository> {
        let owner = self.owner.0.unwrap_or_default();
        let path = self.full_name.some().or_else(|| {
            let owner = owner.login().or(owner.name.as_deref())?;
            Some(format!("{owner}/{}", self.name.as_deref()?))
        });
        let last = path.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let page = self.html_url.some().or_else(|| self.url.some().filter(|url| is_page(url)));
        Some(Repository {
            name: self.name.some().or(last)?,
            path,
            url: page.map(|url| url.trim_end_matches('/').to_owned()),
            default_branch: self.default_branch.some().or(self.master_branch.some()),
            private: self.private.0,
        })
    }
}

/// Not the API's address of the same thing.
pub(crate) fn is_page(url: &str) -> bool {
    !["//api.", "/api/v1/", "/api/v3/"].iter().any(|api| url.contains(api))
}
