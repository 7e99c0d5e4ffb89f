//! An account at the emulator of AWS: tables and queues of one's own, by the real SDK and the adapters that are deployed.
//!
//! Not here: what AWS does and the emulator does not, such as throttling, or answering half of a batch.

use std::sync::{Arc, Weak};

use app::App;
use app::clock::{Chance, Clock};
use app::queue::QueueName;
use app::seal::Sealer;
use aws::{DynamoTable, QueueUrls};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::QueueAttributeName;
use end_to_end::Emulator;
use payload::Secret;
use tokio::sync::Mutex;

use crate::lambda::SEALING_KEY;

/// Runs as long as a test uses it: tests that run side by side share one.
static EMULATOR: Mutex<Weak<Emulator>> = Mutex::const_new(Weak::new());

/// What the SDK needs to take the emulator for AWS. Keeps it running.
pub(crate) struct Account {
    pub(crate) config: SdkConfig,
    pub(crate) emulator: Arc<Emulator>,
}

/// Queues as in `template.yaml`, and what is set aside.
pub(crate) struct Queues {
    pub(crate) urls: QueueUrls,
    pub(crate) dead_letter_urls: QueueUrls,
    /// In which programs find them.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Account {
    /// Opens one, or notes why the tests are skipped.
    pub(crate) async fn open(tests: &str) -> Option<Self> {
        let emulator = emulator(tests).await?;
        let environment = emulator.environment();
        let value =
            |name| environment.iter().find(|(key, _)| *key == name).expect("the emulator says it").1.clone();
        let (id, secret) = (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(value("AWS_ENDPOINT_URL"))
            .region(Region::new(value("AWS_REGION")))
            .credentials_provider(Credentials::new(id, secret, None, None, "emulator"))
            .load()
            .await;
        Some(Self { config, emulator })
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// A new table, which goes by this clock.
    pub(crate) async fn table(&self, clock: Clock) -> DynamoTable {
        let name = fresh("table");
        self.create_table(&name).await;
        DynamoTable::new(self.dynamo(), name, clock)
    }

    pub(crate) fn dynamo(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// A Bellhop on a new table of this name.
    pub(crate) async fn app(&self, table: &str) -> Arc<App> {
        self.create_table(table).await;
        let table = DynamoTable::new(self.dynamo(), table, Clock::System);
        let sealer = Sealer::new(&Secret::new(SEALING_KEY)).expect("a key");
        Arc::new(App::new(Arc::new(table), sealer))
    }

    /// A table as in `template.yaml`.
    pub(crate) async fn create_table(&self, name: &str) {
        let mut table =
            self.dynamo().create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        for (attribute, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let text = AttributeDefinition::builder().attribute_name(attribute);
            let text = text.attribute_type(ScalarAttributeType::S).build().expect("complete");
            let key = KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build();
            table = table.attribute_definitions(text).key_schema(key.expect("complete"));
        }
        table.send().await.expect("make the table");
    }

    /// New queues. A task is set aside after as many handovers as `handovers_max` says.
    pub(crate) async fn queues(&self, handovers_max: impl Fn(QueueName) -> u32) -> Queues {
        let mut queues = Queues {
            urls: QueueUrls::new(),
            dead_letter_urls: QueueUrls::new(),
            environment: self.emulator.environment(),
        };
        for queue in QueueName::ALL {
            let (url, dead_url) = self.queue_pair(queue, handovers_max(queue)).await;
            queues.urls.insert(queue, url);
            queues.dead_letter_urls.insert(queue, dead_url);
        }
        queues
    }

    async fn queue_pair(&self, queue: QueueName, handovers_max: u32) -> (String, String) {
        let name = fresh(queue.as_str());
        let dead_url = self.create_queue(&format!("{name}-dead"), queue, None).await;
        let arn = QueueAttributeName::QueueArn;
        let asked = self.sqs().get_queue_attributes().queue_url(&dead_url).attribute_names(arn.clone());
        let attributes = asked.send().await.expect("the queue answers").attributes.expect("it has a name");
        let redrive = serde_json::json!({
            "deadLetterTargetArn": attributes[&arn],
            "maxReceiveCount": handovers_max.to_string(),
        });
        (self.create_queue(&name, queue, Some(redrive.to_string())).await, dead_url)
    }

    async fn create_queue(&self, name: &str, queue: QueueName, redrive: Option<String>) -> String {
        let mut request = self.sqs().create_queue();
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
}

async fn emulator(tests: &str) -> Option<Arc<Emulator>> {
    let mut shared = EMULATOR.lock().await;
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let started = Arc::new(Emulator::start(tests).await?);
    *shared = Arc::downgrade(&started);
    Some(started)
}

/// A name that no other test has.
pub(crate) fn fresh(what: &str) -> String {
    format!("{what}-{:016x}", u64::from_le_bytes(Chance::System.bytes()))
}
