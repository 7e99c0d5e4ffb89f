//! The errors of a validation, and the questions that many entries ask.
//!
//! Not here: any one entry.

use super::super::duration;
use super::super::limits::VALUES_MAX;
use super::super::value::{Key, Value};

/// The errors found so far.
#[derive(Debug, Default)]
pub(crate) struct Check {
    errors: Vec<String>,
    /// How many values were looked at: what `extends` and `!reference` multiply is looked at each time.
    values: usize,
}

impl Check {
    /// The first error.
    pub(crate) fn first(&self) -> Option<&str> {
        self.errors.first().map(String::as_str)
    }

    pub(crate) fn count(&self) -> usize {
        self.errors.len()
    }

    /// GitLab says everything in lower case.
    pub(crate) fn add(&mut self, at: &str, text: &str) {
        self.errors.push(format!("{at} {text}").to_lowercase());
    }

    pub(crate) fn unless(&mut self, fine: bool, at: &str, text: &str) {
        if !fine {
            self.add(at, text);
        }
    }

    /// `type: Hash`.
    pub(crate) fn hash(&mut self, at: &str, config: &Value) -> bool {
        let is_map = config.as_map().is_some();
        self.unless(is_map, at, "config should be a hash");
        is_map
    }

    /// `allowed_keys`.
    pub(crate) fn keys(&mut self, at: &str, config: &Value, allowed: &[&str]) {
        let Some(map) = config.as_map() else { return };
        self.look(map.len());
        let known = |key: &Key| key.is_name() && allowed.contains(&&*key.text);
        let unknown: Vec<&str> = map.keys().filter(|key| !known(key)).map(|key| &*key.text).collect();
        if !unknown.is_empty() {
            self.add(at, &format!("config contains unknown keys: {}", unknown.join(", ")));
        }
    }

    /// `required_keys`.
    pub(crate) fn required(&mut self, at: &str, config: &Value, required: &[&str]) {
        let missing: Vec<&str> = required.iter().copied().filter(|name| config.get(name).is_none()).collect();
        if !missing.is_empty() {
            self.add(at, &format!("config missing required keys: {}", missing.join(", ")));
        }
    }

    /// `mutually_exclusive_keys`.
    pub(crate) fn exclusive(&mut self, at: &str, config: &Value, keys: &[&str]) {
        let there: Vec<&str> = keys.iter().copied().filter(|name| config.get(name).is_some()).collect();
        if there.len() > 1 {
            self.add(at, &format!("config these keys cannot be used together: {}", there.join(", ")));
        }
    }

    /// A `String`, where the key is there at all.
    pub(crate) fn text(&mut self, at: &str, config: &Value, name: &str) {
        let fine = config.present(name).is_none_or(|value| value.as_text().is_some());
        self.unless(fine, at, &format!("{} should be a string", said(name)));
    }

    /// `presence: true` and a `String`.
    pub(crate) fn required_text(&mut self, at: &str, config: &Value, name: &str) {
        self.text(at, config, name);
        let blank = config.get(name).is_none_or(Value::is_blank);
        self.unless(!blank, at, &format!("{} can't be blank", said(name)));
    }

    /// `boolean: true, allow_nil: true`.
    pub(crate) fn boolean(&mut self, at: &str, config: &Value, name: &str) {
        let fine = config.present(name).is_none_or(|value| matches!(value, Value::Bool(_)));
        self.unless(fine, at, &format!("{} should be a boolean value", said(name)));
    }

    /// `array_of_strings: true, allow_nil: true`.
    pub(crate) fn strings(&mut self, at: &str, config: &Value, name: &str) {
        let fine = config.present(name).is_none_or(are_strings);
        self.unless(fine, at, &format!("{} should be an array of strings", said(name)));
    }

    /// `array_of_strings_or_string: true, allow_nil: true`.
    pub(crate) fn strings_or_string(&mut self, at: &str, config: &Value, name: &str) {
        let fine = config.present(name).is_none_or(|value| value.is_string() || are_strings(value));
        self.unless(fine, at, &format!("{} should be an array of strings or a string", said(name)));
    }

    /// One of a few words.
    pub(crate) fn choice(&mut self, at: &str, config: &Value, choice: (&str, &[&str])) {
        let (name, choices) = choice;
        self.text(at, config, name);
        let fine = config
            .present(name)
            .is_none_or(|value| value.as_text().is_some_and(|text| choices.contains(&&**text)));
        self.unless(fine, at, &format!("{} should be one of: {}", said(name), choices.join(", ")));
    }

    /// Counts values; an error once there are too many.
    pub(crate) fn look(&mut self, values: usize) {
        let before = self.values;
        self.values += values;
        if before <= VALUES_MAX && self.values > VALUES_MAX {
            self.errors.insert(0, "the parsed yaml is too big".to_owned());
        }
    }

    /// Whether to go on: too many values are too many whatever comes.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.values > VALUES_MAX
    }
}

/// How Rails says a key: `start_in` is `start in`.
fn said(name: &str) -> String {
    name.replace('_', " ")
}

pub(crate) fn are_strings(value: &Value) -> bool {
    value.as_list().is_some_and(|items| items.iter().all(Value::is_string))
}

/// `validate_nested_array`: a list whose items are fine or such lists, so many levels deep.
pub(crate) fn is_nested(check: &mut Check, value: &Value, levels: usize, fine: fn(&Value) -> bool) -> bool {
    value.as_list().is_some() && is_nested_item(check, value, levels, fine)
}

fn is_nested_item(check: &mut Check, value: &Value, levels: usize, fine: fn(&Value) -> bool) -> bool {
    check.look(1);
    if check.is_exhausted() {
        return false;
    }
    if fine(value) {
        return true;
    }
    let Some(items) = value.as_list().filter(|_| levels > 0) else { return false };
    items.iter().all(|item| is_nested_item(check, item, levels - 1, fine))
}

/// Ruby's `flatten`.
pub(crate) fn flatten<'a>(value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| flatten(item, out)),
        other => out.push(other),
    }
}

/// `duration`, with the longest allowed, in seconds.
pub(crate) fn duration(check: &mut Check, at: &str, value: &Value, longest: Option<f64>) {
    match value.as_text().and_then(|text| duration::seconds(text)) {
        None => check.add(at, "should be a duration"),
        Some(seconds) if longest.is_some_and(|longest| seconds > longest) => {
            check.add(at, "should not exceed the limit");
        }
        Some(_) => {}
    }
}

/// `duration` of something that expires: `never` is one.
pub(crate) fn expiry(check: &mut Check, at: &str, value: &Value) {
    if !value.as_text().is_some_and(|text| text.eq_ignore_ascii_case("never")) {
        duration(check, at, value, None);
    }
}
