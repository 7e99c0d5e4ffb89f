//! What whoever follows a run tells of it: that it waits, that it goes on, how it ended. All of it is kept first, and then
//! becomes a task of its own, so that a crash loses no answer, and a chat that is down holds up no run.
//!
//! Not here: finding and executing (`jobs`), the words (`chatops::texts`), posting them (`post`).

use std::time::Duration;

use chatops::Named;
use chatops::limits::RESPONSE_URL_AGE_MAX;
use chatops::output::{self, Excerpt, Log};
use chatops::reply::is_time_for_progress;
use config::Project;
use config::commands::ApprovalExpiry;
use payload::Secret;

use super::{Asked, ChatError, News, integration};
use crate::executor::Ending;
use crate::ids::RunId;
use crate::queue::{Queue, Task};
use crate::runs::{self, Consent, End, How, Run, Step};
use crate::table::Condition;
use crate::{App, audit};

/// A run that is over, as whoever followed it knows it.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    /// How it ended.
    pub how: &'a How,
    /// How long it ran, without waiting.
    pub took: Duration,
    /// All that it printed, not masked.
    pub log: &'a [u8],
    /// What nobody may see of that.
    pub secrets: &'a [Secret],
    /// Whether the job is one command and has no `before_script`.
    pub is_sole_command: bool,
}

impl<'a> Finished<'a> {
    /// A run that never began.
    pub fn unstarted(how: &'a How) -> Self {
        Self { how, took: Duration::ZERO, log: &[], secrets: &[], is_sole_command: false }
    }
}

/// Keeps a run's end and its log, and has chat told of it. Doing it again is harmless.
pub async fn finish(
    app: &App,
    queue: &dyn Queue,
    run: &RunId,
    finished: &Finished<'_>,
) -> Result<(), ChatError> {
    let Some(found) = runs::find(app, run).await? else { return Ok(()) };
    if found.end().is_none() && !finished.log.is_empty() {
        runs::keep_log(app, run, &output::whole(&log(&found, finished))).await?;
    }
    let now = app.clock.now();
    let ended = runs::change(app, run, |run| {
        let excerpt = excerpt(run, finished);
        run.finish(End {
            how: finished.how.clone(),
            at: now,
            took_ms: u64::try_from(finished.took.as_millis()).unwrap_or(u64::MAX),
            output: excerpt.text,
            left_out_bytes: excerpt.left_out_bytes,
        })
    });
    match ended.await? {
        Step::Made(run) => {
            log_end(&run);
            audit::conclude(app, &run).await?;
            tell(app, queue, &run, News::Result).await
        }
        // It was over before; a crash may have come before the rest.
        Step::Refused(run, _) if !run.told.contains(&News::Result) => {
            audit::conclude(app, &run).await?;
            tell(app, queue, &run, News::Result).await
        }
        Step::Refused(..) | Step::Missing => Ok(()),
    }
}

fn log<'a>(run: &'a Run, finished: &Finished<'a>) -> Log<'a> {
    Log {
        bytes: finished.log,
        secrets: finished.secrets,
        arguments: &run.arguments,
        is_sole_command: finished.is_sole_command,
    }
}

/// Masked before it is cut.
fn excerpt(run: &Run, finished: &Finished<'_>) -> Excerpt {
    match finished.how {
        How::Executed(Ending::Succeeded) => output::reply(&log(run, finished)),
        How::Executed(Ending::Failed { .. } | Ending::TimedOut) => output::last_lines(&log(run, finished)),
        _ => Excerpt::default(),
    }
}

/// One wide event for one run.
fn log_end(run: &Run) {
    let Some(end) = run.end() else { return };
    tracing::info!(
        run = %run.id,
        project = %run.asked.project,
        command = %run.asked.command,
        user = run.asked.user.id,
        job = run.job,
        commit = run.found.as_ref().map(|commit| commit.id.as_str()),
        how = end.how.name(),
        took_ms = end.took_ms,
        waited_ms = end.at.0 - run.asked.at.0,
        "run.finished"
    );
}

/// Has chat told something of a run.
pub(crate) async fn tell(app: &App, queue: &dyn Queue, run: &Run, news: News) -> Result<(), ChatError> {
    let (id, project) = (run.id.clone(), run.asked.project);
    let task = Task::TellRunV1 { run: id, project, news, queued_at: app.clock.now() };
    Ok(queue.send(vec![task]).await?)
}

/// Stops a run, in somebody's name: at once if it has not begun, else its executor is told. `false` if it was over.
pub async fn stop(app: &App, queue: &dyn Queue, run: &Run, by: &Named) -> Result<bool, ChatError> {
    let now = app.clock.now();
    match runs::change(app, &run.id, |run| run.stop(by, now)).await? {
        Step::Made(run) if run.end().is_some() => {
            audit::conclude(app, &run).await?;
            tell(app, queue, &run, News::Result).await?;
        }
        Step::Made(run) => {
            let project = run.asked.project;
            queue.send(vec![Task::CancelRunV1 { run: run.id, project }]).await?;
        }
        Step::Refused(..) | Step::Missing => return Ok(false),
    }
    Ok(true)
}

/// Has a run wait for its caller's consent: its job turned out to be manual. Whoever consented before need not do so
/// again: then nothing is done, and this gives `false`.
pub async fn wait_for_consent(app: &App, queue: &dyn Queue, run: &RunId) -> Result<bool, ChatError> {
    let until = app.clock.now() + Duration::from(ApprovalExpiry::default());
    match runs::change(app, run, |run| run.wait(Consent::Manual, until)).await? {
        Step::Made(run) => {
            app.table.put(runs::waiting(&run, until), Condition::Always).await?;
            tell(app, queue, &run, News::Waits).await?;
            Ok(true)
        }
        Step::Refused(..) | Step::Missing => Ok(false),
    }
}

/// Ends the runs that nobody consented to in time, and has chat told. Gives how many.
pub async fn expire(app: &App, queue: &dyn Queue) -> Result<usize, ChatError> {
    let overdue = runs::overdue(app).await?;
    for (id, key) in &overdue {
        let now = app.clock.now();
        if let Step::Made(run) = runs::change(app, id, |run| run.expire(now)).await? {
            log_end(&run);
            audit::conclude(app, &run).await?;
            tell(app, queue, &run, News::Result).await?;
        }
        // After the task: a crash before makes the sweep come here again, and `tell_run` finds what is not told.
        app.table.delete(key, Condition::Always).await?;
    }
    Ok(overdue.len())
}

/// To be called whenever a run is looked at: has chat told that it goes on, if it is time for that.
pub async fn go_on(app: &App, queue: &dyn Queue, run: &Run) -> Result<(), ChatError> {
    let told = u32::from(run.told.contains(&News::Progress));
    if is_time_for_progress(app.clock.now().since(run.asked.at), told) {
        tell(app, queue, run, News::Progress).await?;
    }
    Ok(())
}

/// Whether the end of a run that may take so long can be told: longer than half an hour, only by a bot.
pub fn can_be_told(project: &Project, asked: &Asked, timeout: Duration) -> bool {
    let bot = integration(project, asked).and_then(|integration| integration.chat.bot_token());
    timeout <= RESPONSE_URL_AGE_MAX || bot.is_some()
}
