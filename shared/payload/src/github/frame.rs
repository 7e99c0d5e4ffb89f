//! What every event of GitHub tells besides what it is about: the action, who did it, where.
//!
//! Not here: what the event is about.

use serde::Deserialize;

use super::account::{AccountPayload, RepositoryPayload, actor};
use crate::common::{ignored, read};
use crate::field::{Part, Text};
use crate::{Action, Actor, ParseError, Parsed, Repository};

/// The common part of a payload.
pub(super) struct Frame {
    /// In GitHub's word.
    pub(super) action: Option<String>,
    pub(super) actor: Actor,
    pub(super) repository: Option<Repository>,
    pub(super) organization: AccountPayload,
}

/// Why there is no fact.
pub(super) enum Stop {
    Invalid(ParseError),
    Ignored(Parsed),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FramePayload {
    action: Text,
    repository: Part<RepositoryPayload>,
    organization: Part<AccountPayload>,
    sender: Part<AccountPayload>,
}

impl Frame {
    pub(super) fn read(json: &[u8]) -> Result<Self, Stop> {
        let payload: FramePayload = object(json)?;
        Ok(Self {
            action: payload.action.0,
            actor: actor(payload.sender.0.as_ref(), None),
            repository: payload.repository.0.and_then(RepositoryPayload::repository),
            organization: payload.organization.0.unwrap_or_default(),
        })
    }

    pub(super) fn action(&self) -> Option<Action> {
        self.action.as_deref().map(Action::of)
    }
}

impl From<ParseError> for Stop {
    fn from(error: ParseError) -> Self {
        Self::Invalid(error)
    }
}

impl Stop {
    /// The payload lacks what it should be about.
    pub(super) fn nothing(what: &str) -> Self {
        Self::Ignored(ignored(&format!("GitHub does not tell which {what} it is about")))
    }
}

/// Reads what an event needs of the body.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Stop> {
    read(json, "an event of GitHub")?.map_err(Stop::Ignored)
}
