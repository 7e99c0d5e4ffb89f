//! An entry without what is as by default: what a person would have written.
//!
//! The defaults are not listed here a second time: they are what becomes of the smallest project that can be written.

use config::ProjectId;
use payload::Secret;
use toml::{Table, Value};

use super::{ProjectEntry, Syntax, Written};

/// A project of everything, in which nothing is said that may be left out.
const SMALLEST: &str = r#"
    [[project]]
    path = "-"
    [project.source]
    [project.irker]
    recipients = ""
    [[project.hook]]
    url = "-"
    [[project.command]]
    id = "-"
    platform = "slack"
    [[project.command.rule]]
    [[project.command.rule.schema]]
    name = "-"
    [project.jobs]
    executor = "local"
    repository = "-"
    [project.gitlab]
    url = "https://gitlab.example.net"
    token = "-"
"#;

/// What is always said, also if it is as in [`SMALLEST`].
const ALWAYS_SAID: [&str; 8] =
    ["path", "recipients", "url", "id", "platform", "executor", "repository", "token"];

/// Everything that an entry says.
#[expect(clippy::expect_used, reason = "entries are structs of texts and numbers, which always serialise")]
pub(crate) fn whole(entry: &ProjectEntry) -> Table {
    Table::try_from(entry).expect("an entry serialises")
}

/// What it has to say.
pub(crate) fn sparse(entry: &ProjectEntry) -> Table {
    let mut table = whole(entry);
    without(&mut table, &defaults());
    table
}

#[expect(clippy::expect_used, reason = "SMALLEST is a constant, which a test reads as well")]
fn defaults() -> Table {
    let mut smallest = Syntax::Toml.read(SMALLEST).expect("it is a file");
    let entry = smallest.projects.remove(0);
    let source = "-".parse().expect("it is an id");
    let project = entry.project(ProjectId(0), None, source).expect("it is a project");
    let written =
        project.try_map(&mut |secret: Secret| Ok::<_, std::convert::Infallible>(Written::Literal(secret)));
    match written {
        Ok(written) => whole(&ProjectEntry::of(written)),
        Err(never) => match never {},
    }
}

/// Takes out of a table what another one says as well.
fn without(table: &mut Table, defaults: &Table) {
    table.retain(|key, value| {
        let Some(default) = defaults.get(key) else { return true };
        match (&mut *value, default) {
            (Value::Table(table), Value::Table(defaults)) if !defaults.is_empty() => {
                without(table, defaults);
                true
            }
            (Value::Array(elements), Value::Array(defaults)) => match defaults.first() {
                Some(Value::Table(defaults)) => {
                    for element in elements.iter_mut() {
                        if let Value::Table(element) = element {
                            without(element, defaults);
                        }
                    }
                    !elements.is_empty()
                }
                _ => ALWAYS_SAID.contains(&key) || elements != defaults,
            },
            (value, default) => ALWAYS_SAID.contains(&key) || value != default,
        }
    });
}
