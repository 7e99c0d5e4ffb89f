//! Commits fetched from real repositories: of this machine, behind git's own server for https, and behind ssh.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checkout;
mod https;
mod repository;
mod ssh;
mod this_machine;
