//! The header of a file with inputs: `spec:inputs`.
//!
//! Not here: the inputs' values (`inputs`).

use super::super::value::{KeyKind, Value};
use super::check::Check;

const KEYS: [&str; 5] = ["default", "description", "options", "regex", "type"];
const TYPES: [&str; 4] = ["array", "boolean", "number", "string"];
const OPTIONS_MAX: usize = 50;

pub(crate) fn root(check: &mut Check, config: &Value) {
    check.keys("header", config, &["spec"]);
    let Some(spec) = config.present("spec") else { return };
    if !check.hash("header:spec", spec) {
        return;
    }
    check.keys("header:spec", spec, &["inputs"]);
    let Some(inputs) = spec.present("inputs") else { return };
    if !check.hash("header:spec:inputs", inputs) {
        return;
    }
    for (key, config) in inputs.as_map().into_iter().flatten() {
        let at = format!("header:spec:inputs:{}", key.text);
        check.unless(
            matches!(key.kind, KeyKind::Name | KeyKind::Int),
            &at,
            "key must be an alphanumeric string",
        );
        if !config.is_nil() {
            input(check, &at, config);
        }
    }
}

fn input(check: &mut Check, at: &str, config: &Value) {
    if !check.hash(at, config) {
        return;
    }
    check.keys(at, config, &KEYS);
    let described = config
        .present("description")
        .is_none_or(|text| matches!(text, Value::Text(_) | Value::Symbol(_) | Value::Int(_)));
    check.unless(described, at, "input description must be an alphanumeric string");
    let fine = config.present("regex").is_none_or(|regex| regex.as_text().is_some());
    check.unless(fine, at, "input regex should be a string");
    if let Some(kind) = config.present("type").map(Value::to_text) {
        check.unless(TYPES.contains(&kind.as_str()), at, &format!("input type unknown value: {kind}"));
    }
    let options = config.present("options");
    check.unless(
        options.is_none_or(|options| options.as_list().is_some()),
        at,
        "input options should be a array",
    );
    let few = options.and_then(Value::as_list).is_none_or(|options| options.len() <= OPTIONS_MAX);
    check.unless(few, at, &format!("config cannot define more than {OPTIONS_MAX} options"));
}
