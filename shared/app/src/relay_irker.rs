//! The use case behind the tasks of the irker queue: what has piled up for one irkerd, handed over in order, at
//! irkerd's pace, one connection at a time.
//!
//! A run of tasks becomes **tellings**: one delivery each, or many pushes told in one line. As many requests as irkerd
//! may hold are handed over in one connection. A telling that did not fit goes on, the next time, where it stopped:
//! its first delivery's record says where.
//!
//! Not here: the connection (`irkerd`), how much fits (`relay::irker::Pace`, kept by
//! `reckoning`), what is told together
//! (`relay::irker::together`), tests of the settings (`test_irker`).

use std::time::Duration;

use config::{Irker, Recipient, TargetId};
use futures_util::future::join_all;
use relay::Outcome;
use relay::irker::{self, Pace, Request, Waiting};
use relay::limits::LINE_BYTES_MAX;
use sha2::{Digest, Sha256};

use crate::attempts::{LINES_LOGGED_MAX, Sent};
use crate::deliveries::Progress;
use crate::irkerd::Irkerds;
use crate::queue::{Answer, IrkerTest, QueueName, Task};
use crate::reckoning::Reckoning;
use crate::relay::{Due, Step, answer, prepare, put_off, settle, task};
use crate::{App, Causes, StoreError, attempts, ids, irkerd, test_irker};

/// What waits behind a task that is not done.
const WAITS: Answer = Answer::Again { after: Duration::ZERO };

/// When to come again if somebody else hands over to the same irkerd at this moment: a handover takes milliseconds.
const TAKEN_AGAIN: Duration = Duration::from_secs(1);

/// Handles a run of tasks for one irkerd, given as the queue's texts. One answer each.
pub async fn handle(app: &App, irkerds: &dyn Irkerds, run: &[&str]) -> Vec<Answer> {
    let mut answers = vec![WAITS; run.len()];
    let mut dues = Vec::new();
    for (place, step) in join_all(run.iter().map(|body| step(app, body))).await.into_iter().enumerate() {
        match step {
            Ok(Step::Attempt(due)) => dues.push((place, *due)),
            // What came to nothing, or is over, holds nobody up.
            Ok(Step::Answer(Answer::Done)) => answers[place] = Answer::Done,
            Ok(Step::Answer(answer)) | Err(Stop::Answer(answer)) => {
                answers[place] = answer;
                break;
            }
            // In its turn: when everything before it is done.
            Err(Stop::Test(test)) => {
                if dues.is_empty() {
                    answers[place] = test_irker::run(app, irkerds, &test).await;
                }
                break;
            }
        }
    }
    for (place, answer) in relay(app, irkerds, dues).await {
        answers[place] = answer;
    }
    attempts::write(app).await;
    answers
}

/// Why a run is not looked at any further.
enum Stop {
    Answer(Answer),
    Test(IrkerTest),
}

async fn step(app: &App, body: &str) -> Result<Step, Stop> {
    match task(body).map_err(Stop::Answer)? {
        Task::RelayIrkerV1 { delivery, .. } => match prepare(app, QueueName::Irker, delivery.clone()).await {
            Ok(step) => Ok(step),
            Err(error) => Err(Stop::Answer(answer(&delivery, Err(error)))),
        },
        Task::TestIrkerV1 { test, .. } => Err(Stop::Test(test)),
        _ => {
            tracing::error!("a task for somebody else is in the irker queue");
            Err(Stop::Answer(Answer::Fault))
        }
    }
}

/// One delivery, or several that are told together.
struct Telling {
    /// With their places in the run. Never empty.
    members: Vec<(usize, Due)>,
    requests: Vec<Request>,
    /// How many of the requests irkerd has.
    handed: usize,
    digest: String,
}

