//! A run's beginning: its job is found, and an executor has it.
//!
//! Everything that could keep it from beginning is looked at before it is written down that it begins: who sees that, and
//! not what the executor made of it, can only ask the executor.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::chat::{self, ChatError, Finished};
use app::executor::{Executor, ExecutorError, Found, Order};
use app::queue::Answer;
use app::runs::{self, Commit, How, Run, State, Step, StepError};
use config::Project;

use super::{BEGIN_WITHIN, Hands, PAUSE, again, end_unbegun, finish, look, lose, project_of};
use crate::find::{Ask, FindError};

/// A run that nothing keeps from beginning.
struct Ready<'a> {
    executor: &'a dyn Executor,
    /// As settings and records call it.
    name: &'static str,
    order: Order,
}

/// What comes of getting a run ready.
enum Prepared<'a> {
    Ready(Box<Ready<'a>>),
    /// It is not to begin, or not now.
    Answer(Answer),
}

/// Begins a run that is queued, or one that was about to begin when somebody died.
pub(super) async fn begin(app: &App, hands: &Hands, run: Run) -> Result<Answer, ChatError> {
    let ready = match prepare(app, hands, &run).await? {
        Prepared::Ready(ready) => ready,
        Prepared::Answer(answer) => return Ok(answer),
    };
    if !ready.order.is_repeated && !mark(app, &run, &ready).await? {
        // Somebody else begins it, or it is over.
        return Ok(Answer::Again { after: PAUSE[0] });
    }
    match ready.executor.start(&ready.order).await {
        Ok(started) => {
            let now = app.clock.now();
            let began = runs::change(app, &run.id, |run| run.began(started.clone(), now)).await?;
            let (Step::Made(run) | Step::Refused(run, _)) = began else { return Ok(Answer::Done) };
            if run.stopped_by.is_some() {
                return look::cancel(app, hands, &run.id).await;
            }
            look::look(app, hands, &run, hands.patience).await
        }
        Err(ExecutorError::Refused { reason }) => end_unbegun(app, hands, &run.id, &reason).await,
        Err(ExecutorError::InDoubt) => lose(app, hands, &run.id).await,
        Err(ExecutorError::Unavailable(error)) => {
            tracing::info!(run = %run.id, error = %app::Causes(&*error), "run.waits");
            match again(app, run.asked.at, BEGIN_WITHIN) {
                // Of a repeated one, nobody knows whether the first beginning came through.
                Some(answer) if ready.order.is_repeated => Ok(answer),
                Some(answer) => {
                    runs::change(app, &run.id, Run::put_back).await?;
                    Ok(answer)
                }
                None if ready.order.is_repeated => lose(app, hands, &run.id).await,
                None => end_unbegun(app, hands, &run.id, "no executor had room for it in time").await,
            }
        }
    }
}

async fn prepare<'a>(app: &App, hands: &'a Hands, run: &Run) -> Result<Prepared<'a>, ChatError> {
    let is_repeated = matches!(run.state, State::Starting { .. });
    let Some((project, jobs)) =
        project_of(app, run).await?.and_then(|project| Some((Arc::clone(&project), project.jobs.clone()?)))
    else {
        let reason = FindError::NoJobs.to_string();
        return end_unbegun(app, hands, &run.id, &reason).await.map(Prepared::Answer);
    };
    let name = match &run.state {
        // Whoever began it may know of it, whatever the settings say by now.
        State::Starting { executor, .. } => executor.as_str(),
        _ => jobs.executor.name(),
    };
    let Some((name, executor)) = hands.executors.named(name) else {
        let reason = format!("the executor {name} is not there in this Bellhop");
        return end_unbegun(app, hands, &run.id, &reason).await.map(Prepared::Answer);
    };
    let found = if jobs.executor.is_gitlab() {
        None
    } else {
        match hands.finder.find(&project, &run.job, &ask(run)).await {
            Ok(found) => Some(found),
            Err(error) => return not_found(app, hands, run, &error).await.map(Prepared::Answer),
        }
    };
    if !is_repeated && found.as_ref().is_some_and(is_manual) && wait(app, hands, run).await? {
        return Ok(Prepared::Answer(Answer::Done));
    }
    let limit = Duration::from_secs(jobs.timeout_s.into());
    let own = found.as_ref().and_then(|found| found.job.timeout);
    let timeout = own.unwrap_or(limit).min(limit);
    if !chat::can_be_told(&project, &run.asked, timeout) {
        return finish(app, hands, &run.id, &Finished::unstarted(&How::NeedsBot)).await.map(Prepared::Answer);
    }
    let order = order(run, project, found, timeout);
    Ok(Prepared::Ready(Box::new(Ready { executor, name, order: Order { is_repeated, ..order } })))
}

fn ask(run: &Run) -> Ask {
    Ask {
        input: run.arguments.clone(),
        channel_id: run.asked.channel.id.clone(),
        user_id: run.asked.user.id.clone(),
    }
}

fn order(run: &Run, project: Arc<Project>, found: Option<Found>, timeout: Duration) -> Order {
    Order {
        run: run.id.clone(),
        project,
        job: run.job.clone(),
        input: run.arguments.clone(),
        team_id: run.asked.team_id.clone(),
        channel_id: run.asked.channel.id.clone(),
        user_id: run.asked.user.id.clone(),
        user_name: run.asked.user.name.clone(),
        timeout,
        found,
        is_repeated: false,
    }
}

fn is_manual(found: &Found) -> bool {
    found.job.rules_result == "manual"
}

/// `false` if somebody has consented already.
async fn wait(app: &App, hands: &Hands, run: &Run) -> Result<bool, ChatError> {
    chat::wait_for_consent(app, &*hands.queue, &run.id).await
}

async fn not_found(app: &App, hands: &Hands, run: &Run, error: &FindError) -> Result<Answer, ChatError> {
    if error.is_passing()
        && let Some(answer) = again(app, run.asked.at, BEGIN_WITHIN)
    {
        tracing::info!(run = %run.id, error = %app::Causes(error), "run.waits");
        return Ok(answer);
    }
    // Chat gets GitLab's one sentence for all of these; the log says which it is.
    tracing::info!(run = %run.id, job = run.job, error = %app::Causes(error), "run.not_found");
    if error.is_no_job() {
        return finish(app, hands, &run.id, &Finished::unstarted(&How::NotScheduled)).await;
    }
    end_unbegun(app, hands, &run.id, &error.to_string()).await
}

/// Writes down that a run begins now. `false` if somebody else has.
async fn mark(app: &App, run: &Run, ready: &Ready<'_>) -> Result<bool, ChatError> {
    let (now, order) = (app.clock.now(), &ready.order);
    let step = runs::change(app, &run.id, |run: &mut Run| -> Result<(), StepError> {
        run.begin(ready.name, now)?;
        run.timeout_s = Some(order.timeout.as_secs());
        run.found = order
            .found
            .as_ref()
            .map(|found| Commit { id: found.commit.clone(), reference: found.reference.clone() });
        Ok(())
    });
    Ok(matches!(step.await?, Step::Made(_)))
}
