//! A run that has begun: how it is doing, and its end.

use std::time::Duration;

use app::App;
use app::chat::{self, ChatError, Finished};
use app::clock::Timestamp;
use app::executor::{Ended, Executor, ExecutorError, Handle, Progress};
use app::ids::RunId;
use app::queue::Answer;
use app::runs::{self, How, Run, State};
use chatops::output;
use config::Project;
use config::jobs::Credentials;
use payload::Secret;

use super::{Hands, PAUSE, STARTING_MAX, again, finish, left, lose, project_of};

/// How long an executor may be away beyond the time that a run may take, before the run is given up.
const AWAY_MAX: Duration = Duration::from_hours(1);

/// How long a run that is cancelled is waited for: a process group ends at once.
const CANCEL_PATIENCE: Duration = Duration::from_secs(2);

/// How rarely a run is looked at that lasts for hours: `template.yaml` counts on it.
const RARELY: Duration = Duration::from_mins(5);

/// A run with its executor.
struct Held<'a> {
    executor: &'a dyn Executor,
    handle: &'a Handle,
    since: Timestamp,
}

/// Looks at a run, and ends it if it has ended.
pub(super) async fn look(
    app: &App,
    hands: &Hands,
    run: &Run,
    patience: Duration,
) -> Result<Answer, ChatError> {
    let Some(held) = held(hands, run) else { return lose(app, hands, &run.id).await };
    let Some(project) = project_of(app, run).await? else { return lose(app, hands, &run.id).await };
    match held.executor.look(&project, held.handle, patience).await {
        Ok(Progress::Running { look_after }) => {
            chat::go_on(app, &*hands.queue, run).await?;
            Ok(Answer::Again { after: rarer(look_after, app.clock.now().since(held.since)) })
        }
        Ok(Progress::Ended(ended)) => end(app, hands, (run, &project), ended).await,
        Err(error) => {
            tracing::warn!(run = %run.id, error = %app::Causes(&error), "run.not_looked_at");
            let within = Duration::from_secs(run.timeout_s.unwrap_or_default()) + AWAY_MAX;
            match left(app, held.since, within) {
                Some(_) => Ok(Answer::Again { after: PAUSE[1] }),
                None => lose(app, hands, &run.id).await,
            }
        }
    }
}

/// A run that has lasted for hours is looked at less often: SQS counts the looks, and gives a task up after some hundreds.
/// A look that waited by itself (nothing) is no matter of a queue that counts.
fn rarer(look_after: Duration, age: Duration) -> Duration {
    if look_after.is_zero() { look_after } else { look_after.max((age / 60).min(RARELY)) }
}

fn held<'a>(hands: &'a Hands, run: &'a Run) -> Option<Held<'a>> {
    let State::Running { executor, handle, since } = &run.state else { return None };
    Some(Held { executor: hands.executors.named(executor)?.1, handle, since: *since })
}

async fn end(
    app: &App,
    hands: &Hands,
    (run, project): (&Run, &Project),
    ended: Ended,
) -> Result<Answer, ChatError> {
    let how = How::Executed(ended.ending);
    let finished = Finished {
        how: &how,
        took: ended.took,
        log: &ended.log,
        secrets: &secrets(project),
        is_sole_command: output::has_sole_command(&ended.log),
    };
    finish(app, hands, &run.id, &finished).await
}

/// What a job has no business to tell anybody, whether it was given it or not.
fn secrets(project: &Project) -> Vec<Secret> {
    let Some(jobs) = &project.jobs else { return Vec::new() };
    let variables = jobs.variables.iter().map(|variable| variable.value.clone());
    let credentials = jobs.repository.credentials.iter().map(|credentials| match credentials {
        Credentials::Password { password, .. } => password.clone(),
        Credentials::SshKey { private_key, .. } => private_key.clone(),
    });
    let gitlab = project.gitlab.iter().map(|gitlab| gitlab.token.clone());
    variables.chain(credentials).chain(gitlab).collect()
}

/// Tells a run's executor that somebody wants it stopped.
pub(super) async fn cancel(app: &App, hands: &Hands, id: &RunId) -> Result<Answer, ChatError> {
    let Some(run) = runs::find(app, id).await? else { return Ok(Answer::Done) };
    match &run.state {
        // Its executor has no name for it yet. Whoever begins it looks for this wish as well.
        State::Starting { since, .. } => return Ok(again(app, *since, STARTING_MAX).unwrap_or(Answer::Done)),
        // Perhaps by an earlier try of this very task, which did not hear that its write came through.
        State::Ended(end) => return finish(app, hands, id, &Finished::unstarted(&end.how)).await,
        State::Waiting { .. } | State::Queued | State::Running { .. } => {}
    }
    let Some(held) = held(hands, &run) else { return Ok(Answer::Done) };
    let Some(project) = project_of(app, &run).await? else { return lose(app, hands, id).await };
    match held.executor.cancel(&project, held.handle).await {
        // The run's own task may be a minute away.
        Ok(()) => match look(app, hands, &run, CANCEL_PATIENCE).await? {
            Answer::Again { after } => Ok(Answer::Again { after: after.max(PAUSE[0]) }),
            answer => Ok(answer),
        },
        Err(ExecutorError::Unavailable(error)) => {
            tracing::warn!(run = %id, error = %app::Causes(&*error), "run.not_cancelled");
            Ok(Answer::Again { after: PAUSE[0] })
        }
        // It is over, or nobody knows; the run's own task sees what is true.
        Err(ExecutorError::Refused { .. } | ExecutorError::InDoubt) => Ok(Answer::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_day_and_a_half_is_looked_at_some_hundred_times() {
        let (mut age, mut looks) = (Duration::ZERO, 0);
        while age < Duration::from_hours(36) {
            age += rarer(Duration::from_mins(1), age);
            looks += 1;
        }
        assert!((400..580).contains(&looks), "{looks}");
        assert_eq!(rarer(Duration::ZERO, Duration::from_hours(9)), Duration::ZERO);
    }
}
