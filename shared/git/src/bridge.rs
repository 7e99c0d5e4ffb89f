//! What libgit2 talks to instead of the outside: a listener on 127.0.0.1, for one fetch.
//!
//! Whoever else is on this machine could connect to it, too, and would get to the repository with our credentials: a
//! bridge only serves who knows its token.
//!
//! Not here: what is said on the connections (`https`, `ssh`).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::GitError;

/// An open bridge. Dropping it ends all that goes over it.
pub(crate) struct Bridge {
    url: String,
    failure: Failure,
    _work: JoinSet<()>,
}

/// Why nothing more goes over a bridge. The first reason is the true one.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<GitError>>>);

impl Failure {
    pub(crate) fn set(&self, error: GitError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    pub(crate) fn take(&self) -> Option<GitError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Bridge {
    /// `work` serves the listener until it is dropped.
    pub(crate) fn new(
        url: String,
        failure: Failure,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(work);
        Self { url, failure, _work: tasks }
    }

    /// What libgit2 is to fetch from.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Why nothing came, if the bridge knows.
    pub(crate) fn failure(&self) -> Option<GitError> {
        self.failure.take()
    }
}

/// A listener that nobody outside of this machine reaches.
pub(crate) async fn listen() -> Result<(TcpListener, SocketAddr), GitError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// What only libgit2 is told.
pub(crate) fn token() -> Result<String, GitError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| GitError::Disk(std::io::Error::other(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}
