//! `cache`: one or up to four.
//!
//! Not here: keeping anything.

use super::super::value::Value;
use super::check::Check;
use super::small;

const CACHES_MAX: usize = 4;
const FALLBACK_KEYS_MAX: usize = 5;
const FILES_MAX: usize = 2;
const KEYS: [&str; 7] = ["key", "untracked", "paths", "when", "policy", "unprotect", "fallback_keys"];

pub(crate) fn caches(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::Map(_) => cache(check, &format!("{at}:cache"), config),
        Value::List(items) => {
            let few = items.len() <= CACHES_MAX;
            check.unless(few, at, &format!("config no more than {CACHES_MAX} caches can be created"));
            let mut all = Vec::new();
            super::check::flatten(config, &mut all);
            for item in all.into_iter().filter(|item| !item.is_nil()) {
                cache(check, &format!("{at}:cache"), item);
            }
        }
        _ => check.add(at, "config can only be a hash or an array"),
    }
}

fn cache(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &KEYS);
    policy(check, at, config);
    check.choice(at, config, ("when", &["on_success", "on_failure", "always"]));
    let few = config
        .present("fallback_keys")
        .and_then(Value::as_list)
        .is_none_or(|keys| keys.len() <= FALLBACK_KEYS_MAX);
    check.unless(few, at, &format!("fallback keys has to many entries (maximum {FALLBACK_KEYS_MAX})"));
    if let Some(value) = config.present("key") {
        key(check, &format!("{at}:key"), value);
    }
    for name in ["unprotect", "untracked"] {
        if let Some(value) = config.present(name) {
            small::boolean(check, &format!("{at}:{name}"), value);
        }
    }
    for name in ["paths", "fallback_keys"] {
        if let Some(value) = config.present(name) {
            small::strings(check, &format!("{at}:{name}"), value);
        }
    }
}

/// GitLab's expression asks for one of its words or a `$` anywhere in the text.
fn policy(check: &mut Check, at: &str, config: &Value) {
    let Some(value) = config.get("policy").filter(|value| !value.is_blank()) else { return };
    check.text(at, config, "policy");
    let text = value.to_text();
    let named = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fine = text.contains("push") || text.contains("pull") || text.split('$').skip(1).any(named);
    check.unless(fine, at, "policy should be a variable or one of: pull-push, push, pull");
}

fn key(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::Text(_) | Value::Symbol(_) => path_like(check, at, config),
        Value::Map(_) => {
            check.keys(at, config, &["files", "prefix"]);
            check.required(at, config, &["files"]);
            if let Some(files) = config.present("files") {
                let at = format!("{at}:files");
                small::strings(check, &at, files);
                let count = files.as_list().map_or(0, <[Value]>::len);
                check.unless(count >= 1, &at, "config requires at least 1 item");
                check.unless(count <= FILES_MAX, &at, "config has too many items (maximum is 2)");
            }
            if let Some(prefix) = config.present("prefix") {
                let at = format!("{at}:prefix");
                check.unless(prefix.is_string(), &at, "config should be a string or symbol");
                path_like(check, &at, prefix);
            }
        }
        _ => check.add(at, "should be a hash, a string or a symbol"),
    }
}

fn path_like(check: &mut Check, at: &str, config: &Value) {
    let text = config.to_text();
    let lower = text.to_lowercase();
    let slashed = lower.contains('/') || lower.contains("%2f");
    check.unless(!slashed, at, "config cannot contain the \"/\" character");
    let dots = lower.replace("%2e", ".");
    check.unless(!matches!(dots.as_str(), "." | ".."), at, "config cannot be \".\" or \"..\"");
}
