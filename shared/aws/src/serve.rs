//! A Lambda function's main loop, over HTTP or over a queue.
//!
//! Not here: anything that is done once per start; that is `main`'s, before it calls these.

use app::clock::{Clock, Timestamp};
use app::queue::{Answer, QueueName};
use aws_lambda_events::sqs::SqsEvent;
use axum::Router;
use lambda_runtime::{Error, LambdaEvent, service_fn};

use crate::trigger::{Deferral, Trigger};

/// Serves a function URL until Lambda ends the process.
pub async fn serve_http(router: Router) -> Result<(), Error> {
    lambda_http::run(router).await
}

/// Serves an SQS trigger until Lambda ends the process: the handler gets runs of tasks (see [`app::queue`]). The trigger
/// must report partial batch responses.
pub async fn serve_queue<H>(queue: QueueName, deferral: Deferral, handler: H) -> Result<(), Error>
where
    H: AsyncFn(&[&str]) -> Vec<Answer>,
{
    let trigger = &Trigger { queue, deferral, clock: Clock::System, handler };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = Timestamp(i64::try_from(event.context.deadline).unwrap_or(i64::MAX));
        Ok::<_, Error>(trigger.handle(event.payload, deadline).await)
    }))
    .await
}
