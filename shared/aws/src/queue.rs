//! The queue port on SQS: FIFO queues for what is ordered, standard (fair) ones for all else.
//!
//! Not here: reading (a Lambda trigger does that, see `trigger`) and calls that failed as a whole: the SDK has
//! then tried several times already.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use app::queue::{Queue, QueueError, QueueName, Task};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use sha2::{Digest, Sha256};

use crate::backoff::Backoff;

/// How many tasks one request may carry: SQS's own limit.
const BATCH_TASKS_MAX: usize = 10;

/// How many bytes of tasks one request may carry: SQS's own limit, also for a single task.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// The longest group or deduplication id SQS takes.
const ID_BYTES_MAX: usize = 128;

/// A start waits no longer for its first connection: a queue out of reach is the first event's trouble.
const WARM_UP_MAX: Duration = Duration::from_secs(2);

/// Where the queues are that somebody sends to. Ordered ones are FIFO queues, all others are standard queues.
pub type QueueUrls = BTreeMap<QueueName, String>;

/// Why SQS did not take a task that it was asked to take.
#[derive(Debug, thiserror::Error)]
enum SendError {
    /// Our own fault: the same request would be refused again.
    #[error("SQS refused a task for the {} queue: {code}", queue.as_str())]
    Refused { queue: QueueName, code: String },
    /// Our own fault: nobody said where the queue is.
    #[error("the {} queue's URL is not known here", queue.as_str())]
    Nowhere { queue: QueueName },
    /// SQS's fault, and it did not go away.
    #[error("SQS left {left} tasks for the {} queue unsent, again and again", queue.as_str())]
    Unsent { queue: QueueName, left: usize },
}

/// The queues.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    urls: QueueUrls,
}

impl SqsQueue {
    /// The queues at these URLs.
    pub fn new(client: Client, urls: QueueUrls) -> Self {
        Self { client, urls }
    }

    /// Opens a connection, so that the first event does not wait for TLS; see [`crate::DynamoTable::warm_up`].
    pub async fn warm_up(&self) {
        let Some((queue, url)) = self.urls.first_key_value() else { return };
        // SQS refuses a batch of nothing, and any answer will do. Whoever may send may ask this.
        let nothing = self.client.send_message_batch().queue_url(url).set_entries(Some(Vec::new())).send();
        let answer = tokio::time::timeout(WARM_UP_MAX, nothing).await;
        if !matches!(answer, Ok(Ok(_) | Err(SdkError::ServiceError(_)))) {
            tracing::warn!(queue = queue.as_str(), "the queue did not answer at start");
        }
    }

    /// Sends until nothing is pending.
    async fn drain(&self, mut pending: Pending) -> Result<(), QueueError> {
        let mut backoff = Backoff::new();
        loop {
            let batch = pending.next_batch();
            if batch.is_empty() {
                return Ok(());
            }
            let unsent = self.send_batch(pending.queue, batch).await?;
            if unsent.is_empty() {
                continue;
            }
            pending.put_back(unsent);
            if !backoff.wait().await {
                return Err(unavailable(SendError::Unsent {
                    queue: pending.queue,
                    left: pending.entries.len(),
                }));
            }
        }
    }

    /// One request. Gives back what SQS did not take, but may take later.
    async fn send_batch(&self, queue: QueueName, mut batch: Vec<Entry>) -> Result<Vec<Entry>, QueueError> {
        let url = self.urls.get(&queue).ok_or_else(|| unavailable(SendError::Nowhere { queue }))?;
        let mut request = self.client.send_message_batch().queue_url(url);
        for (position, entry) in batch.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(position.to_string())
                .message_body(&entry.body)
                .message_group_id(&entry.group)
                // A standard queue refuses this.
                .set_message_deduplication_id(queue.is_ordered().then(|| entry.id.clone()))
                .build()
                .map_err(unavailable)?;
            request = request.entries(entry);
        }
        let failed = request.send().await.map_err(unavailable)?.failed;
        if let Some(refused) = failed.iter().find(|failure| failure.sender_fault) {
            return Err(unavailable(SendError::Refused { queue, code: refused.code.clone() }));
        }
        let failed: HashSet<usize> = failed.iter().filter_map(|failure| failure.id.parse().ok()).collect();
        let mut position = 0;
        batch.retain(|_| {
            position += 1;
            failed.contains(&(position - 1))
        });
        Ok(batch)
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError> {
        let mut pending: BTreeMap<QueueName, Pending> = BTreeMap::new();
        for task in tasks {
            let (queue, entry) = (task.queue(), Entry::new(&task).map_err(unavailable)?);
            pending.entry(queue).or_insert_with(|| Pending::new(queue)).entries.push_back(entry);
        }
        try_join_all(pending.into_values().map(|pending| self.drain(pending))).await.map(drop)
    }
}

