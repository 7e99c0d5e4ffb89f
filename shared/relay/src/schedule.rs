//! When a delivery is tried again.
//!
//! Not here: the dice. `chance` is a number from 0 to 1 that the caller threw; it only ever delays.

use std::time::Duration;

use crate::limits::{JITTER, RETRY_AFTER_MAX};

/// The waits before the second, third, ... attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Nine attempts over about 28 hours: a target that is down overnight gets its deliveries, one that is gone does
    /// not keep them for ever.
    Http,
    /// Every minute at the latest, for four days: irkerd is ours to bring back, its channel waits for what happened
    /// in the meantime, and everything behind waits in order.
    Irker,
}

const HTTP: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(10),
];

const IRKER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_mins(1),
];

/// How many attempts `Schedule::Irker` makes: one a minute, for four days.
const IRKER_ATTEMPTS: u32 = 4 * 24 * 60;

impl Schedule {
    /// How long to wait after `attempts` failed ones (1 or more) before the next; `None` when there is no next one.
    ///
    /// Never earlier than planned, never later than the plan and [`JITTER`] on top, unless the target asked for a
    /// longer wait: that is honoured up to [`RETRY_AFTER_MAX`].
    pub fn wait(self, attempts: u32, at_least: Option<Duration>, chance: f64) -> Option<Duration> {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let planned = match self {
            Self::Http => *HTTP.get(index)?,
            Self::Irker if attempts < IRKER_ATTEMPTS => IRKER[index.min(IRKER.len() - 1)],
            Self::Irker => return None,
        };
        let asked = at_least.unwrap_or_default().min(RETRY_AFTER_MAX);
        Some(planned.max(asked) + planned.mul_f64(JITTER * chance.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn http_deliveries_are_tried_nine_times_within_thirty_hours() {
        let waits: Vec<_> = (1..).map_while(|attempts| Schedule::Http.wait(attempts, None, 0.0)).collect();
        assert_eq!(waits, HTTP);
        let total: Duration = waits.into_iter().sum();
        assert!((Duration::from_hours(27)..Duration::from_hours(28)).contains(&total), "{total:?}");
    }

    #[test]
    fn irker_deliveries_are_tried_each_minute_for_days() {
        assert_eq!(Schedule::Irker.wait(1, None, 0.0), Some(Duration::from_secs(1)));
        assert_eq!(Schedule::Irker.wait(100, None, 0.0), Some(Duration::from_mins(1)));
        let waits = (1..).map_while(|attempts| Schedule::Irker.wait(attempts, None, 0.0));
        assert!(waits.sum::<Duration>() > Duration::from_hours(95));
    }

    #[test]
    fn a_target_may_ask_for_patience_but_not_for_haste_nor_for_ever() {
        let wait = |asked| Schedule::Http.wait(2, Some(asked), 0.0);
        assert_eq!(wait(Duration::from_secs(1)), Some(Duration::from_mins(1)));
        assert_eq!(wait(Duration::from_mins(3)), Some(Duration::from_mins(3)));
        assert_eq!(wait(Duration::MAX), Some(RETRY_AFTER_MAX));
    }

    proptest! {
        #[test]
        fn never_early_and_never_much_too_late(
            attempts in any::<u32>(), asked_s in any::<Option<u64>>(), chance in -1.0..2.0_f64,
        ) {
            for schedule in [Schedule::Http, Schedule::Irker] {
                let asked = asked_s.map(Duration::from_secs);
                if let Some(wait) = schedule.wait(attempts, asked, chance) {
                    let base = schedule.wait(attempts, None, 0.0).unwrap();
                    prop_assert!(wait >= base);
                    prop_assert!(wait <= base.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX)) + base.mul_f64(JITTER));
                }
            }
        }
    }
}
