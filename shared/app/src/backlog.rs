//! What an operator asks of the queues: how much waits, what was set aside, and its way back.
//!
//! A task that is brought back has its faults forgotten. It is sent first and removed from the dead letters after that,
//! under an id of its own: whatever stops in between brings it back once, or in a queue without order at the most twice,
//! which the record of its delivery makes harmless.
//!
//! Not here: sending (`queue`), what becomes of a task (`relay`).
//!
//! Adapters: `embedded::SqliteQueue` and `aws::SqsBacklog`.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::queue::{QueueError, QueueName};

/// How many dead letters are brought back in one go: as many as SQS hands out.
pub const PORTION_MAX: usize = 10;

/// How much a queue holds. On AWS, approximately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// Their time has come.
    pub ready: u64,
    /// Put off.
    pub later: u64,
    /// In the hands of a consumer; on AWS, put off as well.
    pub under_way: u64,
    /// Set aside.
    pub dead: u64,
    /// For how long the first of those whose time has come has waited, in seconds, where that can be told.
    pub waits_s: Option<u64>,
}

impl Depth {
    /// With the wait of its oldest task.
    #[must_use]
    pub fn waiting_for(self, wait: Option<Duration>) -> Self {
        Self { waits_s: wait.map(|wait| wait.as_secs()), ..self }
    }
}

/// A task that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its queue.
    pub queue: &'static str,
    /// Its name among the dead letters.
    pub id: String,
    /// The task, as JSON.
    pub body: String,
    /// How often it was tried: on one machine, how often that ended in a fault.
    pub tries: u32,
    /// What the last fault was, where that is known.
    pub reason: Option<String>,
    /// When it was set aside, or on AWS sent.
    pub at: Timestamp,
}

/// A portion of dead letters on their way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// How many are in their queue again.
    pub sent: usize,
    /// Whether there was nothing more to be found.
    pub is_over: bool,
}

/// See the head of this module.
#[async_trait]
pub trait Backlog: Send + Sync + 'static {
    /// The queues that are within reach.
    fn queues(&self) -> Vec<QueueName>;

    /// How much a queue holds.
    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError>;

    /// What was set aside, at most `limit` of it. On AWS not all is seen at once of a queue with order: ten of each group.
    async fn dead_letters(&self, queue: QueueName, limit: usize) -> Result<Vec<DeadLetter>, QueueError>;

    /// Brings back at most `limit`, and at most [`PORTION_MAX`], of what was set aside before a moment: what comes back
    /// and dies again is left for another day.
    async fn redrive(
        &self,
        queue: QueueName,
        (limit, before): (usize, Timestamp),
    ) -> Result<Redriven, QueueError>;
}