pub(crate) fn unavailable(source: impl std::error::Error + Send + Sync + 'static) -> QueueError {
    QueueError::Unavailable(Box::new(source))
}

/// One task as SQS takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    group: String,
    id: String,
    body: String,
}

impl Entry {
    fn new(task: &Task) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(task)?;
        Ok(Self { group: sqs_id(task.group()), id: sqs_id(task.id()), body })
    }
}

/// The text itself if SQS takes it as an id, else its digest.
fn sqs_id(text: String) -> String {
    let is_fine =
        (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_fine { text } else { URL_SAFE_NO_PAD.encode(Sha256::digest(text)) }
}

/// What has still to be sent to one queue, in order.
#[derive(Debug)]
struct Pending {
    queue: QueueName,
    entries: VecDeque<Entry>,
}

impl Pending {
    fn new(queue: QueueName) -> Self {
        Self { queue, entries: VecDeque::new() }
    }

    /// Takes what goes into the next request.
    ///
    /// SQS may take one half of a request and not the other. So that no task of an ordered queue can overtake an
    /// earlier one of its group, a request carries only one of each group.
    fn next_batch(&mut self) -> Vec<Entry> {
        let mut batch: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        let mut groups = HashSet::new();
        let mut skipped = VecDeque::new();
        while let Some(entry) = self.entries.pop_front() {
            let is_full = batch.len() == BATCH_TASKS_MAX || bytes + entry.body.len() > BATCH_BYTES_MAX;
            if is_full && !batch.is_empty() {
                skipped.push_back(entry);
                break;
            }
            if self.queue.is_ordered() && !groups.insert(entry.group.clone()) {
                skipped.push_back(entry);
                continue;
            }
            bytes += entry.body.len();
            batch.push(entry);
        }
        skipped.append(&mut self.entries);
        self.entries = skipped;
        batch
    }

    /// Takes back what was not sent: it is again before all that follows it.
    fn put_back(&mut self, unsent: Vec<Entry>) {
        for entry in unsent.into_iter().rev() {
            self.entries.push_front(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(queue: QueueName, groups: &str) -> Pending {
        let mut pending = Pending::new(queue);
        for (number, group) in groups.chars().enumerate() {
            let entry = Entry { group: group.to_string(), id: number.to_string(), body: String::new() };
            pending.entries.push_back(entry);
        }
        pending
    }

    fn batches(mut pending: Pending) -> Vec<String> {
        let next = || Some(pending.next_batch()).filter(|batch| !batch.is_empty());
        std::iter::from_fn(next).map(|batch| batch.into_iter().map(|entry| entry.group).collect()).collect()
    }

    #[test]
    fn a_request_to_an_ordered_queue_carries_one_task_of_each_group() {
        assert_eq!(batches(pending(QueueName::Irker, "aabca")), ["abc", "a", "a"]);
        assert_eq!(batches(pending(QueueName::HttpOrdered, "abcdefghijkl")), ["abcdefghij", "kl"]);
    }

    #[test]
    fn a_request_to_an_unordered_queue_carries_what_comes() {
        assert_eq!(batches(pending(QueueName::Http, "aabca")), ["aabca"]);
        assert_eq!(batches(pending(QueueName::Http, "aaaaaaaaaaab")), ["aaaaaaaaaa", "ab"]);
    }

    #[test]
    fn a_request_stays_within_the_bytes_that_sqs_takes() {
        let mut large = pending(QueueName::Http, "abc");
        for entry in &mut large.entries {
            entry.body = "x".repeat(BATCH_BYTES_MAX / 2);
        }
        assert_eq!(batches(large), ["ab", "c"]);
    }

    #[test]
    fn a_task_that_is_too_large_is_sent_alone_for_sqs_to_refuse() {
        let mut large = pending(QueueName::Http, "ab");
        large.entries[0].body = "x".repeat(BATCH_BYTES_MAX + 1);
        assert_eq!(batches(large), ["a", "b"]);
    }

    #[test]
    fn what_was_not_sent_goes_before_what_follows_it() {
        let mut pending = pending(QueueName::Irker, "abab");
        let unsent = pending.next_batch();
        pending.put_back(unsent);
        let numbers: Vec<&str> = pending.entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(numbers, ["0", "1", "2", "3"]);
    }

    #[test]
    fn ids_that_sqs_would_refuse_are_digests() {
        assert_eq!(sqs_id("[::1]:6659".to_owned()), "[::1]:6659");
        let longest = "h".repeat(ID_BYTES_MAX);
        assert_eq!(sqs_id(longest.clone()), longest);
        for refused in [longest + "h", "räksmörgås:6659".to_owned(), "a b".to_owned(), String::new()] {
            let id = sqs_id(refused);
            assert_eq!(id.len(), 43);
            assert!(id.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
