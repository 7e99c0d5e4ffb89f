//! For the tests of the forges' modules: payloads with one field of another type than it should have.
//!
//! Not here: bytes that are no JSON (the property in `lib`).

use serde_json::{Value, json};

use crate::Parsed;

/// As far down as anything is read.
const DEPTH_MAX: usize = 4;

/// An event whose fields are odd one after the other: each costs its own fact at the most. What the whole event is about
/// stands at the top, and a push's refs lie deeper.
pub(crate) fn costs_no_event(name: &str, body: &str, parse: impl Fn(&str) -> Parsed) {
    let body: Value = serde_json::from_str(body).unwrap();
    let mut pointers = Vec::new();
    collect(&body, "", &mut pointers);
    let is_told = matches!(parse(&body.to_string()), Parsed::Events(_));
    let is_push = name.contains("push") || name.contains("refs_changed");
    for pointer in pointers {
        for odd in [Value::Null, json!(-7), json!("odd"), json!([{}, 1]), json!({})] {
            let mut odder = body.clone();
            *odder.pointer_mut(&pointer).unwrap() = odd;
            let parsed = parse(&odder.to_string());
            let is_deep = pointer.matches('/').count() > 1;
            match &parsed {
                Parsed::Ignored { reason } => {
                    assert!(!reason.contains("shape"), "{name}{pointer}: {parsed:?}");
                    assert!(!is_told || is_push || !is_deep, "{name}{pointer}: {parsed:?}");
                }
                Parsed::Events(events) => assert!(!events.is_empty(), "{name}{pointer}"),
            }
        }
    }
}

/// How to reach each value, but for those in the many copies of accounts.
fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, within)| (key.clone(), within)).collect(),
        Value::Array(elements) => elements.iter().take(1).map(|within| ("0".to_owned(), within)).collect(),
        _ => return,
    };
    for (key, within) in entries {
        let path = format!("{path}/{key}");
        let depth = path.matches('/').count();
        let is_account = ["login", "nickname", "emailAddress"].iter().any(|key| within.get(key).is_some());
        if depth < DEPTH_MAX && !(is_account && depth > 1) {
            collect(within, &path, found);
        }
        found.push(path);
    }
}
