//! Hands tasks to consumers, and calls the sweep each minute: what Lambda's triggers, or the embedded loops, do.
//!
//! Hours in which nothing can happen cost nothing: the queues are looked at when a task can be had, and a sweep that would
//! find nothing due is left out.
//!
//! Not here: what is handed out (`queue`), and what consumers do, which is the product's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::clock::Timestamp;
use app::egress::Guard;
use app::queue::{Answer, QueueName};
use app::{relay_http, relay_irker, sweep};
use futures_util::future::join_all;
use jobs::find::{Finder, Git, Locals};
use jobs::run_job::{self, Executors, Hands};
use serde_json::Value;
use tokio::time::sleep;

use crate::defects::Defect;
use crate::faults::{Call, Fault};
use crate::house::House;
use crate::queue::{Handed, hand_out, name_of};
use crate::world::World;

/// How many tasks of one irkerd are handed over at a time: `template.yaml`'s batch.
const RUN_MAX: usize = 10;

/// How many invocations a queue has at a time.
const AT_ONCE_MAX: usize = 8;

/// The longest pause after a fault, in milliseconds.
const FAULT_PAUSE_MS: u64 = 20_000;

/// Who handles a queue's tasks, and within which time: `template.yaml`'s numbers.
fn consumer(queue: QueueName) -> (&'static str, Duration) {
    match queue {
        QueueName::Irker => ("relay-irker", Duration::from_secs(40)),
        QueueName::Http => ("relay-http", Duration::from_mins(1)),
        QueueName::HttpOrdered => ("relay-http-in-order", Duration::from_mins(1)),
        QueueName::Runs => ("run-job", Duration::from_mins(2)),
    }
}

