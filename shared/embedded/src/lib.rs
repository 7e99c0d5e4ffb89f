//! The ports [`Table`](app::table::Table) and [`Queue`](app::queue::Queue) on one SQLite file, and the loop that
//! hands queued tasks to a handler: what Bellhop stands on where there is no AWS.
//!
//! ```text
//! Store::open ── table() ─> SqliteTable ─┐   writes  ┌────────┐ one commit for all that wait
//!            ├── queue() ─> SqliteQueue ─┼──────────>│ writer │──────────────┐
//!            └── serve() ─> Serving ─────┘           └────────┘              v
//!                           consume(handler)  reads  ┌────────┐        bellhop.sqlite
//!                                            ───────>│ reader │<──────────── (WAL)
//!                                                    └────────┘
//! ```
//!
//! Invariants:
//! - What was answered is on the disk: `synchronous=FULL`, and no answer before its commit.
//! - Any number of processes may read, write and send; at most one *serves*, which is to take from the queues.
//!   So whatever is leased when a process begins to serve was leased by one that died.
//! - No transaction is open while nothing is being done.
//!
//! Not here: what is stored (`app` knows), what a handler does, HTTP, signals.

mod backlog;
mod backup;
mod consume;
mod lease;
mod open;
mod queue;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod threads;
mod turns;

pub use backup::{BackupError, back_up, restore};
pub use consume::Consumer;
pub use lease::{Lease, Leased, Received};
pub use open::StoreError;
pub use queue::{DeadLetter, SqliteQueue, Waiting};
pub use store::{Serving, Store};
pub use table::SqliteTable;
