//! What a function is told by `template.yaml`, and the adapters made of it. Read once, at start.
//!
//! Not here: credentials and the region, which the SDK reads itself.

use std::sync::Arc;
use std::time::Duration;

use app::attempts::{AttemptLog, LogDaysError};
use app::clock::Clock;
use app::egress::Guard;
#[cfg(feature = "codebuild")]
use app::executor::Executor;
use app::queue::QueueName;
use app::seal::{SealError, Sealer};
use app::{Addresses, App};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use config::WebUrlError;
use payload::Secret;
use relay::egress::{Policy, PolicyError};

#[cfg(feature = "codebuild")]
use crate::codebuild::{CodeBuild, Place};
use crate::queue::{QueueUrls, SqsQueue};
use crate::table::DynamoTable;
use crate::trigger::Deferral;

const TABLE: &str = "BELLHOP_TABLE";
const SEALING_KEY: &str = "BELLHOP_SEALING_KEY";
const ADMIN_TOKEN: &str = "BELLHOP_ADMIN_TOKEN";
const ALLOW_EGRESS: &str = "BELLHOP_ALLOW_EGRESS";
const EGRESS_PORTS: &str = "BELLHOP_EGRESS_PORTS";
const LOG_DAYS: &str = "BELLHOP_LOG_DAYS";
const CONSOLE_URL: &str = "BELLHOP_CONSOLE_URL";
const COMMANDS_URL: &str = "BELLHOP_COMMANDS_URL";
#[cfg(feature = "codebuild")]
const CODEBUILD_PROJECT: &str = "BELLHOP_CODEBUILD_PROJECT";
#[cfg(feature = "codebuild")]
const CODEBUILD_BUCKET: &str = "BELLHOP_CODEBUILD_BUCKET";

/// AWS is a millisecond away: who does not take a connection by now is not there.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// One try of one call, a full batch on a small function's share of the network included.
const TRY_MAX: Duration = Duration::from_secs(4);

/// One call with all its tries, within the 10 s that a forge gives a receiver.
const CALL_MAX: Duration = Duration::from_secs(8);

/// A variable that a function needs is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "the environment variable {0} is not set or is empty; template.yaml sets it for each function that needs it"
)]
pub struct EnvironmentError(&'static str);

/// The environment of one function.
#[derive(Debug)]
pub struct Environment {
    shared: SdkConfig,
    table: Option<String>,
    queue_urls: QueueUrls,
    sealing_key: Option<Secret>,
    admin_token: Option<Secret>,
    allow_egress: Option<String>,
    egress_ports: Option<String>,
    log_days: Option<String>,
    console_url: Option<String>,
    commands_url: Option<String>,
}

impl Environment {
    /// Reads everything. What is missing shows when it is asked for, since no function needs all.
    pub async fn load() -> Self {
        Self {
            shared: shared().await,
            table: read(TABLE),
            queue_urls: queue_urls(),
            sealing_key: read(SEALING_KEY).map(Secret::new),
            admin_token: read(ADMIN_TOKEN).map(Secret::new),
            allow_egress: read(ALLOW_EGRESS),
            egress_ports: read(EGRESS_PORTS),
            log_days: read(LOG_DAYS),
            console_url: read(CONSOLE_URL),
            commands_url: read(COMMANDS_URL),
        }
    }

    /// The table named by `BELLHOP_TABLE`.
    pub fn table(&self) -> Result<DynamoTable, EnvironmentError> {
        let client = aws_sdk_dynamodb::Client::new(&self.shared);
        Ok(DynamoTable::new(client, required(self.table.as_deref(), TABLE)?, Clock::System))
    }

    /// Sends to all these queues, at `BELLHOP_IRKER_QUEUE_URL` and so on.
    pub fn queue(&self, queues: &[QueueName]) -> Result<SqsQueue, EnvironmentError> {
        let urls = queues.iter().map(|queue| Ok((*queue, self.queue_url(*queue)?.to_owned())));
        Ok(SqsQueue::new(aws_sdk_sqs::Client::new(&self.shared), urls.collect::<Result<_, _>>()?))
    }

    /// Puts items of a queue off as their consumer asks: needs the queue's URL, and SQS within reach.
    pub fn deferral(&self, queue: QueueName) -> Result<Deferral, EnvironmentError> {
        let queue_url = self.queue_url(queue)?.to_owned();
        Ok(Deferral::AsAsked { sqs: aws_sdk_sqs::Client::new(&self.shared), queue_url })
    }

    /// What secrets in the table are sealed with: `BELLHOP_SEALING_KEY`.
    pub fn sealing_key(&self) -> Result<&Secret, EnvironmentError> {
        self.sealing_key.as_ref().ok_or(EnvironmentError(SEALING_KEY))
    }

    /// The stack's own token for the API: `BELLHOP_ADMIN_TOKEN`.
    pub fn admin_token(&self) -> Result<&Secret, EnvironmentError> {
        self.admin_token.as_ref().ok_or(EnvironmentError(ADMIN_TOKEN))
    }

    /// What may be connected to: everything public, what `BELLHOP_ALLOW_EGRESS` opens, and if `BELLHOP_EGRESS_PORTS`
    /// names ports, those alone.
    pub fn guard(&self) -> Result<Guard, PolicyError> {
        let list = |list: &Option<String>| list.clone().unwrap_or_default();
        Ok(Guard::new(Policy::parse(&list(&self.allow_egress), &list(&self.egress_ports))?))
    }

    /// The log of attempts, kept for `BELLHOP_LOG_DAYS` days.
    pub fn log(&self) -> Result<AttemptLog, LogDaysError> {
        self.log_days.as_deref().map_or_else(|| Ok(AttemptLog::default()), str::parse)
    }

    /// Where this Bellhop is reached: `BELLHOP_CONSOLE_URL` and `BELLHOP_COMMANDS_URL`, if they are set.
    pub fn addresses(&self) -> Result<Addresses, WebUrlError> {
        let url = |text: &Option<String>| text.as_deref().map(str::parse).transpose();
        Ok(Addresses { console: url(&self.console_url)?, commands: url(&self.commands_url)? })
    }

    /// The executor in AWS `CodeBuild`; `None` unless `BELLHOP_CODEBUILD_PROJECT` and `BELLHOP_CODEBUILD_BUCKET` say where.
    #[cfg(feature = "codebuild")]
    pub fn codebuild(&self, app: Arc<App>) -> Option<Arc<dyn Executor>> {
        let (project, bucket) = read(CODEBUILD_PROJECT).zip(read(CODEBUILD_BUCKET))?;
        Some(Arc::new(CodeBuild::new(app, &self.shared, Place { project, bucket })))
    }

    fn queue_url(&self, queue: QueueName) -> Result<&str, EnvironmentError> {
        required(self.queue_urls.get(&queue).map(String::as_str), queue_variable(queue))
    }
}

/// What names a queue's URL.
pub(crate) fn queue_variable(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Irker => "BELLHOP_IRKER_QUEUE_URL",
        QueueName::Http => "BELLHOP_HTTP_QUEUE_URL",
        QueueName::HttpOrdered => "BELLHOP_HTTP_ORDERED_QUEUE_URL",
        QueueName::Runs => "BELLHOP_RUNS_QUEUE_URL",
    }
}

