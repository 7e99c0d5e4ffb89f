//! What was measured, as a row of a table.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::server::machine;

/// One measurement. Times in milliseconds unless a name says otherwise.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    /// Pushes that were answered 202, or 200 when they were sent a second time.
    pub(crate) accepted: usize,
    /// Pushes that were answered otherwise, or not at all.
    pub(crate) refused: usize,
    /// From the first push to the last answer.
    pub(crate) accepted_per_s: f64,
    /// From the moment when a push was to be sent to its answer, so that waiting for a free connection counts.
    pub(crate) answer: Spread,
    pub(crate) deliveries: usize,
    /// From a push's answer to its arrival at a target; nothing if it was there before the answer.
    pub(crate) lag: Spread,
    /// From the last answer to the last arrival.
    pub(crate) drained_s: f64,
    pub(crate) delivered_per_s: f64,
    pub(crate) duplicates: usize,
    pub(crate) lost: usize,
    /// The server's, at its peak.
    pub(crate) memory_mb: u64,
    /// Of the server, user and system.
    pub(crate) cpu_s: f64,
    /// The same by delivery.
    pub(crate) cpu_us_each: f64,
    /// What else there is to say.
    pub(crate) note: String,
}

/// How times are spread.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |per_mille: usize| {
            let index = (times.len().saturating_sub(1) * per_mille).div_ceil(1_000);
            times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        Self { p50: at(500), p99: at(990), max: at(1_000) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.0} / {:.0} / {:.0}", self.p50, self.p99, self.max)
    }
}

/// For people, and for Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = format!("\n{}\n\n", machine());
    table.push_str(
        "| scenario | accepted | refused | accepted/s | answer ms p50/p99/max | deliveries | lag ms p50/p99/max | \
         drained s | delivered/s | duplicates | lost | memory MB | CPU s | CPU us/delivery | |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {:.0} | {} | {} | {} | {:.1} | {:.0} | {} | {} | {} | {:.1} | {:.0} | {} |",
            row.scenario,
            row.accepted,
            row.refused,
            row.accepted_per_s,
            row.answer,
            row.deliveries,
            row.lag,
            row.drained_s,
            row.delivered_per_s,
            row.duplicates,
            row.lost,
            row.memory_mb,
            row.cpu_s,
            row.cpu_us_each,
            row.note
        );
    }
    table
}
