//! How many deliveries a minute, spread evenly: what comes too fast waits, and nothing is dropped.
//!
//! The generic cell rate algorithm (ITU-T I.371): one time is kept, at which the next one would come if all came evenly.
//! Whoever is a little early may go, up to a burst; whoever is earlier has its turn later.
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
    /// Takes the next turn, of so many a minute: the rate to remember then, and how long to wait for the turn. Whoever waits
    /// has its turn, and need not ask again: a crowd that asked again and again would count against itself in the queue.
    pub fn take_turn(self, now_ms: i64, per_minute: u32) -> (Self, Duration) {
        let apart_ms = (MINUTE_MS / i64::from(per_minute.max(1))).max(1);
        // A rate below one in ten seconds still lets the first one go.
        let burst_ms = BURST_MS.max(apart_ms);
        let next = self.0.max(now_ms).saturating_add(apart_ms);
        let early_ms = next.saturating_sub(now_ms).saturating_sub(burst_ms);
        (Self(next), Duration::from_millis(u64::try_from(early_ms).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// When each of so many goes that all come at once, in seconds.
    fn turns(per_minute: u32, count: usize) -> Vec<u64> {
        let mut rate = Rate::default();
        let mut turn = || {
            let (next, wait) = rate.take_turn(1_000_000, per_minute);
            rate = next;
            wait.as_secs()
        };
        (0..count).map(|_| turn()).collect()
    }

    #[test]
    fn sixty_a_minute_are_ten_at_once_and_then_one_a_second() {
        assert_eq!(turns(60, 13), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
        assert_eq!(turns(1, 3), [0, 60, 120]);
    }

    #[test]
    fn a_pause_is_made_up_for_by_a_burst_and_no_more() {
        let (rate, _) = Rate::default().take_turn(0, 60);
        let hour_later = 3_600_000;
        let (rate, wait) = rate.take_turn(hour_later, 60);
        assert_eq!((rate, wait), (Rate(hour_later + 1_000), Duration::ZERO));
    }

    proptest! {
        #[test]
        fn no_minute_has_more_than_its_share_and_a_burst(
            per_minute in 1..600_u32, pauses in prop::collection::vec(0..2_000_i64, 1..200),
        ) {
            let (mut rate, mut now, mut turns) = (Rate::default(), 1_000_000, Vec::new());
            for pause in pauses {
                now += pause;
                let (next, wait) = rate.take_turn(now, per_minute);
                rate = next;
                turns.push(now + i64::try_from(wait.as_millis()).unwrap());
            }
            let burst = 1 + per_minute / 6;
            for (index, start) in turns.iter().enumerate() {
                let within = turns[index..].iter().take_while(|turn| **turn < start + MINUTE_MS).count();
                prop_assert!(within <= (per_minute + burst + 1) as usize, "{within} of {per_minute}");
            }
        }
    }
}
