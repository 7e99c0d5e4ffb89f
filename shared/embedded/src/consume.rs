//! The loop between a queue and its handler: what an SQS trigger is on AWS.
//!
//! **No lease is renewed; the handler's time is bounded instead.** A handler that hangs would renew for ever, and
//! in an ordered queue hold up its group for ever; Lambda bounds its functions the same way. The bound runs on
//! the machine's monotonic clock, while leases end by the time of day. So a lease is far longer than any handler:
//! a clock that jumps, as when a laptop wakes up, must not hand over a second time what is still being handled.
//! Nobody waits for such a lease: if the process dies, the next one to serve reclaims it. And when the time of day is set
//! back, what is due or put off comes as much earlier, or all would wait until the old time has come again.
//!
//! Not here: what is done with a task, and which answer that deserves.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use app::Causes;
use app::clock::Timestamp;
use app::faults::Fault;
use app::queue::{Answer, QueueError, QueueName};
use futures_util::FutureExt as _;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::lease::{Lease, Leased, Received, Verdict};
use crate::store::Serving;

/// See the head of this module. Only an answer that was lost for good waits for it.
const LEASE: Duration = Duration::from_hours(7 * 24);

/// How often to look for what another process sent, and whether a delay is over by the time of day. A look reads
/// an index, and costs some microseconds.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The rest after the store failed: long enough not to fill the log, short enough to go on soon.
const STORE_REST: Duration = Duration::from_secs(1);

/// A clock that is set back by less is being kept right, as clocks are: nobody waits for that.
const SET_BACK_MIN: Duration = Duration::from_secs(1);

/// How a queue is consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Which.
    pub queue: QueueName,
    /// How many handlers run at the same time, at least one. Of an ordered group it is always one.
    pub concurrency: usize,
    /// How many tasks of an ordered group one handler gets at a time, at least one.
    pub run_max: usize,
    /// How long a handler may take. Then it is dropped, and the task has a fault.
    pub handler_time: Duration,
    /// How long handlers may go on after the shutdown began. Then they are dropped, and their tasks are free
    /// again, without a fault.
    pub drain_time: Duration,
}

/// Handlers at work, with the leases of their tasks.
#[derive(Default)]
struct Running {
    handlers: JoinSet<()>,
    leases: HashMap<task::Id, Vec<Lease>>,
    /// When there was a look last, by the time of day.
    looked_at: Option<Timestamp>,
}

