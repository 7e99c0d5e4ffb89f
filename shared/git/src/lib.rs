//! One commit of a git repository: fetched, its files read, its tree checked out.
//!
//! This is the only crate that links libgit2, and that is built without a TLS and an ssh of its own. libgit2 looks names
//! up by itself, so nobody could be sure that it connects to what was judged, and it waits as long as its peer likes. It
//! only ever talks to a **bridge** of ours on 127.0.0.1; the bridge talks to the outside, over connections to the
//! addresses that the caller has judged and to nothing else, and breaks off when time or bytes are used up. So there is
//! one TLS library in the house, and credentials never get into C.
//!
//! Fetched is one commit without its history (depth 1), with all its files: libgit2 knows no partial clones. A repository
//! on this machine is read where it is.
//!
//! Not here: which addresses may be reached, and who may read files of this machine (the caller judges both); what the
//! files mean; hooks, filters, attributes, submodules and large files elsewhere (LFS): nothing of a repository is ever
//! run or followed by what stands here. RSA keys: see the workspace's `Cargo.toml`.

mod bridge;
mod checkout;
mod commit;
mod error;
mod fetch;
mod https;
mod limits;
mod remote;
mod ssh;

use std::net::SocketAddr;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use bridge::Bridge;

pub use commit::Commit;
pub use error::GitError;
pub use limits::Limits;
pub use remote::{Remote, RemoteError, Ssh};
pub use reqwest::Certificate;

/// What opens a repository.
#[derive(Clone)]
pub enum Credentials {
    /// For https.
    Password {
        /// A name without a colon.
        username: String,
        /// The password or token.
        password: Zeroizing<String>,
    },
    /// For ssh.
    SshKey {
        /// In OpenSSH's or PEM's format, without a passphrase; Ed25519 or ECDSA.
        private_key: Zeroizing<String>,
        /// The keys of the host, one a line as in `known_hosts`.
        known_hosts: String,
    },
}

/// What is wanted of which repository.
pub struct Wanted<'a> {
    /// Where it is.
    pub remote: &'a Remote,
    /// The branch or tag; `None` for the default branch.
    pub reference: Option<&'a str>,
    /// What opens it; `None` for a public one.
    pub credentials: Option<&'a Credentials>,
    /// What may be connected to, tried in this order. Of no concern to a repository on this machine.
    pub addresses: Vec<SocketAddr>,
}

/// Fetches commits. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Git {
    limits: Limits,
    certificates: Vec<Certificate>,
}

impl Git {
    /// Within such limits.
    pub fn within(limits: Limits) -> Self {
        Self { limits, certificates: Vec::new() }
    }

    /// Trusts another authority beside the system's own.
    #[must_use]
    pub fn trusting(mut self, authority: Certificate) -> Self {
        self.certificates.push(authority);
        self
    }

    /// Fetches the newest commit of a branch or tag. What it had fetched is removed when the commit is dropped.
    pub async fn fetch(&self, wanted: Wanted<'_>) -> Result<Commit, GitError> {
        let deadline = Instant::now() + self.limits.time;
        let late = |_| GitError::TooLong { limit: self.limits.time };
        let reference = wanted.reference.map(str::to_owned);
        let bridge = match wanted.remote {
            Remote::File(path) => {
                let (path, limits) = (path.clone(), self.limits.clone());
                let opened = spawn_blocking(move || fetch::open(&path, reference.as_deref(), &limits));
                return timeout_at(deadline, opened).await.map_err(late)?.map_err(GitError::died)?;
            }
            Remote::Https(url) => https::bridge(self, url, &wanted).await?,
            Remote::Ssh(ssh) => {
                timeout_at(deadline, ssh::bridge(self, ssh, &wanted)).await.map_err(late)??
            }
        };
        self.over(bridge, reference, deadline).await
    }

    async fn over(
        &self,
        bridge: Bridge,
        reference: Option<String>,
        deadline: Instant,
    ) -> Result<Commit, GitError> {
        let (url, limits) = (bridge.url().to_owned(), self.limits.clone());
        let fetched = spawn_blocking(move || fetch::fetch(&url, reference.as_deref(), &limits));
        // When the time is up the bridge is dropped, and with it all that libgit2 may be waiting for.
        let Ok(fetched) = timeout_at(deadline, fetched).await else {
            return Err(GitError::TooLong { limit: self.limits.time });
        };
        match fetched.map_err(GitError::died)? {
            Ok(commit) => Ok(commit),
            // The bridge knows better than libgit2, which only sees that there is no more to read.
            Err(error) => Err(bridge.failure().unwrap_or(error)),
        }
    }
}
