//! When a delivery is tried again.
//!
//! Not here: the dice. `chance` is a number from 0 to 1 that the caller threw; it only ever delays.

use std::time::Duration;

use crate::Patience;
use crate::limits::{HTTP_AGE_MAX, IRKER_AGE_MAX, JITTER, RETRY_AFTER_MAX, SHORT_ATTEMPTS_MAX};

/// The waits before the second, third, ... attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule<'a> {
    /// Nine attempts over about 28 hours: a target that is down overnight gets its deliveries, one that is gone does
    /// not keep them for ever.
    Http,
    /// Every minute at the latest, for sixty hours: irkerd is ours to bring back, its channel waits for what happened
    /// in the meantime, and everything behind waits in order.
    Irker,
    /// A hook's own waits, in seconds, before the second, third, ... attempt.
    Own(&'a [u32]),
}

/// What a delivery has behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// How often it failed since it was last begun; 1 or more.
    pub attempts: u32,
    /// How long it has been queued.
    pub age: Duration,
}

/// How a failure is to be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Not earlier than this.
    pub at_least: Option<Duration>,
    /// How often.
    pub patience: Patience,
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

impl Schedule<'_> {
    /// How long to wait before the next attempt; `None` when there is no next one.
    ///
    /// Never earlier than planned, never later than the plan and [`JITTER`] on top, unless the target asked for a
    /// longer wait: that is honoured up to [`RETRY_AFTER_MAX`].
    pub fn wait(self, tried: Tried, retry: Retry, chance: f64) -> Option<Duration> {
        if retry.patience == Patience::Short && tried.attempts >= SHORT_ATTEMPTS_MAX {
            return None;
        }
        let index = usize::try_from(tried.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let planned = match self {
            Self::Http if tried.age < HTTP_AGE_MAX => *HTTP.get(index)?,
            Self::Irker if tried.age < IRKER_AGE_MAX => IRKER[index.min(IRKER.len() - 1)],
            Self::Own(waits) if tried.age < HTTP_AGE_MAX => {
                Duration::from_secs(u64::from(*waits.get(index)?))
            }
            Self::Http | Self::Irker | Self::Own(_) => return None,
        };
        let asked = retry.at_least.unwrap_or_default().min(RETRY_AFTER_MAX);
        Some(planned.max(asked) + planned.mul_f64(JITTER * chance.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENT: Retry = Retry { at_least: None, patience: Patience::Full };

    #[test]
    fn a_final_word_is_asked_for_four_times() {
        let wait = |attempts| {
            let tried = Tried { attempts, age: Duration::ZERO };
            Schedule::Http.wait(tried, Retry { patience: Patience::Short, ..PATIENT }, 0.0)
        };
        assert_eq!([1, 2, 3].map(wait), [HTTP[0], HTTP[1], HTTP[2]].map(Some));
        assert_eq!(wait(4), None);
    }

    /// All waits of a delivery, each attempt failing at once.
    fn waits(schedule: Schedule<'_>) -> Vec<Duration> {
        let mut tried = Tried { attempts: 1, age: Duration::ZERO };
        let mut waits = Vec::new();
        while let Some(wait) = schedule.wait(tried, PATIENT, 0.0) {
            waits.push(wait);
            tried = Tried { attempts: tried.attempts + 1, age: tried.age + wait };
        }
        waits
    }

    #[test]
    fn http_deliveries_are_tried_nine_times_within_thirty_hours() {
        let waits = waits(Schedule::Http);
        assert_eq!(waits, HTTP);
        let total: Duration = waits.into_iter().sum();
        assert!((Duration::from_hours(27)..Duration::from_hours(28)).contains(&total), "{total:?}");
    }

    #[test]
    fn what_a_target_has_not_taken_in_a_week_it_is_not_asked_to_take_again() {
        let wait = |age| Schedule::Http.wait(Tried { attempts: 2, age }, PATIENT, 0.0);
        assert_eq!(wait(Duration::from_hours(167)), Some(Duration::from_mins(1)));
        assert_eq!(wait(HTTP_AGE_MAX), None);
    }

    #[test]
    fn a_hook_may_have_waits_of_its_own() {
        assert_eq!(waits(Schedule::Own(&[1, 60])), [1, 60].map(Duration::from_secs));
        assert_eq!(waits(Schedule::Own(&[])), Vec::<Duration>::new(), "one attempt, and no more");
    }

    #[test]
    fn irker_deliveries_are_tried_each_minute_for_a_weekend() {
        let waits = waits(Schedule::Irker);
        assert_eq!((waits[0], waits[100]), (Duration::from_secs(1), Duration::from_mins(1)));
        let total: Duration = waits.into_iter().sum();
        assert!((IRKER_AGE_MAX..IRKER_AGE_MAX + Duration::from_mins(1)).contains(&total), "{total:?}");
    }

    #[test]
    fn a_target_may_ask_for_patience_but_not_for_haste_nor_for_ever() {
        let tried = Tried { attempts: 2, age: Duration::ZERO };
        let wait = |asked| Schedule::Http.wait(tried, Retry { at_least: Some(asked), ..PATIENT }, 0.0);
        assert_eq!(wait(Duration::from_secs(1)), Some(Duration::from_mins(1)));
        assert_eq!(wait(Duration::from_mins(3)), Some(Duration::from_mins(3)));
        assert_eq!(wait(Duration::MAX), Some(RETRY_AFTER_MAX));
    }

    proptest! {
        #[test]
        fn never_early_and_never_much_too_late(
            attempts in any::<u32>(), age_s in 0..1_000_000_u64, asked_s in any::<Option<u64>>(), chance in -1.0..2.0_f64,
        ) {
            let tried = Tried { attempts, age: Duration::from_secs(age_s) };
            for schedule in [Schedule::Http, Schedule::Irker, Schedule::Own(&[1, 3_600])] {
                let asked = asked_s.map(Duration::from_secs);
                if let Some(wait) = schedule.wait(tried, Retry { at_least: asked, ..PATIENT }, chance) {
                    let base = schedule.wait(tried, PATIENT, 0.0).unwrap();
                    prop_assert!(wait >= base);
                    prop_assert!(wait <= base.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX)) + base.mul_f64(JITTER));
                }
            }
        }
    }
}
