//! A directory becomes two connections to a store of the right kind and version.
//!
//! Not here: anything done with the connections afterwards.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

/// The store itself; SQLite keeps `-wal` and `-shm` beside it.
const STORE_FILE: &str = "bellhop.sqlite";

/// Held, briefly, by who opens: SQLite answers "locked" without waiting while another turns on WAL.
const OPENING_FILE: &str = "bellhop.opening";

/// Held by the one who serves, for as long as it lives; the kernel lets go of it however that ends.
const SERVING_FILE: &str = "bellhop.serving";

/// "BELL": tells our store from any other SQLite file, for `file` and for us.
const APPLICATION_ID: i32 = 0x4245_4C4C;

/// The version of `schema.sql`.
const SCHEMA_VERSION: i32 = 1;

const SCHEMA: &str = include_str!("schema.sql");

/// What a store of this version may not have yet: it makes looks quicker, and changes nothing else, so a Bellhop that does
/// not know it is not hindered.
const LATER_INDEX: &str = "CREATE INDEX IF NOT EXISTS tasks_due ON tasks (queue, visible_at)";

/// How long to wait for another process's commit; far longer than a commit of our largest batch.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements kept ready; more than there are in this crate.
const STATEMENTS_KEPT: usize = 64;

/// To what the write-ahead log shrinks again after a burst, so that it does not stay at its largest for ever.
const LOG_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// Why there is no store, or no serving it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory or a lock file in it cannot be made or opened.
    #[error("cannot use {}", path.display())]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite cannot open or prepare the file.
    #[error("cannot open the store {}", path.display())]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A SQLite file, but not one of ours.
    #[error("{} is a SQLite file of another program", path.display())]
    NotAStore {
        /// Which file.
        path: PathBuf,
    },
    /// Only the write-ahead log is there, which SQLite would throw away.
    #[error(
        "the store {store} is gone, and its log {store}-wal is still there: bring the store back, or take the log away",
        store = path.display()
    )]
    Gone {
        /// Which file.
        path: PathBuf,
    },
    /// Written by a later Bellhop.
    #[error(
        "the store {} has version {found}, and this Bellhop knows versions up to {SCHEMA_VERSION}: use a newer one",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// There can be only one who takes from the queues.
    #[error("the store in {} is being served by another process already", directory.display())]
    AlreadyServed {
        /// Where.
        directory: PathBuf,
    },
    /// The store opened, but could not be written.
    #[error("cannot begin to serve the store in {}", directory.display())]
    Unavailable {
        /// Where.
        directory: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The two ways to one store.
pub(crate) struct Connections {
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
}

/// Opens the store in `directory`, and makes both if they are not there.
pub(crate) fn open(directory: &Path) -> Result<Connections, StoreError> {
    make_directory(directory).map_err(|source| StoreError::Files { path: directory.to_owned(), source })?;
    let opening = lock_file(directory, OPENING_FILE)?;
    opening.lock().map_err(|source| StoreError::Files { path: directory.join(OPENING_FILE), source })?;

    let path = store_file(directory);
    let sqlite = |source| StoreError::Sqlite { path: path.clone(), source };
    if is_gone(&path).map_err(|source| StoreError::Files { path: path.clone(), source })? {
        return Err(StoreError::Gone { path });
    }
    let writer = connect(&path).map_err(sqlite)?;
    if kind(&writer).map_err(sqlite)? == Kind::Empty {
        create(&writer).map_err(sqlite)?;
    }
    check_kind(&writer, &path)?;
    durable(&writer).map_err(sqlite)?;
    writer.execute(LATER_INDEX, []).map_err(sqlite)?;
    let reader = connect(&path).map_err(sqlite)?;
    reader.pragma_update(None, "query_only", true).map_err(sqlite)?;
    Ok(Connections { writer, reader })
}

/// The store itself, in its directory.
pub(crate) fn store_file(directory: &Path) -> PathBuf {
    directory.join(STORE_FILE)
}

/// Refuses what is no store of ours, or one of a later Bellhop.
pub(crate) fn check_kind(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = kind(connection).map_err(|source| StoreError::Sqlite { path: path.to_owned(), source })?;
    match found {
        Kind::Known => Ok(()),
        Kind::Newer(found) => Err(StoreError::Newer { path: path.to_owned(), found }),
        Kind::Empty | Kind::Foreign => Err(StoreError::NotAStore { path: path.to_owned() }),
    }
}

/// Claims the store for this process. Whoever drops the file gives it back.
pub(crate) fn claim(directory: &Path) -> Result<File, StoreError> {
    let claim = lock_file(directory, SERVING_FILE)?;
    match claim.try_lock() {
        Ok(()) => Ok(claim),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyServed { directory: directory.to_owned() }),
        Err(TryLockError::Error(source)) => {
            Err(StoreError::Files { path: directory.join(SERVING_FILE), source })
        }
    }
}

/// Whether there is a log, and nothing that it belongs to: a store has its schema before it has a log.
fn is_gone(store: &Path) -> io::Result<bool> {
    let bytes = |path: &Path| match path.metadata() {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    };
    let mut log = store.as_os_str().to_owned();
    log.push("-wal");
    Ok(bytes(store)? == 0 && bytes(Path::new(&log))? > 0)
}

/// For our eyes only: payloads may be confidential.
pub(crate) fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn lock_file(directory: &Path, name: &str) -> Result<File, StoreError> {
    let path = directory.join(name);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    opened.map_err(|source| StoreError::Files { path, source })
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    be_patient(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// Has it wait for others who write.
pub(crate) fn be_patient(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)
}

/// What kind of file was found.
#[derive(PartialEq)]
enum Kind {
    Empty,
    Known,
    Newer(i32),
    Foreign,
}

fn kind(connection: &Connection) -> rusqlite::Result<Kind> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let version = number("user_version")?;
    let application = number("application_id")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match application {
        APPLICATION_ID if version > SCHEMA_VERSION => Kind::Newer(version),
        APPLICATION_ID => Kind::Known,
        0 if version == 0 && tables == 0 => Kind::Empty,
        _ => Kind::Foreign,
    })
}

/// All of it or nothing: a crash half-way leaves an empty file.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {SCHEMA}
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION};
         COMMIT;"
    ))
}

/// A commit is on the disk when it returns, and readers do not wait for it.
fn durable(writer: &Connection) -> rusqlite::Result<()> {
    writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |row| row.get::<_, i64>(0))?;
    Ok(())
}
