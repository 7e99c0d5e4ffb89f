//! `[[project.command]]`: a slash command of a chat.

use std::collections::{BTreeMap, BTreeSet};

use config::commands::{Chat, ChatOrigin, MattermostSlashCommands, Platform, Rule, SlackSlashCommands};
use config::limits::SOURCE_ID_BYTES;
use config::{CommandId, CommandIntegration};
use payload::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::rule::RuleEntry;
use super::secret::Written;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub(super) struct CommandEntry {
    /// Its URL is /commands/ID.
    #[schemars(with = "String", length(min = *SOURCE_ID_BYTES.start(), max = *SOURCE_ID_BYTES.end()))]
    pub(super) id: CommandId,
    /// Whose it is.
    platform: Platform,
    /// What Slack signs with; several while they are rotated.
    #[serde(default)]
    signing_secrets: Vec<Written>,
    /// The token that Mattermost shows for the command, or that a legacy command of Slack sends; several while they are
    /// rotated.
    #[serde(default)]
    tokens: Vec<Written>,
    /// A bot's token, for answers that come later than half an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bot_token: Option<Written>,
    /// Where Mattermost is, such as `https://chat.example.net`: results are posted there alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    origin: Option<ChatOrigin>,
    /// The teams (Slack: workspaces) it may come from, by immutable id. Left out: every team that the secrets admit.
    #[serde(default)]
    team_ids: BTreeSet<String>,
    /// Groups of users for the rules, by name: immutable ids.
    #[serde(default)]
    groups: BTreeMap<String, BTreeSet<String>>,
    /// Who may do what: the first that fits decides, and what none fits is denied.
    #[serde(rename = "rule", default)]
    rules: Vec<RuleEntry>,
}

impl CommandEntry {
    pub(super) fn of(command: CommandIntegration<Written>) -> Self {
        let platform = command.chat.platform();
        let (signing_secrets, tokens, bot_token, origin) = match command.chat {
            Chat::SlackSlashCommands(slack) => (slack.signing_secrets, slack.tokens, slack.bot_token, None),
            Chat::MattermostSlashCommands(mattermost) => {
                (Vec::new(), mattermost.tokens, mattermost.bot_token, Some(mattermost.origin))
            }
        };
        Self {
            id: command.id,
            platform,
            signing_secrets: Written::numbered(signing_secrets),
            tokens: Written::numbered(tokens),
            bot_token,
            origin,
            team_ids: command.team_ids,
            groups: command.groups,
            rules: command.rules.into_iter().map(RuleEntry::from).collect(),
        }
    }

    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Written> {
        self.signing_secrets.iter_mut().chain(&mut self.tokens).chain(&mut self.bot_token)
    }

    /// The command; secrets that are kept are those of the stored one with its id.
    pub(super) fn command(
        self,
        stored: Option<&CommandIntegration>,
    ) -> Result<CommandIntegration, EntryError> {
        let refuse = |reason| Err(EntryError::Command { id: self.id.clone(), reason });
        let place = |field: &str| format!("command '{}': {field}", self.id);
        let kept = Kept::of(stored.map(|command| &command.chat));
        let tokens = Written::secrets(self.tokens, kept.tokens, &place("tokens"))?;
        let bot = self.bot_token.map(|bot| bot.secret(kept.bot_token, &place("bot_token")));
        let bot_token = bot.transpose()?;
        let chat = match (self.platform, self.origin) {
            (Platform::Slack, Some(_)) => return refuse("Slack has no origin: that is Mattermost's"),
            (Platform::Slack, None) => {
                let place = place("signing_secrets");
                let signing_secrets = Written::secrets(self.signing_secrets, kept.signing_secrets, &place)?;
                Chat::SlackSlashCommands(SlackSlashCommands { signing_secrets, tokens, bot_token })
            }
            (Platform::Mattermost, _) if !self.signing_secrets.is_empty() => {
                return refuse("Mattermost signs nothing: give the token it shows, as tokens");
            }
            (Platform::Mattermost, None) => {
                return refuse("a Mattermost has an origin, such as https://chat.example.net");
            }
            (Platform::Mattermost, Some(origin)) => {
                Chat::MattermostSlashCommands(MattermostSlashCommands { tokens, origin, bot_token })
            }
        };
        Ok(CommandIntegration {
            id: self.id,
            chat,
            team_ids: self.team_ids,
            groups: self.groups,
            rules: self.rules.into_iter().map(Rule::from).collect(),
        })
    }
}

/// What a stored command may lend to an entry.
#[derive(Default)]
struct Kept<'a> {
    signing_secrets: &'a [Secret],
    tokens: &'a [Secret],
    bot_token: Option<&'a Secret>,
}

impl<'a> Kept<'a> {
    fn of(chat: Option<&'a Chat>) -> Self {
        match chat {
            None => Self::default(),
            Some(Chat::SlackSlashCommands(slack)) => Self {
                signing_secrets: &slack.signing_secrets,
                tokens: &slack.tokens,
                bot_token: slack.bot_token.as_ref(),
            },
            Some(Chat::MattermostSlashCommands(mattermost)) => Self {
                signing_secrets: &[],
                tokens: &mattermost.tokens,
                bot_token: mattermost.bot_token.as_ref(),
            },
        }
    }
}
