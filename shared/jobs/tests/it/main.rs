//! Jobs found in real repositories and run by a real bash. A test is a dialogue: what stands in the configuration, what is
//! typed, what comes of it. The numbers of cases are those of `shared/chatops/CASES.md`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod finding;
mod following;
mod house;
mod isolation;
mod running;
mod world;