impl Serving {
    /// Hands the tasks of one queue to `handler`, run by run, and does what it answers for each, until `shutdown`
    /// completes and the running handlers have ended. A handler that panics has answered with a fault for the head of
    /// its run.
    ///
    /// Whoever drops this future instead drops the handlers too, and their tasks stay out until the store is
    /// served anew.
    pub async fn consume<H, F>(&self, consumer: Consumer, handler: H, shutdown: impl Future<Output = ()>)
    where
        H: Fn(Vec<Received>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<Answer>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let mut shutdown = pin!(shutdown);
        let mut sent = self.store.sent.subscribe();
        let mut running = Running::default();
        loop {
            // Seen before looking, so that what is sent meanwhile rings again.
            sent.mark_unchanged();
            let pause = match self.hand_out(&consumer, &handler, &mut running).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(error = %Causes(&error), "queue.lease_failed");
                    STORE_REST
                }
            };
            let has_room = running.handlers.len() < consumer.concurrency.max(1);
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = running.handlers.join_next_with_id() => {
                    running.leases.remove(&id_of(&ended));
                }
                _ = sent.changed(), if has_room => {}
                () = sleep(pause), if has_room => {}
            }
        }
        self.drain(running, consumer.drain_time).await;
    }

    /// Starts a handler for each task that can be had, as far as there is room. Says how long to wait before the
    /// next look, if nothing else happens.
    async fn hand_out<H, F>(
        &self,
        consumer: &Consumer,
        handler: &Arc<H>,
        running: &mut Running,
    ) -> Result<Duration, QueueError>
    where
        H: Fn(Vec<Received>) -> F + Send + Sync + 'static,
        F: Future<Output = Vec<Answer>> + Send + 'static,
    {
        let free = consumer.concurrency.max(1).saturating_sub(running.handlers.len());
        let now = self.store.clock.now();
        let ahead = running.looked_at.replace(now).map_or(Duration::ZERO, |before| before.since(now));
        if ahead >= SET_BACK_MIN {
            tracing::warn!(queue = consumer.queue.as_str(), by_s = ahead.as_secs(), "clock.set_back");
            self.bring_forward(consumer.queue, ahead).await?;
        }
        match self.store.next_due(consumer.queue).await? {
            Some(due) if free > 0 && due <= now => {}
            Some(due) if due > now => return Ok(due.since(now).min(LOOK_EVERY)),
            Some(_) | None => return Ok(LOOK_EVERY),
        }
        let runs = self.lease_runs(consumer.queue, (free, consumer.run_max), LEASE).await?;
        // Nothing after all: its lease had run out, and it was set aside.
        let pause = if runs.is_empty() { LOOK_EVERY } else { Duration::ZERO };
        for run in runs {
            let (leases, received): (Vec<Lease>, Vec<Received>) =
                run.into_iter().map(|Leased { lease, received }| (lease, received)).unzip();
            let (serving, handler, limit) = (self.clone(), Arc::clone(handler), consumer.handler_time);
            let answered = leases.clone();
            let work = async move {
                let verdicts = handle(handler.as_ref(), received, limit).await;
                serving.settle_for_sure(answered.into_iter().zip(verdicts).collect()).await;
            };
            let id = running.handlers.spawn(work).id();
            running.leases.insert(id, leases);
        }
        Ok(pause)
    }

    /// Keeps its place among the running until the store has taken the answer: a task that was done must not be
    /// handed over again because the disk was full for a while.
    async fn settle_for_sure(&self, run: Vec<(Lease, Verdict)>) {
        while let Err(error) = self.settle(run.clone()).await {
            tracing::error!(error = %Causes(&error), "queue.answer_failed");
            sleep(STORE_REST).await;
        }
    }

    /// Lets handlers end, for a time.
    async fn drain(&self, mut running: Running, drain_time: Duration) {
        let all_end = async {
            while let Some(ended) = running.handlers.join_next_with_id().await {
                running.leases.remove(&id_of(&ended));
            }
        };
        if timeout(drain_time, all_end).await.is_ok() {
            return;
        }
        running.handlers.shutdown().await;
        tracing::warn!(handlers = running.leases.len(), "queue.handlers_dropped");
        let free = |lease| (lease, Verdict::Again { after: Duration::ZERO });
        if let Err(error) = self.settle(running.leases.into_values().flatten().map(free).collect()).await {
            tracing::error!(error = %Causes(&error), "queue.answer_failed");
        }
    }
}

/// What the handler says of each task of a run, or what is to be said of it: one verdict a task.
async fn handle<H, F>(handler: &H, run: Vec<Received>, limit: Duration) -> Vec<Verdict>
where
    H: Fn(Vec<Received>) -> F,
    F: Future<Output = Vec<Answer>>,
{
    let (id, count) = (run[0].id.clone(), run.len());
    let untouched = Verdict::Again { after: Duration::ZERO };
    // A panic leaves nothing of the handler behind but what it shares with other handlers, as on any thread.
    let attempt = AssertUnwindSafe(async { handler(run).await }).catch_unwind();
    let mut verdicts = match timeout(limit, attempt).await {
        Ok(Ok(answers)) => answers.into_iter().map(Verdict::from).collect(),
        Ok(Err(_panic)) => vec![fault(&id, Fault::Panicked)],
        Err(_elapsed) => vec![fault(&id, Fault::TookTooLong)],
    };
    verdicts.resize(count, untouched);
    verdicts
}

/// The head's, which comes alone the next time.
fn fault(id: &str, fault: Fault) -> Verdict {
    tracing::error!(id, reason = fault.as_str(), "queue.fault");
    Verdict::Fault(fault)
}

fn id_of(ended: &Result<(task::Id, ()), JoinError>) -> task::Id {
    match ended {
        Ok((id, ())) => *id,
        Err(error) => error.id(),
    }
}
