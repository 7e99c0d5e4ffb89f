//! How an attempt ended. A target that refuses, stalls or breaks is an outcome; errors are for our own faults.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::breaker::Word;
use crate::schedule::Retry;

/// What became of one try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// irkerd read every line and closed the connection. It never says whether a line reached IRC, so nor do we.
    HandedOver,
    /// irkerd was told of it together with an earlier delivery, in one line for many.
    Coalesced,
    /// There was nothing to tell: the settings that hold now leave it out.
    Nothing,
    /// The target answered with a 2xx status.
    Delivered {
        /// The status.
        status: u16,
    },
    /// The target answered with another status. Redirects are among them: they are not followed.
    Refused {
        /// The status.
        status: u16,
        /// What it asked for in `Retry-After`.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// No connection came about: nothing was taken.
    Unreachable {
        /// In words.
        reason: String,
    },
    /// The guard did not let it out ([`crate::egress`]): nothing was connected to.
    Forbidden {
        /// In words.
        reason: String,
    },
    /// There is no request to send: the hook's template, or its URL, does not come out right for this event.
    Unrenderable {
        /// In words.
        reason: String,
    },
    /// The connection broke, or no answer came in time: it may have been taken.
    Unknown {
        /// In words.
        reason: String,
    },
    /// The target is no longer configured.
    Gone,
}

/// What an outcome means for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is over.
    Final,
    /// Try again, like this.
    Retry(Retry),
}

/// How much a failure is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It may pass: the whole schedule.
    Full,
    /// The target understood, and said no. It seldom changes its mind.
    Short,
}

impl Outcome {
    /// What it means.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::HandedOver | Self::Coalesced | Self::Nothing | Self::Delivered { .. } | Self::Gone => {
                Verdict::Final
            }
            Self::Refused { status, retry_after_s } => Verdict::Retry(Retry {
                at_least: retry_after_s.map(Duration::from_secs),
                patience: if is_final_word(*status) { Patience::Short } else { Patience::Full },
            }),
            // What is forbidden now may be open at the next attempt: a DNS record is mended, whoever runs Bellhop opens
            // the address, or a template is put right. Until then an attempt costs a lookup, and the delivery ends parked, not lost.
            Self::Unreachable { .. }
            | Self::Forbidden { .. }
            | Self::Unrenderable { .. }
            | Self::Unknown { .. } => Verdict::Retry(Retry { at_least: None, patience: Patience::Full }),
        }
    }

    /// What it says of the target's health; `None` if nothing.
    pub(crate) fn word_of_target(&self) -> Option<Word> {
        match self {
            Self::Delivered { .. } | Self::HandedOver => Some(Word::Well),
            Self::Refused { status: 410, .. } => Some(Word::Gone),
            Self::Refused { .. } | Self::Unreachable { .. } | Self::Unknown { .. } => Some(Word::Ill),
            // Our own doing.
            Self::Forbidden { .. }
            | Self::Unrenderable { .. }
            | Self::Coalesced
            | Self::Nothing
            | Self::Gone => None,
        }
    }

    /// The status that a target answered with.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Delivered { status } | Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether it is not over with this.
    pub fn has_failed(&self) -> bool {
        self.verdict() != Verdict::Final
    }

    /// One word for logs and counts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::HandedOver => "handed_over",
            Self::Coalesced => "coalesced",
            Self::Nothing => "nothing",
            Self::Delivered { .. } => "delivered",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Forbidden { .. } => "forbidden",
            Self::Unrenderable { .. } => "unrenderable",
            Self::Unknown { .. } => "unknown",
            Self::Gone => "gone",
        }
    }
}

/// A 4xx that is no "not now": 408, 409, 425 and 429 pass.
fn is_final_word(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 409 | 425 | 429)
}

/// For people.
impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HandedOver => formatter.write_str("handed over to irkerd"),
            Self::Coalesced => formatter.write_str("handed over to irkerd in one line with others"),
            Self::Nothing => formatter.write_str("nothing to tell under the settings of now"),
            Self::Delivered { status } => write!(formatter, "delivered, status {status}"),
            Self::Refused { status, .. } => write!(formatter, "refused with status {status}"),
            Self::Unreachable { reason } => write!(formatter, "not reached: {reason}"),
            Self::Forbidden { reason } => write!(formatter, "not allowed out: {reason}"),
            Self::Unrenderable { reason } => write!(formatter, "nothing to send: {reason}"),
            Self::Unknown { reason } => write!(formatter, "no answer: {reason}"),
            Self::Gone => formatter.write_str("the target is no longer configured"),
        }
    }
}
