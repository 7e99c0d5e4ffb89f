//! Accounts and repositories as GitHub and its kin describe them in each payload.
//!
//! Not here: teams and organisations, which only some payloads have.

use serde::Deserialize;

use crate::field::{Flag, Part, Text};
use crate::{Actor, Repository};

/// A person, a machine, or the author of a commit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountPayload {
    pub(crate) login: Text,
    /// Gitea, in place of or beside `login`.
    pub(crate) username: Text,
    /// Gitea: a person's name, often empty.
    pub(crate) full_name: Text,
    /// GitHub's pusher and the authors of commits have only this.
    pub(crate) name: Text,
    /// GitHub: `User`, `Bot`, `Organization`.
    #[serde(rename = "type")]
    pub(crate) kind: Text,
    pub(crate) html_url: Text,
}

impl AccountPayload {
    /// As one who acts, or whom something is about.
    pub(crate) fn actor(&self) -> Actor {
        actor(Some(self), None)
    }

    pub(crate) fn login(&self) -> Option<&str> {
        self.login.as_deref().or(self.username.as_deref())
    }

    /// Gitea and Forgejo mark no account: their workflows act under names of their own
    /// (`models/user/user_system.go` of both).
    fn is_bot(&self) -> bool {
        let is_bots =
            |login: &str| login.ends_with("[bot]") || matches!(login, "gitea-actions" | "forgejo-actions");
        self.kind.as_deref() == Some("Bot") || self.login().is_some_and(is_bots)
    }
}

/// Who acts. Of a push, the pusher stands in for what the sender does not tell.
pub(crate) fn actor(sender: Option<&AccountPayload>, pusher: Option<&AccountPayload>) -> Actor {
    let both = || [sender, pusher].into_iter().flatten();
    let full_name = both().find_map(|account| account.full_name.as_deref());
    let name = full_name.or_else(|| both().find_map(|account| account.name.as_deref()));
    let pusher_name = pusher.and_then(|pusher| pusher.name.as_deref());
    let login = both().find_map(AccountPayload::login).or(pusher_name);
    let bot = sender.or(pusher).is_some_and(AccountPayload::is_bot);
    Actor { login: login.map(str::to_owned), name: name.map(str::to_owned), bot }
}

/// A repository. All but its name may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RepositoryPayload {
    pub(crate) name: Text,
    pub(crate) full_name: Text,
    pub(crate) owner: Part<AccountPayload>,
    pub(crate) html_url: Text,
    /// The page in GitHub's first pushes and old Gogs, the API's address everywhere else.
    pub(crate) url: Text,
    pub(crate) default_branch: Text,
    /// GitHub's pushes have it beside `default_branch`, and had it before.
    pub(crate) master_branch: Text,
    pub(crate) private: Flag,
    /// Gitea: private to the instance's members.
    pub(crate) internal: Flag,
}

impl RepositoryPayload {
    /// `None` for a repository without a name.
    pub(crate) fn repository(self) -> Option<Repository> {
        let owner = self.owner.0.unwrap_or_default();
        let path = self.full_name.0.or_else(|| {
            let owner = owner.login().or(owner.name.as_deref())?;
            Some(format!("{owner}/{}", self.name.as_deref()?))
        });
        let last = path.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let page = self.html_url.0.or_else(|| self.url.0.filter(|url| is_page(url)));
        Some(Repository {
            name: self.name.0.or(last)?,
            path,
            url: page.map(|url| url.trim_end_matches('/').to_owned()),
            default_branch: self.default_branch.0.or(self.master_branch.0),
            private: self.private.0.map(|private| private || self.internal.0 == Some(true)),
        })
    }
}

/// Not the API's address of the same thing.
pub(crate) fn is_page(url: &str) -> bool {
    !["//api.", "/api/v1/", "/api/v3/"].iter().any(|api| url.contains(api))
}
