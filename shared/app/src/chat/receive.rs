//! The use case behind a chat's POST: verify, read, decide, keep, queue, acknowledge.
//!
//! **A command counts once.** The first thing that is written is that it was seen, under its own id; the last, together
//! with its audit row, that it is done. In between everything can be done again without harm, since all of it goes by the
//! ids that were written first. So a copy that comes after a crash finishes what was begun, and any other copy changes
//! nothing; neither is answered a word.
//!
//! A run costs five calls: seen; the run; its task; its audit row and the rows that lead to it, in one; and the mark, alone,
//! since of rows that are written in one call any part may be there after an error.
//!
//! Not here: HTTP (`doors`), what each command does (`act`).

use std::sync::Arc;
use std::time::Duration;

use chatops::access::knows_team;
use chatops::{Command, Refusal, grammar, reply, texts};
use config::commands::Platform;
use config::{CommandId, CommandIntegration, Project, ProjectId, ProjectPath};
use payload::Payload;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::act::{Desk, act};
use super::{Asked, ChatError};
use crate::clock::Timestamp;
use crate::http_target::Outbound;
use crate::ids::RunId;
use crate::queue::{Queue, QueueError};
use crate::store::{item, row};
use crate::table::{Condition, Item, Key, Write};
use crate::{App, StoreError, audit, projects};

/// How long a command is known again. Slack's signature is good for five minutes; Mattermost dates nothing.
const SEEN_FOR: Duration = Duration::from_hours(24);

/// Where a command came in.
#[derive(Clone, Copy, Debug)]
pub enum Entrance<'a> {
    /// By the command's own URL.
    Command(&'a CommandId),
    /// By GitLab's URL for the project's integration with this chat.
    Project {
        /// Its number, or its path.
        id: &'a str,
        /// Whose chat.
        platform: Platform,
    },
}

/// What chat is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// This.
    Say(Value),
    /// Nothing: it was said before.
    Silence,
}

/// Why a request is no command. Nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No such command or project; on GitLab's way in, a wrong token as well.
    #[error("there is no such slash command")]
    Unknown,
    /// It does not prove where it comes from.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<ChatError> for ReceiveError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Store(error) => Self::Store(error),
            ChatError::Queue(error) => Self::Queue(error),
        }
    }
}

impl From<crate::table::TableError> for ReceiveError {
    fn from(error: crate::table::TableError) -> Self {
        Self::Store(error.into())
    }
}

/// What is known of a command before it is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seen {
    /// When it first came in.
    at: Timestamp,
    /// The name of the run that it makes, if it makes one.
    run: RunId,
    /// Whether all was done.
    is_done: bool,
}

/// Receives one request. `Ok` means that whatever is to be done is durable.
pub async fn receive(
    app: &App,
    (queue, outbound): (&dyn Queue, &Outbound),
    entrance: Entrance<'_>,
    payload: Payload<'_>,
) -> Result<Reply, ReceiveError> {
    let (project, number) = authentic(app, entrance, payload).await?;
    let integration = &project.commands[number];
    let platform = integration.chat.platform();
    let command = match Command::read(&integration.chat, payload.body) {
        Ok(command) => command,
        Err(error) => {
            tracing::warn!(project = %project.id, command = %integration.id, reason = %error, "command.refused");
            return Ok(Reply::Say(reply::ephemeral(platform, &texts::refused(error))));
        }
    };
    if !knows_team(integration, &command.team.id) {
        let team = &command.team.id;
        tracing::warn!(project = %project.id, command = %integration.id, team, "command.unknown_team");
        return Ok(Reply::Say(reply::ephemeral(platform, &texts::unknown_team())));
    }
    let (seen, is_copy) = see(app, &command).await?;
    if seen.is_done {
        tracing::info!(project = %project.id, command = %integration.id, "command.repeated");
        return Ok(Reply::Silence);
    }
    let asked =
        Asked::new(app, (project.id, &integration.id), &command, seen.at).map_err(StoreError::from)?;
    let desk = Desk { app, queue, outbound, project: &project, integration, asked: &asked };
    let done = act(&desk, &seen.run, &grammar::parse(&command.text), &command.text).await?;
    log(&desk, &done.entry);
    let mut rows = done.rows;
    rows.push(audit::entry(&asked, &done.entry));
    app.table.batch_put(rows).await?;
    app.table.put(seen_row(&command, &Seen { is_done: true, ..seen }), Condition::Always).await?;
    Ok(if is_copy { Reply::Silence } else { Reply::Say(done.reply) })
}

/// Finds the command that a request proves to come from: the project, and which of its commands.
async fn authentic(
    app: &App,
    entrance: Entrance<'_>,
    payload: Payload<'_>,
) -> Result<(Arc<Project>, usize), ReceiveError> {
    let now_s = app.clock.now().seconds();
    match entrance {
        Entrance::Command(id) => {
            let project = projects::by_command(app, id).await?.ok_or(ReceiveError::Unknown)?;
            let number = project.commands.iter().position(|command| command.id == *id);
            let number = number.ok_or(ReceiveError::Unknown)?;
            chatops::verify(&project.commands[number].chat, payload, now_s)?;
            Ok((project, number))
        }
        Entrance::Project { id, platform } => {
            let project = by_gitlabs_id(app, id).await?.ok_or(ReceiveError::Unknown)?;
            let is_from = |command: &CommandIntegration| {
                let chat = &command.chat;
                chat.platform() == platform && chatops::verify(chat, payload, now_s).is_ok()
            };
            let number = project.commands.iter().position(is_from).ok_or(ReceiveError::Unknown)?;
            Ok((project, number))
        }
    }
}

/// A project by its number or its path, as GitLab's API takes both.
async fn by_gitlabs_id(app: &App, id: &str) -> Result<Option<Arc<Project>>, StoreError> {
    let number = match (id.parse().ok(), ProjectPath::try_from(id.to_owned())) {
        (Some(number), _) => Some(ProjectId(number)),
        (None, Ok(path)) => projects::number_of(app, &path).await?,
        (None, Err(_)) => None,
    };
    match number {
        Some(number) => projects::by_id(app, number).await,
        None => Ok(None),
    }
}

/// Remembers a command, or knows it again: then what was remembered, and that it is a copy.
async fn see(app: &App, command: &Command) -> Result<(Seen, bool), StoreError> {
    let seen = Seen { at: app.clock.now(), run: RunId::new(&app.chance), is_done: false };
    match app.table.put(seen_row(command, &seen), Condition::Absent).await? {
        Write::Done(_) | Write::Conflict(None) => Ok((seen, false)),
        Write::Conflict(Some(stored)) => {
            let known: Seen = row(&stored)?;
            // Our own put, which was answered with an error and repeated by the adapter, is ours all the same.
            let is_copy = known.run != seen.run;
            Ok((known, is_copy))
        }
    }
}

fn seen_row(command: &Command, seen: &Seen) -> Item {
    let key = Key::new(format!("command-seen#{}", command.dedupe_key), "seen");
    item(key, seen, Some(seen.at + SEEN_FOR))
}

/// One wide event for one command. What was typed stays out of it.
fn log(desk: &Desk<'_>, entry: &audit::Entry) {
    tracing::info!(
        project = %desk.project.id,
        command = %entry.command,
        team = entry.team_id,
        channel = entry.channel.id,
        user = entry.user.id,
        what = entry.what,
        is_allowed = entry.is_allowed,
        decision = entry.decision,
        run = entry.run.as_ref().map(ToString::to_string),
        outcome = entry.outcome,
        "command.received"
    );
}
