//! GitLab's two integrations of slash commands: a chat each, and its token. What they may do is written in the project's
//! rules (`commands`), and without rules nobody may do anything.

use std::collections::{BTreeMap, BTreeSet};

use app::projects::Saved;
use config::commands::{Chat, MattermostSlashCommands, Platform, SlackSlashCommands};
use config::{CommandId, CommandIntegration, Project};
use http::StatusCode;
use payload::Secret;
use serde_json::json;

use super::{IntegrationShown, Kind as Integration};
use crate::call::Call;
use crate::fields::{Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::source::random_text;

const SLACK: Integration =
    Integration { number: 2, title: "Slack slash commands", slug: "slack_slash_commands" };
const MATTERMOST: Integration =
    Integration { number: 3, title: "Mattermost slash commands", slug: "mattermost_slash_commands" };

pub(super) fn routes(place: &str) -> Vec<Route> {
    let path = format!("{place}/{{slug}}");
    vec![
        Route::get(path.clone(), Access::Read, |call| Box::pin(show(call)))
            .says("slack-slash-commands or mattermost-slash-commands.")
            .gives::<IntegrationShown>(StatusCode::OK),
        Route::put(path.clone(), Access::Write, |call| Box::pin(put(call)))
            .says("Sets slack-slash-commands or mattermost-slash-commands.")
            .takes([
                field("token", Kind::Secret, "The token that the chat shows for the command.").required(),
                field(
                    "origin",
                    Kind::Text,
                    "Where Mattermost is: results are posted there. Of Mattermost only.",
                ),
                field("username", Kind::Text, "GitLab's: of no use here."),
            ])
            .gives::<IntegrationShown>(StatusCode::OK),
        Route::delete(path, Access::Write, |call| Box::pin(delete(call)))
            .says("Takes slack-slash-commands or mattermost-slash-commands away."),
    ]
}

/// Which chat the path names, in either spelling.
fn platform(call: &Call) -> Result<Platform, Refusal> {
    match call.part("slug").replace('-', "_") {
        slug if slug == SLACK.slug => Ok(Platform::Slack),
        slug if slug == MATTERMOST.slug => Ok(Platform::Mattermost),
        _ => Err(Refusal::NotFound("Integration")),
    }
}

/// The project's first command of a chat: GitLab knows one of each.
fn place(project: &Project, platform: Platform) -> Option<usize> {
    project.commands.iter().position(|command| command.chat.platform() == platform)
}

fn shown(call: &Call, saved: &Saved, platform: Platform) -> Option<IntegrationShown> {
    let command = &saved.project.commands[place(&saved.project, platform)?];
    let kind = match platform {
        Platform::Slack => SLACK,
        Platform::Mattermost => MATTERMOST,
    };
    let url = crate::commands::url(call, &command.id);
    let properties = json!({"command_id": command.id, "url": url, "token_present": true});
    let shown = IntegrationShown::new(saved, kind, saved.command_since(&command.id));
    Some(IntegrationShown { properties: Some(properties), ..shown })
}

pub(super) fn basic(saved: &Saved) -> Vec<IntegrationShown> {
    let of = |(platform, kind)| {
        let command = &saved.project.commands[place(&saved.project, platform)?];
        Some(IntegrationShown::new(saved, kind, saved.command_since(&command.id)))
    };
    [(Platform::Slack, SLACK), (Platform::Mattermost, MATTERMOST)].into_iter().filter_map(of).collect()
}

async fn show(call: Call) -> Answered {
    let (saved, platform) = (call.saved()?, platform(&call)?);
    let shown = shown(&call, saved, platform).ok_or(Refusal::NotFound("Integration"))?;
    Ok(Reply::ok(&shown).of(saved.revision))
}

async fn put(call: Call) -> Answered {
    let platform = platform(&call)?;
    let id = CommandId::try_from(random_text(call.app())).map_err(|_| Refusal::Invalid("id"))?;
    let token = || Secret::new(call.fields.text("token").unwrap_or_default());
    let set = |project: &mut Project| {
        let stored = place(project, platform).map(|place| project.commands[place].chat.clone());
        let chat = match (platform, stored) {
            (Platform::Slack, Some(Chat::SlackSlashCommands(slack))) => {
                Chat::SlackSlashCommands(SlackSlashCommands { tokens: vec![token()], ..slack })
            }
            (Platform::Slack, _) => Chat::SlackSlashCommands(SlackSlashCommands {
                signing_secrets: Vec::new(),
                tokens: vec![token()],
                bot_token: None,
            }),
            (Platform::Mattermost, stored) => {
                let known = match stored {
                    Some(Chat::MattermostSlashCommands(known)) => Some(known),
                    _ => None,
                };
                let given = call.fields.text("origin").map(|text| text.to_owned().try_into());
                let given = given.transpose().map_err(|error: config::commands::ChatError| {
                    Refusal::Value("origin", error.to_string())
                })?;
                let origin = given.or_else(|| known.as_ref().map(|known| known.origin.clone()));
                let origin = origin.ok_or(Refusal::Missing("origin"))?;
                // The bot's token belongs to the Mattermost that it was made by.
                let bot_token =
                    known.filter(|known| known.origin == origin).and_then(|known| known.bot_token);
                Chat::MattermostSlashCommands(MattermostSlashCommands {
                    tokens: vec![token()],
                    origin,
                    bot_token,
                })
            }
        };
        match place(project, platform) {
            Some(place) => project.commands[place].chat = chat,
            None => project.commands.push(CommandIntegration {
                id: id.clone(),
                chat,
                team_ids: BTreeSet::new(),
                groups: BTreeMap::new(),
                rules: Vec::new(),
            }),
        }
        Ok(())
    };
    let ((), saved) = call.edit(set).await?;
    let shown = shown(&call, &saved, platform).ok_or(Refusal::NotFound("Integration"))?;
    Ok(Reply::ok(&shown).of(saved.revision))
}

async fn delete(call: Call) -> Answered {
    let platform = platform(&call)?;
    let remove = |project: &mut Project| {
        let place = place(project, platform).ok_or(Refusal::NotFound("Integration"))?;
        project.commands.remove(place);
        Ok(())
    };
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}
