//! How an attempt ended. A target that refuses, stalls or breaks is an outcome; errors are for our own faults.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// Try again, not earlier than this if the target asked for it.
    Retry {
        /// From `Retry-After`.
        at_least: Option<Duration>,
    },
}

impl Outcome {
    /// What it means.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::HandedOver | Self::Coalesced | Self::Nothing | Self::Delivered { .. } | Self::Gone => {
                Verdict::Final
            }
            Self::Refused { retry_after_s, .. } => {
                Verdict::Retry { at_least: retry_after_s.map(Duration::from_secs) }
            }
            // What is forbidden now may be open at the next attempt: a DNS record is mended, whoever runs Bellhop opens
            // the address. Until then an attempt costs a lookup, and the delivery ends parked, not lost.
            Self::Unreachable { .. } | Self::Forbidden { .. } | Self::Unknown { .. } => {
                Verdict::Retry { at_least: None }
            }
        }
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
            Self::Unknown { .. } => "unknown",
            Self::Gone => "gone",
        }
    }
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
            Self::Unknown { reason } => write!(formatter, "no answer: {reason}"),
            Self::Gone => formatter.write_str("the target is no longer configured"),
        }
    }
}