/// Tells as much as may be told now. Gives an answer for each delivery that was touched.
async fn relay(app: &App, irkerds: &dyn Irkerds, dues: Vec<(usize, Due)>) -> Vec<(usize, Answer)> {
    // What says nothing needs no irkerd, holds nobody up, and is none of those that are told together.
    let (silent, dues): (Vec<_>, Vec<_>) = dues.into_iter().partition(|(_, due)| says_nothing(due));
    let mut answers = join_all(silent.into_iter().map(|(at, due)| end_silently(app, at, due))).await;
    let Some((head, irker)) = dues.first().and_then(|(at, due)| Some((*at, integration(due)?.clone())))
    else {
        return answers;
    };
    // Those behind that go elsewhere now have their turn when these are done.
    let is_here = |telling: &Telling| {
        integration(&telling.members[0].1).is_some_and(|other| other.irkerd() == irker.irkerd())
    };
    let here: Vec<_> = tellings(dues).into_iter().take_while(is_here).collect();
    match hand_over(app, irkerds, &irker, here).await {
        Ok(told) => answers.extend(told),
        Err(error) => {
            tracing::error!(irkerd = irker.irkerd(), error = %Causes(&error), "irkerd.pace_failed");
            answers.push((head, Answer::Fault));
        }
    }
    answers
}

/// Whether the settings of now leave nothing of a delivery.
fn says_nothing(due: &Due) -> bool {
    integration(due).is_none_or(|irker| irker::requests(&lines(due), &irker.recipients).is_empty())
}

async fn end_silently(app: &App, at: usize, due: Due) -> (usize, Answer) {
    let outcome = if integration(&due).is_none() { Outcome::Gone } else { Outcome::Nothing };
    let task = due.task.clone();
    (at, answer(&task, settle(app, due, outcome).await))
}

/// The integration as it is configured now decides, not as it was when the event came in.
fn integration(due: &Due) -> Option<&Irker> {
    let TargetId::Irker(_) = due.task.target else { return None };
    due.project.as_ref()?.irker.as_ref().filter(|irker| irker.active)
}

fn tellings(dues: Vec<(usize, Due)>) -> Vec<Telling> {
    let waiting: Vec<_> = dues.iter().map(|(_, due)| lines(due).len()).collect();
    let mut dues = dues.into_iter().zip(waiting).collect::<Vec<_>>();
    let mut tellings = Vec::new();
    while let Some(((_, first), _)) = dues.first() {
        let pacing = integration(first).map(|irker| irker.pacing).unwrap_or_default();
        let waiting: Vec<_> = dues
            .iter()
            .map(|((_, due), lines)| Waiting {
                project: due.task.project,
                events: &due.events,
                lines: *lines,
                begun_with: due.progress().map_or(0, |progress| progress.members),
            })
            .collect();
        let rest = dues.split_off(irker::together(&waiting, pacing));
        tellings.push(Telling::of(dues.into_iter().map(|(due, _)| due).collect()));
        dues = rest;
    }
    tellings
}

/// What a delivery says by itself.
fn lines(due: &Due) -> Vec<irker::Line> {
    let Some(irker) = integration(due) else { return Vec::new() };
    let told = due.events.iter().filter(|event| relay::is_for_channel(event, &irker.subscription));
    told.flat_map(|event| irker::lines(event, &irker.lines)).collect()
}

impl Telling {
    fn of(mut members: Vec<(usize, Due)>) -> Self {
        let first = &members[0].1;
        let lines = match &members[..] {
            [_] => lines(first),
            many => {
                let told = many.iter().flat_map(|(_, due)| {
                    let irker = integration(due);
                    let is_told = move |event: &&payload::Event| {
                        irker.is_some_and(|irker| relay::is_for_channel(event, &irker.subscription))
                    };
                    due.events.iter().filter(is_told)
                });
                let colorize = integration(first).is_some_and(|irker| irker.lines.colorize_messages);
                irker::summary(&told.collect::<Vec<_>>(), colorize).into_iter().collect()
            }
        };
        let recipients = integration(first).map(|irker| &irker.recipients[..]).unwrap_or_default();
        let requests = irker::requests(&lines, recipients);
        let digest = digest(&lines, recipients);
        let handed = first.progress().filter(|progress| progress.of == digest);
        let handed = handed.map_or(0, |progress| progress.handed.min(requests.len()));
        let shown = lines.iter().take(LINES_LOGGED_MAX).map(|line| line.render(LINE_BYTES_MAX)).collect();
        let sent = Sent::Irker { recipients: recipients.len(), lines: shown };
        // Those that are told together with the first one say nothing by themselves.
        members[0].1.said.sent = if requests.is_empty() { Sent::Nothing } else { sent };
        Self { members, requests, handed, digest }
    }

    fn left(&self) -> &[Request] {
        &self.requests[self.handed..]
    }
}

