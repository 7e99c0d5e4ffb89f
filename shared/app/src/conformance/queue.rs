//! What every [`Queue`] does, seen by somebody who takes from it as a relay does.
//!
//! The checks wait for things to happen and never for a time to pass: SQS counts in whole seconds, delivers now
//! and then twice, and answers "nothing there" though something is.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use config::{HookId, ProjectId, SourceId, TargetId};
use payload::Identity;

use super::fresh;
use crate::clock::{Chance, Timestamp};
use crate::ids::{EventId, RunId, Stamp};
use crate::queue::{Answer, Delivery, FAULTS_MAX, Queue, QueueName, Task};

/// A lease that no check outlasts.
const LONG: Duration = Duration::from_mins(10);

/// A lease that is to run out: two of SQS's ticks.
const SHORT: Duration = Duration::from_secs(2);

/// Between two looks at a queue that had nothing.
const PAUSE: Duration = Duration::from_millis(250);

/// How many looks before something that must arrive is missing: two minutes of an emulator on a busy machine.
const LOOKS_MAX: usize = 480;

/// How many looks show that nothing arrives: enough for what is there to be found by then.
const LOOKS_FOR_NOTHING: usize = 4;

/// What a [`Consumer`] took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What was sent.
    pub task: Task,
    /// By what the adapter knows this handover again: a receipt, a lease.
    pub receipt: String,
}

/// Takes from an adapter's queues and answers, by the adapter's own means.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// At most `max` tasks, nobody else's for the time of the `lease`. May come back with fewer than there are.
    /// An ordered queue is only asked for one at a time.
    async fn take(&self, queue: QueueName, max: usize, lease: Duration) -> Vec<Taken>;

    /// Does to what was taken what the adapter does when its handler answers so.
    async fn answer(&self, queue: QueueName, taken: &Taken, answer: Answer);

    /// How many tasks are set aside for good.
    async fn dead_letters(&self, queue: QueueName) -> usize;

    /// Lets time pass: moves the adapter's manual clock, or sleeps.
    async fn pass(&self, time: Duration);
}

/// Somebody who accepts events and sends their deliveries to one place.
struct Sender {
    irkerd: String,
    /// No two senders share their stamps, nor their hooks.
    seed: u64,
}

impl Sender {
    fn new() -> Self {
        Self::to(format!("{}:6659", fresh("irker")))
    }

    fn to(irkerd: String) -> Self {
        Self { irkerd, seed: u64::from_le_bytes(Chance::System.bytes()) }
    }

    /// Always the same for the same `n`; senders accept the same events.
    fn delivery(&self, n: u64, target: TargetId) -> Delivery {
        let source: SourceId = "conformance".parse().expect("a valid name");
        Delivery {
            event: EventId::of(&source, Identity::Delivery(&n.to_string()), Timestamp(0)),
            stamp: Stamp::new(&Chance::seeded(self.seed.wrapping_add(n))),
            project: ProjectId(1),
            target,
            queued_at: Timestamp(0),
        }
    }

    /// To this sender's irkerd.
    fn irker(&self, n: u64) -> Task {
        let delivery = self.delivery(n, TargetId::Irker(ProjectId(1)));
        Task::RelayIrkerV1 { irkerd: self.irkerd.clone(), delivery }
    }

    /// To one and the same hook.
    fn http(&self, n: u64) -> Task {
        Task::RelayHttpV1 { delivery: self.delivery(n, TargetId::Hook(ProjectId(1), HookId(1))) }
    }

    /// To a hook of this sender's own, in order.
    fn http_ordered(&self, n: u64) -> Task {
        Task::RelayHttpInOrderV1 {
            delivery: self.delivery(n, TargetId::Hook(ProjectId(1), HookId(self.seed))),
        }
    }

    /// To this sender's place in an ordered queue.
    fn in_order(&self, queue: QueueName, n: u64) -> Task {
        match queue {
            QueueName::Irker => self.irker(n),
            QueueName::HttpOrdered => self.http_ordered(n),
            QueueName::Http | QueueName::Runs => panic!("it has no order"),
        }
    }

    /// Of one and the same project.
    fn run(&self, n: u64) -> Task {
        Task::RunJobV1 { run: RunId::new(&Chance::seeded(self.seed.wrapping_add(n))), project: ProjectId(1) }
    }

    /// To the queue of this name.
    fn task(&self, queue: QueueName, n: u64) -> Task {
        match queue {
            QueueName::Http => self.http(n),
            QueueName::Runs => self.run(n),
            ordered => self.in_order(ordered, n),
        }
    }
}

