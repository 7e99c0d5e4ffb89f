//! GitHub's webhooks (<https://docs.github.com/webhooks/webhook-events-and-payloads>) and those of the forges that
//! took their shape over: Gitea, Forgejo, Gogs.
//!
//! Not here: events other than pushes of branches and tags, and deletions of branches.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::common::{RefName, file_count, first_line, ignored, pushed, read, unknown};
use crate::{Actor, Commit, Fact, Forge, ParseError, Parsed, Push, RefChange, Repository, Sha, TagPush};

/// A push, and what a deletion has in common with it. Every field may be absent or null.
#[derive(Deserialize)]
struct PushPayload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// Of a deletion: `branch` or `tag`.
    ref_type: Option<String>,
    before: Option<String>,
    after: Option<String>,
    forced: Option<bool>,
    /// GitHub's link to the change.
    compare: Option<String>,
    /// Gitea's; an old Gitea gives a path only.
    compare_url: Option<String>,
    /// GitHub: all, oldest first. Gitea: the newest five, newest first.
    commits: Option<Vec<CommitPayload>>,
    /// Gitea's true count.
    total_commits: Option<u64>,
    repository: Option<RepositoryPayload>,
    pusher: Option<AccountPayload>,
    sender: Option<AccountPayload>,
}

#[derive(Deserialize)]
struct RepositoryPayload {
    name: Option<String>,
    full_name: Option<String>,
    html_url: Option<String>,
    default_branch: Option<String>,
    private: Option<bool>,
}

#[derive(Deserialize)]
struct AccountPayload {
    login: Option<String>,
    /// Gitea, in place of or beside `login`.
    username: Option<String>,
    /// Gitea: a person's name, often empty.
    full_name: Option<String>,
    /// GitHub's pusher has only this.
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct CommitPayload {
    id: Option<String>,
    message: Option<String>,
    url: Option<String>,
    author: Option<AccountPayload>,
    added: Option<Vec<IgnoredAny>>,
    modified: Option<Vec<IgnoredAny>>,
    removed: Option<Vec<IgnoredAny>>,
}

pub(crate) fn parse(forge: Forge, name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    let payload: PushPayload = match read(json, "anything that GitHub and its kin send")? {
        Ok(payload) => payload,
        Err(ignored) => return Ok(ignored),
    };
    Ok(match name {
        Some("push") => push(forge, payload),
        // GitHub tells every deletion by a push as well, and Gitea those of tags.
        Some("delete") if forge != Forge::GitHub && payload.ref_type.as_deref() == Some("branch") => {
            branch_deletion(forge, payload)
        }
        Some("create" | "delete") => ignored("the push of the same branch or tag tells of it as well"),
        name => unknown(name),
    })
}

fn push(forge: Forge, mut payload: PushPayload) -> Parsed {
    if forge != Forge::GitHub && payload.before.is_some() && payload.before == payload.after {
        return ignored(&format!("a test of {forge}'s: nothing was pushed"));
    }
    let Some(change) = RefChange::new(payload.before.take(), payload.after.take()) else {
        return ignored("a push from nothing to nothing");
    };
    let reference = payload.reference.take().unwrap_or_default();
    changed(forge, payload, RefName::parse(&reference), change)
}

/// Gitea names the branch in short, Forgejo may do so in full.
fn branch_deletion(forge: Forge, mut payload: PushPayload) -> Parsed {
    let reference = payload.reference.take().unwrap_or_default();
    let short = (!reference.is_empty()).then_some(RefName::Branch(&reference));
    let name = RefName::parse(&reference).or(short);
    changed(forge, payload, name, RefChange::Deleted { before: None })
}

fn changed(forge: Forge, mut payload: PushPayload, name: Option<RefName<'_>>, change: RefChange) -> Parsed {
    let Some(repository) = payload.repository.take().and_then(RepositoryPayload::repository) else {
        return ignored("a push that names no repository");
    };
    let actor = actor(payload.sender.take(), payload.pusher.take());
    let fact = name.map(|name| match name {
        RefName::Branch(branch) => {
            // Of a branch that is gone, GitHub links a comparison with nothing.
            let is_gone = matches!(change, RefChange::Deleted { .. });
            let link = payload.compare.or(payload.compare_url).filter(|_| !is_gone);
            let commits = commits(forge, payload.commits.unwrap_or_default());
            Fact::Push(Push {
                branch: branch.to_owned(),
                change,
                compare_url: link.and_then(|link| absolute(link, &repository)),
                commit_count: Some(payload.total_commits.unwrap_or(commits.len() as u64)),
                commits,
                is_truncated: false,
                forced: payload.forced,
            })
        }
        // The text of an annotated tag is not in the payload.
        RefName::Tag(tag) => Fact::Tag(TagPush { tag: tag.to_owned(), change, annotation: None }),
    });
    pushed(forge, &actor, &repository, fact)
}

/// Oldest first, as GitHub has them and the others do not.
fn commits(forge: Forge, commits: Vec<CommitPayload>) -> Vec<Commit> {
    let mut commits: Vec<_> = commits.into_iter().filter_map(CommitPayload::commit).collect();
    if forge != Forge::GitHub {
        commits.reverse();
    }
    commits
}

fn actor(sender: Option<AccountPayload>, pusher: Option<AccountPayload>) -> Actor {
    let bot = sender.as_ref().is_some_and(AccountPayload::is_bot);
    let full_name = |account: &AccountPayload| account.full_name.clone().filter(|name| !name.is_empty());
    let name = [&sender, &pusher].into_iter().flatten().find_map(full_name);
    let pusher_name = pusher.as_ref().and_then(|pusher| pusher.name.clone());
    let login = [sender, pusher].into_iter().flatten().find_map(AccountPayload::login);
    Actor { login: login.or_else(|| pusher_name.clone()), name: name.or(pusher_name), bot }
}

/// An old Gitea, and Gogs, give a path: it belongs to the repository's host.
fn absolute(link: String, repository: &Repository) -> Option<String> {
    if link.is_empty() {
        return None;
    }
    if !link.starts_with('/') {
        return Some(link);
    }
    let url = repository.url.as_deref()?;
    let host_end = url.find("://").map(|scheme| scheme + 3)?;
    let origin_end = url[host_end..].find('/').map_or(url.len(), |slash| host_end + slash);
    Some(format!("{}{link}", &url[..origin_end]))
}

impl AccountPayload {
    fn login(self) -> Option<String> {
        self.login.or(self.username).filter(|login| !login.is_empty())
    }

