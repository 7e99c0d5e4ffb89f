//! Whose slash command it is, and what its requests prove themselves with.

use std::fmt;

use payload::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::limits::{SECRET_BYTES_MAX, SECRETS_MAX, URL_BYTES_MAX};

/// A chat service that Bellhop answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// <https://docs.slack.dev/interactivity/implementing-slash-commands>.
    Slack,
    /// <https://developers.mattermost.com/integrate/slash-commands/custom/>.
    Mattermost,
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Slack => "Slack",
            Self::Mattermost => "Mattermost",
        })
    }
}

/// One of GitLab's two integrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chat<S = Secret> {
    /// A command of a Slack app, or a legacy custom command of a workspace.
    SlackSlashCommands(SlackSlashCommands<S>),
    /// A custom slash command of a Mattermost team.
    MattermostSlashCommands(MattermostSlashCommands<S>),
}

/// GitLab's `slack_slash_commands`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlackSlashCommands<S = Secret> {
    /// What Slack signs with; several while they are rotated. If there is one, only signatures count.
    #[serde(default = "Vec::new")]
    pub signing_secrets: Vec<S>,
    /// The verification token that GitLab calls `token`, for a legacy command that has nothing better. It travels in
    /// clear, and nothing but its id keeps a request from being replayed.
    #[serde(default = "Vec::new")]
    pub tokens: Vec<S>,
    /// A bot's token (`xoxb-...`, scope `chat:write`), for answers that come later than half an hour.
    #[serde(default = "none")]
    pub bot_token: Option<S>,
}

/// GitLab's `mattermost_slash_commands`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MattermostSlashCommands<S = Secret> {
    /// The token that Mattermost shows for the command; several while they are rotated.
    pub tokens: Vec<S>,
    /// Where Mattermost is: the only place that results are posted to.
    pub origin: ChatOrigin,
    /// A bot account's token, for answers that come later than half an hour.
    #[serde(default = "none")]
    pub bot_token: Option<S>,
}

fn none<T>() -> Option<T> {
    None
}

/// `scheme://host[:port]` of a Mattermost, spelled as a browser spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ChatOrigin(String);

/// Why a command's side of the chat is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// Anybody could command.
    #[error("a slash command needs a token or a signing secret")]
    NoSecret,
    /// Too many to try at every request.
    #[error("a slash command has at most {SECRETS_MAX} secrets, and this one has {0}")]
    TooManySecrets(usize),
    /// An empty or endless one, or one with impossible characters.
    #[error("a token or signing secret has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    Secret,
    /// Nothing to post to.
    #[error("the origin of a Mattermost looks like https://chat.example.net, with a port if it has one")]
    Origin,
}

impl ChatOrigin {
    /// The origin itself, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ChatOrigin> for String {
    fn from(origin: ChatOrigin) -> Self {
        origin.0
    }
}

/// Reads the URL of a Mattermost. Its path, if it lives under one, is dropped: the origin is what is trusted.
impl TryFrom<String> for ChatOrigin {
    type Error = ChatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let url = Url::parse(&text).map_err(|_| ChatError::Origin)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty() && url.password().is_none();
        if is_web && is_bare && text.len() <= URL_BYTES_MAX {
            Ok(Self(url.origin().ascii_serialization()))
        } else {
            Err(ChatError::Origin)
        }
    }
}

impl<S> Chat<S> {
    /// Whose it is.
    pub fn platform(&self) -> Platform {
        match self {
            Self::SlackSlashCommands(_) => Platform::Slack,
            Self::MattermostSlashCommands(_) => Platform::Mattermost,
        }
    }

    /// What a bot posts with, if there is one.
    pub fn bot_token(&self) -> Option<&S> {
        match self {
            Self::SlackSlashCommands(slack) => slack.bot_token.as_ref(),
            Self::MattermostSlashCommands(mattermost) => mattermost.bot_token.as_ref(),
        }
    }

    pub(super) fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Chat<T>, E> {
        Ok(match self {
            Self::SlackSlashCommands(slack) => Chat::SlackSlashCommands(SlackSlashCommands {
                signing_secrets: each(slack.signing_secrets, change)?,
                tokens: each(slack.tokens, change)?,
                bot_token: slack.bot_token.map(&mut *change).transpose()?,
            }),
            Self::MattermostSlashCommands(mattermost) => {
                Chat::MattermostSlashCommands(MattermostSlashCommands {
                    tokens: each(mattermost.tokens, change)?,
                    origin: mattermost.origin,
                    bot_token: mattermost.bot_token.map(change).transpose()?,
                })
            }
        })
    }
}

fn each<S, T, E>(secrets: Vec<S>, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Vec<T>, E> {
    secrets.into_iter().map(change).collect()
}

impl Chat {
    pub(super) fn check(&self) -> Result<(), ChatError> {
        let secrets: Vec<&Secret> = match self {
            Self::SlackSlashCommands(slack) => slack.signing_secrets.iter().chain(&slack.tokens).collect(),
            Self::MattermostSlashCommands(mattermost) => mattermost.tokens.iter().collect(),
        };
        if secrets.is_empty() {
            return Err(ChatError::NoSecret);
        }
        if secrets.len() > SECRETS_MAX {
            return Err(ChatError::TooManySecrets(secrets.len()));
        }
        let is_usable = |secret: &&Secret| {
            let text = secret.expose();
            (1..=SECRET_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if secrets.iter().copied().chain(self.bot_token()).all(|secret| is_usable(&secret)) {
            Ok(())
        } else {
            Err(ChatError::Secret)
        }
    }
}
