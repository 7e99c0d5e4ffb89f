//! The Lambda function behind `POST /commands/{command}`, GitLab's own addresses for slash commands, and what GitLab calls
//! back when it has run a job.
//!
//! Not here: anything but wiring; what it does is `app::doors::commands` and `app::gitlab_runs::callback`.

use std::sync::Arc;

use app::App;
use app::gitlab_runs::callback;
use app::http_target::Outbound;
use app::queue::{Queue, QueueName};
use app::seal::Sealer;
use aws::Environment;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let (table, queue) = (environment.table()?, environment.queue(&[QueueName::Runs])?);
    tokio::join!(table.warm_up(), queue.warm_up());
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?);
    let app = Arc::new(app.found_at(environment.addresses()?));
    let outbound = Outbound::new(environment.guard()?)?;
    let queue: Arc<dyn Queue> = Arc::new(queue);
    let router = app::doors::commands::router(Arc::clone(&app), Arc::clone(&queue), outbound)
        .merge(callback::router(app, queue));
    aws::serve_http(router).await.map_err(anyhow::Error::from_boxed)
}
