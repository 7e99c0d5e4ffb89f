//! Which job names and which arguments a rule is about. Both patterns have to fit the whole text, so that a forgotten
//! anchor opens nothing.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_COMPILED_BYTES_MAX};

/// A job's name, in which `*` stands for any text: `deploy-*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct JobPattern(Expression);

/// A regular expression (RE2's syntax: no look-around, no back-references, time linear in the text) for the arguments
/// as the job will get them, empty if there are none. A dot fits no line break unless it says `(?s)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ArgumentPattern(Expression);

/// Why a pattern is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Empty or endless.
    #[error("a pattern has 1 to {PATTERN_BYTES_MAX} bytes")]
    Length,
    /// A name that no command can carry.
    #[error("'{0}' fits no job that chat can run: a name has no spaces there and does not begin with a dot")]
    Job(String),
    /// No regular expression.
    #[error("'{0}' is no regular expression that is understood here (RE2's syntax)")]
    Regex(String),
}

impl JobPattern {
    /// Whether a job's name fits.
    pub fn fits(&self, job: &str) -> bool {
        self.0.matcher.is_match(job)
    }
}

impl ArgumentPattern {
    /// Whether the arguments fit.
    pub fn fits(&self, arguments: &str) -> bool {
        self.0.matcher.is_match(arguments)
    }
}

impl TryFrom<String> for JobPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with('.') || text.contains(char::is_whitespace) {
            return Err(PatternError::Job(text));
        }
        let parts: Vec<_> = text.split('*').map(regex::escape).collect();
        let expression = parts.join(".*");
        Expression::new(text, &format!("(?s:{expression})")).map(Self)
    }
}

impl TryFrom<String> for ArgumentPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // Read alone first: `a)|(b` would be an expression only within the brackets that are put around it.
        Regex::new(&text).map_err(|_| PatternError::Regex(text.clone()))?;
        let whole = format!("(?:{text})");
        Expression::new(text, &whole).map(Self)
    }
}

impl From<JobPattern> for String {
    fn from(pattern: JobPattern) -> Self {
        pattern.0.text
    }
}

impl From<ArgumentPattern> for String {
    fn from(pattern: ArgumentPattern) -> Self {
        pattern.0.text
    }
}

/// As it was written, and ready to be compared with.
#[derive(Clone)]
struct Expression {
    text: String,
    matcher: Regex,
}

impl Expression {
    fn new(text: String, expression: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::Length);
        }
        let whole = format!(r"\A{expression}\z");
        let matcher = RegexBuilder::new(&whole).size_limit(PATTERN_COMPILED_BYTES_MAX).build();
        match matcher {
            Ok(matcher) => Ok(Self { text, matcher }),
            Err(_) => Err(PatternError::Regex(text)),
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}
