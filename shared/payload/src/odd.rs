//! For the tests of the forges' modules: payloads with one field of another type than it should have.
//!
//! Not here: bytes that are no JSON (the property in `lib`).

use serde_json::{Value, json};

use crate::Parsed;

/// As far down as anything is read.
const DEPTH_MAX: usize = 4;

/// An event whose fields are odd one after the other: each costs its own fact at the most, but for those `needed`,
/// without which there is nothing to tell.
pub(crate) fn costs_no_event(body: &str, needed: &[&str], parse: impl Fn(&[u8]) -> Parsed) {
    let mut body: Value = serde_json::from_str(body).unwrap();
    let mut pointers = Vec::new();
    collect(&body, "", &mut pointers);
    for needed in needed {
        assert!(pointers.iter().any(|pointer| pointer == needed), "{needed} is not in the payload");
    }
    for pointer in pointers {
        let is_needed = needed.contains(&pointer.as_str());
        let mut is_missed = false;
        for odd in [json!(null), json!(-7), json!("odd"), json!(true), json!([{}, 1]), json!({})] {
            let whole = std::mem::replace(body.pointer_mut(&pointer).unwrap(), odd);
            let parsed = parse(&serde_json::to_vec(&body).unwrap());
            *body.pointer_mut(&pointer).unwrap() = whole;
            if let Parsed::Ignored { reason } = parsed {
                assert!(is_needed && !reason.contains("shape"), "{pointer}: {reason}");
                is_missed = true;
            }
        }
        assert_eq!(is_needed, is_missed, "{pointer}");
    }
}

/// How to reach each value, but for those in the many copies of accounts, and the addresses of GitHub's API.
fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, within)| (key.replace('/', "~1"), within)).collect()
        }
        Value::Array(elements) => elements.iter().take(1).map(|within| ("0".to_owned(), within)).collect(),
        _ => return,
    };
    for (key, within) in entries.iter().filter(|(key, _)| !key.ends_with("_url") || key == "html_url") {
        let path = format!("{path}/{key}");
        let depth = path.matches('/').count();
        let is_account = ["login", "nickname", "emailAddress"].iter().any(|key| within.get(key).is_some());
        if depth < DEPTH_MAX && !(is_account && depth > 1) {
            collect(within, &path, found);
        }
        found.push(path);
    }
}
