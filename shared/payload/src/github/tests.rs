//! What holds for all events of GitHub. `tests/of_every_kind.rs` and `tests/of_no_kind.rs` show one of each,
//! `tests/by_hand.rs` what no collection holds.

mod by_hand;
mod of_every_kind;
mod of_no_kind;

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::*;
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

const MANIFEST: &str = include_str!("../../../../tests/fixtures/payloads/manifest.tsv");

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

/// The collection's payloads of GitHub: the event's name, the file and its bytes.
fn collected() -> impl Iterator<Item = (&'static str, &'static str, Vec<u8>)> {
    let rows = MANIFEST.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[1] == "github").map(|row| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/payloads");
        (row[2], row[3], fs::read(folder.join(row[3])).expect("read a payload"))
    })
}

#[test]
fn every_payload_of_the_collection_is_told_or_has_a_twin() {
    let (mut count, mut twins) = (0, Vec::new());
    for (name, file, body) in collected() {
        count += 1;
        match parse(Forge::GitHub, Some(name), &body).unwrap() {
            Parsed::Events(events) => assert!(!events.is_empty(), "{file}"),
            Parsed::Ignored { .. } => twins.push((name, file)),
        }
    }
    assert_eq!(count, 376, "the collection has grown, or not all of it is read");
    let is_twin = |(name, file): &(&str, &str)| {
        let is_of_release = file.contains("/created") || file.contains("/released");
        matches!(*name, "create" | "delete") || (*name == "release" && is_of_release)
    };
    assert!(twins.iter().all(is_twin), "{twins:?}");
}

#[test]
fn every_payload_of_the_collection_tells_where_and_who_if_it_holds_them() {
    for (name, file, body) in collected() {
        let value: Value = serde_json::from_slice(&body).unwrap();
        let Parsed::Events(events) = parse(Forge::GitHub, Some(name), &body).unwrap() else { continue };
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

/// How to reach each value of a payload, as far down as anything is read.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    const DEPTH_MAX: usize = 3;
    let Value::Object(fields) = value else { return };
    // GitHub's many addresses of its API are not read.
    for (key, within) in fields.iter().filter(|(key, _)| !key.ends_with("_url") || *key == "html_url") {
        let path = format!("{path}/{key}");
        if path.matches('/').count() < DEPTH_MAX {
            pointers(within, &path, found);
        }
        found.push(path);
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
        let body: Value = serde_json::from_str(body).unwrap();
        let mut all = Vec::new();
        pointers(&body, "", &mut all);
        for pointer in all.iter().filter(|pointer| !needed.contains(&pointer.as_str())) {
            for odd in [Value::Null, json!(-7), json!("odd"), json!([{}, 1]), json!({}), json!(true)] {
                let mut odder = body.clone();
                *odder.pointer_mut(pointer).unwrap() = odd;
                let parsed = check(name, &odder.to_string());
                assert!(matches!(parsed, Parsed::Events(_)), "{name}{pointer}: {parsed:?}");
            }
        }
        for pointer in needed {
            let mut without = body.clone();
            *without.pointer_mut(pointer).unwrap() = Value::Null;
            let parsed = check(name, &without.to_string());
            assert!(matches!(parsed, Parsed::Ignored { .. }), "{name}{pointer}: {parsed:?}");
        }
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
    for name in [None, Some(""), Some("Star"), Some("st\u{7}ar"), Some(long.as_str())] {
        let parsed = parse(Forge::GitHub, name, b"{}").unwrap();
        assert!(matches!(parsed, Parsed::Ignored { .. }), "{name:?}");
    }
}
