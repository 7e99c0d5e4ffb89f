//! A copy of a store as it is in one moment, made while it is in use; and a store made of such a copy.
//!
//! The copy is one SQLite file without a log beside it, and smaller than the store: what was freed is left out. It holds
//! the tasks in the queues as well; those that were under way are handed over again by whoever serves it.
//!
//! Not here: the sealing key, without which the secrets in a copy cannot be read. Whoever has both has the secrets.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::open::{self, StoreError};

/// Where a file stands until it is whole.
const UNFINISHED: &str = "unfinished";

/// Why there is no copy, or no store made of one. Nothing that was there has changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no store to copy.
    #[error("there is no store in {}", directory.display())]
    NoStore {
        /// Where.
        directory: PathBuf,
    },
    /// Something would be overwritten.
    #[error("{} is there already, and nothing is written over", path.display())]
    Occupied {
        /// What.
        path: PathBuf,
    },
    /// It is a SQLite file of another program, or of a later Bellhop.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy is damaged.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite says of it.
        what: String,
    },
    /// A file cannot be read, or written.
    #[error("cannot use {}", path.display())]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite cannot read the one file, or write the other.
    #[error("cannot copy {}", path.display())]
    Sqlite {
        /// What was to be copied.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// Copies the store in `directory` to a new file, readable by its owner only. Whoever reads or writes meanwhile is not held
/// up, and everything that was committed before it began is in the copy. On the disk when it returns; blocks until then.
pub fn back_up(directory: &Path, to: &Path) -> Result<(), BackupError> {
    let store = open::store_file(directory);
    if !store.exists() {
        return Err(BackupError::NoStore { directory: directory.to_owned() });
    }
    let sqlite = |source| BackupError::Sqlite { path: store.clone(), source };
    let connection =
        Connection::open_with_flags(&store, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    open::be_patient(&connection).map_err(sqlite)?;
    open::check_kind(&connection, &store)?;
    whole(to, |unfinished, _| {
        let unfinished = unfinished.to_str().ok_or_else(|| BackupError::Files {
            path: to.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidFilename, "its name is not UTF-8"),
        })?;
        connection.execute("VACUUM INTO ?1", [unfinished]).map_err(sqlite)?;
        Ok(())
    })
}

/// Makes a store of such a copy, in a directory that has none. It is made if it is not there.
pub fn restore(from: &Path, directory: &Path) -> Result<(), BackupError> {
    let files = |source| BackupError::Files { path: from.to_owned(), source };
    fs::metadata(from).map_err(files)?;
    let sqlite = |source| BackupError::Sqlite { path: from.to_owned(), source };
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(sqlite)?;
    open::check_kind(&connection, from)?;
    let what: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(sqlite)?;
    if what != "ok" {
        return Err(BackupError::Damaged { path: from.to_owned(), what });
    }
    drop(connection);
    open::make_directory(directory)
        .map_err(|source| BackupError::Files { path: directory.to_owned(), source })?;
    whole(&open::store_file(directory), |_, mut unfinished| {
        let mut copy = File::open(from).map_err(files)?;
        io::copy(&mut copy, &mut unfinished).map(drop).map_err(files)
    })
}

/// Has a new file written under another name, and gives it its own once it is whole and on the disk.
fn whole(
    path: &Path,
    write: impl FnOnce(&Path, &File) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    if path.exists() {
        return Err(BackupError::Occupied { path: path.to_owned() });
    }
    let files = |source| BackupError::Files { path: path.to_owned(), source };
    let unfinished = path.with_added_extension(UNFINISHED);
    // What is left over from one that was broken off.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(files(error)),
        _ => {}
    }
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let file = new.open(&unfinished).map_err(files)?;
    let written = write(&unfinished, &file).and_then(|()| {
        file.sync_all().map_err(files)?;
        fs::rename(&unfinished, path).map_err(files)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(files)
    });
    if written.is_err() {
        // It may be what filled the disk.
        let _ = fs::remove_file(&unfinished);
    }
    written
}
