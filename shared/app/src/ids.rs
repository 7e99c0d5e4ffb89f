//! Names of what comes and goes: events, and the tries to accept them. Names of what is configured are in `config`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use config::{SourceId, TargetId};
use payload::Identity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::{Chance, Timestamp};

/// How long the same content from a sender that numbers nothing counts as the same event. A branch may really go back
/// and forth; a sender that repeats itself does so within minutes.
const SAME_CONTENT: Duration = Duration::from_hours(1);

/// Names an event: the same for every copy of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// By the sender's own id for the delivery, or by what it sent where it has none.
    pub fn of(source: &SourceId, identity: Identity<'_>, now: Timestamp) -> Self {
        let mut digest = Sha256::new();
        digest.update(source.as_str());
        match identity {
            Identity::Delivery(id) => {
                digest.update(b"\0id\0");
                digest.update(id);
            }
            Identity::Content { event, body } => {
                let span = i64::try_from(SAME_CONTENT.as_millis()).unwrap_or(i64::MAX);
                digest.update(b"\0content\0");
                digest.update(now.0.div_euclid(span).to_be_bytes());
                digest.update(event.unwrap_or_default());
                digest.update(b"\0");
                digest.update(body);
            }
        }
        // Half of the digest is unique enough to name things, and short enough to read.
        Self(hex(&digest.finalize()[..16]))
    }

    /// The delivery of this event to one target, as its receiver sees it: the same at every attempt.
    pub fn delivery_id(&self, target: TargetId) -> String {
        format!("{self}.{target}")
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A text that names nothing here.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no id: it should be 12, 24 or 32 hexadecimal digits, as Bellhop prints them")]
pub struct IdError(String);

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text, 32).map(Self)
    }
}

/// Names a run. Short, since people type it: it is no secret, and whoever knows it may do nothing with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// A new one.
    pub fn new(chance: &Chance) -> Self {
        Self(hex(&chance.bytes::<6>()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for RunId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text, 12).map(Self)
    }
}

impl FromStr for Stamp {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text, 24).map(Self)
    }
}

fn digits(text: &str, count: usize) -> Result<String, IdError> {
    let is_id = text.len() == count && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_id { Ok(text.to_owned()) } else { Err(IdError(text.to_owned())) }
}

/// Names one try to accept an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(String);

impl Stamp {
    /// A new one.
    pub fn new(chance: &Chance) -> Self {
        Self(hex(&chance.bytes::<12>()))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
