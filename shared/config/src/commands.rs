//! A chat's slash command: how its requests prove themselves, and who may do what with it.
//!
//! The settings are those of GitLab's integrations *Slack slash commands* and *Mattermost slash commands*
//! (<https://docs.gitlab.com/api/project_integrations/#slack-slash-commands>), which know one `token` each, and what
//! GitLab leaves open: signing secrets, and rules of access in the manner of Errbot's (first match wins).
//!
//! Not here: judging a request or a caller (`chatops`), which executor runs a job.

mod argument;
mod chat;
mod pattern;
mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use payload::Secret;
use serde::{Deserialize, Serialize};

pub use argument::{Argument, ArgumentKind};
pub use chat::{Chat, ChatError, ChatOrigin, MattermostSlashCommands, Platform, SlackSlashCommands};
pub use pattern::{ArgumentPattern, JobPattern, PatternError};
pub use rule::{AccessLevel, Approval, ApprovalExpiry, Effect, Rule, RuleError, Verb};

use crate::limits::{CHAT_ID_BYTES, CHAT_LIST_MAX, RULES_MAX, SOURCE_ID_BYTES};

/// One slash command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandIntegration<S = Secret> {
    /// The last part of its URL.
    pub id: CommandId,
    /// Whose it is, and what its requests prove themselves with.
    pub chat: Chat<S>,
    /// The teams (Slack: workspaces) it may come from, by immutable id. With none, every team that the secrets admit.
    #[serde(default)]
    pub team_ids: BTreeSet<String>,
    /// Groups of users for the rules, by name: immutable ids.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Who may do what: the first that fits decides, and what none fits is denied.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// The last part of a command's URL, `/commands/{command}`: letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct CommandId(String);

/// A text that cannot name a slash command.
#[derive(Debug, thiserror::Error)]
#[error("a slash command's id has 1 to 64 letters, digits, - or _")]
pub struct CommandIdError;

impl CommandId {
    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<CommandId> for String {
    fn from(id: CommandId) -> Self {
        id.0
    }
}

impl TryFrom<String> for CommandId {
    type Error = CommandIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if is_plain && SOURCE_ID_BYTES.contains(&text.len()) { Ok(Self(text)) } else { Err(CommandIdError) }
    }
}

/// Why a slash command is refused. Each text tells all there is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// See [`ChatError`].
    #[error("{0}")]
    Chat(ChatError),
    /// A name, which its owner can change, or nothing that a chat gives out.
    #[error(
        "'{0}' is no immutable id of a user, channel or team (in Slack such as U2CERLKJA, in Mattermost 26 letters and digits); names can be changed by whoever bears them"
    )]
    Id(String),
    /// More than anybody keeps by hand.
    #[error("{what} has at most {most} entries, and this one has {count}")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// Its limit.
        most: usize,
        /// How many there are.
        count: usize,
    },
    /// See [`RuleError`].
    #[error("rule {number}: {error}")]
    Rule {
        /// Counted from 1, as people count.
        number: usize,
        /// What is wrong.
        error: RuleError,
    },
}

impl<S> CommandIntegration<S> {
    /// The same command with its secrets held another way.
    pub fn try_map<T, E>(
        self,
        change: &mut impl FnMut(S) -> Result<T, E>,
    ) -> Result<CommandIntegration<T>, E> {
        Ok(CommandIntegration {
            id: self.id,
            chat: self.chat.try_map(change)?,
            team_ids: self.team_ids,
            groups: self.groups,
            rules: self.rules,
        })
    }
}

impl CommandIntegration {
    /// Whether the values are valid, each alone and together.
    pub fn check(&self) -> Result<(), CommandError> {
        self.chat.check().map_err(CommandError::Chat)?;
        check_count("rules", RULES_MAX, self.rules.len())?;
        check_count("groups", CHAT_LIST_MAX, self.groups.len())?;
        check_ids("team_ids", &self.team_ids)?;
        self.groups.values().try_for_each(|users| check_ids("a group", users))?;
        for (index, rule) in self.rules.iter().enumerate() {
            check_ids("users", &rule.users)?;
            check_ids("channels", &rule.channels)?;
            let number = index + 1;
            rule.check(&self.groups).map_err(|error| CommandError::Rule { number, error })?;
        }
        Ok(())
    }
}

fn check_count(what: &'static str, most: usize, count: usize) -> Result<(), CommandError> {
    if count > most { Err(CommandError::TooMany { what, most, count }) } else { Ok(()) }
}

fn check_ids(what: &'static str, ids: &BTreeSet<String>) -> Result<(), CommandError> {
    check_count(what, CHAT_LIST_MAX, ids.len())?;
    match ids.iter().find(|id| !is_id(id)) {
        Some(id) => Err(CommandError::Id(id.clone())),
        None => Ok(()),
    }
}

/// Whether a text may be a chat's id of a user, a channel or a team: Slack's are upper case, Mattermost's lower case.
pub fn is_id(text: &str) -> bool {
    CHAT_ID_BYTES.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
