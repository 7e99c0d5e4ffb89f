//! Queues in memory that keep the port's contract, and everything bad that SQS allows: tasks that come twice, in another
//! order, late, or while somebody else has them.
//!
//! Not here: who handles what is handed out (`house`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use app::clock::Timestamp;
use app::queue::{Answer, FAULTS_MAX, Queue, QueueError, QueueName, Task};
use async_trait::async_trait;

use crate::defects::Defect;
use crate::faults::{Call, Fault};
use crate::world::World;

/// How long SQS's ordered queues know an id: five minutes.
const KNOWN_FOR: Duration = Duration::from_mins(5);

/// A task as a queue holds it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The order of sending.
    pub(crate) seq: u64,
    pub(crate) queue: QueueName,
    group: String,
    pub(crate) body: String,
    /// When it can be had.
    pub(crate) visible_at: Timestamp,
    /// Who has it; what an earlier holder says does not count.
    lease: u64,
    receives: u32,
    faults: u32,
    /// Whether somebody has it who has not answered.
    is_in_hand: bool,
}

/// A task in a consumer's hand.
#[derive(Clone, Debug)]
pub(crate) struct Handed {
    pub(crate) seq: u64,
    lease: u64,
    pub(crate) body: String,
}

/// A task that was once sent: what order is held against.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) seq: u64,
    pub(crate) group: String,
    pub(crate) task: Task,
}

/// All queues.
pub(crate) struct Tasks {
    /// Whether receives are counted, as SQS does, or faults.
    is_sqs: bool,
    pub(crate) held: Vec<Held>,
    pub(crate) dead: Vec<Held>,
    pub(crate) sent: Vec<Sent>,
    /// Deliveries whose task exists twice, or was in two hands.
    pub(crate) doubled: BTreeSet<String>,
    /// How often a delivery's task was answered with a fault, or not at all.
    pub(crate) faulted: BTreeMap<String, u32>,
    /// What was set aside and brought back: it lost its place.
    pub(crate) redriven: BTreeSet<String>,
    /// What each sweep has sent and whose row it has not taken away: should it die now, the row leads to a second task.
    pub(crate) swept: BTreeSet<(u32, String)>,
    known: BTreeMap<(QueueName, String), Timestamp>,
    next: u64,
    /// A defect: what is behind a head that waits is handed out.
    pub(crate) overtakes: bool,
}

/// How long a task is hidden from others: `template.yaml`'s numbers.
fn lease_of(queue: QueueName) -> Duration {
    Duration::from_secs(match queue {
        QueueName::Irker => 240,
        QueueName::Http | QueueName::HttpOrdered => 360,
        QueueName::Runs => 720,
    })
}

/// After how many receives SQS sets a task aside: `template.yaml`'s numbers.
fn receives_max(queue: QueueName) -> u32 {
    match queue {
        QueueName::Irker | QueueName::HttpOrdered => 1_000,
        QueueName::Http => 60,
        QueueName::Runs => 600,
    }
}

/// By which a delivery is known, whatever sends it.
pub(crate) fn name_of(task: &Task) -> String {
    task.delivery().map_or_else(|| task.id(), |delivery| delivery.event.delivery_id(delivery.target))
}

impl Held {
    fn new((seq, queue, group): (u64, QueueName, String), body: String, visible_at: Timestamp) -> Self {
        let (lease, receives, faults, is_in_hand) = Default::default();
        Self { seq, queue, group, body, visible_at, lease, receives, faults, is_in_hand }
    }
}

impl Tasks {
    pub(crate) fn new(is_sqs: bool) -> Self {
        let (held, dead, sent) = Default::default();
        let (doubled, faulted, redriven, swept, known) = Default::default();
        Self { is_sqs, held, dead, sent, doubled, faulted, redriven, swept, known, next: 0, overtakes: false }
    }

