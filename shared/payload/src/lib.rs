//! From the headers and raw bytes of a forge to one verified, forge-neutral [`Event`].
//!
//! The order is fixed: [`verify`] looks at the raw bytes first, [`parse`] reads only what was found authentic.
//!
//! Not here: any IO, clock or randomness (time comes in as a number), what a project does with an event
//! (`relay`), where things are kept (`app`).

mod event;
mod forge;
mod gitlab;
mod headers;
pub mod limits;
mod secret;
mod standard_webhooks;
mod verify;

pub use event::{Actor, Commit, Event, Fact, Push, RefChange, Repository, Sha, TagPush};
pub use forge::Forge;
pub use headers::{delivery_id, event_name, kept};
pub use secret::Secret;
pub use standard_webhooks::{SigningKey, SigningKeyError};
pub use verify::{Refusal, Scheme, Verdict, verify};

use http::HeaderMap;

/// What a forge sent.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// All headers as received.
    pub headers: &'a HeaderMap,
    /// The raw bytes.
    pub body: &'a [u8],
}

/// What an authentic payload turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Something that happened.
    Event(Box<Event>),
    /// Authentic, but nothing to tell anybody. The forge still gets a 2xx: GitLab switches a hook off after four
    /// other answers (<https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks>).
    Ignored {
        /// Why, in words for the log.
        reason: String,
    },
}

/// Why a payload cannot be read. The text is one sentence for the sender.
#[derive(Debug, thiserror::Error)]
#[error("The body is not valid JSON: {0}.")]
pub struct ParseError(#[source] serde_json::Error);

/// Reads an authentic payload. Never panics, whatever the bytes; costs time linear in the body.
pub fn parse(forge: Forge, payload: Payload<'_>) -> Result<Parsed, ParseError> {
    match forge {
        Forge::GitLab => gitlab::parse(payload),
    }
}
