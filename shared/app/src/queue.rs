//! The port to what carries work from a receiver to a relay: tasks go in here, and each adapter's own loop (an
//! SQS trigger, the embedded lease loop) hands them to a consumer and acts on its [`Answer`].
//!
//! A consumer is handed **runs**: tasks of one group, in order, and gives one answer for each. In an ordered queue a run
//! may be long, so that the consumer sees what has piled up; there, nothing behind a task that is not done may be done.
//! In any other queue a run is one task.
//!
//! Not here: payloads (a task only names its event), retry schedules (`relay::schedule`), and reading the queue:
//! a Lambda function never does that itself.
//!
//! Adapters: `aws::SqsQueue` and `embedded::SqliteQueue`. Both pass the suite in `app::conformance`.

use std::time::Duration;

use async_trait::async_trait;
use config::{Irker, Project, ProjectId, TargetId};
use serde::{Deserialize, Serialize};

use crate::chat::{Asked, News};
use crate::clock::Timestamp;
use crate::ids::{EventId, RunId, Stamp};

/// After how many faults an item is set aside: one is chance, five are the item's own.
///
/// [`Answer::Again`] is no fault, where the queue can tell the two apart (SQS cannot: see `template.yaml`).
pub const FAULTS_MAX: u32 = 5;

/// The longest a task may be put off: SQS's limit for a visibility timeout.
pub const AGAIN_MAX: Duration = Duration::from_hours(12);

/// One of our queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueName {
    /// Strictly in order within a group; a group is one irkerd.
    Irker,
    /// In no order, fair between groups; a group is one target.
    Http,
    /// Strictly in order within a group; a group is one target whose hook is `ordered`.
    HttpOrdered,
    /// What a slash command leaves to be done. In no order, fair between groups; a group is one project.
    Runs,
}

impl QueueName {
    /// Those that carry deliveries.
    pub const DELIVERIES: [Self; 3] = [Self::Irker, Self::Http, Self::HttpOrdered];

    /// All of them.
    pub const ALL: [Self; 4] = [Self::Irker, Self::Http, Self::HttpOrdered, Self::Runs];

    /// As it appears in logs and in the embedded store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Irker => "irker",
            Self::Http => "http",
            Self::HttpOrdered => "http-ordered",
            Self::Runs => "runs",
        }
    }

    /// Whether items of one group are handled one at a time, in the order they were sent.
    pub fn is_ordered(self) -> bool {
        match self {
            Self::Irker | Self::HttpOrdered => true,
            Self::Http | Self::Runs => false,
        }
    }
}

/// One event for one target: the queue's unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What is to be relayed.
    pub event: EventId,
    /// Which acceptance of the event sent this; see [`crate::events`].
    pub stamp: Stamp,
    /// Whose configuration says how.
    pub project: ProjectId,
    /// Where to.
    pub target: TargetId,
    /// When the task was sent, in milliseconds since 1970.
    pub queued_at: Timestamp,
}

/// Work for one consumer. Serialised with its version, so that a queue may hold tasks of an older Bellhop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum Task {
    /// To an irkerd, and so to IRC.
    RelayIrkerV1 {
        /// `host:port`: what is served one at a time.
        irkerd: String,
        /// What to relay.
        delivery: Delivery,
    },
    /// To an HTTP hook.
    RelayHttpV1 {
        /// What to relay.
        delivery: Delivery,
    },
    /// To an HTTP hook that wants its events in order.
    RelayHttpInOrderV1 {
        /// What to relay.
        delivery: Delivery,
    },
    /// To an irkerd: one line that tells of nothing, for each recipient of a project, and a report.
    TestIrkerV1 {
        /// `host:port`: in the same group as what is relayed there.
        irkerd: String,
        /// Which test.
        test: IrkerTest,
    },
    /// To find a run's job, to begin it, and to follow it to its end.
    RunJobV1 {
        /// Which run.
        run: RunId,
        /// Whose.
        project: ProjectId,
    },
    /// To tell a run's executor that somebody wants it stopped.
    CancelRunV1 {
        /// Which run.
        run: RunId,
        /// Whose.
        project: ProjectId,
    },
    /// To carry out a command that takes a look elsewhere: at the repository's jobs, at GitLab's issues and deployments.
    CarryOutV1 {
        /// Who asked, and where.
        asked: Box<Asked>,
        /// For what: the text that was typed, to be read by `chatops::grammar`.
        text: String,
    },
    /// To tell chat of a run, in the words that are right when that is done.
    TellRunV1 {
        /// Which run.
        run: RunId,
        /// Whose.
        project: ProjectId,
        /// What of it.
        news: News,
        /// When the task was sent, in milliseconds since 1970.
        queued_at: Timestamp,
    },
    /// To answer a command.
    AnswerV1 {
        /// Who asked, and where.
        asked: Box<Asked>,
        /// What chat is to show: the JSON of `chatops::reply`.
        payload: String,
        /// When the task was sent, in milliseconds since 1970.
        queued_at: Timestamp,
    },
}

