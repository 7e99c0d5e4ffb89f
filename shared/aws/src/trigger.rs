//! What an SQS trigger hands over, run by run to a consumer, and the consumer's answers as Lambda wants them: the ids
//! of those that stay in the queue.
//!
//! In an ordered queue, SQS hands out nothing of a group while any item of it is hidden. So when the head of a run is put
//! off, what came with it is hidden no longer: it waits behind the head, and counts no handover of its own.
//!
//! Not here: what an item says (`app`), receiving and deleting: Lambda does both.

#[cfg(not(feature = "codebuild"))]
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use app::Causes;
use app::clock::{Clock, Timestamp};
use app::queue::{AGAIN_MAX, Answer, QueueName};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use futures_util::{FutureExt, StreamExt, stream};

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

/// SQS hides an item at most 12 h from when it was *received*; the item may have been here for as long as Lambda
/// lets a function run.
const HIDDEN_MAX: Duration = AGAIN_MAX.saturating_sub(Duration::from_mins(15));

/// How long a wait of an ordered queue is sat out in place: its first retries, irkerd's pace, or a task that was quicker
/// than its event's row. To give the item back would cost a handover, and where SQS is out of reach, the queue's own
/// time-out, which is minutes and holds up all the group.
const PATIENCE: Duration = Duration::from_secs(5);

/// The shortest wait in place, whatever the consumer asks for.
const WAIT_MIN: Duration = Duration::from_millis(100);

/// How an item is put off.
#[derive(Clone, Debug)]
pub enum Deferral {
    /// By the time that the consumer asks for.
    AsAsked {
        /// To tell SQS.
        sqs: Client,
        /// Where the item is.
        queue_url: String,
    },
    /// By the queue's own visibility timeout, whatever the consumer asks for: this function cannot reach SQS.
    QueueTimeout,
}

impl Deferral {
    /// Hides the item with this receipt for so long. Without success it comes back by the queue's own timeout:
    /// earlier or later than asked, never lost.
    pub async fn put_off(&self, receipt_handle: &str, after: Duration) {
        let Self::AsAsked { sqs, queue_url } = self else { return };
        let told = sqs
            .change_message_visibility()
            .queue_url(queue_url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(hidden_seconds(after))
            .send()
            .await;
        if let Err(error) = told {
            tracing::warn!(queue_url, error = %Causes(&error), "an item was not put off as asked");
        }
    }
}

/// One consumer of one queue.
#[derive(Debug)]
pub struct Trigger<H> {
    pub(crate) queue: QueueName,
    pub(crate) deferral: Deferral,
    pub(crate) clock: Clock,
    pub(crate) handler: H,
}

impl<H: AsyncFn(&[&str]) -> Vec<Answer>> Trigger<H> {
    /// Puts the items of a queue off in this way, and has the handler answer for runs of them.
    pub fn new(queue: QueueName, deferral: Deferral, handler: H) -> Self {
        Self { queue, deferral, clock: Clock::System, handler }
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
        let latest_start = latest_start(self.queue, self.clock.now(), deadline);
        let left = if self.queue.is_ordered() {
            self.group_by_group(&event.records, latest_start).await
        } else {
            self.side_by_side(&event.records, latest_start).await
        };
        let mut response = SqsBatchResponse::default();
        response.set_failures(left);
        response
    }

    /// Groups are none of each other's business: an irkerd that is down does not hold up the others.
    async fn group_by_group(&self, items: &[SqsMessage], latest_start: Timestamp) -> Vec<String> {
        let mut groups: Vec<(Option<&String>, Vec<&SqsMessage>)> = Vec::new();
        for item in items {
            let group = item.attributes.get("MessageGroupId");
            match groups.iter_mut().find(|(known, _)| *known == group) {
                Some((_, run)) => run.push(item),
                None => groups.push((group, vec![item])),
            }
        }
        let runs = groups.into_iter().map(|(_, run)| self.in_order(run, latest_start));
        stream::iter(runs).buffer_unordered(ITEMS_AT_ONCE_MAX).concat().await
    }

