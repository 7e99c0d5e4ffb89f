//! The webhooks of Bitbucket Server and Data Center
//! (<https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html>).
//!
//! Not here: events other than pushes of branches and tags.

use serde::Deserialize;

use crate::common::{RefName, first_line, ignored, pushed, read, unknown_json};
use crate::{Actor, Commit, Fact, Forge, ParseError, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// Every field may be absent or null.
#[derive(Deserialize)]
struct PushPayload {
    actor: Option<AccountPayload>,
    repository: Option<RepositoryPayload>,
    changes: Option<Vec<ChangePayload>>,
    /// Newer servers only, newest first; of the first change.
    commits: Option<Vec<CommitPayload>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountPayload {
    name: Option<String>,
    display_name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct RepositoryPayload {
    slug: Option<String>,
    name: Option<String>,
    project: Option<ProjectPayload>,
    public: Option<bool>,
    links: Option<LinksPayload>,
}

#[derive(Deserialize)]
struct ProjectPayload {
    key: Option<String>,
}

#[derive(Deserialize)]
struct LinksPayload {
    #[serde(rename = "self")]
    pages: Option<Vec<LinkPayload>>,
}

#[derive(Deserialize)]
struct LinkPayload {
    href: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangePayload {
    #[serde(rename = "ref")]
    reference: Option<RefPayload>,
    from_hash: Option<String>,
    to_hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefPayload {
    id: Option<String>,
    display_id: Option<String>,
    /// `BRANCH` or `TAG`.
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct CommitPayload {
    id: Option<String>,
    message: Option<String>,
    author: Option<AccountPayload>,
}

pub(crate) fn parse(name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    if name != Some("repo:refs_changed") {
        return unknown_json(name, json);
    }
    let payload: PushPayload = match read(json, "a push of Bitbucket Server's")? {
        Ok(payload) => payload,
        Err(ignored) => return Ok(ignored),
    };
    let Some(repository) = payload.repository.and_then(RepositoryPayload::repository) else {
        return Ok(ignored("a push that names no repository"));
    };
    let actor = payload.actor.map(AccountPayload::actor).unwrap_or_default();
    let mut commits = payload.commits;
    let changes = payload.changes.unwrap_or_default();
    let facts = changes.into_iter().filter_map(|change| change.fact(&repository, commits.take()));
    Ok(pushed(Forge::BitbucketServer, &actor, &repository, facts))
}

impl ChangePayload {
    fn fact(self, repository: &Repository, commits: Option<Vec<CommitPayload>>) -> Option<Fact> {
        let change = RefChange::new(self.from_hash, self.to_hash)?;
        let RefPayload { id, display_id, kind } = self.reference?;
        let id = id?;
        let parsed = RefName::parse(&id);
        let name =
            parsed.map(RefName::as_str).or(display_id.as_deref()).filter(|name| !name.is_empty())?.to_owned();
        if kind.as_deref() == Some("TAG") || matches!(parsed, Some(RefName::Tag(_))) {
            return Some(Fact::Tag(TagPush { tag: name, change, annotation: None }));
        }
        let compare_url = compare_url(repository, &change);
        let is_told = commits.is_some();
        let commits = commits.unwrap_or_default();
        let mut commits: Vec<_> = commits.into_iter().filter_map(CommitPayload::commit).collect();
        commits.reverse();
        let commit_count = is_told.then_some(commits.len() as u64);
        Some(Fact::Push(Push {
            branch: name,
            change,
            compare_url,
            commits,
            commit_count,
            is_truncated: false,
            forced: None,
        }))
    }
}

/// The server sends no link to the change, so it is built as its own pages do.
fn compare_url(repository: &Repository, change: &RefChange) -> Option<String> {
    let RefChange::Updated { before, after } = change else { return None };
    let url = repository.url.as_deref()?;
    Some(format!("{url}/compare/commits?sourceBranch={}&targetBranch={}", after.full(), before.full()))
}

impl AccountPayload {
    fn actor(self) -> Actor {
        let bot = self.kind.as_deref() == Some("SERVICE");
        Actor { login: self.name, name: self.display_name, bot }
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        let page = self.links.and_then(|links| links.pages).and_then(|pages| pages.into_iter().next()?.href);
        let path = self.project.and_then(|project| project.key).zip(self.slug.as_deref());
        Some(Repository {
            path: path.map(|(key, slug)| format!("{key}/{slug}")),
            // The page that is linked lists the files.
            url: page.map(|url| url.strip_suffix("/browse").unwrap_or(&url).to_owned()),
            name: self.name.or(self.slug)?,
            default_branch: None,
            private: self.public.map(|public| !public),
        })
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        let author = self.author.and_then(|author| author.display_name.or(author.name));
        Some(Commit {
            id: Sha::new(self.id?)?,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: author.unwrap_or_default(),
            url: None,
            files: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    fn check(body: &str) -> Vec<Event> {
        match parse(Some("repo:refs_changed"), body.as_bytes()).unwrap() {
            Parsed::Events(events) => events,
            Parsed::Ignored { reason } => panic!("ignored: {reason}"),
        }
    }

    #[test]
    fn a_branch_that_goes() {
        let body = include_str!("../../../tests/fixtures/bitbucket-server/branch_deleted.json");
        insta::assert_debug_snapshot!(check(body), @r#"
        [
            Event {
                forge: BitbucketServer,
                actor: Actor {
                    login: Some(
                        "gopher",
                    ),
                    name: Some(
                        "Foo Bar",
                    ),
                    bot: false,
                },
                repository: Some(
                    Repository {
                        name: "webhook-test",
                        path: Some(
                            "~gopher/webhook-test",
                        ),
                        url: Some(
                            "https://server.bitbucket.local/users/gopher/repos/webhook-test",
                        ),
                        default_branch: None,
                        private: Some(
                            true,
                        ),
                    },
                ),
                confidential: false,
                fact: Push(
                    Push {
                        branch: "feature/wip",
                        change: Deleted {
                            before: Some(
                                Sha(
                                    "32a0b8a740c2963c6f56bd8baf3dc05683d299e0",
                                ),
                            ),
                        },
                        compare_url: None,
                        commits: [],
                        commit_count: None,
                        is_truncated: false,
                        forced: None,
                    },
                ),
            },
        ]
        "#);
    }

    #[test]
    fn a_push_of_a_server_that_tells_commits_and_of_one_that_does_not() {
        let change = r#"{"ref":{"id":"refs/heads/main","type":"BRANCH"},"fromHash":"1","toHash":"3"}"#;
        let repository = r#"{"slug":"r","project":{"key":"P"},"links":{"self":[{"href":"https://h/projects/P/repos/r/browse"}]}}"#;
        let old = format!(r#"{{"repository":{repository},"changes":[{change}]}}"#);
        let new = format!(
            r#"{{"repository":{repository},"changes":[{change}],
                "commits":[{{"id":"3","message":"newest"}},{{"id":"2","message":"older"}}]}}"#
        );
        let push = |body: &str| match check(body).remove(0).fact {
            Fact::Push(push) => push,
            other => panic!("{other:?}"),
        };
        assert_eq!(push(&old).commit_count, None);
        assert_eq!(push(&new).commit_count, Some(2));
        assert_eq!(push(&new).commits[0].title, "older");
        assert_eq!(
            push(&old).compare_url.as_deref(),
            Some("https://h/projects/P/repos/r/compare/commits?sourceBranch=3&targetBranch=1")
        );
    }

    #[test]
    fn a_tag() {
        let body = r#"{"repository":{"slug":"r"},"changes":[
            {"ref":{"id":"refs/tags/v1","displayId":"v1","type":"TAG"},"fromHash":"0000","toHash":"3"}]}"#;
        assert!(matches!(&check(body)[0].fact, Fact::Tag(tag) if tag.tag == "v1"));
    }
}
