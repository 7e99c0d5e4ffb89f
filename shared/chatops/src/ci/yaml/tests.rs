//! Psych's answers against ours. `psych.json` was recorded with Ruby 3.1 and Psych 4.0.3: what `YAML.safe_load` makes of
//! each text with the arguments that GitLab gives it (symbols and `!reference` permitted, aliases on), keys symbolized,
//! written as `dump` does here.

use serde::Deserialize;

use super::super::value::{KeyKind, Value, float};
use super::*;

#[derive(Deserialize)]
struct Case {
    yaml: String,
    psych: String,
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn dump(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(text) => json(text),
        Value::Symbol(name) => format!(":{}", json(name)),
        Value::List(items) => format!("[{}]", items.iter().map(dump).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| {
                let key = match key.kind {
                    KeyKind::Name => json(&key.text),
                    KeyKind::Complex => "?complex".to_owned(),
                    _ => format!("?{}", key.text),
                };
                format!("{key} => {}", dump(value))
            });
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Reference(reference) => format!("!reference {}", dump(&reference.given)),
    }
}

#[test]
fn psychs_answers_are_ours() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("psych.json")).unwrap();
    let mut wrong = Vec::new();
    for Case { yaml, psych } in &cases {
        let ours = loader::load(yaml, 1).and_then(|value| size::check(&value).map(|()| value));
        let ours = ours.map_or_else(|_| "!error".to_owned(), |value| dump(&value));
        if ours != *psych {
            wrong.push(format!("{yaml:?}: Psych {psych}, we {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
