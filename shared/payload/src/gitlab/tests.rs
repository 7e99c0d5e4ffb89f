//! Real payloads in, facts out. The modules show one of each kind, and cases that no collection holds; here is what
//! is common to all.

/// What payloads of the collection turn out to be, each with the header it came with.
macro_rules! told {
    ($($header:literal: $path:literal),+ $(,)?) => {
        [$(super::shown($header, include_bytes!(concat!("../../../../../tests/fixtures/payloads/", $path)))),+].join("\n")
    };
}

mod code_by_hand;
mod of_code;
mod of_people;
mod people_by_hand;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::collection::{Collected, collected};
use crate::odd::costs_no_event;
use crate::show::show;
use crate::{Event, RefChange};

/// A push of 2014.
const SEED: &[u8] = include_bytes!("../../../../tests/fixtures/gitlab-2014/push.json");

fn check(header: &str, body: &[u8]) -> Parsed {
    let header = (!header.is_empty()).then_some(header);
    parse(header, body).expect("it is JSON")
}

fn event(body: &[u8]) -> Event {
    match check("", body) {
        Parsed::Events(mut events) => events.remove(0),
        Parsed::Ignored { reason } => panic!("ignored: {reason}"),
    }
}

/// A project of today's, in a payload that has more to say.
fn at_home(mut payload: Value) -> Value {
    payload["user"] = json!({"id": 1, "name": "Blake", "username": "blake", "email": "[REDACTED]"});
    payload["project"] = json!({
        "id": 6, "name": "Flight", "web_url": "http://gitlab.test/flightjs/Flight", "visibility_level": 20,
        "path_with_namespace": "flightjs/Flight", "default_branch": "main",
    });
    payload
}

fn shown(header: &str, body: &[u8]) -> String {
    show(&check(header, body))
}

fn told_of(header: &str, payload: &Value) -> String {
    shown(header, payload.to_string().as_bytes())
}

/// That push with one field replaced.
fn push_with(field: &str, value: Value) -> Vec<u8> {
    let mut push: Value = serde_json::from_slice(SEED).unwrap();
    push[field] = value;
    serde_json::to_vec(&push).unwrap()
}

#[test]
fn every_payload_of_the_collection_tells_something_of_its_own_kind() {
    let mut count = 0;
    let payloads = collected("gitlab").into_iter().chain(collected("gitlab-legacy"));
    for Collected { name, file, body } in payloads {
        count += 1;
        let body = body.as_bytes();
        let parsed = check(name, body);
        if file.ends_with("repository_update.json") {
            assert!(matches!(parsed, Parsed::Ignored { .. }), "{file}");
            continue;
        }
        let Parsed::Events(events) = parsed else { panic!("{file}: {parsed:?}") };
        assert_eq!(events.len(), 1, "{file}");
        // 2014's have no header, and today's need none.
        assert_eq!(event(body).fact, events[0].fact, "{file}");
    }
    assert_eq!(count, 110, "the collection has grown, or not all of it is read");
}

#[test]
fn zeros_of_either_length_mean_no_commit() {
    for zeros in ["0".repeat(40), "0".repeat(64), String::new()] {
        let Fact::Push(created) = event(&push_with("before", zeros.clone().into())).fact else { panic!() };
        assert!(matches!(created.change, RefChange::Created { .. }));
        assert_eq!(
            created.compare_url.as_deref(),
            Some(
                "http://example.com/diaspora/compare/\
                 b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327^...da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
            )
        );
        let Fact::Push(deleted) = event(&push_with("after", zeros.into())).fact else { panic!() };
        assert!(matches!(deleted.change, RefChange::Deleted { .. }));
        assert_eq!(deleted.compare_url, None);
    }
}

#[test]
fn absent_and_null_fields_are_tolerated() {
    for field in ["commits", "total_commits_count", "user_name"] {
        event(&push_with(field, Value::Null));
    }
    let minimal = br#"{"before":"1","after":"2","ref":"refs/heads/x","repository":{"name":"r"}}"#;
    assert!(matches!(event(minimal).fact, Fact::Push(push) if push.commit_count.is_none()));
}

