//! Bellhop on AWS: a DynamoDB table, SQS queues, and the glue between Lambda and the use cases.
//!
//! Not here: what is stored and what is done with it (`app`), which resources there are and who may use them
//! (`template.yaml`), and reading a queue: Lambda does that, and hands over batches.
//!
//! A function's `main` goes: [`start_logging`], [`Environment::load`], the adapters it needs, then
//! [`serve_http`], [`serve_queues`] or [`serve_schedule`], which only return when Lambda ends the process.

#[cfg(feature = "operators")]
mod backlog;
mod backoff;
#[cfg(feature = "codebuild")]
pub mod codebuild;
mod environment;
mod logging;
#[cfg(feature = "operators")]
mod operators;
mod queue;
mod reads;
mod row;
mod sdk;
#[cfg(feature = "operators")]
mod secrets;
mod serve;
mod table;
mod trigger;

#[cfg(feature = "operators")]
pub use backlog::SqsBacklog;
pub use environment::{Environment, EnvironmentError};
pub use logging::start_logging;
#[cfg(feature = "operators")]
pub use operators::{OpenError, open_backlog, open_queue, open_table};
pub use queue::{QueueUrls, SqsQueue};
#[cfg(feature = "operators")]
pub use secrets::{SecretError, secret};
pub use serve::{behind_proxy, serve_http, serve_http_and_then, serve_queues, serve_schedule};
pub use table::DynamoTable;
pub use trigger::{Deferral, Trigger, item_time_max};
