//! Real payloads in, facts out.
#![expect(clippy::too_many_lines, reason = "a snapshot is data, however many lines it has")]

use insta::assert_debug_snapshot;
use proptest::prelude::*;

use super::*;
use crate::{Event, Fact, RefChange};

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../../tests/fixtures/", $path))
    };
}

fn try_parse(body: &[u8]) -> Result<Parsed, ParseError> {
    parse(None, body)
}

fn check(body: &[u8]) -> Parsed {
    try_parse(body).expect("the fixture is JSON")
}

fn event(body: &[u8]) -> Event {
    match check(body) {
        Parsed::Events(mut events) => events.remove(0),
        Parsed::Ignored { reason } => panic!("ignored: {reason}"),
    }
}

/// The seed's push with one field replaced.
fn seed_with(field: &str, value: serde_json::Value) -> Vec<u8> {
    let mut push: serde_json::Value = serde_json::from_slice(fixture!("gitlab-2014/push.json")).unwrap();
    push[field] = value;
    serde_json::to_vec(&push).unwrap()
}

#[test]
fn a_push_of_today() {
    assert_debug_snapshot!(event(fixture!("gitlab/push.json")), @r#"
    Event {
        forge: GitLab,
        actor: Actor {
            login: Some(
                "jsmith",
            ),
            name: Some(
                "John Smith",
            ),
            bot: false,
        },
        repository: Some(
            Repository {
                name: "Diaspora",
                path: Some(
                    "mike/diaspora",
                ),
                url: Some(
                    "http://example.com/mike/diaspora",
                ),
                default_branch: Some(
                    "master",
                ),
                private: Some(
                    true,
                ),
            },
        ),
        confidential: false,
        fact: Push(
            Push {
                branch: "master",
                change: Updated {
                    before: Sha(
                        "95790bf891e76fee5e1747ab589903a6a1f80f22",
                    ),
                    after: Sha(
                        "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                    ),
                },
                compare_url: Some(
                    "http://example.com/mike/diaspora/-/compare/95790bf891e76fee5e1747ab589903a6a1f80f22...da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                ),
                commits: [
                    Commit {
                        id: Sha(
                            "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
                        ),
                        title: "Merge branch 'some-feature' into 'master'",
                        author: "Jordi Mallach",
                        url: Some(
                            "http://example.com/mike/diaspora/commit/b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
                        ),
                        files: Some(
                            2,
                        ),
                    },
                    Commit {
                        id: Sha(
                            "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                        ),
                        title: "fixed readme",
                        author: "GitLab dev user",
                        url: Some(
                            "http://example.com/mike/diaspora/commit/da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                        ),
                        files: Some(
                            2,
                        ),
                    },
                ],
                commit_count: Some(
                    4,
                ),
                is_truncated: false,
                forced: None,
            },
        ),
    }
    "#);
}

#[test]
fn a_push_of_2014_has_no_kind_no_project_and_no_file_lists() {
    assert_debug_snapshot!(event(fixture!("gitlab-2014/push.json")), @r#"
    Event {
        forge: GitLab,
        actor: Actor {
            login: None,
            name: Some(
                "John Smith",
            ),
            bot: false,
        },
        repository: Some(
            Repository {
                name: "Diaspora",
                path: Some(
                    "diaspora",
                ),
                url: Some(
                    "http://example.com/diaspora",
                ),
                default_branch: None,
                private: None,
            },
        ),
        confidential: false,
        fact: Push(
            Push {
                branch: "master",
                change: Updated {
                    before: Sha(
                        "95790bf891e76fee5e1747ab589903a6a1f80f22",
                    ),
                    after: Sha(
                        "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                    ),
                },
                compare_url: Some(
                    "http://example.com/diaspora/compare/95790bf891e76fee5e1747ab589903a6a1f80f22...da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                ),
                commits: [
                    Commit {
                        id: Sha(
                            "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
                        ),
                        title: "Update Catalan translation to e38cb41.",
                        author: "Jordi Mallach",
                        url: Some(
                            "http://example.com/diaspora/commits/b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
                        ),
                        files: None,
                    },
                    Commit {
                        id: Sha(
                            "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                        ),
                        title: "fixed readme",
                        author: "GitLab dev user",
                        url: Some(
                            "http://example.com/diaspora/commits/da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
                        ),
                        files: None,
                    },
                ],
                commit_count: Some(
                    4,
                ),
                is_truncated: false,
                forced: None,
            },
        ),
    }
    "#);
}

#[test]
fn the_documented_push_of_2014_and_a_system_hook_are_pushes_too() {
    for body in [&fixture!("gitlab-2014/push_documented.json")[..], fixture!("gitlab/system_push.json")] {
        assert!(matches!(event(body).fact, Fact::Push(_)));
    }
}

#[test]
fn a_tag_of_today() {
    assert_debug_snapshot!(event(fixture!("gitlab/tag_push.json")).fact, @r#"
    Tag(
        TagPush {
            tag: "v1.0.0",
            change: Created {
                after: Sha(
                    "82b3d5ae55f7080f1e6022629cdb57bfae7cccc7",
                ),
            },
            annotation: None,
        },
    )
    "#);
}

#[test]
fn a_tag_of_2015() {
    assert_debug_snapshot!(event(fixture!("gitlab-2014/tag_push_2015.json")).fact, @r#"
    Tag(
        TagPush {
            tag: "v1.0.0",
            change: Created {
                after: Sha(
                    "82b3d5ae55f7080f1e6022629cdb57bfae7cccc7",
                ),
            },
            annotation: None,
        },
    )
    "#);
}

#[test]
fn a_legacy_tag_is_known_by_its_ref_alone() {
    let Fact::Tag(tag) = event(&seed_with("ref", "refs/tags/v1/rc".into())).fact else { panic!("no tag") };
    assert_eq!(tag.tag, "v1/rc");
}

#[test]
fn zeros_of_either_length_mean_no_commit() {
    for zeros in ["0".repeat(40), "0".repeat(64), String::new()] {
        let Fact::Push(created) = event(&seed_with("before", zeros.clone().into())).fact else { panic!() };
        assert!(matches!(created.change, RefChange::Created { .. }));
        assert_eq!(
            created.compare_url.as_deref(),
            Some(
                "http://example.com/diaspora/compare/\
                 b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327^...da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
            )
        );
        let Fact::Push(deleted) = event(&seed_with("after", zeros.into())).fact else { panic!() };
        assert!(matches!(deleted.change, RefChange::Deleted { .. }));
        assert_eq!(deleted.compare_url, None);
    }
}

#[test]
fn absent_and_null_fields_are_tolerated() {
    for field in ["commits", "total_commits_count", "user_name"] {
        event(&seed_with(field, serde_json::Value::Null));
    }
    let minimal = br#"{"before":"1","after":"2","ref":"refs/heads/x","repository":{"name":"r"}}"#;
    assert!(matches!(event(minimal).fact, Fact::Push(push) if push.commit_count == Some(0)));
}

#[test]
fn what_is_authentic_but_not_relayed_is_ignored_with_a_reason() {
    let reasons: Vec<_> = [
        &fixture!("gitlab/issue.json")[..],
        br#"{"object_kind":"no_such_thing"}"#,
        b"{}",
        b"[]",
        b"42",
        br#"{"object_kind":"push","before":"1","after":"2","ref":"refs/heads/x","commits":7}"#,
        br#"{"before":"0","after":"0","ref":"refs/heads/x","repository":{"name":"r"}}"#,
        br#"{"before":"1","after":"2","ref":"refs/keep-around/1","repository":{"name":"r"}}"#,
        br#"{"before":"1","after":"2","ref":"refs/heads/","repository":{"name":"r"}}"#,
        br#"{"before":"1","after":"2","ref":"refs/heads/x"}"#,
    ]
    .into_iter()
    .map(|body| match check(body) {
        Parsed::Ignored { reason } => reason,
        Parsed::Events(events) => panic!("{events:?}"),
    })
    .collect();
    assert_debug_snapshot!(reasons, @r#"
    [
        "events 'issue' are not relayed",
        "events 'no_such_thing' are not relayed",
        "events 'without a name' are not relayed",
        "not of the shape of anything that GitLab sends (line 1, column 2)",
        "not of the shape of anything that GitLab sends (line 1, column 2)",
        "not of the shape of a push of GitLab's (line 1, column 79)",
        "a push from nothing to nothing",
        "a push to neither a branch nor a tag",
        "a push to neither a branch nor a tag",
        "a push that names no repository",
    ]
    "#);
}

#[test]
fn what_is_not_json_is_an_error_in_one_sentence() {
    let error = |body: &[u8]| try_parse(body).unwrap_err().to_string();
    insta::assert_snapshot!(error(b"{\"ref\": "), @"The body is not valid JSON: EOF while parsing a value at line 1 column 8.");
    insta::assert_snapshot!(error(b""), @"The body is not valid JSON: EOF while parsing a value at line 1 column 0.");
    insta::assert_snapshot!(error(b"\xff\xfe"), @"The body is not valid JSON: expected value at line 1 column 1.");
}

#[test]
fn access_tokens_push_as_bots() {
    for (login, is_bot) in
        [("project_15_bot_1f2e", true), ("group_7_bot", true), ("jsmith", false), ("project_bot", false)]
    {
        assert_eq!(event(&seed_with("user_username", login.into())).actor.bot, is_bot, "{login}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = try_parse(&body);
    }

    #[test]
    fn any_value_in_any_place_is_survived(
        field in prop::sample::select(vec![
            "before", "after", "ref", "user_name", "repository", "project", "commits", "total_commits_count",
        ]),
        value in prop_oneof![
            Just(serde_json::json!(null)), Just(serde_json::json!([])), Just(serde_json::json!({})),
            Just(serde_json::json!(-1)), ".*".prop_map(serde_json::Value::from),
        ],
    ) {
        prop_assert!(try_parse(&seed_with(field, value)).is_ok());
    }
}
