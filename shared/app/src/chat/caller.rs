//! Who a caller is to the rules: their ids, and what GitLab says they are in the project.
//!
//! Not here: the rules (`chatops::access`), links and questions (`links`).

use chatops::access::Caller;
use chatops::{Text, texts};

use super::act::Desk;
use super::{Asked, ChatError};
use crate::links::{self, ChatUser, StandingError};

/// What GitLab says of a caller; nothing of those who are linked to nobody, or where no rule asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing(Option<u32>);

impl Standing {
    /// Who used a command, for the rules.
    pub(crate) fn caller(self, asked: &Asked) -> Caller<'_> {
        Caller { user_id: &asked.user.id, channel_id: &asked.channel.id, access_level: self.0 }
    }
}

pub(crate) fn chat_user(asked: &Asked) -> ChatUser {
    ChatUser {
        project: asked.project,
        platform: asked.platform,
        team_id: asked.team_id.clone(),
        user_id: asked.user.id.clone(),
        user_name: asked.user.name.clone(),
    }
}

/// What whoever used a command is in the project; where GitLab does not say, what the caller is told.
pub(crate) async fn standing(desk: &Desk<'_>, asked: &Asked) -> Result<Result<Standing, Text>, ChatError> {
    let who = chat_user(asked);
    match links::standing(desk.app, desk.outbound, (desk.project, &who), desk.integration).await {
        Ok(standing) => Ok(Ok(Standing(standing.map(|standing| standing.access_level)))),
        Err(StandingError::Store(error)) => Err(error.into()),
        Err(error @ StandingError::Ask(_)) => Ok(Err(texts::unasked(&error.to_string()))),
    }
}
