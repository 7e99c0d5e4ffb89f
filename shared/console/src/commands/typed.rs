//! What somebody has typed into a slash command's form, what it means, and the fields that show it again. Secrets are
//! typed once: an empty field keeps what is stored.
//!
//! Not here: which values are valid (`config::commands`), saving.

use std::collections::BTreeSet;

use config::commands::{
    Chat, ChatError, ChatOrigin, CommandError, MattermostSlashCommands, Platform, SlackSlashCommands,
};
use config::{CommandId, CommandIntegration};
use payload::Secret;

use super::rules::{Access, in_words};
use crate::field::Field;
use crate::form::{Form, Problems};

/// What is typed. Of secrets, only what is new.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) platform: Platform,
    secret: String,
    /// Whether the new secret stands beside the old ones, or in their place.
    keeps_old: bool,
    is_legacy: bool,
    bot_token: String,
    origin: String,
    team_ids: String,
    access: String,
}

impl Typed {
    /// A form that nobody has filled yet.
    pub(super) fn new(platform: Platform) -> Self {
        let (secret, bot_token, origin, team_ids, access) = Default::default();
        Self { platform, secret, keeps_old: false, is_legacy: false, bot_token, origin, team_ids, access }
    }

    /// As it is stored.
    pub(super) fn of(command: &CommandIntegration) -> Self {
        let origin = match &command.chat {
            Chat::SlackSlashCommands(_) => String::new(),
            Chat::MattermostSlashCommands(mattermost) => mattermost.origin.as_str().to_owned(),
        };
        let team_ids = command.team_ids.iter().cloned().collect::<Vec<_>>().join("\n");
        let access = Access::of(&command.groups, &command.rules).text();
        Self { origin, team_ids, access, ..Self::new(command.chat.platform()) }
    }

    /// As it came in.
    pub(super) fn read(platform: Platform, form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            platform,
            secret: text("secret"),
            keeps_old: form.is_on("keeps_old"),
            is_legacy: form.is_on("is_legacy"),
            bot_token: text("bot_token"),
            origin: text("origin"),
            team_ids: form.lines("team_ids"),
            access: form.lines("access"),
        }
    }

    /// What it means; what is wrong is noted.
    pub(super) fn command(
        &self,
        id: CommandId,
        stored: Option<&CommandIntegration>,
        problems: &mut Problems,
    ) -> Option<CommandIntegration> {
        let access = problems.take("access", Access::read(&self.access));
        let chat = self.chat(stored.map(|command| &command.chat), problems);
        let team_ids: BTreeSet<_> = self.team_ids.split_whitespace().map(str::to_owned).collect();
        let Access { groups, rules, .. } = access?;
        let command = CommandIntegration { id, chat: chat?, team_ids, groups, rules };
        if let Err(error) = command.check() {
            problems.add(field_of(&error), error);
        }
        Some(command)
    }

    fn chat(&self, stored: Option<&Chat>, problems: &mut Problems) -> Option<Chat> {
        let new = Some(self.secret.as_str()).filter(|secret| !secret.is_empty()).map(Secret::new);
        let with_new = |old: Vec<Secret>| {
            let old = if new.is_some() && !self.keeps_old { Vec::new() } else { old };
            old.into_iter().chain(new.clone()).collect::<Vec<_>>()
        };
        let bot = Some(self.bot_token.as_str()).filter(|token| !token.is_empty()).map(Secret::new);
        let bot_token = bot.clone().or_else(|| stored.and_then(Chat::bot_token).cloned());
        match self.platform {
            Platform::Slack => {
                let (signing, tokens) = match stored {
                    Some(Chat::SlackSlashCommands(slack)) => {
                        (slack.signing_secrets.clone(), slack.tokens.clone())
                    }
                    _ => (Vec::new(), Vec::new()),
                };
                let (signing_secrets, tokens) =
                    if self.is_legacy { (signing, with_new(tokens)) } else { (with_new(signing), tokens) };
                Some(Chat::SlackSlashCommands(SlackSlashCommands { signing_secrets, tokens, bot_token }))
            }
            Platform::Mattermost => {
                let tokens = match stored {
                    Some(Chat::MattermostSlashCommands(mattermost)) => mattermost.tokens.clone(),
                    _ => Vec::new(),
                };
                let origin = problems.take("origin", ChatOrigin::try_from(self.origin.clone()))?;
                let tokens = with_new(tokens);
                // What is stored is posted to the place that it was meant for, and to no other.
                let is_same =
                    matches!(stored, Some(Chat::MattermostSlashCommands(old)) if old.origin == origin);
                let bot_token = if is_same { bot_token } else { bot };
                Some(Chat::MattermostSlashCommands(MattermostSlashCommands { tokens, origin, bot_token }))
            }
        }
    }

    pub(super) fn secret_fields(
        &self,
        stored: Option<&CommandIntegration>,
        problems: &Problems,
    ) -> Vec<Field> {
        let (label, kept) = match self.platform {
            Platform::Slack => ("Signing secret", "Of the app, under Basic Information."),
            Platform::Mattermost => ("Token", "Mattermost shows it when the command is saved."),
        };
        let kept =
            if stored.is_some() { format!("{kept} Empty keeps what is stored.") } else { kept.to_owned() };
        let mut fields = Vec::new();
        if self.platform == Platform::Mattermost {
            let origin = Field::text("origin", "Mattermost", &self.origin).like("https://chat.example.net");
            fields.push(origin.hint("Where it is: results are posted there and nowhere else.").required());
        }
        fields.push(Field::secret("secret", label).hint(kept));
        if stored.is_some() {
            fields.push(Field::check(
                "keeps_old",
                "Beside the old ones, while the chat changes over",
                self.keeps_old,
            ));
        }
        if self.platform == Platform::Slack {
            fields.push(
                Field::check("is_legacy", "It is the verification token of a legacy command", self.is_legacy)
                    .hint("It travels in clear with every request. A signing secret is better."),
            );
        }
        fields.push(Field::secret("bot_token", "Bot token").hint(
            "For results that come later than half an hour. Empty keeps what is stored, if there is one.",
        ));
        fields.into_iter().map(|field| field.judged(problems)).collect()
    }

    pub(super) fn team_field(&self, problems: &Problems) -> Field {
        Field::area("team_ids", "Only from these teams", &self.team_ids, 2)
            .hint("Immutable ids, such as T0001 in Slack. Empty for every team that the secret admits.")
            .judged(problems)
    }

    pub(super) fn access_field(&self, problems: &Problems) -> Field {
        Field::area("access", "Rules", &self.access, 12)
            .like("[groups]\nops = [\"U2CERLKJA\"]\n\n[[rule]]\ngroups = [\"ops\"]\njobs = [\"deploy-*\"]\napproval = \"confirm\"")
            .hint("TOML, as in the configuration's file. The first rule that fits decides, and what none fits is denied. Users, channels and teams are named by their immutable ids.")
            .judged(problems)
    }

    /// What the rules say, if they can be read.
    pub(super) fn sentences(&self) -> Vec<String> {
        Access::read(&self.access)
            .map(|access| access.rules.iter().map(in_words).collect())
            .unwrap_or_default()
    }
}

/// Beside which field an error of the whole is said.
pub(super) fn field_of(error: &CommandError) -> &'static str {
    match error {
        CommandError::Chat(ChatError::Origin) => "origin",
        CommandError::Chat(_) => "secret",
        CommandError::Id(_) | CommandError::TooMany { .. } | CommandError::Rule { .. } => "access",
    }
}
