//! What a function is told by `template.yaml`, and the adapters made of it. Read once, at start.
//!
//! Not here: credentials and the region, which Lambda puts there itself (`sdk`).

#[cfg(feature = "codebuild")]
use std::sync::Arc;

use app::Addresses;
#[cfg(feature = "codebuild")]
use app::App;
use app::attempts::{AttemptLog, LogDaysError};
use app::clock::Clock;
use app::egress::Guard;
#[cfg(feature = "codebuild")]
use app::executor::Executor;
use app::queue::QueueName;
use aws_types::SdkConfig;
use config::WebUrlError;
use payload::Secret;
use relay::egress::{Policy, PolicyError};

#[cfg(feature = "codebuild")]
use crate::codebuild::{CodeBuild, Place};
use crate::queue::{QueueUrls, SqsQueue};
use crate::sdk;
use crate::table::DynamoTable;
use crate::trigger::Deferral;

const TABLE: &str = "BELLHOP_TABLE";
pub(crate) const SEALING_KEY: &str = "BELLHOP_SEALING_KEY";
const ADMIN_TOKEN: &str = "BELLHOP_ADMIN_TOKEN";
const ALLOW_EGRESS: &str = "BELLHOP_ALLOW_EGRESS";
const EGRESS_PORTS: &str = "BELLHOP_EGRESS_PORTS";
const LOG_DAYS: &str = "BELLHOP_LOG_DAYS";
const CONSOLE_URL: &str = "BELLHOP_CONSOLE_URL";
const HOOKS_URL: &str = "BELLHOP_HOOKS_URL";
const COMMANDS_URL: &str = "BELLHOP_COMMANDS_URL";
const PROXY_SECRET: &str = "BELLHOP_PROXY_SECRET";
#[cfg(feature = "codebuild")]
const CODEBUILD_PROJECT: &str = "BELLHOP_CODEBUILD_PROJECT";
#[cfg(feature = "codebuild")]
const CODEBUILD_BUCKET: &str = "BELLHOP_CODEBUILD_BUCKET";

/// What a function needs of its environment and does not find there.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable.
    #[error(
        "the environment variable {0} is not set or is empty; template.yaml, or Lambda itself, sets it for each function \
         that needs it"
    )]
    Missing(&'static str),
    /// The file that says whom to trust.
    #[error("the file {path} that AWS_CA_BUNDLE names cannot be read: {error}")]
    CaBundle {
        /// As the variable says.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
}

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
    hooks_url: Option<String>,
    commands_url: Option<String>,
    proxy_secret: Option<Secret>,
}

impl Environment {
    /// Reads everything. What only some functions need, and is missing, shows when it is asked for.
    pub fn load() -> Result<Self, EnvironmentError> {
        Ok(Self {
            shared: sdk::from_environment()?,
            table: read(TABLE),
            queue_urls: queue_urls(),
            sealing_key: read(SEALING_KEY).map(Secret::new),
            admin_token: read(ADMIN_TOKEN).map(Secret::new),
            allow_egress: read(ALLOW_EGRESS),
            egress_ports: read(EGRESS_PORTS),
            log_days: read(LOG_DAYS),
            console_url: read(CONSOLE_URL),
            hooks_url: read(HOOKS_URL),
            commands_url: read(COMMANDS_URL),
            proxy_secret: read(PROXY_SECRET).map(Secret::new),
        })
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
        self.sealing_key.as_ref().ok_or(EnvironmentError::Missing(SEALING_KEY))
    }

    /// The stack's own token for the API: `BELLHOP_ADMIN_TOKEN`.
    pub fn admin_token(&self) -> Result<&Secret, EnvironmentError> {
        self.admin_token.as_ref().ok_or(EnvironmentError::Missing(ADMIN_TOKEN))
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

    /// Where this Bellhop is reached: `BELLHOP_CONSOLE_URL`, `BELLHOP_HOOKS_URL` and `BELLHOP_COMMANDS_URL`, if they are
    /// set.
    pub fn addresses(&self) -> Result<Addresses, WebUrlError> {
        let url = |text: &Option<String>| text.as_deref().map(str::parse).transpose();
        let (console, hooks) = (url(&self.console_url)?, url(&self.hooks_url)?);
        Ok(Addresses { console, hooks, commands: url(&self.commands_url)? })
    }

    /// What the distribution before the functions proves itself by, if there is one: `BELLHOP_PROXY_SECRET`.
    pub fn proxy_secret(&self) -> Option<Secret> {
        self.proxy_secret.clone()
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

pub(crate) fn queue_urls() -> QueueUrls {
    let url = |queue| Some((queue, read(queue_variable(queue))?));
    QueueName::ALL.into_iter().filter_map(url).collect()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
pub(crate) fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn required<T>(value: Option<T>, name: &'static str) -> Result<T, EnvironmentError> {
    value.ok_or(EnvironmentError::Missing(name))
}
