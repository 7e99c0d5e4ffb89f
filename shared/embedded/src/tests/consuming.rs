//! The loop between a queue and its handler, and what an operator sees of it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::backlog::{Backlog, Depth, Redriven};
use app::clock::Clock;
use app::queue::{Answer, FAULTS_MAX, Queue as _, QueueName, Task};
use futures_util::future::join_all;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{http, irker, new_store};
use crate::lease::{DEATHS_MAX, Verdict};
use crate::{Consumer, Received, Serving, Store, Waiting};

/// Nothing takes this long, unless it never happens.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than any test: a handler that is to be dropped by something else.
const LONG: Duration = Duration::from_mins(10);

/// A consumer at work.
struct Work {
    shutdown: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Work {
    fn start<H, F>(serving: &Serving, consumer: Consumer, handler: H) -> Self
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let (shutdown, asked) = oneshot::channel();
        let serving = serving.clone();
        let ended = tokio::spawn(async move {
            let each = move |run: Vec<Received>| {
                let answers: Vec<_> = run.into_iter().map(&handler).collect();
                async { join_all(answers).await }
            };
            serving.consume(consumer, each, async { drop(asked.await) }).await;
        });
        Self { shutdown, ended }
    }

    async fn shut_down(self) {
        self.shutdown.send(()).unwrap();
        timeout(PATIENCE, self.ended).await.expect("the consumer ends").unwrap();
    }
}

fn consumer(queue: QueueName, concurrency: usize) -> Consumer {
    Consumer { queue, concurrency, run_max: 1, handler_time: LONG, drain_time: LONG }
}

fn task(received: &Received) -> Task {
    serde_json::from_str(&received.body).unwrap()
}

async fn next<T>(receiver: &mut mpsc::UnboundedReceiver<T>) -> T {
    timeout(PATIENCE, receiver.recv()).await.expect("something comes").unwrap()
}

