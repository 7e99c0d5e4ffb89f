//! Whatever comes in, nothing panics; what is JSON is never an error; and it does not matter how it is wrapped.

use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Forge, Parsed, Payload, Secret, delivery_id, kept, parse, verify};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::collection::{Sample, samples};

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(samples);

const FORGES: [(Forge, &str); 7] = [
    (Forge::GitLab, "x-gitlab-event"),
    (Forge::GitHub, "x-github-event"),
    (Forge::Gitea, "x-gitea-event"),
    (Forge::Forgejo, "x-forgejo-event"),
    (Forge::Gogs, "x-gogs-event"),
    (Forge::BitbucketCloud, "x-event-key"),
    (Forge::BitbucketServer, "x-event-key"),
];

/// Events that the collection does not hold.
const FURTHER_EVENTS: &str = "\
    Emoji Hook,Milestone Hook,Vulnerability Hook,Project Hook,Resource Deploy Token Hook,Confidential Note Hook,\
    dependabot_alert,merge_group,secret_scanning_alert,registry_package,sub_issues,custom_property,repository_ruleset,\
    pull_request_approved,pull_request_rejected,pull_request_review_approved,wiki,action_run_failure,workflow_job,\
    pullrequest:changes_request_created,pullrequest:comment_resolved,repo:deleted,repo:transfer,repo:imported,\
    pr:from_ref_updated,pr:reviewer:changes_requested,mirror:repo_synchronized,diagnostics:ping";

/// The events of all forges: each forge is asked to read all of them.
static EVENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let listed = SAMPLES.iter().filter_map(|sample| sample.headers.values().next()?.to_str().ok());
    let mut events: Vec<_> = listed.chain(FURTHER_EVENTS.split(',')).map(str::to_owned).collect();
    events.sort();
    events.dedup();
    events
});

/// How a body may say that it is wrapped, whether it is or not.
const WRAPPINGS: [(&str, &str); 7] = [
    ("content-type", "application/json"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-encoding", "gzip"),
    ("content-encoding", "deflate"),
    ("content-encoding", "identity"),
    ("content-encoding", "br"),
    ("x-nothing", ""),
];

const PROOFS: [&str; 9] = [
    "x-gitlab-token",
    "webhook-signature",
    "webhook-timestamp",
    "webhook-id",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-gitea-signature",
    "x-forgejo-signature",
    "x-gogs-signature",
];

/// What stands where something else is expected.
fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(18_446_744_073_709_551_615_u64)),
        Just(json!(1.5e300)),
        Just(json!("")),
        Just(json!("0000000000000000000000000000000000000000")),
        Just(json!("refs/heads/")),
        Just(json!("\u{0}\r\n\u{1f}\u{202e}")),
        Just(json!([])),
        Just(json!([null, {}, [[]]])),
        Just(json!({})),
    ]
}

