//! Which headers of a request matter, and what they say besides the signature.

use http::HeaderMap;

use crate::limits::{DELIVERY_ID_BYTES_MAX, HEADER_BYTES_MAX};
use crate::{Forge, Payload};

/// The headers kept with an event and passed on with it. A list of the allowed, since senders put secrets into
/// headers that nobody expects (GitHub did, in 2025).
const KEPT: [&str; 23] = [
    // With the content's type, it says how the bytes are to be read: they are kept and passed on as they came.
    "content-encoding",
    "content-type",
    "idempotency-key",
    "user-agent",
    "webhook-id",
    "x-bellhop-hops",
    "x-event-key",
    "x-forgejo-delivery",
    "x-forgejo-event",
    "x-forgejo-event-type",
    "x-gitea-delivery",
    "x-gitea-event",
    "x-gitea-event-type",
    "x-github-delivery",
    "x-github-event",
    "x-gitlab-event",
    "x-gitlab-event-uuid",
    "x-gitlab-instance",
    "x-gogs-delivery",
    "x-gogs-event",
    "x-hook-uuid",
    "x-request-id",
    "x-request-uuid",
];

/// The headers worth keeping, by lower-case name. Values that are no text, or absurdly long, are left out.
pub fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    KEPT.iter().filter_map(|name| Some(((*name).to_owned(), text(headers, name)?.to_owned()))).collect()
}

/// Whether a header, by its lower-case name, is worth keeping: then its value is nobody's secret.
pub fn is_kept(name: &str) -> bool {
    KEPT.contains(&name)
}

/// The sender's name for this delivery, the same when it is sent again. `None` if the sender gives none.
///
/// GitLab: `webhook-id` or `Idempotency-Key`, which are equal; never `X-Gitlab-Webhook-UUID`, which is new at each
/// request, nor `X-Gitlab-Event-UUID`, which all hooks of one event share.
pub fn delivery_id(forge: Forge, headers: &HeaderMap) -> Option<&str> {
    let names: &[&str] = match forge {
        Forge::GitLab => &["webhook-id", "idempotency-key"],
        Forge::GitHub => &["x-github-delivery"],
        Forge::Gitea => &["x-gitea-delivery"],
        Forge::Forgejo => &["x-forgejo-delivery", "x-gitea-delivery"],
        Forge::Gogs => &["x-gogs-delivery"],
        Forge::BitbucketCloud => &["x-request-uuid"],
        Forge::BitbucketServer => &["x-request-id"],
    };
    names
        .iter()
        .filter_map(|name| text(headers, name))
        .find(|id| !id.is_empty() && id.len() <= DELIVERY_ID_BYTES_MAX)
}

/// What makes a delivery the same as another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// The sender's name for it.
    Delivery(&'a str),
    /// What was sent, by a sender that gives it no name.
    Content {
        /// The sender's name for the event, which other deliveries may share: a GitLab before 17.4 has only this. It
        /// tells a branch that goes back and forth from a repetition.
        event: Option<&'a str>,
        /// The raw bytes.
        body: &'a [u8],
    },
}

impl<'a> Identity<'a> {
    /// Of one payload.
    pub fn of(forge: Forge, payload: Payload<'a>) -> Self {
        match delivery_id(forge, payload.headers) {
            Some(id) => Self::Delivery(id),
            None => Self::Content { event: text(payload.headers, "x-gitlab-event-uuid"), body: payload.body },
        }
    }
}

/// The event's name as the forge's header has it, such as `Push Hook`.
pub fn event_name(forge: Forge, headers: &HeaderMap) -> Option<&str> {
    let name = match forge {
        Forge::GitLab => "x-gitlab-event",
        Forge::GitHub => "x-github-event",
        Forge::Gitea => "x-gitea-event",
        Forge::Forgejo => "x-forgejo-event",
        Forge::Gogs => "x-gogs-event",
        Forge::BitbucketCloud | Forge::BitbucketServer => "x-event-key",
    };
    text(headers, name)
}

/// A header's value, if it is there, printable ASCII, and not absurdly long: what is not kept is not read either, so that
/// an event that is read again is the same.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| value.len() <= HEADER_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn secrets_in_headers_are_not_kept() {
        let received = headers(&[
            ("x-gitlab-token", "s3cret"),
            ("authorization", "Bearer s3cret"),
            ("webhook-signature", "v1,abc"),
            ("x-gitlab-event", "Push Hook"),
        ]);
        assert_eq!(kept(&received), [("x-gitlab-event".to_owned(), "Push Hook".to_owned())]);
    }

    #[test]
    fn an_absurdly_long_header_is_neither_kept_nor_read() {
        let long = "x".repeat(HEADER_BYTES_MAX + 1);
        let received = headers(&[("x-gitlab-event", &long), ("user-agent", &long[1..])]);
        assert_eq!(kept(&received), [("user-agent".to_owned(), long[1..].to_owned())]);
        assert_eq!(event_name(Forge::GitLab, &received), None);
    }

    #[test]
    fn gitlabs_delivery_is_named_by_what_stays_the_same_on_a_resend() {
        let received = headers(&[("x-gitlab-webhook-uuid", "new-each-time"), ("idempotency-key", "f5e5")]);
        assert_eq!(delivery_id(Forge::GitLab, &received), Some("f5e5"));
        assert_eq!(delivery_id(Forge::GitLab, &headers(&[("x-gitlab-event-uuid", "shared")])), None);
        assert_eq!(delivery_id(Forge::GitLab, &headers(&[("webhook-id", "")])), None);
    }
}
