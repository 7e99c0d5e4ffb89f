//! What inputs a file declares, and whether what is given fits.
//!
//! GitLab's `Header::*` and `SpecInputs`. A value for a number, boolean or list may be text that JSON reads as one.
//!
//! Not here: where the values go (`template`).

use super::super::entry::{Check, header};
use super::super::pattern;
use super::super::value::{Key, Map, Value};

const TYPES: [&str; 4] = ["array", "boolean", "number", "string"];

/// The value of every declared input, or what is wrong: three sentences of it at the most, as GitLab says.
pub(super) fn inputs(header: Map, given: &Map) -> Result<Map, String> {
    const ERRORS_TOLD: usize = 3;
    let header = Value::map(header);
    let mut check = Check::default();
    header::root(&mut check, &header);
    if let Some(error) = check.first() {
        return Err(error.to_owned());
    }
    let none = Map::new();
    let declared =
        header.get("spec").and_then(|spec| spec.get("inputs")).and_then(Value::as_map).unwrap_or(&none);
    let mut errors = Vec::new();
    let unknown: Vec<&str> =
        given.keys().filter(|key| !declared.contains_key(*key)).map(|key| &*key.text).collect();
    if !unknown.is_empty() {
        errors.push(format!("unknown input arguments: {}", unknown.join(", ")));
    }
    let mut values = Map::new();
    for (key, spec) in declared {
        let input = Input { spec };
        match input.value(given.get(key).filter(|value| !value.is_nil())) {
            Ok(value) => {
                values.insert(key.clone(), value);
            }
            Err(reason) => errors.push(format!("`{}` input: {reason}", key.text)),
        }
    }
    if errors.is_empty() {
        return Ok(values);
    }
    errors.truncate(ERRORS_TOLD);
    Err(errors.join(", "))
}

struct Input<'a> {
    spec: &'a Value,
}

impl Input<'_> {
    fn kind(&self) -> &'static str {
        let said = self.spec.get("type").map(Value::to_text);
        TYPES.into_iter().find(|kind| said.as_deref() == Some(kind)).unwrap_or("string")
    }

    fn value(&self, given: Option<&Value>) -> Result<Value, String> {
        let default = self.spec.get("default");
        if default.is_none() && given.is_none() {
            return Err("required value has not been provided".to_owned());
        }
        if let Some(default) = default {
            self.check(&self.coerced(default), "default")?;
        }
        if let Some(given) = given {
            self.check(&self.coerced(given), "provided")?;
        }
        Ok(self.coerced(given.or(default).unwrap_or(&Value::Nil)))
    }

    /// Text, or what JSON makes of it.
    fn coerced(&self, value: &Value) -> Value {
        if self.kind() == "string" {
            return Value::text(&value.to_text());
        }
        if value.is_nil() {
            return Value::Nil;
        }
        serde_json::from_str(&value.to_text()).map_or_else(|_| value.clone(), |json| from_json(&json))
    }

    fn check(&self, value: &Value, which: &str) -> Result<(), String> {
        let kind = self.kind();
        let fits = match kind {
            "array" => value.as_list().is_some(),
            "boolean" => matches!(value, Value::Bool(_)),
            "number" => matches!(value, Value::Int(_) | Value::Float(_)),
            _ => value.as_text().is_some(),
        };
        if !fits {
            let article = if kind == "array" { "an" } else { "a" };
            return Err(format!("{which} value is not {article} {kind}"));
        }
        self.check_options(value)?;
        self.check_regex(value, which)
    }

    fn check_options(&self, value: &Value) -> Result<(), String> {
        let Some(options) = self.spec.present("options").and_then(Value::as_list) else { return Ok(()) };
        let said = value.to_text();
        match self.kind() {
            "string" | "number" => {
                if options.iter().any(|option| option.to_text() == said) {
                    return Ok(());
                }
                Err(format!("`{said}` cannot be used because it is not in the list of allowed options"))
            }
            _ => Err("Options can only be used with string and number inputs".to_owned()),
        }
    }

    fn check_regex(&self, value: &Value, which: &str) -> Result<(), String> {
        let Some(regex) = self.spec.get("regex") else { return Ok(()) };
        if self.kind() != "string" {
            return Err("RegEx validation can only be used with string inputs".to_owned());
        }
        let regex = pattern::compile(&regex.to_text()).ok_or("invalid regular expression")?;
        if regex.is_match(&value.to_text()) {
            return Ok(());
        }
        Err(format!("{which} value does not match required RegEx pattern"))
    }
}

fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(yes) => Value::Bool(*yes),
        serde_json::Value::Number(number) => number.as_i64().map_or_else(
            || Value::Float(number.as_f64().unwrap_or_default()),
            |number| Value::Int(number.into()),
        ),
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => Value::list(items.iter().map(from_json).collect()),
        serde_json::Value::Object(map) => {
            Value::map(map.iter().map(|(key, value)| (Key::name(key), from_json(value))).collect())
        }
    }
}
