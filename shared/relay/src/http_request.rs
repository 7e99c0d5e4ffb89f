//! What an HTTP hook is sent, with the headers that GitLab's own webhooks have
//! (<https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers>) and those of Standard Webhooks.
//!
//! Not here: the body (`hook_body`), and the client, which adds `Host` and `Content-Length` (`app`).

use crate::Original;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use config::{HookFormat, HttpHook};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Event, Forge, Secret, SigningKey};
use percent_encoding::percent_decode_str;
use url::Url;
use uuid::Uuid;

use crate::gitlab_payload::event_name;
use crate::hook_body::{HookBody, RenderError, hook_body};

/// What goes to every target: the version of this crate is Bellhop's.
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Bellhop/", env!("CARGO_PKG_VERSION")));

/// How many Bellhops an event has passed, so that one which goes in a circle is found out.
const HOPS: &str = "x-bellhop-hops";

/// GitLab's name for the kind of event, in every format.
const EVENT: &str = "x-gitlab-event";

/// GitLab's name for what happened, shared by all hooks that are told of it.
const EVENT_UUID: &str = "x-gitlab-event-uuid";

/// The sender's headers that are passed on in the sender's own format: which event it is, and the sender's name for the
/// delivery.
const PASSED_ON: [&str; 15] = [
    "x-event-key",
    "x-forgejo-delivery",
    "x-forgejo-event",
    "x-forgejo-event-type",
    "x-gitea-delivery",
    "x-gitea-event",
    "x-gitea-event-type",
    "x-github-delivery",
    "x-github-event",
    "x-gogs-delivery",
    "x-gogs-event",
    "x-hook-uuid",
    "x-request-id",
    "x-request-uuid",
    EVENT,
];

/// Under which our names for events and requests become UUIDs (version 5, RFC 9562).
const NAMES: Uuid = Uuid::from_u128(0x0365_daae_39a6_4b15_8f3b_980c_1414_ea54);

/// A request, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Where to: the hook's URL with its variables, and without user and password.
    pub url: Secret,
    /// All headers that say something; the client adds `Host` and `Content-Length`. What is secret is marked as such.
    pub headers: HeaderMap,
    /// The bytes that the signatures are of.
    pub body: Vec<u8>,
    /// How long the attempt may take in all.
    pub timeout: Duration,
    /// Whether the target's certificate is looked at.
    pub verify_tls: bool,
}

/// What one attempt is about.
#[derive(Clone, Debug)]
pub struct Sending<'a> {
    /// The payload. It can be large, so it is moved into the request.
    pub original: Original,
    /// What is in it.
    pub events: &'a [Event],
    /// Bellhop's name for the event, the same for all targets.
    pub event_id: &'a str,
    /// Bellhop's name for the delivery, the same at every attempt, so that a target can tell a repetition.
    pub delivery_id: &'a str,
    /// Counts from 1.
    pub attempt: u32,
    /// The time, in seconds since 1970: what signatures are good for some minutes after.
    pub now_s: i64,
}

/// How many Bellhops a payload has passed, by its kept headers.
pub fn hops(headers: &[(String, String)]) -> u32 {
    let passed = headers.iter().find(|(name, _)| name == HOPS);
    passed.and_then(|(_, count)| count.parse().ok()).unwrap_or_default()
}

/// The request for one attempt. Its signatures hold the time, so that it is to be sent at once.
pub fn http_request(hook: &HttpHook, sending: Sending<'_>) -> Result<HttpRequest, RenderError> {
    let mut address = hook.address()?;
    let mut headers = custom(hook);
    passed_on(&mut headers, hook.format, &sending);
    named(&mut headers, &sending);
    if let Some(authorization) = take_credentials(&mut address) {
        headers.insert(AUTHORIZATION, authorization);
    }
    let Sending { original, events, delivery_id, now_s, .. } = sending;
    let HookBody { content_type, content_encoding, bytes: body } = hook_body(hook, original, events)?;
    set(&mut headers, "content-type", &content_type);
    if let Some(encoding) = content_encoding {
        set(&mut headers, "content-encoding", &encoding);
    }
    proved(&mut headers, hook, (delivery_id, now_s, &body))?;
    headers.insert(http::header::USER_AGENT, USER_AGENT);
    Ok(HttpRequest {
        url: Secret::new(address),
        headers,
        body,
        timeout: Duration::from_secs(hook.timeout_s.into()),
        verify_tls: hook.enable_ssl_verification,
    })
}