fn queue_urls() -> QueueUrls {
    let url = |queue| Some((queue, read(queue_variable(queue))?));
    QueueName::ALL.into_iter().filter_map(url).collect()
}

/// Why an operator's program cannot work on a deployed Bellhop.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operator did not give the key.
    #[error("set the environment variable {SEALING_KEY} to the stack's key, from Secrets Manager")]
    NoKey,
    /// It is none.
    #[error(transparent)]
    Key(#[from] SealError),
    /// The operator did not say where a queue is.
    #[error(
        "set the environment variable {variable} to the URL of the stack's queue, which its outputs name"
    )]
    NoQueue {
        /// As the functions have it.
        variable: &'static str,
    },
}

/// A deployed Bellhop, for an operator's program: the table of this name, and the key in `BELLHOP_SEALING_KEY`.
pub async fn open_table(name: &str) -> Result<Arc<App>, OpenError> {
    let environment = Environment::load().await;
    let sealer = Sealer::new(environment.sealing_key.as_ref().ok_or(OpenError::NoKey)?)?;
    let client = aws_sdk_dynamodb::Client::new(&environment.shared);
    Ok(Arc::new(App::new(Arc::new(DynamoTable::new(client, name, Clock::System)), sealer)))
}

/// What waits in those queues of a deployed Bellhop that the environment names, and what was set aside there.
#[cfg(feature = "operators")]
pub async fn open_backlog() -> crate::backlog::SqsBacklog {
    let environment = Environment::load().await;
    crate::backlog::SqsBacklog::new(aws_sdk_sqs::Client::new(&environment.shared), environment.queue_urls)
}

/// What all clients share: region, credentials, and how long they wait.
pub(crate) async fn shared() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(TRY_MAX)
        .operation_timeout(CALL_MAX)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await
}

/// The queues of a deployed Bellhop, for an operator's program: named by the same variables as the functions have.
pub async fn open_queue() -> Result<SqsQueue, OpenError> {
    let missing = |EnvironmentError(variable)| OpenError::NoQueue { variable };
    Environment::load().await.queue(&QueueName::DELIVERIES).map_err(missing)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn required<'a>(value: Option<&'a str>, name: &'static str) -> Result<&'a str, EnvironmentError> {
    value.ok_or(EnvironmentError(name))
}
