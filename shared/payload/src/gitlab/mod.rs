//! GitLab's webhooks, today's (<https://docs.gitlab.com/user/project/integrations/webhook_events/>) and those of
//! 2014, which had no event header and no `object_kind` on pushes.
//!
//! Not here: events other than pushes of branches and tags. They are authentic and ignored.

mod push;

use serde::Deserialize;

use crate::common::{RefName, read, unknown};
use crate::{ParseError, Parsed};

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
            Some(if matches!(RefName::parse(reference), Some(RefName::Tag(_))) { "tag_push" } else { "push" })
        };
        self.object_kind.as_deref().or(self.event_name.as_deref()).or_else(legacy)
    }
}

pub(crate) fn parse(name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    let envelope: Envelope = match read(json, "anything that GitLab sends")? {
        Ok(envelope) => envelope,
        Err(ignored) => return Ok(ignored),
    };
    match envelope.kind() {
        Some("push" | "tag_push") => {
            Ok(read(json, "a push of GitLab's")?.map_or_else(|ignored| ignored, push::event))
        }
        kind => Ok(unknown(name.or(kind))),
    }
}

#[cfg(test)]
mod tests;
