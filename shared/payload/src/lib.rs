//! From the headers and raw bytes of a forge to one verified, forge-neutral [`Event`].
//!
//! The order is fixed: [`verify`] looks at the raw bytes first, [`parse`] reads only what was found authentic.
//!
//! Not here: any IO, clock or randomness (time comes in as a number), what a project does with an event
//! (`relay`), where things are kept (`app`).

mod bitbucket_cloud;
mod bitbucket_server;
#[cfg(test)]
mod collection;
mod common;
mod encoding;
mod event;
mod field;
mod forge;
mod gitea;
mod github;
mod gitlab;
mod headers;
mod hub_signature;
pub mod limits;
mod moment;
#[cfg(test)]
mod odd;
mod secret;
#[cfg(test)]
mod show;
mod standard_webhooks;
mod verify;
mod words;

pub use event::{
    Actor, Comment, Commit, Deployment, Emoji, Event, Fact, Item, Member, MergeRequest, Other, Push,
    RefChange, Reference, Release, Repository, Run, Sha, Subject, TagPush, Topic,
};
pub use forge::Forge;
pub use headers::{Identity, delivery_id, event_name, is_kept, kept};
pub use hub_signature::{hub_signature, is_signed};
pub use secret::Secret;
pub use standard_webhooks::{SigningKey, SigningKeyError};
pub use verify::{Refusal, Scheme, Verdict, verify};
pub use words::{Action, State, Status};

use std::borrow::Cow;

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
    /// What happened: one event, but for Bitbucket's pushes, which name all their refs at once, and GitHub's `gollum`,
    /// which names all the pages of a wiki that were changed. Never empty.
    Events(Vec<Event>),
    /// Authentic, but nothing to tell anybody. The forge still gets a 2xx: GitLab switches a hook off after four
    /// other answers (<https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks>).
    Ignored {
        /// Why, in words for the log.
        reason: String,
    },
}

/// Why a payload cannot be read. The text is one sentence for the sender, and tells all there is.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, however it was wrapped.
    #[error("The body is not valid JSON: {0}.")]
    Json(serde_json::Error),
    /// Compressed in a way that is not understood, or several times.
    #[error("The body's Content-Encoding is none of gzip, deflate and identity.")]
    Coding,
    /// Not what its `Content-Encoding` says, or cut off.
    #[error("The body is not what its Content-Encoding says: {0}.")]
    Compressed(std::io::Error),
    /// A small body that stands for more than [`limits::BODY_BYTES_MAX`].
    #[error("The body inflates to more than the limit of 25 MiB.")]
    TooLarge,
}

/// The JSON text that a payload holds, also where it came as a form, or compressed.
pub fn json(payload: Payload<'_>) -> Result<Cow<'_, [u8]>, ParseError> {
    encoding::json(payload)
}

/// Reads an authentic payload. Never panics, whatever the bytes; costs time linear in the body, or, if that is
/// compressed, in what it inflates to.
pub fn parse(forge: Forge, payload: Payload<'_>) -> Result<Parsed, ParseError> {
    let json = &*encoding::json(payload)?;
    let name = event_name(forge, payload.headers);
    match forge {
        Forge::GitLab => gitlab::parse(name, json),
        Forge::GitHub => github::parse(forge, name, json),
        Forge::Gitea | Forge::Forgejo | Forge::Gogs => {
            gitea::parse(forge, gitea::name(payload.headers), json)
        }
        Forge::BitbucketCloud => bitbucket_cloud::parse(name, json),
        Forge::BitbucketServer => bitbucket_server::parse(name, json),
    }
}
