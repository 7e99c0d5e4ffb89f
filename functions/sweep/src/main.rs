//! The Lambda function that brings back what is due, each minute.
//!
//! Not here: anything but wiring; what it does is `app::sweep`.

use std::sync::Arc;

use app::App;
use app::queue::QueueName;
use app::seal::Sealer;
use aws::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let (table, queue) = (environment.table()?, environment.queue(&QueueName::ALL)?);
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?);
    aws::serve_schedule(async || app::sweep::sweep(&app, &queue).await)
        .await
        .map_err(anyhow::Error::from_boxed)
}
