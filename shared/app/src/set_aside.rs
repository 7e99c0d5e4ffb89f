//! The repository of tasks that were set aside after too many faults, for a queue that does not keep them itself. They
//! wait for an operator (`backlog`) for as long as their events are kept.
//!
//! Not here: when a task is set aside (`faults`), sending it again (the queue's adapter).

use serde::{Deserialize, Serialize};

use crate::backlog::DeadLetter;
use crate::clock::Timestamp;
use crate::faults::{Fault, Handover};
use crate::queue::QueueName;
use crate::store::{item, row};
use crate::table::{Condition, Key, Query};
use crate::{App, StoreError, events};

/// A task, as it was in its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The queue's own name for it.
    pub id: String,
    /// What it is ordered by, or kept fair by, if anything.
    pub group: Option<String>,
    /// The task, as JSON; or what else somebody has put into the queue.
    pub body: String,
    /// How many faults it had.
    pub faults: u32,
    /// The last of them.
    pub reason: String,
    /// When it was set aside.
    pub at: Timestamp,
    /// Where it stood in the order of sending.
    place: String,
}

impl SetAside {
    pub(crate) fn of(handover: Handover<'_>, (faults, fault): (u32, Fault), at: Timestamp) -> Self {
        let text = str::to_owned;
        Self {
            id: text(handover.id),
            group: handover.group.map(text),
            body: text(handover.body),
            faults,
            reason: text(fault.as_str()),
            at,
            place: text(handover.place),
        }
    }

    /// As an operator sees it.
    pub fn shown(self, queue: QueueName) -> DeadLetter {
        let Self { id, body, faults: tries, reason, at, .. } = self;
        DeadLetter { queue: queue.as_str(), id, body, tries, reason: Some(reason), at }
    }
}

/// Keeps a task. The same one twice is one.
pub(crate) async fn put(app: &App, queue: QueueName, task: &SetAside) -> Result<(), StoreError> {
    let expires_at = Some(app.clock.now() + events::KEPT);
    app.table.put(item(key(queue, task), task, expires_at), Condition::Always).await?;
    Ok(())
}

/// At most `limit` of a queue's that were set aside before a moment, in the order of their sending.
pub async fn list(
    app: &App,
    queue: QueueName,
    (limit, before): (usize, Timestamp),
) -> Result<Vec<SetAside>, StoreError> {
    let mut query = Query::prefix(partition(queue), "");
    let mut found: Vec<SetAside> = Vec::new();
    loop {
        let page = app.table.query(&query).await?;
        for stored in &page.items {
            let task: SetAside = row(stored)?;
            if task.at < before && found.len() < limit {
                found.push(task);
            }
        }
        query.after = page.next;
        if query.after.is_none() || found.len() == limit {
            return Ok(found);
        }
    }
}

/// Takes one away that is in its queue again.
pub async fn forget(app: &App, queue: QueueName, task: &SetAside) -> Result<(), StoreError> {
    app.table.delete(&key(queue, task), Condition::Always).await?;
    Ok(())
}

fn key(queue: QueueName, task: &SetAside) -> Key {
    Key::new(partition(queue), format!("{}#{}", task.place, task.id))
}

fn partition(queue: QueueName) -> String {
    format!("set-aside#{}", queue.as_str())
}
