//! What the store promises beyond the conformance suite, and that suite.

mod backup;
mod conformance;
mod consuming;
mod damage;
mod durability;
mod opening;
mod turns;

use app::clock::{Chance, Clock, Timestamp};
use app::ids::{EventId, Stamp};
use app::queue::{Delivery, Task};
use config::{HookId, ProjectId, SourceId, TargetId};
use payload::Identity;
use tempfile::TempDir;

use crate::Store;

/// A store of its own, and the manual clock that it goes by. It lasts as long as the directory.
fn new_store() -> (Store, Clock, TempDir) {
    let clock = Clock::manual(Timestamp(1_000_000));
    let directory = TempDir::new().unwrap();
    (Store::open(directory.path(), clock.clone()).unwrap(), clock, directory)
}

fn delivery(n: u64, target: TargetId) -> Delivery {
    let source: SourceId = "test".parse().unwrap();
    Delivery {
        event: EventId::of(&source, Identity::Delivery(&n.to_string()), Timestamp(0)),
        stamp: Stamp::new(&Chance::seeded(n)),
        project: ProjectId(1),
        target,
        queued_at: Timestamp(0),
    }
}

fn http(n: u64, hook: u64) -> Task {
    Task::RelayHttpV1 { delivery: delivery(n, TargetId::Hook(ProjectId(1), HookId(hook))) }
}

fn irker(n: u64, irkerd: &str) -> Task {
    Task::RelayIrkerV1 { irkerd: irkerd.to_owned(), delivery: delivery(n, TargetId::Irker(ProjectId(1))) }
}
