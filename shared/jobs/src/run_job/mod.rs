//! The use case behind a task of the runs queue. A run is taken through its states, one step for each time its task comes:
//! found and begun, then looked at until it has ended.
//!
//! Every step is written down before the next one is made, and each can be made by another process than the one before: a
//! process that dies leaves a task that comes again. Only whoever is about to begin a run is waited for, since nobody else
//! may (see [`app::executor`]).
//!
//! Not here: what a run's states are (`app::runs`), what chat is told of them (`app::chat`).

mod begin;
mod look;

use std::sync::Arc;
use std::time::Duration;

use app::chat::{self, Asked, ChatError, Finished};
use app::clock::Timestamp;
use app::executor::{Ending, Executor};
use app::http_target::Outbound;
use app::ids::RunId;
use app::queue::{Answer, Queue, Task};
use app::runs::{self, How, Run, State};
use app::{App, Causes, projects};
use chatops::grammar::{self, Instruction};
use chatops::{reply, texts};
use futures_util::future::join_all;

use crate::find::{FindError, Finder};

/// How long after each other the same is tried that did not work: as long as it has been tried already, within these.
const PAUSE: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(1)];

/// How long something that keeps a run from its beginning may last: nobody waits longer for a job's first word.
const BEGIN_WITHIN: Duration = Duration::from_mins(15);

/// Whoever is about to begin a run has begun it by then, or is dead: no function and no handler lives longer.
const STARTING_MAX: Duration = Duration::from_mins(5);

/// What a run is taken through its states with. Cheap to clone.
#[derive(Clone)]
pub struct Hands {
    /// What comes of a step goes out by this queue.
    pub queue: Arc<dyn Queue>,
    /// The way to chats, and to GitLab.
    pub outbound: Outbound,
    /// Finds the job.
    pub finder: Finder,
    /// Begin it.
    pub executors: Executors,
    /// How long a look may wait for a run's end. On one machine that costs nothing, on Lambda it costs the function's time.
    pub patience: Duration,
}

/// The executors that are there. A project may want another one.
#[derive(Clone, Default)]
pub struct Executors {
    /// Bellhop's own machine.
    pub local: Option<Arc<dyn Executor>>,
    /// AWS `CodeBuild`.
    pub codebuild: Option<Arc<dyn Executor>>,
    /// GitLab, in both ways.
    pub gitlab: Option<Arc<dyn Executor>>,
}

impl Executors {
    /// By the name that settings and records have for it, which comes back with it.
    fn named(&self, name: &str) -> Option<(&'static str, &dyn Executor)> {
        let known = [
            ("local", &self.local),
            ("codebuild", &self.codebuild),
            ("gitlab_chat", &self.gitlab),
            ("gitlab_pipeline", &self.gitlab),
        ];
        let (name, executor) = known.into_iter().find(|(known, _)| *known == name)?;
        Some((name, executor.as_deref()?))
    }
}

/// Handles a run of tasks, given as the queue's texts, side by side. One answer each.
pub async fn handle(app: &App, hands: &Hands, run: &[&str]) -> Vec<Answer> {
    join_all(run.iter().map(|body| handle_one(app, hands, body))).await
}

async fn handle_one(app: &App, hands: &Hands, body: &str) -> Answer {
    match serde_json::from_str(body) {
        Ok(Task::RunJobV1 { run, .. }) => answer(&run, follow(app, hands, &run).await),
        Ok(Task::CancelRunV1 { run, .. }) => answer(&run, look::cancel(app, hands, &run).await),
        Ok(Task::TellRunV1 { run, news, queued_at, .. }) => {
            chat::tell_run(app, &hands.outbound, (&run, news), queued_at).await
        }
        Ok(Task::CarryOutV1 { asked, text }) => match grammar::parse(&text) {
            Instruction::Jobs => list(app, hands, &asked).await,
            instruction => {
                let ways = (&*hands.queue, &hands.outbound);
                chat::carry_out(app, ways, (&asked, &instruction)).await
            }
        },
        Ok(Task::AnswerV1 { asked, payload, queued_at }) => {
            chat::answer(app, &hands.outbound, (&asked, &payload), queued_at).await
        }
        Ok(_) => {
            tracing::error!("a task of another queue is in the runs queue");
            Answer::Fault
        }
        Err(error) => {
            tracing::error!(error = %Causes(&error), "a task cannot be read");
            Answer::Fault
        }
    }
}

