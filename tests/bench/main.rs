//! What Bellhop's Lambda functions weigh, take and cost: builds them as they are deployed, runs them on this machine with
//! stand-ins for Lambda and AWS, and prints tables. Ends with an error if something is over its limit.
//!
//! ```sh
//! cargo run --release -p end-to-end --bin bench                  # half an hour, nearly all of it for building
//! cargo run --release -p end-to-end --bin bench -- --arm64       # and builds and weighs the functions for arm64, too
//! ```
//!
//! A release, since the stand-ins share a processor with what is measured, and would crowd its caches.
//!
//! Not here: how fast AWS is.

mod artefact;
mod cost;
mod lambda;
mod measure;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use end_to_end::{Authority, workspace};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::artefact::{Architecture, FUNCTIONS, GLIBC_MAX, build, glibc};
use crate::measure::House;

/// A start of the receiver, to its first answer, in starts of a function that does nothing.
const START_RATIO_MAX: f64 = 4.0;

/// What a warm event takes of the processor beside its two calls to AWS: what Bellhop does itself. The calls are the SDK's, and
/// take more than that.
const EVENT_MAX: Duration = Duration::from_micros(150);

/// After ten thousand events.
const MEMORY_BYTES_MAX: u64 = 30_000_000;

/// What does nothing, and what does nothing but the receiver's calls.
const HELLO: &str = "hello";
const TWO_CALLS: &str = "two-calls";

/// Ours that most is asked of.
const RECEIVER: &str = "receive-hook";
const RELAY: &str = "relay-http";

/// Where the built programs are, by name.
type Programs = BTreeMap<&'static str, PathBuf>;

