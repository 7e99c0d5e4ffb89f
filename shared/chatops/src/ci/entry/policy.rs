//! `only` and `except`.
//!
//! Not here: whether they let a job pass (`filters`).

use super::super::expression;
use super::super::pattern;
use super::super::value::Value;
use super::check::Check;

pub(crate) fn policy(check: &mut Check, at: &str, config: &Value) {
    match config {
        Value::List(_) => refs(check, &format!("{at} config"), config),
        Value::Map(_) => {
            check.unless(!config.is_blank(), at, "config can't be blank");
            check.keys(at, config, &["refs", "kubernetes", "variables", "changes"]);
            if let Some(value) = config.present("refs") {
                refs(check, &format!("{at} refs"), value);
            }
            let active = config.present("kubernetes").is_none_or(|value| value.to_text() == "active");
            check.unless(active, at, "kubernetes unknown value");
            check.strings(at, config, "variables");
            check.strings(at, config, "changes");
            for statement in config.get("variables").and_then(Value::as_list).into_iter().flatten() {
                let fine = statement.as_text().is_some_and(|text| expression::is_valid(text));
                check.unless(fine, at, "variables invalid expression syntax");
            }
        }
        _ => check.add(at, "has to be either an array of conditions or a hash"),
    }
}

fn refs(check: &mut Check, at: &str, config: &Value) {
    let fine = config.as_list().is_some_and(|items| {
        items.iter().all(|item| {
            item.as_text().is_some_and(|text| !pattern::is_slashed(text) || pattern::slashed(text).is_some())
        })
    });
    check.unless(fine, at, "should be an array of strings or regular expressions using re2 syntax");
}
