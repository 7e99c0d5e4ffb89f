//! A project's slash commands: what their requests prove themselves with, and who may do what.

use std::collections::{BTreeMap, BTreeSet};

use config::commands::{Chat, ChatError, MattermostSlashCommands, Platform, SlackSlashCommands};
use config::{CommandId, CommandIntegration, Project};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::call::Call;
use crate::fields::{Field, Fields, Kind, field};
use crate::refusal::Refusal;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::source::random_text;

const COMMANDS: &str = "/projects/{id}/commands";
const COMMAND: &str = "/projects/{id}/commands/{command_id}";

pub(crate) fn routes() -> Vec<Route> {
    let platform =
        field("platform", Kind::Choice(&["slack", "mattermost"]), "Whose command it is.").required();
    let id = field("id", Kind::Text, "The last part of its URL; without it, one is made up.");
    vec![
        Route::get(COMMANDS, Access::Read, |call| Box::pin(list(call)))
            .says("A project's slash commands.")
            .gives::<CommandShown>(StatusCode::OK)
            .paged(),
        Route::post(COMMANDS, Access::Write, |call| Box::pin(create(call)))
            .says("Adds a slash command.")
            .takes([platform, id])
            .takes(fields())
            .gives::<CommandShown>(StatusCode::CREATED),
        Route::get(COMMAND, Access::Read, |call| Box::pin(show(call)))
            .says("One slash command.")
            .gives::<CommandShown>(StatusCode::OK),
        Route::put(COMMAND, Access::Write, |call| Box::pin(edit(call)))
            .says("Changes a slash command.")
            .takes(fields())
            .gives::<CommandShown>(StatusCode::OK),
        Route::delete(COMMAND, Access::Write, |call| Box::pin(delete(call)))
            .says("Takes a slash command away."),
    ]
}

fn fields() -> [Field; 7] {
    [
        field(
            "tokens",
            Kind::Secrets,
            "The tokens that the chat shows for it; several while they are rotated.",
        ),
        field(
            "signing_secrets",
            Kind::Secrets,
            "What Slack signs with. With one of them, only signatures count.",
        ),
        field("bot_token", Kind::Secret, "What late answers are posted with; empty for none."),
        field("origin", Kind::Text, "Where Mattermost is: results are posted there, and nowhere else."),
        field(
            "team_ids",
            Kind::Texts,
            "The teams that it may come from; with none, all that the secrets admit.",
        ),
        field("groups", Kind::Json, "Groups of users for the rules: a list of ids for each name."),
        field("rules", Kind::Json, "Who may do what: the first that fits decides."),
    ]
}

/// A slash command. Its secrets are counted, and not shown.
#[derive(Serialize, ToSchema)]
struct CommandShown {
    id: String,
    url: Option<String>,
    /// `slack` or `mattermost`.
    #[schema(value_type = String)]
    platform: Platform,
    tokens: usize,
    signing_secrets: usize,
    bot_token_present: bool,
    origin: Option<String>,
    team_ids: Vec<String>,
    #[schema(value_type = Object)]
    groups: Value,
    #[schema(value_type = Vec<Object>)]
    rules: Value,
}

/// Where a chat posts a command to; `None` if nobody has told where Bellhop is reached.
pub(crate) fn url(call: &Call, id: &CommandId) -> Option<String> {
    call.app().addresses.commands.as_ref().map(|url| format!("{}/commands/{id}", url.as_str()))
}

fn shown(call: &Call, command: &CommandIntegration) -> CommandShown {
    let (tokens, signing_secrets, origin) = match &command.chat {
        Chat::SlackSlashCommands(slack) => (slack.tokens.len(), slack.signing_secrets.len(), None),
        Chat::MattermostSlashCommands(mattermost) => {
            (mattermost.tokens.len(), 0, Some(mattermost.origin.as_str().to_owned()))
        }
    };
    CommandShown {
        id: command.id.to_string(),
        url: url(call, &command.id),
        platform: command.chat.platform(),
        tokens,
        signing_secrets,
        bot_token_present: command.chat.bot_token().is_some(),
        origin,
        team_ids: command.team_ids.iter().cloned().collect(),
        groups: json!(command.groups),
        rules: json!(command.rules),
    }
}