/// A test of a project's way to IRC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IrkerTest {
    /// Where its report will be.
    pub id: Stamp,
    /// Whose settings are tested.
    pub project: ProjectId,
    /// When it was asked for, in milliseconds since 1970.
    pub queued_at: Timestamp,
}

impl Task {
    /// What carries a delivery, under the project's configuration of now. What is in a queue already goes on by that one,
    /// whatever becomes of the configuration.
    pub fn of(project: Option<&Project>, delivery: Delivery) -> Self {
        match delivery.target {
            TargetId::Irker(_) => {
                let irker = project.and_then(|project| project.irker.as_ref());
                // Without one to nowhere: the relay will find that the integration is gone.
                Self::RelayIrkerV1 { irkerd: irker.map(Irker::irkerd).unwrap_or_default(), delivery }
            }
            TargetId::Hook(_, number) => {
                let mut hooks = project.into_iter().flat_map(|project| &project.hooks);
                if hooks.any(|hook| hook.id == number && hook.ordered) {
                    Self::RelayHttpInOrderV1 { delivery }
                } else {
                    Self::RelayHttpV1 { delivery }
                }
            }
        }
    }

    /// The delivery that it carries, if it carries one.
    pub fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::RelayIrkerV1 { delivery, .. }
            | Self::RelayHttpV1 { delivery }
            | Self::RelayHttpInOrderV1 { delivery } => Some(delivery),
            _ => None,
        }
    }

    /// The queue that carries it.
    pub fn queue(&self) -> QueueName {
        match self {
            Self::RelayIrkerV1 { .. } | Self::TestIrkerV1 { .. } => QueueName::Irker,
            Self::RelayHttpV1 { .. } => QueueName::Http,
            Self::RelayHttpInOrderV1 { .. } => QueueName::HttpOrdered,
            Self::RunJobV1 { .. }
            | Self::CancelRunV1 { .. }
            | Self::CarryOutV1 { .. }
            | Self::TellRunV1 { .. }
            | Self::AnswerV1 { .. } => QueueName::Runs,
        }
    }

    /// What it is ordered by, or kept fair by.
    pub fn group(&self) -> String {
        match self {
            Self::RelayIrkerV1 { irkerd, .. } | Self::TestIrkerV1 { irkerd, .. } => irkerd.clone(),
            Self::RelayHttpV1 { delivery } | Self::RelayHttpInOrderV1 { delivery } => {
                delivery.target.to_string()
            }
            Self::RunJobV1 { project, .. }
            | Self::CancelRunV1 { project, .. }
            | Self::TellRunV1 { project, .. } => project.to_string(),
            Self::CarryOutV1 { asked, .. } | Self::AnswerV1 { asked, .. } => asked.project.to_string(),
        }
    }

    /// Unique to this sending of this delivery. Two copies of one event that race each other have different
    /// stamps and so different ids: a queue that drops repeated ids (SQS FIFO does) must keep both, since only
    /// the table decides which of them counts. What is sent again on request has another time.
    pub fn id(&self) -> String {
        match self {
            Self::RelayIrkerV1 { delivery, .. }
            | Self::RelayHttpV1 { delivery }
            | Self::RelayHttpInOrderV1 { delivery } => {
                format!("{}.{}.{}", delivery.stamp, delivery.target, delivery.queued_at)
            }
            Self::TestIrkerV1 { test, .. } => format!("{}.test", test.id),
            Self::RunJobV1 { run, .. } => format!("{run}.run"),
            Self::CancelRunV1 { run, .. } => format!("{run}.cancel"),
            Self::CarryOutV1 { asked, .. } => format!("{}.carry-out", asked.id),
            Self::TellRunV1 { run, queued_at, .. } => format!("{run}.tell.{queued_at}"),
            Self::AnswerV1 { asked, queued_at, .. } => format!("{}.answer.{queued_at}", asked.id),
        }
    }
}

/// What a consumer says of one item; the adapter translates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Dealt with, whatever the target said: remove it.
    Done,
    /// Hand it over again, not before this time has passed. In an ordered group everything behind it waits.
    Again {
        /// At most [`AGAIN_MAX`].
        after: Duration,
    },
    /// Our own fault. Hand it over again soon; after [`FAULTS_MAX`] faults it is a dead letter.
    Fault,
}

/// Why the queue did not take the tasks.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Nothing is known of the effect: any of the tasks may be in the queue.
    #[error("the queue is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The queue.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Sends tasks of any number, to the queues they name, in this order. `Ok` when all are durable.
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError>;
}
