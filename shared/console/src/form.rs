//! What a browser sends with a form, and what is wrong with it.
//!
//! Not here: how a field looks (`field`), what a form means (each page's own module).

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::refusal::sentence;

/// How large a form may be, in bytes: the largest has fifteen templates of 4 KiB, each byte of which may take three.
pub(crate) const FORM_BYTES_MAX: usize = 512 * 1024;

/// How many fields a form may have: the longest has about a hundred.
const FIELDS_MAX: usize = 500;

/// A form's fields, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads what a browser sends, a query or a body; what is too much is left out.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().take(FIELDS_MAX).collect())
    }

    /// A field's text, without white space at its ends; empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field's text as it was typed, with one kind of line end.
    pub(crate) fn lines(&self, name: &str) -> String {
        self.raw(name).replace("\r\n", "\n")
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether a box is ticked.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A field's text, unless it is empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }
}

/// What is wrong with a form, by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems(BTreeMap<String, String>);

impl Problems {
    /// Notes a field's problem, unless it has one already.
    pub(crate) fn add(&mut self, field: &str, problem: impl Display) {
        self.0.entry(field.to_owned()).or_insert_with(|| sentence(&problem));
    }

    /// The value, or its problem noted.
    pub(crate) fn take<T, E: Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(field, error)).ok()
    }

    /// A field's problem.
    pub(crate) fn of(&self, field: &str) -> Option<String> {
        self.0.get(field).cloned()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, for the top of the page.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(field, problem)| (field.clone(), problem.clone())).collect()
    }
}

/// A number between others, or a sentence that says so.
pub(crate) fn number<T: std::str::FromStr>(text: &str, bounds: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("'{}' is no number from {bounds}", excerpt(text)))
}

/// The beginning of what somebody typed, so that a sentence stays one.
pub(crate) fn excerpt(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    let mut start: String = text.chars().take(SHOWN_MAX).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
