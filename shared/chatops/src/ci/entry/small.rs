//! Entries of a few lines each: scripts, tags, timeouts, hooks, tokens and their like.
//!
//! Not here: whatever has keys of its own worth a file.

use super::super::limits::{NESTING_MAX, TIMEOUT_SECONDS_MAX};
use super::super::pattern;
use super::super::value::Value;
use super::super::variables;
use super::check::{Check, are_strings, duration, expiry, is_nested};

/// `script`, `before_script`, `after_script`.
pub(crate) fn commands(check: &mut Check, at: &str, config: &Value) {
    let fine = config.is_string() || is_nested(check, config, NESTING_MAX, Value::is_string);
    let text =
        format!("config should be a string or a nested array of strings up to {NESTING_MAX} levels deep");
    check.unless(fine, at, &text);
}

pub(crate) fn stages(check: &mut Check, at: &str, config: &Value) {
    let fine = is_nested(check, config, NESTING_MAX, Value::is_string);
    let text = format!(
        "config should be an array of strings or a nested array of strings up to {NESTING_MAX} levels deep"
    );
    check.unless(fine, at, &text);
}

pub(crate) fn hooks(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &["pre_get_sources_script"]);
    if let Some(script) = config.present("pre_get_sources_script") {
        commands(check, &format!("{at}:pre_get_sources_script"), script);
    }
}

pub(crate) fn boolean(check: &mut Check, at: &str, config: &Value) {
    check.unless(matches!(config, Value::Bool(_)), at, "config should be a boolean value");
}

pub(crate) fn string(check: &mut Check, at: &str, config: &Value) {
    check.unless(config.as_text().is_some(), at, "config should be a string");
}

pub(crate) fn strings(check: &mut Check, at: &str, config: &Value) {
    check.unless(are_strings(config), at, "config should be an array of strings");
}

pub(crate) fn timeout(check: &mut Check, at: &str, config: &Value) {
    duration(check, &format!("{at} config"), config, Some(TIMEOUT_SECONDS_MAX));
}

pub(crate) fn tags(check: &mut Check, at: &str, config: &Value) {
    const TAGS_LIMIT: usize = 50;
    strings(check, at, config);
    let few = config.as_list().is_none_or(|tags| tags.len() < TAGS_LIMIT);
    check.unless(few, at, &format!("config must be less than the limit of {TAGS_LIMIT} tags"));
}

pub(crate) fn coverage(check: &mut Check, at: &str, config: &Value) {
    let fine = config.as_text().is_some_and(|text| pattern::slashed(text).is_some());
    check.unless(fine, at, "config must be a regular expression with re2 syntax");
}

pub(crate) fn id_tokens(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    for (name, token) in config.as_map().into_iter().flatten() {
        let at = format!("{at}:{}", name.text);
        check.required(&at, token, &["aud"]);
        check.keys(&at, token, &["aud"]);
        let fine = token.get("aud").is_some_and(|aud| aud.is_string() || are_strings(aud));
        check.unless(fine, &at, "aud should be an array of strings or a string");
    }
}

/// Where secrets come from: GitLab's paid editions, and all take a vault that only a runner reaches.
const VAULTS: [&str; 8] = [
    "vault",
    "file",
    "token",
    "gcp_secret_manager",
    "azure_key_vault",
    "akeyless",
    "aws_secrets_manager",
    "gitlab_secrets_manager",
];

pub(crate) fn secrets(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    for (name, secret) in config.as_map().into_iter().flatten() {
        let at = format!("{at}:{}", name.text);
        if check.hash(&at, secret) {
            check.keys(&at, secret, &VAULTS);
        }
    }
}

pub(crate) fn allow_failure(check: &mut Check, at: &str, config: &Value) {
    let fine = matches!(config, Value::Map(_) | Value::Bool(_));
    check.unless(fine, at, "config should be a hash or a boolean value");
    check.keys(at, config, &["exit_codes"]);
    let fine = config.present("exit_codes").is_none_or(are_integers);
    check.unless(fine, at, "exit codes should be an array of integers or an integer");
}

/// `array_of_integers_or_integer`.
pub(crate) fn are_integers(value: &Value) -> bool {
    let is_integer = |value: &Value| matches!(value, Value::Int(_));
    is_integer(value) || value.as_list().is_some_and(|items| items.iter().all(is_integer))
}