async fn send(queue: &dyn Queue, tasks: impl IntoIterator<Item = Task>) {
    queue.send(tasks.into_iter().collect()).await.expect("the queue answers");
}

/// The next task to come.
async fn next(consumer: &dyn Consumer, queue: QueueName, lease: Duration) -> Taken {
    for _ in 0..LOOKS_MAX {
        if let Some(taken) = consumer.take(queue, 1, lease).await.pop() {
            return taken;
        }
        consumer.pass(PAUSE).await;
    }
    panic!("nothing more came from the queue '{}'", queue.as_str());
}

async fn nothing_comes(consumer: &dyn Consumer, queue: QueueName) {
    for _ in 0..LOOKS_FOR_NOTHING {
        assert_eq!(consumer.take(queue, 1, LONG).await, []);
        consumer.pass(PAUSE).await;
    }
}

/// The queues that have an order.
const ORDERED: [QueueName; 2] = [QueueName::Irker, QueueName::HttpOrdered];

/// 25 tasks for all queues in one send: each comes until it is done, and then no more.
pub async fn what_is_sent_arrives_until_it_is_done(queue: &dyn Queue, consumer: &dyn Consumer) {
    let (one, other) = (Sender::new(), Sender::new());
    let tasks: Vec<Task> = (0..25)
        .map(|n| match n % 5 {
            0 => one.http(n),
            1 => one.irker(n),
            2 => one.http_ordered(n),
            3 => one.run(n),
            _ => other.irker(n),
        })
        .collect();
    send(queue, tasks.clone()).await;
    send(queue, []).await;

    let mut missing: BTreeSet<String> = tasks.iter().map(Task::id).collect();
    for name in QueueName::ALL {
        let max = if name.is_ordered() { 1 } else { 10 };
        let expected: Vec<&Task> = tasks.iter().filter(|task| task.queue() == name).collect();
        for _ in 0..LOOKS_MAX {
            let batch = consumer.take(name, max, LONG).await;
            if batch.is_empty() {
                consumer.pass(PAUSE).await;
            }
            for taken in batch {
                assert!(expected.contains(&&taken.task), "{taken:?} was never sent to {name:?}");
                missing.remove(&taken.task.id());
                consumer.answer(name, &taken, Answer::Done).await;
            }
            if expected.iter().all(|task| !missing.contains(&task.id())) {
                break;
            }
        }
        nothing_comes(consumer, name).await;
        assert_eq!(consumer.dead_letters(name).await, 0);
    }
    assert_eq!(missing, BTreeSet::new());
}

/// As they were sent, over several sends.
pub async fn a_group_arrives_in_order(queue: &dyn Queue, consumer: &dyn Consumer) {
    let sender = Sender::new();
    for name in ORDERED {
        send(queue, (0..11).map(|n| sender.in_order(name, n))).await;
        send(queue, [sender.in_order(name, 11)]).await;
        send(queue, [sender.in_order(name, 12)]).await;
        for n in 0..13 {
            let taken = next(consumer, name, LONG).await;
            assert_eq!(taken.task, sender.in_order(name, n));
            consumer.answer(name, &taken, Answer::Done).await;
        }
    }
}

/// A target is served by one at a time; another target does not wait for it.
pub async fn one_of_a_group_is_out_while_other_groups_go_on(queue: &dyn Queue, consumer: &dyn Consumer) {
    let (busy, free) = (Sender::new(), Sender::new());
    for name in ORDERED {
        send(queue, [1, 2].map(|n| busy.in_order(name, n))).await;
        let out = next(consumer, name, LONG).await;
        assert_eq!(out.task, busy.in_order(name, 1));
        nothing_comes(consumer, name).await;

        send(queue, [1, 2].map(|n| free.in_order(name, n))).await;
        for n in [1, 2] {
            let taken = next(consumer, name, LONG).await;
            assert_eq!(taken.task, free.in_order(name, n));
            consumer.answer(name, &taken, Answer::Done).await;
        }
        nothing_comes(consumer, name).await;
        consumer.answer(name, &out, Answer::Done).await;
        assert_eq!(next(consumer, name, LONG).await.task, busy.in_order(name, 2));
    }
}

/// What is put off holds back what is behind it, and comes first when its time has come.
pub async fn again_keeps_its_place_in_the_group(queue: &dyn Queue, consumer: &dyn Consumer) {
    let (down, up) = (Sender::new(), Sender::new());
    for name in ORDERED {
        send(queue, [1, 2].map(|n| down.in_order(name, n))).await;
        let head = next(consumer, name, LONG).await;
        consumer.answer(name, &head, Answer::Again { after: SHORT * 5 }).await;
        send(queue, [up.in_order(name, 1), down.in_order(name, 3)]).await;
        let expected = [(&up, 1), (&down, 1), (&down, 2), (&down, 3)];
        for expected in expected.map(|(sender, n)| sender.in_order(name, n)) {
            let taken = next(consumer, name, LONG).await;
            assert_eq!(taken.task, expected);
            consumer.answer(name, &taken, Answer::Done).await;
        }
    }
}

