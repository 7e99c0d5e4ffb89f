//! How much may be handed to an irkerd now.
//!
//! irkerd says one line a second on each IRC server, keeps the rest in memory, and forgets it when it dies. So only a
//! few lines are given to it at a time, and the rest waits in our queue. What it holds is reckoned from what it was
//! given, since it tells nothing: the reckoning is exact while it runs, and too careful for some seconds after it was
//! started anew.
//!
//! Not here: where the reckoning is kept between two handovers (`app`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Request;

/// How long irkerd takes for one line (`ANTI_FLOOD_DELAY` in irkerd 2.23), in milliseconds.
const LINE_MS: i64 = 1_000;

/// How long, at the most, an irkerd may have to speak, in milliseconds: far more than any is given. What is reckoned to
/// take longer was reckoned by a clock that has been put back since.
const HELD_MAX_MS: i64 = 600 * LINE_MS;

/// What an irkerd has yet to say: for each IRC server, `host:port`, when all of it will be said, in milliseconds since
/// 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pace(BTreeMap<String, i64>);

impl Pace {
    /// How many of these requests, from the first on, irkerd may get now, if it is to hold no more than `lines_max` for
    /// any server.
    pub fn room(&self, now_ms: i64, requests: &[Request], lines_max: u32) -> usize {
        let mut held: BTreeMap<&str, i64> = BTreeMap::new();
        for (index, request) in requests.iter().enumerate() {
            let held = held.entry(&request.server).or_insert_with(|| self.lines(&request.server, now_ms));
            if *held >= i64::from(lines_max) {
                return index;
            }
            *held += 1;
        }
        requests.len()
    }

    /// Remembers that irkerd got these.
    pub fn given(&mut self, now_ms: i64, requests: &[Request]) {
        // What has been said is forgotten, so that this does not grow.
        self.0.retain(|_, said_at| is_yet_to_be_said(*said_at, now_ms));
        for request in requests {
            let said_at = self.0.entry(request.server.clone()).or_insert(now_ms);
            *said_at = said_at.saturating_add(LINE_MS);
        }
    }

    /// How long to wait before the next request is tried: until one line is left for its server, so that many can
    /// follow at once, and the channel does not fall silent.
    pub fn wait(&self, now_ms: i64, next: &Request) -> Duration {
        let wait_ms = self.held_ms(&next.server, now_ms).saturating_sub(LINE_MS);
        // Never at once: an irkerd may be allowed a single line.
        Duration::from_millis(u64::try_from(wait_ms.max(LINE_MS)).unwrap_or(0))
    }

    /// How many lines irkerd holds for a server.
    fn lines(&self, server: &str, now_ms: i64) -> i64 {
        // Rounded up: a line that is being said is not said yet.
        (self.held_ms(server, now_ms) + LINE_MS - 1) / LINE_MS
    }

    /// How long irkerd takes for what it holds for a server.
    fn held_ms(&self, server: &str, now_ms: i64) -> i64 {
        let said_at = self.0.get(server).copied().filter(|said_at| is_yet_to_be_said(*said_at, now_ms));
        said_at.map_or(0, |said_at| said_at - now_ms)
    }
}

fn is_yet_to_be_said(said_at: i64, now_ms: i64) -> bool {
    (1..=HELD_MAX_MS).contains(&said_at.saturating_sub(now_ms))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to(servers: &[&str]) -> Vec<Request> {
        servers.iter().map(|server| Request { server: (*server).to_owned(), text: String::new() }).collect()
    }

    #[test]
    fn five_lines_go_at_once_and_the_rest_as_irkerd_says_them() {
        let (mut pace, lines) = (Pace::default(), to(&["a"; 8]));
        assert_eq!(pace.room(0, &lines, 5), 5);
        pace.given(0, &lines[..5]);
        assert_eq!(pace.room(0, &lines[5..], 5), 0);
        assert_eq!(pace.wait(0, &lines[5]), Duration::from_secs(4));
        assert_eq!(pace.room(4_000, &lines[5..], 5), 3);
        pace.given(4_000, &lines[5..]);
        assert_eq!(pace.room(7_999, &to(&["a"; 9]), 5), 4);
        assert_eq!(pace.room(8_000, &to(&["a"; 9]), 5), 5);
    }

    #[test]
    fn each_server_has_its_own_pace_and_the_order_is_kept() {
        let mut pace = Pace::default();
        pace.given(0, &to(&["a"; 5]));
        assert_eq!(pace.room(0, &to(&["b", "b", "a", "b"]), 5), 2);
        assert_eq!(pace.room(0, &to(&["a", "b"]), 5), 0);
    }

    #[test]
    fn a_clock_that_jumps_back_stops_nothing_for_long() {
        const DAY_MS: i64 = 24 * 3_600_000;
        let mut pace = Pace::default();
        pace.given(DAY_MS, &to(&["a"; 5]));
        assert_eq!(pace.room(0, &to(&["a"; 9]), 5), 5);
        assert_eq!(pace.wait(0, &to(&["a"])[0]), Duration::from_secs(1));
        pace.given(0, &to(&["a"; 5]));
        assert_eq!(pace.room(0, &to(&["a"]), 5), 0, "from now on by the new time");
        let jump_ms = 5 * 60_000;
        assert!(pace.wait(-jump_ms, &to(&["a"])[0]) <= Duration::from_millis(HELD_MAX_MS as u64));
    }

    proptest! {
        #[test]
        fn irkerd_never_holds_more_than_is_allowed(
            waits in prop::collection::vec(0..5_000_i64, 1..50), lines_max in 1..10_u32,
        ) {
            let (mut pace, mut now, mut given) = (Pace::default(), 0, Vec::new());
            let lines = to(&["a"; 20]);
            for wait in waits {
                now += wait;
                let room = pace.room(now, &lines, lines_max);
                pace.given(now, &lines[..room]);
                given.extend(std::iter::repeat_n(now, room));
                // irkerd's own view: one line a second from when it gets the first.
                let mut free_at = 0;
                for at in &given {
                    free_at = free_at.max(*at) + LINE_MS;
                }
                prop_assert!(free_at - now <= i64::from(lines_max) * LINE_MS);
            }
        }
    }
}
