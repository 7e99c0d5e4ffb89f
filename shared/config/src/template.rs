//! The body of a hook in words of its own: GitLab's custom webhook template
//! (<https://docs.gitlab.com/user/project/integrations/webhooks/#custom-webhook-template>).
//!
//! `{{object_attributes.title}}` stands for a field of the payload: a text is escaped for the quotes that stand around it
//! in the template, anything else is written as JSON, whole lists and objects included, and what is not there is `null`.
//! All of that is GitLab's, since 18.6. Beyond it, a number names an element of a list (`{{commits.0.title}}`), and
//! blanks inside the braces mean nothing.
//!
//! Not here: which payload it is (`relay`).

use std::io::{self, Write};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::{RENDERED_BYTES_MAX, TEMPLATE_CHARS_MAX};

/// A template, checked when it is configured and not when it is read from where it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(String);

/// Why a template makes no body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Nothing, or more than GitLab allows.
    #[error("a template has 1 to {TEMPLATE_CHARS_MAX} characters")]
    Length,
    /// Often a text without quotes around it.
    #[error("what the template makes is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// In the body that it made, from 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// It repeats a large payload.
    #[error("what the template makes has more than {RENDERED_BYTES_MAX} bytes")]
    TooLarge,
}

/// Fields that GitLab's payloads have, of the types that they have. A template that names a text without quotes is found
/// out by it before the first event comes.
const SAMPLE: &str = r#"{
    "object_kind": "push", "event_name": "push", "event_type": "push", "action": "create",
    "before": "95790bf8", "after": "da156088", "checkout_sha": "da156088", "ref": "refs/heads/main",
    "message": "text", "tag": "v1.0", "name": "text", "description": "text", "url": "https://example.com/",
    "user_id": 4, "user_name": "John Smith", "user_username": "jsmith", "project_id": 15, "total_commits_count": 1,
    "user": {"id": 4, "name": "John Smith", "username": "jsmith"},
    "project": {"id": 15, "name": "Diaspora", "web_url": "https://example.com/mike/diaspora",
        "path_with_namespace": "mike/diaspora", "default_branch": "main", "visibility_level": 0},
    "repository": {"name": "Diaspora", "homepage": "https://example.com/mike/diaspora"},
    "commits": [{"id": "da156088", "message": "text", "title": "text", "timestamp": "2026-01-02T03:04:05+00:00",
        "url": "https://example.com/", "author": {"name": "John Smith"}, "added": [], "modified": [], "removed": []}],
    "object_attributes": {"id": 7, "iid": 23, "title": "text", "name": "text", "description": "text", "note": "text",
        "state": "opened", "status": "success", "action": "open", "ref": "main", "sha": "da156088",
        "url": "https://example.com/", "source_branch": "wip", "target_branch": "main"},
    "build_name": "test", "build_stage": "test", "build_status": "success", "environment": "production",
    "status": "success", "labels": [], "assignees": []
}"#;

impl Template {
    /// Takes a text. [`Self::check`] tells whether it is any good.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it makes JSON of a payload as GitLab sends them.
    pub fn check(&self) -> Result<(), TemplateError> {
        if !(1..=TEMPLATE_CHARS_MAX).contains(&self.0.chars().count()) {
            return Err(TemplateError::Length);
        }
        // The sample is JSON, as every test of this module would tell.
        let sample = serde_json::from_str(SAMPLE).unwrap_or_default();
        self.render(&sample).map(drop)
    }

    /// What it makes of a payload: always valid JSON.
    pub fn render(&self, payload: &Value) -> Result<Vec<u8>, TemplateError> {
        let mut out = Bounded(Vec::new());
        let mut rest = self.0.as_str();
        while let Some((before, path, behind)) = next_field(rest) {
            out.text(before)?;
            out.value(payload_field(payload, path))?;
            rest = behind;
        }
        out.text(rest)?;
        match serde_json::from_slice::<IgnoredAny>(&out.0) {
            Ok(_) => Ok(out.0),
            Err(error) => Err(TemplateError::NotJson { line: error.line(), column: error.column() }),
        }
    }
}

/// What stands before the first field, its path, and what stands behind it. GitLab's `{{(.+?)}}`: at least one
/// character, on one line.
fn next_field(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let begin = from + text[from..].find("{{")?;
        let inner = &text[begin + 2..];
        let first = inner.chars().next()?.len_utf8();
        let length = first + inner[first..].find("}}")?;
        if !inner[..length].contains('\n') {
            return Some((&text[..begin], inner[..length].trim(), &inner[length + 2..]));
        }
        from = begin + 1;
    }
}

