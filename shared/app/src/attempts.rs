//! The repository of attempts: the log that people page through, one row each, a partition for each target.
//!
//! It is for reading, and the record is the truth (`deliveries`): a row is written once, at the end of a run, together
//! with all others that there are by then, and a log that cannot be written fails no delivery. An attempt whose machine
//! stopped in the middle has no row.
//!
//! Not here: what may be shown of a request (`relay::redact`), the program's own log.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use config::TargetId;
use relay::Outcome;
use relay::redact::Body;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::deliveries::Attempt;
use crate::ids::{EventId, Stamp};
use crate::queue::Delivery;
use crate::store::{item, row};
use crate::table::{Item, Key, PAGE_ITEMS_MAX, Query, Stored};
use crate::{App, Causes, StoreError};

/// For how many days the log is kept unless somebody says otherwise: as GitLab's API shows it.
pub const LOG_DAYS: u16 = 7;

/// The longest that may be asked for, in days: a year is beyond anything that is looked into by hand.
pub const LOG_DAYS_MAX: u16 = 366;

/// How many lines of one delivery to irkerd are kept: more than people read of one.
pub(crate) const LINES_LOGGED_MAX: usize = 20;

/// How many rows are looked at for one page: one round trip to the table. A filter that fits few of them gives a short
/// page, and a place to go on.
const LOOKED_AT_MAX: usize = PAGE_ITEMS_MAX;

/// What an attempt was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What was to be relayed.
    pub event: EventId,
    /// Where to.
    pub target: TargetId,
    /// Counts from 1.
    pub attempt: u32,
    /// A sample that somebody tried the target with, and no event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What was said.
    pub sent: Sent,
    /// What was answered.
    pub answer: Option<Answer>,
}

/// What was said to a target, without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Sent {
    /// Nothing: it was not necessary, or not possible, or said together with an earlier delivery.
    #[default]
    Nothing,
    /// A request.
    Http {
        /// By lower-case name.
        headers: Vec<(String, String)>,
        /// `None` if it was the event's own, which is kept with the event.
        body: Option<Body>,
    },
    /// Lines.
    Irker {
        /// For how many recipients.
        recipients: usize,
        /// The first of them, each as irkerd got it unless the channel's name is long.
        lines: Vec<String>,
    },
}

/// An answer, without secrets. Its status is the outcome's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The first of them, each cut.
    pub headers: Vec<(String, String)>,
    /// The first 8 KB.
    pub body: Body,
    /// Whether there was more, or might have been: the connection broke, or time was up.
    pub is_cut: bool,
}

/// What was said and answered in an attempt under way.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) sent: Sent,
    pub(crate) answer: Option<Answer>,
    /// From the first word to the last; otherwise the whole attempt's is taken.
    pub(crate) duration: Option<Duration>,
}

/// What is to be written, and for how long.
#[derive(Debug)]
pub struct AttemptLog {
    kept: Duration,
    unwritten: Mutex<Vec<Entry>>,
}

impl Default for AttemptLog {
    fn default() -> Self {
        Self::for_days(LOG_DAYS)
    }
}

/// A number of days that no log is kept for.
#[derive(Debug, thiserror::Error)]
#[error("the log of attempts is kept for 1 to {LOG_DAYS_MAX} days")]
pub struct LogDaysError;

impl FromStr for AttemptLog {
    type Err = LogDaysError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let days = text.trim().parse().ok().filter(|days| (1..=LOG_DAYS_MAX).contains(days));
        days.map(Self::for_days).ok_or(LogDaysError)
    }
}

impl AttemptLog {
    /// A log that is kept for so many days, at least one and at most [`LOG_DAYS_MAX`].
    pub fn for_days(days: u16) -> Self {
        let days = days.clamp(1, LOG_DAYS_MAX);
        Self { kept: Duration::from_hours(24 * u64::from(days)), unwritten: Mutex::default() }
    }

    /// Remembers an attempt until the run is over.
    pub(crate) fn note(&self, task: &Delivery, (number, attempt): (u32, &Attempt), said: Said) {
        self.add(Entry {
            event: task.event.clone(),
            target: task.target,
            attempt: number,
            is_test: false,
            began_at: attempt.at,
            duration_ms: said.duration.map_or(attempt.duration_ms, millis),
            outcome: attempt.outcome.clone(),
            sent: said.sent,
            answer: said.answer,
        });
    }

    pub(crate) fn add(&self, entry: Entry) {
        self.lock().push(entry);
    }

