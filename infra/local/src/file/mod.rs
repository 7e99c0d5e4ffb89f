//! The file that people write: projects in TOML or YAML, under GitLab's names. `example.toml` beside this crate shows
//! all of it, and tests read it.
//!
//! An entry says what a person may write and leave out; it becomes a part of a project, and is made of one again for
//! `export`. The same types give the JSON Schema.
//!
//! Not here: which values are valid (`config`), storing (`apply`), finding what a reference names (`references`).

mod command;
mod gitlab;
mod hook;
mod irker;
mod jobs;
mod project;
#[cfg(test)]
mod round_trip;
mod rule;
mod secret;
mod sparse;
mod subscription;
mod syntax;
#[cfg(test)]
mod tests;

use config::{CommandId, HookId, ProjectError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use project::ProjectEntry;
pub(crate) use secret::{Reference, Written};
pub(crate) use sparse::{sparse, whole};
pub(crate) use syntax::Syntax;

/// Projects for `bellhop apply FILE`. A project that the file does not name is left alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Bellhop's configuration")]
pub(crate) struct File {
    /// The projects.
    #[serde(rename = "project", default)]
    pub(crate) projects: Vec<ProjectEntry>,
}

/// Why an entry is no project. Each text tells all there is, and no secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    /// Its values.
    #[error("{0}")]
    Project(#[from] ProjectError),
    /// What is to be kept is not there.
    #[error("{0}: nothing is stored that could be kept: write the secret, or where it is")]
    NothingToKeep(String),
    /// A number that belonged to another hook.
    #[error("hook {0} is no more, and numbers are not used twice: leave out its id")]
    HookIsGone(HookId),
    /// A slash command that no chat could have.
    #[error("command '{id}': {reason}")]
    Command {
        /// Which.
        id: CommandId,
        /// What is wrong.
        reason: &'static str,
    },
    /// Settings of jobs that contradict each other.
    #[error("jobs: {0}")]
    Jobs(&'static str),
}

impl From<config::IrkerError> for EntryError {
    fn from(error: config::IrkerError) -> Self {
        Self::Project(ProjectError::Irker(error))
    }
}
