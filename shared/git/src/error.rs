//! Why there is no commit, in one sentence each, for whoever set the repository up.

use std::io;
use std::time::Duration;

/// See the head of this module.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// None of the addresses took the connection, or it broke off.
    #[error("the repository's server cannot be reached: {reason}")]
    Unreachable {
        /// In the words of whoever noticed.
        reason: String,
    },
    /// The server is there, and answers that it cannot now.
    #[error("the repository's server answers {status}")]
    Unwell {
        /// The HTTP status, 500 or above.
        status: u16,
    },
    /// Without credentials, or with wrong ones.
    #[error("the repository's server does not let us in: {reason}")]
    Denied {
        /// What it said.
        reason: String,
    },
    /// No such repository, or none for us: forges do not tell these apart.
    #[error("there is no such repository, or not for us: {reason}")]
    NotFound {
        /// What the server said.
        reason: String,
    },
    /// Nobody has judged where it leads to.
    #[error(
        "the repository's server sends us elsewhere, which is not followed: set the address that it leads to, \
         usually one that ends in .git"
    )]
    Redirected,
    /// Something that no git server says.
    #[error("the repository's server does not speak git: {reason}")]
    Foreign {
        /// What it said instead.
        reason: String,
    },
    /// Nobody said that this key is the host's. The connection ended before anything was said on it.
    #[error("the host's key is none of those in known_hosts: it is {fingerprint}")]
    UnknownHost {
        /// As ssh-keygen prints it.
        fingerprint: String,
    },
    /// `known_hosts` says nothing of this host.
    #[error("known_hosts has no key of {host} that can be used here (Ed25519 or ECDSA)")]
    NoKnownHost {
        /// The host, with its port if that is not ssh's own.
        host: String,
    },
    /// It cannot be read.
    #[error("the private key cannot be read: {reason}; it should be Ed25519 or ECDSA, without a passphrase")]
    PrivateKey {
        /// Without anything of the key.
        reason: String,
    },
    /// An ssh repository without a key.
    #[error("a repository behind ssh needs an ssh_key")]
    NoKey,
    /// No commit at all.
    #[error("the repository is empty")]
    Empty,
    /// Its `HEAD` names no branch.
    #[error("the repository has no default branch: set a reference")]
    NoDefaultBranch,
    /// No branch and no tag.
    #[error("the repository has neither a branch nor a tag named {reference}")]
    NoReference {
        /// As it was asked for.
        reference: String,
    },
    /// Not within its time.
    #[error("the repository was not fetched within {} s", limit.as_secs())]
    TooLong {
        /// The time.
        limit: Duration,
    },
    /// More than it may have.
    #[error("the repository is too large: more than {limit} {of}")]
    TooLarge {
        /// How much would have been all right.
        limit: u64,
        /// Of what.
        of: &'static str,
    },
    /// A tree that git itself would not check out.
    #[error("the commit holds a path that leads out of the repository or into .git: {path:?}")]
    Path {
        /// As it stands in the commit.
        path: String,
    },
    /// The disk.
    #[error("the repository cannot be written to the disk")]
    Disk(#[from] io::Error),
    /// Anything else.
    #[error("git: {}", .0.message())]
    Git(#[from] git2::Error),
}

impl GitError {
    /// Whether the same may go well a little later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unwell { .. } | Self::TooLong { .. } | Self::Disk(_))
    }

    /// A thread of ours ended without a word.
    pub(crate) fn died(error: tokio::task::JoinError) -> Self {
        Self::Disk(io::Error::other(error))
    }
}
