//! What an SQS trigger hands over, run by run to a consumer, and the consumer's answers as Lambda wants them: the ids
//! of those that stay in the queue.
//!
//! In an ordered queue, SQS hands out nothing of a group while any item of it is hidden. So when the head of a run is put
//! off, what came with it is hidden no longer: it waits behind the head, and counts no handover of its own.
//!
//! An item that comes again after somebody had it and died is a suspect, and handled alone: see `app::faults`.
//!
//! Not here: what an item says (`app`), receiving and deleting: Lambda does both.

mod deferral;
mod faults;
#[cfg(test)]
mod tests;

#[cfg(not(feature = "codebuild"))]
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use app::App;
use app::clock::Timestamp;
use app::faults::{Fault, Known};
use app::queue::{Answer, QueueName};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::{sleep, timeout};

pub use self::deferral::Deferral;

#[cfg(feature = "codebuild")]
use crate::codebuild::event::as_task;

/// How many items of one batch are handled at once: a whole batch of `template.yaml`'s size. They mostly wait for
/// their targets.
const ITEMS_AT_ONCE_MAX: usize = 10;

/// How long an item of a queue may take: none is started later than this before Lambda ends the invocation. An irkerd has
/// about ten seconds, and an HTTP target what its hook gives it, thirty at the most; the rest is for the table. A run's
/// job may have to be fetched from a repository first.
pub const fn item_time_max(queue: QueueName) -> Duration {
    match queue {
        QueueName::Irker => Duration::from_secs(15),
        QueueName::Http | QueueName::HttpOrdered => Duration::from_secs(35),
        QueueName::Runs => Duration::from_mins(1),
    }
}

/// How long a wait of an ordered queue is sat out in place: its first retries, irkerd's pace, or a task that was quicker
/// than its event's row. To give the item back would cost a handover, and where SQS is out of reach, the queue's own
/// time-out, which is minutes and holds up all the group.
const PATIENCE: Duration = Duration::from_secs(5);

/// The shortest wait in place, whatever the consumer asks for.
const WAIT_MIN: Duration = Duration::from_millis(100);

/// How long before Lambda ends the invocation a consumer is stopped: time to write that down and to answer, so that the
/// others of the batch are not handed over again.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// One consumer of one queue.
pub struct Trigger<'a, H> {
    pub(crate) queue: QueueName,
    pub(crate) deferral: Deferral,
    /// Whose table counts faults, and whose clock tells when time is up.
    pub(crate) app: &'a App,
    pub(crate) handler: H,
}

/// When an invocation is to come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limits {
    /// Until when an item may be started.
    latest_start: Timestamp,
    /// When consumers are stopped.
    stop: Timestamp,
}

/// What became of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    Again { after: Duration },
    Fault(Fault),
}

/// The first item of a run.
#[derive(Clone, Copy)]
enum Head {
    Unknown,
    Known(Known),
    Begun(Known),
}

impl<'a, H: AsyncFn(&[&str]) -> Vec<Answer>> Trigger<'a, H> {
    /// Puts the items of a queue off in this way, and has the handler answer for runs of them.
    pub fn new(queue: QueueName, deferral: Deferral, app: &'a App, handler: H) -> Self {
        Self { queue, deferral, app, handler }
    }

    /// Whether a batch is from this consumer's queue. A function with one queue gets no other's, and may not know its URL.
    pub(crate) fn is_of(&self, batch: &SqsEvent) -> bool {
        let Deferral::AsAsked { queue_url, .. } = &self.deferral else { return true };
        // The ARN ends in the queue's name, as the URL does.
        let arn = batch.records.first().and_then(|item| item.event_source_arn.as_deref());
        arn.and_then(|arn| arn.rsplit(':').next()) == queue_url.rsplit('/').next()
    }

