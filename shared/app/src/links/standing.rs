//! What a linked user is in the project, asked of GitLab and remembered for a minute.
//!
//! Deny by default: where GitLab does not answer, nobody has a role.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use config::{CommandIntegration, GitLab, Project, ProjectId};

use super::{ChatUser, linked};
use crate::clock::Timestamp;
use crate::gitlab::commands::Behalf;
use crate::gitlab::{Api, AskError};
use crate::http_target::Outbound;
use crate::{App, Causes, StoreError};

/// How long an answer holds. Who was removed from the project keeps what they had for so long, at the most.
const HOLDS_FOR: Duration = Duration::from_mins(1);

/// How many answers are remembered; beyond, all are forgotten.
const REMEMBERED_MAX: usize = 1_000;

/// How long GitLab may take: a slash command is answered within three seconds, everything else included.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A linked user, and what they are in the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The id at GitLab.
    pub user_id: u64,
    /// The login at GitLab.
    pub username: String,
    /// GitLab's number; 0 for somebody who is no member.
    pub access_level: u32,
}

/// Why nobody knows. The text is for whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// GitLab said nothing of the kind.
    #[error("what you may do here could not be asked of GitLab: {0}")]
    Ask(#[source] AskError),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the caller of a command is in the project; `None` if they are linked to nobody. GitLab is asked only where a rule
/// of this command asks for a role.
pub async fn standing(
    app: &App,
    outbound: &Outbound,
    (project, who): (&Project, &ChatUser),
    command: &CommandIntegration,
) -> Result<Option<Standing>, StandingError> {
    let Some(gitlab) = &project.gitlab else { return Ok(None) };
    if command.rules.iter().all(|rule| rule.role.is_none()) {
        return Ok(None);
    }
    let Some(linked) = linked(app, project, who).await? else { return Ok(None) };
    let access_level =
        level(app, outbound, (project.id, gitlab), linked.user_id).await.map_err(StandingError::Ask)?;
    Ok(Some(Standing { user_id: linked.user_id, username: linked.username, access_level }))
}

/// On whose behalf a command is done that was found to be allowed. Nothing is waited for in front of a screen here; whose
/// standing GitLab does not tell has none.
pub async fn behalf(
    app: &App,
    outbound: &Outbound,
    (project, who): (&Project, &ChatUser),
) -> Result<Behalf, StoreError> {
    let linked = linked(app, project, who).await?;
    let (Some(linked), Some(gitlab)) = (linked, &project.gitlab) else {
        let name = if who.user_name.is_empty() { &who.user_id } else { &who.user_name };
        return Ok(Behalf { login: name.clone(), user_id: None, access_level: 0 });
    };
    let level = level(app, outbound, (project.id, gitlab), linked.user_id).await;
    let access_level = level.unwrap_or_else(|error| {
        tracing::warn!(project = %project.id, error = %Causes(&error), "a standing is not known");
        0
    });
    Ok(Behalf { login: linked.username, user_id: Some(linked.user_id), access_level })
}

async fn level(
    app: &App,
    outbound: &Outbound,
    (project, gitlab): (ProjectId, &GitLab),
    user: u64,
) -> Result<u32, AskError> {
    let (key, now) = ((project, user), app.clock.now());
    if let Some(known) = app.standings.recall(key, now) {
        return Ok(known);
    }
    let level = Api::new(outbound, gitlab).within(PATIENCE).access_level(user).await?;
    app.standings.remember(key, now, level);
    Ok(level)
}

/// The answers of the last minute.
#[derive(Default)]
pub(crate) struct StandingCache(Mutex<HashMap<(ProjectId, u64), (Timestamp, u32)>>);

impl StandingCache {
    fn recall(&self, key: (ProjectId, u64), now: Timestamp) -> Option<u32> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key).filter(|(since, _)| now.is_within(HOLDS_FOR, *since)).map(|(_, level)| *level)
    }

    fn remember(&self, key: (ProjectId, u64), now: Timestamp, level: u32) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(key, (now, level));
    }
}