fn payload_field<'a>(payload: &'a Value, path: &str) -> &'a Value {
    let step = |value: &'a Value, name: &str| match value {
        Value::Object(fields) => fields.get(name),
        Value::Array(elements) => elements.get(name.parse::<usize>().ok()?),
        _ => None,
    };
    path.split('.').try_fold(payload, step).unwrap_or(&Value::Null)
}

/// Ends before it holds more than a body may have.
struct Bounded(Vec<u8>);

impl Bounded {
    fn text(&mut self, text: &str) -> Result<(), TemplateError> {
        self.write_all(text.as_bytes()).map_err(|_| TemplateError::TooLarge)
    }

    fn value(&mut self, value: &Value) -> Result<(), TemplateError> {
        let begin = self.0.len();
        serde_json::to_writer(&mut *self, value).map_err(|_| TemplateError::TooLarge)?;
        if value.is_string() {
            // The quotes are the template's.
            self.0.pop();
            self.0.remove(begin);
        }
        Ok(())
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > RENDERED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(template: &str) -> String {
        let payload = json!({
            "object_kind": "push",
            "user_name": "John \"Jo\" Smith\n",
            "total": 2,
            "user": {"bot": false, "mail": null},
            "commits": [{"title": "one"}, {"title": "ü\\"}],
        });
        match Template::new(template).render(&payload) {
            Ok(body) => String::from_utf8(body).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_text_is_escaped_and_the_rest_is_json() {
        assert_eq!(check(r#"{"text":"{{user_name}} did"}"#), r#"{"text":"John \"Jo\" Smith\n did"}"#);
        assert_eq!(check(r#"{"n":{{total}},"b":{{user.bot}}}"#), r#"{"n":2,"b":false}"#);
        assert_eq!(check(r#"{"c":{{commits}}}"#), r#"{"c":[{"title":"one"},{"title":"ü\\"}]}"#);
        assert_eq!(check(r#"["{{commits.1.title}}",{{user}}]"#), r#"["ü\\",{"bot":false,"mail":null}]"#);
    }

    #[test]
    fn what_is_not_there_is_null_as_in_gitlab() {
        assert_eq!(
            check("[{{nobody}},{{user.mail}},{{user.mail.host}},{{total.x}}]"),
            "[null,null,null,null]"
        );
        assert_eq!(
            check(r#"[{{commits.2.title}},{{commits.x}},{{commits.-1}},"{{a}}"]"#),
            r#"[null,null,null,"null"]"#
        );
    }

    #[test]
    fn braces_that_name_nothing_are_left_alone() {
        assert_eq!(check(r#"{"a":{"b":{{ total }}}}"#), r#"{"a":{"b":2}}"#);
        assert_eq!(check("{\"a\":{\n\"b\":[{}]}}"), "{\"a\":{\n\"b\":[{}]}}");
        assert_eq!(check(r#"["{{}}","{{total"]"#), r#"["{{}}","{{total"]"#);
    }

    #[test]
    fn what_makes_no_json_says_where() {
        insta::assert_snapshot!(check(r#"{"kind": {{object_kind}}}"#), @"what the template makes is not valid JSON (line 1, column 10)");
        let refused = |text: &str| Template::new(text).check();
        assert!(matches!(refused(r#"{"kind": {{object_kind}}}"#), Err(TemplateError::NotJson { .. })));
        assert!(matches!(refused("hello"), Err(TemplateError::NotJson { .. })));
        assert_eq!(refused(""), Err(TemplateError::Length));
        assert_eq!(refused(&format!("\"{}\"", "ü".repeat(4095))), Err(TemplateError::Length));
        assert_eq!(refused(&format!("\"{}\"", "ü".repeat(4094))), Ok(()));
        assert_eq!(
            refused(r#"{"n":{{project_id}},"t":"{{commits.0.title}}","of tomorrow":{{x.y}}}"#),
            Ok(())
        );
    }

    #[test]
    fn a_large_payload_is_not_repeated_without_end() {
        let payload = json!({ "text": "x".repeat(1024 * 1024) });
        let template = Template::new(format!("[{}0]", "{{text}},".repeat(400)));
        assert_eq!(template.render(&payload), Err(TemplateError::TooLarge));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ab.{}]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_template_over_any_json_is_survived(text in r#"([{}ab.0"\n, :ü]|\{\{)*"#, payload in any_json()) {
            let template = Template::new(text);
            let _ = template.check();
            if let Ok(body) = template.render(&payload) {
                prop_assert!(body.len() <= RENDERED_BYTES_MAX);
                prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
            }
        }

        #[test]
        fn any_text_survives_its_quotes(text: String) {
            let body = Template::new(r#"{"a":"<{{a}}>"}"#).render(&json!({ "a": text })).unwrap();
            let read: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(&read["a"], &Value::from(format!("<{text}>")));
        }
    }
}