    fn add(&mut self, task: &Task, (now, is_twice): (Timestamp, bool)) {
        let (queue, group) = (task.queue(), task.group());
        if queue.is_ordered() {
            let id = (queue, format!("{group} {}", task.id()));
            if self.known.get(&id).is_some_and(|at| now.since(*at) < KNOWN_FOR) {
                return;
            }
            self.known.insert(id, now);
        } else if is_twice {
            self.doubled.insert(name_of(task));
        }
        let body = serde_json::to_string(task).expect("tasks serialise");
        for _ in 0..if is_twice && !queue.is_ordered() { 2 } else { 1 } {
            self.next += 1;
            let (seq, body, group) = (self.next, body.clone(), group.clone());
            self.sent.push(Sent { seq, group: group.clone(), task: task.clone() });
            self.held.push(Held::new((seq, queue, group), body, now));
        }
    }

    /// Whether something went wrong with a delivery's task: then there may be two of it, or a row too many that leads to one.
    pub(crate) fn may_come_twice(&self, name: &str) -> bool {
        let is_swept = self.swept.iter().any(|(_, swept)| swept == name);
        is_swept || self.doubled.contains(name) || self.faulted.contains_key(name)
    }

    /// A text that no Bellhop wrote.
    pub(crate) fn add_raw(&mut self, queue: QueueName, group: &str, (body, now): (&str, Timestamp)) {
        self.next += 1;
        let (group, body) = (group.to_owned(), body.to_owned());
        self.held.push(Held::new((self.next, queue, group), body, now));
    }

    /// Puts what was set aside into its queue again. Gives how many.
    pub(crate) fn redrive(&mut self, now: Timestamp, is_wanted: impl Fn(&Held) -> bool) -> usize {
        let (back, stay) = std::mem::take(&mut self.dead).into_iter().partition::<Vec<_>, _>(is_wanted);
        self.dead = stay;
        let count = back.len();
        for held in back {
            self.next += 1;
            self.held.push(Held::new((self.next, held.queue, held.group), held.body, now));
        }
        count
    }

    /// When the next task can be had: of an ordered group, when none of it is hidden any more.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        let mut groups: BTreeMap<(QueueName, &str), Timestamp> = BTreeMap::new();
        let mut next = None;
        let earlier = |next: Option<Timestamp>, at: Timestamp| Some(next.map_or(at, |next| next.min(at)));
        for held in &self.held {
            if held.queue.is_ordered() && !self.overtakes {
                let at = groups.entry((held.queue, &held.group)).or_insert(held.visible_at);
                *at = (*at).max(held.visible_at);
            } else {
                next = earlier(next, held.visible_at);
            }
        }
        groups.into_values().fold(next, earlier)
    }

    /// The places in `held` of what may be handed out now, in runs.
    fn ready(&self, queue: QueueName, (now, run_max): (Timestamp, usize)) -> Vec<Vec<usize>> {
        let mine = self.held.iter().enumerate().filter(|(_, held)| held.queue == queue);
        if !queue.is_ordered() {
            return mine.filter(|(_, held)| held.visible_at <= now).map(|(place, _)| vec![place]).collect();
        }
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, held) in mine {
            groups.entry(&held.group).or_default().push(place);
        }
        // While any of a group is hidden, none of it is handed out.
        if self.overtakes {
            for places in groups.values_mut() {
                places.retain(|place| self.held[*place].visible_at <= now);
            }
            groups.retain(|_, places| !places.is_empty());
        }
        groups.retain(|_, places| places.iter().all(|place| self.held[*place].visible_at <= now));
        groups.into_values().map(|places| places.into_iter().take(run_max).collect()).collect()
    }

    fn lease(&mut self, places: &[usize], (now, lasts): (Timestamp, Duration)) -> Vec<Handed> {
        self.next += 1;
        let lease = self.next;
        let mut handed = Vec::with_capacity(places.len());
        for place in places {
            let held = &mut self.held[*place];
            held.receives += 1;
            let is_in_two_hands = std::mem::replace(&mut held.is_in_hand, true);
            (held.visible_at, held.lease) = (now + lasts, lease);
            handed.push(Handed { seq: held.seq, lease, body: held.body.clone() });
            if let Ok(task) = serde_json::from_str(&held.body).map(|task| name_of(&task))
                && is_in_two_hands
            {
                *self.faulted.entry(task.clone()).or_default() += 1;
                self.doubled.insert(task);
            }
        }
        handed
    }

    /// Sets aside what has been handed out too often.
    fn bury(&mut self, queue: QueueName, now: Timestamp) {
        if self.is_sqs {
            let is_over = |held: &Held| {
                held.queue == queue && held.visible_at <= now && held.receives >= receives_max(queue)
            };
            self.dead.extend(self.held.extract_if(.., |held| is_over(held)));
        }
    }

    /// What became of a task. `false` if its holder is not the last one.
    pub(crate) fn answer(
        &mut self,
        handed: &Handed,
        (answer, now): (Answer, Timestamp),
        pause: Duration,
    ) -> bool {
        let place = self.held.iter().position(|held| (held.seq, held.lease) == (handed.seq, handed.lease));
        let Some(place) = place else { return false };
        self.held[place].is_in_hand = false;
        match answer {
            Answer::Done => {
                self.held.remove(place);
            }
            Answer::Again { after } => self.held[place].visible_at = now + after,
            Answer::Fault => {
                if let Ok(task) = serde_json::from_str(&handed.body) {
                    *self.faulted.entry(name_of(&task)).or_default() += 1;
                }
                self.held[place].faults += 1;
                self.held[place].visible_at = now + pause;
                if !self.is_sqs && self.held[place].faults >= FAULTS_MAX {
                    let held = self.held.remove(place);
                    self.dead.push(held);
                }
            }
        }
        true
    }
}

