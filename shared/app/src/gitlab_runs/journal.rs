//! What is written down of a run at GitLab: that it is about to begin, what GitLab made of it, and which run a pipeline or
//! a job of GitLab's is.
//!
//! Not here: the run's own record (`runs`).

use config::ProjectId;
use serde::{Deserialize, Serialize};

use super::Held;
use crate::clock::Timestamp;
use crate::executor::{ExecutorError, Order, Started};
use crate::ids::RunId;
use crate::store::{item, row};
use crate::table::{Condition, Key, Write};
use crate::{App, Causes, StoreError};

/// How long it is kept beyond a run's deadline.
const KEPT: std::time::Duration = std::time::Duration::from_hours(24);

#[derive(Serialize, Deserialize)]
struct Entry {
    /// `None` until GitLab has answered.
    held: Option<Held>,
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    run: RunId,
}

/// Something of GitLab's that is a run, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Pipeline(u64),
    Job(u64),
}

/// Before GitLab is asked. `Some` if the run was begun already.
pub(super) async fn about_to_begin(app: &App, order: &Order) -> Result<Option<Started>, ExecutorError> {
    let kept = item(entry_key(&order.run), &Entry { held: None }, Some(expiry(app, order)));
    let unavailable = |error: StoreError| ExecutorError::Unavailable(Box::new(error));
    let written = app.table.put(kept, Condition::Absent).await.map_err(|error| unavailable(error.into()))?;
    let Write::Conflict(found) = written else { return Ok(None) };
    let entry = found.map(|stored| row::<Entry>(&stored)).transpose().map_err(unavailable)?;
    match entry.and_then(|entry| entry.held) {
        Some(held) => Ok(Some(held.started())),
        None => Err(ExecutorError::InDoubt),
    }
}

/// After GitLab has certainly not begun it: it may be tried again.
pub(super) async fn not_begun(app: &App, order: &Order) {
    if let Err(error) = app.table.delete(&entry_key(&order.run), Condition::Always).await {
        // The next try will not know what happened, and say so.
        tracing::warn!(run = %order.run, error = %Causes(&error), "a run that was not begun was not forgotten");
    }
}

/// After GitLab has begun it. Without this the run goes on all the same: it is only looked at less often.
pub(super) async fn begun(app: &App, order: &Order, held: &Held, job: Option<u64>) -> Started {
    let expires_at = Some(expiry(app, order));
    let pointer = Pointer { run: order.run.clone() };
    let parts = [Some(Part::Pipeline(held.pipeline)), job.map(Part::Job)];
    let pointers =
        parts.into_iter().flatten().map(|part| item(part_key(order.project.id, part), &pointer, expires_at));
    let mut items: Vec<_> = pointers.collect();
    items.push(item(entry_key(&order.run), &Entry { held: Some(held.clone()) }, expires_at));
    if let Err(error) = app.table.batch_put(items).await {
        tracing::warn!(run = %order.run, error = %Causes(&error), "a run's beginning was not written down");
    }
    held.started()
}

/// Which run that is, if it is one.
pub(super) async fn run_of(app: &App, project: ProjectId, part: Part) -> Result<Option<RunId>, StoreError> {
    let stored = app.table.get(&part_key(project, part)).await?;
    stored.map(|stored| row::<Pointer>(&stored).map(|pointer| pointer.run)).transpose()
}

fn expiry(app: &App, order: &Order) -> Timestamp {
    app.clock.now() + order.timeout + KEPT
}

fn entry_key(run: &RunId) -> Key {
    Key::new(format!("run#{run}"), "gitlab")
}

fn part_key(project: ProjectId, part: Part) -> Key {
    let part = match part {
        Part::Pipeline(id) => format!("pipeline#{id}"),
        Part::Job(id) => format!("job#{id}"),
    };
    Key::new(format!("gitlab-runs#{project}#{part}"), "run")
}
