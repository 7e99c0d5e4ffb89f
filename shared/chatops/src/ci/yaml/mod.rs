//! `.gitlab-ci.yml` as GitLab reads it: Ruby's Psych with `safe_load`, symbols and aliases allowed.
//!
//! The parser is `libyaml-safer`, for its events: libyaml, which Psych runs, line by line in safe Rust, so that a text is
//! taken or refused where GitLab's is (YAML 1.2 parsers are stricter with quotes and brackets that begin further left, and
//! end a block differently at the end of a file). No crate reads scalars, merge keys, doubled keys and `!reference` as
//! Psych does, so everything behind the events is done here; the tests hold it to Psych's own answers.
//!
//! Not here: what a configuration means. A document is a value.

mod documents;
mod loader;
mod scalar;
mod size;

pub(crate) use documents::{Document, documents};

/// Why a text is not taken, with its place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// GitLab's wording where it has one.
    pub(crate) reason: String,
    /// From 1, where known.
    pub(crate) line: Option<usize>,
    /// From 1, where known.
    pub(crate) column: Option<usize>,
}

impl YamlError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), line: None, column: None }
    }

    fn at(self, line: usize, column: usize) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }

    fn too_big() -> Self {
        Self::new("The parsed YAML is too big")
    }
}

#[cfg(test)]
mod tests;