/// Hands out a run, if there is one.
pub(crate) fn hand_out(world: &World, queue: QueueName, run_max: usize) -> Option<Vec<Handed>> {
    let now = world.now();
    let mut tasks = world.tasks();
    tasks.bury(queue, now);
    let mut ready = tasks.ready(queue, (now, run_max));
    if ready.is_empty() {
        return None;
    }
    let chosen =
        ready.swap_remove(usize::try_from(world.throw(ready.len() as u64)).expect("it is below a usize"));
    let fault = world.faults.lock().expect("nobody panics in it").next(Call::HandOut, world.is_calm());
    let lasts = match fault {
        Some(Fault::Short) => Duration::from_millis(20 + world.throw(3_000)),
        _ => lease_of(queue),
    };
    if fault.is_some() {
        for place in &chosen {
            if let Ok(task) = serde_json::from_str(&tasks.held[*place].body) {
                let name = name_of(&task);
                world.tell(|| format!("the lease of {name} ends early"));
                tasks.doubled.insert(name);
            }
        }
    }
    Some(tasks.lease(&chosen, (now, lasts)))
}

/// The queues of a world, for those who send.
pub(crate) struct SimQueue(pub(crate) Arc<World>);

#[async_trait]
impl Queue for SimQueue {
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError> {
        if tasks.is_empty() {
            return Ok(());
        }
        let world = &self.0;
        let about = || format!("send {}", tasks.iter().map(name_of).collect::<Vec<_>>().join(" "));
        let unavailable = |trouble| QueueError::Unavailable(Box::new(trouble));
        let fault = world.arrive(Call::Send, about).await.map_err(unavailable)?;
        let whole = tasks.len();
        let sent = if fault == Some(Fault::Part) { whole / 2 } else { whole };
        for (place, task) in tasks.iter().take(sent).enumerate() {
            if place + 1 == sent && world.defect == Some(Defect::QueueLoses) && sent > 1 {
                continue;
            }
            world.tasks().add(task, (world.now(), fault == Some(Fault::Double)));
        }
        if let Some(sweep) = World::under_way().filter(|invocation| invocation.role == "sweep") {
            world.tasks().swept.extend(tasks.iter().map(|task| (sweep.number, name_of(task))));
        }
        // Whoever hears of an error may send once more what is there already.
        if matches!(fault, Some(Fault::ErrorAfter | Fault::Part | Fault::CrashAfter)) {
            world.tasks().doubled.extend(tasks.iter().map(name_of));
        }
        world.stirred.notify_one();
        world.leave(fault).await.map_err(unavailable)
    }
}
