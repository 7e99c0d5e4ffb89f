//! What projects say of irker: recipients and templates.

use std::collections::BTreeMap;

use config::{Irker, LineSettings, Recipient, Server};
use relay::irker::{check_templates, preview};

use crate::irc::{harmless, kind};

/// An input is the field *recipients* of the form.
pub(crate) fn recipients(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (default, _) = Server::parse("irc://irc.example.net/").expect("a server");
    for recipient in Irker::parse_recipients(&text, Some(&default)).unwrap_or_default() {
        let url = recipient.wire_url();
        assert!(!url.chars().any(|c| c.is_control() || c.is_whitespace()), "{url:?} is one word");
        understood_by_irkerd(&url, &recipient);
        // What is shown is read again as the same, and shows no key.
        let key = recipient.key.as_ref().map(|key| format!("?key={}", key.expose())).unwrap_or_default();
        let again = Recipient::parse(&format!("{}{key}", recipient.place()), None);
        assert_eq!(again.as_ref(), Ok(&recipient), "{url:?}");
        assert!(recipient.key.is_none() || recipient.to_string().ends_with("?key=***"));
    }
}

/// irkerd's `class Target`, in its own order of steps.
fn understood_by_irkerd(url: &str, recipient: &Recipient) {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').expect("a path");
    let mut channel = path.trim_start_matches('/').to_lowercase();
    if !fragment.is_empty() {
        channel = format!("{channel}#{fragment}");
    }
    let is_nick = channel.ends_with(",isnick");
    let mut name = channel.trim_end_matches(",isnick").to_owned();
    if !is_nick && !name.starts_with(['#', '&', '+']) {
        name.insert(0, '#');
    }
    assert_eq!(scheme == "ircs", recipient.server.tls, "{url}");
    assert_eq!(host, format!("{}:{}", recipient.server.host, recipient.server.port), "{url}");
    assert_eq!((name.as_str(), is_nick), (recipient.name.as_str(), recipient.is_nick), "{url}");
    let key = query.strip_prefix("key=").unwrap_or_default();
    assert_eq!(key, recipient.key.as_ref().map_or("", |key| key.expose()), "{url}");
}

/// An input is a letter for the kind of event, and a template.
pub(crate) fn irker_templates(bytes: &[u8]) {
    let Some((&letter, template)) = bytes.split_first() else { return };
    let kind = kind(letter);
    let templates = BTreeMap::from([(kind.to_owned(), String::from_utf8_lossy(template).into_owned())]);
    for colorize_messages in [false, true] {
        let settings =
            LineSettings { colorize_messages, templates: templates.clone(), ..LineSettings::default() };
        let is_good = check_templates(&settings).is_ok();
        let lines = preview(kind, &settings);
        harmless(&lines, colorize_messages);
        assert!(is_good || !lines.is_empty(), "what is refused makes way for the built-in words");
    }
}
