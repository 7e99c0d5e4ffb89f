//! Every bound of this crate, with its reason.

use std::time::Duration;

/// How much may be fetched and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For everything from the first connection to the last object. A Lambda function has a minute for a task in all, and
    /// a repository of [`Limits::bytes`] comes within this over a slow line of 50 Mbit/s.
    pub time: Duration,
    /// Received in one answer of the server, packed, in bytes. A Lambda function has 512 MiB of disk, for this and for
    /// what is checked out of it.
    pub bytes: u64,
    /// Objects of the commit: ten times the files of a large repository.
    pub objects: usize,
    /// Files, folders and links of the commit that are listed or checked out. Trees may share their parts, so few
    /// objects can make many paths.
    pub paths: usize,
    /// What a checkout writes, in bytes. A packed file may hold a thousand times its size.
    pub checkout_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(40),
            bytes: 200 * 1024 * 1024,
            objects: 400_000,
            paths: 200_000,
            checkout_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// How long a connection may take to come about, for each address.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The largest request of libgit2 that is handed on, in bytes: what it wants is one line, and it has nothing yet.
pub(crate) const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// How much of a server's words about a failure is told, in bytes: a sentence or two.
pub(crate) const WORDS_BYTES_MAX: usize = 500;
