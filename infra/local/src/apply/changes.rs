//! What applying changes of a project, one line a field. Secrets are compared and never shown.
//!
//! Not here: which projects there are (`plan`).

use std::collections::HashMap;
use std::convert::Infallible;

use config::Project;
use payload::Secret;
use toml::{Table, Value};

use crate::file::{ProjectEntry, Written, whole};
use crate::shown;

/// How much of a value is shown: what fits on a line beside another one.
const SHOWN_CHARS_MAX: usize = 60;

/// Stands at both ends of a secret's number in the text that stands for it; Unicode gives it no meaning.
const MARK: char = '\u{F8FF}';

/// What a secret is shown as.
const MASK: &str = "***";

/// The lines, such as `hook 2 (build server): timeout_s: 10 -> 20`. None if nothing changes.
pub(super) fn changes(before: &Project, after: &Project) -> Vec<String> {
    let mut secrets = Secrets::default();
    let (before, after) = (secrets.hide(before), secrets.hide(after));
    let mut lines = Vec::new();
    compare("", (&before, &after), &mut lines);
    lines
}

/// Gives equal secrets equal numbers, so that they can be compared where they cannot be seen.
#[derive(Default)]
struct Secrets(HashMap<String, usize>);

impl Secrets {
    fn hide(&mut self, project: &Project) -> Table {
        let mut number = |secret: Secret| {
            let next = self.0.len();
            let number = *self.0.entry(secret.expose().to_owned()).or_insert(next);
            let hidden = Written::Literal(Secret::new(format!("{MARK}{number}{MARK}")));
            Ok::<_, Infallible>(hidden)
        };
        match project.clone().try_map(&mut number) {
            Ok(hidden) => whole(&ProjectEntry::of(hidden)),
            Err(never) => match never {},
        }
    }
}

/// All fields of both, in their order.
fn compare(place: &str, (before, after): (&Table, &Table), lines: &mut Vec<String>) {
    let new = after.keys().filter(|key| !before.contains_key(key.as_str()));
    for key in before.keys().chain(new) {
        let (old, new) = (before.get(key), after.get(key));
        if old == new {
            continue;
        }
        match (old, new) {
            (Some(Value::Table(old)), Some(Value::Table(new))) => {
                compare(&format!("{place}{key}: "), (old, new), lines);
            }
            (Some(Value::Array(old)), Some(Value::Array(new))) if is_named(old) || is_named(new) => {
                compare_named(&format!("{place}{key}"), (old, new), lines);
            }
            (Some(Value::Array(old)), Some(Value::Array(new))) => {
                compare_lists(&format!("{place}{key}"), (old, new), lines);
            }
            _ => lines.push(format!("{place}{key}: {}", step(old, new))),
        }
    }
}

/// Whether its elements tell themselves apart: by number, id or name.
fn is_named(elements: &[Value]) -> bool {
    !elements.is_empty() && elements.iter().all(|element| name(element).is_some())
}

