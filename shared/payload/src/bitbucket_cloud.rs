//! Bitbucket Cloud's webhooks (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push>).
//!
//! Not here: events other than pushes of branches and tags.

use serde::Deserialize;

use crate::common::{first_line, ignored, pushed, read, unknown_json};
use crate::{Actor, Commit, Fact, Forge, ParseError, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// Every field may be absent or null.
#[derive(Deserialize)]
struct PushPayload {
    actor: Option<AccountPayload>,
    repository: Option<RepositoryPayload>,
    push: Option<ChangesPayload>,
}

#[derive(Deserialize)]
struct ChangesPayload {
    changes: Option<Vec<ChangePayload>>,
}

/// One ref that came, moved or went.
#[derive(Deserialize)]
struct ChangePayload {
    /// `None` when the ref is new.
    old: Option<RefPayload>,
    /// `None` when it is gone.
    new: Option<RefPayload>,
    forced: Option<bool>,
    /// At most five, newest first.
    commits: Option<Vec<CommitPayload>>,
    /// Whether there were more.
    truncated: Option<bool>,
    links: Option<LinksPayload>,
}

#[derive(Deserialize)]
struct RefPayload {
    /// `branch`, `tag`, `annotated_tag`, `named_branch`, `bookmark`.
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    target: Option<TargetPayload>,
}

#[derive(Deserialize)]
struct TargetPayload {
    hash: Option<String>,
}

#[derive(Deserialize)]
struct CommitPayload {
    hash: Option<String>,
    message: Option<String>,
    author: Option<AuthorPayload>,
    links: Option<LinksPayload>,
}

#[derive(Deserialize)]
struct AuthorPayload {
    /// `Name <address>`.
    raw: Option<String>,
    display_name: Option<String>,
    user: Option<AccountPayload>,
}

#[derive(Deserialize)]
struct AccountPayload {
    nickname: Option<String>,
    /// Until 2019.
    username: Option<String>,
    display_name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct RepositoryPayload {
    name: Option<String>,
    full_name: Option<String>,
    is_private: Option<bool>,
    mainbranch: Option<RefPayload>,
    links: Option<LinksPayload>,
}

#[derive(Deserialize)]
struct LinksPayload {
    html: Option<LinkPayload>,
}

#[derive(Deserialize)]
struct LinkPayload {
    href: Option<String>,
}

pub(crate) fn parse(name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    if name != Some("repo:push") {
        return unknown_json(name, json);
    }
    let payload: PushPayload = match read(json, "a push of Bitbucket Cloud's")? {
        Ok(payload) => payload,
        Err(ignored) => return Ok(ignored),
    };
    let Some(repository) = payload.repository.and_then(RepositoryPayload::repository) else {
        return Ok(ignored("a push that names no repository"));
    };
    let actor = payload.actor.map(AccountPayload::actor).unwrap_or_default();
    let changes = payload.push.and_then(|push| push.changes).unwrap_or_default();
    let facts = changes.into_iter().filter_map(ChangePayload::fact);
    Ok(pushed(Forge::BitbucketCloud, &actor, &repository, facts))
}

fn href(links: Option<LinksPayload>) -> Option<String> {
    links?.html?.href
}

impl ChangePayload {
    fn fact(self) -> Option<Fact> {
        let hash = |reference: &Option<RefPayload>| reference.as_ref()?.target.as_ref()?.hash.clone();
        let change = RefChange::new(hash(&self.old), hash(&self.new))?;
        let reference = self.new.or(self.old)?;
        let name = reference.name.filter(|name| !name.is_empty())?;
        if matches!(reference.kind.as_deref(), Some("tag" | "annotated_tag")) {
            return Some(Fact::Tag(TagPush { tag: name, change, annotation: None }));
        }
        let commits = self.commits.unwrap_or_default();
        let mut commits: Vec<_> = commits.into_iter().filter_map(CommitPayload::commit).collect();
        commits.reverse();
        Some(Fact::Push(Push {
            branch: name,
            change,
            compare_url: href(self.links),
            commit_count: Some(commits.len() as u64),
            commits,
            is_truncated: self.truncated.unwrap_or(false),
            forced: self.forced,
        }))
    }
}

impl AccountPayload {
    fn actor(self) -> Actor {
        let bot = self.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("app_user"));
        Actor { login: self.nickname.or(self.username), name: self.display_name, bot }
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        Some(Repository {
            name: self.name?,
            path: self.full_name,
            url: href(self.links),
            default_branch: self.mainbranch.and_then(|branch| branch.name),
            private: self.is_private,
        })
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        Some(Commit {
            id: Sha::new(self.hash?)?,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: self.author.and_then(AuthorPayload::name).unwrap_or_default(),
            url: href(self.links),
            files: None,
        })
    }
}

impl AuthorPayload {
    fn name(self) -> Option<String> {
        let raw = self.raw.as_deref().map(|raw| raw.split('<').next().unwrap_or_default().trim().to_owned());
        let account = self.user.and_then(|user| user.display_name);
        account.or(self.display_name).or(raw)
    }
}

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "a snapshot is data, however many lines it has")]
mod tests {
    use super::*;
    use crate::Event;