    /// Handles a batch until a deadline; what is not done stays in the queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        let limits = Limits::of(self.queue, self.app.clock.now(), deadline);
        // In boxes, here and around the handler: the compiler follows futures in each other only so deep.
        let left = if self.queue.is_ordered() {
            Box::pin(self.group_by_group(&event.records, limits)).await
        } else {
            Box::pin(self.side_by_side(&event.records, limits)).await
        };
        let mut response = SqsBatchResponse::default();
        response.set_failures(left);
        response
    }

    /// Groups are none of each other's business: an irkerd that is down does not hold up the others.
    async fn group_by_group(&self, items: &[SqsMessage], limits: Limits) -> Vec<String> {
        let mut groups: Vec<(Option<&String>, Vec<&SqsMessage>)> = Vec::new();
        for item in items {
            let group = item.attributes.get("MessageGroupId");
            match groups.iter_mut().find(|(known, _)| *known == group) {
                Some((_, run)) => run.push(item),
                None => groups.push((group, vec![item])),
            }
        }
        let [clear, suspects] = self.sorted(groups.into_iter().map(|(_, run)| run)).await;
        let clear = clear.into_iter().map(|(known, run)| self.in_order(run, known, limits));
        let mut left: Vec<String> = stream::iter(clear).buffer_unordered(ITEMS_AT_ONCE_MAX).concat().await;
        for (known, run) in suspects {
            left.extend(self.in_order(run, known, limits).await);
        }
        left
    }

    /// In no order, several at once.
    async fn side_by_side(&self, items: &[SqsMessage], limits: Limits) -> Vec<String> {
        let [clear, suspects] = self.sorted(items.iter().map(|item| vec![item])).await;
        let clear = clear.into_iter().map(|(known, item)| self.by_itself(item[0], known, limits));
        let clear = stream::iter(clear).buffer_unordered(ITEMS_AT_ONCE_MAX);
        let mut left: Vec<String> = clear.filter_map(std::future::ready).collect().await;
        for (known, item) in suspects {
            left.extend(self.by_itself(item[0], known, limits).await);
        }
        left
    }

    /// Those whose head nobody has died with, and the others: first those that had the fewest faults.
    async fn sorted<'b>(&self, runs: impl Iterator<Item = Vec<&'b SqsMessage>>) -> [Vec<Looked<'b>>; 2] {
        let looked = join_all(runs.map(async |run| (self.known(run[0]).await, run))).await;
        let (mut suspects, clear): (Vec<_>, Vec<_>) =
            looked.into_iter().partition(|(known, _)| known.is_suspect());
        suspects.sort_by_key(|(known, _)| known.faults());
        [clear, suspects]
    }

    /// Hands a run over again and again, without what is done, while the waits between are short. Gives what is left.
    async fn in_order(&self, mut run: Vec<&SqsMessage>, known: Known, limits: Limits) -> Vec<String> {
        // Should the fault be one of its followers', the head is not blamed again, nor is it itself by what they do.
        let is_alone = known.is_suspect() || known.faults() > 0;
        let mut is_suspect = known.is_suspect();
        let mut head = Head::Known(known);
        while let Some(item) = run.first().copied()
            && self.app.clock.now() <= limits.latest_start
        {
            let begun = match head {
                Head::Begun(known) => Some(known),
                Head::Known(known) => self.begin(item, known).await,
                Head::Unknown => self.begin(item, self.known(item).await).await,
            };
            head = Head::Unknown;
            let Some(known) = begun else {
                run.remove(0);
                continue;
            };
            let handed = if is_alone { 1 } else { run.len() };
            let endings = self.endings(&run[..handed], limits).await;
            let done = endings.iter().take_while(|ending| **ending == Ending::Done).count();
            if done > 0 && std::mem::take(&mut is_suspect) {
                self.note_innocent(item, known).await;
            }
            run.drain(..done);
            match endings.get(done) {
                None | Some(Ending::Done) => {}
                Some(Ending::Again { after }) => {
                    let wait = (*after).max(WAIT_MIN);
                    if wait > PATIENCE || self.app.clock.now() + wait > limits.latest_start {
                        if done == 0 {
                            self.note_put_off(item, known).await;
                        }
                        self.put_off_in_order(&run, *after).await;
                        break;
                    }
                    sleep(wait).await;
                    if done == 0 {
                        head = Head::Begun(known);
                    }
                }
                Some(Ending::Fault(fault)) => {
                    let known = if done == 0 { known } else { self.known(run[0]).await };
                    if !self.is_set_aside(run[0], known, *fault).await {
                        break;
                    }
                    run.remove(0);
                }
            }
        }
        run.into_iter().map(id).collect()
    }

    /// The head first: were another one visible before it is hidden for longer, it would still be the head's turn.
    async fn put_off_in_order(&self, run: &[&SqsMessage], after: Duration) {
        let mut after = after;
        for item in run {
            self.deferral.put_off(item.receipt_handle.as_deref().unwrap_or_default(), after).await;
            after = Duration::ZERO;
        }
    }

    /// Hands an item over. Gives its id if it is left.
    async fn by_itself(&self, item: &SqsMessage, known: Known, limits: Limits) -> Option<String> {
        let receipt = item.receipt_handle.as_deref().unwrap_or_default();
        if self.app.clock.now() > limits.latest_start {
            // Untouched: the next invocation may have it at once.
            self.deferral.put_off(receipt, Duration::ZERO).await;
            return Some(id(item));
        }
        let is_suspect = known.is_suspect();
        let known = self.begin(item, known).await?;
        match self.endings(&[item], limits).await[0] {
            Ending::Done => {
                if is_suspect {
                    self.note_innocent(item, known).await;
                }
                return None;
            }
            Ending::Again { after } => {
                self.note_put_off(item, known).await;
                self.deferral.put_off(receipt, after).await;
            }
            Ending::Fault(fault) => {
                if self.is_set_aside(item, known, fault).await {
                    return None;
                }
            }
        }
        Some(id(item))
    }

    /// What becomes of the items of a run, one ending for each up to the first that is not done. A panic is our own fault;
    /// to find out whose, each item of the run is then handed over by itself, up to the one that panics again.
    async fn endings(&self, run: &[&SqsMessage], limits: Limits) -> Vec<Ending> {
        match self.caught(run, limits).await {
            Ok(answers) => return answers.into_iter().map(Ending::from).collect(),
            Err(Fault::Panicked) if run.len() > 1 => {}
            Err(fault) => {
                tracing::error!(
                    queue = self.queue.as_str(),
                    item = id(run[0]),
                    reason = fault.as_str(),
                    "task.fault"
                );
                return vec![Ending::Fault(fault)];
            }
        }
        let mut endings = Vec::new();
        for item in run {
            let ending = match self.caught(&[item], limits).await {
                Ok(answers) => Ending::from(answers[0]),
                Err(fault) => Ending::Fault(fault),
            };
            endings.push(ending);
            if ending != Ending::Done {
                break;
            }
        }
        endings
    }

    /// The consumer's answers, unless it panics or has to be stopped.
    async fn caught(&self, run: &[&SqsMessage], limits: Limits) -> Result<Vec<Answer>, Fault> {
        let tasks: Vec<_> =
            run.iter().map(|item| as_task(item.body.as_deref().unwrap_or_default())).collect();
        let bodies: Vec<_> = tasks.iter().map(AsRef::as_ref).collect();
        let attempt = AssertUnwindSafe(Box::pin((self.handler)(&bodies))).catch_unwind();
        match timeout(limits.stop.since(self.app.clock.now()), attempt).await {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(_panic)) => Err(Fault::Panicked),
            Err(_elapsed) => Err(Fault::TookTooLong),
        }
    }
}

/// A run, and what is known of its head.
type Looked<'a> = (Known, Vec<&'a SqsMessage>);

impl From<Answer> for Ending {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Done => Self::Done,
            Answer::Again { after } => Self::Again { after },
            Answer::Fault => Self::Fault(Fault::Answered),
        }
    }
}

impl Limits {
    fn of(queue: QueueName, now: Timestamp, deadline: Timestamp) -> Self {
        let before = |time: Duration| {
            Timestamp(deadline.0.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
        };
        // Local stand-ins for Lambda give a length of time in the deadline's place, and then end nothing.
        if deadline <= now {
            return Self { latest_start: Timestamp(i64::MAX), stop: Timestamp(i64::MAX) };
        }
        Self { latest_start: before(item_time_max(queue)), stop: before(ANSWER_TIME) }
    }
}

/// Only where CodeBuild runs jobs, something else than our own tasks comes in.
#[cfg(not(feature = "codebuild"))]
fn as_task(item: &str) -> Cow<'_, str> {
    Cow::Borrowed(item)
}

/// Names an item in the response. One without a name fails the whole batch, which is right: an empty name does so.
fn id(item: &SqsMessage) -> String {
    item.message_id.clone().unwrap_or_default()
}
