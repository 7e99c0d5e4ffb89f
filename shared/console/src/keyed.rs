//! Secrets with a name, as one types them: `name: value` a line. What is stored is shown as `name: ***`, and what comes
//! back so is kept.
//!
//! Not here: which names and values are valid (`config`).

use config::{KeyedSecret, MASK};

use crate::form::excerpt;

/// Whether a value stood for what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IsStored(pub(crate) bool);

/// As they are shown.
pub(crate) fn masked(secrets: &[KeyedSecret]) -> String {
    secrets.iter().map(|secret| format!("{}: {MASK}", secret.key)).collect::<Vec<_>>().join("\n")
}

/// Reads them; a mask stands for the value that is stored under that name.
pub(crate) fn read(text: &str, stored: &[KeyedSecret]) -> Result<Vec<(KeyedSecret, IsStored)>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| one(line, stored)).collect()
}

fn one(line: &str, stored: &[KeyedSecret]) -> Result<(KeyedSecret, IsStored), String> {
    // What stands behind the colon may be a secret, and without one, all of it.
    let (key, value) = line.split_once(':').ok_or("each line is a name, a colon and a value")?;
    let (key, value) = (key.trim(), value.trim());
    if value != MASK {
        return Ok((KeyedSecret::new(key, value), IsStored(false)));
    }
    let known = stored.iter().find(|secret| secret.key == key).cloned();
    known
        .map(|secret| (secret, IsStored(true)))
        .ok_or_else(|| format!("no value is stored for '{}'", excerpt(key)))
}
