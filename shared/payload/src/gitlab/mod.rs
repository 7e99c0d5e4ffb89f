//! GitLab's webhooks, today's (<https://docs.gitlab.com/user/project/integrations/webhook_events/>) and those of
//! 2014, which had no event header and no `object_kind` on pushes.
//!
//! Not here: events other than pushes of branches and tags. They are authentic and ignored.

mod push;

use serde::Deserialize;

use crate::headers::event_name;
use crate::{Forge, ParseError, Parsed, Payload};

/// What tells the kinds of payload apart. Everything else is skipped over, not kept.
#[derive(Deserialize)]
struct Envelope {
    object_kind: Option<String>,
    /// System hooks say this instead, and pushes say it as well.
    event_name: Option<String>,
    before: Option<String>,
    after: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

impl Envelope {
    /// The kind by its body. A body without any, but with a ref that moved, is a push of 2014.
    fn kind(&self) -> Option<&str> {
        let legacy = || {
            let reference = self.reference.as_deref()?;
            self.before.as_ref().and(self.after.as_ref())?;
            Some(if reference.starts_with(push::TAGS) { "tag_push" } else { "push" })
        };
        self.object_kind.as_deref().or(self.event_name.as_deref()).or_else(legacy)
    }
}

pub(crate) fn parse(Payload { headers, body }: Payload<'_>) -> Result<Parsed, ParseError> {
    let envelope: Envelope = match serde_json::from_slice(body) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => return Ok(ignored("a body of no shape that GitLab sends", &error)),
        Err(error) => return Err(ParseError(error)),
    };
    match envelope.kind() {
        Some("push" | "tag_push") => match serde_json::from_slice(body) {
            Ok(payload) => Ok(push::event(payload)),
            Err(error) => Ok(ignored("a push of a shape that GitLab does not send", &error)),
        },
        kind => {
            let header = event_name(Forge::GitLab, headers);
            let name = header.or(kind).unwrap_or("without a name").chars().take(NAME_CHARS_MAX);
            Ok(Parsed::Ignored { reason: format!("events '{}' are not relayed", name.collect::<String>()) })
        }
    }
}

/// How much of an event's name a reason repeats: the longest of GitLab's has 26 characters.
const NAME_CHARS_MAX: usize = 64;

/// Says where in the body, and not what stands there: reasons are logged.
fn ignored(what: &str, error: &serde_json::Error) -> Parsed {
    Parsed::Ignored { reason: format!("{what} (line {}, column {})", error.line(), error.column()) }
}

#[cfg(test)]
mod tests;