    fn is_bot(&self) -> bool {
        let has_bots_name = self.login.as_deref().is_some_and(|login| login.ends_with("[bot]"));
        self.kind.as_deref() == Some("Bot") || has_bots_name
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        Some(Repository {
            name: self.name?,
            path: self.full_name,
            url: self.html_url,
            default_branch: self.default_branch.filter(|branch| !branch.is_empty()),
            private: self.private,
        })
    }
}

impl CommitPayload {
    /// `None` for a commit without an id: there is nothing to point at.
    fn commit(self) -> Option<Commit> {
        let files = file_count(&[self.added, self.modified, self.removed]);
        Some(Commit {
            id: Sha::new(self.id?)?,
            title: self.message.as_deref().map(first_line).unwrap_or_default(),
            author: self.author.and_then(|author| author.name.or(author.username)).unwrap_or_default(),
            url: self.url,
            files,
        })
    }
}

#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "a snapshot is data, however many lines it has")]
mod tests {
    use super::*;
    use crate::Event;

    fn check(forge: Forge, name: &str, body: &str) -> Event {
        match parse(forge, Some(name), body.as_bytes()).unwrap() {
            Parsed::Events(mut events) => events.remove(0),
            Parsed::Ignored { reason } => panic!("ignored: {reason}"),
        }
    }

    fn push_of(event: Event) -> Push {
        match event.fact {
            Fact::Push(push) => push,
            Fact::Tag(tag) => panic!("{tag:?}"),
        }
    }

    fn reason(forge: Forge, name: &str, body: &str) -> String {
        match parse(forge, Some(name), body.as_bytes()).unwrap() {
            Parsed::Ignored { reason } => reason,
            Parsed::Events(events) => panic!("{events:?}"),
        }
    }

