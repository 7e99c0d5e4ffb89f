//! `rules` of jobs and of the workflow.
//!
//! Not here: which rule matches (`rules`, one level up).

use super::super::expression;
use super::super::limits::START_IN_SECONDS_MAX;
use super::super::value::Value;
use super::check::{Check, duration, flatten};
use super::{needs, small, variables};

/// What the rules of a job or of the workflow may say.
pub(crate) struct Allowed {
    pub(crate) when: &'static [&'static str],
    pub(crate) keys: &'static [&'static str],
}

pub(crate) const OF_JOB: Allowed = Allowed {
    when: &["on_success", "on_failure", "always", "never", "manual", "delayed"],
    keys: &[
        "if",
        "changes",
        "exists",
        "when",
        "start_in",
        "allow_failure",
        "variables",
        "needs",
        "interruptible",
    ],
};

pub(crate) const OF_WORKFLOW: Allowed = Allowed {
    when: &["always", "never"],
    keys: &[
        "if",
        "changes",
        "exists",
        "when",
        "start_in",
        "allow_failure",
        "variables",
        "needs",
        "auto_cancel",
    ],
};

pub(crate) fn rules(check: &mut Check, at: &str, config: &Value, allowed: &Allowed) {
    check.unless(!config.is_blank(), at, "config can't be blank");
    if config.as_list().is_none() {
        return check.add(at, "config should be a array");
    }
    let mut all = Vec::new();
    flatten(config, &mut all);
    for config in all {
        check.look(1);
        rule(check, &format!("{at}:rule"), config, allowed);
    }
}

fn rule(check: &mut Check, at: &str, config: &Value, allowed: &Allowed) {
    check.unless(!config.is_blank(), at, "config can't be blank");
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, allowed.keys);
    let when = config.present("when").map(Value::to_text);
    if when.as_deref() == Some("delayed") {
        let start = config.get("start_in").unwrap_or(&Value::Nil);
        check.unless(!start.is_blank(), at, "start in can't be blank");
        duration(check, &format!("{at} start in"), start, Some(START_IN_SECONDS_MAX));
    } else {
        check.unless(config.get("start_in").is_none(), at, "config contains disallowed keys: start_in");
    }
    if let Some(when) = when {
        check.unless(allowed.when.contains(&when.as_str()), at, &format!("when unknown value: {when}"));
    }
    if let Some(condition) = config.present("if") {
        let fine = condition.as_text().is_some_and(|text| expression::is_valid(text));
        check.unless(fine, at, "if invalid expression syntax");
    }
    check.boolean(at, config, "allow_failure");
    check.boolean(at, config, "interruptible");
    if let Some(value) = config.present("changes") {
        changes(check, &format!("{at}:changes"), value);
    }
    if let Some(value) = config.present("exists") {
        exists(check, &format!("{at}:exists"), value, true);
    }
    if let Some(value) = config.present("variables") {
        variables::variables(check, &format!("{at}:variables"), value, variables::SCALARS);
    }
    if let Some(value) = config.present("needs") {
        needs::needs(check, &format!("{at}:needs"), value, &[needs::Kind::Job]);
    }
    if let Some(value) = config.present("auto_cancel") {
        small::auto_cancel(check, &format!("{at}:auto_cancel"), value);
    }
}

/// How many paths a rule may list.
const PATHS_MAX: usize = 50;

pub(crate) fn changes(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::List(items) => {
            small::strings(check, at, config);
            too_many(check, &format!("{at} config"), items.len());
        }
        Value::Map(_) => {
            check.keys(at, config, &["paths", "compare_to"]);
            check.required(at, config, &["paths"]);
            let paths = config.get("paths").unwrap_or(&Value::Nil);
            let fine = super::check::are_strings(paths);
            check.unless(fine, at, "paths should be an array of strings");
            too_many(check, &format!("{at} paths"), paths.as_list().map_or(0, <[Value]>::len));
            check.text(at, config, "compare_to");
        }
        _ => check.add(at, "should be an array or a hash"),
    }
}

/// `exists`; the rules of includes may list as many paths as they like.
pub(crate) fn exists(check: &mut Check, at: &str, config: &Value, limited: bool) {
    match config {
        Value::Text(_) => {}
        config if config.is_blank() => {}
        Value::List(items) => {
            small::strings(check, at, config);
            if limited {
                too_many(check, &format!("{at} config"), items.len());
            }
        }
        Value::Map(_) => {
            check.keys(at, config, &["paths", "project", "ref"]);
            check.required(at, config, &["paths"]);
            if config.present("ref").is_some() {
                check.required(at, config, &["project"]);
            }
            check.strings(at, config, "paths");
            let count = config.get("paths").and_then(Value::as_list).map_or(0, <[Value]>::len);
            too_many(check, &format!("{at} paths"), count);
            check.text(at, config, "project");
            check.text(at, config, "ref");
        }
        _ => check.add(at, "should be a string, an array of strings, or a hash"),
    }
}

fn too_many(check: &mut Check, at: &str, count: usize) {
    check.unless(count <= PATHS_MAX, at, &format!("has too many entries (maximum {PATHS_MAX})"));
}
