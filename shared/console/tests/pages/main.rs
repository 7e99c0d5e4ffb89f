//! The pages as a dialogue, on a real store: somebody signs in, fills forms, and reads what they are told.
//!
//! Not here: how it looks, and a real browser (`tests/it`).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod commands;
mod hooks;
mod hostile;
mod irker;
mod people;
mod projects;
mod world;
