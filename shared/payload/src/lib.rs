//! From the headers and raw bytes of a forge to one verified, forge-neutral [`Event`].
//!
//! The order is fixed: [`verify`] looks at the raw bytes first, [`parse`] reads only what was found authentic.
//!
//! Not here: any IO, clock or randomness (time comes in as a number), what a project does with an event
//! (`relay`), where things are kept (`app`).

mod bitbucket_cloud;
mod bitbucket_server;
mod common;
mod encoding;
mod event;
mod forge;
mod gitea;
mod github;
mod gitlab;
mod headers;
mod hub_signature;
pub mod limits;
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
pub use headers::{Identity, delivery_id, event_name, kept};
pub use hub_signature::is_signed;
pub use secret::Secret;
pub use standard_webhooks::{SigningKey, SigningKeyError};
pub use verify::{Refusal, Scheme, Verdict, verify};
pub use words::{Action, State, Status};

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

/// Why a payload cannot be read. The text is one sentence for the sender, and tells all there is.
#[derive(Debug, thiserror::Error)]
#[error("The body is not valid JSON: {0}.")]
pub struct ParseError(serde_json::Error);

/// Reads an authentic payload. Never panics, whatever the bytes; costs time linear in the body.
pub fn parse(forge: Forge, payload: Payload<'_>) -> Result<Parsed, ParseError> {
    let json = &*encoding::json(payload);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each forge with the header that says "push", and a push of its own.
    const PUSHES: [(Forge, &str, &str, &[u8]); 6] = [
        (
            Forge::GitLab,
            "x-gitlab-event",
            "Push Hook",
            include_bytes!("../../../tests/fixtures/gitlab/push.json"),
        ),
        (Forge::GitHub, "x-github-event", "push", include_bytes!("../../../tests/fixtures/github/push.json")),
        (Forge::Gitea, "x-gitea-event", "push", include_bytes!("../../../tests/fixtures/gitea/push.json")),
        (Forge::Gogs, "x-gogs-event", "push", include_bytes!("../../../tests/fixtures/gogs/push.json")),
        (
            Forge::BitbucketCloud,
            "x-event-key",
            "repo:push",
            include_bytes!("../../../tests/fixtures/bitbucket-cloud/push.json"),
        ),
        (
            Forge::BitbucketServer,
            "x-event-key",
            "repo:refs_changed",
            include_bytes!("../../../tests/fixtures/bitbucket-server/branch_deleted.json"),
        ),
    ];

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn each_forges_push_is_an_event() {
        for (forge, name, value, body) in PUSHES {
            let parsed = parse(forge, Payload { headers: &headers(name, value), body });
            assert!(matches!(parsed, Ok(Parsed::Events(_))), "{forge}: {parsed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_and_any_damage_to_a_push_are_survived(
            which in 0..PUSHES.len(), noise in prop::collection::vec(any::<u8>(), 0..64), at: prop::sample::Index, cut: bool,
        ) {
            let (forge, name, value, push) = PUSHES[which];
            let headers = headers(name, value);
            let mut damaged = push.to_vec();
            let at = at.index(damaged.len());
            let end = if cut { damaged.len() } else { (at + noise.len()).min(damaged.len()) };
            damaged.splice(at..end, noise.iter().copied());
            for body in [&noise, &damaged] {
                let payload = Payload { headers: &headers, body };
                let _ = parse(forge, payload);
                let _ = verify(forge, &[Secret::new("s3cret")], payload, 0);
            }
        }
    }
}