/// Looks until the queue is as expected.
async fn until(store: &Store, queue: QueueName, expected: Waiting) {
    let look = async {
        while store.queue().waiting(queue).await.unwrap() != expected {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, look).await.expect("the queue gets there");
}

const EMPTY: Waiting = Waiting { ready: 0, later: 0, leased: 0 };

#[tokio::test]
async fn what_is_sent_is_handled_and_gone() {
    let (store, _clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    let (seen, mut handled) = mpsc::unbounded_channel();
    let work = Work::start(&serving, consumer(QueueName::Irker, 4), move |received| {
        seen.send(received).unwrap();
        async { Answer::Done }
    });
    for n in 0..3 {
        store.queue().send(vec![irker(n, "one"), irker(n, "other")]).await.unwrap();
    }
    let mut of_one = Vec::new();
    for _ in 0..6 {
        let received = next(&mut handled).await;
        if task(&received).group() == "one" {
            of_one.push(received.id);
        }
    }
    assert_eq!(of_one, [0, 1, 2].map(|n| irker(n, "one").id()));
    until(&store, QueueName::Irker, EMPTY).await;
    work.shut_down().await;
}

#[tokio::test]
async fn as_many_handlers_run_as_allowed_and_a_busy_target_leaves_room() {
    let (store, _clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    // Ten for the first hook, then one for the second.
    store.queue().send((0..10).map(|n| http(n, 1)).chain([http(10, 2)]).collect()).await.unwrap();
    let (seen, mut handled) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let now = Arc::new(AtomicUsize::new(0));
    let (gate_inside, most_inside) = (Arc::clone(&gate), Arc::clone(&most));
    let work = Work::start(&serving, consumer(QueueName::Http, 3), move |received| {
        let (gate, now, most, seen) =
            (Arc::clone(&gate_inside), Arc::clone(&now), Arc::clone(&most_inside), seen.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            seen.send(task(&received).group()).unwrap();
            gate.acquire().await.unwrap().forget();
            now.fetch_sub(1, Ordering::SeqCst);
            Answer::Done
        }
    });
    let mut first = vec![next(&mut handled).await, next(&mut handled).await, next(&mut handled).await];
    first.sort();
    assert_eq!(first, ["1-hook-1", "1-hook-1", "1-hook-2"]);
    gate.add_permits(11);
    until(&store, QueueName::Http, EMPTY).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
    work.shut_down().await;
}

#[tokio::test]
async fn what_is_put_off_comes_when_its_time_has_come() {
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send(vec![http(1, 1)]).await.unwrap();
    let (seen, mut handled) = mpsc::unbounded_channel();
    let hour = Duration::from_hours(1);
    let work = Work::start(&serving, consumer(QueueName::Http, 1), move |received| {
        seen.send(received.faults).unwrap();
        async move { Answer::Again { after: hour } }
    });
    for _ in 0..3 {
        assert_eq!(next(&mut handled).await, 0, "a task that is put off has no fault");
        until(&store, QueueName::Http, Waiting { later: 1, ..EMPTY }).await;
        clock.advance(hour);
    }
    work.shut_down().await;
}

#[tokio::test]
async fn a_handler_that_panics_or_hangs_ends_in_the_dead_letters() {
    for (concurrency, hangs, reason) in
        [(1, false, "the handler panicked"), (2, true, "the handler took too long")]
    {
        let (store, clock, _directory) = new_store();
        let serving = store.serve().await.unwrap();
        store.queue().send(vec![irker(1, "it"), irker(2, "it")]).await.unwrap();
        let (seen, mut handled) = mpsc::unbounded_channel();
        let handler_time = if hangs { Duration::from_millis(20) } else { LONG };
        let limits = Consumer { handler_time, ..consumer(QueueName::Irker, concurrency) };
        let work = Work::start(&serving, limits, move |received| {
            seen.send((received.id.clone(), received.faults)).unwrap();
            async move {
                if received.id == irker(2, "it").id() {
                    return Answer::Done;
                }
                assert!(hangs, "a handler of this test panics");
                pending().await
            }
        });
        for faults in 0..FAULTS_MAX {
            assert_eq!(next(&mut handled).await, (irker(1, "it").id(), faults));
            if faults + 1 < FAULTS_MAX {
                until(&store, QueueName::Irker, Waiting { ready: 1, later: 1, leased: 0 }).await;
                clock.advance(LONG);
            }
        }
        assert_eq!(next(&mut handled).await, (irker(2, "it").id(), 0));
        until(&store, QueueName::Irker, EMPTY).await;
        work.shut_down().await;
        let dead = store.queue().dead_letters(QueueName::Irker, 10).await.unwrap();
        let [dead] = &dead[..] else { panic!("{dead:?}") };
        assert_eq!((dead.id.as_str(), dead.faults), (irker(1, "it").id().as_str(), FAULTS_MAX));
        assert_eq!((dead.reason.as_str(), dead.died_at), (reason, clock.now()));
        assert_eq!(dead.body, serde_json::to_string(&irker(1, "it")).unwrap());
        comes_back_on_request(&store, &clock).await;
    }
}

/// The one dead letter of this store comes back as if it had never been tried.
async fn comes_back_on_request(store: &Store, clock: &Clock) {
    let queue = store.queue();
    let bring_back = || queue.redrive(QueueName::Irker, (10, clock.now()));
    assert_eq!(bring_back().await.unwrap(), Redriven { sent: 0, is_over: true }, "it has only just died");
    assert_eq!(Backlog::depth(&queue, QueueName::Irker).await.unwrap().dead, 1);
    clock.advance(LONG);
    assert_eq!(bring_back().await.unwrap(), Redriven { sent: 1, is_over: true });
    clock.advance(LONG);
    let depth = Backlog::depth(&queue, QueueName::Irker).await.unwrap();
    assert_eq!(depth, Depth { ready: 1, waits_s: Some(LONG.as_secs()), ..Depth::default() });
    assert_eq!(queue.dead_letters(QueueName::Irker, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_shutdown_waits_for_handlers_and_starts_no_more() {
    let (store, _clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send(vec![irker(1, "it"), irker(2, "it")]).await.unwrap();
    let (started, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let inside = (Arc::clone(&started), Arc::clone(&finish));
    let work = Work::start(&serving, consumer(QueueName::Irker, 4), move |_| {
        let (started, finish) = inside.clone();
        async move {
            started.notify_one();
            finish.notified().await;
            Answer::Done
        }
    });
    timeout(PATIENCE, started.notified()).await.unwrap();
    let ended = tokio::spawn(work.shut_down());
    tokio::task::yield_now().await;
    assert!(!ended.is_finished());
    finish.notify_one();
    timeout(PATIENCE, ended).await.unwrap().unwrap();
    assert_eq!(store.queue().waiting(QueueName::Irker).await.unwrap(), Waiting { ready: 1, ..EMPTY });
}

#[tokio::test]
async fn a_handler_that_outlasts_the_shutdown_is_dropped_without_a_fault() {
    let (store, _clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send(vec![http(1, 1)]).await.unwrap();
    let started = Arc::new(Notify::new());
    let inside = Arc::clone(&started);
    let limits = Consumer { drain_time: Duration::from_millis(20), ..consumer(QueueName::Http, 1) };
    let work = Work::start(&serving, limits, move |_| {
        inside.notify_one();
        pending()
    });
    timeout(PATIENCE, started.notified()).await.unwrap();
    work.shut_down().await;
    let leased = serving.lease(QueueName::Http, 1, LONG).await.unwrap();
    assert_eq!(leased[0].received.faults, 0);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_does_nothing() {
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send(vec![http(1, 1)]).await.unwrap();
    let early = serving.lease(QueueName::Http, 1, Duration::from_secs(1)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let again = serving.lease(QueueName::Http, 1, LONG).await.unwrap();
    assert_eq!(again[0].received.faults, 1);
    for answer in [Answer::Done, Answer::Fault, Answer::Again { after: Duration::ZERO }] {
        serving.answer(early[0].lease, answer).await.unwrap();
        assert_eq!(store.queue().waiting(QueueName::Http).await.unwrap(), Waiting { leased: 1, ..EMPTY });
    }
    serving.answer(again[0].lease, Answer::Done).await.unwrap();
    serving.answer(again[0].lease, Answer::Fault).await.unwrap();
    assert_eq!(store.queue().waiting(QueueName::Http).await.unwrap(), EMPTY);
}

#[tokio::test]
async fn who_serves_next_reclaims_what_was_out_and_blames_nobody() {
    let (store, clock, directory) = new_store();
    let died = store.serve().await.unwrap();
    store.queue().send(vec![irker(1, "it"), irker(2, "it"), irker(3, "other")]).await.unwrap();
    assert_eq!(died.lease(QueueName::Irker, 1, LONG).await.unwrap().len(), 1);
    drop(died);

    let next = Store::open(directory.path(), clock).unwrap().serve().await.unwrap();
    let leased = next.lease(QueueName::Irker, 10, LONG).await.unwrap();
    let seen: Vec<_> =
        leased.iter().map(|leased| (leased.received.id.clone(), leased.received.faults)).collect();
    assert_eq!(seen, [(irker(1, "it").id(), 0), (irker(3, "other").id(), 0)]);
}

#[tokio::test]
async fn a_slow_head_outlives_many_crashes_and_one_that_kills_every_process_is_set_aside() {
    let (store, _clock, _directory) = new_store();
    store.queue().send(vec![irker(1, "slow"), irker(2, "slow")]).await.unwrap();
    let lives_and_dies = async || {
        let serving = store.serve().await.unwrap();
        serving.lease(QueueName::Irker, 10, LONG).await.unwrap()
    };
    for _ in 1..DEATHS_MAX {
        assert_eq!(lives_and_dies().await[0].received.id, irker(1, "slow").id());
    }
    // Whoever gives it back has survived it: the count begins anew.
    let serving = store.serve().await.unwrap();
    let leased = serving.lease(QueueName::Irker, 10, LONG).await.unwrap();
    serving.answer(leased[0].lease, Answer::Again { after: Duration::ZERO }).await.unwrap();
    drop(serving);

    for _ in 0..DEATHS_MAX {
        assert_eq!(lives_and_dies().await[0].received.id, irker(1, "slow").id());
    }
    assert_eq!(lives_and_dies().await[0].received.id, irker(2, "slow").id());
    let dead = store.queue().dead_letters(QueueName::Irker, 10).await.unwrap();
    assert_eq!(dead.into_iter().map(|dead| dead.id).collect::<Vec<_>>(), [irker(1, "slow").id()]);
}

#[tokio::test]
async fn what_has_piled_up_comes_in_one_run_and_is_answered_task_by_task() {
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    store.queue().send((0..5).map(|n| irker(n, "one")).chain([irker(9, "other")]).collect()).await.unwrap();
    let lease_runs = async || {
        let runs = serving.lease_runs(QueueName::Irker, (10, 3), LONG).await.unwrap();
        runs.into_iter().map(|run| run.into_iter().map(|leased| (leased.received.id, leased.lease)).collect())
    };
    let runs: Vec<Vec<_>> = lease_runs().await.collect();
    let ids = |run: &[(String, _)]| run.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&runs[0]), [0, 1, 2].map(|n| irker(n, "one").id()));
    assert_eq!(ids(&runs[1]), [irker(9, "other").id()]);
    assert_eq!(lease_runs().await.count(), 0, "the rest of the group waits behind the run");

    // The first is done, the second waits, and with it the third.
    let later = Verdict::Again { after: Duration::from_secs(5) };
    let verdicts = [Verdict::Done, later, Verdict::Again { after: Duration::ZERO }];
    let leases = runs[0].iter().map(|(_, lease)| *lease);
    serving.settle(leases.zip(verdicts).collect()).await.unwrap();
    assert_eq!(lease_runs().await.count(), 0);
    clock.advance(Duration::from_secs(5));
    let runs: Vec<Vec<_>> = lease_runs().await.collect();
    assert_eq!(ids(&runs[0]), [1, 2, 3].map(|n| irker(n, "one").id()));
}

#[tokio::test]
async fn a_run_that_panics_costs_its_head_one_fault_and_nobody_is_blamed_for_another() {
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    // The second of three is poison.
    store.queue().send((0..3).map(|n| irker(n, "one")).collect()).await.unwrap();
    let poison = irker(1, "one").id();
    let (seen, mut handled) = mpsc::unbounded_channel();
    let (shutdown, asked) = oneshot::channel::<()>();
    let consumer = Consumer { run_max: 10, ..consumer(QueueName::Irker, 1) };
    let work = tokio::spawn(async move {
        let poisonable = move |run: Vec<Received>| {
            let ids: Vec<_> = run.into_iter().map(|received| received.id).collect();
            seen.send(ids.clone()).unwrap();
            assert!(!ids.contains(&poison), "as the test asked");
            async move { vec![Answer::Done; ids.len()] }
        };
        serving.consume(consumer, poisonable, async { drop(asked.await) }).await;
    });
    let mut runs = Vec::new();
    let all = async {
        while runs.last().is_none_or(|run: &Vec<String>| run != &[irker(2, "one").id()]) {
            if let Ok(run) = handled.try_recv() {
                runs.push(run);
            }
            // Past the rest that follows a fault, once it has begun.
            let waiting = store.queue().waiting(QueueName::Irker).await.unwrap();
            if waiting.leased == 0 && waiting.later > 0 {
                clock.advance(Duration::from_secs(5));
            }
        }
    };
    timeout(PATIENCE, all).await.expect("the last one comes");
    // All three; the head alone, which is fine; the poison with its follower, then alone until it is set aside.
    assert_eq!(runs[0].len(), 3);
    assert_eq!(runs[1], [irker(0, "one").id()]);
    assert_eq!(runs[2].len(), 2);
    assert!(runs[3..runs.len() - 1].iter().all(|run| run == &[irker(1, "one").id()]), "{runs:?}");
    assert_eq!(store.queue().dead_letters(QueueName::Irker, 10).await.unwrap().len(), 1);
    drop(shutdown);
    timeout(PATIENCE, work).await.unwrap().unwrap();
}

#[tokio::test]
async fn when_the_clock_is_set_back_nothing_waits_for_the_old_time_to_come_again() {
    const HOUR_MS: i64 = 60 * 60 * 1_000;
    let (store, clock, _directory) = new_store();
    let serving = store.serve().await.unwrap();
    let (seen, mut handled) = mpsc::unbounded_channel();
    let (gate, inside) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let shared = (Arc::clone(&gate), Arc::clone(&inside));
    // The first is put off for a minute; of the second, the handler is not yet through when the clock is set back.
    let work = Work::start(&serving, consumer(QueueName::Http, 1), move |received| {
        seen.send(received.id).unwrap();
        let (gate, turn) = (Arc::clone(&shared.0), shared.1.fetch_add(1, Ordering::SeqCst));
        async move {
            if turn == 0 {
                return Answer::Again { after: Duration::from_mins(1) };
            }
            gate.acquire().await.unwrap().forget();
            Answer::Done
        }
    });
    store.queue().send((0..3).map(|n| http(n, n)).collect()).await.unwrap();
    let first = next(&mut handled).await;
    next(&mut handled).await;

    let Clock::Manual(now) = &clock else { panic!("a clock that can be set") };
    now.fetch_sub(HOUR_MS, Ordering::SeqCst);
    gate.add_permits(3);

    // The third was due, and is.
    next(&mut handled).await;
    until(&store, QueueName::Http, Waiting { ready: 0, later: 1, leased: 0 }).await;
    clock.advance(Duration::from_mins(1));
    assert_eq!(next(&mut handled).await, first);
    until(&store, QueueName::Http, EMPTY).await;
    work.shut_down().await;
}

#[tokio::test]
async fn what_a_clock_that_was_far_ahead_has_put_off_is_due_when_the_store_is_served_again() {
    let (store, clock, _directory) = new_store();
    let Clock::Manual(now) = &clock else { panic!("a clock that can be set") };
    now.fetch_add(1_000_000_000_000, Ordering::SeqCst);
    store.queue().send(vec![http(1, 1)]).await.unwrap();
    now.fetch_sub(1_000_000_000_000, Ordering::SeqCst);
    let serving = store.serve().await.unwrap();
    assert_eq!(serving.lease(QueueName::Http, 1, LONG).await.unwrap().len(), 1);
}
