//! The repository of runs: one row each, `run#{id}` / `run`; beside it its log. Two further rows, written once, lead to
//! it: from its project, by time, and from whoever asked for it.
//!
//! **Every step is one write under a condition.** Whoever makes a step reads the row, changes it, and writes it only if
//! nobody else has written since; otherwise they look again. So of a cancel and an end, or of two consents, one wins, and
//! the other one sees that it has.
//!
//! Not here: which steps there are (`state`), who may make them (`chatops::access`), what chat hears of them (`chat`).

mod log;
mod state;

use config::{CommandId, ProjectId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ids::RunId;
use crate::store::{item, row};
use crate::table::{BATCH_GET_MAX, Condition, Item, Key, Query, Stored, Write};
use crate::{App, StoreError};

pub use log::{LINK_AGE_MAX, is_log_link, keep_log, log_link, read_log};
pub use state::{Commit, Consent, End, How, Run, State, StepError};

/// How long a run is kept, and its log with it: what was deployed last month is still asked for.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

/// How often a step is tried again that somebody else's crossed. A run has a handful of steps in all.
const TRIES: usize = 10;

pub(crate) fn run_key(id: &RunId) -> Key {
    Key::new(partition(id), "run")
}

fn partition(id: &RunId) -> String {
    format!("run#{id}")
}

/// By time: padded, so that texts sort as numbers.
fn by_project_key(run: &Run) -> Key {
    let (project, at, id) = (run.asked.project, run.asked.at.0, &run.id);
    Key::new(format!("project-runs#{project}"), format!("{at:015}#{id}"))
}

fn latest_key(command: &CommandId, user_id: &str) -> Key {
    Key::new(format!("caller-runs#{command}"), user_id)
}

/// What leads to a run.
#[derive(Serialize, Deserialize)]
struct Pointer {
    run: RunId,
}

/// Keeps a new run. If it is there already, what there is.
pub async fn create(app: &App, run: &Run) -> Result<Option<Run>, StoreError> {
    let kept = item(run_key(&run.id), run, Some(run.asked.at + KEPT));
    match app.table.put(kept, Condition::Absent).await? {
        Write::Done(_) => Ok(None),
        Write::Conflict(Some(stored)) => row(&stored).map(Some),
        // What was there has gone in this very moment.
        Write::Conflict(None) => find(app, &run.id).await,
    }
}

/// The rows that lead to a run. Writing them again is harmless.
pub(crate) fn pointers(run: &Run) -> [Item; 2] {
    let (pointer, expires_at) = (Pointer { run: run.id.clone() }, Some(run.asked.at + KEPT));
    let latest = latest_key(&run.asked.command, &run.asked.user.id);
    [by_project_key(run), latest].map(|key| item(key, &pointer, expires_at))
}

/// A run, if it is kept.
pub async fn find(app: &App, id: &RunId) -> Result<Option<Run>, StoreError> {
    app.table.get(&run_key(id)).await?.map(|stored| row(&stored)).transpose()
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<E> {
    /// It was made: the run as it is now.
    Made(Box<Run>),
    /// It was not: the run as it was found, and why.
    Refused(Box<Run>, E),
    /// There is no such run.
    Missing,
}

/// Makes a step: `step` changes the run, or says why it does not. It may be called several times, on what others have
/// made of the run meanwhile.
pub async fn change<E>(
    app: &App,
    id: &RunId,
    mut step: impl FnMut(&mut Run) -> Result<(), E>,
) -> Result<Step<E>, StoreError> {
    for _ in 0..TRIES {
        let Some(stored) = app.table.get(&run_key(id)).await? else { return Ok(Step::Missing) };
        let mut run: Box<Run> = row(&stored)?;
        if let Err(refused) = step(&mut run) {
            return Ok(Step::Refused(run, refused));
        }
        let kept = item(run_key(id), &run, stored.item.expires_at);
        if let Write::Done(_) = app.table.put(kept, Condition::Version(stored.version)).await? {
            return Ok(Step::Made(run));
        }
    }
    Err(crate::store::broken(&run_key(id), "it is changed again and again while it is to be changed"))
}

/// The latest run that a user of a command has asked for.
pub async fn latest_of(app: &App, command: &CommandId, user_id: &str) -> Result<Option<Run>, StoreError> {
    match app.table.get(&latest_key(command, user_id)).await? {
        Some(stored) => find(app, &row::<Pointer>(&stored)?.run).await,
        None => Ok(None),
    }
}

/// Which page of a project's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whose.
    pub project: ProjectId,
    /// At most this many, and at most a hundred.
    pub limit: usize,
    /// Where to go on, from [`Page::next`].
    pub after: Option<String>,
}

/// A page of runs, newest first. It may be short and still have a next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The runs.
    pub runs: Vec<Run>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// A page of a project's runs, newest first, in two calls.
pub async fn list(app: &App, listing: &Listing) -> Result<Page, StoreError> {
    let whole = Query::prefix(format!("project-runs#{}", listing.project), "");
    let limit = listing.limit.min(BATCH_GET_MAX);
    let query = Query { descending: true, limit, after: listing.after.clone(), ..whole };
    let page = app.table.query(&query).await?;
    let key = |stored: &Stored| Ok(run_key(&row::<Pointer>(stored)?.run));
    let keys = page.items.iter().map(key).collect::<Result<Vec<_>, StoreError>>()?;
    let found = if keys.is_empty() { Vec::new() } else { app.table.batch_get(&keys).await? };
    let mut runs = found.iter().map(row).collect::<Result<Vec<Run>, _>>()?;
    runs.sort_by(|one, other| (other.asked.at, &other.id).cmp(&(one.asked.at, &one.id)));
    Ok(Page { runs, next: page.next })
}

/// The runs that wait for consent, each under the time until which they do.
const WAITING: &str = "waiting-runs";

/// Remembers that a run waits for consent until then, so that the sweep finds it.
pub(crate) fn waiting(run: &Run, until: Timestamp) -> Item {
    let pointer = Pointer { run: run.id.clone() };
    let key = Key::new(WAITING, format!("{:015}#{}", until.0, run.id));
    item(key, &pointer, Some(run.asked.at + KEPT))
}

/// Those whose time to consent is over by now, with what has to be forgotten once they have been dealt with.
pub(crate) async fn overdue(app: &App) -> Result<Vec<(RunId, Key)>, StoreError> {
    let whole = Query::prefix(WAITING, "");
    let until = format!("{:015}#\u{10FFFF}", app.clock.now().0);
    let page = app.table.query(&Query { between: (String::new(), until), ..whole }).await?;
    let read = |stored: &Stored| Ok((row::<Pointer>(stored)?.run, stored.item.key.clone()));
    page.items.iter().map(read).collect()
}
