//! A slash command as it is kept for as long as it may be answered: who asked, where, and how to reach them.
//!
//! Not here: what was asked for.

use chatops::{Command, Named};
use config::commands::Platform;
use config::{CommandId, ProjectId};
use payload::Secret;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::clock::Timestamp;
use crate::seal::{SealError, Sealed};

/// Who asked, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The same for the same request when it comes again: [`Command::dedupe_key`].
    pub id: String,
    /// Whose command it is.
    pub project: ProjectId,
    /// Which of the project's commands: its rules, its chat.
    pub command: CommandId,
    /// Whose chat.
    pub platform: Platform,
    /// The team it was typed in, by immutable id.
    pub team_id: String,
    /// Where.
    pub channel: Named,
    /// Who.
    pub user: Named,
    /// The slash command itself, such as `/gitlab`.
    pub slash: String,
    /// When it came in.
    pub at: Timestamp,
    /// Whoever knows it can post.
    response_url: Sealed,
}

impl Asked {
    /// Keeps a command that came in at this time for a project's integration.
    pub fn new(
        app: &App,
        (project, command): (ProjectId, &CommandId),
        asked: &Command,
        at: Timestamp,
    ) -> Result<Self, SealError> {
        let url = Secret::new(asked.response_url.expose());
        Ok(Self {
            response_url: app.sealer.seal(&url, &place(&asked.dedupe_key), &app.chance)?,
            id: asked.dedupe_key.clone(),
            project,
            command: command.clone(),
            platform: asked.platform,
            team_id: asked.team.id.clone(),
            channel: asked.channel.clone(),
            user: asked.user.clone(),
            slash: asked.slash.clone(),
            at,
        })
    }

    /// Where to answer, for half an hour and five times. It was checked when it came in; whoever posts to it checks it
    /// against the chat as it is configured then.
    pub fn response_url(&self, app: &App) -> Result<Secret, SealError> {
        app.sealer.open(&self.response_url, &place(&self.id))
    }
}

/// Sealed for one command, the address of another does not open in its place.
fn place(id: &str) -> String {
    format!("asked#{id}")
}
