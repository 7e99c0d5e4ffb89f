//! The [`Queue`] on SQLite: sending, and what an operator asks of a queue.
//!
//! Not here: taking from it (`lease`), and the loop that does (`consume`).

use app::clock::Timestamp;
use app::queue::{Queue, QueueError, QueueName, Task};
use async_trait::async_trait;
use rusqlite::{Connection, Row};

use crate::store::Store;
use crate::threads::Failure;

/// The queues of a [`Store`].
#[derive(Clone)]
pub struct SqliteQueue(pub(crate) Store);

/// How many tasks a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Their time has come (in an ordered queue: or would have, but for what is before them).
    pub ready: u32,
    /// Put off.
    pub later: u32,
    /// In the hands of a handler.
    pub leased: u32,
}

/// A task that was set aside, after [`app::queue::FAULTS_MAX`] faults or too many deaths of the process in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// [`Task::id`].
    pub id: String,
    /// The task as JSON.
    pub body: String,
    /// How many.
    pub faults: u32,
    /// What the last fault was.
    pub reason: String,
    /// When that was.
    pub died_at: Timestamp,
}

impl From<Failure> for QueueError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

/// A task as it goes into the store.
struct Outgoing {
    queue: &'static str,
    group: String,
    id: String,
    body: String,
}

impl Outgoing {
    fn new(task: &Task) -> serde_json::Result<Self> {
        let body = serde_json::to_string(task)?;
        Ok(Self { queue: task.queue().as_str(), group: task.group(), id: task.id(), body })
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError> {
        if tasks.is_empty() {
            return Ok(());
        }
        let rows = tasks.iter().map(Outgoing::new).collect::<Result<Vec<_>, _>>();
        let rows = rows.map_err(|error| QueueError::Unavailable(Box::new(error)))?;
        let clock = self.0.clock.clone();
        let work = move |connection: &Connection| {
            let now = clock.now();
            rows.iter().try_for_each(|row| insert(connection, row, now))
        };
        self.0.writer.run(work).await?;
        self.0.sent.send_replace(());
        Ok(())
    }
}

impl SqliteQueue {
    /// How many tasks a queue holds.
    pub async fn waiting(&self, queue: QueueName) -> Result<Waiting, QueueError> {
        let now = self.0.clock.now();
        let work = move |connection: &Connection| {
            let mut count = connection.prepare_cached(
                "SELECT count(*) FILTER (WHERE NOT leased AND visible_at <= ?2) AS ready,
                        count(*) FILTER (WHERE NOT leased AND visible_at > ?2) AS later,
                        count(*) FILTER (WHERE leased) AS leased
                 FROM tasks WHERE queue = ?1",
            )?;
            count.query_row((queue.as_str(), now.0), |row| {
                Ok(Waiting { ready: row.get("ready")?, later: row.get("later")?, leased: row.get("leased")? })
            })
        };
        Ok(self.0.reader.run(work).await?)
    }

    /// What was set aside, the latest first, at most `limit` of it.
    pub async fn dead_letters(&self, queue: QueueName, limit: u32) -> Result<Vec<DeadLetter>, QueueError> {
        let work = move |connection: &Connection| {
            let mut select = connection.prepare_cached(
                "SELECT id, body, faults, reason, died_at FROM dead_letters
                 WHERE queue = ?1 ORDER BY died_at DESC, sequence DESC LIMIT ?2",
            )?;
            select.query_map((queue.as_str(), limit), dead_letter)?.collect()
        };
        Ok(self.0.reader.run(work).await?)
    }
}

fn insert(connection: &Connection, row: &Outgoing, now: Timestamp) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO tasks (queue, of_group, id, body, visible_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute((row.queue, &row.group, &row.id, &row.body, now.0))?;
    Ok(())
}

fn dead_letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.get("id")?,
        body: row.get("body")?,
        faults: row.get("faults")?,
        reason: row.get("reason")?,
        died_at: Timestamp(row.get("died_at")?),
    })
}