pub(crate) fn retry(check: &mut Check, at: &str, config: &Value) {
    const MAX: i128 = 2;
    let few = |value: &Value| matches!(value, Value::Int(0..=MAX));
    match config {
        Value::Int(_) => check.unless(few(config), "retry", "config must be less than or equal to 2"),
        Value::Map(_) => {
            check.keys("retry", config, &["max", "when", "exit_codes"]);
            // Rails takes a number in quotes for one.
            let quoted = |max: &Value| matches!(max.as_text().map(|text| &**text), Some("0" | "1" | "2"));
            let fine = config.present("max").is_none_or(|max| few(max) || quoted(max));
            check.unless(fine, "retry", "max must be less than or equal to 2");
            check.strings_or_string("retry", config, "when");
            if let Some(when) = config.present("when") {
                retry_when(check, when);
            }
            let fine = config.present("exit_codes").is_none_or(are_integers);
            check.unless(fine, "retry", "exit codes should be an array of integers or an integer");
        }
        _ => check.add(at, "config has to be either an integer or a hash"),
    }
}

fn retry_when(check: &mut Check, when: &Value) {
    let known = |value: &Value| value.as_text().is_some_and(|text| RETRY_REASONS.contains(&&**text));
    match when {
        Value::List(items) => {
            let unknown: Vec<String> = items.iter().filter(|item| !known(item)).map(Value::to_text).collect();
            let text = format!("when contains unknown values: {}", unknown.join(", "));
            check.unless(unknown.is_empty(), "retry", &text);
        }
        other => check.unless(known(other), "retry", "when is not included in the list"),
    }
}

/// `Enums::Ci::CommitStatus.failure_reasons`, and `always`.
const RETRY_REASONS: [&str; 53] = [
    "always",
    "unknown_failure",
    "script_failure",
    "api_failure",
    "stuck_or_timeout_failure",
    "runner_system_failure",
    "missing_dependency_failure",
    "runner_unsupported",
    "stale_schedule",
    "job_execution_timeout",
    "archived_failure",
    "unmet_prerequisites",
    "scheduler_failure",
    "data_integrity_failure",
    "forward_deployment_failure",
    "user_blocked",
    "project_deleted",
    "ci_quota_exceeded",
    "pipeline_loop_detected",
    "no_matching_runner",
    "trace_size_exceeded",
    "builds_disabled",
    "environment_creation_failure",
    "deployment_rejected",
    "failed_outdated_deployment_job",
    "job_execution_server_timeout",
    "stuck_pending_with_matching_runners",
    "stuck_pending_no_matching_runners",
    "no_updates_running",
    "no_updates_canceling",
    "server_timeout_running",
    "server_timeout_canceling",
    "runner_configuration_error",
    "runner_external_dependency_failure",
    "runner_interrupted",
    "protected_environment_failure",
    "insufficient_bridge_permissions",
    "downstream_bridge_project_not_found",
    "invalid_bridge_trigger",
    "upstream_bridge_project_not_found",
    "insufficient_upstream_permissions",
    "bridge_pipeline_is_child_pipeline",
    "downstream_pipeline_creation_failed",
    "secrets_provider_not_found",
    "reached_max_descendant_pipelines_depth",
    "ip_restriction_failure",
    "reached_max_pipeline_hierarchy_size",
    "reached_downstream_pipeline_trigger_rate_limit",
    "duo_workflow_not_allowed",
    "job_router_failure",
    "job_token_expired",
    "id_token_burned_project_path",
    "downstream_project_trigger_resolved_to_empty",
];

pub(crate) fn pages(check: &mut Check, at: &str, config: &Value) {
    let fine = matches!(config, Value::Map(_) | Value::Bool(_));
    check.unless(fine, at, "config should be a hash or a boolean value");
    check.keys(at, config, &["path_prefix", "expire_in", "publish"]);
    check.text(at, config, "path_prefix");
    check.text(at, config, "publish");
    if let Some(value) = config.present("expire_in")
        && !variables::mentions_any(&value.to_text())
    {
        expiry(check, &format!("{at} expire in"), value);
    }
}

pub(crate) fn auto_cancel(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &["on_new_commit", "on_job_failure"]);
    check.choice(at, config, ("on_new_commit", &["conservative", "interruptible", "none"]));
    check.choice(at, config, ("on_job_failure", &["none", "all"]));
}

/// `inherit`: which defaults and variables a job takes.
pub(crate) fn inherit(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &["default", "variables"]);
    for name in ["default", "variables"] {
        let Some(value) = config.present(name) else { continue };
        let at = format!("{at}:{name}");
        match value {
            Value::Bool(_) => {}
            Value::List(_) => strings(check, &at, value),
            _ => check.add(&at, "should be a bool or array of strings"),
        }
        let unknown =
            |item: &&Value| !item.as_text().is_some_and(|text| super::default::KEYS.contains(&&**text));
        if name == "default"
            && let Some(items) = value.as_list()
        {
            let unknown: Vec<String> = items.iter().filter(unknown).map(Value::to_text).collect();
            let text = format!("config contains unknown values: {}", unknown.join(", "));
            check.unless(unknown.is_empty(), &at, &text);
        }
    }
}
