//! `release`.
//!
//! Not here: releasing.

use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::value::Value;
use super::check::{Check, are_strings};

const KEYS: [&str; 8] =
    ["tag_name", "tag_message", "name", "description", "ref", "released_at", "milestones", "assets"];

pattern!(
    DATETIME,
    r"^\s*[-+]?\d{4}-?(\d{2}-?\d{2}|W\d{2}-?\d|\d{3})([T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[-+]\d{2}(:?\d{2})?)?)?\s*$"
);
pattern!(BAD_REF, r"(^/|^-|[/.]\.|//|@\{|\\|[\x00-\x20\x7f~^:?*\[]|\.lock$|[/.]$)");

pub(crate) fn release(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &KEYS);
    check.required_text(at, config, "tag_name");
    check.text(at, config, "tag_message");
    check.required_text(at, config, "description");
    let fine = config
        .get("milestones")
        .is_none_or(|value| value.is_blank() || value.is_string() || are_strings(value));
    check.unless(fine, at, "milestones should be an array of strings or a string");
    if let Some(date) = config.get("released_at").filter(|date| !date.is_falsy()) {
        let fine = date.as_text().is_some_and(|date| DATETIME.is_match(date));
        check.unless(fine, at, "released at must be a valid datetime");
    }
    if let Some(name) = config.get("ref").filter(|name| !name.is_falsy()) {
        let fine = name.as_text().is_some_and(|name| !name.is_empty() && !BAD_REF.is_match(name));
        check.unless(fine, at, "ref must be a valid ref");
    }
    if let Some(assets) = config.present("assets") {
        let at = format!("{at}:assets");
        if check.hash(&at, assets) {
            check.keys(&at, assets, &["links"]);
            let links = assets.get("links").unwrap_or(&Value::Nil);
            let maps = links.as_list().is_some_and(|links| links.iter().all(|link| link.as_map().is_some()));
            check.unless(maps, &at, "links should be an array of hashes");
            check.unless(!links.is_blank(), &at, "links can't be blank");
        }
    }
}
