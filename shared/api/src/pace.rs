//! Tests and resends are requests that somebody else gets: each token has a few a minute, as with GitLab
//! (<https://docs.gitlab.com/api/project_webhooks/#trigger-a-test-project-webhook>).
//!
//! It counts in this process alone: on Lambda, each of few processes has its own count.
//!
//! Not here: wrong tokens (`app::tokens`), the rates of hooks themselves.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use app::clock::Timestamp;
use app::tokens::TokenId;
use config::ProjectId;

/// GitLab's number.
const TRIES_MAX: u32 = 5;

/// The time that they are counted in.
const WINDOW: Duration = Duration::from_mins(1);

/// How many counts are kept; beyond, counting starts anew.
const COUNTS_MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct Pace(Mutex<HashMap<(TokenId, ProjectId), (Timestamp, u32)>>);

impl Pace {
    /// Counts a try; otherwise, how long to wait.
    pub(crate) fn admit(&self, who: (TokenId, ProjectId), now: Timestamp) -> Result<(), Duration> {
        // A panic elsewhere cannot leave the map half-changed.
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTS_MAX {
            counts.clear();
        }
        let (since, count) = counts.entry(who).or_insert((now, 0));
        if !now.is_within(WINDOW, *since) {
            (*since, *count) = (now, 0);
        }
        if *count >= TRIES_MAX {
            return Err((*since + WINDOW).since(now) + Duration::from_millis(999));
        }
        *count += 1;
        Ok(())
    }
}
