//! A run in the words of `chatops::reply`: what chat is shown of it at this moment.
//!
//! Not here: the words themselves, whether and where they are posted.

use std::time::Duration;

use chatops::texts::{self, Doing};
use chatops::{Text, reply};
use config::commands::Approval;
use serde_json::Value;

use super::News;
use crate::App;
use crate::clock::Timestamp;
use crate::executor::Ending;
use crate::runs::{self, Consent, End, How, Run, State};

/// The payload for some news, if the run still has them.
pub(crate) fn news(app: &App, run: &Run, news: News) -> Option<Value> {
    let (platform, now) = (run.asked.platform, app.clock.now());
    match (news, &run.state) {
        (News::Waits, State::Waiting { consent, until }) => {
            Some(reply::ephemeral(platform, &waits(run, *consent, until.since(now))))
        }
        (News::Progress, State::Starting { since, .. } | State::Running { since, .. }) => {
            with_run(app, run, |shown| Some(reply::progress(platform, shown, now.since(*since))))
        }
        (News::Result, State::Ended(end)) => Some(result(app, run, end)),
        _ => None,
    }
}

/// That a run waits for consent, and how it is given.
pub(crate) fn waits(run: &Run, consent: Consent, left: Duration) -> Text {
    let approval = match consent {
        Consent::Caller | Consent::Manual => Approval::Confirm,
        Consent::SecondPerson => Approval::SecondPerson,
    };
    texts::waits(&run.asked.slash, &run.id.to_string(), approval, left)
}

/// How a run ended, for all to see, unless only its caller is concerned.
pub(crate) fn result(app: &App, run: &Run, end: &End) -> Value {
    let platform = run.asked.platform;
    let excerpt = end.excerpt();
    let limit = Duration::from_secs(run.timeout_s.unwrap_or_default());
    let ending = match &end.how {
        How::NotScheduled => return reply::ephemeral(platform, &texts::not_scheduled(&run.job)),
        How::NeedsBot => return reply::ephemeral(platform, &texts::needs_bot(&run.job, limit)),
        How::Expired => return reply::ephemeral(platform, &texts::expired(&run.job)),
        How::Executed(ending) => match ending {
            Ending::Succeeded => reply::Ending::Succeeded { output: &excerpt, took: end.took() },
            Ending::Failed { exit_code } => {
                reply::Ending::Failed { exit_code: *exit_code, last_lines: &excerpt }
            }
            Ending::TimedOut => reply::Ending::TimedOut { limit, last_lines: &excerpt },
            Ending::Cancelled => reply::Ending::Cancelled { by: run.stopped_by.as_ref() },
            Ending::NotStarted { reason } => reply::Ending::NotStarted { reason },
            Ending::Lost => reply::Ending::Lost,
        },
    };
    with_run(app, run, |shown| reply::finished(platform, shown, ending))
}

/// The answer to `status`: of a run that is over, what it printed as well, since the post may have been missed.
pub fn status(app: &App, run: &Run) -> Value {
    let platform = run.asked.platform;
    let text = texts::status(&run.id.to_string(), &run.job, doing(run, app.clock.now()));
    match run.end() {
        Some(end) if !end.output.is_empty() => {
            let link = runs::log_link(app, &run.id);
            reply::ephemeral(platform, &texts::with_output(text, &end.excerpt(), link.as_deref()))
        }
        _ => reply::ephemeral(platform, &text),
    }
}

fn doing(run: &Run, now: Timestamp) -> Doing<'_> {
    match &run.state {
        State::Waiting { until, .. } if *until <= now => Doing::NotStarted,
        State::Waiting { .. } => Doing::Waiting,
        State::Queued => Doing::Queued,
        State::Starting { since, .. } | State::Running { since, .. } => Doing::Running(now.since(*since)),
        State::Ended(end) => match (&end.how, &run.stopped_by) {
            (How::Executed(Ending::Succeeded), _) => Doing::Succeeded(end.took()),
            (How::Executed(Ending::Failed { .. }), _) => Doing::Failed,
            (How::Executed(Ending::TimedOut), _) => Doing::TimedOut,
            (How::Executed(Ending::Cancelled), by) => Doing::Cancelled(by.as_ref()),
            (How::Executed(Ending::Lost), _) => Doing::Lost,
            (
                How::Executed(Ending::NotStarted { .. }) | How::NotScheduled | How::NeedsBot | How::Expired,
                _,
            ) => Doing::NotStarted,
        },
    }
}

/// With the run as chat gets to know it. Its link leads to the log, or where there is none, to the executor's page.
fn with_run<T>(app: &App, run: &Run, show: impl FnOnce(&reply::Run<'_>) -> T) -> T {
    let id = run.id.to_string();
    let link = run.end().and_then(|_| runs::log_link(app, &run.id)).or_else(|| run.url.clone());
    show(&reply::Run { id: &id, job: &run.job, caller: &run.asked.user, url: link.as_deref() })
}
