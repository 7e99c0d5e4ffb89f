//! A job, and one that triggers a pipeline.
//!
//! Not here: what it inherits, which is validated where it stands.

use super::super::limits::{JOB_NAME_CHARS_MAX, NESTING_MAX, START_IN_SECONDS_MAX};
use super::super::value::{Key, Value};
use super::check::{Check, are_strings, duration, is_nested};
use super::needs::Kind as Need;
use super::root::Kind;
use super::{default, environment, needs, parallel, policy, release, rules, run, small, trigger, variables};

/// What every kind of job may say.
const COMMON: [&str; 14] = [
    "extends",
    "stage",
    "only",
    "except",
    "rules",
    "variables",
    "inherit",
    "allow_failure",
    "when",
    "needs",
    "resource_group",
    "environment",
    "interruptible",
    // GitLab's paid editions; whoever uses it has a configuration that GitLab takes.
    "identity",
];

const OF_JOB: [&str; 24] = [
    "tags",
    "script",
    "image",
    "services",
    "start_in",
    "artifacts",
    "cache",
    "dependencies",
    "before_script",
    "after_script",
    "hooks",
    "coverage",
    "retry",
    "parallel",
    "timeout",
    "release",
    "id_tokens",
    "publish",
    "pages",
    "manual_confirmation",
    "run",
    "inputs",
    // GitLab's paid editions.
    "secrets",
    "dast_configuration",
];

const OF_BRIDGE: [&str; 2] = ["trigger", "parallel"];

pub(crate) fn job(check: &mut Check, key: &Key, config: &Value, kind: Kind) {
    let at = format!("jobs:{}", key.text);
    let before = check.count();
    name(check, &at, key);
    let own: &[&str] = if kind == Kind::Job { &OF_JOB } else { &OF_BRIDGE };
    let allowed: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    check.keys(&at, config, &allowed);
    check.exclusive(&at, config, &["script", "trigger"]);
    check.exclusive(&at, config, &["run", "trigger"]);
    if config.present("rules").is_some() {
        let both = ["only", "except", "start_in"].into_iter().filter(|name| config.present(name).is_some());
        let both: Vec<&str> = both.collect();
        let text = format!("config key may not be used with `rules`: {}", both.join(", "));
        check.unless(both.is_empty(), &at, &text);
    }
    check.strings_or_string(&at, config, "extends");
    check.text(&at, config, "resource_group");
    if let Some(value) = config.present("rules") {
        let fine = is_nested(check, value, NESTING_MAX, |value| value.as_map().is_some());
        check.unless(fine, &at, "rules should be an array containing hashes and arrays of hashes");
    }
    match kind {
        Kind::Job => of_job(check, &at, key, config),
        _ => of_bridge(check, &at, config),
    }
    // GitLab looks into an entry only where the entry itself is fine.
    if check.count() == before {
        children(check, &at, config);
        match kind {
            Kind::Job => children_of_job(check, &at, config),
            _ => children_of_bridge(check, &at, config),
        }
    }
}

fn name(check: &mut Check, at: &str, key: &Key) {
    check.unless(key.is_name(), at, "name should be a symbol");
    check.unless(!key.text.is_empty(), at, "name can't be blank");
    let short = key.text.chars().count() <= JOB_NAME_CHARS_MAX;
    check.unless(short, at, &format!("name is too long (maximum is {JOB_NAME_CHARS_MAX} characters)"));
}

fn of_job(check: &mut Check, at: &str, key: &Key, config: &Value) {
    for name in ["script", "before_script", "after_script"] {
        check.exclusive(at, config, &[name, "run"]);
    }
    if config.get("run").is_none() {
        let blank = config.get("script").is_none_or(Value::is_blank);
        check.unless(!blank, at, "script can't be blank");
    }
    check.choice(at, config, ("when", &["on_success", "on_failure", "always", "manual", "delayed"]));
    check.strings(at, config, "dependencies");
    let fine =
        config.present("allow_failure").is_none_or(|value| matches!(value, Value::Map(_) | Value::Bool(_)));
    check.unless(fine, at, "allow failure should be a hash or a boolean value");
    check.text(at, config, "manual_confirmation");
    if let Some(steps) = config.present("run") {
        run::run(check, at, steps);
    }
    let delayed = config.get("when").and_then(Value::as_text).is_some_and(|when| &**when == "delayed");
    let start = config.get("start_in").unwrap_or(&Value::Nil);
    if delayed {
        duration(check, &format!("{at} start in"), start, Some(START_IN_SECONDS_MAX));
    }
    if !delayed || config.get("rules").is_some() {
        check.unless(start.is_blank(), at, "start in must be blank");
    }
    if !is_pages(key, config) {
        let blank = config.get("publish").is_none_or(Value::is_blank);
        check.unless(blank, at, "publish can only be used within a `pages` job");
    }
}

