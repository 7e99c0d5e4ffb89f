//! What holds for all events of GitHub. `tests/of_every_kind.rs` and `tests/of_no_kind.rs` show one of each,
//! `tests/by_hand.rs` what no collection holds.

mod by_hand;
mod of_every_kind;
mod of_no_kind;

use serde_json::Value;

use super::*;
use crate::Event;
use crate::collection::{Collected, collected};
use crate::odd::costs_no_event;
use crate::show::show;

/// A payload of the collection, as `event/file`.
macro_rules! sample {
    ($path:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/payloads/octokit-webhooks-examples/github/",
            $path,
            ".json"
        ))
    };
}
use sample;

fn check(name: &str, body: &str) -> Parsed {
    parse(Forge::GitHub, Some(name), body.as_bytes()).unwrap()
}

fn shown(name: &str, body: &Value) -> String {
    show(&check(name, &body.to_string()))
}

fn event_of(name: &str, body: &Value) -> Event {
    match check(name, &body.to_string()) {
        Parsed::Events(mut events) => events.remove(0),
        Parsed::Ignored { reason } => panic!("{name} is ignored: {reason}"),
    }
}

#[test]
fn every_payload_of_the_collection_is_told_or_has_a_twin() {
    let (mut count, mut twins) = (0, Vec::new());
    for Collected { name, file, body } in collected("github") {
        count += 1;
        match parse(Forge::GitHub, Some(name), body.as_bytes()).unwrap() {
            Parsed::Events(events) => assert!(!events.is_empty(), "{file}"),
            Parsed::Ignored { .. } => twins.push((name, file)),
        }
    }
    assert_eq!(count, 376, "the collection has grown, or not all of it is read");
    let is_twin = |(name, file): &(&str, &str)| {
        let is_of_release = ["/created", "/released", "/prereleased"].iter().any(|twin| file.contains(twin));
        matches!(*name, "create" | "delete") || (*name == "release" && is_of_release)
    };
    assert!(twins.iter().all(is_twin), "{twins:?}");
}

#[test]
fn every_payload_of_the_collection_tells_where_and_who_if_it_holds_them() {
    for Collected { name, file, body } in collected("github") {
        let value: Value = serde_json::from_str(&body).unwrap();
        let Parsed::Events(events) = parse(Forge::GitHub, Some(name), body.as_bytes()).unwrap() else {
            continue;
        };
        let text = |pointer| value.pointer(pointer).and_then(Value::as_str);
        let repository = events[0].repository.as_ref();
        let path = repository.and_then(|repository| repository.path.as_deref());
        let url = repository.and_then(|repository| repository.url.as_deref());
        assert_eq!(path, text("/repository/full_name"), "{file}");
        assert_eq!(url, text("/repository/html_url"), "{file}");
        assert_eq!(events[0].actor.login.as_deref(), text("/sender/login"), "{file}");
        assert_eq!(events[0].actor.bot, text("/sender/type") == Some("Bot"), "{file}");
    }
}

/// Payloads, with the fields that an event cannot do without: there would be nothing to tell.
const NEEDED: [(&str, &[&str], &str); 13] = [
    ("push", &["/ref", "/after", "/repository"], sample!("push/created")),
    ("pull_request", &["/pull_request"], sample!("pull_request/opened")),
    ("pull_request_review", &["/pull_request"], sample!("pull_request_review/submitted")),
    ("issues", &["/issue"], sample!("issues/opened")),
    ("issue_comment", &["/comment", "/issue"], sample!("issue_comment/created")),
    ("workflow_run", &["/workflow_run"], sample!("workflow_run/completed")),
    ("check_run", &["/check_run"], sample!("check_run/completed")),
    ("status", &["/state"], sample!("status/success")),
    ("deployment_status", &["/deployment"], sample!("deployment_status/created")),
    ("release", &["/release"], sample!("release/published")),
    ("member", &["/member"], sample!("member/added")),
    ("milestone", &["/milestone"], sample!("milestone/closed")),
    ("star", &[], sample!("star/created")),
];

#[test]
fn a_field_of_another_type_costs_no_event() {
    for (name, needed, body) in NEEDED {
        costs_no_event(body, needed, |body| parse(Forge::GitHub, Some(name), body).unwrap());
    }
}

#[test]
fn what_is_no_object_or_has_no_name_is_not_told() {
    for body in ["[]", "null", "7", r#""text""#, "[{}]"] {
        assert!(matches!(check("issues", body), Parsed::Ignored { .. }), "{body}");
        assert!(matches!(check("star", body), Parsed::Ignored { .. }), "{body}");
    }
    assert!(parse(Forge::GitHub, Some("star"), b"{").is_err());
    let long = "x".repeat(65);
    for name in [None, Some(""), Some("st ar"), Some("st\u{7}ar"), Some(long.as_str())] {
        let parsed = parse(Forge::GitHub, name, b"{}").unwrap();
        assert!(matches!(parsed, Parsed::Ignored { .. }), "{name:?}");
    }
}
