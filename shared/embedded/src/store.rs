//! The store as its users hold it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::clock::Clock;
use tokio::sync::watch;

use crate::lease;
use crate::open::{self, Connections, StoreError};
use crate::queue::SqliteQueue;
use crate::table::SqliteTable;
use crate::threads::{Reader, Writer};

/// How often, and how long apart, the right to serve is asked for again: much longer than a fork takes to become another
/// program, and not worth waiting for by anybody else.
const CLAIM_TRIES: usize = 20;
const CLAIM_PAUSE: Duration = Duration::from_millis(10);

/// An open store. Clones share it; it closes when the last clone, and all that came from it, are gone.
#[derive(Clone)]
pub struct Store {
    pub(crate) writer: Writer,
    pub(crate) reader: Reader,
    pub(crate) clock: Clock,
    /// Rings when this process has sent something.
    pub(crate) sent: watch::Sender<()>,
    directory: Arc<PathBuf>,
}

impl Store {
    /// Opens the store in `directory`, and makes both if they are not there. Blocks for some milliseconds.
    ///
    /// Any number of processes may have a store open.
    pub fn open(directory: &Path, clock: Clock) -> Result<Self, StoreError> {
        let Connections { writer, reader } = open::open(directory)?;
        let thread = |source| StoreError::Files { path: directory.to_owned(), source };
        Ok(Self {
            writer: Writer::start(writer, clock.clone()).map_err(thread)?,
            reader: Reader::start(reader).map_err(thread)?,
            clock,
            sent: watch::Sender::new(()),
            directory: Arc::new(directory.to_owned()),
        })
    }

    /// Where things are kept.
    pub fn table(&self) -> SqliteTable {
        SqliteTable(self.clone())
    }

    /// Where tasks are sent to, and looked at by operators.
    pub fn queue(&self) -> SqliteQueue {
        SqliteQueue(self.clone())
    }

    /// Makes this process the one that takes from the queues, until the last clone of the answer is gone.
    ///
    /// Only one process serves, so what is leased now was in the hands of one that died: it is handed over again
    /// at once. It counts no fault, since nobody can tell which of them killed the process, if any did; only a task
    /// that dies with many processes in a row is set aside.
    pub async fn serve(&self) -> Result<Serving, StoreError> {
        let claim = self.claim().await?;
        let now = self.clock.now();
        let reclaimed = self.writer.run(move |connection| lease::reclaim(connection, now)).await;
        let reclaimed = reclaimed.map_err(|failure| StoreError::Unavailable {
            directory: self.directory.as_ref().clone(),
            source: Box::new(failure),
        })?;
        if reclaimed > 0 {
            tracing::warn!(tasks = reclaimed, "queue.reclaimed");
        }
        Ok(Serving { store: self.clone(), _claim: Arc::new(claim) })
    }

    /// Whether some process takes from the queues.
    pub fn is_served(&self) -> Result<bool, StoreError> {
        match open::claim(&self.directory) {
            Err(StoreError::AlreadyServed { .. }) => Ok(true),
            // Given up at once: whoever wants to serve in this moment asks again.
            claimed => claimed.map(|_claim| false),
        }
    }

    /// Asks again for a moment: a child that this process has forked holds the lock of a claim that was given up until it
    /// becomes another program.
    async fn claim(&self) -> Result<File, StoreError> {
        for _ in 0..CLAIM_TRIES {
            match open::claim(&self.directory) {
                Err(StoreError::AlreadyServed { .. }) => tokio::time::sleep(CLAIM_PAUSE).await,
                claimed => return claimed,
            }
        }
        open::claim(&self.directory)
    }
}

/// The right to take from the queues of a store. Clones share it.
#[derive(Clone)]
pub struct Serving {
    pub(crate) store: Store,
    /// Its lock is the right.
    _claim: Arc<File>,
}
