//! Real payloads of GitHub and its kin in, facts out.
#![expect(clippy::too_many_lines, reason = "a snapshot is data, however many lines it has")]

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
        other => panic!("{other:?}"),
    }
}

fn reason(forge: Forge, name: &str, body: &str) -> String {
    match parse(forge, Some(name), body.as_bytes()).unwrap() {
        Parsed::Ignored { reason } => reason,
        Parsed::Events(events) => panic!("{events:?}"),
    }
}

const GITHUB: &str = include_str!("../../../../tests/fixtures/github/push.json");
const GITEA: &str = include_str!("../../../../tests/fixtures/gitea/push.json");
const GOGS: &str = include_str!("../../../../tests/fixtures/gogs/push.json");

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
        repository: Some(
            Repository {
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
        ),
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
        include_str!("../../../../tests/fixtures/github/branch_created.json"),
    ));
    assert!(matches!(created.change, RefChange::Created { .. }));
    let tag = |body| check(Forge::GitHub, "push", body).fact;
    insta::assert_debug_snapshot!(tag(include_str!("../../../../tests/fixtures/github/tag_created.json")), @r#"
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
    insta::assert_debug_snapshot!(tag(include_str!("../../../../tests/fixtures/github/tag_deleted.json")), @r#"
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
        repository: Some(
            Repository {
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
        ),
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
    let body = include_str!("../../../../tests/fixtures/gitea/branch_deleted.json");
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
