//! Thousands of histories, each by its seed.
//!
//! Not here: histories that are made for one question (`reliability`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crate::checker::{Finding, Rule};
use crate::history::happen;
use crate::plan::Plan;
use crate::report::Report;
use crate::shrink::{shrink, told};

/// How many histories the tests look at.
const SEEDS: u64 = 10_000;

/// Seeds that broke a rule once: in the first million there were three causes, in the second there was one.
const FOUND: [u64; 4] = [31_874, 250_565, 716_171, 855_261];

/// A number from the environment.
#[expect(clippy::disallowed_methods, reason = "whoever runs a test says so by its environment")]
fn asked_for(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name} is a number, and not '{text}'")))
}

/// The first seed that breaks each rule, with its findings.
type Broken = BTreeMap<Rule, (u64, Vec<Finding>)>;

/// Has all seeds of a range happen, on all processors. Gives the numbers, and what is broken.
pub(crate) fn look(seeds: Range<u64>) -> (Report, Broken) {
    let (next, end) = (AtomicU64::new(seeds.start), seeds.end);
    let work = || {
        let (mut report, mut broken) = (Report::default(), Broken::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return (report, broken);
            }
            let history = happen(&Plan::of(seed), (None, false));
            report += &history.report;
            for rule in history.findings.iter().map(|finding| finding.rule) {
                broken.entry(rule).or_insert_with(|| (seed, history.findings.clone()));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, Into::into);
    let parts: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    let (mut report, mut broken) = (Report::default(), Broken::new());
    for (part, found) in parts {
        report += &part;
        for (rule, (seed, findings)) in found {
            if broken.get(&rule).is_none_or(|(known, _)| seed < *known) {
                broken.insert(rule, (seed, findings));
            }
        }
    }
    (report, broken)
}

fn fail(seed: u64, rule: Rule) -> ! {
    panic!("{}", told(seed, &shrink(&Plan::of(seed), (rule, None))));
}

#[test]
fn nothing_is_lost_leaked_or_done_twice_in_ten_thousand_histories() {
    let from = asked_for("BELLHOP_FIRST_SEED").unwrap_or_default();
    let seeds = asked_for("BELLHOP_SEEDS").unwrap_or(SEEDS);
    let began = Instant::now();
    let (report, broken) = look(from..from + seeds);
    println!("{report}real_seconds\t{}", began.elapsed().as_secs());
    for (rule, (seed, findings)) in &broken {
        println!("{rule:?} is broken by seed {seed}: {findings:?}");
    }
    if let Some((rule, (seed, _))) = broken.first_key_value() {
        fail(*seed, *rule);
    }
    // A simulation in which nothing happens finds nothing.
    for name in
        ["events_accepted", "http_requests", "irc_lines", "runs_executed", "crashes", "duplicates_explained"]
    {
        assert!(report.get(name) > 0, "{name}");
    }
}

#[test]
fn what_was_found_once_is_found_no_more() {
    for seed in FOUND {
        let (_, broken) = look(seed..seed + 1);
        assert!(broken.is_empty(), "seed {seed}: {broken:?}");
    }
}

/// `BELLHOP_SEED=7 cargo test -p simulation -- a_seed --nocapture` tells a history; any other time, the first.
#[test]
fn a_seed_is_the_same_history_each_time() {
    let seed = asked_for("BELLHOP_SEED");
    for seed in seed.map_or(0..20, |seed| seed..seed + 1) {
        let history = happen(&Plan::of(seed), (None, true));
        let again = happen(&Plan::of(seed), (None, true));
        assert!(!history.tale.is_empty());
        assert_eq!(history.tale, again.tale, "seed {seed}");
        assert_eq!(history.report, again.report, "seed {seed}");
        if asked_for("BELLHOP_SEED").is_some() {
            println!("{:#?}\n{}\n{}", Plan::of(seed), history.tale, history.report);
        }
        if let Some(finding) = history.findings.first() {
            fail(seed, finding.rule);
        }
    }
}
