//! A load run: the release build of `bellhop` on one machine, forges that push at a pace of their own, targets that note
//! when everything came, and a table of what was measured.
//!
//! ```text
//! cargo run --release -p load                      # all scenarios
//! cargo run --release -p load -- burst hanging     # some of them
//! cargo run --release -p load -- --share 0.1 --json load.json
//! ```
//!
//! Plain threads and sockets: the less it takes of the machine, the more there is for what is measured. Everything runs
//! on one machine, so forges, targets and Bellhop share its processors; and nothing here passes or fails but what must
//! never be: a push that was accepted and did not arrive.

mod forge;
mod report;
mod scenarios;
mod server;
mod targets;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::scenarios::Scenario;

/// Measures what one machine takes.
#[derive(Parser)]
struct Options {
    /// Which scenarios; all, if none is named.
    scenarios: Vec<Scenario>,
    /// How much of each: 0.1 for a tenth of its events.
    #[arg(long, value_name = "FRACTION", default_value_t = 1.0)]
    share: f64,
    /// Measures this program, such as an earlier one, and builds none.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Also writes the table there, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let Options { scenarios, share, program, json } = Options::parse();
    ensure!(share > 0.0 && share <= 1.0, "a share is above 0, and at most 1");
    let scenarios = if scenarios.is_empty() { Scenario::ALL.to_vec() } else { scenarios };
    let program = program.map_or_else(server::build, Ok)?;
    let mut rows = Vec::new();
    for scenario in scenarios {
        rows.extend(scenario.run(&program, share)?);
    }
    write!(std::io::stdout(), "{}", report::table(&rows))?;
    if let Some(file) = json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    let lost: usize = rows.iter().map(|row| row.lost).sum();
    Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