#[test]
fn what_tells_nothing_is_ignored_with_a_reason() {
    let reasons: Vec<_> = [
        ("", &b"{}"[..]),
        ("System Hook", b"{}"),
        ("Wiki Page Hook", b"{}"),
        ("", b"[]"),
        ("Feature Flag Hook", b"[null, {}, [[]]]"),
        ("", b"42"),
        ("Issue Hook", br#"{"object_kind":"issue","object_attributes":null}"#),
        ("Job Hook", br#"{"object_kind":"build"}"#),
        ("System Hook", br#"{"event_name":"repository_update","changes":[]}"#),
        ("", br#"{"before":"0","after":"0","ref":"refs/heads/x","repository":{"name":"r"}}"#),
        ("", br#"{"before":"1","after":"2","ref":"refs/keep-around/1","repository":{"name":"r"}}"#),
        ("", br#"{"before":"1","after":"2","ref":"refs/heads/","repository":{"name":"r"}}"#),
        ("", br#"{"before":"1","after":"2","ref":"refs/heads/x"}"#),
        ("", br#"{"before":"1","before":"2"}"#),
    ]
    .into_iter()
    .map(|(header, body)| match check(header, body) {
        Parsed::Ignored { reason } => reason,
        Parsed::Events(events) => panic!("{events:?}"),
    })
    .collect();
    insta::assert_snapshot!(reasons.join("\n"), @"
    a payload that does not say what happened
    a payload that does not say what happened
    a payload that does not say what it is about
    not of the shape of anything that GitLab sends (no object)
    not of the shape of anything that GitLab sends (no object)
    not of the shape of anything that GitLab sends (no object)
    a payload that does not say what it is about
    a payload that does not say what it is about
    the pushes of the same branches and tags tell of it as well
    a push from nothing to nothing
    a push to neither a branch nor a tag
    a push to neither a branch nor a tag
    a push that names no repository
    not of the shape of anything that GitLab sends (line 1, column 22)
    ");
}

#[test]
fn what_is_not_json_is_an_error_in_one_sentence() {
    let error = |body: &[u8]| parse(None, body).unwrap_err().to_string();
    insta::assert_snapshot!(error(b"{\"ref\": "), @"The body is not valid JSON: EOF while parsing a value at line 1 column 8.");
    insta::assert_snapshot!(error(b""), @"The body is not valid JSON: EOF while parsing a value at line 1 column 0.");
    insta::assert_snapshot!(error(b"\xff\xfe"), @"The body is not valid JSON: expected value at line 1 column 1.");
}

#[test]
fn machines_are_known_by_their_accounts() {
    for (login, is_bot) in [
        ("project_15_bot_1f2e", true),
        ("group_7_bot", true),
        ("service_account_group_9_1f2e", true),
        ("support-bot", true),
        ("GitLab-Security-Bot", true),
        ("jsmith", false),
        ("project_bot", false),
        ("talbot", false),
    ] {
        assert_eq!(event(&push_with("user_username", login.into())).actor.bot, is_bot, "{login}");
    }
}

#[test]
fn a_field_of_another_type_costs_no_event() {
    const OBJECT: &[&str] = &["/object_attributes"];
    let needed: [(&str, &[&str]); 14] = [
        ("client-go/gitlab/push.json", &["/ref"]),
        ("client-go/gitlab/tag_push.json", &["/ref", "/after"]),
        ("client-go/gitlab/issue.json", OBJECT),
        ("client-go/gitlab/merge_request.json", OBJECT),
        ("client-go/gitlab/note_merge_request.json", OBJECT),
        ("client-go/gitlab/pipeline.json", OBJECT),
        ("client-go/gitlab/job.json", &[]),
        ("client-go/gitlab/deployment.json", &[]),
        ("client-go/gitlab/release.json", &[]),
        ("client-go/gitlab/wiki_page.json", OBJECT),
        ("client-go/gitlab/feature_flag.json", OBJECT),
        ("client-go/gitlab/member.json", &[]),
        ("client-go/gitlab-system/project_create.json", &["/event_name"]),
        ("client-go/gitlab-system/user_create.json", &["/event_name"]),
    ];
    for Collected { name, file, body } in collected("gitlab") {
        if let Some((_, needed)) = needed.iter().find(|(wanted, _)| *wanted == file) {
            costs_no_event(&body, needed, |body| check(name, body));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = parse(None, &body);
    }

    #[test]
    fn any_value_in_any_place_is_survived(
        field in prop::sample::select(vec![
            "before", "after", "ref", "user_name", "repository", "project", "commits", "total_commits_count",
        ]),
        value in prop_oneof![
            Just(json!(null)), Just(json!([])), Just(json!({})), Just(json!(-1)), ".*".prop_map(Value::from),
        ],
    ) {
        prop_assert!(parse(None, &push_with(field, value)).is_ok());
    }
}
