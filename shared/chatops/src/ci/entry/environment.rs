//! `environment`.
//!
//! Not here: deployments.

use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::value::Value;
use super::check::Check;

pattern!(NAME, r"\A[a-zA-Z0-9_\\$\{\}\. -]([a-zA-Z0-9_/\\$\{\}\. \-]*[a-zA-Z0-9_\\$\{\}\. -])?\z");

const NAME_TEXT: &str = "name can contain only letters, digits, '-', '_', '/', '$', '{', '}', '.', and spaces, \
                         but it cannot start or end with '/'";
const KEYS: [&str; 7] = ["name", "url", "action", "on_stop", "auto_stop_in", "kubernetes", "deployment_tier"];
const TIERS: [&str; 5] = ["production", "staging", "testing", "development", "other"];
const ACTIONS: [&str; 5] = ["start", "stop", "prepare", "verify", "access"];
const URL_CHARS_MAX: usize = 255;

pub(crate) fn environment(check: &mut Check, at: &str, config: &Value) {
    let name = match config {
        Value::Text(_) => Some(config),
        Value::Map(_) => config.present("name"),
        _ => return check.add(at, "config should be a hash or a string"),
    };
    check.unless(name.is_some_and(|name| !name.is_blank()), at, "name can't be blank");
    let fine = name.and_then(Value::as_text).is_some_and(|name| NAME.is_match(name));
    check.unless(fine, at, NAME_TEXT);
    if config.as_map().is_none() {
        return;
    }
    check.keys(at, config, &KEYS);
    for name in ["url", "on_stop", "auto_stop_in"] {
        check.text(at, config, name);
    }
    let short = config.present("url").is_none_or(|url| url.to_text().chars().count() <= URL_CHARS_MAX);
    check.unless(short, at, &format!("url is too long (maximum is {URL_CHARS_MAX} characters)"));
    check.choice(at, config, ("action", &ACTIONS));
    check.choice(at, config, ("deployment_tier", &TIERS));
    if let Some(value) = config.present("kubernetes") {
        kubernetes(check, &format!("{at}:kubernetes"), value);
    }
}

fn kubernetes(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.unless(!config.is_blank(), at, "config can't be blank");
    check.keys(at, config, &["namespace", "agent", "flux_resource_path", "dashboard", "managed_resources"]);
    for name in ["namespace", "agent", "flux_resource_path"] {
        check.text(at, config, name);
    }
    if config.get("flux_resource_path").is_some_and(|path| !path.is_blank()) {
        check.required_text(at, config, "namespace");
        check.required_text(at, config, "agent");
    }
}
