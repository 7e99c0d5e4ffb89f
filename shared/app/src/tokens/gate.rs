//! Who shows too many wrong tokens is not listened to for a while.
//!
//! Guessing is hopeless as it is. What this spares is the table, which is asked once for every guess. It counts in this
//! process alone: on Lambda, each of few processes has its own count, which is as good for that.
//!
//! Whoever sits behind the same address as a guesser shall not suffer: a token that was right lately is still looked at.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::TokenHash;
use crate::clock::Timestamp;

/// How many wrong tokens an address may show in [`WINDOW`]: more than anybody types, or a script tries in good faith.
const WRONG_MAX: u32 = 20;

/// How long wrong tokens are counted, and how long nobody listens.
const WINDOW: Duration = Duration::from_mins(1);

/// How many addresses are counted at the same time; beyond, counting starts anew. They take a few hundred kilobytes.
const ADDRESSES_MAX: usize = 10_000;

/// How long a right token is remembered.
const RIGHT_FOR: Duration = Duration::from_mins(15);

/// How many right tokens are remembered; beyond, remembering starts anew.
const RIGHT_MAX: usize = 1_000;

#[derive(Default)]
pub(crate) struct Gate(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    wrong: HashMap<IpAddr, (Timestamp, u32)>,
    right: HashMap<TokenHash, Timestamp>,
}

impl Gate {
    /// Whether a token is looked at; otherwise, how long it will not be.
    pub(super) fn admits(
        &self,
        from: Option<IpAddr>,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let seen = self.lock();
        if seen.right.get(&token).is_some_and(|at| now.is_within(RIGHT_FOR, *at)) {
            return Ok(());
        }
        match seen.wrong.get(&network(from)) {
            Some((since, count)) if *count >= WRONG_MAX && now.is_within(WINDOW, *since) => {
                // Rounded up, so that whoever comes back then is heard.
                Err((*since + WINDOW).since(now) + Duration::from_millis(999))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn was_wrong(&self, from: Option<IpAddr>, now: Timestamp) {
        let wrong = &mut self.lock().wrong;
        if wrong.len() >= ADDRESSES_MAX {
            wrong.retain(|_, (since, _)| now.is_within(WINDOW, *since));
        }
        if wrong.len() >= ADDRESSES_MAX {
            wrong.clear();
        }
        let (since, count) = wrong.entry(network(from)).or_insert((now, 0));
        if !now.is_within(WINDOW, *since) {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }

    pub(super) fn was_right(&self, token: TokenHash, now: Timestamp) {
        let right = &mut self.lock().right;
        if right.len() >= RIGHT_MAX {
            right.clear();
        }
        right.insert(token, now);
    }

    /// A panic elsewhere cannot leave the maps half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who has one address of IPv6 has 2^64 of them: those are counted as one. Who is nowhere is counted with their like.
fn network(from: Option<IpAddr>) -> IpAddr {
    match from.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        Some(address) => address,
        None => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_700_000_000_000);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_guesses_is_not_listened_to_for_a_minute_and_others_are() {
        let (gate, guess, right) = (Gate::default(), TokenHash::of("guess"), TokenHash::of("right"));
        gate.was_right(right, START);
        for _ in 0..WRONG_MAX {
            assert_eq!(gate.admits(Some(address("192.0.2.1")), guess, START), Ok(()));
            gate.was_wrong(Some(address("192.0.2.1")), START);
        }
        let wait = gate.admits(Some(address("192.0.2.1")), guess, START).unwrap_err();
        assert_eq!(wait.as_secs(), 60);
        assert_eq!(gate.admits(Some(address("::ffff:192.0.2.1")), guess, START).unwrap_err().as_secs(), 60);
        assert_eq!(gate.admits(Some(address("192.0.2.1")), right, START), Ok(()), "it was right lately");
        assert_eq!(gate.admits(Some(address("192.0.2.2")), guess, START), Ok(()));
        assert_eq!(gate.admits(Some(address("192.0.2.1")), guess, START + WINDOW), Ok(()));
    }

    #[test]
    fn all_addresses_of_a_house_are_one() {
        let (gate, guess) = (Gate::default(), TokenHash::of("guess"));
        for number in 0..WRONG_MAX {
            gate.was_wrong(Some(address(&format!("2001:db8:0:1::{number:x}"))), START);
        }
        assert!(gate.admits(Some(address("2001:db8:0:1:ffff::")), guess, START).is_err());
        assert!(gate.admits(Some(address("2001:db8:0:2::")), guess, START).is_ok());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let gate = Gate::default();
        for number in 0..ADDRESSES_MAX + 10 {
            gate.was_wrong(Some(std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into()), START);
            gate.was_right(TokenHash::of(&number.to_string()), START);
        }
        let seen = gate.lock();
        assert!(seen.wrong.len() <= ADDRESSES_MAX && seen.right.len() <= RIGHT_MAX);
    }
}
