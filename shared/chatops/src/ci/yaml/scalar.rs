//! What a plain scalar is: Psych's `ScalarScanner#tokenize`, its order and its quirks.
//!
//! `yes` is true, `0755` is 493, `1_000` and `1,000` are 1000, `1:30` is 5400, `1e3` is text (its floats have a point),
//! and dates and times are refused, since GitLab permits no such class.
//!
//! Not here: quotes and tags, which come before (`loader`).

use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::value::Value;

pattern!(
    TIME,
    r"^-?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t\r\n\f\v]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t\r\n\f\v]*(?:Z|[-+][0-9]{1,2}:?(?:[0-9]{2})?))?$"
);
pattern!(DATE, r"^[0-9]{4}-(?:1[012]|0[0-9]|[0-9])-(?:[12][0-9]|3[01]|0[0-9]|[0-9])$");
pattern!(SEXAGESIMAL, r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}$");
pattern!(SEXAGESIMAL_FLOAT, r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}\.[0-9_]*$");
pattern!(FLOAT, r"^(?:[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)?)$");
pattern!(
    INTEGER,
    r"^(?:[-+]?0b[0-1_,]+|[-+]?0[0-7_,]+|[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|[-+]?0x[0-9a-fA-F_,]+)$"
);

/// A class that GitLab does not permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disallowed(pub(crate) &'static str);

/// The value of a plain scalar.
pub(crate) fn resolve(text: &str) -> Result<Value, Disallowed> {
    if text.is_empty() {
        return Ok(Value::Nil);
    }
    if is_wordy(text) {
        return Ok(word(text));
    }
    if TIME.is_match(text) {
        return Err(Disallowed("Time"));
    }
    if DATE.is_match(text) {
        return Err(Disallowed("Date"));
    }
    if let Some(number) = special_float(text) {
        return Ok(Value::Float(number));
    }
    if let Some(rest) = text.strip_prefix(':').filter(|rest| !rest.is_empty()) {
        return Ok(Value::Symbol(symbol(rest).into()));
    }
    if SEXAGESIMAL.is_match(text) {
        return Ok(sexagesimal(text));
    }
    if SEXAGESIMAL_FLOAT.is_match(text) {
        return Ok(sexagesimal_float(text));
    }
    if FLOAT.is_match(text) {
        return Ok(float(text));
    }
    if INTEGER.is_match(text) {
        return Ok(integer(text));
    }
    Ok(Value::text(text))
}

/// Psych's first look: does it begin like a word (after one character that begins no number)?
fn is_wordy(text: &str) -> bool {
    let in_word = |c: char| c.is_alphabetic() || " \t\r\n\u{b}\u{c}_!@#$%^&*(){}<>|/\\~;=".contains(c);
    let begins_no_number = |c: char| !c.is_ascii_digit() && !".:-".contains(c);
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    first.is_some_and(in_word)
        || (first.is_some_and(begins_no_number) && second.is_some_and(in_word))
        || text.contains('\n')
}

/// Words of more than five characters are text before anything else is asked.
fn word(text: &str) -> Value {
    const LONGEST_SPECIAL_WORD: usize = 5;
    if text.chars().count() > LONGEST_SPECIAL_WORD {
        return Value::text(text);
    }
    match text.to_ascii_lowercase().as_str() {
        "~" | "null" => Value::Nil,
        "yes" | "true" | "on" => Value::Bool(true),
        "no" | "false" | "off" => Value::Bool(false),
        _ => Value::text(text),
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        ".inf" | "+.inf" => Some(f64::INFINITY),
        "-.inf" => Some(f64::NEG_INFINITY),
        ".nan" => Some(f64::NAN),
        _ => None,
    }
}

/// `:name`, `:"name"`, `:'name'`.
fn symbol(rest: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = rest.strip_prefix(quote)
            && let Some(end) = inner.rfind(quote)
        {
            return inner[..end].strip_prefix(':').unwrap_or(&inner[..end]);
        }
    }
    rest
}

/// Whatever stands first counts sixty times sixty: `1:30` is an hour and a half.
fn sexagesimal(text: &str) -> Value {
    let mut sum = 0_i128;
    for (index, part) in text.split(':').enumerate() {
        let digits: String = part.chars().filter(|c| *c != '_').collect();
        let number: i128 = digits.parse().unwrap_or(0);
        sum = sum.saturating_add(number.saturating_mul(weight(index)));
    }
    Value::Int(sum)
}

fn sexagesimal_float(text: &str) -> Value {
    let mut sum = 0.0;
    for (index, part) in text.split(':').enumerate() {
        let digits: String = part.chars().filter(|c| *c != '_').collect();
        let number: f64 = digits.parse().unwrap_or(0.0);
        #[expect(clippy::cast_precision_loss, reason = "3600 at the most")]
        let weight = weight(index) as f64;
        sum += number * weight;
    }
    Value::Float(sum)
}

fn weight(index: usize) -> i128 {
    [3600, 60, 1].get(index).copied().unwrap_or(60)
}

fn float(text: &str) -> Value {
    if matches!(text, "." | "+." | "-.") {
        return Value::text(text);
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    digits.parse().map_or_else(|_| Value::text(text), Value::Float)
}

/// `Integer(text)` without commas and underscores. One beyond 128 bits stays text, which prints the same.
fn integer(text: &str) -> Value {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    let (negative, size) = match digits.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let parsed = if let Some(hex) = size.strip_prefix("0x") {
        i128::from_str_radix(hex, 16)
    } else if let Some(binary) = size.strip_prefix("0b") {
        i128::from_str_radix(binary, 2)
    } else if size.len() > 1 && size.starts_with('0') {
        i128::from_str_radix(&size[1..], 8)
    } else {
        size.parse()
    };
    parsed.map_or_else(
        |_| Value::Text(digits.into()),
        |number| Value::Int(if negative { -number } else { number }),
    )
}
