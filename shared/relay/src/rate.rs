//! How many deliveries a minute, spread evenly: what comes too fast waits, and nothing is dropped.
//!
//! The generic cell rate algorithm (ITU-T I.371): one time is kept, at which the next one would come if all came evenly.
//! Whoever is a little early may go, up to a burst; whoever is earlier waits.
//!
//! Not here: where that time is kept (`app`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// For how long a pause may be made up for: a burst of ten seconds' worth.
const BURST_MS: i64 = 10_000;

const MINUTE_MS: i64 = 60_000;

/// When the next one would come if all came evenly, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    /// Lets one go, of so many a minute: the rate to remember then, or how long it has to wait.
    pub fn admit(self, now_ms: i64, per_minute: u32) -> Result<Self, Duration> {
        let apart_ms = (MINUTE_MS / i64::from(per_minute.max(1))).max(1);
        // A rate below one in ten seconds still lets the first one go.
        let burst_ms = BURST_MS.max(apart_ms);
        // A clock that was set back must not stop everything for as long.
        let due = if self.0 > now_ms.saturating_add(burst_ms + MINUTE_MS) { now_ms } else { self.0 };
        let next = due.max(now_ms).saturating_add(apart_ms);
        let early_ms = next.saturating_sub(now_ms).saturating_sub(burst_ms);
        match u64::try_from(early_ms) {
            Ok(early_ms) if early_ms > 0 => Err(Duration::from_millis(early_ms)),
            _ => Ok(Self(next)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many of those that always want to go do go within so many seconds.
    fn gone(per_minute: u32, seconds: i64) -> usize {
        let (mut rate, mut gone, mut now) = (Rate::default(), 0, 1_000_000);
        let end = now + seconds * 1_000;
        while now < end {
            match rate.admit(now, per_minute) {
                Ok(next) => (rate, gone) = (next, gone + 1),
                Err(wait) => now += i64::try_from(wait.as_millis()).unwrap(),
            }
        }
        gone
    }

    #[test]
    fn sixty_a_minute_are_ten_at_once_and_then_one_a_second() {
        assert_eq!(gone(60, 1), 10);
        assert_eq!(gone(60, 60), 10 + 59);
        assert_eq!(gone(1, 600), 10, "one a minute");
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing_for_long() {
        let ahead = Rate::default().admit(1_000_000_000, 1).unwrap();
        assert!(ahead.admit(1_000, 1).is_ok());
    }

    proptest! {
        #[test]
        fn whoever_waits_as_told_may_go(per_minute in 1..10_000_u32, ahead in 0..100_000_i64) {
            let now = 1_000_000;
            if let Err(wait) = Rate(now + ahead).admit(now, per_minute) {
                let then = now + i64::try_from(wait.as_millis()).unwrap();
                prop_assert!(Rate(now + ahead).admit(then, per_minute).is_ok());
            }
        }
    }
}