/// Hands out whatever can be had, for ever.
pub(crate) async fn pump(house: Arc<House>) {
    let world = Arc::clone(&house.world);
    let under_way: [Arc<AtomicUsize>; 4] = Default::default();
    loop {
        for (queue, under_way) in QueueName::ALL.into_iter().zip(&under_way) {
            while under_way.load(Ordering::Relaxed) < AT_ONCE_MAX {
                let batch = batch(&world, queue);
                if batch.is_empty() {
                    break;
                }
                under_way.fetch_add(1, Ordering::Relaxed);
                let (house, under_way) = (Arc::clone(&house), Arc::clone(under_way));
                tokio::spawn(async move {
                    consume(&house, queue, &batch).await;
                    under_way.fetch_sub(1, Ordering::Relaxed);
                    house.world.stirred.notify_one();
                });
            }
        }
        let next_at = world.tasks().next_at();
        let now = world.now();
        // What can be had already waits for a free consumer.
        let pause = next_at.map(|at| at.since(now)).filter(|pause| !pause.is_zero());
        tokio::select! {
            biased;
            () = world.stirred.notified() => {}
            () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

/// A batch of runs, of one to three groups.
fn batch(world: &World, queue: QueueName) -> Vec<Vec<Handed>> {
    let wanted = if queue == QueueName::Runs { 1 } else { 1 + world.throw(3) };
    let run_max = if queue == QueueName::Irker { RUN_MAX } else { 1 };
    (0..wanted).map_while(|_| hand_out(world, queue, run_max)).collect()
}

async fn consume(house: &House, queue: QueueName, batch: &[Vec<Handed>]) {
    let world = &house.world;
    if world.defect == Some(Defect::AnswersEarly) {
        for task in batch.iter().flatten() {
            world.tasks().answer(task, (Answer::Done, world.now()), Duration::ZERO);
        }
    }
    let answers = house.have(consumer(queue), |app| async move {
        join_all(batch.iter().map(|run| handle(house, &app, queue, run))).await
    });
    // A process that died says nothing: its tasks come back when their leases end.
    let Some(answers) = answers.await else {
        world.tasks().doubled.extend(batch.iter().flatten().filter_map(name));
        return;
    };
    for (task, answer) in batch.iter().flatten().zip(answers.into_iter().flatten()) {
        let fault = world.faults.lock().expect("nobody panics in it").next(Call::Answer, world.is_calm());
        if fault == Some(Fault::ErrorBefore) {
            world.tell(|| format!("the answer {answer:?} to {} is lost", name(task).unwrap_or_default()));
            world.tasks().doubled.extend(name(task));
            continue;
        }
        let pause = Duration::from_millis(1_000 + world.throw(FAULT_PAUSE_MS));
        let counts = world.tasks().answer(task, (answer, world.now()), pause);
        world.tell(|| {
            let late = if counts { "" } else { ", too late" };
            format!("{} is answered {answer:?}{late}", name(task).unwrap_or_default())
        });
    }
}

fn name(task: &Handed) -> Option<String> {
    serde_json::from_str(&task.body).ok().map(|task| name_of(&task))
}

async fn handle(house: &House, app: &Arc<app::App>, queue: QueueName, run: &[Handed]) -> Vec<Answer> {
    let bodies: Vec<_> = run.iter().map(|task| task.body.as_str()).collect();
    if house.world.defect == Some(Defect::HandlesTwice) && queue == QueueName::Http {
        let other = house.app();
        let (answers, _) = tokio::join!(
            relay_http::handle(app, &house.outbound, &bodies),
            relay_http::handle(&other, &house.outbound, &bodies)
        );
        return answers;
    }
    match queue {
        QueueName::Irker => relay_irker::handle(app, &house.peers, &bodies).await,
        QueueName::Http | QueueName::HttpOrdered => relay_http::handle(app, &house.outbound, &bodies).await,
        QueueName::Runs => run_job::handle(app, &hands(house), &bodies).await,
    }
}

fn hands(house: &House) -> Hands {
    let executor: Arc<dyn app::executor::Executor> = Arc::clone(&house.executor) as _;
    Hands {
        queue: Arc::clone(&house.queue),
        outbound: house.outbound.clone(),
        finder: Finder::new(Git::default(), Guard::default(), Locals::Refused),
        executors: Executors { gitlab: Some(executor), ..Executors::default() },
        patience: Duration::ZERO,
    }
}

/// Calls the sweep each minute in which it would find something, for ever.
pub(crate) async fn sweeper(house: Arc<House>) {
    let world = Arc::clone(&house.world);
    if world.defect == Some(Defect::NoSweep) {
        return;
    }
    loop {
        let Some(due_at) = next_sweep(&world) else {
            world.swept_for.notified().await;
            continue;
        };
        let minute_ms = i64::try_from(sweep::SWEEP_EVERY.as_millis()).expect("a minute is short");
        let minute = Timestamp((due_at.0.max(world.now().0 + 1) + minute_ms - 1) / minute_ms * minute_ms);
        tokio::select! {
            biased;
            () = world.swept_for.notified() => continue,
            () = sleep(minute.since(world.now())) => {}
        }
        let house = Arc::clone(&house);
        let limit = ("sweep", Duration::from_secs(55));
        house
            .have(limit, |app| {
                let queue = Arc::clone(&house.queue);
                async move {
                    if let Err(error) = sweep::sweep(&app, &*queue).await {
                        tracing::error!(error = %app::Causes(&error), "sweep.failed");
                    }
                }
            })
            .await;
    }
}

/// When a sweep has something to do next.
pub(crate) fn next_sweep(world: &World) -> Option<Timestamp> {
    let (rows, now) = (world.rows(), world.now());
    let mut next: Option<Timestamp> = None;
    let mut at = |moment: Timestamp| next = Some(next.map_or(moment, |known: Timestamp| known.min(moment)));
    for name in rows.of("due", now) {
        let target = &name.item.key.sort;
        // Its name alone is left: that is taken away.
        let first = rows.of(&format!("due#{target}"), now).next().map(|row| moment_of(&row.item.key.sort));
        let Some(first) = first else {
            at(now);
            continue;
        };
        let health = rows.get(&app::table::Key::new(format!("target#{target}"), "health"), now);
        let health: Value =
            health.and_then(|row| serde_json::from_str(&row.item.document).ok()).unwrap_or_default();
        let rests_until = Timestamp(health["state"]["disabled_until"].as_i64().unwrap_or_default());
        at(first.max(rests_until.min(first + Duration::from_hours(24))));
    }
    for replay in rows.of("replay", now) {
        let replay: Value = serde_json::from_str(&replay.item.document).unwrap_or_default();
        if !replay["position"].is_null() {
            at(now);
        }
    }
    if let Some(waiting) = rows.of("waiting-runs", now).next() {
        at(moment_of(&waiting.item.key.sort));
    }
    next
}

/// Sort keys of what is due begin with the time.
fn moment_of(sort: &str) -> Timestamp {
    let time = sort.split('#').next().and_then(|time| time.parse().ok());
    Timestamp(time.unwrap_or_default())
}
