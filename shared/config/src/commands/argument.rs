//! The arguments that a job understands, in the words of GitLab's `spec:inputs`
//! (<https://docs.gitlab.com/ci/inputs/>): `string`, `number`, `boolean`.
//!
//! Not here: reading what was typed (`chatops::access`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::RuleError;
use crate::limits::{ARGUMENT_NAME_BYTES_MAX, ARGUMENTS_MAX, CHAT_LIST_MAX};

/// One argument, typed by its place or as `name=value`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Small letters, digits and `_`.
    pub name: String,
    /// What it has to be.
    #[serde(rename = "type", default)]
    pub kind: ArgumentKind,
    /// If there are any, it is one of these.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Whether the job cannot do without.
    #[serde(default)]
    pub required: bool,
}

/// The type of an argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArgumentKind {
    /// Any text.
    #[default]
    String,
    /// Decimal digits, with a sign and a fraction if need be.
    Number,
    /// `true` or `false`.
    Boolean,
}

impl ArgumentKind {
    /// Whether a text is of this type.
    pub fn fits(self, text: &str) -> bool {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        match self {
            Self::String => true,
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Number => {
                let unsigned = text.strip_prefix('-').unwrap_or(text);
                let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
                is_digits(whole) && is_digits(fraction)
            }
        }
    }
}

pub(super) fn check(schema: &[Argument]) -> Result<(), RuleError> {
    if schema.len() > ARGUMENTS_MAX {
        return Err(RuleError::TooManyArguments(schema.len()));
    }
    let mut names = BTreeSet::new();
    let mut seen_optional = false;
    for argument in schema {
        let Argument { name, kind, choices, required } = argument;
        let is_plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if name.is_empty() || name.len() > ARGUMENT_NAME_BYTES_MAX || !is_plain || !names.insert(name) {
            return Err(RuleError::ArgumentName(name.clone()));
        }
        let is_choice = |choice: &String| !choice.is_empty() && kind.fits(choice);
        if choices.len() > CHAT_LIST_MAX || !choices.iter().all(is_choice) {
            return Err(RuleError::Choices(name.clone()));
        }
        if *required && seen_optional {
            return Err(RuleError::ArgumentOrder(name.clone()));
        }
        seen_optional |= !required;
    }
    Ok(())
}
