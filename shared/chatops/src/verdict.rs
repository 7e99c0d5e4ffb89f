//! Whether a request is authentic, and why it is not.

use config::commands::Chat;
use payload::Payload;

use crate::{mattermost, slack};

/// Judges a request by the command that its URL names. `now_s` is the time of day, in seconds since 1970.
pub fn verify(chat: &Chat, payload: Payload<'_>, now_s: i64) -> Result<(), Refusal> {
    match chat {
        Chat::SlackSlashCommands(settings) => slack::verify(settings, payload, now_s),
        Chat::MattermostSlashCommands(settings) => mattermost::verify(settings, payload),
    }
}

/// What is wrong with a request's proof. It is answered 401 without a word; the texts are for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No proof, or half of one.
    #[error("the request carries no proof of where it comes from")]
    Missing,
    /// A proof that makes no sense.
    #[error("the request's proof is malformed")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("the signature's timestamp is more than five minutes off")]
    Stale,
    /// Signed with something else.
    #[error("the signature fits no signing secret of this command")]
    WrongSignature,
    /// A token that is none of the command's, in the form or in the header.
    #[error("the token is none of this command's")]
    WrongToken,
}