fn name(element: &Value) -> Option<String> {
    let table = element.as_table()?;
    let id = table.get("id").or_else(|| table.get("key"))?;
    Some(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
}

/// With what people call it.
fn title(element: &Value) -> String {
    let called = element.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let called = called.map(|name| format!(" ({})", shown::plain(name, false))).unwrap_or_default();
    format!("{}{called}", name(element).unwrap_or_default())
}

fn compare_named(place: &str, (before, after): (&[Value], &[Value]), lines: &mut Vec<String>) {
    let find =
        |all: &[Value], element: &Value| all.iter().find(|other| name(other) == name(element)).cloned();
    for old in before {
        match find(after, old) {
            None => lines.push(format!("{place} {}: removed", title(old))),
            Some(new) => {
                if let (Some(old), Some(fields)) = (old.as_table(), new.as_table()) {
                    compare(&format!("{place} {}: ", title(&new)), (old, fields), lines);
                }
            }
        }
    }
    let added = after.iter().filter(|new| find(before, new).is_none());
    lines.extend(added.map(|new| format!("{place} {}: added", title(new))));
}

/// What is new in a list and what is gone; if that says nothing, both as they are.
fn compare_lists(place: &str, (before, after): (&[Value], &[Value]), lines: &mut Vec<String>) {
    let gone = before.iter().filter(|old| !after.contains(old)).map(|old| (old, "-"));
    let new = after.iter().filter(|new| !before.contains(new)).map(|new| (new, "+"));
    let steps: Vec<_> = gone.chain(new).collect();
    if steps.is_empty() {
        lines.push(format!("{place}: in another order"));
    }
    lines.extend(steps.into_iter().map(|(value, sign)| format!("{place}: {sign} {}", in_words(value))));
}

fn step(old: Option<&Value>, new: Option<&Value>) -> String {
    let (old, new) = (old.map(in_words), new.map(in_words));
    match (old, new) {
        (Some(old), Some(new)) if old == new => format!("{new} changed"),
        (Some(old), Some(new)) => format!("{old} -> {new}"),
        (None, Some(new)) => format!("set to {new}"),
        (Some(old), None) => format!("{old} removed"),
        (None, None) => String::new(),
    }
}

/// A value on one line, cut, with the mask for every secret.
fn in_words(value: &Value) -> String {
    if let Some(table) = value.as_table() {
        let fields: Vec<_> =
            table.iter().map(|(key, value)| format!("{key} = {}", in_words(value))).collect();
        return format!("{{ {} }}", fields.join(", "));
    }
    let text = value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    let masked = masked(&text);
    let plain = shown::plain(&masked, false);
    if plain.chars().count() <= SHOWN_CHARS_MAX {
        return plain;
    }
    format!("{}...", plain.chars().take(SHOWN_CHARS_MAX).collect::<String>())
}

fn masked(text: &str) -> String {
    // Secrets are the pieces at odd places, between two marks.
    let pieces = text.split(MARK).enumerate();
    let shown: String = pieces.map(|(index, piece)| if index % 2 == 1 { MASK } else { piece }).collect();
    if shown == format!("'{MASK}'") { MASK.to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use config::ProjectId;

    use super::*;
    use crate::file::Syntax;

    const BEFORE: &str = r#"
        [[project]]
        path = "a/b"
        rate_limit = 60
        [project.source]
        id = "x"
        secrets = ["s3cret"]
        [project.irker]
        recipients = "irc://h/one?key=hunter2 irc://h/two"
        [[project.hook]]
        id = 1
        name = "ci"
        url = "https://ci.example.com/t0ken"
        custom_headers = [{ key = "X-Env", value = "test" }]
        [[project.hook]]
        id = 2
        url = "https://other.example.com/"
    "#;

    fn project(text: &str) -> Project {
        let entry = Syntax::Toml.read(text).unwrap().projects.remove(0);
        entry.project(ProjectId(1), None, "made-up".parse().unwrap()).unwrap()
    }

    fn check(replacements: &[(&str, &str)]) -> String {
        let mut after = BEFORE.to_owned();
        for (old, new) in replacements {
            assert!(after.contains(old), "{old}");
            after = after.replace(old, new);
        }
        let lines = changes(&project(BEFORE), &project(&after)).join("\n");
        for secret in ["s3cret", "hunter2", "t0ken", "n3w"] {
            assert!(!lines.contains(secret), "{lines}");
        }
        lines
    }

    #[test]
    fn what_is_the_same_is_no_change() {
        assert_eq!(check(&[]), "");
        assert_eq!(check(&[("path = \"a/b\"", "path = \"a/b\"\n# as before")]), "");
    }

    #[test]
    fn each_field_that_changes_has_its_line() {
        insta::assert_snapshot!(check(&[
            ("rate_limit = 60", ""),
            ("id = \"x\"", "id = \"x\"\nforge = \"github\""),
            ("name = \"ci\"", "name = \"ci\"\ntimeout_s = 20\nformat = \"gitlab\"\nissues_events = true\nbranches = [\"main\"]"),
        ]), @r"
        rate_limit: 60 removed
        source: forge: 'auto' -> 'github'
        hook 1 (ci): format: 'passthrough' -> 'gitlab'
        hook 1 (ci): timeout_s: 10 -> 20
        hook 1 (ci): branches: + 'main'
        hook 1 (ci): issues_events: false -> true
        ");
    }

    #[test]
    fn secrets_are_only_said_to_change() {
        insta::assert_snapshot!(check(&[
            ("s3cret\"", "n3w\""),
            ("key=hunter2", "key=n3w"),
            ("/t0ken", "/n3w"),
            ("value = \"test\"", "value = \"n3w\""),
            ("url = \"https://other.example.com/\"", "url = \"https://other.example.com/\"\ntoken = \"n3w\""),
        ]), @r"
        source: secrets: - ***
        source: secrets: + ***
        irker: recipients: - 'irc://h:6667/one?key=***'
        irker: recipients: + 'irc://h:6667/one?key=***'
        hook 1 (ci): url: *** changed
        hook 1 (ci): custom_headers X-Env: value: *** changed
        hook 2: token: set to ***
        ");
    }

    #[test]
    fn parts_come_and_go() {
        insta::assert_snapshot!(check(&[
            ("irc://h/two", "irc://h/three irc://h/four"),
            ("id = 2", "id = 3\nname = \"chat\\u001b\""),
        ]), @r"
        irker: recipients: - 'irc://h:6667/two'
        irker: recipients: + 'irc://h:6667/three'
        irker: recipients: + 'irc://h:6667/four'
        hook 2: removed
        hook 3 (chat\u{1b}): added
        ");
    }
}
