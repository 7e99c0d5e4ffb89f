//! The house on AWS: a table and queues at the emulator, and a loop that does what Lambda's event source mapping does. It
//! takes batches, has the trigger that is deployed handle them, removes what was done, and leaves the rest hidden.
//!
//! What the trigger sets aside is a row of the table; the dead-letter queues of SQS stay empty.
//!
//! SQS counts real seconds, and a dialogue moves a clock of its own. So what is put off is hidden for as long as SQS can,
//! and shown again when its time has come by the dialogue's clock.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::clock::{Chance, Clock, Timestamp};
use app::queue::{Answer, Queue, QueueError, QueueName, Task};
use app::seal::Sealer;
use app::table::Table;
use app::{App, set_aside};
use async_trait::async_trait;
use aws::{Deferral, SqsQueue, Trigger, item_time_max};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use futures_util::future::join_all;
use payload::Secret;
use serde_json::json;

use crate::account::{Account, Queues};
use crate::lambda::SEALING_KEY;

/// As long as SQS hides anything.
const HIDDEN_S: i32 = 12 * 60 * 60;

/// How long a fault rests: SQS would wait for the queue's own time-out.
const FAULT_REST: Duration = Duration::from_secs(5);

/// The most that SQS allows, as in `template.yaml`: no dialogue has it give anything up.
const HANDOVERS_MAX: u32 = 1_000;

/// The most that SQS hands out at once.
const BATCH_MAX: usize = 10;

/// How much longer the invocation may last than one item: less than the trigger waits in place, since the clock that it
/// would wait for stands still.
const MARGIN: Duration = Duration::from_millis(90);

pub(crate) struct House {
    sqs: Client,
    queues: Queues,
    table: Arc<dyn Table>,
    /// Counts faults.
    app: App,
    clock: Clock,
    hidden: Mutex<Vec<Hidden>>,
    stirred: Stirred,
    _account: Account,
}

/// The queues that something may be had from. Nobody asks the others, minute after minute.
type Stirred = Arc<Mutex<BTreeSet<QueueName>>>;

/// The queues as senders have them.
struct Senders {
    queue: SqsQueue,
    stirred: Stirred,
}

#[async_trait]
impl Queue for Senders {
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError> {
        self.stirred.lock().unwrap().extend(tasks.iter().map(Task::queue));
        self.queue.send(tasks).await
    }
}

/// What was put off, in the order in which it was taken.
struct Hidden {
    queue: QueueName,
    group: String,
    receipt: String,
    until: Timestamp,
}

impl House {
    /// A new one, which goes by this clock; `None` if the emulator is not installed.
    pub(crate) async fn new(clock: &Clock) -> Option<Self> {
        let account = Account::open("the use cases on AWS").await?;
        let queues = account.queues(|_| HANDOVERS_MAX).await;
        let table: Arc<dyn Table> = Arc::new(account.table(clock.clone()).await);
        let sealer = Sealer::new(&Secret::new(SEALING_KEY)).unwrap();
        let app = App::with(Arc::clone(&table), sealer, clock.clone(), Chance::System);
        let (sqs, clock, hidden, stirred) =
            (account.sqs(), clock.clone(), Mutex::default(), Stirred::default());
        Some(Self { sqs, queues, table, app, clock, hidden, stirred, _account: account })
    }

    pub(crate) fn table(&self) -> Arc<dyn Table> {
        Arc::clone(&self.table)
    }

    pub(crate) fn queue(&self) -> Arc<dyn Queue> {
        let queue = SqsQueue::new(self.sqs.clone(), self.queues.urls.clone());
        Arc::new(Senders { queue, stirred: Arc::clone(&self.stirred) })
    }