fn is_pages(key: &Key, config: &Value) -> bool {
    config.get("pages").is_some_and(|pages| !pages.is_blank())
        || (&*key.text == "pages" && !matches!(config.get("pages"), Some(Value::Bool(false))))
}

fn of_bridge(check: &mut Check, at: &str, config: &Value) {
    check.choice(at, config, ("when", &["on_success", "on_failure", "always", "manual"]));
    check.boolean(at, config, "allow_failure");
}

fn children(check: &mut Check, at: &str, config: &Value) {
    let under = |name: &str| format!("{at}:{name}");
    if let Some(value) = config.present("stage") {
        small::string(check, &under("stage"), value);
    }
    for name in ["only", "except"] {
        if let Some(value) = config.present(name) {
            policy::policy(check, &under(name), value);
        }
    }
    if let Some(value) = config.present("rules") {
        rules::rules(check, &under("rules"), value, &rules::OF_JOB);
    }
    if let Some(value) = config.present("variables") {
        variables::variables(check, &under("variables"), value, variables::OF_JOB);
    }
    if let Some(value) = config.present("inherit") {
        small::inherit(check, &under("inherit"), value);
    }
    if let Some(value) = config.present("environment") {
        environment::environment(check, &under("environment"), value);
    }
    if let Some(value) = config.present("interruptible") {
        small::boolean(check, &under("interruptible"), value);
    }
}

fn children_of_job(check: &mut Check, at: &str, config: &Value) {
    for name in default::KEYS.into_iter().filter(|name| *name != "interruptible") {
        if let Some(value) = config.present(name) {
            default::entry(check, &format!("{at}:{name}"), name, value);
        }
    }
    for (name, entry) in OTHERS {
        if let Some(value) = config.present(name) {
            entry(check, &format!("{at}:{name}"), value);
        }
    }
    if let Some(value) = config.present("needs") {
        needs::needs(check, &format!("{at}:needs"), value, &[Need::Job, Need::Cross]);
        dependencies(check, at, config, value);
    }
}

type Entry = fn(&mut Check, &str, &Value);

const OTHERS: [(&str, Entry); 8] = [
    ("script", small::commands),
    ("coverage", small::coverage),
    ("release", release::release),
    ("parallel", |check, at, value| parallel::parallel(check, at, value, parallel::ANY)),
    ("allow_failure", small::allow_failure),
    ("publish", small::string),
    ("pages", small::pages),
    ("secrets", small::secrets),
];

/// Whoever lists both gets artifacts only from jobs that are needed.
fn dependencies(check: &mut Check, at: &str, config: &Value, needs: &Value) {
    let Some(listed) = config.present("dependencies").filter(|value| are_strings(value) && !value.is_blank())
    else {
        return;
    };
    let mut all = Vec::new();
    super::check::flatten(needs, &mut all);
    if all.is_empty() {
        return;
    }
    let jobs: Vec<String> = all
        .iter()
        .filter(|need| needs::kind(need) == Some(Need::Job))
        .map(|need| need.get("job").unwrap_or(need).to_text())
        .collect();
    if jobs.is_empty() {
        return check.add(at, "needs corresponding to dependencies must be from the same pipeline");
    }
    let missing: Vec<String> = listed
        .as_list()
        .into_iter()
        .flatten()
        .map(Value::to_text)
        .filter(|name| !jobs.contains(name))
        .collect();
    let text = format!("dependencies the {} should be part of needs", missing.join(", "));
    check.unless(missing.is_empty(), at, &text);
}

fn children_of_bridge(check: &mut Check, at: &str, config: &Value) {
    if let Some(value) = config.present("trigger") {
        trigger::trigger(check, &format!("{at}:trigger"), value);
    }
    let mut bridges = 0;
    if let Some(value) = config.present("needs") {
        needs::needs(check, &format!("{at}:needs"), value, &[Need::Job, Need::Bridge]);
        let mut all = Vec::new();
        super::check::flatten(value, &mut all);
        bridges = all.iter().filter(|need| needs::kind(need) == Some(Need::Bridge)).count();
    }
    if let Some(value) = config.present("parallel") {
        parallel::parallel(check, &format!("{at}:parallel"), value, parallel::MATRIX_ONLY);
    }
    if config.present("trigger").is_none() && bridges == 0 {
        check.add(at, "config should contain either a trigger or a needs:pipeline");
    }
    check.unless(bridges <= 1, at, "config should contain at most one bridge need");
}
