//! The ports on AWS do what `app::conformance` says: `DynamoTable` and `SqsQueue`, against an emulator of DynamoDB
//! and SQS. (`embedded` runs the same suite beside its own code.)
//!
//! Not here: the emulator, and what it does not do (`account`).

use crate::account::{Account, Queues};

const TESTS: &str = "conformance on AWS";

mod table {
    use std::ops::Deref;

    use app::clock::{Clock, Timestamp};
    use aws::DynamoTable;

    use super::*;

    /// The table's clock; keeps the emulator running.
    struct OwnClock {
        clock: Clock,
        _account: Account,
    }

    impl Deref for OwnClock {
        type Target = Clock;

        fn deref(&self) -> &Clock {
            &self.clock
        }
    }

    async fn setup() -> Option<(DynamoTable, OwnClock)> {
        let account = Account::open(TESTS).await?;
        // Far from the emulator's own time: it must not matter that DynamoDB has a clock too.
        let clock = Clock::manual(Timestamp(4_000_000_000_001));
        let table = account.table(clock.clone()).await;
        Some((table, OwnClock { clock, _account: account }))
    }

    app::table_conformance!(setup);
}

mod queue {
    use std::time::Duration;

    use app::conformance::queue::{Consumer, Taken};
    use app::queue::{Answer, FAULTS_MAX, QueueName};
    use async_trait::async_trait;
    use aws::{Deferral, SqsQueue};
    use aws_sdk_sqs::Client;
    use aws_sdk_sqs::types::QueueAttributeName;

    use super::*;

    /// Does what Lambda's trigger does, and what `aws::serve_queues` tells it.
    struct SqsConsumer {
        client: Client,
        queues: Queues,
        _account: Account,
    }

    #[async_trait]
    impl Consumer for SqsConsumer {
        async fn take(&self, queue: QueueName, max: usize, lease: Duration) -> Vec<Taken> {
            let received = self
                .client
                .receive_message()
                .queue_url(&self.queues.urls[&queue])
                .max_number_of_messages(i32::try_from(max).expect("a small number"))
                .visibility_timeout(i32::try_from(lease.as_secs()).expect("a short lease"))
                .send()
                .await
                .expect("the queue answers");
            let taken = received.messages.unwrap_or_default().into_iter().map(|received| Taken {
                task: serde_json::from_str(&received.body.expect("it has a body")).expect("it is a task"),
                receipt: received.receipt_handle.expect("it has a receipt"),
            });
            taken.collect()
        }

        async fn answer(&self, queue: QueueName, taken: &Taken, answer: Answer) {
            let queue_url = self.queues.urls[&queue].clone();
            match answer {
                Answer::Done => {
                    let done =
                        self.client.delete_message().queue_url(queue_url).receipt_handle(&taken.receipt);
                    done.send().await.expect("the queue answers");
                }
                Answer::Again { after } => {
                    Deferral::AsAsked { sqs: self.client.clone(), queue_url }
                        .put_off(&taken.receipt, after)
                        .await;
                }
                // Left to the queue's own timeout: here, the lease.
                Answer::Fault => {}
            }
        }

        async fn dead_letters(&self, queue: QueueName) -> usize {
            let count = QueueAttributeName::ApproximateNumberOfMessages;
            let queue_url = &self.queues.dead_letter_urls[&queue];
            let asked =
                self.client.get_queue_attributes().queue_url(queue_url).attribute_names(count.clone());
            let attributes = asked.send().await.expect("the queue answers").attributes.expect("it counts");
            attributes[&count].parse().expect("a number")
        }

        async fn pass(&self, time: Duration) {
            tokio::time::sleep(time).await;
        }
    }

    async fn setup() -> Option<(SqsQueue, SqsConsumer)> {
        let account = Account::open(TESTS).await?;
        let (client, queues) = (account.sqs(), account.queues(|_| FAULTS_MAX).await);
        let queue = SqsQueue::new(client.clone(), queues.urls.clone());
        Some((queue, SqsConsumer { client, queues, _account: account }))
    }

    app::queue_conformance!(setup);
}
