//! How much flows: for each hour, how many events came in, and how many deliveries arrived, failed an attempt or were
//! parked; of the whole house, of a project, of a target. For people to look at: nothing is decided by it.
//!
//! Tables have no counters. So each process counts for itself, in memory, and writes its own rows of the hour,
//! `flow#{whose}` / `{hour}#{process}`, each time in place of what it wrote before; a reader adds up the rows of all
//! processes. Nobody waits for anybody, nothing is counted twice, and a page costs one query, however many projects there
//! are. Rows are written where nobody waits for it, at most every [`WRITE_EVERY`]: with the log of attempts, by the sweep, and
//! by the Lambda function `receive-hook` once it has answered. What a process has counted in the last seconds before its end
//! may be missing.
//!
//! A reader who is in the same process sees those as well.
//!
//! Not here: single attempts (`attempts`), what waits at this moment (`attention`).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use config::{ProjectId, TargetId};
use serde::{Deserialize, Serialize};

use crate::clock::{Chance, Timestamp};
use crate::ids::Stamp;
use crate::store::{item, row};
use crate::table::{Item, Key, Query};
use crate::{App, Causes, StoreError};

/// How many hours a look back shows.
pub const HOURS: u32 = 24;

/// How often a process writes what it has counted: seldom beside the deliveries themselves, often enough for people.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// How long an hour's row is kept: until nobody is shown it any more, and some.
const KEPT: Duration = Duration::from_hours(48);

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Whose counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// Everybody's.
    House,
    /// A project's.
    Project(ProjectId),
    /// A target's.
    Target(TargetId),
}

impl fmt::Display for Whose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::House => formatter.write_str("house"),
            Self::Project(project) => write!(formatter, "project-{project}"),
            Self::Target(target) => target.fmt(formatter),
        }
    }
}

/// What happened in an hour. What is absent in a stored one is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Events that were accepted. A target has none of its own.
    pub came_in: u64,
    /// Deliveries that are over, and well.
    pub arrived: u64,
    /// Attempts that failed. Their deliveries are tried again, or parked.
    pub failed: u64,
    /// Deliveries that were given up until somebody asks for them.
    pub parked: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.came_in += more.came_in;
        self.arrived += more.arrived;
        self.failed += more.failed;
        self.parked += more.parked;
    }
}

/// An hour, by the number of hours since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hour(i64);

impl Hour {
    fn of(at: Timestamp) -> Self {
        Self(at.0.div_euclid(HOUR_MS))
    }

    fn begin(self) -> Timestamp {
        Timestamp(self.0 * HOUR_MS)
    }
}

/// What this process has counted.
#[derive(Debug)]
pub(crate) struct Flow(Mutex<Tallies>);

#[derive(Debug)]
struct Tallies {
    /// Names this process among those that write.
    process: Stamp,
    counts: BTreeMap<(Hour, Whose), Tally>,
    written_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Tally {
    counts: Counts,
    is_written: bool,
}

impl Flow {
    /// Of a process that has counted nothing yet. Its name is thrown.
    pub(crate) fn new(chance: &Chance) -> Self {
        let process = Stamp::new(chance);
        Self(Mutex::new(Tallies { process, counts: BTreeMap::new(), written_at: None }))
    }

    /// Counts an event that was accepted.
    pub(crate) fn came_in(&self, project: ProjectId, now: Timestamp) {
        let one = Counts { came_in: 1, ..Counts::default() };
        self.add(&[Whose::House, Whose::Project(project)], one, now);
    }

    /// Counts the end of an attempt, or of a delivery.
    pub(crate) fn count(&self, target: TargetId, counts: Counts, now: Timestamp) {
        if counts != Counts::default() {
            let project = Whose::Project(project_of(target));
            self.add(&[Whose::House, project, Whose::Target(target)], counts, now);
        }
    }

    fn add(&self, whose: &[Whose], counts: Counts, now: Timestamp) {
        let mut tallies = self.lock();
        for whose in whose {
            let tally = tallies.counts.entry((Hour::of(now), *whose)).or_default();
            tally.counts += counts;
            tally.is_written = false;
        }
    }

    /// The rows that are to be written now: none if that was done just before.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Item> {
        let mut tallies = self.lock();
        let is_early = |written_at: Timestamp| now.is_within(WRITE_EVERY, written_at);
        if tallies.written_at.is_some_and(is_early) {
            return Vec::new();
        }
        let Tallies { process, counts, written_at } = &mut *tallies;
        let mut rows = Vec::new();
        for ((hour, whose), tally) in counts.iter_mut().filter(|(_, tally)| !tally.is_written) {
            let key = Key::new(partition(*whose), format!("{:010}#{process}", hour.0));
            rows.push(item(key, &tally.counts, Some(hour.begin() + KEPT)));
            tally.is_written = true;
        }
        if !rows.is_empty() {
            *written_at = Some(now);
        }
        counts.retain(|(hour, _), _| *hour >= Hour::of(now));
        rows
    }

