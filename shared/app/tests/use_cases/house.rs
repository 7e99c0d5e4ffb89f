//! The house of one machine: the embedded store, in a temporary folder.

use std::sync::Arc;
use std::time::Duration;

use app::clock::Clock;
use app::queue::{Answer, Queue, QueueName};
use app::table::Table;
use embedded::{Serving, Store};
use tempfile::TempDir;

/// Longer than anything in these tests takes.
pub(crate) const LEASE: Duration = Duration::from_hours(100);

/// How many groups are handed out before their answers are given.
const GROUPS: usize = 10;

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) serving: Serving,
    _folder: TempDir,
}

impl House {
    /// A new one, which goes by this clock.
    pub(crate) async fn new(clock: &Clock) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let serving = store.serve().await.unwrap();
        Some(Self { store, serving, _folder: folder })
    }

    pub(crate) fn table(&self) -> Arc<dyn Table> {
        Arc::new(self.store.table())
    }

    pub(crate) fn queue(&self) -> Arc<dyn Queue> {
        Arc::new(self.store.queue())
    }

    /// Hands out some of what can be had now, in runs of at most `run_max`. What was answered; empty if there is nothing.
    pub(crate) async fn hand_out(
        &self,
        queue: QueueName,
        run_max: usize,
        handler: impl AsyncFn(&[&str]) -> Vec<Answer>,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        for run in self.serving.lease_runs(queue, (GROUPS, run_max), LEASE).await.unwrap() {
            let bodies: Vec<_> = run.iter().map(|task| task.received.body.as_str()).collect();
            let answered = handler(&bodies).await;
            for (task, answer) in run.iter().zip(&answered) {
                self.serving.answer(task.lease, *answer).await.unwrap();
            }
            answers.extend(answered);
        }
        answers
    }

    /// How many tasks a queue holds, whether or not their time has come.
    pub(crate) async fn held(&self, queue: QueueName) -> usize {
        let waiting = self.store.queue().waiting(queue).await.unwrap();
        (waiting.ready + waiting.later + waiting.leased) as usize
    }

    /// The texts of the tasks that were set aside.
    pub(crate) async fn dead_letters(&self, queue: QueueName) -> Vec<String> {
        let letters = self.store.queue().dead_letters(queue, 100).await.unwrap();
        letters.into_iter().map(|letter| letter.body).collect()
    }
}
