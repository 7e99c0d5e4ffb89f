//! The two threads that touch SQLite: one writes, one reads. Async code hands them closures.
//!
//! **Group commit.** On a disk a commit costs an fsync, some milliseconds, whatever is in it. So the writer takes
//! all that waits, runs each piece in a savepoint of its own, commits once, and only then answers all of them.
//!
//! Not here: SQL about items or tasks, except the sweeping of expired items, which every commit does a little of.

use std::io;
use std::sync::Arc;
use std::thread;

use app::clock::Clock;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

/// Work waiting for a thread; who comes on top waits to be let in.
const WORK_WAITING_MAX: usize = 1_024;

/// The most pieces in one commit, so that the first of them does not wait for ever.
const COMMIT_WORK_MAX: usize = 256;

/// How many expired items a commit takes along for each piece of work in it: more than a piece usually writes, and
/// few enough, at their largest, to be no long wait.
const EXPIRED_PER_PIECE: usize = 16;

/// Why a piece of work was not done, or may not have been.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Shared, since one commit fails for all that are in it.
    #[error("SQLite did not do it")]
    Sqlite(#[from] Arc<rusqlite::Error>),
    #[error("the store's thread has ended")]
    Ended,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

/// Tells who waits how its work ended, once the commit's own end is known.
type Reply = Box<dyn FnOnce(Result<(), Failure>)>;

/// Work that ran, or was told why it could not.
struct Ran {
    failure: Option<Failure>,
    reply: Reply,
}

type Piece = Box<dyn FnOnce(Result<&Connection, Failure>) -> Ran + Send>;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the writing thread, which ends when the last of these is gone.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Piece>);

impl Writer {
    pub(crate) fn start(mut connection: Connection, clock: Clock) -> io::Result<Self> {
        let (sender, mut waiting) = mpsc::channel(WORK_WAITING_MAX);
        thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < COMMIT_WORK_MAX
                    && let Ok(next) = waiting.try_recv()
                {
                    batch.push(next);
                }
                commit(&mut connection, batch, &clock);
            }
        })?;
        Ok(Self(sender))
    }

    /// Runs `work` in a transaction. `Ok` when it is on the disk; all or nothing of one `work` gets there.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, outcome) = oneshot::channel();
        let piece: Piece = Box::new(move |connection| {
            let result = connection.and_then(|connection| Ok(work(connection)?));
            // If nobody waits any longer, nobody needs the answer.
            Ran {
                failure: result.as_ref().err().cloned(),
                reply: Box::new(move |committed| drop(answer.send(committed.and(result)))),
            }
        });
        self.0.send(piece).await.map_err(|_| Failure::Ended)?;
        outcome.await.map_err(|_| Failure::Ended)?
    }
}

/// One transaction for the whole batch, then all replies.
fn commit(connection: &mut Connection, batch: Vec<Piece>, clock: &Clock) {
    let mut replies = Vec::with_capacity(batch.len());
    let mut fate = execute(connection, "BEGIN IMMEDIATE");
    for piece in batch {
        let (reply, after) = match &fate {
            Ok(()) => in_savepoint(connection, piece),
            Err(failure) => (piece(Err(failure.clone())).reply, fate.clone()),
        };
        replies.push(reply);
        fate = after;
    }
    if fate.is_ok() {
        fate = sweep_expired(connection, clock, replies.len()).and_then(|()| execute(connection, "COMMIT"));
    }
    if fate.is_err() && !connection.is_autocommit() {
        // It fails only if the transaction is gone already, which is what it is for.
        drop(execute(connection, "ROLLBACK"));
    }
    for reply in replies {
        reply(fate.clone());
    }
}

/// Runs one piece. An error undoes only this piece, unless SQLite gave up the whole transaction, as it does when
/// the disk is full: then the second result is that error, and the batch is lost.
fn in_savepoint(connection: &Connection, piece: Piece) -> (Reply, Result<(), Failure>) {
    if let Err(failure) = execute(connection, "SAVEPOINT piece") {
        return (piece(Err(failure.clone())).reply, Err(failure));
    }
    let ran = piece(Ok(connection));
    let after = match ran.failure {
        None => execute(connection, "RELEASE piece"),
        Some(failure) if connection.is_autocommit() => Err(failure),
        Some(_) => {
            execute(connection, "ROLLBACK TO piece").and_then(|()| execute(connection, "RELEASE piece"))
        }
    };
    (ran.reply, after)
}

/// Readers do not see what has expired; here it leaves the disk.
fn sweep_expired(connection: &Connection, clock: &Clock, pieces: usize) -> Result<(), Failure> {
    let mut sweep = connection.prepare_cached(
        "DELETE FROM items WHERE version IN (SELECT version FROM items WHERE expires_at <= ?1 LIMIT ?2)",
    )?;
    let most = i64::try_from(pieces.saturating_mul(EXPIRED_PER_PIECE)).unwrap_or(i64::MAX);
    sweep.execute((clock.now().0, most))?;
    Ok(())
}

fn execute(connection: &Connection, statement: &str) -> Result<(), Failure> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// The way to the reading thread, which ends when the last of these is gone.
#[derive(Clone)]
pub(crate) struct Reader(mpsc::Sender<Read>);

impl Reader {
    pub(crate) fn start(connection: Connection) -> io::Result<Self> {
        let (sender, mut waiting) = mpsc::channel::<Read>(WORK_WAITING_MAX);
        thread::Builder::new().name("store-reader".to_owned()).spawn(move || {
            while let Some(read) = waiting.blocking_recv() {
                read(&connection);
            }
        })?;
        Ok(Self(sender))
    }

    /// Runs `work`, which sees every commit that was answered before.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, outcome) = oneshot::channel();
        let read: Read = Box::new(move |connection| drop(answer.send(work(connection))));
        self.0.send(read).await.map_err(|_| Failure::Ended)?;
        Ok(outcome.await.map_err(|_| Failure::Ended)??)
    }
}