/// Tells whether the same is said to the same recipients. Without their keys: whoever reads the table could find out a
/// short key by trying.
fn digest(lines: &[irker::Line], recipients: &[Recipient]) -> String {
    let mut digest = Sha256::new();
    let shown = lines.iter().map(|line| line.render(usize::MAX));
    for text in shown.chain(recipients.iter().map(ToString::to_string)) {
        digest.update(text);
        digest.update("\n");
    }
    ids::hex(&digest.finalize()[..8])
}

/// Hands over, in one connection, what irkerd may get now.
async fn hand_over(
    app: &App,
    irkerds: &dyn Irkerds,
    irker: &Irker,
    tellings: Vec<Telling>,
) -> Result<Vec<(usize, Answer)>, StoreError> {
    if tellings[0].members[0].1.is_in_doubt() {
        // irkerd, or the kernel before it, may still have the lines of the last attempt. Nothing more is put there
        // until it is seen to work, or a channel would hear them once for each attempt.
        let outcome = irkerd::probe(irkerds, irker.place()).await;
        if outcome != Outcome::HandedOver {
            return Ok(try_again(app, tellings, outcome).await);
        }
    }
    let mut reckoning = Reckoning::load(app, &irker.irkerd()).await?;
    let left: Vec<_> = tellings.iter().flat_map(|telling| telling.left().to_vec()).collect();
    let room = reckoning.pace.room(app.clock.now().0, &left, irker.pacing.lines_in_irkerd);
    if room > 0 {
        let before = reckoning.pace.clone();
        reckoning.pace.given(app.clock.now().0, &left[..room]);
        // Written down first: what cannot be written down would be handed over again and again.
        if !reckoning.save(app).await? {
            return Ok(vec![(tellings[0].members[0].0, Answer::Again { after: TAKEN_AGAIN })]);
        }
        let outcome = irkerds.hand_over(irker.place(), &left[..room]).await;
        if outcome != Outcome::HandedOver {
            if !matches!(outcome, Outcome::Unknown { .. }) {
                reckoning.pace = before;
                reckoning.save(app).await?;
            }
            return Ok(try_again(app, tellings, outcome).await);
        }
    }
    Ok(conclude(app, tellings, room, &reckoning.pace).await)
}

/// Ends what irkerd has got whole, and remembers how far the first of the others has come.
async fn conclude(app: &App, tellings: Vec<Telling>, mut room: usize, pace: &Pace) -> Vec<(usize, Answer)> {
    let mut answers = Vec::new();
    for mut telling in tellings {
        let given = room.min(telling.left().len());
        (room, telling.handed) = (room - given, telling.handed + given);
        if let Some(next) = telling.left().first() {
            let after = pace.wait(app.clock.now().0, next);
            answers.extend(go_on_later(app, telling, (given, after)).await);
            break;
        }
        answers.extend(settle_all(app, telling).await);
    }
    answers
}

/// The first delivery is tried again; all others wait behind it.
async fn try_again(app: &App, tellings: Vec<Telling>, outcome: Outcome) -> Vec<(usize, Answer)> {
    let Some((at, first)) = tellings.into_iter().flat_map(|telling| telling.members).next() else {
        return Vec::new();
    };
    let task = first.task.clone();
    vec![(at, answer(&task, settle(app, first, outcome).await))]
}

/// Ends all members of a telling: the first as it was said, the others together with it.
async fn settle_all(app: &App, telling: Telling) -> Vec<(usize, Answer)> {
    let ends = telling.members.into_iter().enumerate().map(|(index, (at, due))| async move {
        let outcome = if index == 0 { Outcome::HandedOver } else { Outcome::Coalesced };
        let task = due.task.clone();
        (at, answer(&task, settle(app, due, outcome).await))
    });
    join_all(ends).await
}

/// Remembers, with the first member, how far the telling has come; if irkerd got nothing this time, that is known.
async fn go_on_later(
    app: &App,
    mut telling: Telling,
    (given, after): (usize, Duration),
) -> Option<(usize, Answer)> {
    let members = telling.members.len();
    let (at, first) = telling.members.drain(..).next()?;
    if given == 0 {
        return Some((at, Answer::Again { after }));
    }
    let progress = Progress { handed: telling.handed, members, of: telling.digest };
    let task = first.task.clone();
    Some((at, answer(&task, put_off(app, first, progress, after).await)))
}
