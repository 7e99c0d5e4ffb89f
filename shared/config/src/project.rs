//! A project: one source, its targets, its slash commands.

use std::collections::BTreeSet;
use std::fmt;

use payload::Secret;
use serde::{Deserialize, Serialize};

use crate::limits::{COMMANDS_MAX, HOOKS_MAX, PATH_BYTES_MAX, RATE_LIMIT};
use crate::{
    CommandError, CommandId, CommandIntegration, GitLab, GitLabError, HookError, HookId, HttpHook, Irker,
    IrkerError, Jobs, JobsError, ProjectId, Source, SourceError,
};

/// One stored configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project<S = Secret> {
    /// Its number.
    pub id: ProjectId,
    /// What people call it.
    pub path: ProjectPath,
    /// Where its webhooks come in.
    pub source: Source<S>,
    /// Its way to IRC, if it has one.
    pub irker: Option<Irker<S>>,
    /// Its HTTP targets, by number.
    pub hooks: Vec<HttpHook<S>>,
    /// The highest number a hook of this project ever had. Numbers are not used twice: what is queued for a removed
    /// hook must not reach the next one.
    pub last_hook: HookId,
    /// How many requests a minute its HTTP targets get at the most, all together. What is more waits.
    pub rate_limit: Option<u32>,
    /// Its slash commands.
    pub commands: Vec<CommandIntegration<S>>,
    /// What they may run; `None` if they run nothing.
    pub jobs: Option<Jobs<S>>,
    /// The GitLab that it is on, if its API may be asked.
    pub gitlab: Option<GitLab<S>>,
}

/// Namespace and name, such as `mike/diaspora`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ProjectPath(String);

impl ProjectPath {
    /// The path itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<ProjectPath> for String {
    fn from(path: ProjectPath) -> Self {
        path.0
    }
}

impl TryFrom<String> for ProjectPath {
    type Error = ProjectError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = |part: &str| {
            let is_allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(is_allowed)
        };
        if text.len() <= PATH_BYTES_MAX && text.split('/').all(is_plain) {
            Ok(Self(text))
        } else {
            Err(ProjectError::Path)
        }
    }
}

/// Why a project is refused. Each text tells all there is, so that none of them has a source to tell it again.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A path that would not survive a URL.
    #[error(
        "a project's path looks like group/name: letters, digits, -, _ and . between slashes, at most {PATH_BYTES_MAX} bytes"
    )]
    Path,
    /// Nothing would ever be sent, or everything.
    #[error("a project's rate_limit is {} to {} requests a minute", RATE_LIMIT.start(), RATE_LIMIT.end())]
    RateLimit,
    /// See [`SourceError`].
    #[error("source: {0}")]
    Source(SourceError),
    /// See [`IrkerError`].
    #[error("irker: {0}")]
    Irker(IrkerError),
    /// See [`HookError`].
    #[error("hook '{name}': {error}")]
    Hook {
        /// Which hook.
        name: String,
        /// What is wrong.
        error: HookError,
    },
    /// More than a project may have.
    #[error("a project has at most {HOOKS_MAX} hooks, and this one has {0}")]
    TooManyHooks(usize),
    /// Two hooks of one number.
    #[error("two hooks have the number {0}")]
    SameHook(HookId),
    /// See [`CommandError`].
    #[error("command '{id}': {error}")]
    Command {
        /// Which command.
        id: CommandId,
        /// What is wrong.
        error: CommandError,
    },
    /// More than a project may have.
    #[error("a project has at most {COMMANDS_MAX} slash commands, and this one has {0}")]
    TooManyCommands(usize),
    /// Two commands at one URL.
    #[error("two slash commands have the id '{0}'")]
    SameCommand(CommandId),
    /// See [`JobsError`].
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// See [`GitLabError`].
    #[error(transparent)]
    GitLab(#[from] GitLabError),
}

impl<S> Project<S> {
    /// The same project with its secrets held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Project<T>, E> {
        Ok(Project {
            id: self.id,
            path: self.path,
            source: self.source.try_map(change)?,
            irker: self.irker.map(|irker| irker.try_map(change)).transpose()?,
            hooks: self.hooks.into_iter().map(|hook| hook.try_map(change)).collect::<Result<_, _>>()?,
            last_hook: self.last_hook,
            rate_limit: self.rate_limit,
            commands: self
                .commands
                .into_iter()
                .map(|command| command.try_map(change))
                .collect::<Result<_, _>>()?,
            jobs: self.jobs.map(|jobs| jobs.try_map(change)).transpose()?,
            gitlab: self.gitlab.map(|gitlab| gitlab.try_map(change)).transpose()?,
        })
    }
}

impl Project {
    /// Whether the values are valid, each alone and together.
    pub fn check(&self) -> Result<(), ProjectError> {
        if self.rate_limit.is_some_and(|rate| !RATE_LIMIT.contains(&rate)) {
            return Err(ProjectError::RateLimit);
        }
        self.source.check().map_err(ProjectError::Source)?;
        if let Some(irker) = &self.irker {
            irker.check().map_err(ProjectError::Irker)?;
        }
        if self.hooks.len() > HOOKS_MAX {
            return Err(ProjectError::TooManyHooks(self.hooks.len()));
        }
        let mut seen = BTreeSet::new();
        for hook in &self.hooks {
            hook.check().map_err(|error| ProjectError::Hook { name: hook.name.clone(), error })?;
            if !seen.insert(hook.id) {
                return Err(ProjectError::SameHook(hook.id));
            }
        }
        self.check_chat()
    }

    fn check_chat(&self) -> Result<(), ProjectError> {
        if self.commands.len() > COMMANDS_MAX {
            return Err(ProjectError::TooManyCommands(self.commands.len()));
        }
        let mut seen = BTreeSet::new();
        for command in &self.commands {
            command.check().map_err(|error| ProjectError::Command { id: command.id.clone(), error })?;
            if !seen.insert(&command.id) {
                return Err(ProjectError::SameCommand(command.id.clone()));
            }
        }
        self.jobs.as_ref().map_or(Ok(()), |jobs| jobs.check(self.gitlab.is_some()))?;
        Ok(self.gitlab.as_ref().map_or(Ok(()), GitLab::check)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_gitlab_would_call_a_project() {
        for good in ["diaspora", "mike/diaspora", "a/b/c.d-e_f", "gruppe/übung"] {
            assert!(ProjectPath::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "/", "a//b", "a/", "a b", "a#b", "a%2Fb", &"a".repeat(256)] {
            assert!(ProjectPath::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
