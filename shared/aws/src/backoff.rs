//! How long to wait before a batch that was answered in part is sent on.
//!
//! Not here: calls that failed as a whole (the SDK retries those itself) and deliveries (`relay::schedule`).

use std::time::Duration;

use app::clock::Chance;

/// The first wait is below this: throttling by DynamoDB and SQS is counted per second.
const FIRST_MAX: Duration = Duration::from_millis(50);

/// No wait is longer.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// After so many waits the batch is given up. All of them together stay below 4 s: a forge gives a receiver 10 s.
const WAITS_MAX: u32 = 7;

/// Counts and spaces the rounds of one batch.
#[derive(Debug)]
pub(crate) struct Backoff {
    waits: u32,
    chance: Chance,
}

impl Backoff {
    /// For one batch.
    pub(crate) fn new() -> Self {
        Self { waits: 0, chance: Chance::System }
    }

    /// Waits before the next round; `false`, and at once, if there should be no next round.
    pub(crate) async fn wait(&mut self) -> bool {
        let Some(longest) = longest_wait(self.waits) else { return false };
        self.waits += 1;
        // Any length up to the longest: callers that were throttled together do not come back together.
        tokio::time::sleep(longest.mul_f64(self.chance.fraction())).await;
        true
    }
}

/// Doubles with every wait.
fn longest_wait(waits: u32) -> Option<Duration> {
    (waits < WAITS_MAX).then(|| WAIT_MAX.min(FIRST_MAX * 2_u32.pow(waits)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_waits_together_leave_a_forge_its_answer_in_time() {
        let all: Duration = (0..).map_while(longest_wait).sum();
        assert_eq!(all, Duration::from_millis(50 + 100 + 200 + 400 + 800 + 1_000 + 1_000));
        assert_eq!(longest_wait(WAITS_MAX), None);
    }
}
