//! `trigger`: a job that starts another pipeline.
//!
//! Not here: whether one from a chat may be run; the executors refuse it.

use super::super::value::Value;
use super::check::Check;
use super::include;

/// How many files a child pipeline may be made of.
const INCLUDES_MAX: usize = 3;
const STRATEGIES: &[&str] = &["depend", "mirror"];

pub(crate) fn trigger(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::Text(project) => check.unless(!project.trim().is_empty(), at, "config can't be blank"),
        Value::Map(map) if map.is_empty() => check.add(at, "config can't be blank"),
        Value::Map(_) if config.get("include").is_some() => {
            check.keys(at, config, &["strategy", "include", "forward"]);
            check.choice(at, config, ("strategy", STRATEGIES));
            if let Some(value) = config.present("include") {
                include::includes(check, &format!("{at}:include"), value, Some(INCLUDES_MAX));
            }
            forward(check, at, config);
        }
        Value::Map(_) => {
            check.keys(at, config, &["project", "branch", "strategy", "forward", "inputs"]);
            check.required_text(at, config, "project");
            check.text(at, config, "branch");
            check.choice(at, config, ("strategy", STRATEGIES));
            let fine = config.present("inputs").is_none_or(|inputs| inputs.as_map().is_some());
            check.unless(fine, at, "inputs should be a hash");
            forward(check, at, config);
        }
        _ => check.add(at, "has to be either a string or a hash"),
    }
}

fn forward(check: &mut Check, at: &str, config: &Value) {
    let Some(value) = config.present("forward") else { return };
    let at = format!("{at}:forward");
    check.keys(&at, value, &["yaml_variables", "pipeline_variables"]);
    check.boolean(&at, value, "yaml_variables");
    check.boolean(&at, value, "pipeline_variables");
}
