//! From the headers and raw bytes of a forge to one verified, forge-neutral [`Event`].
//!
//! The order is fixed: [`verify`] looks at the raw bytes first, [`parse`] reads only what was found authentic.
//!
//! Not here: any IO, clock or randomness (time comes in as a number), what a project does with an event
//! (`relay`), where things are kept (`app`).

mod bitbucket_cloud;
mod bitbucket_server;
mod encoding;
mod event;
mod forge;
mod github;
mod gitlab;
mod headers;
mod hub_signature;
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
    /// Something that happened: one event, but for Bitbucket, which puts all the refs of one push into one payload.
    /// Never empty.
    Events(Vec<Event>),
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
    let json = &*encoding::json(payload);
    let name = event_name(forge, payload.headers);
    match forge {
        Forge::GitLab => gitlab::parse(name, json),
        Forge::GitHub | Forge::Gitea | Forge::Forgejo | Forge::Gogs => github::parse(forge, name, json),
        Forge::BitbucketCloud => bitbucket_cloud::parse(name, json),
        Forge::BitbucketServer => bitbucket_server::parse(name, json),
    }
}

/// Reads one kind of payload. What is JSON of another shape is ignored; the reason says where in the body, and not what
/// stands there, since reasons are logged.
fn read<'a, T: serde::Deserialize<'a>>(json: &'a [u8], what: &str) -> Result<Result<T, Parsed>, ParseError> {
    match serde_json::from_slice(json) {
        Ok(payload) => Ok(Ok(payload)),
        Err(error) if error.is_data() => {
            let (line, column) = (error.line(), error.column());
            let reason = format!("not of the shape of {what} (line {line}, column {column})");
            Ok(Err(Parsed::Ignored { reason }))
        }
        Err(error) => Err(ParseError(error)),
    }
}

/// The answer to a kind of event that nobody is told about.
fn unknown(name: Option<&str>) -> Parsed {
    /// How much of a name a reason repeats: the longest of the forges' has 35 characters.
    const NAME_CHARS_MAX: usize = 64;
    let name: String = name.unwrap_or("without a name").chars().take(NAME_CHARS_MAX).collect();
    Parsed::Ignored { reason: format!("events '{name}' are not relayed") }
}
