//! The use cases on a real store, with a clock that tests move and peers on real sockets. Each test is a dialogue:
//! what comes in, what the peers see.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acceptance;
mod attempts;
mod egress;
mod engine;
mod hooks;
mod irker;
mod irker_trouble;
mod overview;
mod relaying;
mod replaying;
mod saving;
mod tarpits;
mod testing_hooks;
mod trouble;
mod volume;
mod world;