    /// A panic elsewhere cannot leave the list half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Writes what has been noted, by this run or by one beside it, and what has been counted with it.
pub(crate) async fn write(app: &App) {
    let rows = unwritten(app);
    if rows.is_empty() {
        return;
    }
    let count = rows.len();
    if let Err(error) = app.table.batch_put(rows).await {
        tracing::warn!(rows = count, error = %Causes(&error), "attempts.unwritten");
    }
}

/// The rows of what has been noted and counted, for whoever writes them now.
pub(crate) fn unwritten(app: &App) -> Vec<Item> {
    let entries = std::mem::take(&mut *app.log.lock());
    let mut rows = app.flow.due(app.clock.now());
    let expires_at = Some(app.clock.now() + app.log.kept);
    rows.extend(entries.iter().map(|entry| item(key(entry), entry, expires_at)));
    rows
}

fn partition(target: TargetId) -> String {
    format!("log#{target}")
}

/// By time: padded, so that texts sort as numbers.
fn sort_key(at: Timestamp) -> String {
    format!("{:015}", at.0)
}

fn key(entry: &Entry) -> Key {
    Key::new(partition(entry.target), entry.id())
}

impl Entry {
    /// Its name in its target's log.
    pub fn id(&self) -> String {
        format!("{}#{}#{}", sort_key(self.began_at), self.event, self.attempt)
    }
}

/// Which attempts are wanted, in GitLab's words where it has them
/// (<https://docs.gitlab.com/api/project_webhooks/#list-all-events-for-a-project-webhook>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// With this status.
    Status(u16),
    /// With a 2xx.
    Successful,
    /// With a 4xx.
    ClientFailure,
    /// With a 5xx.
    ServerFailure,
    /// That did not end the delivery.
    Failed,
    /// With this outcome, as [`Outcome::name`] says it.
    Outcome(&'static str),
}

/// A text that names no attempts.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{0}' is none of: a status, successful, client_failure, server_failure, failed, delivered, refused, unreachable, \
     forbidden, unknown, unrenderable, gone, handed_over, coalesced, nothing"
)]
pub struct WantedError(String);

impl FromStr for Wanted {
    type Err = WantedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const OUTCOMES: [&str; 10] = [
            "handed_over",
            "coalesced",
            "nothing",
            "delivered",
            "refused",
            "unreachable",
            "forbidden",
            "unknown",
            "unrenderable",
            "gone",
        ];
        let by_outcome = || OUTCOMES.into_iter().find(|name| *name == text).map(Self::Outcome);
        match text {
            "successful" => Ok(Self::Successful),
            "client_failure" => Ok(Self::ClientFailure),
            "server_failure" => Ok(Self::ServerFailure),
            "failed" => Ok(Self::Failed),
            _ => {
                let status = text.parse().ok().filter(|status| (100..1000).contains(status));
                status.map(Self::Status).or_else(by_outcome).ok_or_else(|| WantedError(text.to_owned()))
            }
        }
    }
}

impl Wanted {
    /// Whether an outcome is among them.
    pub fn has(self, outcome: &Outcome) -> bool {
        let is_in = |hundred: u16| outcome.status().is_some_and(|status| status / 100 == hundred);
        match self {
            Self::Status(status) => outcome.status() == Some(status),
            Self::Successful => is_in(2),
            Self::ClientFailure => is_in(4),
            Self::ServerFailure => is_in(5),
            Self::Failed => outcome.has_failed(),
            Self::Outcome(name) => outcome.name() == name,
        }
    }
}

/// Which page of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whose.
    pub target: TargetId,
    /// Any of these; none for all.
    pub wanted: Vec<Wanted>,
    /// At most this many.
    pub limit: usize,
    /// Where to go on, from [`Page::next`].
    pub after: Option<String>,
}

/// A page of a log, newest first. It may be short, even empty, and still have a next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The attempts.
    pub entries: Vec<Entry>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// A page of a target's log, newest first.
pub async fn list(app: &App, listing: &Listing) -> Result<Page, StoreError> {
    let whole = Query::prefix(partition(listing.target), "");
    let limit = if listing.wanted.is_empty() { listing.limit } else { LOOKED_AT_MAX };
    let query = Query { descending: true, limit, after: listing.after.clone(), ..whole };
    let page = app.table.query(&query).await?;
    let mut found = Page { entries: Vec::new(), next: page.next };
    for stored in &page.items {
        let entry: Entry = row(stored)?;
        if listing.wanted.is_empty() || listing.wanted.iter().any(|wanted| wanted.has(&entry.outcome)) {
            found.entries.push(entry);
        }
        if found.entries.len() == listing.limit {
            found.next = Some(stored.item.key.sort.clone());
            break;
        }
    }
    Ok(found)
}

/// One attempt, by its name.
pub async fn find(app: &App, target: TargetId, id: &str) -> Result<Option<Entry>, StoreError> {
    let stored = app.table.get(&Key::new(partition(target), id)).await?;
    stored.map(|stored| row(&stored)).transpose()
}