    /// What this process has counted for one, hour by hour, and by which name its rows are known.
    fn own(&self, whose: Whose) -> (Stamp, BTreeMap<Hour, Counts>) {
        let tallies = self.lock();
        let ours = tallies.counts.iter().filter(|((_, counted), _)| *counted == whose);
        let ours = ours.map(|((hour, _), tally)| (*hour, tally.counts)).collect();
        (tallies.process.clone(), ours)
    }

    /// A panic elsewhere cannot leave the counts half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Tallies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn project_of(target: TargetId) -> ProjectId {
    match target {
        TargetId::Irker(project) | TargetId::Hook(project, _) => project,
    }
}

fn partition(whose: Whose) -> String {
    format!("flow#{whose}")
}

/// Writes what this process has counted, unless that was done just before. What cannot be written is missing in a chart, and
/// nowhere else.
pub async fn write(app: &App) {
    let rows = app.flow.due(app.clock.now());
    if rows.is_empty() {
        return;
    }
    let count = rows.len();
    if let Err(error) = app.table.batch_put(rows).await {
        tracing::warn!(rows = count, error = %Causes(&error), "flow.unwritten");
    }
}

/// What happened in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourOf {
    /// When it began.
    pub began_at: Timestamp,
    /// What happened in it.
    pub counts: Counts,
}

/// The last [`HOURS`] hours, oldest first, the one under way included.
pub async fn last_day(app: &App, whose: Whose) -> Result<Vec<HourOf>, StoreError> {
    let last = Hour::of(app.clock.now());
    let first = Hour(last.0 - (i64::from(HOURS) - 1));
    let mut hours: BTreeMap<Hour, Counts> =
        (first.0..=last.0).map(|hour| (Hour(hour), Counts::default())).collect();
    let (ours, own) = app.flow.own(whose);
    let between = (format!("{:010}", first.0), format!("{:010}#\u{10FFFF}", last.0));
    let mut query = Query { between, ..Query::prefix(partition(whose), "") };
    loop {
        let page = app.table.query(&query).await?;
        for stored in &page.items {
            let Some((hour, process)) = stored.item.key.sort.split_once('#') else { continue };
            let Some(hour) = hour.parse().ok().map(Hour) else { continue };
            // What this process knows itself is newer than what it wrote.
            let is_known = process == ours.to_string() && own.contains_key(&hour);
            if let Some(counts) = hours.get_mut(&hour).filter(|_| !is_known) {
                *counts += row(stored)?;
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    for (hour, counted) in own {
        if let Some(counts) = hours.get_mut(&hour) {
            *counts += counted;
        }
    }
    Ok(hours.into_iter().map(|(hour, counts)| HourOf { began_at: hour.begin(), counts }).collect())
}

#[cfg(test)]
mod tests {
    use config::HookId;

    use super::*;

    const NOON: Timestamp = Timestamp(1_700_000_000_000);
    const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

    fn arrived(count: u64) -> Counts {
        Counts { arrived: count, ..Counts::default() }
    }

    fn documents(rows: &[Item]) -> Vec<(&str, &str)> {
        rows.iter().map(|row| (row.key.partition.as_str(), row.document.as_str())).collect()
    }

    #[test]
    fn a_row_holds_all_that_the_process_has_counted_in_the_hour() {
        let flow = Flow::new(&Chance::System);
        flow.came_in(ProjectId(7), NOON);
        flow.count(HOOK, arrived(1), NOON);
        let first = flow.due(NOON);
        assert_eq!(
            documents(&first),
            [
                ("flow#house", r#"{"came_in":1,"arrived":1,"failed":0,"parked":0}"#),
                ("flow#project-7", r#"{"came_in":1,"arrived":1,"failed":0,"parked":0}"#),
                ("flow#7-hook-1", r#"{"came_in":0,"arrived":1,"failed":0,"parked":0}"#),
            ]
        );

        flow.count(HOOK, arrived(1), NOON);
        assert!(flow.due(NOON + Duration::from_secs(9)).is_empty(), "it has been written just before");
        let second = flow.due(NOON + WRITE_EVERY);
        assert_eq!(second[2].document, r#"{"came_in":0,"arrived":2,"failed":0,"parked":0}"#);
        assert_eq!(second[2].key, first[2].key, "in place of the first");
        assert!(flow.due(NOON + WRITE_EVERY + WRITE_EVERY).is_empty(), "nothing new");
    }

    #[test]
    fn what_an_hour_leaves_unwritten_is_written_in_the_next() {
        let flow = Flow::new(&Chance::System);
        flow.count(HOOK, arrived(3), NOON);
        let later = NOON + Duration::from_hours(2);
        assert_eq!(flow.due(later).len(), 3);
        assert!(flow.lock().counts.is_empty(), "and forgotten then");
    }
}
