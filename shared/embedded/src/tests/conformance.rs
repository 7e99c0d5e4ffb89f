//! The suite that `aws` passes as well.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Mutex;
use std::time::Duration;

use app::clock::Clock;
use app::conformance::queue::{Consumer, Taken};
use app::queue::{Answer, QueueName};
use async_trait::async_trait;
use tempfile::TempDir;

use super::new_store;
use crate::{Lease, Leased, Serving, SqliteQueue, SqliteTable};

/// The table's clock; keeps its directory.
struct OwnClock {
    clock: Clock,
    _directory: TempDir,
}

impl Deref for OwnClock {
    type Target = Clock;

    fn deref(&self) -> &Clock {
        &self.clock
    }
}

fn a_table() -> Ready<Option<(SqliteTable, OwnClock)>> {
    let (store, clock, directory) = new_store();
    ready(Some((store.table(), OwnClock { clock, _directory: directory })))
}

async fn a_queue() -> Option<(SqliteQueue, Relay)> {
    let (store, clock, directory) = new_store();
    let serving = store.serve().await.unwrap();
    Some((store.queue(), Relay { serving, clock, receipts: Mutex::default(), _directory: directory }))
}

struct Relay {
    serving: Serving,
    clock: Clock,
    receipts: Mutex<HashMap<String, Lease>>,
    _directory: TempDir,
}

#[async_trait]
impl Consumer for Relay {
    async fn take(&self, queue: QueueName, max: usize, lease: Duration) -> Vec<Taken> {
        let leased = self.serving.lease(queue, max, lease).await.unwrap();
        let mut receipts = self.receipts.lock().unwrap();
        leased
            .into_iter()
            .map(|Leased { lease, received }| {
                let receipt = receipts.len().to_string();
                receipts.insert(receipt.clone(), lease);
                Taken { task: serde_json::from_str(&received.body).unwrap(), receipt }
            })
            .collect()
    }

    async fn answer(&self, _queue: QueueName, taken: &Taken, answer: Answer) {
        let lease = self.receipts.lock().unwrap()[&taken.receipt];
        self.serving.answer(lease, answer).await.unwrap();
    }

    async fn dead_letters(&self, queue: QueueName) -> usize {
        self.serving.store.queue().dead_letters(queue, 100).await.unwrap().len()
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

mod table {
    app::table_conformance!(super::a_table);
}

mod queue {
    app::queue_conformance!(super::a_queue);
}
