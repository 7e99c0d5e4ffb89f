//! `image` and `services`.
//!
//! Not here: whether there is such an image.

use super::super::value::Value;
use super::check::{Check, are_strings};
use super::variables::{SCALARS, variables};

const POLICIES: [&str; 3] = ["always", "never", "if-not-present"];

pub(crate) fn image(check: &mut Check, at: &str, config: &Value) {
    check.keys(at, config, &["docker", "kubernetes", "name", "entrypoint", "ports", "pull_policy"]);
    imageable(check, at, config);
}

pub(crate) fn services(check: &mut Check, at: &str, config: &Value) {
    let Some(_) = config.as_list() else { return check.add(at, "config should be a array") };
    let mut all = Vec::new();
    super::check::flatten(config, &mut all);
    for config in all.into_iter().filter(|config| !config.is_nil()) {
        service(check, &format!("{at}:service"), config);
    }
}

fn service(check: &mut Check, at: &str, config: &Value) {
    const KEYS: [&str; 9] = [
        "docker",
        "kubernetes",
        "name",
        "entrypoint",
        "ports",
        "pull_policy",
        "command",
        "alias",
        "variables",
    ];
    check.keys(at, config, &KEYS);
    imageable(check, at, config);
    check.strings(at, config, "command");
    check.text(at, config, "alias");
    if let Some(value) = config.present("variables") {
        variables(check, &format!("{at}:variables"), value, SCALARS);
    }
}

fn imageable(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::Text(name) => check.unless(!name.trim().is_empty(), at, "name can't be blank"),
        Value::Map(_) => {
            check.required_text(at, config, "name");
            check.strings(at, config, "entrypoint");
            // Only GitLab's web terminals take ports.
            check.unless(config.get("ports").is_none(), at, "config contains disallowed keys: ports");
            options(check, at, config);
            if let Some(policy) = config.present("pull_policy") {
                pull_policy(check, &format!("{at}:pull_policy"), policy);
            }
        }
        _ => check.add(at, "config should be a hash or a string"),
    }
}

fn pull_policy(check: &mut Check, at: &str, config: &Value) {
    let known = |value: &Value| value.as_text().is_some_and(|text| POLICIES.contains(&&**text));
    let fine = match config {
        Value::List(items) => !items.is_empty() && items.iter().all(known),
        other => known(other),
    };
    let strings = config.is_string() || are_strings(config);
    check.unless(strings, at, "config should be an array of strings or a string");
    check.unless(fine || !strings, at, "config is not included in the list");
}

/// `docker` and `kubernetes`: GitLab's `executor_opts.json`.
fn options(check: &mut Check, at: &str, config: &Value) {
    let sized = |value: &Value, longest: usize| {
        value.as_text().is_some_and(|text| (1..=longest).contains(&text.chars().count()))
    };
    if let Some(docker) = config.present("docker") {
        let keys = docker.as_map().is_some_and(|map| {
            map.keys().all(|key| key.is_name() && matches!(&*key.text, "platform" | "user"))
        });
        let fine = keys
            && docker.get("platform").is_none_or(|value| sized(value, 64))
            && docker.get("user").is_none_or(|value| sized(value, 255));
        check.unless(fine, at, "executor opts '/docker' must be a valid 'docker'");
    }
    if let Some(kubernetes) = config.present("kubernetes") {
        let fine = kubernetes.as_map().is_some_and(|map| {
            map.iter().all(|(key, value)| {
                key.is_name() && &*key.text == "user" && (matches!(value, Value::Int(_)) || sized(value, 255))
            })
        });
        check.unless(fine, at, "executor opts '/kubernetes' must be a valid 'kubernetes'");
    }
}