    const PUSH: &str = include_str!("../../../tests/fixtures/bitbucket-cloud/push.json");

    fn check(body: &str) -> Vec<Event> {
        match parse(Some("repo:push"), body.as_bytes()).unwrap() {
            Parsed::Events(events) => events,
            Parsed::Ignored { reason } => panic!("ignored: {reason}"),
        }
    }

    #[test]
    fn a_push() {
        insta::assert_debug_snapshot!(check(PUSH), @r#"
        [
            Event {
                forge: BitbucketCloud,
                actor: Actor {
                    login: Some(
                        "emmap1",
                    ),
                    name: Some(
                        "Emma",
                    ),
                    bot: false,
                },
                repository: Some(
                    Repository {
                        name: "repo_name",
                        path: Some(
                            "team_name/repo_name",
                        ),
                        url: Some(
                            "https://api.bitbucket.org/bitbucket/bitbucket",
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
                        branch: "name-of-branch",
                        change: Updated {
                            before: Sha(
                                "1e65c05c1d5171631d92438a13901ca7dae9618c",
                            ),
                            after: Sha(
                                "709d658dc5b6d6afcd46049c2f332ee3f515a67d",
                            ),
                        },
                        compare_url: Some(
                            "https://bitbucket.org/user_name/repo_name/branches/compare/c4b2b7914156a878aa7c9da452a09fb50c2091f2..b99ea6dad8f416e57c5ca78c1ccef590600d841b",
                        ),
                        commits: [
                            Commit {
                                id: Sha(
                                    "03f4a7270240708834de475bcf21532d6134777e",
                                ),
                                title: "commit message",
                                author: "Emma",
                                url: Some(
                                    "https://bitbucket.org/user/repo/commits/03f4a7270240708834de475bcf21532d6134777e",
                                ),
                                files: None,
                            },
                        ],
                        commit_count: Some(
                            1,
                        ),
                        is_truncated: false,
                        forced: Some(
                            false,
                        ),
                    },
                ),
            },
        ]
        "#);
    }

    #[test]
    fn one_push_of_several_refs_is_several_events() {
        let events = check(
            r#"{"repository":{"name":"r"},"push":{"changes":[
                {"new":{"type":"branch","name":"a/b#c","target":{"hash":"2"}},"forced":true,"truncated":true,
                 "commits":[{"hash":"2","message":"newest\nof all","author":{"raw":"Ann <ann@example.com>"}},{"hash":"1"}]},
                {"old":{"type":"branch","name":"gone","target":{"hash":"1"}},"closed":true},
                {"new":{"type":"annotated_tag","name":"v1","target":{"hash":"2"}}},
                {"new":null,"old":null}]}}"#,
        );
        insta::assert_debug_snapshot!(events.into_iter().map(|event| event.fact).collect::<Vec<_>>(), @r#"
        [
            Push(
                Push {
                    branch: "a/b#c",
                    change: Created {
                        after: Sha(
                            "2",
                        ),
                    },
                    compare_url: None,
                    commits: [
                        Commit {
                            id: Sha(
                                "1",
                            ),
                            title: "",
                            author: "",
                            url: None,
                            files: None,
                        },
                        Commit {
                            id: Sha(
                                "2",
                            ),
                            title: "newest",
                            author: "Ann",
                            url: None,
                            files: None,
                        },
                    ],
                    commit_count: Some(
                        2,
                    ),
                    is_truncated: true,
                    forced: Some(
                        true,
                    ),
                },
            ),
            Push(
                Push {
                    branch: "gone",
                    change: Deleted {
                        before: Some(
                            Sha(
                                "1",
                            ),
                        ),
                    },
                    compare_url: None,
                    commits: [],
                    commit_count: Some(
                        0,
                    ),
                    is_truncated: false,
                    forced: None,
                },
            ),
            Tag(
                TagPush {
                    tag: "v1",
                    change: Created {
                        after: Sha(
                            "2",
                        ),
                    },
                    annotation: None,
                },
            ),
        ]
        "#);
    }

    #[test]
    fn other_events_are_ignored() {
        let parsed = parse(Some("pullrequest:created"), b"{}").unwrap();
        assert_eq!(
            parsed,
            Parsed::Ignored { reason: "events 'pullrequest:created' are not relayed".to_owned() }
        );
        assert!(parse(Some("pullrequest:created"), b"{").is_err());
    }
}