/// One hook's slow delivery is no reason for its others to wait.
pub async fn again_blocks_nobody_in_the_unordered_queue(queue: &dyn Queue, consumer: &dyn Consumer) {
    let sender = Sender::new();
    send(queue, (0..3).map(|n| sender.http(n))).await;
    let later = next(consumer, QueueName::Http, LONG).await;
    consumer.answer(QueueName::Http, &later, Answer::Again { after: LONG }).await;
    let mut missing: BTreeSet<String> = (0..3).map(|n| sender.http(n).id()).collect();
    missing.remove(&later.task.id());
    while !missing.is_empty() {
        let taken = next(consumer, QueueName::Http, LONG).await;
        assert_ne!(taken.task, later.task, "came before its time");
        missing.remove(&taken.task.id());
    }
    nothing_comes(consumer, QueueName::Http).await;
}

/// After its time, however often it is put off: at least twice.
pub async fn again_comes_back(queue: &dyn Queue, consumer: &dyn Consumer) {
    let sender = Sender::new();
    send(queue, [sender.http(1)]).await;
    for after in [SHORT, Duration::ZERO] {
        let taken = next(consumer, QueueName::Http, LONG).await;
        assert_eq!(taken.task, sender.http(1));
        consumer.answer(QueueName::Http, &taken, Answer::Again { after }).await;
    }
    let taken = next(consumer, QueueName::Http, LONG).await;
    consumer.answer(QueueName::Http, &taken, Answer::Done).await;
    nothing_comes(consumer, QueueName::Http).await;
    assert_eq!(consumer.dead_letters(QueueName::Http).await, 0);
}

/// A consumer that died holds nothing up for longer than its lease.
pub async fn a_lease_that_ran_out_hands_over_again(queue: &dyn Queue, consumer: &dyn Consumer) {
    let sender = Sender::new();
    for name in QueueName::ALL {
        let task = sender.task(name, 1);
        send(queue, [task.clone()]).await;
        let lost = next(consumer, name, SHORT).await;
        let found = next(consumer, name, LONG).await;
        assert_eq!((&lost.task, &found.task), (&task, &task));
        consumer.answer(name, &found, Answer::Done).await;
        nothing_comes(consumer, name).await;
    }
}

/// What kills every consumer is set aside, and its group goes on.
pub async fn what_was_never_answered_is_set_aside(queue: &dyn Queue, consumer: &dyn Consumer) {
    set_aside(queue, consumer, None).await;
}

/// What every consumer calls its own fault is set aside, and its group goes on.
pub async fn what_always_faults_is_set_aside(queue: &dyn Queue, consumer: &dyn Consumer) {
    set_aside(queue, consumer, Some(Answer::Fault)).await;
}

async fn set_aside(queue: &dyn Queue, consumer: &dyn Consumer, answer: Option<Answer>) {
    let sender = Sender::new();
    for name in ORDERED {
        send(queue, [1, 2].map(|n| sender.in_order(name, n))).await;
        for handover in 1..=FAULTS_MAX {
            let taken = next(consumer, name, SHORT).await;
            assert_eq!(taken.task, sender.in_order(name, 1), "at handover {handover}");
            if let Some(answer) = answer {
                consumer.answer(name, &taken, answer).await;
            }
        }
        let behind = next(consumer, name, LONG).await;
        assert_eq!(behind.task, sender.in_order(name, 2));
        assert_eq!(consumer.dead_letters(name).await, 1);
    }
    assert_eq!(consumer.dead_letters(QueueName::Http).await, 0);
}

/// Two copies of one event raced each other: only the table knows which of them counts.
pub async fn two_acceptances_of_an_event_are_both_kept(queue: &dyn Queue, consumer: &dyn Consumer) {
    let one = Sender::new();
    let other = Sender::to(one.irkerd.clone());
    send(queue, [one.irker(1)]).await;
    send(queue, [other.irker(1)]).await;
    for expected in [one.irker(1), other.irker(1)] {
        let taken = next(consumer, QueueName::Irker, LONG).await;
        assert_eq!(taken.task, expected);
        consumer.answer(QueueName::Irker, &taken, Answer::Done).await;
    }
}
