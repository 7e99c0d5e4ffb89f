//! The whole configuration: what is global, and which keys are jobs.
//!
//! Not here: includes, `extends` and references, which are gone by now.

use super::super::value::{Key, Map, Value, get};
use super::check::Check;
use super::{default, include, job, rules, small, variables};

/// Keys that are no jobs, whatever stands there.
const RESERVED: [&str; 8] =
    ["include", "before_script", "image", "services", "after_script", "variables", "stages", "cache"];

/// What an entry of the configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Hidden,
    Job,
    /// A job that triggers a pipeline.
    Bridge,
}

/// `Jobs.find_type`.
pub(crate) fn kind(key: &Key, config: &Value) -> Option<Kind> {
    let has = |name: &str| config.get(name).is_some();
    if key.text.starts_with('.') {
        Some(Kind::Hidden)
    } else if has("script") || has("run") {
        Some(Kind::Job)
    } else if has("trigger") || has("needs") {
        Some(Kind::Bridge)
    } else {
        None
    }
}

/// What counts as a job: everything that is not global; `default` and `workflow` only where they look like jobs.
pub(crate) fn jobs(config: &Map) -> impl Iterator<Item = (&Key, &Value)> {
    config.iter().filter(|(key, value)| {
        let named = |names: &[&str]| key.is_name() && names.contains(&&*key.text);
        !named(&RESERVED) && (!named(&["default", "workflow"]) || kind(key, value).is_some())
    })
}

/// The global entry of this name, unless that is a job.
pub(crate) fn global<'a>(config: &'a Map, name: &str) -> Option<&'a Value> {
    let value = get(config, name).filter(|value| !value.is_nil())?;
    let is_job = !RESERVED.contains(&name) && kind(&Key::name(name), value).is_some();
    (!is_job).then_some(value)
}

pub(crate) fn root(check: &mut Check, config: &Map) {
    for name in default::GLOBAL {
        if let Some(value) = global(config, name) {
            default::entry(check, name, name, value);
        }
    }
    if let Some(value) = global(config, "default") {
        default::default(check, value);
        for name in default::GLOBAL {
            if value.present(name).is_some() && global(config, name).is_some() {
                check.add(name, "is defined in top-level and `default:` entry");
            }
        }
    }
    if let Some(value) = global(config, "include") {
        include::includes(check, "include", value, None);
    }
    if let Some(value) = global(config, "variables") {
        variables::variables(check, "variables", value, variables::GLOBAL);
    }
    if let Some(value) = global(config, "stages") {
        small::stages(check, "stages", value);
    }
    if let Some(value) = global(config, "workflow") {
        workflow(check, value);
    }

    all_jobs(check, config);
}

fn workflow(check: &mut Check, config: &Value) {
    const NAME_CHARS_MAX: usize = 255;
    if !check.hash("workflow", config) {
        return;
    }
    check.keys("workflow", config, &["rules", "name", "auto_cancel"]);
    if let Some(name) = config.present("name") {
        let length = match name {
            Value::List(items) => items.len(),
            Value::Map(map) => map.len(),
            other => other.to_text().chars().count(),
        };
        check.unless(length >= 1, "workflow", "name is too short (minimum is 1 character)");
        let text = format!("name is too long (maximum is {NAME_CHARS_MAX} characters)");
        check.unless(length <= NAME_CHARS_MAX, "workflow", &text);
    }
    if let Some(value) = config.present("rules") {
        rules::rules(check, "workflow:rules", value, &rules::OF_WORKFLOW);
    }
    if let Some(value) = config.present("auto_cancel") {
        small::auto_cancel(check, "workflow:auto_cancel", value);
    }
}

fn all_jobs(check: &mut Check, config: &Map) {
    let mut visible = false;
    for (key, value) in jobs(config) {
        match kind(key, value) {
            None => {
                let text = "config should implement the script:, run:, or trigger: keyword";
                check.add(&format!("jobs {}", key.text), text);
            }
            Some(kind) => visible |= kind != Kind::Hidden,
        }
    }
    check.unless(visible, "jobs", "config should contain at least one visible job");
    for (key, value) in jobs(config) {
        let at = format!("jobs:{}", key.text);
        match kind(key, value) {
            Some(Kind::Hidden) => check.unless(!value.is_blank(), &at, "config can't be blank"),
            Some(kind) => job::job(check, key, value, kind),
            None => {}
        }
        if check.is_exhausted() {
            return;
        }
    }
}
