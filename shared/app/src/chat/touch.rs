//! Commands about a run that is there: its status, its end, consent to it.
//!
//! A run is there only for those who may touch it: whoever started it, and whoever may run the same here. For everybody
//! else, it is not found.
//!
//! Not here: which steps of a run follow each other (`runs`), whose consent counts (`chatops::access`).

use chatops::access::{self, ConsentError, Subject, consent, may_touch};
use chatops::texts;
use config::commands::Approval;

use super::act::{Desk, Verdict, scheduled};
use super::caller::{self, Standing};
use super::follow::tell;
use super::{ChatError, News, words};
use crate::queue::Task;
use crate::runs::{self, Consent, Run, State, Step, StepError};

const MAY_NOT: &str = "there is no such run, or the caller may neither run its job nor started it";
const MAY: &str = "the caller started the run, or may run its job";
const NOBODY_SAYS: &str = "GitLab did not say who the caller is";

/// A run that the caller may touch, and who the caller is; or the answer to everybody else.
async fn touchable(desk: &Desk<'_>, run: Option<Run>) -> Result<Result<(Run, Standing), Verdict>, ChatError> {
    let standing = match caller::standing(desk, desk.asked).await? {
        Ok(standing) => standing,
        Err(text) => return Ok(Err(Verdict::denied(desk.tell(&text), NOBODY_SAYS))),
    };
    let caller = standing.caller(desk.asked);
    let is_touchable = |run: &Run| {
        let is_here = run.asked.project == desk.project.id && run.asked.command == desk.integration.id;
        is_here && may_touch(desk.integration, &caller, &run.asked.user.id, &run.job)
    };
    Ok(match run.filter(is_touchable) {
        Some(run) => Ok((run, standing)),
        None => Err(Verdict::denied(desk.tell(&texts::not_found()), MAY_NOT)),
    })
}

async fn by_id(desk: &Desk<'_>, id: &str) -> Result<Option<Run>, ChatError> {
    match id.parse() {
        Ok(id) => Ok(runs::find(desk.app, &id).await?),
        // A text that cannot name a run names none.
        Err(_) => Ok(None),
    }
}

/// How a run is doing: this one, or the caller's latest.
pub(crate) async fn status(desk: &Desk<'_>, id: Option<&str>) -> Result<Verdict, ChatError> {
    let run = match id {
        Some(id) => by_id(desk, id).await?,
        None => match runs::latest_of(desk.app, &desk.integration.id, &desk.asked.user.id).await? {
            None => return Ok(Verdict::answered(desk.tell(&texts::no_runs()))),
            run => run,
        },
    };
    Ok(match touchable(desk, run).await? {
        Ok((run, _)) => Verdict::allowed(words::status(desk.app, &run), MAY, "answered").of_run(&run.id),
        Err(verdict) => verdict,
    })
}

/// Stops a run: at once if it has not begun, else its executor is told.
pub(crate) async fn cancel(desk: &Desk<'_>, id: &str) -> Result<Verdict, ChatError> {
    let run = match touchable(desk, by_id(desk, id).await?).await? {
        Ok((run, _)) => run,
        Err(verdict) => return Ok(verdict),
    };
    let (id, now) = (run.id.to_string(), desk.app.clock.now());
    let stopped = runs::change(desk.app, &run.id, |run| run.stop(&desk.asked.user, now)).await?;
    let (text, outcome) = match stopped {
        Step::Made(run) if run.end().is_some() => {
            crate::audit::conclude(desk.app, &run).await?;
            tell(desk.app, desk.queue, &run, News::Result).await?;
            (texts::cancelling(&id), "stopped")
        }
        Step::Made(run) => {
            let task = Task::CancelRunV1 { run: run.id.clone(), project: desk.project.id };
            desk.queue.send(vec![task]).await?;
            (texts::cancelling(&id), "stopping")
        }
        Step::Refused(..) => (texts::over(&id), "over"),
        Step::Missing => (texts::not_found(), "missing"),
    };
    Ok(Verdict::allowed(desk.tell(&text), MAY, outcome).of_run(&run.id))
}

/// Lets a run go on that waits for consent, if this consent counts by the rules as they are now.
pub(crate) async fn confirm(desk: &Desk<'_>, id: &str) -> Result<Verdict, ChatError> {
    let (run, standing) = match touchable(desk, by_id(desk, id).await?).await? {
        Ok(touchable) => touchable,
        Err(verdict) => return Ok(verdict),
    };
    let State::Waiting { consent, until } = run.state else { return Ok(not_waiting(desk, &run)) };
    let counts = match judge(desk, &run, (consent, &standing)).await? {
        Ok(counts) if desk.app.clock.now() <= until => counts,
        Ok(_) => Err(ConsentError::Expired),
        Err(verdict) => return Ok(verdict),
    };
    if let Err(error) = counts {
        let reply = desk.tell(&texts::consent_refused(&error));
        return Ok(Verdict::denied(reply, &error.to_string()).of_run(&run.id));
    }
    match runs::change(desk.app, &run.id, |run| run.consent(&desk.asked.user)).await? {
        Step::Made(run) => begin(desk, &run).await,
        Step::Refused(run, StepError::NotWaiting) if is_own(desk, &run) => begin(desk, &run).await,
        Step::Refused(run, _) => Ok(not_waiting(desk, &run)),
        Step::Missing => Ok(Verdict::denied(desk.tell(&texts::not_found()), MAY_NOT)),
    }
}

/// Whether it is this very consent, seen again after a crash.
fn is_own(desk: &Desk<'_>, run: &Run) -> bool {
    run.state == State::Queued && run.consented_by.as_ref() == Some(&desk.asked.user)
}

async fn begin(desk: &Desk<'_>, run: &Run) -> Result<Verdict, ChatError> {
    let task = Task::RunJobV1 { run: run.id.clone(), project: desk.project.id };
    desk.queue.send(vec![task]).await?;
    let decision = "whoever confirmed it may, and whoever asked for it still may";
    Ok(Verdict::allowed(scheduled(run), decision, "queued").of_run(&run.id))
}

fn not_waiting(desk: &Desk<'_>, run: &Run) -> Verdict {
    let reply = match run.end() {
        Some(_) => desk.tell(&texts::over(&run.id.to_string())),
        None => words::status(desk.app, run),
    };
    Verdict::allowed(reply, MAY, "over").of_run(&run.id)
}

/// Whether the caller's consent counts; or the answer where GitLab does not say.
async fn judge(
    desk: &Desk<'_>,
    run: &Run,
    (needed, by): (Consent, &Standing),
) -> Result<Result<Result<(), ConsentError>, Verdict>, ChatError> {
    let standing = match caller::standing(desk, &run.asked).await? {
        Ok(standing) => standing,
        Err(text) => return Ok(Err(Verdict::denied(desk.tell(&text), NOBODY_SAYS))),
    };
    let now_s = desk.app.clock.now().seconds();
    let asked = access::Asked {
        caller: standing.caller(&run.asked),
        subject: Subject::Run { job: &run.job, arguments: &run.arguments },
        approval: if needed == Consent::SecondPerson { Approval::SecondPerson } else { Approval::Confirm },
        // That a job is manual shows later: then, the time until which it waits is all that counts.
        at_s: if needed == Consent::Manual { now_s } else { run.asked.at.seconds() },
    };
    Ok(Ok(consent(desk.integration, &asked, &by.caller(desk.asked), now_s).map(drop)))
}
