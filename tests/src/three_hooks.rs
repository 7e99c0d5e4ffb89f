//! What is measured with: a project whose events go to three HTTP targets, in a stand-in for AWS.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::App;
use app::clock::{Chance, Clock};
use app::queue::QueueName;
use app::seal::Sealer;
use app::table::Table;
use aws::{DynamoTable, QueueUrls, SqsQueue};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use config::{HookId, HttpHook, Project, ProjectId, Source};
use payload::Secret;

use crate::aws_stub::AwsStub;

/// What the project's source expects its senders to know.
pub const SOURCE_SECRET: &str = "s3cret-of-the-source";

const TABLE: &str = "bellhop";
const SEALING_KEY: &str = "0123456789abcdef0123456789abcdef";
const QUEUE_URL: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/http";

/// A Bellhop in a stand-in for AWS, opened by the adapters that are deployed.
#[derive(Debug)]
pub struct ThreeHooks {
    config: SdkConfig,
    clock: Clock,
}

impl ThreeHooks {
    /// The name of the project's source.
    pub const SOURCE: &str = "diaspora";

    /// Stores the project. All its hooks post to `url`.
    pub async fn configure(aws: &AwsStub, url: &str, clock: Clock) -> Self {
        let environment: BTreeMap<_, _> = aws.environment().into_iter().collect();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(&environment["AWS_ENDPOINT_URL"])
            .region(Region::new(environment["AWS_REGION"].clone()))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "of no meaning here", None, None, "test"))
            .load()
            .await;
        let bellhop = Self { config, clock };
        app::projects::create(&bellhop.app(), project(url)).await.expect("it can be saved");
        aws.take_calls();
        bellhop
    }

    /// A process's own: it remembers nothing yet.
    pub fn app(&self) -> App {
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let table: Arc<dyn Table> = Arc::new(DynamoTable::new(client, TABLE, self.clock.clone()));
        let sealer = Sealer::new(&Secret::new(SEALING_KEY)).expect("a key");
        App::with(table, sealer, self.clock.clone(), Chance::System)
    }

    /// The queue that leads to the hooks.
    pub fn queue(&self) -> SqsQueue {
        let urls = QueueUrls::from([(QueueName::Http, QUEUE_URL.to_owned())]);
        SqsQueue::new(aws_sdk_sqs::Client::new(&self.config), urls)
    }

    /// What the functions are told of it, and may connect to.
    pub fn environment() -> Vec<(&'static str, String)> {
        [
            ("BELLHOP_TABLE", TABLE),
            ("BELLHOP_SEALING_KEY", SEALING_KEY),
            ("BELLHOP_HTTP_QUEUE_URL", QUEUE_URL),
            ("BELLHOP_IRKER_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/000000000000/irker.fifo"),
            (
                "BELLHOP_HTTP_ORDERED_QUEUE_URL",
                "https://sqs.eu-west-1.amazonaws.com/000000000000/ordered.fifo",
            ),
            ("BELLHOP_RUNS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/000000000000/runs"),
            ("BELLHOP_ADMIN_TOKEN", "a token of scope admin, 32 characters long"),
            ("BELLHOP_ALLOW_EGRESS", "127.0.0.1"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }
}

fn project(url: &str) -> Project {
    Project {
        id: ProjectId(1),
        path: "mike/diaspora".to_owned().try_into().expect("a path"),
        source: Source {
            id: ThreeHooks::SOURCE.parse().expect("an id"),
            forge: None,
            secrets: vec![Secret::new(SOURCE_SECRET)],
            allow_unsigned: false,
        },
        irker: None,
        hooks: (1..=3).map(|number| HttpHook::to(HookId(number), url)).collect(),
        last_hook: HookId(3),
        rate_limit: None,
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    }
}