/// Answers with the jobs of the repository that the caller may run.
async fn list(app: &App, hands: &Hands, asked: &Asked) -> Answer {
    let listed = match list_jobs(app, hands, asked).await {
        Ok(listed) => listed,
        Err(error) => {
            tracing::error!(project = %asked.project, error = %Causes(&error), "command.failed");
            return Answer::Fault;
        }
    };
    listed.unwrap_or(Answer::Done)
}

/// An answer where it is not over yet.
async fn list_jobs(app: &App, hands: &Hands, asked: &Asked) -> Result<Option<Answer>, ChatError> {
    let project = projects::by_id(app, asked.project).await?;
    let found = match &project {
        Some(project) => hands.finder.list(project).await,
        None => Err(FindError::NoJobs),
    };
    match found {
        Ok(names) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            chat::list_jobs(app, (&*hands.queue, &hands.outbound), asked, &names).await?;
        }
        Err(error) => {
            if error.is_passing()
                && let Some(answer) = again(app, asked.at, BEGIN_WITHIN)
            {
                return Ok(Some(answer));
            }
            let payload = reply::ephemeral(asked.platform, &texts::unasked(&error.to_string()));
            chat::answer_later(app, &*hands.queue, asked, &payload).await?;
        }
    }
    Ok(None)
}

fn answer(run: &RunId, result: Result<Answer, ChatError>) -> Answer {
    result.unwrap_or_else(|error| {
        tracing::error!(%run, error = %Causes(&error), "run.failed");
        Answer::Fault
    })
}

/// Takes a run one step further.
async fn follow(app: &App, hands: &Hands, id: &RunId) -> Result<Answer, ChatError> {
    let Some(run) = runs::find(app, id).await? else { return Ok(Answer::Done) };
    match &run.state {
        // Whoever consents sends another task.
        State::Waiting { .. } => Ok(Answer::Done),
        State::Queued => begin::begin(app, hands, run).await,
        State::Starting { since, .. } => match left(app, *since, STARTING_MAX) {
            Some(left) => Ok(Answer::Again { after: left.min(PAUSE[1]) }),
            None => begin::begin(app, hands, run).await,
        },
        State::Running { .. } => look::look(app, hands, &run, hands.patience).await,
        // A crash may have come between its end and the task that tells it.
        State::Ended(end) => finish(app, hands, id, &Finished::unstarted(&end.how)).await,
    }
}

/// Ends a run that never began.
async fn end_unbegun(app: &App, hands: &Hands, id: &RunId, reason: &str) -> Result<Answer, ChatError> {
    let how = How::Executed(Ending::NotStarted { reason: reason.to_owned() });
    finish(app, hands, id, &Finished::unstarted(&how)).await
}

/// Ends a run of which nobody knows more.
async fn lose(app: &App, hands: &Hands, id: &RunId) -> Result<Answer, ChatError> {
    finish(app, hands, id, &Finished::unstarted(&How::Executed(Ending::Lost))).await
}

async fn finish(app: &App, hands: &Hands, id: &RunId, finished: &Finished<'_>) -> Result<Answer, ChatError> {
    chat::finish(app, &*hands.queue, id, finished).await?;
    Ok(Answer::Done)
}

/// When to try again what has not worked since then; `None` if it has been tried for long enough.
fn again(app: &App, since: Timestamp, within: Duration) -> Option<Answer> {
    left(app, since, within)?;
    let [least, most] = PAUSE;
    Some(Answer::Again { after: app.clock.now().since(since).clamp(least, most) })
}

/// How much is left of a time that began then; `None` if nothing is.
fn left(app: &App, since: Timestamp, within: Duration) -> Option<Duration> {
    within.checked_sub(app.clock.now().since(since)).filter(|left| !left.is_zero())
}

/// The project of a run, if it is there and may still run jobs.
async fn project_of(app: &App, run: &Run) -> Result<Option<Arc<config::Project>>, ChatError> {
    Ok(projects::by_id(app, run.asked.project).await?.filter(|project| project.jobs.is_some()))
}
