//! The body that a hook is sent: in the hook's format, and then as its template makes it.
//!
//! Not here: headers and signatures (`http_request`).

use std::borrow::Cow;

use config::{HookFormat, HttpHook, TemplateError, UrlError};
use payload::{Event, Forge, ParseError, Payload, SigningKeyError};
use serde_json::{Value, json};

use crate::Original;
use crate::gitlab_payload::{gitlab_payload, is_todays};
use crate::normalised::Normalised;
use crate::route::is_wanted;

const JSON: &str = "application/json";

/// Why there is nothing to send. It lies in the settings, and ends when they are mended.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// See [`UrlError`].
    #[error(transparent)]
    Url(#[from] UrlError),
    /// See [`TemplateError`].
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// See [`SigningKeyError`].
    #[error(transparent)]
    SigningToken(#[from] SigningKeyError),
    /// The payload was JSON when it came in, but nests deeper than is read here.
    #[error("the payload cannot be brought into the hook's format")]
    Payload(#[source] serde_json::Error),
    /// See [`ParseError`].
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// A body, and how to read it.
pub(crate) struct HookBody {
    pub(crate) content_type: Cow<'static, str>,
    /// Only of what goes on as it came.
    pub(crate) content_encoding: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// The body for one hook.
pub(crate) fn hook_body(
    hook: &HttpHook,
    original: Original,
    events: &[Event],
) -> Result<HookBody, RenderError> {
    let payload = match (hook.format, &hook.custom_webhook_template) {
        (HookFormat::Passthrough, None) => return Ok(as_it_came(original)),
        (HookFormat::Passthrough, Some(_)) => read(&original)?,
        (HookFormat::Bellhop, _) => bellhop_body(&wanted(hook, events), &original)?,
        (HookFormat::Gitlab, template) => {
            let is_gitlabs = events.iter().all(|event| event.forge == Forge::GitLab);
            match is_gitlabs.then(|| read(&original)).transpose()? {
                Some(payload) if is_todays(&payload) && template.is_none() => {
                    return Ok(as_it_came(original));
                }
                Some(payload) if is_todays(&payload) => payload,
                _ => gitlab_body(&wanted(hook, events)),
            }
        }
    };
    let bytes = match &hook.custom_webhook_template {
        Some(template) => template.render(&payload)?,
        // A value that was read, or made, can be written.
        None => payload.to_string().into_bytes(),
    };
    Ok(HookBody { content_type: Cow::Borrowed(JSON), content_encoding: None, bytes })
}

fn as_it_came(original: Original) -> HookBody {
    let own = |name: &str| original.header(name).map(str::to_owned);
    HookBody {
        content_type: own("content-type").map_or(Cow::Borrowed(JSON), Cow::Owned),
        content_encoding: own("content-encoding"),
        bytes: original.body,
    }
}

/// What the sender's body says, also where it came as a form, or compressed.
fn read(original: &Original) -> Result<Value, RenderError> {
    let headers = original.header_map();
    let text = payload::json(Payload { headers: &headers, body: &original.body })?;
    serde_json::from_slice(&text).map_err(RenderError::Payload)
}

/// Of a payload that tells of several refs, what the hook wants to hear of. All of it if that is nothing: the settings
/// have changed since it was accepted, or somebody sends it for a test.
fn wanted<'a>(hook: &HttpHook, events: &'a [Event]) -> Vec<&'a Event> {
    let wanted: Vec<_> = events.iter().filter(|event| is_wanted(event, &hook.subscription)).collect();
    if wanted.is_empty() { events.iter().collect() } else { wanted }
}

/// A list, since one payload of Bitbucket's may tell of several refs. Of all others it has one element.
fn bellhop_body(events: &[&Event], original: &Original) -> Result<Value, RenderError> {
    let headers = original.header_map();
    let normalised = |event: &&Event| {
        serde_json::to_value(Normalised::of(event, payload::delivery_id(event.forge, &headers)))
    };
    let events = events.iter().map(normalised).collect::<Result<Vec<_>, _>>();
    Ok(json!({ "events": events.map_err(RenderError::Payload)? }))
}

/// One object, as GitLab sends it. Bitbucket puts all refs of a push into one payload, which GitLab never does; of those
/// it is a list, so that none of them is lost.
fn gitlab_body(events: &[&Event]) -> Value {
    match events {
        [event] => gitlab_payload(event),
        several => several.iter().map(|event| gitlab_payload(event)).collect(),
    }
}
