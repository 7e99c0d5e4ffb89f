//! GitLab's own door for slash commands: the integration *Mattermost slash commands*
//! (<https://docs.gitlab.com/user/project/integrations/mattermost_slash_commands/>), asked as Mattermost asks it.
//!
//! Not here: what its answers mean for a run (`gitlab_runs`).

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, AskError, Call};

/// What GitLab answers.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ChatAnswer {
    /// In Markdown.
    #[serde(default)]
    pub text: Option<String>,
    /// More of it.
    #[serde(default)]
    pub attachments: Vec<Value>,
}

/// A slash command, as Mattermost posts it.
#[derive(Clone, Copy, Debug)]
pub struct ChatCommand<'a> {
    /// The integration's.
    pub token: &'a str,
    /// Where it was typed, by immutable id and by name.
    pub team: (&'a str, &'a str),
    /// The channel's immutable id.
    pub channel_id: &'a str,
    /// Who typed it, by immutable id and by name.
    pub user: (&'a str, &'a str),
    /// Such as `run hello-world`.
    pub text: &'a str,
    /// Where GitLab tells the end.
    pub response_url: &'a str,
}

impl Api<'_> {
    /// Hands a command over. GitLab knows whose by its own list of connected accounts.
    pub async fn hand_over(self, command: ChatCommand<'_>) -> Result<ChatAnswer, AskError> {
        let ChatCommand { token, team, channel_id, user, text, response_url } = command;
        let body = json!({
            "token": token,
            "team_id": team.0,
            "team_domain": team.1,
            "channel_id": channel_id,
            "user_id": user.0,
            "user_name": user.1,
            "command": "/gitlab",
            "text": text,
            "response_url": response_url,
        });
        let api = self.without_token();
        let path = &api.in_project(&["integrations", "mattermost_slash_commands", "trigger"]);
        api.json(Call { method: Method::POST, path, query: &[], body: Some(body) }).await
    }
}