    const GITHUB: &str = include_str!("../../../tests/fixtures/github/push.json");
    const GITEA: &str = include_str!("../../../tests/fixtures/gitea/push.json");
    const GOGS: &str = include_str!("../../../tests/fixtures/gogs/push.json");

    #[test]
    fn a_push_on_github() {
        insta::assert_debug_snapshot!(check(Forge::GitHub, "push", GITHUB), @r#"
        Event {
            forge: GitHub,
            actor: Actor {
                login: Some(
                    "binkkatal",
                ),
                name: Some(
                    "binkkatal",
                ),
                bot: false,
            },
            repository: Repository {
                name: "sample_app",
                path: Some(
                    "binkkatal/sample_app",
                ),
                url: Some(
                    "https://github.com/binkkatal/sample_app",
                ),
                default_branch: Some(
                    "master",
                ),
                private: Some(
                    false,
                ),
            },
            confidential: false,
            fact: Push(
                Push {
                    branch: "master",
                    change: Updated {
                        before: Sha(
                            "737d38c599c1b2991664dfc6155d6bf516fcce36",
                        ),
                        after: Sha(
                            "fd489864e7642b48eaad6e3f155c10e46810ec72",
                        ),
                    },
                    compare_url: Some(
                        "https://github.com/binkkatal/sample_app/compare/737d38c599c1...fd489864e764",
                    ),
                    commits: [
                        Commit {
                            id: Sha(
                                "fd489864e7642b48eaad6e3f155c10e46810ec72",
                            ),
                            title: "test a push event",
                            author: "binkkatal",
                            url: Some(
                                "https://github.com/binkkatal/sample_app/commit/fd489864e7642b48eaad6e3f155c10e46810ec72",
                            ),
                            files: Some(
                                2,
                            ),
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
        }
        "#);
    }

    #[test]
    fn a_branch_and_tags_come_and_go_on_github() {
        let created = push_of(check(
            Forge::GitHub,
            "push",
            include_str!("../../../tests/fixtures/github/branch_created.json"),
        ));
        assert!(matches!(created.change, RefChange::Created { .. }));
        let tag = |body| check(Forge::GitHub, "push", body).fact;
        insta::assert_debug_snapshot!(tag(include_str!("../../../tests/fixtures/github/tag_created.json")), @r#"
        Tag(
            TagPush {
                tag: "simple-tag",
                change: Created {
                    after: Sha(
                        "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
                    ),
                },
                annotation: None,
            },
        )
        "#);
        insta::assert_debug_snapshot!(tag(include_str!("../../../tests/fixtures/github/tag_deleted.json")), @r#"
        Tag(
            TagPush {
                tag: "simple-tag",
                change: Deleted {
                    before: Some(
                        Sha(
                            "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
                        ),
                    ),
                },
                annotation: None,
            },
        )
        "#);
    }

    #[test]
    fn githubs_bots_are_known() {
        let bot = GITHUB.replace("\"type\": \"User\"", "\"type\": \"Bot\"");
        assert!(!check(Forge::GitHub, "push", GITHUB).actor.bot);
        assert!(check(Forge::GitHub, "push", &bot).actor.bot);
    }

    #[test]
    fn a_push_on_gitea_and_on_gogs() {
        insta::assert_debug_snapshot!(check(Forge::Gitea, "push", GITEA), @r#"
        Event {
            forge: Gitea,
            actor: Actor {
                login: Some(
                    "example",
                ),
                name: None,
                bot: false,
            },
            repository: Repository {
                name: "example",
                path: Some(
                    "example/example",
                ),
                url: Some(
                    "http://localhost:3000/example/example",
                ),
                default_branch: Some(
                    "master",
                ),
                private: Some(
                    false,
                ),
            },
            confidential: false,
            fact: Push(
                Push {
                    branch: "master",
                    change: Created {
                        after: Sha(
                            "67b56589a45103f891bdee7c0546e5d40bc02001",
                        ),
                    },
                    compare_url: Some(
                        "http://localhost:3000/example/example/compare/0000000000000000000000000000000000000000...67b56589a45103f891bdee7c0546e5d40bc02001",
                    ),
                    commits: [
                        Commit {
                            id: Sha(
                                "67b56589a45103f891bdee7c0546e5d40bc02001",
                            ),
                            title: "example",
                            author: "example",
                            url: Some(
                                "http://localhost:3000/example/example/commit/67b56589a45103f891bdee7c0546e5d40bc02001",
                            ),
                            files: Some(
                                1,
                            ),
                        },
                    ],
                    commit_count: Some(
                        1,
                    ),
                    is_truncated: false,
                    forced: None,
                },
            ),
        }
        "#);
        insta::assert_debug_snapshot!(push_of(check(Forge::Gogs, "push", GOGS)), @r#"
        Push {
            branch: "develop",
            change: Updated {
                before: Sha(
                    "28e1879d029cb852e4844d9c718537df08844e03",
                ),
                after: Sha(
                    "bffeb74224043ba2feb48d137756c8a9331c449a",
                ),
            },
            compare_url: Some(
                "http://localhost:3000/unknwon/webhooks/compare/28e1879d029cb852e4844d9c718537df08844e03...bffeb74224043ba2feb48d137756c8a9331c449a",
            ),
            commits: [
                Commit {
                    id: Sha(
                        "bffeb74224043ba2feb48d137756c8a9331c449a",
                    ),
                    title: "Add new feature",
                    author: "Unknwon",
                    url: Some(
                        "http://localhost:3000/unknwon/webhooks/commit/bffeb74224043ba2feb48d137756c8a9331c449a",
                    ),
                    files: None,
                },
            ],
            commit_count: Some(
                1,
            ),
            is_truncated: false,
            forced: None,
        }
        "#);
    }

    #[test]
    fn giteas_commits_are_turned_round_and_counted_truly() {
        let body = r#"{"ref":"refs/heads/x","before":"1","after":"3","total_commits":9,
            "compare_url":"/u/r/compare/1...3","repository":{"name":"r","html_url":"https://git.example.com/u/r"},
            "commits":[{"id":"3","message":"newest"},{"id":"2","message":"older"}]}"#;
        let push = push_of(check(Forge::Forgejo, "push", body));
        let titles: Vec<_> = push.commits.iter().map(|commit| commit.title.as_str()).collect();
        assert_eq!((titles, push.commit_count), (vec!["older", "newest"], Some(9)));
        assert_eq!(push.compare_url.as_deref(), Some("https://git.example.com/u/r/compare/1...3"));
    }

    #[test]
    fn a_branch_that_goes_on_gitea_is_told_by_its_deletion_alone() {
        let body = include_str!("../../../tests/fixtures/gitea/branch_deleted.json");
        let push = push_of(check(Forge::Gitea, "delete", body));
        assert_eq!((push.branch.as_str(), push.change), ("example3", RefChange::Deleted { before: None }));
        let full = body.replace("\"example3\"", "\"refs/heads/example3\"");
        assert_eq!(push_of(check(Forge::Forgejo, "delete", &full)).branch, "example3");
    }

    #[test]
    fn what_is_told_twice_is_heard_once() {
        const TWIN: &str = "the push of the same branch or tag tells of it as well";
        assert_eq!(reason(Forge::GitHub, "create", r#"{"ref":"x","ref_type":"branch"}"#), TWIN);
        assert_eq!(reason(Forge::GitHub, "delete", r#"{"ref":"x","ref_type":"branch"}"#), TWIN);
        assert_eq!(reason(Forge::Gitea, "delete", r#"{"ref":"v1","ref_type":"tag"}"#), TWIN);
    }

    #[test]
    fn tests_and_pings_announce_nothing() {
        assert_eq!(
            reason(Forge::GitHub, "ping", r#"{"zen":"Keep it logically awesome."}"#),
            "events 'ping' are not relayed"
        );
        let test = GITEA.replace(&"0".repeat(40), "67b56589a45103f891bdee7c0546e5d40bc02001");
        assert_eq!(reason(Forge::Gitea, "push", &test), "a test of Gitea's: nothing was pushed");
    }
}
