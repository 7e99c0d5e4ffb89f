//! The Lambda function behind `/api` and the console.
//!
//! Not here: anything but wiring; what it does is `api` and `console`.

use std::sync::Arc;

use api::Api;
use app::App;
use app::http_target::Outbound;
use app::queue::{Queue, QueueName};
use app::seal::Sealer;
use aws::Environment;
use console::Console;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let (table, queue) = (environment.table()?, environment.queue(&QueueName::ALL)?);
    tokio::join!(table.warm_up(), queue.warm_up());
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?).logging(environment.log()?);
    let app = Arc::new(app.admitting(environment.admin_token()?).found_at(environment.addresses()?));
    let outbound = Outbound::new(environment.guard()?)?;
    let queue: Arc<dyn Queue> = Arc::new(queue);
    let router = api::router(Api::new(Arc::clone(&app), Arc::clone(&queue), outbound.clone()))
        .merge(app::doors::link::router(Arc::clone(&app), outbound.clone()))
        .merge(console::router(Console { app, queue, outbound }));
    aws::serve_http(aws::behind_proxy(router, environment.proxy_secret()))
        .await
        .map_err(anyhow::Error::from_boxed)
}
