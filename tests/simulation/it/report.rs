//! What happened in many histories, in numbers.
//!
//! Not here: what must be true of them (`checker`).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use app::deliveries::DeliveryState;

use crate::checker::Finding;
use crate::faults::Struck;
use crate::people::People;
use crate::world::BEGIN;

/// Numbers, by name. Printed, it is a table that a program can read: a name, a tab, a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report(pub(crate) BTreeMap<String, u64>);

impl Report {
    pub(crate) fn of(people: &People, struck: &[Struck], findings: &[Finding]) -> Self {
        let (house, world) = (&people.house, &people.house.world);
        let told = people.told.lock().expect("nobody panics in it");
        let book = world.book();
        let counts = world.counts.lock().expect("nobody panics in it").clone();
        let mut report = Self::default();
        let mut add = |name: &str, number: usize| report.add(name, number as u64);
        add("histories", 1);
        add("simulated_seconds", usize::try_from(world.now().since(BEGIN).as_secs()).unwrap_or(usize::MAX));
        add("events_accepted", told.iter().filter(|told| told.accepted + told.repeated > 0).count());
        add("answers_not_2xx", told.iter().map(|told| told.refusals.len()).sum());
        let kept = people.kept.lock().expect("nobody panics in it");
        let done = kept.iter().filter(|record| record.state == DeliveryState::Done).count();
        add("deliveries_done", done);
        add("deliveries_parked", kept.len() - done);
        add("attempts", kept.iter().map(|record| record.attempts_made as usize).sum());
        add("http_requests", book.requests.len());
        add("irc_lines", book.lines.len());
        add("commands", people.commanded.lock().expect("nobody panics in it").len());
        add("runs_executed", house.executor.runs.lock().expect("nobody panics in it").len());
        add("crashes", usize::try_from(counts.crashes).unwrap_or(usize::MAX));
        add("duplicates_explained", usize::try_from(counts.duplicates).unwrap_or(usize::MAX));
        add("dead_letters_left", world.tasks().dead.len());
        add("findings", findings.len());
        for struck in struck {
            add(&format!("fault_{:?}_{:?}", struck.call, struck.fault).to_lowercase(), 1);
        }
        report
    }

    pub(crate) fn add(&mut self, name: &str, number: u64) {
        *self.0.entry(name.to_owned()).or_default() += number;
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }
}

impl AddAssign<&Self> for Report {
    fn add_assign(&mut self, more: &Self) {
        for (name, number) in &more.0 {
            self.add(name, *number);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, number) in &self.0 {
            writeln!(formatter, "{name}\t{number}")?;
        }
        Ok(())
    }
}
