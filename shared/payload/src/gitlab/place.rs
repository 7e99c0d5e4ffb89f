//! Who and where: accounts, projects, and the pages they are found on.
//!
//! Not here: the flat fields of system hooks (`system`).

use serde::Deserialize;

use crate::field::{Field, Number, Text};
use crate::{Actor, Repository};

/// GitLab's number for what everybody may see; 0 and 10 are for members and for people with an account.
const PUBLIC: u64 = 20;

/// The word for the same.
const PUBLIC_WORD: &str = "public";

/// Accounts of GitLab's own (<https://docs.gitlab.com/administration/internal_users/>).
const INTERNAL_ACCOUNTS: [&str; 9] = [
    "alert-bot",
    "automation-bot",
    "ghost",
    "gitlab-admin-bot",
    "gitlab-security-bot",
    "gitlabduo",
    "migration-bot",
    "support-bot",
    "visual-review-bot",
];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AccountPayload {
    username: Text,
    name: Text,
}

impl AccountPayload {
    pub(super) fn actor(self) -> Actor {
        actor(self.username.0, self.name.0)
    }
}

pub(super) fn actor(login: Option<String>, name: Option<String>) -> Actor {
    let bot = login.as_deref().is_some_and(is_bot);
    Actor { login, name, bot }
}

/// The accounts of access tokens and services are bots, known by their names alone
/// (<https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects>).
fn is_bot(login: &str) -> bool {
    let numbered = login.strip_prefix("project_").or_else(|| login.strip_prefix("group_"));
    let is_token = numbered.is_some_and(|rest| {
        rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).starts_with("_bot")
    });
    is_token
        || login.starts_with("service_account_")
        || INTERNAL_ACCOUNTS.iter().any(|own| own.eq_ignore_ascii_case(login))
}

/// A project as webhooks show it. The source and target of a merge request have the same shape.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ProjectPayload {
    name: Text,
    web_url: Text,
    homepage: Text,
    /// For git; all that the projects of a merge request have before 8.0.
    http_url: Text,
    path_with_namespace: Text,
    default_branch: Text,
    visibility_level: Number,
    /// GitLab's group hooks of 2016 say this in place of the level.
    visibility: Text,
}

/// All there is of a project before 8.5, and of a job's before 16.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RepositoryPayload {
    name: Text,
    homepage: Text,
    visibility_level: Number,
}

impl From<RepositoryPayload> for ProjectPayload {
    fn from(RepositoryPayload { name, homepage, visibility_level }: RepositoryPayload) -> Self {
        Self { name, homepage, visibility_level, ..Self::default() }
    }
}

impl ProjectPayload {
    /// What one of the two does not tell is the other's.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            name: Field(self.name.0.or(other.name.0)),
            homepage: Field(self.homepage.0.or(other.homepage.0)),
            visibility_level: Field(self.visibility_level.0.or(other.visibility_level.0)),
            ..self
        }
    }

    /// `None` without a name: there is nothing to call it.
    pub(super) fn repository(self) -> Option<Repository> {
        let git = self.http_url.as_deref().map(|url| url.strip_suffix(".git").unwrap_or(url));
        let page = self.web_url.as_deref().or(self.homepage.as_deref()).or(git);
        let url = page.map(|url| url.trim_end_matches('/').to_owned());
        let path = self.path_with_namespace.0.or_else(|| Some(path_of(url.as_deref()?)?.to_owned()));
        let by_level = self.visibility_level.0.map(|level| level != PUBLIC);
        Some(Repository {
            name: self.name.0.or_else(|| Some(last_part(path.as_deref()?).to_owned()))?,
            path,
            url,
            default_branch: self.default_branch.0,
            private: by_level.or_else(|| self.visibility.as_deref().map(is_private)),
        })
    }
}

/// Whether only some may see it. System hooks say `private`; GitLab 9 to 11 said `visibilitylevel|private`.
pub(super) fn is_private(visibility: &str) -> bool {
    visibility.rsplit('|').next() != Some(PUBLIC_WORD)
}

/// The path of a page: the only place where GitLab of 2014 names the namespace.
fn path_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    (!path.is_empty()).then_some(path)
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The project that a page belongs to: all that some events tell of it, such as a vulnerability's, or an issue's of
/// 2014. `None` for a page of a group.
pub(super) fn repository_of_page(page: &str) -> Option<Repository> {
    /// Before 12.0, nothing kept a project's name and its pages' apart.
    const OLD_ROUTES: [&str; 5] = ["/issues/", "/merge_requests/", "/wikis/", "/snippets/", "/commit/"];
    let by_old = || OLD_ROUTES.iter().find_map(|route| page.rsplit_once(route));
    let (url, _) = page.split_once("/-/").or_else(by_old)?;
    let path = path_of(url)?;
    (!path.starts_with("groups/")).then(|| Repository {
        path: Some(path.to_owned()),
        url: Some(url.to_owned()),
        ..named(last_part(path))
    })
}

/// The project of an old job, by its name alone: `Group / Project`.
pub(super) fn repository_of_name(full_name: &str) -> Repository {
    named(last_part(full_name).trim_start())
}

fn named(name: &str) -> Repository {
    Repository { name: name.to_owned(), path: None, url: None, default_branch: None, private: None }
}
