//! `variables`, wherever they stand: scalars, or a map with `value` where that is allowed.
//!
//! Not here: which variables win (`job`).

use super::super::value::{Key, KeyKind, Value};
use super::check::{Check, are_strings};

/// What may be said of a variable of the whole configuration.
pub(crate) const GLOBAL: &[&str] = &["value", "description", "expand", "options"];
/// What may be said of a job's.
pub(crate) const OF_JOB: &[&str] = &["value", "expand"];
/// Rules and services take scalars only.
pub(crate) const SCALARS: &[&str] = &[];

/// `variables`; `allowed` is what a variable's map may hold.
pub(crate) fn variables(check: &mut Check, at: &str, config: &Value, allowed: &[&str]) {
    if !check.hash(at, config) {
        return;
    }
    for (key, value) in config.as_map().into_iter().flatten() {
        check.look(1);
        let at = format!("{at}:{}", key.text);
        match value {
            Value::Text(_) | Value::Symbol(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
                check_key(check, &at, key);
            }
            Value::Map(_) | Value::Nil => {
                check_key(check, &at, key);
                complex(check, &at, value, allowed);
            }
            _ => check.add(&at, "variable definition must be either a string or a hash"),
        }
    }
}

fn check_key(check: &mut Check, at: &str, key: &Key) {
    let fine = matches!(key.kind, KeyKind::Name | KeyKind::Int);
    check.unless(fine, at, "key must be an alphanumeric string");
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::Symbol(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_))
}

/// A map; nothing at all counts as an empty one.
fn complex(check: &mut Check, at: &str, config: &Value, allowed: &[&str]) {
    let value = config.present("value");
    check.unless(value.is_none_or(is_scalar), at, "config value must be a scalar");
    let fine = config
        .present("description")
        .is_none_or(|text| matches!(text, Value::Text(_) | Value::Symbol(_) | Value::Int(_)));
    check.unless(fine, at, "config description must be an alphanumeric string");
    let fine = config.present("expand").is_none_or(|expand| matches!(expand, Value::Bool(_)));
    check.unless(fine, at, "config expand should be a boolean value");
    let options = config.present("options");
    check.unless(options.is_none_or(are_strings), at, "config options should be an array of strings");
    if allowed.is_empty() {
        check.add(at, "config must be a string");
    } else if let Some(map) = config.as_map() {
        let known = |key: &Key| key.is_name() && allowed.contains(&&*key.text);
        let extra: Vec<&str> = map.keys().filter(|key| !known(key)).map(|key| &*key.text).collect();
        let text = format!("config uses invalid data keys: {}", extra.join(", "));
        check.unless(extra.is_empty(), at, &text);
    }
    if let Some(options) = options.and_then(Value::as_list).filter(|options| !options.is_empty()) {
        let fine = value
            .and_then(Value::as_text)
            .is_some_and(|value| options.iter().any(|option| option.as_text() == Some(value)));
        check.unless(fine, at, "config value must be present in options");
    }
}
