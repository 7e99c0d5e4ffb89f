//! Names of things. Each is its own type, so that the compiler keeps them apart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::SOURCE_ID_BYTES;

/// A project's number, as in GitLab's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectId(pub u64);

impl fmt::Display for ProjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An HTTP hook's number, unique in its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HookId(pub u64);

impl fmt::Display for HookId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where an event goes, unique in the house: `7-irker`, `7-hook-2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum TargetId {
    /// The project's irker integration.
    Irker(ProjectId),
    /// One of its HTTP hooks.
    Hook(ProjectId, HookId),
}

impl fmt::Display for TargetId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Irker(project) => write!(formatter, "{project}-irker"),
            Self::Hook(project, hook) => write!(formatter, "{project}-hook-{hook}"),
        }
    }
}

impl From<TargetId> for String {
    fn from(target: TargetId) -> Self {
        target.to_string()
    }
}

/// A text that names no target.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' names no target: it should look like 7-irker or 7-hook-2")]
pub struct TargetIdError(String);

impl FromStr for TargetId {
    type Err = TargetIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split('-').collect::<Vec<_>>()[..] {
            [project, "irker"] => project.parse().ok().map(|number| Self::Irker(ProjectId(number))),
            [project, "hook", hook] => match (project.parse(), hook.parse()) {
                (Ok(project), Ok(hook)) => Some(Self::Hook(ProjectId(project), HookId(hook))),
                _ => None,
            },
            _ => None,
        };
        parsed.ok_or_else(|| TargetIdError(text.to_owned()))
    }
}

impl TryFrom<String> for TargetId {
    type Error = TargetIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The last part of a source's URL, `/hooks/{source}`: letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SourceId(String);

impl SourceId {
    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.0
    }
}

/// A text that cannot name a source.
#[derive(Debug, thiserror::Error)]
#[error("a source's id has 1 to 64 letters, digits, - or _")]
pub struct SourceIdError;

impl FromStr for SourceId {
    type Err = SourceIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for SourceId {
    type Error = SourceIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_plain && SOURCE_ID_BYTES.contains(&text.len()) { Ok(Self(text)) } else { Err(SourceIdError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_back_from_its_name() {
        for target in [TargetId::Irker(ProjectId(7)), TargetId::Hook(ProjectId(7), HookId(2))] {
            assert_eq!(target.to_string().parse::<TargetId>().unwrap(), target);
        }
        for other in ["", "7", "irker", "7-hook", "7-hook-x", "x-irker", "7-irker-1", "-7-irker"] {
            assert!(other.parse::<TargetId>().is_err(), "{other}");
        }
    }

    #[test]
    fn a_source_is_named_by_what_needs_no_escaping_in_a_url() {
        assert!("Diaspora_2-x".parse::<SourceId>().is_ok());
        for other in ["", "a/b", "a b", "ü", "a.b", "%2F", &"a".repeat(65)] {
            assert!(other.parse::<SourceId>().is_err(), "{other}");
        }
    }
}