/// A value that no header can carry is left out: what is configured was looked at when it was, and what a sender sent
/// came in a header.
fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

fn set_secret(headers: &mut HeaderMap, name: HeaderName, value: &Secret) {
    if let Ok(mut value) = HeaderValue::from_str(value.expose()) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
}

/// The hook's own headers come first, so that Bellhop's take the place of those that have their names.
fn custom(hook: &HttpHook) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for header in &hook.custom_headers {
        if let Ok(name) = HeaderName::try_from(&header.key) {
            set_secret(&mut headers, name, &header.value);
        }
    }
    headers
}

/// What says which event it is: the sender's own headers with the sender's body, GitLab's with any other.
fn passed_on(headers: &mut HeaderMap, format: HookFormat, sending: &Sending<'_>) {
    let received = |name: &str| sending.original.header(name);
    if format == HookFormat::Passthrough {
        for name in PASSED_ON {
            if let Some(value) = received(name) {
                set(headers, name, value);
            }
        }
    } else if let Some(event) = sending.events.first() {
        // GitLab knows better: a system hook is called by another name.
        let is_gitlabs = event.forge == Forge::GitLab;
        let own = received(EVENT).filter(|_| is_gitlabs).map(str::to_owned);
        set(headers, EVENT, &own.unwrap_or_else(|| event_name(event)));
    }
    if let Some(instance) = received("x-gitlab-instance") {
        set(headers, "x-gitlab-instance", instance);
    }
}

/// The names of the event, of the delivery and of this attempt.
fn named(headers: &mut HeaderMap, sending: &Sending<'_>) {
    let Sending { original, event_id, delivery_id, attempt, .. } = sending;
    let uuid = |name: &str| Uuid::new_v5(&NAMES, name.as_bytes()).to_string();
    let event_uuid = original.header(EVENT_UUID).map_or_else(|| uuid(event_id), str::to_owned);
    set(headers, EVENT_UUID, &event_uuid);
    set(headers, "x-gitlab-webhook-uuid", &uuid(&format!("{delivery_id} {attempt}")));
    set(headers, "idempotency-key", delivery_id);
    set(headers, "webhook-id", delivery_id);
    set(headers, "webhook-attempt", &attempt.to_string());
    set(headers, HOPS, &hops(&original.headers).saturating_add(1).to_string());
}

/// What proves that the request comes from here. The signatures are of the very bytes that are sent.
fn proved(
    headers: &mut HeaderMap,
    hook: &HttpHook,
    (id, now_s, body): (&str, i64, &[u8]),
) -> Result<(), RenderError> {
    if let Some(token) = &hook.token {
        set_secret(headers, HeaderName::from_static("x-gitlab-token"), token);
    }
    if let Some(secret) = &hook.hub_secret {
        set(headers, "x-hub-signature-256", &payload::hub_signature(secret, body));
    }
    set(headers, "webhook-timestamp", &now_s.to_string());
    let sign = |token| SigningKey::new(token).map(|key| key.sign(id, now_s, body));
    let signatures: Vec<_> = hook.signing_tokens.iter().map(sign).collect::<Result<_, _>>()?;
    if !signatures.is_empty() {
        set(headers, "webhook-signature", &signatures.join(" "));
    }
    Ok(())
}

/// `user:password@` leaves the URL and becomes Basic authentication (RFC 7617), as with GitLab.
fn take_credentials(address: &mut Url) -> Option<HeaderValue> {
    if address.username().is_empty() && address.password().is_none() {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let both =
        [&decoded(address.username())[..], b":", &decoded(address.password().unwrap_or_default())].concat();
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(both))).ok()?;
    value.set_sensitive(true);
    // Both can only fail for addresses without a host, which no hook has.
    address.set_username("").and_then(|()| address.set_password(None)).ok()?;
    Some(value)
}

#[cfg(test)]
mod tests;
