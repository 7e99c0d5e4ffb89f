//! The Lambda function that hands deliveries to irkerds, from an ordered queue.
//!
//! Not here: anything but wiring; what it does is `app::relay_irker`. It sits near irkerd, where SQS may be out of
//! reach, so that what is to be tried again waits for the queue's own time-out.

use std::sync::Arc;

use app::App;
use app::queue::QueueName;
use app::seal::Sealer;
use aws::{Deferral, Environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let table = environment.table()?;
    table.warm_up().await;
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?).logging(environment.log()?);
    let guard = environment.guard()?;
    let handler = async |run: &[&str]| app::relay_irker::handle(&app, &guard, run).await;
    aws::serve_queues(&app, [(QueueName::Irker, Deferral::QueueTimeout)], handler)
        .await
        .map_err(anyhow::Error::from_boxed)
}
