//! The Lambda function that posts deliveries to HTTP targets, several at once, or those of a target in order.
//!
//! Not here: anything but wiring; what it does is `app::relay_http`.

use std::sync::Arc;

use app::App;
use app::http_target::Outbound;
use app::queue::QueueName;
use app::seal::Sealer;
use aws::{Environment, EnvironmentError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let table = environment.table()?;
    table.warm_up().await;
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?).logging(environment.log()?);
    let app = app.gathering();
    let outbound = Outbound::new(environment.guard()?)?;
    let handler = async |run: &[&str]| app::relay_http::handle(&app, &outbound, run).await;
    let queue = |queue| Ok::<_, EnvironmentError>((queue, environment.deferral(queue)?));
    let queues = [queue(QueueName::Http)?, queue(QueueName::HttpOrdered)?];
    aws::serve_queues(&app, queues, handler).await.map_err(anyhow::Error::from_boxed)
}
