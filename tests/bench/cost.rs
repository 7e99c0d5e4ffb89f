//! What an event costs, from what was counted. The one place of prices: AWS's own for us-east-1, without its free tier,
//! and other people's as they publish them, both looked up in September 2026.

use std::fmt::Write;

/// Dollars for a million, unless it says otherwise.
mod prices {
    pub(super) const INVOCATIONS: f64 = 0.20;
    /// Of gigabyte-seconds, on arm64.
    pub(super) const GB_SECONDS: f64 = 13.3334;
    pub(super) const SQS_REQUESTS: f64 = 0.40;
    pub(super) const WRITE_UNITS: f64 = 0.625;
    pub(super) const READ_UNITS: f64 = 0.125;
    /// A gigabyte.
    pub(super) const LOGS: f64 = 0.50;
    /// A gigabyte, to targets outside of AWS.
    pub(super) const EGRESS: f64 = 0.09;
    /// A secret, each month.
    pub(super) const SECRET: f64 = 0.40;
}

/// How long an invocation lasts, in seconds, and the memory that `template.yaml` gives it, in GB. The times are what two
/// calls to AWS take, and what targets take; no account of AWS was asked.
const RECEIVER: (f64, f64) = (0.010, 0.5);
const RELAY: (f64, f64) = (0.050, 0.25);

/// Lambda asks each of the four queues every 20 s, by five pollers where a maximum concurrency is set.
const POLLS_A_MONTH: f64 = 4.0 * 5.0 * 3.0 * 60.0 * 24.0 * 30.0;
/// The sweep runs each minute, and asks what is due.
const SWEEPS_A_MONTH: f64 = 60.0 * 24.0 * 30.0;
/// The key and the first token.
const SECRETS: f64 = 2.0;

/// What was counted of one event with three targets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) invocations: f64,
    pub(crate) sqs_requests: f64,
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    pub(crate) logged_bytes: f64,
    pub(crate) posted_bytes: f64,
}

impl Counted {
    /// Its parts and their sum, as rows of a table.
    pub(crate) fn table(&self) -> String {
        let gb_seconds = RECEIVER.0 * RECEIVER.1 + (self.invocations - 1.0) * RELAY.0 * RELAY.1;
        let parts = [
            ("invocations", self.invocations, prices::INVOCATIONS),
            ("GB-seconds (10 and 50 ms assumed)", gb_seconds, prices::GB_SECONDS),
            ("requests to SQS, the poller's two among them", self.sqs_requests, prices::SQS_REQUESTS),
            ("DynamoDB write units", self.write_units, prices::WRITE_UNITS),
            ("DynamoDB read units", self.read_units, prices::READ_UNITS),
            ("KB of logs", self.logged_bytes / 1e3, prices::LOGS),
            ("KB to targets outside of AWS", self.posted_bytes / 1e3, prices::EGRESS),
        ];
        let mut table = "| per event | counted | $ per million events |\n|---|---|---|\n".to_owned();
        let mut sum = 0.0;
        for (what, counted, price) in parts {
            sum += counted * price;
            // Writing to a String does not fail.
            let _ = writeln!(table, "| {what} | {} | {:.2} |", short(counted), counted * price);
        }
        let _ = writeln!(table, "| **all** | | **{sum:.2}** |");
        table
    }
}

/// What a month costs in which nothing happens.
pub(crate) fn idle() -> f64 {
    let sweep =
        SWEEPS_A_MONTH * (prices::INVOCATIONS + 0.25 * RECEIVER.0 * prices::GB_SECONDS + prices::READ_UNITS);
    (POLLS_A_MONTH * prices::SQS_REQUESTS + sweep) / 1e6 + SECRETS * prices::SECRET
}

/// The same million events to three targets each, elsewhere.
pub(crate) const ELSEWHERE: [(&str, &str); 3] = [
    ("Hookdeck", "$30 (an event for each target; \"as low as\" $9.90), and $39 or $499 a month"),
    ("Svix", "$100, and $490 a month"),
    ("Pipedream", "about $263"),
];

fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
