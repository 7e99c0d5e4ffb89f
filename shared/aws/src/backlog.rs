//! What an operator asks of the queues, on SQS. What was set aside is in two places: in the table, what had too many faults
//! (`app::faults`), and in a dead-letter queue, what SQS gave up itself, which no function could be given or count. A queue
//! names its dead-letter queue itself, in its redrive policy.
//!
//! Dead letters are looked at by taking them for a moment: while that lasts, nobody else sees them, and if this program
//! is stopped they are there again when it is over. One that is sent again is removed only after that. Its id in an
//! ordered queue is made of the dead letter's own, so that a second sending of the same is dropped by SQS itself.
//!
//! Not here: SQS's own redrive, which keeps the ids that its queue has just seen, and so loses what dies twice in five
//! minutes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use app::App;
use app::backlog::{Backlog, DeadLetter, Depth, PORTION_MAX, Redriven};
use app::clock::Timestamp;
use app::queue::{QueueError, QueueName};
use app::set_aside::{self, SetAside};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};

use crate::queue::{QueueUrls, unavailable};

/// How long a dead letter is hidden while it is looked at or sent, in seconds: ten sendings that each take their time.
const HIDDEN_S: i32 = 60;

/// How long to wait for more, in seconds: shorter, and SQS asks only some of its machines.
const WAIT_S: i32 = 1;

/// Later than anything was set aside.
const EVER: Timestamp = Timestamp(i64::MAX);

/// How many takings in a row look for what has not been seen.
const LOOKS_MAX: usize = 100;

/// The queues of a deployed Bellhop.
#[derive(Clone)]
pub struct SqsBacklog {
    client: Client,
    urls: QueueUrls,
    app: Arc<App>,
}

/// Why nothing can be said of a queue.
#[derive(Debug, thiserror::Error)]
enum BacklogError {
    /// Nobody said where it is.
    #[error("the {} queue's URL is not known here: set {}", _0.as_str(), crate::environment::queue_variable(*_0))]
    Nowhere(QueueName),
    /// It has none, or says so in a way of its own.
    #[error("the {} queue has no dead-letter queue", _0.as_str())]
    NoDeadLetters(QueueName),
    /// No answer of SQS is without it.
    #[error("SQS gave a dead letter without {0}")]
    Without(&'static str),
}

impl SqsBacklog {
    /// The queues at these URLs, and this app's table.
    pub fn new(client: Client, urls: QueueUrls, app: Arc<App>) -> Self {
        Self { client, urls, app }
    }

    fn url(&self, queue: QueueName) -> Result<&str, QueueError> {
        self.urls.get(&queue).map(String::as_str).ok_or_else(|| unavailable(BacklogError::Nowhere(queue)))
    }

    async fn attributes(&self, url: &str) -> Result<HashMap<QueueAttributeName, String>, QueueError> {
        let question = self.client.get_queue_attributes().queue_url(url);
        let answer = question.attribute_names(QueueAttributeName::All).send().await.map_err(unavailable)?;
        Ok(answer.attributes.unwrap_or_default())
    }

    async fn dead_letter_url(&self, queue: QueueName) -> Result<String, QueueError> {
        let attributes = self.attributes(self.url(queue)?).await?;
        let policy =
            attributes.get(&QueueAttributeName::RedrivePolicy).map(String::as_str).unwrap_or_default();
        let policy: serde_json::Value = serde_json::from_str(policy).unwrap_or_default();
        let arn = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
        // arn:aws:sqs:REGION:ACCOUNT:NAME, and a dead-letter queue is in its queue's own region and account.
        let name = arn.split(':').nth(5).ok_or_else(|| unavailable(BacklogError::NoDeadLetters(queue)))?;
        let answer = self.client.get_queue_url().queue_name(name).send().await.map_err(unavailable)?;
        answer.queue_url.ok_or_else(|| unavailable(BacklogError::NoDeadLetters(queue)))
    }

    /// Takes some dead letters for a while.
    async fn take(&self, url: &str, limit: usize) -> Result<Vec<Message>, QueueError> {
        let order = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(limit.clamp(1, PORTION_MAX)).unwrap_or(1))
            .visibility_timeout(HIDDEN_S)
            .wait_time_seconds(WAIT_S)
            .message_system_attribute_names(MessageSystemAttributeName::All);
        Ok(order.send().await.map_err(unavailable)?.messages.unwrap_or_default())
    }

    /// Lets a dead letter be seen again at once.
    async fn give_back(&self, url: &str, message: &Message) -> Result<(), QueueError> {
        let receipt = message.receipt_handle.as_deref().unwrap_or_default();
        let order = self.client.change_message_visibility().queue_url(url).receipt_handle(receipt);
        order.visibility_timeout(0).send().await.map_err(unavailable)?;
        Ok(())
    }

