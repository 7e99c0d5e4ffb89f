//! A pipeline's or a job's webhook that tells the end of a run: the run is looked at now instead of later.
//!
//! It costs one read of the table, and only for projects whose jobs run at GitLab, and only at the end of a pipeline or a
//! job. What goes wrong is logged and no more: the run is looked at all the same.

use config::Project;
use payload::{Event, Fact, Run, Status};

use super::journal::{Part, run_of};
use crate::queue::{Queue, Task};
use crate::{App, Causes};

/// Looks for a run in what came in for its project.
pub(crate) async fn wake(app: &App, queue: &dyn Queue, project: &Project, events: &[Event]) {
    if !project.jobs.as_ref().is_some_and(|jobs| jobs.executor.is_gitlab()) {
        return;
    }
    for part in events.iter().filter_map(|event| ended(&event.fact)) {
        let woken = async {
            let Some(run) = run_of(app, project.id, part).await? else { return Ok(()) };
            queue.send(vec![Task::RunJobV1 { run, project: project.id }]).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        };
        if let Err(error) = woken.await {
            tracing::warn!(project = %project.id, error = %Causes(&*error), "a run was not woken");
        }
    }
}

fn ended(fact: &Fact) -> Option<Part> {
    let is_over = |run: &Run| {
        matches!(run.status, Status::Success | Status::Failed | Status::Canceled | Status::Skipped)
    };
    match fact {
        Fact::Pipeline(run) if is_over(run) => run.number.map(Part::Pipeline),
        Fact::Job(run) if is_over(run) => run.number.map(Part::Job),
        _ => None,
    }
}
