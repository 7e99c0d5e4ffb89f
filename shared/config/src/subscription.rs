//! What a target wants to hear of.
//!
//! Not here: whether an event is of that kind (`relay`).

use payload::Status;
use serde::{Deserialize, Serialize};

use crate::ref_filter::{RefFilter, RefFilterError};
use crate::switches::EventSwitches;

/// What a target wants to hear of. What is absent in a stored one is as by default: everything of the kinds that are
/// switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subscription {
    /// Of which kinds of event.
    pub events: EventSwitches,
    /// Of which branches and tags.
    pub refs: RefFilter,
    /// Of pipelines, jobs and deployments in which states (`success`, `failed`, ...); with none, in all states.
    pub statuses: Vec<String>,
    /// Not of what machines do.
    pub mute_bots: bool,
}

/// Why a subscription is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// See [`RefFilterError`].
    #[error(transparent)]
    Refs(#[from] RefFilterError),
    /// No word for a state.
    #[error(
        "'{0}' is no status: created, pending, running, success, failed, canceled, skipped, manual, scheduled"
    )]
    Status(String),
}

impl Subscription {
    /// For a channel, where people do not want to watch a pipeline crawl: ends only.
    pub fn for_channel() -> Self {
        Self { statuses: ["success", "failed", "canceled"].map(str::to_owned).to_vec(), ..Self::default() }
    }

    /// Whether the values are valid.
    pub fn check(&self) -> Result<(), SubscriptionError> {
        self.refs.check()?;
        let is_unknown = |status: &&String| Status::of(status).as_str() != status.as_str();
        let is_own = |status: &&String| matches!(Status::of(status), Status::Other(_));
        match self.statuses.iter().find(|status| is_unknown(status) || is_own(status)) {
            Some(status) => Err(SubscriptionError::Status(status.clone())),
            None => Ok(()),
        }
    }

    /// Whether a pipeline, job or deployment in this state is to be heard of.
    pub fn admits_status(&self, status: &Status) -> bool {
        self.statuses.is_empty() || self.statuses.iter().any(|wanted| wanted == status.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_hears_how_pipelines_end() {
        let channel = Subscription::for_channel();
        assert_eq!(channel.check(), Ok(()));
        assert!(channel.admits_status(&Status::Failed) && !channel.admits_status(&Status::Running));
        assert!(Subscription::default().admits_status(&Status::Running));
    }

    #[test]
    fn a_state_that_no_pipeline_can_have_is_refused() {
        let of =
            |word: &str| Subscription { statuses: vec![word.to_owned()], ..Subscription::default() }.check();
        for word in ["failure", "FAILED", "burning", ""] {
            assert_eq!(of(word), Err(SubscriptionError::Status(word.to_owned())));
        }
        assert_eq!(of("failed"), Ok(()));
    }
}