fn find<'a>(call: &Call, project: &'a Project) -> Result<&'a CommandIntegration, Refusal> {
    let id = call.part("command_id");
    project.commands.iter().find(|command| command.id.as_str() == id).ok_or(Refusal::NotFound("Command"))
}

async fn list(call: Call) -> Answered {
    let saved = call.saved()?;
    let all: Vec<_> = saved.project.commands.iter().map(|command| shown(&call, command)).collect();
    Ok(Reply::page(&all, call.page()).of(saved.revision))
}

async fn show(call: Call) -> Answered {
    let saved = call.saved()?;
    Ok(Reply::ok(&shown(&call, find(&call, &saved.project)?)).of(saved.revision))
}

async fn create(call: Call) -> Answered {
    let id = call.fields.text("id").map_or_else(|| random_text(call.app()), str::to_owned);
    let id = CommandId::try_from(id).map_err(|error| Refusal::Value("id", error.to_string()))?;
    let chat = if call.fields.text("platform") == Some("slack") {
        Chat::SlackSlashCommands(SlackSlashCommands {
            signing_secrets: Vec::new(),
            tokens: Vec::new(),
            bot_token: None,
        })
    } else {
        let origin = call.fields.text("origin").ok_or(Refusal::Missing("origin"))?;
        let origin = origin.to_owned().try_into().map_err(|error| refused_origin(&error))?;
        Chat::MattermostSlashCommands(MattermostSlashCommands { tokens: Vec::new(), origin, bot_token: None })
    };
    let new = CommandIntegration {
        id: id.clone(),
        chat,
        team_ids: BTreeSet::new(),
        groups: BTreeMap::new(),
        rules: Vec::new(),
    };
    let new = changed(&call.fields, new)?;
    let add = |project: &mut Project| {
        project.commands.push(new.clone());
        Ok(())
    };
    let ((), saved) = call.edit(add).await?;
    let command = saved.project.commands.iter().find(|command| command.id == id);
    Ok(Reply::created(&shown(&call, command.ok_or(Refusal::NotFound("Command"))?)).of(saved.revision))
}

fn refused_origin(error: &ChatError) -> Refusal {
    Refusal::Value("origin", error.to_string())
}

/// A command with what was said of it.
fn changed(said: &Fields, mut command: CommandIntegration) -> Result<CommandIntegration, Refusal> {
    match &mut command.chat {
        Chat::SlackSlashCommands(slack) => {
            if let Some(tokens) = said.secrets("tokens") {
                slack.tokens = tokens;
            }
            if let Some(secrets) = said.secrets("signing_secrets") {
                slack.signing_secrets = secrets;
            }
            if let Some(token) = said.secret("bot_token") {
                slack.bot_token = token;
            }
        }
        Chat::MattermostSlashCommands(mattermost) => {
            if let Some(origin) = said.text("origin") {
                let origin = origin.to_owned().try_into().map_err(|error| refused_origin(&error))?;
                // The bot's token would be sent to whoever the new origin is.
                if origin != mattermost.origin {
                    mattermost.bot_token = None;
                }
                mattermost.origin = origin;
            }
            if let Some(tokens) = said.secrets("tokens") {
                mattermost.tokens = tokens;
            }
            if let Some(token) = said.secret("bot_token") {
                mattermost.bot_token = token;
            }
        }
    }
    if let Some(teams) = said.texts("team_ids") {
        command.team_ids = teams.into_iter().collect();
    }
    command.groups = said.json("groups")?.unwrap_or(command.groups);
    command.rules = said.json("rules")?.unwrap_or(command.rules);
    Ok(command)
}

async fn edit(call: Call) -> Answered {
    find(&call, &call.saved()?.project)?;
    let change = |project: &mut Project| {
        let id = find(&call, project)?.id.clone();
        for command in project.commands.iter_mut().filter(|command| command.id == id) {
            *command = changed(&call.fields, command.clone())?;
        }
        Ok(())
    };
    let ((), saved) = call.edit(change).await?;
    Ok(Reply::ok(&shown(&call, find(&call, &saved.project)?)).of(saved.revision))
}

async fn delete(call: Call) -> Answered {
    let remove = |project: &mut Project| {
        let id = find(&call, project)?.id.clone();
        project.commands.retain(|command| command.id != id);
        Ok(())
    };
    let ((), saved) = call.edit(remove).await?;
    Ok(Reply::empty().of(saved.revision))
}