/// Whether all that is said is within its limits.
#[derive(Default)]
struct Report {
    is_over: bool,
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn say(line: &str) {
    println!("{line}");
}

impl Report {
    /// A row of a table with a limit.
    fn row(&mut self, what: &str, found: &str, (limit, is_kept): (&str, bool)) {
        self.is_over |= !is_kept;
        let verdict = if is_kept { "" } else { " **OVER**" };
        say(&format!("| {what} | {found} | {limit}{verdict} |"));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        say("It measures as a release only: cargo run --release -p end-to-end --bin bench");
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    let Some(here) = Architecture::here() else {
        say("Lambda has no such processors as this machine.");
        return ExitCode::FAILURE;
    };
    let others = std::env::args().any(|argument| argument == "--arm64").then_some(Architecture::Arm);
    let mut programs = Programs::new();
    for architecture in [here].into_iter().chain(others.filter(|other| *other != here)) {
        match weigh(&mut report, architecture) {
            Ok(built) if architecture == here => programs = built,
            Ok(_) => {}
            Err(error) => {
                say(&error);
                return ExitCode::FAILURE;
            }
        }
    }
    run(&mut report, &programs).await;
    if report.is_over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Builds all functions for an architecture, and looks at the files.
fn weigh(report: &mut Report, architecture: Architecture) -> Result<Programs, String> {
    let mut programs = Programs::new();
    for (name, _) in FUNCTIONS.into_iter().chain([(HELLO, u64::MAX), (TWO_CALLS, u64::MAX)]) {
        programs.insert(name, build(workspace(), name, architecture)?);
    }
    say(&format!("| {} | MB, stripped | limit | newest glibc |\n|---|---|---|---|", architecture.name()));
    for (name, bytes_max) in FUNCTIONS {
        let program = std::fs::read(&programs[name]).map_err(|error| format!("read {name}: {error}"))?;
        let (bytes, (major, minor)) = (program.len() as u64, glibc(&program));
        let is_kept = bytes <= bytes_max && (major, minor) <= GLIBC_MAX;
        report.row(
            name,
            &megabytes(bytes),
            (&format!("{} | {major}.{minor}", megabytes(bytes_max)), is_kept),
        );
    }
    say("");
    Ok(programs)
}

async fn run(report: &mut Report, programs: &Programs) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    share_one_processor();
    let (safe, plain) = (House::new(Some(Authority::new())).await, House::new(None).await);
    say(&format!("Load at the beginning: {}", load.trim()));
    say("\n| one processor | found | limit |\n|---|---|---|");
    starts(report, &safe, programs).await;
    events(report, &plain, programs).await;
    memory(report, &plain, programs).await;
    costs(&plain, programs).await;
}

async fn starts(report: &mut Report, house: &House, programs: &Programs) {
    let [hello, receiver] = house.starts([HELLO, RECEIVER].map(|name| &*programs[name])).await;
    let ratio = receiver.processor.as_secs_f64() / hello.processor.as_secs_f64();
    let times =
        |start: &measure::Start| format!("{} ({} by the clock)", millis(start.processor), millis(start.wall));
    say(&format!("| hello world: start to first answer | {} | |", times(&hello)));
    let found = format!("{}: {ratio:.1} times", times(&receiver));
    report.row(
        "receive-hook: the same, with two first TLS connections",
        &found,
        ("4 times", ratio <= START_RATIO_MAX),
    );
}

async fn events(report: &mut Report, house: &House, programs: &Programs) {
    let (hello, calls) = (house.warm(&programs[HELLO]).await, house.warm(&programs[TWO_CALLS]).await);
    let whole = house.warm(&programs[RECEIVER]).await;
    say(&format!("| hello world: an event | {} µs | |", hello.as_micros()));
    say(&format!("| nothing but two calls to AWS: an event | {} µs | |", calls.as_micros()));
    let ours = whole.saturating_sub(calls);
    report.row(
        "receive-hook: an event, and what of it is not its two calls",
        &format!("{} µs: {} µs", whole.as_micros(), ours.as_micros()),
        ("150 µs", ours <= EVENT_MAX),
    );
    for name in [HELLO, TWO_CALLS, RECEIVER] {
        if let Some(count) = house.instructions(&programs[name]).await {
            say(&format!("| {name}: an event, thousands of instructions | {} | |", count / 1_000));
        }
    }
}

async fn memory(report: &mut Report, house: &House, programs: &Programs) {
    let request = serde_json::json!({"version": "2.0", "rawPath": "/api/v4/version", "headers": {
            "private-token": "a token of scope admin, 32 characters long"}, "isBase64Encoded": false,
        "requestContext": {"http": {"method": "GET", "path": "/api/v4/version", "sourceIp": "192.0.2.1"}}});
    let memory = [
        (RECEIVER, house.receiver_memory(&programs[RECEIVER]).await),
        (RELAY, house.relay_memory(&programs[RECEIVER], &programs[RELAY]).await),
        ("serve-api", house.memory(&programs["serve-api"], &request.to_string()).await),
        ("sweep", house.memory(&programs["sweep"], "{}").await),
    ];
    for (name, bytes) in memory {
        let what = format!("{name}: memory after 10,000 events");
        report.row(&what, &format!("{} MB", megabytes(bytes)), ("30 MB", bytes <= MEMORY_BYTES_MAX));
    }
}

async fn costs(house: &House, programs: &Programs) {
    let (counted, calls) = house.counted_event(&programs[RECEIVER], &programs[RELAY]).await;
    say(&format!("\nCalls of a warm event with three targets: {}.\n", calls.join(", ")));
    say(&counted.table());
    say(&format!("Idle: ${:.2} a month. The same million elsewhere:", cost::idle()));
    for (service, price) in cost::ELSEWHERE {
        say(&format!("{service} {price}"));
    }
}

/// From here on, this program and what it starts take turns on one processor: else it depends on luck how often they wake
/// each other across two.
fn share_one_processor() {
    let mut first = CpuSet::new();
    first.set(0);
    sched_setaffinity(None, &first).expect("there is a first processor");
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
