//! `default`, and the older global keys that mean the same.
//!
//! Not here: what a job takes of them (`job`, one level up).

use super::super::value::Value;
use super::check::Check;
use super::{artifacts, cache, image, small};

/// What may be a default.
pub(crate) const KEYS: [&str; 12] = [
    "before_script",
    "after_script",
    "hooks",
    "cache",
    "image",
    "services",
    "interruptible",
    "timeout",
    "retry",
    "tags",
    "artifacts",
    "id_tokens",
];

/// Those that may also stand at the top.
pub(crate) const GLOBAL: [&str; 5] = ["before_script", "after_script", "cache", "image", "services"];

pub(crate) fn default(check: &mut Check, config: &Value) {
    if !check.hash("default", config) {
        return;
    }
    check.keys("default", config, &KEYS);
    for name in KEYS {
        if let Some(value) = config.present(name) {
            entry(check, &format!("default:{name}"), name, value);
        }
    }
}

/// One of [`KEYS`], wherever it stands.
pub(crate) fn entry(check: &mut Check, at: &str, name: &str, value: &Value) {
    match name {
        "before_script" | "after_script" => small::commands(check, at, value),
        "hooks" => small::hooks(check, at, value),
        "cache" => cache::caches(check, at, value),
        "image" => image::image(check, at, value),
        "services" => image::services(check, at, value),
        "interruptible" => small::boolean(check, at, value),
        "timeout" => small::timeout(check, at, value),
        "retry" => small::retry(check, at, value),
        "tags" => small::tags(check, at, value),
        "artifacts" => artifacts::artifacts(check, at, value),
        _ => small::id_tokens(check, at, value),
    }
}
