//! Pushes of branches and tags
//! (<https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events>).

use serde::Deserialize;

use crate::common::{RefName, file_count, first_line, ignored, pushed};
use crate::{Actor, Commit, Fact, Forge, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// Both kinds of push, of both ages. Every field may be absent or null.
#[derive(Deserialize)]
pub(super) struct PushPayload {
    before: Option<String>,
    after: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// The text of an annotated tag.
    message: Option<String>,
    user_name: Option<String>,
    user_username: Option<String>,
    /// Since 8.5; before, `repository` is all there is.
    project: Option<ProjectPayload>,
    repository: Option<RepositoryPayload>,
    /// The newest twenty, oldest first.
    commits: Option<Vec<CommitPayload>>,
    total_commits_count: Option<u64>,
}

#[derive(Deserialize)]
struct ProjectPayload {
    name: Option<String>,
    web_url: Option<String>,
    path_with_namespace: Option<String>,
    default_branch: Option<String>,
    visibility_level: Option<u8>,
}

/// GitLab's number for what everybody may see; 0 and 10 are for members and for people with an account.
const PUBLIC: u8 = 20;

#[derive(Deserialize)]
struct RepositoryPayload {
    name: Option<String>,
    homepage: Option<String>,
}

#[derive(Deserialize)]
struct CommitPayload {
    id: Option<String>,
    title: Option<String>,
    message: Option<String>,
    url: Option<String>,
    author: Option<AuthorPayload>,
    added: Option<Vec<serde::de::IgnoredAny>>,
    modified: Option<Vec<serde::de::IgnoredAny>>,
    removed: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
struct AuthorPayload {
    name: Option<String>,
}

pub(super) fn event(payload: PushPayload) -> Parsed {
    let Some(change) = RefChange::new(payload.before, payload.after) else {
        return ignored("a push from nothing to nothing");
    };
    let is_today = payload.project.is_some();
    let Some(repository) = repository(payload.project, payload.repository) else {
        return ignored("a push that names no repository");
    };
    let actor = actor(payload.user_username, payload.user_name);
    let fact = match RefName::parse(&payload.reference.unwrap_or_default()) {
        Some(RefName::Branch(branch)) => {
            let commits: Vec<_> =
                payload.commits.unwrap_or_default().into_iter().filter_map(CommitPayload::commit).collect();
            Some(Fact::Push(Push {
                branch: branch.to_owned(),
                compare_url: compare_url(&repository, &change, &commits, is_today),
                commit_count: Some(payload.total_commits_count.unwrap_or(commits.len() as u64)),
                is_truncated: false,
                forced: None,
                commits,
                change,
            }))
        }
        Some(RefName::Tag(tag)) => {
            let annotation = payload.message.filter(|text| !text.is_empty());
            Some(Fact::Tag(TagPush { tag: tag.to_owned(), change, annotation }))
        }
        None => None,
    };
    pushed(Forge::GitLab, &actor, &repository, fact)
}

/// The accounts of access tokens are bots, known by their names alone
/// (<https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects>).
fn actor(login: Option<String>, name: Option<String>) -> Actor {
    let bot = login.as_deref().is_some_and(|login| {
        let numbered = login.strip_prefix("project_").or_else(|| login.strip_prefix("group_"));
        numbered.is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with("_bot"))
    });
    Actor { login, name, bot }
}

fn repository(project: Option<ProjectPayload>, legacy: Option<RepositoryPayload>) -> Option<Repository> {
    let (legacy_name, homepage) = legacy.map(|legacy| (legacy.name, legacy.homepage)).unwrap_or_default();
    let project = project.unwrap_or(ProjectPayload {
        name: None,
        web_url: None,
        path_with_namespace: None,
        default_branch: None,
        visibility_level: None,
    });
    let url = project.web_url.or(homepage).map(|url| url.trim_end_matches('/').to_owned());
    Some(Repository {
        name: project.name.or(legacy_name)?,
        path: project.path_with_namespace.or_else(|| Some(path_of(url.as_deref()?)?.to_owned())),
        url,
        default_branch: project.default_branch,
        private: project.visibility_level.map(|level| level != PUBLIC),
    })
}

/// The path of a page: the only place where GitLab of 2014 names the namespace.
fn path_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    (!path.is_empty()).then_some(path)
}

/// GitLab sends no link to the change, so it is built as GitLab's own pages do. A new branch is compared with the
/// parent of its first commit, as GitLab's irker integration does.
fn compare_url(
    repository: &Repository,
    change: &RefChange,
    commits: &[Commit],
    is_today: bool,
) -> Option<String> {
    let url = repository.url.as_deref()?;
    // GitLab moved its pages behind `/-/` in 12.0; the old form is what a GitLab of 2014 answers.
    let route = if is_today { "/-/compare" } else { "/compare" };
    match change {
        RefChange::Updated { before, after } => {
            Some(format!("{url}{route}/{}...{}", before.full(), after.full()))
        }
        RefChange::Created { after } => {
            let first = commits.first()?.id.full();
            Some(format!("{url}{route}/{first}^...{}", after.full()))
        }
        RefChange::Deleted { .. } => None,
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        let files = file_count(&[self.added, self.modified, self.removed]);
        Some(Commit {
            id: Sha::new(self.id?)?,
            title: self.title.as_deref().or(self.message.as_deref()).map(first_line).unwrap_or_default(),
            author: self.author.and_then(|author| author.name).unwrap_or_default(),
            url: self.url,
            files,
        })
    }
}
