//! What a request says: its query and its body, JSON or a form, as one map of names and values.
//!
//! Forms and queries name what is nested as Rails does: `url_variables[][key]=token`.
//!
//! Not here: which names there are (`fields`).

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// How many names a form may have: more than any route has, nested ones included.
const NAMES_MAX: usize = 1_000;

/// How deep a form's names may be nested: `custom_headers[][key]` has two.
const DEPTH_MAX: usize = 4;

/// Everything that a request says. The body has the last word.
pub(crate) fn read(query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let mut said = form(query.as_bytes())?;
    said.extend(body_of(headers, body)?);
    Ok(said)
}

fn body_of(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => form(body),
        // Some say nothing of what they send, and it is always JSON.
        "application/json" | "" => match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(Refusal::Body("the body is no JSON object")),
            Err(_) => Err(Refusal::Body("the body is not valid JSON")),
        },
        _ => Err(Refusal::ContentType),
    }
}

fn form(text: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let mut map = Map::new();
    for (count, (name, value)) in form_urlencoded::parse(text).enumerate() {
        if count >= NAMES_MAX {
            return Err(Refusal::Body("the form has too many fields"));
        }
        let path: Vec<_> = name.split('[').map(|part| part.trim_end_matches(']')).collect();
        if path.len() > DEPTH_MAX {
            return Err(Refusal::Body("the form is nested too deeply"));
        }
        let (first, rest) = (path[0].to_owned(), &path[1..]);
        put(map.entry(first).or_insert(Value::Null), rest, &value);
    }
    Ok(map)
}

/// Puts a value where a path leads: an empty name is the next of a list, and a list's last object is filled until it has
/// the name.
fn put(place: &mut Value, path: &[&str], value: &str) {
    match path {
        [] => *place = Value::String(value.to_owned()),
        ["", rest @ ..] => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(list) = place else { return };
            let is_open = match (list.last(), rest.first()) {
                (Some(Value::Object(open)), Some(name)) => !open.contains_key(*name),
                _ => false,
            };
            if !is_open {
                list.push(Value::Null);
            }
            if let Some(last) = list.last_mut() {
                put(last, rest, value);
            }
        }
        [name, rest @ ..] => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Value::Object(map) = place {
                put(map.entry((*name).to_owned()).or_insert(Value::Null), rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_rails_reads_it() {
        let read = form(b"url=http%3A%2F%2Fh%2F&url_variables[][key]=a&url_variables[][value]=1&url_variables[][key]=b&url_variables[][value]=2&list[]=x&list[]=y").unwrap();
        insta::assert_snapshot!(Value::Object(read), @r#"{"list":["x","y"],"url":"http://h/","url_variables":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}"#);
    }

    #[test]
    fn a_form_that_wants_too_much_is_refused() {
        assert!(form(b"a[b][c][d][e]=1").is_err());
        assert!(form("a=1&".repeat(NAMES_MAX + 1).as_bytes()).is_err());
        assert!(form(b"]=1&[=2&[]=3&=4").is_ok());
    }
}
