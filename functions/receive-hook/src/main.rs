//! The Lambda function behind `POST /hooks/{source}`.
//!
//! Not here: anything but wiring; what it does is `app::doors`.

use std::sync::Arc;

use app::queue::QueueName;
use app::seal::Sealer;
use app::{App, flow};
use aws::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let (table, queue) = (environment.table()?, environment.queue(&QueueName::ALL)?);
    tokio::join!(table.warm_up(), queue.warm_up());
    let app = Arc::new(App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?));
    let router = app::doors::router(Arc::clone(&app), Arc::new(queue));
    let count = || {
        let app = Arc::clone(&app);
        async move { flow::write(&app).await }
    };
    aws::serve_http_and_then(router, count).await.map_err(anyhow::Error::from_boxed)
}
