//! `needs`: jobs of this pipeline, or of others.
//!
//! Not here: whether there are such jobs (`pipeline`).

use super::super::value::Value;
use super::check::{Check, flatten};
use super::parallel;

/// How many needs of other pipelines a job may have.
const CROSS_PIPELINE_MAX: usize = 5;

/// What a need is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A job of this pipeline.
    Job,
    /// A job's artifacts from another pipeline or project.
    Cross,
    /// A pipeline, which a trigger job follows. GitLab's paid editions.
    Bridge,
}

/// `needs`; `allowed` are the kinds that make sense here.
pub(crate) fn needs(check: &mut Check, at: &str, config: &Value, allowed: &[Kind]) {
    match config {
        Value::Map(map) => check.unless(!map.is_empty(), at, "config can not be an empty hash"),
        Value::List(_) => {}
        _ => return check.add(at, "config can only be a hash or an array"),
    }
    let numbered = |need: &Value| matches!(need.get("parallel"), Some(Value::Int(_) | Value::Float(_)));
    let any = numbered(config) || config.as_list().is_some_and(|items| items.iter().any(numbered));
    check.unless(!any, at, "config cannot use \"parallel: <number>\".");
    let mut all = Vec::new();
    flatten(config, &mut all);
    let mut cross_pipelines = 0;
    for need in all {
        check.look(1);
        let item = format!("{at}:need");
        let Some(kind) = kind(need) else {
            check.add(&item, "has an unsupported type");
            continue;
        };
        one(check, &item, need, kind);
        let fine = allowed.contains(&kind);
        let name = if kind == Kind::Cross { "cross_dependency" } else { "bridge" };
        check.unless(fine, at, &format!("config uses invalid types: {name}"));
        cross_pipelines += usize::from(kind == Kind::Cross && need.get("pipeline").is_some());
    }
    let few = cross_pipelines <= CROSS_PIPELINE_MAX;
    check.unless(few, at, &format!("config must be less than or equal to {CROSS_PIPELINE_MAX}"));
}

/// What kind a need is; nothing for what GitLab does not take.
pub(crate) fn kind(need: &Value) -> Option<Kind> {
    let has = |name: &str| need.get(name).is_some();
    match need {
        Value::Text(_) => Some(Kind::Job),
        Value::Map(_) if has("job") && !has("project") && !has("ref") && !has("pipeline") => Some(Kind::Job),
        Value::Map(_) if has("job") && has("pipeline") && !has("project") => Some(Kind::Cross),
        Value::Map(_) if has("job") && has("project") && has("ref") => Some(Kind::Cross),
        Value::Map(_) if has("pipeline") && !has("job") && !has("project") => Some(Kind::Bridge),
        _ => None,
    }
}

fn one(check: &mut Check, at: &str, need: &Value, kind: Kind) {
    if let Value::Text(name) = need {
        return check.unless(!name.trim().is_empty(), at, "config can't be blank");
    }
    match kind {
        Kind::Job => {
            check.keys(at, need, &["job", "artifacts", "optional", "parallel"]);
            check.required_text(at, need, "job");
            check.boolean(at, need, "optional");
            if let Some(value) = need.present("parallel") {
                parallel::parallel(check, &format!("{at}:parallel"), value, parallel::ANY);
            }
        }
        Kind::Cross => {
            check.keys(at, need, &["pipeline", "project", "ref", "job", "artifacts"]);
            check.required_text(at, need, "job");
            for name in ["pipeline", "project", "ref"] {
                if need.get(name).is_some() {
                    check.required_text(at, need, name);
                }
            }
        }
        Kind::Bridge => {
            check.keys(at, need, &["pipeline"]);
            check.required_text(at, need, "pipeline");
        }
    }
    check.boolean(at, need, "artifacts");
}