    /// Hands a run over again and again, without what is done, while the waits between are short. Gives what is left.
    async fn in_order(&self, mut run: Vec<&SqsMessage>, latest_start: Timestamp) -> Vec<String> {
        while !run.is_empty() && self.clock.now() <= latest_start {
            let answers = self.answers(&run).await;
            let done = answers.iter().take_while(|answer| **answer == Answer::Done).count();
            run.drain(..done);
            let Some(Answer::Again { after }) = answers.get(done) else { break };
            let wait = (*after).max(WAIT_MIN);
            if wait > PATIENCE || self.clock.now() + wait > latest_start {
                self.put_off_in_order(&run, *after).await;
                break;
            }
            tokio::time::sleep(wait).await;
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

    /// In no order, several at once.
    async fn side_by_side(&self, items: &[SqsMessage], latest_start: Timestamp) -> Vec<String> {
        stream::iter(items)
            .map(|item| async move {
                let answer = if self.clock.now() > latest_start {
                    // Untouched: the next invocation may have it at once.
                    Answer::Again { after: Duration::ZERO }
                } else {
                    self.answers(&[item]).await[0]
                };
                if let Answer::Again { after } = answer {
                    self.deferral.put_off(item.receipt_handle.as_deref().unwrap_or_default(), after).await;
                }
                (answer != Answer::Done).then(|| id(item))
            })
            .buffer_unordered(ITEMS_AT_ONCE_MAX)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    /// The consumer's answers, one for each item. Its panic is our own fault; to find out whose, each item of the run
    /// is then handed over by itself, up to the one that panics again.
    async fn answers(&self, run: &[&SqsMessage]) -> Vec<Answer> {
        if let Some(answers) = self.caught(run).await {
            return answers;
        }
        if let [item] = run {
            tracing::error!(queue = self.queue.as_str(), item = id(item), "the consumer of an item panicked");
            return vec![Answer::Fault];
        }
        let mut answers = Vec::new();
        for item in run {
            let answer = self.caught(&[item]).await.map_or(Answer::Fault, |answers| answers[0]);
            answers.push(answer);
            if answer != Answer::Done {
                break;
            }
        }
        answers
    }

    /// `None` if the consumer panics.
    async fn caught(&self, run: &[&SqsMessage]) -> Option<Vec<Answer>> {
        let tasks: Vec<_> =
            run.iter().map(|item| as_task(item.body.as_deref().unwrap_or_default())).collect();
        let bodies: Vec<_> = tasks.iter().map(AsRef::as_ref).collect();
        AssertUnwindSafe((self.handler)(&bodies)).catch_unwind().await.ok()
    }
}

/// Only where CodeBuild runs jobs, something else than our own tasks comes in.
#[cfg(not(feature = "codebuild"))]
fn as_task(item: &str) -> Cow<'_, str> {
    Cow::Borrowed(item)
}

/// Until when an item may be started.
fn latest_start(queue: QueueName, now: Timestamp, deadline: Timestamp) -> Timestamp {
    // Local stand-ins for Lambda give a length of time in the deadline's place, and then end nothing.
    let is_moment = deadline > now;
    let item_ms = i64::try_from(item_time_max(queue).as_millis()).unwrap_or(i64::MAX);
    Timestamp(if is_moment { deadline.0.saturating_sub(item_ms) } else { i64::MAX })
}

/// Names an item in the response. One without a name fails the whole batch, which is right: an empty name does so.
fn id(item: &SqsMessage) -> String {
    item.message_id.clone().unwrap_or_default()
}

/// Whole seconds, never fewer than asked unless SQS cannot hide an item for so long.
fn hidden_seconds(after: Duration) -> i32 {
    let seconds = after.min(HIDDEN_MAX).as_millis().div_ceil(1_000);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    /// Items are written `group:body`; the body says how the consumer takes it. Gives what was handled, and the
    /// ids (the item's position) of what was left.
    async fn check(queue: QueueName, items: &[&str], time_left: Duration) -> (Vec<String>, Vec<String>) {
        let records = items.iter().enumerate().map(|(position, item)| {
            let (group, body) = item.split_once(':').unwrap();
            serde_json::json!({
                "messageId": position.to_string(),
                "receiptHandle": "handle",
                "body": body,
                "attributes": { "MessageGroupId": group },
                "eventSource": "aws:sqs",
            })
        });
        let event = serde_json::json!({ "Records": records.collect::<Vec<_>>() });
        let handled = RefCell::new(Vec::new());
        let clock = Clock::manual(NOW);
        let trigger = Trigger {
            queue,
            deferral: Deferral::QueueTimeout,
            clock: clock.clone(),
            handler: async |run: &[&str]| {
                let mut answers = Vec::new();
                for body in run {
                    handled.borrow_mut().push((*body).to_owned());
                    answers.push(match *body {
                        "again" => Answer::Again { after: Duration::from_mins(1) },
                        "soon" if handled.borrow().len() == 1 => {
                            Answer::Again { after: Duration::from_millis(1) }
                        }
                        "fault" => Answer::Fault,
                        "panic" => panic!("as the test asked"),
                        "slow" => {
                            clock.advance(Duration::from_secs(20));
                            Answer::Done
                        }
                        _ => Answer::Done,
                    });
                    if answers.last() != Some(&Answer::Done) {
                        break;
                    }
                }
                answers
            },
        };
        let response = trigger.handle(serde_json::from_value(event).unwrap(), NOW + time_left).await;
        let left = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
        (handled.take(), left.collect())
    }

    const PLENTY: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_batch_that_is_done_leaves_nothing() {
        for queue in [QueueName::Irker, QueueName::Http] {
            let (handled, left) = check(queue, &["a:1", "b:2"], PLENTY).await;
            assert_eq!((handled, left), (vec!["1".to_owned(), "2".to_owned()], vec![]));
        }
    }

    #[tokio::test]
    async fn in_order_everything_of_the_group_waits_behind_what_is_not_done() {
        for trouble in ["again", "fault", "panic"] {
            let first = format!("a:{trouble}");
            let (mut handled, left) = check(QueueName::Irker, &[&first, "b:1", "a:2", "b:3"], PLENTY).await;
            // The panic of a run is looked for item by item.
            handled.dedup();
            assert_eq!(handled, [trouble, "1", "3"]);
            assert_eq!(left, ["0", "2"]);
        }
    }

    #[tokio::test]
    async fn in_order_what_comes_again_soon_is_waited_for_in_place() {
        let (handled, left) = check(QueueName::Irker, &["a:soon", "a:1"], PLENTY).await;
        assert_eq!((handled, left), (vec!["soon".to_owned(), "soon".to_owned(), "1".to_owned()], vec![]));
        let (handled, left) =
            check(QueueName::Irker, &["a:soon", "a:1"], item_time_max(QueueName::Irker)).await;
        assert_eq!((handled, left), (vec!["soon".to_owned()], vec!["0".to_owned(), "1".to_owned()]));
    }

    #[tokio::test]
    async fn without_order_each_item_stands_for_itself() {
        let items = ["a:panic", "a:1", "a:again", "a:2", "a:fault"];
        let (handled, mut left) = check(QueueName::Http, &items, PLENTY).await;
        left.sort();
        assert_eq!(handled.len(), items.len());
        assert_eq!(left, ["0", "2", "4"]);
    }

    #[tokio::test]
    async fn what_could_not_be_ended_in_time_is_not_started() {
        for queue in [QueueName::Irker, QueueName::Http] {
            let (handled, left) =
                check(queue, &["a:slow", "b:1"], item_time_max(queue) + Duration::from_secs(10)).await;
            assert_eq!(handled, ["slow"], "{queue:?}");
            assert_eq!(left, ["1"], "{queue:?}");
        }
    }

    #[cfg(feature = "codebuild")]
    #[tokio::test]
    async fn the_end_of_a_build_comes_in_as_a_task() {
        let event = r#"a:{"source": "aws.codebuild", "detail-type": "CodeBuild Build State Change", "detail":
            {"additional-information": {"source": {"location": "b/runs/7/0123456789ab-0.zip"}}}}"#;
        let (handled, _) = check(QueueName::Http, &[event], PLENTY).await;
        assert_eq!(handled, [r#"{"task":"run_job_v1","run":"0123456789ab","project":7}"#]);
    }

    #[test]
    fn a_deadline_that_is_no_moment_ends_nothing() {
        let queue = QueueName::Http;
        assert_eq!(latest_start(queue, NOW, NOW + PLENTY) + item_time_max(queue), NOW + PLENTY);
        assert_eq!(latest_start(queue, NOW, Timestamp(600_000)), Timestamp(i64::MAX));
    }

    #[test]
    fn sqs_hides_an_item_at_least_as_long_as_asked() {
        assert_eq!(hidden_seconds(Duration::ZERO), 0);
        assert_eq!(hidden_seconds(Duration::from_millis(1)), 1);
        assert_eq!(hidden_seconds(Duration::from_hours(10)), 36_000);
        assert_eq!(hidden_seconds(Duration::MAX), 42_300);
    }
}