/// The newest attempts that a target has had since a moment, oldest first: at most `limit`. An attempt is written when it
/// is over, and is listed by its beginning.
pub async fn since(
    app: &App,
    target: TargetId,
    (since, limit): (Timestamp, usize),
) -> Result<Vec<Entry>, StoreError> {
    let whole = Query::prefix(partition(target), "");
    let between = (sort_key(since), whole.between.1.clone());
    let page = app.table.query(&Query { between, limit, descending: true, ..whole }).await?;
    page.items.iter().rev().map(row).collect()
}

/// The attempts that a target had between two moments, both included, oldest first, as rows: at most `limit`, behind
/// `after`.
pub(crate) async fn between(
    app: &App,
    target: TargetId,
    (since, until): (Timestamp, Timestamp),
    (limit, after): (usize, Option<String>),
) -> Result<(Vec<(String, Entry)>, Option<String>), StoreError> {
    let whole = Query::prefix(partition(target), "");
    let between = (sort_key(since), format!("{}#\u{10FFFF}", sort_key(until)));
    let page = app.table.query(&Query { between, limit, after, ..whole }).await?;
    let read = |stored: &Stored| Ok((stored.item.key.sort.clone(), row(stored)?));
    Ok((page.items.iter().map(read).collect::<Result<_, StoreError>>()?, page.next))
}

/// Names a test's stand-in for an event: known to nobody else.
pub(crate) fn test_event(app: &App, source: &config::SourceId) -> EventId {
    let id = format!("test {}", Stamp::new(&app.chance));
    EventId::of(source, payload::Identity::Delivery(&id), app.clock.now())
}

#[cfg(test)]
mod tests {
    use config::{HookId, ProjectId, SourceId};
    use payload::Identity;
    use relay::limits::{
        ANSWER_BYTES_MAX, ANSWER_HEADER_BYTES_MAX, ANSWER_HEADERS_MAX, LOGGED_BODY_BYTES_MAX,
    };

    use super::*;
    use crate::table::check_size;

    fn entry() -> Entry {
        let source: SourceId = "p".parse().unwrap();
        let headers = vec![("x".repeat(ANSWER_HEADER_BYTES_MAX), "\"".repeat(ANSWER_HEADER_BYTES_MAX))];
        let headers: Vec<_> = headers.into_iter().cycle().take(ANSWER_HEADERS_MAX).collect();
        Entry {
            event: EventId::of(&source, Identity::Delivery("a"), Timestamp(0)),
            target: TargetId::Hook(ProjectId(7), HookId(1)),
            attempt: 1,
            is_test: false,
            began_at: Timestamp(1_700_000_000_000),
            duration_ms: 12,
            outcome: Outcome::Refused { status: 503, retry_after_s: Some(3) },
            // Bodies are JSON, in which only quotes and backslashes are written with a second character.
            sent: Sent::Http {
                headers: vec![("x".repeat(256), "***".to_owned()); 50],
                body: Some(Body::Text("\"".repeat(LOGGED_BODY_BYTES_MAX))),
            },
            answer: Some(Answer { headers, body: Body::Text("\0".repeat(ANSWER_BYTES_MAX)), is_cut: true }),
        }
    }

    #[test]
    fn the_largest_entry_fits_into_a_row() {
        check_size(&item(key(&entry()), &entry(), None)).unwrap();
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = serde_json::to_string(&entry()).unwrap();
        assert!(written.contains(r#""outcome":"refused","status":503"#), "{written}");
        assert_eq!(serde_json::from_str::<Entry>(&written).unwrap(), entry());
    }

    #[test]
    fn attempts_are_asked_for_in_gitlabs_words() {
        let has = |text: &str, outcome: &Outcome| text.parse::<Wanted>().unwrap().has(outcome);
        let (well, away) =
            (Outcome::Delivered { status: 204 }, Outcome::Unreachable { reason: String::new() });
        let refused = entry().outcome;
        for (text, expected) in [
            ("204", [true, false, false]),
            ("successful", [true, false, false]),
            ("server_failure", [false, true, false]),
            ("client_failure", [false, false, false]),
            ("failed", [false, true, true]),
            ("unreachable", [false, false, true]),
        ] {
            assert_eq!([&well, &refused, &away].map(|outcome| has(text, outcome)), expected, "{text}");
        }
        assert!("99".parse::<Wanted>().is_err() && "all".parse::<Wanted>().is_err());
    }

    #[test]
    fn a_log_is_kept_for_some_days() {
        assert_eq!("7".parse::<AttemptLog>().unwrap().kept, Duration::from_hours(7 * 24));
        for wrong in ["", "0", "367", "-1", "a week"] {
            assert!(wrong.parse::<AttemptLog>().is_err(), "{wrong}");
        }
    }
}
