//! The Lambda function behind `POST /hooks/{source}`.
//!
//! Not here: anything but wiring; what it does is `app::doors`.

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
    tokio::join!(table.warm_up(), queue.warm_up());
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?);
    let router = app::doors::router(Arc::new(app), Arc::new(queue));
    aws::serve_http(router).await.map_err(anyhow::Error::from_boxed)
}
