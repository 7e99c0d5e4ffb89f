//! The ports on AWS do what `app::conformance` says: `DynamoTable` and `SqsQueue`, against an emulator of DynamoDB
//! and SQS. (`embedded` runs the same suite beside its own code.)
//!
//! Not here: what AWS does and the emulator does not, such as throttling, or answering half of a batch.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use app::clock::{Chance, Clock, Timestamp};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use end_to_end::Emulator;
use tokio::sync::Mutex;

/// Runs as long as a check uses it: checks that run side by side share one.
static EMULATOR: Mutex<Weak<Emulator>> = Mutex::const_new(Weak::new());

async fn emulator() -> Option<Arc<Emulator>> {
    let mut shared = EMULATOR.lock().await;
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let started = Arc::new(Emulator::start("conformance on AWS").await?);
    *shared = Arc::downgrade(&started);
    Some(started)
}

/// What the SDK needs to take the emulator for AWS.
async fn aws_at(emulator: &Emulator) -> SdkConfig {
    let environment = emulator.environment();
    let value =
        |name| environment.iter().find(|(key, _)| *key == name).expect("the emulator says it").1.clone();
    let key =
        Credentials::new(value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"), None, None, "emulator");
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(value("AWS_ENDPOINT_URL"))
        .region(Region::new(value("AWS_REGION")))
        .credentials_provider(key)
        .load()
        .await
}

fn fresh(what: &str) -> String {
    format!("{what}-{:016x}", u64::from_le_bytes(Chance::System.bytes()))
}

mod table {
    use aws::DynamoTable;
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };

    use super::*;

    /// The table's clock; keeps the emulator running.
    struct OwnClock {
        clock: Clock,
        _emulator: Arc<Emulator>,
    }

    impl Deref for OwnClock {
        type Target = Clock;

        fn deref(&self) -> &Clock {
            &self.clock
        }
    }

    async fn setup() -> Option<(DynamoTable, OwnClock)> {
        let emulator = emulator().await?;
        let client = Client::new(&aws_at(&emulator).await);
        let name = fresh("table");
        let mut table = client.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
        for (attribute, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let text = AttributeDefinition::builder().attribute_name(attribute);
            let text = text.attribute_type(ScalarAttributeType::S).build().expect("complete");
            let key = KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build();
            table = table.attribute_definitions(text).key_schema(key.expect("complete"));
        }
        table.send().await.expect("make the table");
        // Far from the emulator's own time: it must not matter that DynamoDB has a clock too.
        let clock = Clock::manual(Timestamp(4_000_000_000_001));
        let table = DynamoTable::new(client, name, clock.clone());
        Some((table, OwnClock { clock, _emulator: emulator }))
    }

    app::table_conformance!(setup);
}

mod queue {
    use std::time::Duration;

    use app::conformance::queue::{Consumer, Taken};
    use app::queue::{Answer, FAULTS_MAX, QueueName};
    use async_trait::async_trait;
    use aws::{Deferral, QueueUrls, SqsQueue};
    use aws_sdk_sqs::Client;
    use aws_sdk_sqs::types::QueueAttributeName;

    use super::*;

    /// Does what Lambda's trigger does, and what `aws::serve_queue` tells it.
    struct SqsConsumer {
        client: Client,
        urls: QueueUrls,
        dead_letter_urls: QueueUrls,
        _emulator: Arc<Emulator>,
    }

    #[async_trait]
    impl Consumer for SqsConsumer {
        async fn take(&self, queue: QueueName, max: usize, lease: Duration) -> Vec<Taken> {
            let received = self
                .client
                .receive_message()
                .queue_url(&self.urls[&queue])
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
            let queue_url = self.urls[&queue].clone();
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
            let queue_url = &self.dead_letter_urls[&queue];
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
        let emulator = emulator().await?;
        let client = Client::new(&aws_at(&emulator).await);
        let (mut urls, mut dead_letter_urls) = (QueueUrls::new(), QueueUrls::new());
        for queue in QueueName::ALL {
            let (url, dead_url) = queue_pair(&client, queue).await;
            urls.insert(queue, url);
            dead_letter_urls.insert(queue, dead_url);
        }
        let consumer =
            SqsConsumer { client: client.clone(), urls: urls.clone(), dead_letter_urls, _emulator: emulator };
        Some((SqsQueue::new(client, urls), consumer))
    }

    /// A queue and its dead-letter queue, as in `template.yaml` but for the shorter patience.
    async fn queue_pair(client: &Client, queue: QueueName) -> (String, String) {
        let name = fresh(queue.as_str());
        let dead_url = create_queue(client, &format!("{name}-dead"), queue, None).await;
        let arn = QueueAttributeName::QueueArn;
        let asked = client.get_queue_attributes().queue_url(&dead_url).attribute_names(arn.clone());
        let attributes = asked.send().await.expect("the queue answers").attributes.expect("it has a name");
        let redrive = serde_json::json!({
            "deadLetterTargetArn": attributes[&arn],
            "maxReceiveCount": FAULTS_MAX.to_string(),
        });
        let url = create_queue(client, &name, queue, Some(redrive.to_string())).await;
        (url, dead_url)
    }

    async fn create_queue(client: &Client, name: &str, queue: QueueName, redrive: Option<String>) -> String {
        let mut request = client.create_queue();
        if queue.is_ordered() {
            request = request
                .queue_name(format!("{name}.fifo"))
                .attributes(QueueAttributeName::FifoQueue, "true")
                .attributes(QueueAttributeName::DeduplicationScope, "messageGroup")
                .attributes(QueueAttributeName::FifoThroughputLimit, "perMessageGroupId");
        } else {
            request = request.queue_name(name);
        }
        if let Some(redrive) = redrive {
            request = request.attributes(QueueAttributeName::RedrivePolicy, redrive);
        }
        request.send().await.expect("make the queue").queue_url.expect("it has a URL")
    }

    app::queue_conformance!(setup);
}
