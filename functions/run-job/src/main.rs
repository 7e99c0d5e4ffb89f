//! The Lambda function that takes runs through their states, and tells chats of them.
//!
//! Not here: anything but wiring; what it does is `jobs::run_job`.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::gitlab_runs::GitLabRuns;
use app::http_target::Outbound;
use app::queue::{Queue, QueueName};
use app::seal::Sealer;
use aws::Environment;
use jobs::find::{Finder, Git, Locals};
use jobs::run_job::{Executors, Hands, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    aws::start_logging();
    let environment = Environment::load()?;
    let (table, queue) = (environment.table()?, environment.queue(&[QueueName::Runs])?);
    tokio::join!(table.warm_up(), queue.warm_up());
    let queue: Arc<dyn Queue> = Arc::new(queue);
    let app = App::new(Arc::new(table), Sealer::new(environment.sealing_key()?)?);
    let app = Arc::new(app.found_at(environment.addresses()?));
    let guard = environment.guard()?;
    let outbound = Outbound::new(guard.clone())?;
    let codebuild = environment.codebuild(Arc::clone(&app));
    let gitlab = GitLabRuns::new(Arc::clone(&app), outbound.clone(), Arc::clone(&queue));
    let hands = Hands {
        finder: Finder::new(Git::default(), guard, Locals::Refused).asking(outbound.clone()),
        outbound,
        queue,
        executors: Executors { local: None, codebuild, gitlab: Some(Arc::new(gitlab)) },
        patience: Duration::ZERO, // a function is paid for while it waits
    };
    let handler = async |run: &[&str]| handle(&app, &hands, run).await;
    let deferral = environment.deferral(QueueName::Runs)?;
    aws::serve_queues(&app, [(QueueName::Runs, deferral)], handler).await.map_err(anyhow::Error::from_boxed)
}
