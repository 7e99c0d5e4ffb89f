//! What irkerd is handed: one line of JSON, whose text holds no control character but colours that are ours, and fits IRC.

use std::sync::OnceLock;

use config::{LineSettings, LineStyle, Recipient, TEMPLATE_KINDS};
use http::HeaderMap;
use payload::{Event, Forge, Parsed, Payload, parse};
use relay::irker::{Line, lines, requests};
use relay::limits::LINE_BYTES_MAX;
use serde_json::{Value, json};

use crate::request::{header_name, header_value};

/// Bold, colour, reset, italic, underlined.
const FONTS: [char; 5] = ['\u{2}', '\u{3}', '\u{f}', '\u{1d}', '\u{1f}'];

/// One payload of each kind, whose texts an input takes the place of.
const KINDS: [(&str, &str); 8] = [
    ("Push Hook", "push"),
    ("Tag Push Hook", "tag_push"),
    ("Merge Request Hook", "merge_request"),
    ("Issue Hook", "issue"),
    ("Note Hook", "note"),
    ("Pipeline Hook", "pipeline"),
    ("Job Hook", "build"),
    ("Wiki Page Hook", "wiki_page"),
];

/// An input is a digit for the kind of event and a text, which then stands in every place that a forge fills.
pub(crate) fn irc_lines(bytes: &[u8]) {
    let Some((&digit, text)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let (name, kind) = KINDS[usize::from(digit) % KINDS.len()];
    let body = payload(kind, &text).to_string();
    let headers: HeaderMap = [("x-gitlab-event", name)]
        .iter()
        .filter_map(|(n, v)| Some((header_name(n)?, header_value(v)?)))
        .collect();
    let parsed =
        parse(Forge::GitLab, Payload { headers: &headers, body: body.as_bytes() }).expect("it is JSON");
    if let Parsed::Events(events) = parsed {
        events.iter().for_each(told);
    }
}

/// Holds what must, of all lines for an event.
pub(crate) fn told(event: &Event) {
    for style in [LineStyle::Compact, LineStyle::GitLab] {
        for colorize_messages in [false, true] {
            let settings = LineSettings { style, colorize_messages, ..LineSettings::default() };
            harmless(&lines(event, &settings), colorize_messages);
        }
    }
}

/// Holds what must, of lines for irkerd.
pub(crate) fn harmless(lines: &[Line], may_colour: bool) {
    static RECIPIENTS: OnceLock<[Recipient; 3]> = OnceLock::new();
    let recipients = RECIPIENTS.get_or_init(|| {
        ["irc://h/a", "ircs://h:7000/a-longer-channel?key=k3y", "irc://h/ada,isnick"]
            .map(|url| Recipient::parse(url, None).expect("a recipient"))
    });
    for request in requests(lines, recipients) {
        let line = request.text.strip_suffix('\n').expect("a request is a line");
        assert!(!line.contains(['\n', '\r', '\0']), "one line: {line:?}");
        let told: Value = serde_json::from_str(line).expect("a request is JSON");
        let (to, said) = (told["to"].as_str().expect("to"), told["privmsg"].as_str().expect("privmsg"));
        let recipient =
            recipients.iter().find(|known| known.wire_url() == to).expect("one of the recipients");
        assert!(said.len() + recipient.name.len() <= LINE_BYTES_MAX, "{} bytes", said.len());
        let is_fine = |c: char| !c.is_control() || (may_colour && FONTS.contains(&c));
        assert!(said.chars().all(is_fine), "{said:?}");
        assert!(
            !said.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')),
            "{said:?}"
        );
        assert!(!said.trim().is_empty(), "a line says something");
    }
}

/// The kinds that templates are for, by a byte.
pub(crate) fn kind(byte: u8) -> &'static str {
    TEMPLATE_KINDS[usize::from(byte) % TEMPLATE_KINDS.len()]
}

fn payload(kind: &str, text: &str) -> Value {
    let sha = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
    let commit = json!({"id": sha, "message": text, "title": text, "url": text, "author": {"name": text}});
    json!({
        "object_kind": kind, "event_type": kind, "user_name": text, "user_username": text,
        "user": {"name": text, "username": text}, "ref": format!("refs/heads/{text}"), "message": text,
        "before": "95790bf891e76fee5e1747ab589903a6a1f80f22", "after": sha, "checkout_sha": sha,
        "project": {"name": text, "path_with_namespace": text, "web_url": text, "default_branch": "main"},
        "project_name": text, "total_commits_count": 7, "commits": [commit, commit], "commit": commit,
        "build_name": text, "build_stage": text, "build_status": "failed", "build_id": 3, "build_failure_reason": text,
        "merge_request": {"iid": 4, "title": text, "url": text}, "issue": {"iid": 5, "title": text},
        "object_attributes": {
            "id": 1, "iid": 2, "title": text, "name": text, "description": text, "note": text, "url": text, "slug": text,
            "action": "open", "state": "opened", "status": "failed", "ref": text, "sha": sha, "noteable_type": "Issue",
            "source_branch": text, "target_branch": text, "last_commit": commit,
        },
    })
}
