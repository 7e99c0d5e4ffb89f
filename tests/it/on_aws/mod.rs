//! The use cases' own dialogues (`shared/app/tests/use_cases`), held once more in a house on AWS: the same files, on
//! DynamoDB and SQS as an emulator has them, and batches as Lambda hands them out.
//!
//! Held here is whatever a store, a queue or a trigger has a part in: retries, rests, parking and the way back, order,
//! rates, `Retry-After`, poison, replay and resend, the log, tests of hooks, irker's order and pace, and slash commands from
//! what is typed to what a chat is told.
//!
//! Not here: dialogues about what lies between a relay and its target (`egress`, `hooks`, `tarpits`, `gitlab_*`,
//! `chat_gitlab`, `links`), or at the door
//! (`acceptance`, `saving`, `overview`), or about what a table does by halves (`halves`), where another store would change nothing that `conformance` does not see;
//! `leases`, which holds leases of the embedded store in its hands; `weeks`, in which schedule and breaker alone are tried;
//! and `volume`, whose ten thousand deliveries would take the emulator a quarter of an hour.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../../shared/app/tests/use_cases/attempts.rs"]
mod attempts;
#[path = "../../../shared/app/tests/use_cases/chat_intake.rs"]
mod chat_intake;
#[path = "../../../shared/app/tests/use_cases/chat_logs.rs"]
mod chat_logs;
#[path = "../../../shared/app/tests/use_cases/chat_peers.rs"]
mod chat_peers;
#[path = "../../../shared/app/tests/use_cases/chat_runs.rs"]
mod chat_runs;
#[expect(dead_code, reason = "some of it is for dialogues that are not held here")]
#[path = "../../../shared/app/tests/use_cases/chat_world.rs"]
mod chat_world;
#[path = "../../../shared/app/tests/use_cases/engine.rs"]
mod engine;
mod house;
#[path = "../../../shared/app/tests/use_cases/irker.rs"]
mod irker;
#[path = "../../../shared/app/tests/use_cases/irker_trouble.rs"]
mod irker_trouble;
#[path = "../../../shared/app/tests/use_cases/ordered.rs"]
mod ordered;
#[path = "../../../shared/app/tests/use_cases/relaying.rs"]
mod relaying;
#[path = "../../../shared/app/tests/use_cases/replaying.rs"]
mod replaying;
#[path = "../../../shared/app/tests/use_cases/testing_hooks.rs"]
mod testing_hooks;
#[path = "../../../shared/app/tests/use_cases/trouble.rs"]
mod trouble;
#[expect(dead_code, reason = "some of it is for dialogues that are not held here")]
#[path = "../../../shared/app/tests/use_cases/world.rs"]
mod world;
