//! The use cases on a real store, with a clock that tests move and peers on real sockets. Each test is a dialogue:
//! what comes in, what the peers see.
//!
//! Those that try what a store and a queue have a part in are held on AWS's, too: `tests/it/on_aws`, which names them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acceptance;
mod attempts;
mod chat_gitlab;
mod chat_intake;
mod chat_logs;
mod chat_peers;
mod chat_runs;
mod chat_world;
mod clock_jumps;
mod doors;
mod egress;
mod engine;
mod gitlab_commands;
mod gitlab_peer;
mod gitlab_runs;
mod halves;
mod hooks;
mod house;
mod irker;
mod irker_trouble;
mod leases;
mod links;
mod older;
mod ordered;
mod overview;
mod relaying;
mod replaying;
mod saving;
mod tarpits;
mod testing_hooks;
mod tokens;
mod trouble;
mod volume;
mod weeks;
mod world;
