//! What becomes of slash commands on one machine: the runs queue worked on, jobs run here or at GitLab.
//!
//! Not here: what a run goes through (`jobs::run_job`).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use app::Causes;
use app::clock::Clock;
use app::egress::Guard;
use app::executor::Executor;
use app::gitlab_runs::GitLabRuns;
use app::http_target::Outbound;
use app::queue::{Queue, QueueName};
use embedded::{Consumer, Serving};

use jobs::find::{Finder, Git, Locals};
use jobs::local::{Local, User};
use jobs::run_job::{Executors, Hands, handle};

use crate::house::House;

/// How many tasks are under way at the same time: each of a run that goes on waits for its end, and none holds up answers.
const TASKS_AT_ONCE: usize = 64;

/// How long a look at a run waits for its end. That costs nothing here, and a stop waits no longer than it has to.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one task may take: a repository that is slow has a minute, and then the job is begun and looked at.
const TASK_MAX: Duration = Duration::from_mins(3);

/// Everything that a run is taken through its states with. Jobs run as this user, where it is root who asks.
pub(crate) fn hands(house: &House, (guard, outbound): (&Guard, &Outbound), user: &str) -> Hands {
    let queue: Arc<dyn Queue> = Arc::new(house.store.queue());
    let gitlab = GitLabRuns::new(Arc::clone(&house.app), outbound.clone(), Arc::clone(&queue));
    Hands {
        finder: Finder::new(Git::default(), guard.clone(), Locals::Allowed).asking(outbound.clone()),
        outbound: outbound.clone(),
        queue,
        executors: Executors { local: local(house, user), codebuild: None, gitlab: Some(Arc::new(gitlab)) },
        patience: PATIENCE,
    }
}

/// Never as root: without somebody to run them as, jobs do not run here.
fn local(house: &House, user: &str) -> Option<Arc<dyn Executor>> {
    match User::to_run_as(user) {
        Ok(user) => Some(Arc::new(Local::new(&house.folder.display().to_string(), user, Clock::System))),
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "jobs do not run on this machine");
            None
        }
    }
}

/// Works on the queue until it is time to stop.
pub(crate) fn consume(
    house: &House,
    serving: Serving,
    stop: impl Future<Output = ()> + Send + 'static,
    hands: Hands,
) -> impl Future<Output = ()> + Send + 'static {
    let app = Arc::clone(&house.app);
    let handler = move |run: Vec<embedded::Received>| {
        let (app, hands) = (Arc::clone(&app), hands.clone());
        async move {
            let bodies: Vec<&str> = run.iter().map(|received| received.body.as_str()).collect();
            handle(&app, &hands, &bodies).await
        }
    };
    let consumer = Consumer {
        queue: QueueName::Runs,
        concurrency: TASKS_AT_ONCE,
        run_max: 1,
        handler_time: TASK_MAX,
        drain_time: crate::serve::DRAIN_MAX,
    };
    async move { serving.consume(consumer, handler, stop).await }
}
