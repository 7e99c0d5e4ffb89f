//! Whether the time that a wrong proof takes tells how wrong it is: Welch's t-test, as dudect does it
//! (<https://eprint.iacr.org/2016/1123>), between proofs that are wrong in their first character and such that are wrong in
//! their last. It measures time, which no test may depend on that others wait for, and so it is asked for:
//!
//! `cargo test --release -p payload --test timing -- --ignored --nocapture`
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::hint::black_box;
use std::time::Instant;

use http::{HeaderMap, HeaderName};
use payload::{Forge, Payload, Secret, SigningKey, Verdict, hub_signature, verify};

/// How often each kind of proof is judged.
const SAMPLES: usize = 200_000;

/// What is slower than nine of ten was interrupted.
const KEPT: f64 = 0.9;

/// Above this, dudect speaks of a leak.
const T_MAX: f64 = 4.5;

const BODY: &[u8] = br#"{"object_kind":"push"}"#;
const NOW_S: i64 = 1_700_000_000;
const TOKEN: &str = "gr8-t0ken-that-nobody-knows-0123456789";
const SIGNING_TOKEN: &str = "whsec_bm9ib2R5LWtub3dzLXRoaXMtZWl0aGVyIQ==";

/// A header with a right proof, and where its characters begin to be secret.
struct Scheme {
    name: &'static str,
    forge: Forge,
    header: &'static str,
    right: String,
    secret_from: usize,
}

fn schemes() -> [Scheme; 3] {
    let signed = SigningKey::new(&Secret::new(SIGNING_TOKEN)).unwrap().sign("msg_1", NOW_S, BODY);
    let hub = hub_signature(&Secret::new(TOKEN), BODY);
    [
        ("GitLab's token", Forge::GitLab, "x-gitlab-token", TOKEN.to_owned(), 0),
        ("Standard Webhooks", Forge::GitLab, "webhook-signature", signed, "v1,".len()),
        ("X-Hub-Signature-256", Forge::GitHub, "x-hub-signature-256", hub, "sha256=".len()),
    ]
    .map(|(name, forge, header, right, secret_from)| Scheme { name, forge, header, right, secret_from })
}

impl Scheme {
    fn headers(&self, value: &str) -> HeaderMap {
        let others = [("webhook-id", "msg_1"), ("webhook-timestamp", "1700000000")];
        let all = others.into_iter().chain([(self.header, value)]);
        all.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    /// Wrong in one character, which stays one of the alphabet.
    fn wrong_at(&self, at: usize) -> HeaderMap {
        let other = if self.right.as_bytes()[at] == b'0' { "1" } else { "0" };
        self.headers(&format!("{}{other}{}", &self.right[..at], &self.right[at + 1..]))
    }

    /// How far apart the two kinds are, in standard errors.
    fn t(&self) -> f64 {
        let secrets = [TOKEN, SIGNING_TOKEN].map(Secret::new);
        let judge = |headers: &HeaderMap| {
            verify(self.forge, &secrets, Payload { headers: black_box(headers), body: BODY }, NOW_S)
        };
        assert!(matches!(judge(&self.headers(&self.right)), Verdict::Authentic(_)), "{}", self.name);
        // The last character of base64's padding is none of the secret.
        let last = self.right.trim_end_matches('=').len() - 2;
        let kinds = [self.wrong_at(self.secret_from), self.wrong_at(last)];
        let mut took = [Vec::new(), Vec::new()];
        let mut dice = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..2 * SAMPLES {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let kind = usize::from(dice & 1 == 1);
            let started = Instant::now();
            let verdict = black_box(judge(&kinds[kind]));
            let nanos = started.elapsed().as_nanos();
            assert!(matches!(verdict, Verdict::Refused(_)), "{}", self.name);
            took[kind].push(f64::from(u32::try_from(nanos).unwrap_or(u32::MAX)));
        }
        welch(&took)
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics"
)]
fn welch(took: &[Vec<f64>; 2]) -> f64 {
    let mut all: Vec<f64> = took.concat();
    all.sort_by(f64::total_cmp);
    let bound = all[(all.len() as f64 * KEPT) as usize];
    let [(mean, error), (other_mean, other_error)] = [&took[0], &took[1]].map(|times| {
        let kept: Vec<f64> = times.iter().copied().filter(|time| *time <= bound).collect();
        let count = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (mean - other_mean) / (error + other_error).sqrt()
}

#[test]
#[ignore = "measures time: run it alone, in a release build"]
fn a_nearly_right_proof_takes_as_long_as_a_wrong_one() {
    for scheme in schemes() {
        let t = scheme.t();
        println!("{:<20} |t| = {:.2}", scheme.name, t.abs());
        assert!(t.abs() < T_MAX, "{}: the time tells how wrong a proof is: t = {t:.2}", scheme.name);
    }
}