    /// Hands out a batch of at most `batch_max`. What was answered; empty if there is nothing.
    pub(crate) async fn hand_out(
        &self,
        queue: QueueName,
        batch_max: usize,
        handler: impl AsyncFn(&[&str]) -> Vec<Answer>,
    ) -> Vec<Answer> {
        self.show_what_is_due(queue).await;
        while self.stirred.lock().unwrap().contains(&queue) {
            let batch = self.take(queue, batch_max.min(BATCH_MAX)).await;
            let answered = RefCell::new(Vec::new());
            let noting = async |run: &[&str]| {
                let answers = handler(run).await;
                let bodies = run.iter().map(|body| (*body).to_owned());
                answered.borrow_mut().extend(bodies.zip(answers.iter().copied()));
                answers
            };
            let trigger = Trigger::new(queue, Deferral::QueueTimeout, &self.app, noting);
            let event = json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() });
            let deadline = self.clock.now() + item_time_max(queue) + MARGIN;
            let response = trigger.handle(serde_json::from_value(event).unwrap(), deadline).await;
            let left = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
            let (left, answered): (Vec<_>, Vec<_>) = (left.collect(), answered.take());
            let by_body = answered.iter().cloned().collect();
            join_all(batch.iter().map(|item| self.conclude(queue, item, (&left, &by_body)))).await;
            self.hide(queue, &batch, (&left, &by_body));
            if batch.is_empty() {
                self.stirred.lock().unwrap().remove(&queue);
            }
            if !answered.is_empty() {
                return answered.into_iter().map(|(_, answer)| answer).collect();
            }
        }
        Vec::new()
    }

    /// Removes an item that the function does not want to see again.
    async fn conclude(
        &self,
        queue: QueueName,
        item: &Message,
        (left, _): (&[String], &BTreeMap<String, Answer>),
    ) {
        if !left.contains(&item.message_id.clone().unwrap()) {
            let done = self.sqs.delete_message().queue_url(&self.queues.urls[&queue]);
            done.receipt_handle(receipt(item)).send().await.unwrap();
        }
    }

    fn hide(
        &self,
        queue: QueueName,
        batch: &[Message],
        (left, answers): (&[String], &BTreeMap<String, Answer>),
    ) {
        let is_left = |item: &&Message| left.contains(item.message_id.as_ref().unwrap());
        for item in batch.iter().filter(is_left) {
            let rest = match answers.get(item.body.as_ref().unwrap()) {
                Some(Answer::Again { after }) => *after,
                Some(Answer::Fault) => FAULT_REST,
                // Not looked at: it stood behind another one.
                Some(Answer::Done) | None => Duration::ZERO,
            };
            let (group, until) = (group(item), self.clock.now() + rest);
            self.hidden.lock().unwrap().push(Hidden { queue, group, receipt: receipt(item), until });
        }
    }

    /// Of an ordered group, nothing before what stands before it.
    async fn show_what_is_due(&self, queue: QueueName) {
        let (mut due, mut waiting) = (Vec::new(), Vec::new());
        {
            let mut hidden = self.hidden.lock().unwrap();
            for item in hidden.drain(..) {
                let is_behind = |before: &Hidden| before.queue == item.queue && before.group == item.group;
                let must_wait = item.queue.is_ordered() && waiting.iter().any(is_behind);
                if item.queue == queue && item.until <= self.clock.now() && !must_wait {
                    due.push(item.receipt);
                } else {
                    waiting.push(item);
                }
            }
            hidden.append(&mut waiting);
        }
        if !due.is_empty() {
            self.stirred.lock().unwrap().insert(queue);
        }
        for receipt in due {
            let show = self.sqs.change_message_visibility().queue_url(&self.queues.urls[&queue]);
            show.receipt_handle(receipt).visibility_timeout(0).send().await.unwrap();
        }
    }

    async fn take(&self, queue: QueueName, max: usize) -> Vec<Message> {
        let take = self.sqs.receive_message().queue_url(&self.queues.urls[&queue]);
        let take = take.max_number_of_messages(i32::try_from(max).unwrap()).visibility_timeout(HIDDEN_S);
        let taken = take.message_system_attribute_names(MessageSystemAttributeName::All).send();
        taken.await.unwrap().messages.unwrap_or_default()
    }

    /// How many tasks a queue holds, whether or not their time has come.
    pub(crate) async fn held(&self, queue: QueueName) -> usize {
        let counts = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let ask = self.sqs.get_queue_attributes().queue_url(&self.queues.urls[&queue]);
        let ask = ask.set_attribute_names(Some(counts.to_vec()));
        let found = ask.send().await.unwrap().attributes.unwrap();
        counts.iter().map(|count| found[count].parse::<usize>().unwrap()).sum()
    }

    /// The texts of the tasks that were set aside.
    pub(crate) async fn dead_letters(&self, queue: QueueName) -> Vec<String> {
        let all = (usize::MAX, Timestamp(i64::MAX));
        let tasks = set_aside::list(&self.app, queue, all).await.unwrap();
        tasks.into_iter().map(|task| task.body).collect()
    }
}

fn receipt(item: &Message) -> String {
    item.receipt_handle.clone().unwrap()
}

fn group(item: &Message) -> String {
    let attributes = item.attributes.as_ref();
    let group = attributes.and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
    group.cloned().unwrap_or_default()
}

/// An item as Lambda shows it to a function.
fn record(item: &Message) -> serde_json::Value {
    let attributes = item.attributes.iter().flatten().map(|(name, value)| (name.as_str().to_owned(), value));
    json!({
        "messageId": item.message_id,
        "receiptHandle": item.receipt_handle,
        "body": item.body,
        "attributes": attributes.collect::<BTreeMap<_, _>>(),
        "eventSource": "aws:sqs",
    })
}
