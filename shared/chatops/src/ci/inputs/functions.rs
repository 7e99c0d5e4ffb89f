//! `expand_vars`, `truncate(from, length)`, `posix_escape` and `split('by')`: what a block may do with its value, if that is text.
//!
//! Not here: masked variables, of which a chat pipeline's rules see none.

use std::sync::LazyLock;

use regex::Regex;

use super::super::constant::pattern;
use super::super::expression::Variables;
use super::super::value::Value;
use super::super::variables;

pattern!(TRUNCATE, r"^truncate\([ \t]*([0-9]+)[ \t]*,[ \t]*([0-9]+)[ \t]*\)?$");

pattern!(SPLIT, r"^split\('([^']*)'\)$");

/// One function on one value, or GitLab's sentence.
pub(super) fn call(function: &str, value: &Value, variables: &Variables) -> Result<Value, String> {
    if let Some(arguments) = TRUNCATE.captures(function) {
        let number = |index: usize| arguments[index].parse::<usize>().unwrap_or(usize::MAX);
        let text = text_of(value, "truncate")?;
        return Ok(Value::text(&text.chars().skip(number(1)).take(number(2)).collect::<String>()));
    }
    if let Some(arguments) = SPLIT.captures(function) {
        let text = text_of(value, "split")?;
        if arguments[1].is_empty() {
            return Err("error in `split` function: invalid argument: separator cannot be empty".to_owned());
        }
        let parts = text.split(&arguments[1]).map(str::trim).filter(|part| !part.is_empty());
        return Ok(Value::list(parts.map(Value::text).collect()));
    }
    match function {
        "expand_vars" => {
            Ok(Value::text(&variables::expand_existing(text_of(value, "expand_vars")?, variables)))
        }
        "posix_escape" => Ok(Value::text(&shell_escape(text_of(value, "posix_escape")?))),
        _ => Err(format!(
            "no function matching `{function}`: check that the function name, arguments, and types are correct"
        )),
    }
}

fn text_of<'a>(value: &'a Value, function: &str) -> Result<&'a str, String> {
    value.as_text().map(|text| &**text).ok_or_else(|| {
        format!("error in `{function}` function: invalid input type: {function} can only be used with string inputs")
    })
}

/// Ruby's `Shellwords.shellescape`.
fn shell_escape(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if c == '\n' {
            out.push_str("'\n'");
            continue;
        }
        if !c.is_ascii_alphanumeric() && !"_-.,:+/@".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
