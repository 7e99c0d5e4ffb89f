//! A commit's files, as the configuration's reader and as an executor ask for them.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use app::executor::Files;
use chatops::ci::{Repository, limits};
use git::{Commit, GitError};

/// For the configuration's reader.
pub(crate) struct Reading<'a> {
    commit: &'a Commit,
    /// In place of the configuration as it stands there: the same with all includes in it, from GitLab.
    merged: Option<(&'a str, &'a str)>,
    paths: OnceCell<Vec<String>>,
    failure: RefCell<Option<GitError>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(commit: &'a Commit, merged: Option<(&'a str, &'a str)>) -> Self {
        Self { commit, merged, paths: OnceCell::new(), failure: RefCell::new(None) }
    }

    /// Why something could not be read. What was made of the rest is worth nothing then.
    pub(crate) fn failure(self) -> Option<GitError> {
        self.failure.into_inner()
    }

    fn checked<T: Default>(&self, read: Result<T, GitError>) -> T {
        read.unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
}

impl Repository for Reading<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        match self.merged {
            Some((place, text)) if place == path => Some(text.as_bytes().to_vec()),
            _ => self.checked(self.commit.read(path, limits::FILE_BYTES_MAX)),
        }
    }

    fn paths(&self) -> Vec<String> {
        self.paths.get_or_init(|| self.checked(self.commit.paths())).clone()
    }
}

/// For an executor. The repository is used by one thread at a time.
pub(crate) struct Checkout {
    id: String,
    commit: Mutex<Commit>,
}

impl Checkout {
    pub(crate) fn of(commit: Commit) -> Self {
        Self { id: commit.id(), commit: Mutex::new(commit) }
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Checkout({})", self.id)
    }
}

impl Files for Checkout {
    fn check_out(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let commit = self.commit.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(commit.check_out(folder)?)
    }
}
