//! One file, one or two documents: a header with `spec:`, and the configuration.
//!
//! GitLab cuts the text itself, at lines that start with `---` and white space, and gives every piece to Psych, which
//! reads the first document in it. So a piece may be anything but more than two of them are never looked at.
//!
//! Not here: what the header says (`inputs`).

use super::super::limits::FILE_BYTES_MAX;
use super::super::value::{Map, Value};
use super::{YamlError, loader, size};

/// How many documents a file may have: `MAX_DOCUMENTS`; one piece more, since a file may begin with `---`.
const PIECES_MAX: usize = 3;

/// A file, read.
#[derive(Debug)]
pub(crate) struct Document {
    /// The document with `spec`, where there is one.
    pub(crate) header: Option<Map>,
    /// The configuration; empty where the file is.
    pub(crate) content: Map,
}

/// Reads a file.
pub(crate) fn documents(bytes: &[u8]) -> Result<Document, YamlError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(YamlError::too_big());
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| in_text(bytes, error.valid_up_to(), "invalid UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut maps = Vec::new();
    let mut pieces: Vec<Value> = Vec::new();
    for (line, piece) in split(text) {
        pieces.push(loader::load(piece, line)?);
    }
    if pieces.first().is_some_and(Value::is_blank) {
        pieces.remove(0);
    }
    for piece in pieces.into_iter().filter(|piece| !piece.is_blank()) {
        size::check(&piece)?;
        let Value::Map(map) = piece else { return Err(YamlError::new("Invalid configuration format")) };
        maps.push((*map).clone());
    }
    let has_header = maps.len() > 1 && super::super::value::get(&maps[0], "spec").is_some();
    if has_header {
        let content = maps.pop().unwrap_or_default();
        return Ok(Document { header: maps.into_iter().next(), content });
    }
    Ok(Document { header: None, content: maps.into_iter().next().unwrap_or_default() })
}

/// Ruby's `split(/^---\s+/, 3)`: each piece with the number of its first line.
fn split(text: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut from, mut line) = (0, 0, 1);
    while pieces.len() + 1 < PIECES_MAX {
        let Some(at) = divider(text, from) else { break };
        let after = &text[at + 3..];
        let skipped = after.len() - after.trim_start_matches([' ', '\t', '\r', '\n', '\u{b}', '\u{c}']).len();
        pieces.push((line, &text[start..at]));
        line += text[start..at + 3 + skipped].matches('\n').count();
        start = at + 3 + skipped;
        from = start;
    }
    pieces.push((line, &text[start..]));
    pieces
}

/// Where the next `---` is that starts a line and has white space behind it.
fn divider(text: &str, from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + text.get(from..)?.find("---")?;
        let starts_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
        let white = matches!(text.as_bytes().get(at + 3), Some(b' ' | b'\t' | b'\r' | b'\n' | 0xb | 0xc));
        if starts_line && white {
            return Some(at);
        }
        from = at + 1;
    }
}

fn in_text(bytes: &[u8], at: usize, reason: &str) -> YamlError {
    let before = &bytes[..at];
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    YamlError::new(reason).at(line, column)
}
