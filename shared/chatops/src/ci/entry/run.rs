//! `run`: steps in place of a script, GitLab's `run_steps.json`.
//!
//! Not here: running them; no executor of ours can.

use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::value::Value;
use super::check::Check;

pattern!(NAME, r"^[a-zA-Z_][a-zA-Z0-9_]*$");

pub(crate) fn run(check: &mut Check, at: &str, config: &Value) {
    let fine = config.as_list().is_some_and(|steps| steps.iter().all(is_step));
    check.unless(fine, at, "run must be a valid list of steps");
}

fn is_step(step: &Value) -> bool {
    let Some(map) = step.as_map() else { return false };
    let named = step.get("name").and_then(Value::as_text).is_some_and(|name| NAME.is_match(name));
    let kinds = ["step", "func", "script"].iter().filter(|kind| step.get(kind).is_some()).count();
    let allowed = |name: &str| match name {
        "name" | "env" | "step" | "func" | "inputs" => true,
        "script" => step.get("inputs").is_none(),
        _ => false,
    };
    let env = step.get("env").is_none_or(|env| {
        env.as_map().is_some_and(|env| {
            env.iter().all(|(key, value)| NAME.is_match(&key.text) && value.as_text().is_some())
        })
    });
    let inputs = step.get("inputs").is_none_or(|inputs| {
        inputs.as_map().is_some_and(|inputs| inputs.keys().all(|key| NAME.is_match(&key.text)))
    });
    let script =
        step.get("script").is_none_or(|script| script.as_text().is_some_and(|script| !script.is_empty()));
    let function = ["step", "func"].iter().filter_map(|kind| step.get(kind)).all(is_function);
    named
        && kinds == 1
        && map.keys().all(|key| key.is_name() && allowed(&key.text))
        && env
        && inputs
        && script
        && function
}

/// A text, or where in git or a registry the function is.
fn is_function(value: &Value) -> bool {
    let texts = |map: &Value, required: &[&str], optional: &[&str]| {
        required.iter().all(|name| map.get(name).is_some())
            && map.as_map().is_some_and(|map| {
                map.iter().all(|(key, value)| {
                    (required.contains(&&*key.text) || optional.contains(&&*key.text))
                        && value.as_text().is_some()
                })
            })
    };
    let single = value.as_map().is_some_and(|map| map.len() == 1);
    value.as_text().is_some()
        || (single
            && (value.get("git").is_some_and(|git| texts(git, &["url", "rev"], &["dir", "file"]))
                || value
                    .get("oci")
                    .is_some_and(|oci| texts(oci, &["registry", "repository", "tag"], &["dir", "file"]))))
}
