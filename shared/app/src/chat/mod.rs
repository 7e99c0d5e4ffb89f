//! Slash commands, from the door to the last reply.
//!
//! | what | where |
//! |---|---|
//! | a command comes in, is judged, kept, queued and acknowledged | [`receive`] |
//! | it takes a look at GitLab or at the repository | [`carry_out`], [`list_jobs`] |
//! | a run waits, goes on, ends: it is kept, and chat is to be told | [`wait_for_consent`], [`expire`], [`go_on`], [`finish`] |
//! | chat is told, by the command's own address while it lives, then by a bot | [`tell_run`], [`answer`] |
//!
//! Not here: what is pure about them (`chatops`), runs as they are kept (`runs`), finding and executing jobs (`jobs`).

mod act;
mod asked;
mod caller;
mod carry_out;
mod follow;
mod post;
mod receive;
mod touch;
mod words;

use config::Project;
use config::commands::CommandIntegration;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::queue::QueueError;

pub use asked::Asked;
pub use carry_out::{answer_later, carry_out, list_jobs};
pub use follow::{Finished, can_be_told, expire, finish, go_on, stop, wait_for_consent};
pub use post::{answer, tell_run};
pub use receive::{Entrance, ReceiveError, Reply, receive};
pub use words::status;

/// What chat is told of a run, each of it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// That it waits for consent: its job turned out to be manual.
    Waits,
    /// That it goes on.
    Progress,
    /// How it ended.
    Result,
}

/// Why something was not done. Doing it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<crate::table::TableError> for ChatError {
    fn from(error: crate::table::TableError) -> Self {
        Self::Store(error.into())
    }
}

/// The slash command that was used, as it is configured now.
pub(crate) fn integration<'a>(project: &'a Project, asked: &Asked) -> Option<&'a CommandIntegration> {
    project.commands.iter().find(|command| command.id == asked.command)
}