    async fn send(
        &self,
        queue: QueueName,
        id: &str,
        (group, body): (Option<&str>, &str),
    ) -> Result<(), QueueError> {
        let order = self.client.send_message().queue_url(self.url(queue)?).message_body(body);
        let order = order.set_message_group_id(group.map(str::to_owned));
        let order = order.set_message_deduplication_id(queue.is_ordered().then(|| format!("redrive-{id}")));
        order.send().await.map_err(unavailable)?;
        Ok(())
    }

    /// The tasks in the table.
    async fn kept(
        &self,
        queue: QueueName,
        (limit, before): (usize, Timestamp),
    ) -> Result<Vec<SetAside>, QueueError> {
        set_aside::list(&self.app, queue, (limit, before)).await.map_err(unavailable)
    }

    /// Sends a dead letter to its queue, and removes it then.
    async fn bring_back(&self, queue: QueueName, (url, dead): (&str, &Message)) -> Result<(), QueueError> {
        let id = required(dead.message_id.as_deref(), "an id")?;
        let body = required(dead.body.as_deref(), "a body")?;
        let receipt = required(dead.receipt_handle.as_deref(), "a receipt")?;
        let group = attribute(dead, &MessageSystemAttributeName::MessageGroupId);
        self.send(queue, id, (group, body)).await?;
        let removal = self.client.delete_message().queue_url(url).receipt_handle(receipt);
        removal.send().await.map_err(unavailable)?;
        Ok(())
    }
}

#[async_trait]
impl Backlog for SqsBacklog {
    fn queues(&self) -> Vec<QueueName> {
        self.urls.keys().copied().collect()
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        let attributes = self.attributes(self.url(queue)?).await?;
        let dead = self.attributes(&self.dead_letter_url(queue).await?).await?;
        let count = |attributes: &HashMap<_, String>, name| {
            attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default()
        };
        let kept = self.kept(queue, (usize::MAX, EVER)).await?.len() as u64;
        let ready = QueueAttributeName::ApproximateNumberOfMessages;
        Ok(Depth {
            ready: count(&attributes, ready.clone()),
            later: count(&attributes, QueueAttributeName::ApproximateNumberOfMessagesDelayed),
            under_way: count(&attributes, QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            dead: kept
                + count(&dead, ready)
                + count(&dead, QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            waits_s: None,
        })
    }

    async fn dead_letters(&self, queue: QueueName, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        let kept = self.kept(queue, (limit, EVER)).await?;
        let limit = limit - kept.len();
        let url = self.dead_letter_url(queue).await?;
        let (mut seen, mut taken) = (BTreeSet::new(), Vec::new());
        for _ in 0..LOOKS_MAX {
            if taken.len() >= limit {
                break;
            }
            let some = self.take(&url, limit - taken.len()).await?;
            if some.is_empty() {
                break;
            }
            taken.extend(some.into_iter().filter(|dead| seen.insert(dead.message_id.clone())));
        }
        for dead in &taken {
            self.give_back(&url, dead).await?;
        }
        let kept = kept.into_iter().map(|task| Ok(task.shown(queue)));
        kept.chain(taken.iter().map(|dead| shown(queue, dead))).collect()
    }

    async fn redrive(
        &self,
        queue: QueueName,
        (limit, before): (usize, Timestamp),
    ) -> Result<Redriven, QueueError> {
        let kept = self.kept(queue, (limit.min(PORTION_MAX), before)).await?;
        for task in &kept {
            self.send(queue, &task.id, (task.group.as_deref(), &task.body)).await?;
            set_aside::forget(&self.app, queue, task).await.map_err(unavailable)?;
        }
        if !kept.is_empty() {
            return Ok(Redriven { sent: kept.len(), is_over: false });
        }
        let url = self.dead_letter_url(queue).await?;
        let taken = self.take(&url, limit).await?;
        let is_over = taken.is_empty();
        let mut sent = 0;
        for dead in &taken {
            // What has come back and died again stays hidden until this is over.
            if sent_at(dead) < before {
                self.bring_back(queue, (&url, dead)).await?;
                sent += 1;
            }
        }
        Ok(Redriven { sent, is_over })
    }
}

fn required<'a>(value: Option<&'a str>, what: &'static str) -> Result<&'a str, QueueError> {
    value.ok_or_else(|| unavailable(BacklogError::Without(what)))
}

fn attribute<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> Option<&'a str> {
    message.attributes.as_ref()?.get(name).map(String::as_str)
}

fn sent_at(message: &Message) -> Timestamp {
    let sent = attribute(message, &MessageSystemAttributeName::SentTimestamp);
    Timestamp(sent.and_then(|sent| sent.parse().ok()).unwrap_or_default())
}

fn shown(queue: QueueName, dead: &Message) -> Result<DeadLetter, QueueError> {
    let tries = attribute(dead, &MessageSystemAttributeName::ApproximateReceiveCount);
    Ok(DeadLetter {
        queue: queue.as_str(),
        id: required(dead.message_id.as_deref(), "an id")?.to_owned(),
        body: required(dead.body.as_deref(), "a body")?.to_owned(),
        tries: tries.and_then(|tries| tries.parse().ok()).unwrap_or_default(),
        reason: None,
        at: sent_at(dead),
    })
}
