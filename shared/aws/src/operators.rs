//! What an operator's program opens of a deployed Bellhop.
//!
//! Here the SDK looks for credentials and a region itself, as AWS's own programs do: profiles, single sign-on, the
//! environment.

use std::sync::Arc;

use app::App;
use app::clock::Clock;
use app::queue::QueueName;
use app::seal::{SealError, Sealer};
use aws_config::{BehaviorVersion, SdkConfig};
use payload::Secret;

use crate::backlog::SqsBacklog;
use crate::environment::{SEALING_KEY, queue_urls, queue_variable, read};
use crate::queue::SqsQueue;
use crate::sdk::timeouts;
use crate::table::DynamoTable;

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

/// The table of this name, with the key in `BELLHOP_SEALING_KEY`.
pub async fn open_table(name: &str) -> Result<Arc<App>, OpenError> {
    let key = read(SEALING_KEY).map(Secret::new).ok_or(OpenError::NoKey)?;
    let sealer = Sealer::new(&key)?;
    let client = aws_sdk_dynamodb::Client::new(&shared().await);
    Ok(Arc::new(App::new(Arc::new(DynamoTable::new(client, name, Clock::System)), sealer)))
}

/// The queues that carry deliveries, named by the same variables as the functions have.
pub async fn open_queue() -> Result<SqsQueue, OpenError> {
    let urls = queue_urls();
    match QueueName::DELIVERIES.into_iter().find(|queue| !urls.contains_key(queue)) {
        Some(missing) => Err(OpenError::NoQueue { variable: queue_variable(missing) }),
        None => Ok(SqsQueue::new(aws_sdk_sqs::Client::new(&shared().await), urls)),
    }
}

/// What waits in those queues that the environment names, and what was set aside there.
pub async fn open_backlog(app: Arc<App>) -> SqsBacklog {
    SqsBacklog::new(aws_sdk_sqs::Client::new(&shared().await), queue_urls(), app)
}

/// What all clients share.
pub(crate) async fn shared() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts()).load().await
}