fn survives(forge: Forge, headers: &HeaderMap, body: &[u8]) -> Option<Parsed> {
    let payload = Payload { headers, body };
    let _ = (kept(headers), delivery_id(forge, headers));
    let _ =
        verify(forge, &[Secret::new("s3cret"), Secret::new(format!("whsec_{}", "A".repeat(32)))], payload, 0);
    let parsed = parse(forge, payload).ok()?;
    if let Parsed::Events(events) = &parsed {
        assert!(!events.is_empty());
        assert!(events.iter().all(|event| event.forge == forge && !event.fact.kind().is_empty()));
    }
    Some(parsed)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(fields) => fields.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Puts something else in the place of one node, and leaves the count behind it.
fn replace(value: &mut Value, countdown: &mut usize, junk: &Value) {
    if *countdown == 0 {
        *value = junk.clone();
        *countdown = usize::MAX;
        return;
    }
    *countdown -= 1;
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, countdown, junk)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, countdown, junk)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_headers_and_bytes_are_survived(
        (forge, name) in prop::sample::select(&FORGES[..]),
        event in prop_oneof![prop::sample::select(&EVENTS[..]), "[ -~]{0,40}"],
        wrapping in prop::sample::select(&WRAPPINGS[..]),
        proofs in prop::collection::vec((prop::sample::select(&PROOFS[..]), "[ -~\u{a0}-\u{ff}]{0,80}"), 0..4),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            "[\\[\\]{}:,\"a-f0-9]{0,64}".prop_map(String::into_bytes),
            junk().prop_map(|json| json.to_string().into_bytes()),
        ],
        is_compressed: bool,
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(wrapping.0), HeaderValue::from_static(wrapping.1));
        headers.insert(HeaderName::from_static(name), event.parse().unwrap());
        for (proof, value) in proofs {
            headers.append(HeaderName::from_static(proof), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        prop_assert!(FORGES.iter().any(|(known, _)| *known == Forge::recognise(&headers)));
        survives(forge, &headers, &body);
        survives(forge, &headers, &if is_compressed { gzip(&body) } else { [b"payload=", &body[..]].concat() });
    }

    #[test]
    fn torn_payloads_are_survived(
        which in 0..SAMPLES.len(),
        noise in prop::collection::vec(any::<u8>(), 0..64),
        at: prop::sample::Index,
        is_cut: bool,
        is_compressed: bool,
    ) {
        let sample = &SAMPLES[which];
        let mut headers = sample.headers.clone();
        let mut torn = sample.body.clone();
        if is_compressed {
            headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            torn = gzip(&torn);
        }
        let at = at.index(torn.len());
        let end = if is_cut { torn.len() } else { (at + noise.len()).min(torn.len()) };
        torn.splice(at..end, noise);
        survives(sample.forge, &headers, &torn);
    }

    #[test]
    fn json_is_never_an_error_whatever_stands_where(
        which in 0..SAMPLES.len(),
        places in prop::collection::vec((any::<prop::sample::Index>(), junk()), 0..4),
        event in prop::option::of(prop::sample::select(&EVENTS[..])),
        (other, _) in prop::sample::select(&FORGES[..]),
    ) {
        let sample = &SAMPLES[which];
        let mut document: Value = serde_json::from_slice(&sample.body).unwrap();
        for (place, junk) in places {
            let mut countdown = place.index(nodes(&document));
            replace(&mut document, &mut countdown, &junk);
        }
        let body = serde_json::to_vec(&document).unwrap();
        prop_assert!(survives(sample.forge, &sample.headers, &body).is_some());
        // And under any name, to any forge.
        let mut headers = sample.headers.clone();
        for (forge, name) in FORGES {
            if let (true, Some(event)) = (forge == other, &event) {
                headers.insert(HeaderName::from_static(name), event.parse().unwrap());
            }
        }
        prop_assert!(survives(other, &headers, &body).is_some());
    }
}

#[test]
fn it_does_not_matter_how_a_payload_is_wrapped() {
    for sample in &*SAMPLES {
        let plain = parse(sample.forge, sample.payload()).unwrap();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", str::from_utf8(&sample.body).unwrap())
            .finish();
        let marked = [b"\xef\xbb\xbf", &sample.body[..]].concat();
        let gzip_form = gzip(form.as_bytes());
        let (form_type, coding) =
            (("content-type", "application/x-www-form-urlencoded"), ("content-encoding", "gzip"));
        for (body, wrappings) in [
            (form.into_bytes(), &[form_type][..]),
            (gzip(&sample.body), &[coding]),
            (gzip_form, &[form_type, coding]),
            (marked, &[]),
        ] {
            let mut headers = sample.headers.clone();
            for (name, value) in wrappings {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            let wrapped = parse(sample.forge, Payload { headers: &headers, body: &body }).unwrap();
            assert!(wrapped == plain, "{}: {wrappings:?}", sample.file);
        }
    }
}

#[test]
fn every_event_of_every_forge_survives_an_empty_payload() {
    for (forge, name) in FORGES {
        for event in &*EVENTS {
            let headers: HeaderMap =
                [(HeaderName::from_static(name), event.parse().unwrap())].into_iter().collect();
            for body in [&b"{}"[..], b"[]", b"null", b"0", b"\"\""] {
                assert!(survives(forge, &headers, body).is_some(), "{forge}: {event}");
            }
            assert_eq!(survives(forge, &headers, b""), None, "{forge}: {event}");
        }
    }
}
