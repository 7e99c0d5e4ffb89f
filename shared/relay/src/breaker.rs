//! When a target is left in peace: GitLab's rule for webhooks that fail
//! (<https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks>), with nothing lost meanwhile.
//!
//! Three failures in a row are let pass. From the fourth on the target is left alone, for a minute, then two, and so on
//! up to a day; after each rest one delivery tries it, and when that arrives, all is well again. After the fortieth
//! failure it is switched off until somebody switches it on.
//!
//! Not here: what becomes of deliveries meanwhile (`app` parks them), and where the health is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Outcome, limits};

/// How a target fares, by its last attempts. Times are milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether deliveries are tried.
    pub state: TargetState,
    /// How many attempts have failed since one arrived.
    pub failures: u32,
    /// Since when this is so: attempts that began earlier say nothing about it.
    pub since: i64,
}

/// Whether deliveries to a target are tried, in GitLab's words (`alert_status`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alert_status", rename_all = "snake_case")]
pub enum TargetState {
    /// They are.
    #[default]
    Executable,
    /// Not before a time.
    TemporarilyDisabled {
        /// When one of them may try.
        disabled_until: i64,
        /// While one of them tries: until when it has time to.
        probed_until: Option<i64>,
    },
    /// Not until somebody switches the target on again.
    Disabled {
        /// Why it was switched off.
        reason: DisabledReason,
    },
}

/// Why a target was switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// It failed [`limits::FAILURES_MAX`] times in a row.
    Failures,
    /// It answered 410: it is gone, and says so.
    Gone,
}

/// Whether a delivery may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Like any other.
    Go,
    /// As the one that finds out whether the target is back. The health to store first, so that it stays the only one.
    Probe,
    /// Not before this time.
    Rest {
        /// In milliseconds since 1970.
        until: i64,
    },
    /// Not at all, for now.
    Off,
}

impl Health {
    /// Whether a delivery may be tried.
    pub fn admits(&self, now_ms: i64) -> Admission {
        match self.state {
            TargetState::Executable => Admission::Go,
            TargetState::Disabled { .. } => Admission::Off,
            TargetState::TemporarilyDisabled { disabled_until, .. } if now_ms < disabled_until => {
                Admission::Rest { until: disabled_until }
            }
            TargetState::TemporarilyDisabled { probed_until: Some(until), .. } if now_ms < until => {
                Admission::Rest { until }
            }
            TargetState::TemporarilyDisabled { .. } => Admission::Probe,
        }
    }

    /// How many waiting deliveries may come back to the target in this minute. A target that has just come back gets
    /// more from minute to minute: what has piled up in a day must not knock it over again.
    pub fn may_come_back(&self, now_ms: i64) -> usize {
        match self.admits(now_ms) {
            Admission::Rest { .. } => 0,
            Admission::Probe => 1,
            // To be parked, or as always.
            Admission::Off => limits::COME_BACK_MAX,
            Admission::Go => {
                let minutes = now_ms.saturating_sub(self.since) / millis(Duration::from_mins(1));
                let doublings = u32::try_from(minutes.max(0)).unwrap_or(u32::MAX);
                let ramp = limits::COME_BACK_MIN.saturating_mul(2_usize.saturating_pow(doublings));
                ramp.min(limits::COME_BACK_MAX)
            }
        }
    }

    /// The health while one delivery tries, for at most `attempt_max`.
    #[must_use]
    pub fn probed(&self, now_ms: i64, attempt_max: Duration) -> Self {
        let TargetState::TemporarilyDisabled { disabled_until, .. } = self.state else { return self.clone() };
        let probed_until = Some(now_ms.saturating_add(millis(attempt_max)));
        Self { state: TargetState::TemporarilyDisabled { disabled_until, probed_until }, ..self.clone() }
    }

    /// The health after an attempt that began and ended at these times; `None` if it says nothing new.
    pub fn after(&self, outcome: &Outcome, began_ms: i64, now_ms: i64) -> Option<Self> {
        if began_ms < self.since || matches!(self.state, TargetState::Disabled { .. }) {
            return None;
        }
        match outcome.word_of_target()? {
            Word::Well if self.failures == 0 => None,
            Word::Well => Some(Self { since: now_ms, ..Self::default() }),
            Word::Gone => Some(Self::disabled(DisabledReason::Gone, self.failures.saturating_add(1), now_ms)),
            Word::Ill => Some(self.after_failure(now_ms)),
        }
    }

