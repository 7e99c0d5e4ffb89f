//! `include`, as far as it is validated: its rules before files are read, the rest of it where it stays in a
//! configuration (all of its files were ruled out) or belongs to a trigger.
//!
//! Not here: reading files (`include`, one level up).

use super::super::expression;
use super::super::value::Value;
use super::check::Check;
use super::rules::{changes, exists};

const KEYS: [&str; 11] = [
    "local",
    "file",
    "remote",
    "template",
    "component",
    "artifact",
    "inputs",
    "job",
    "project",
    "ref",
    "rules",
];

/// `include`, at most so many.
pub(crate) fn includes(check: &mut Check, at: &str, config: &Value, max: Option<usize>) {
    let items = match config {
        Value::List(items) => items.as_slice(),
        Value::Text(_) => std::slice::from_ref(config),
        _ => return check.add(at, "config should be an array or a string"),
    };
    if let Some(max) = max {
        check.unless(items.len() <= max, at, &format!("config is too long (maximum is {max})"));
    }
    for item in items {
        one(check, &format!("{at}:include"), item);
    }
}

fn one(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::Text(_) | Value::Nil => return,
        Value::Map(_) => {}
        _ => return check.add(at, "config should be a hash or a string"),
    }
    let mut keys = KEYS.to_vec();
    keys.extend(["integrity", "cache"]);
    check.keys(at, config, &keys);
    let blank = |name: &str| config.get(name).is_none_or(Value::is_blank);
    if config.get("artifact").is_some_and(|artifact| !artifact.is_falsy()) && blank("job") {
        check.add(at, "config must specify the job where to fetch the artifact from");
    }
    if config.get("project").is_some_and(|project| !project.is_falsy()) && blank("file") {
        check.add(at, "config must specify the file where to fetch the config from");
    }
    if let Some(value) = config.present("rules") {
        rules(check, &format!("{at}:rules"), value);
    }
}

/// `include:rules`.
pub(crate) fn rules(check: &mut Check, at: &str, config: &Value) {
    check.unless(!config.is_blank(), at, "config can't be blank");
    let Some(items) = config.as_list() else { return check.add(at, "config should be a array") };
    for config in items {
        rule(check, &format!("{at}:rule"), config);
    }
}

fn rule(check: &mut Check, at: &str, config: &Value) {
    check.unless(!config.is_blank(), at, "config can't be blank");
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &["if", "exists", "when", "changes"]);
    if let Some(condition) = config.present("if") {
        let fine = condition.as_text().is_some_and(|text| expression::is_valid(text));
        check.unless(fine, at, "if invalid expression syntax");
    }
    if let Some(when) = config.present("when").map(Value::to_text) {
        check.unless(matches!(when.as_str(), "never" | "always"), at, &format!("when unknown value: {when}"));
    }
    if let Some(value) = config.present("changes") {
        changes(check, &format!("{at}:changes"), value);
    }
    if let Some(value) = config.present("exists") {
        exists(check, &format!("{at}:exists"), value, false);
    }
}