    fn after_failure(&self, now_ms: i64) -> Self {
        let failures = self.failures.saturating_add(1);
        if failures >= limits::FAILURES_MAX {
            return Self::disabled(DisabledReason::Failures, failures, now_ms);
        }
        let Some(doublings) = failures.checked_sub(limits::FAILURES_LET_PASS + 1) else {
            // Still tried: attempts under way count as well, so that a target that only fails is soon left alone.
            return Self { failures, ..self.clone() };
        };
        let rest = limits::REST_MIN.saturating_mul(2_u32.saturating_pow(doublings)).min(limits::REST_MAX);
        let disabled_until = now_ms.saturating_add(millis(rest));
        let state = TargetState::TemporarilyDisabled { disabled_until, probed_until: None };
        Self { state, failures, since: now_ms }
    }

    fn disabled(reason: DisabledReason, failures: u32, now_ms: i64) -> Self {
        Self { state: TargetState::Disabled { reason }, failures, since: now_ms }
    }
}

/// What an outcome says of its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Well,
    Ill,
    Gone,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn refused(status: u16) -> Outcome {
        Outcome::Refused { status, retry_after_s: None }
    }

    /// The health after so many failures in a row, each tried as soon as it may be, and the time then.
    fn ill(failures: u32) -> (Health, i64) {
        let (mut health, mut now) = (Health::default(), 0);
        for _ in 0..failures {
            if let Admission::Rest { until } = health.admits(now) {
                now = until;
            }
            health = health.after(&refused(500), now, now).unwrap();
        }
        (health, now)
    }

    #[test]
    fn three_failures_are_let_pass_and_the_fourth_costs_a_minute() {
        assert_eq!(ill(3).0.admits(0), Admission::Go);
        let (health, now) = ill(4);
        assert_eq!(health.admits(now), Admission::Rest { until: now + MINUTE });
        assert_eq!(health.admits(now + MINUTE), Admission::Probe);
    }

    #[test]
    fn rests_double_up_to_a_day_and_end_with_the_fortieth_failure() {
        let rest = |failures| {
            let (health, now) = ill(failures);
            let Admission::Rest { until } = health.admits(now) else { panic!("{health:?}") };
            (until - now) / MINUTE
        };
        assert_eq!([4, 5, 6, 14, 15, 39].map(rest), [1, 2, 4, 1024, 24 * 60, 24 * 60]);
        let (health, now) = ill(40);
        assert_eq!(health.admits(now + 1_000 * MINUTE), Admission::Off);
        assert_eq!(health.state, TargetState::Disabled { reason: DisabledReason::Failures });
    }

    #[test]
    fn one_at_a_time_finds_out_whether_the_target_is_back() {
        let (health, now) = ill(4);
        let later = now + MINUTE;
        assert_eq!(health.admits(later), Admission::Probe);
        let probed = health.probed(later, Duration::from_secs(30));
        assert_eq!(probed.admits(later), Admission::Rest { until: later + 30_000 });
        // The one that tried died with its machine.
        assert_eq!(probed.admits(later + 30_000), Admission::Probe);
        let well = probed.after(&Outcome::Delivered { status: 204 }, later, later + 5).unwrap();
        assert_eq!((well.admits(later + 5), well.failures), (Admission::Go, 0));
        assert_eq!(well.after(&Outcome::Delivered { status: 204 }, later + 6, later + 7), None);
    }

    #[test]
    fn what_has_piled_up_comes_back_faster_and_faster() {
        let (health, now) = ill(4);
        assert_eq!((health.may_come_back(now), health.may_come_back(now + MINUTE)), (0, 1));
        let well = health.after(&Outcome::Delivered { status: 200 }, now + MINUTE, now + MINUTE).unwrap();
        let in_minute = |minute: i64| well.may_come_back(now + (1 + minute) * MINUTE);
        assert_eq!([0, 1, 2, 5, 30].map(in_minute), [16, 32, 64, 512, 1_000]);
        assert_eq!(Health::default().may_come_back(1_700_000_000_000), 1_000, "one that was never ill");
    }

    #[test]
    fn a_herd_that_fails_together_counts_once_more_at_the_most() {
        let (health, now) = ill(4);
        assert_eq!(health.after(&refused(500), now - 1, now + 1), None, "it began before the rest");
    }

    #[test]
    fn a_target_that_says_it_is_gone_is_believed() {
        let gone = Health::default().after(&refused(410), 1, 2).unwrap();
        assert_eq!(gone.admits(3), Admission::Off);
        assert_eq!(gone.after(&Outcome::Delivered { status: 200 }, 3, 4), None);
    }

    #[test]
    fn our_own_refusals_say_nothing_of_the_target() {
        let forbidden = Outcome::Forbidden { reason: String::new() };
        assert_eq!(Health::default().after(&forbidden, 1, 2), None);
    }

    proptest! {
        #[test]
        fn it_is_always_tried_again_within_a_day_or_off(failures in 0..=40_u32) {
            let (health, now) = ill(failures);
            match health.admits(now) {
                Admission::Go | Admission::Off | Admission::Probe => {}
                Admission::Rest { until } => prop_assert!(until - now <= 24 * 60 * MINUTE && until > now),
            }
        }
    }
}
