//! Forges and operators: what they do, and what they were told.
//!
//! A forge sends an event again until it hears a 2xx, in the patience of a good one. An operator whose change fails tries
//! again.
//!
//! Not here: people in a chat (`chats`), and what the product makes of it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use app::clock::Timestamp;
use app::deliveries::DeliveryRecord;
use app::ids::EventId;
use app::projects::{self, Expected, SaveError};
use app::receive_hook::{ReceiveError, Received, receive};
use app::replay::{self, Order, Which};
use app::{resend, targets};
use config::{Project, ProjectId, TargetId};
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Identity, Payload, Secret};
use tokio::time::sleep;

use crate::chats::Commanded;
use crate::defects::Defect;
use crate::house::House;
use crate::plan::{Plan, What};
use crate::queue::name_of;
use crate::settings::{self, hook_id, project_id, source_id, source_secret};

/// `template.yaml`'s limit for a receiver.
pub(crate) const RECEIVER: Duration = Duration::from_secs(10);

/// Longer than a project is remembered, and some.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(6);

/// The longest pause of a forge or an operator between two tries.
pub(crate) const PAUSE_MAX: Duration = Duration::from_mins(5);

/// A project over time.
pub(crate) struct Configured {
    /// Each with the time at which its saving began, and that at which it was over.
    pub(crate) versions: Vec<(Timestamp, Option<Timestamp>, Project)>,
    /// The generation of the source's secret that the forge has.
    generation: u32,
}

/// An event, and what its forge was told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) project: usize,
    pub(crate) number: u32,
    pub(crate) event: EventId,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
    /// How often it was accepted, and how often it was known already.
    pub(crate) accepted: u32,
    pub(crate) repeated: u32,
    /// The longest that the forge waited for an answer.
    pub(crate) slowest: Duration,
    /// Every answer, for secrets to be looked for.
    pub(crate) refusals: Vec<String>,
}

/// Something that was asked for once more, by name of its delivery; from then on it may be heard again.
#[derive(Clone, Debug)]
pub(crate) struct AskedAgain {
    pub(crate) at: Timestamp,
    /// `None` for all of a target.
    pub(crate) event: Option<EventId>,
    pub(crate) target: TargetId,
}

/// All people of a history.
pub(crate) struct People {
    pub(crate) house: Arc<House>,
    pub(crate) configured: Vec<Mutex<Configured>>,
    saving: Vec<tokio::sync::Mutex<()>>,
    rotating: Vec<tokio::sync::Mutex<()>>,
    pub(crate) told: Mutex<Vec<Told>>,
    pub(crate) commanded: Mutex<Vec<Commanded>>,
    pub(crate) asked_again: Mutex<Vec<AskedAgain>>,
    /// The deliveries' records in the end.
    pub(crate) kept: Mutex<Vec<DeliveryRecord>>,
    /// Projects that took a secret whose time was over.
    pub(crate) old_secrets_taken: Mutex<Vec<usize>>,
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics in it")
}

/// The name of an event that a forge sends under its own number.
pub(crate) fn event_of(project: usize, number: u32, now: Timestamp) -> EventId {
    let source = source_id(project).parse().expect("an id");
    EventId::of(&source, Identity::Delivery(&delivery_of(number)), now)
}

fn delivery_of(number: u32) -> String {
    format!("delivery-{number}")
}

/// What stands in every line and body about an event.
pub(crate) fn mark_of(number: u32) -> String {
    format!("mark{number}.")
}

fn push(number: u32) -> Vec<u8> {
    let mark = mark_of(number);
    format!(
        r#"{{"object_kind":"push","ref":"refs/heads/main","user_name":"Ada",
        "before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        "project":{{"name":"Demo","web_url":"https://git.example.net/g/p"}},"total_commits_count":1,"commits":[{{
        "id":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","message":"{mark}","title":"{mark}","author":{{"name":"Ada"}},
        "url":"https://git.example.net/c","added":[],"modified":["a"],"removed":[]}}]}}"#
    )
    .into_bytes()
}

pub(crate) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header's value"))
    });
    pairs.collect()
}

impl People {
    pub(crate) fn new(house: Arc<House>, plan: &Plan) -> Arc<Self> {
        let configured = plan.projects.iter().enumerate().map(|(number, plan)| {
            let version = (house.world.now(), None, settings::project(number, plan));
            Mutex::new(Configured { versions: vec![version], generation: 0 })
        });
        Arc::new(Self {
            configured: configured.collect(),
            saving: plan.projects.iter().map(|_| tokio::sync::Mutex::default()).collect(),
            rotating: plan.projects.iter().map(|_| tokio::sync::Mutex::default()).collect(),
            house,
            told: Mutex::default(),
            commanded: Mutex::default(),
            asked_again: Mutex::default(),
            kept: Mutex::default(),
            old_secrets_taken: Mutex::default(),
        })
    }

    /// Stores all projects, before anything can go wrong.
    pub(crate) async fn begin(&self) {
        let app = self.house.app();
        for configured in &self.configured {
            let project = locked(configured).versions[0].2.clone();
            projects::save(&app, project, Expected::Any).await.expect("nothing goes wrong yet");
            locked(configured).versions[0].1 = Some(app.clock.now());
        }
    }

    pub(crate) fn project_id(&self, project: usize) -> ProjectId {
        project_id(project % self.configured.len())
    }

    fn current(&self, project: usize) -> Project {
        locked(&self.configured[project]).versions.last().expect("there is a first one").2.clone()
    }

    /// Does one thing, to its end.
    pub(crate) async fn make(self: Arc<Self>, what: What) {
        let count = self.configured.len();
        match what {
            What::Event { project, number, copies } => {
                let copies = (0..copies).map(|_| self.tell_event(project % count, number));
                futures_util::future::join_all(copies).await;
            }
            What::Save { project, change } => {
                self.save(project % count, |project| settings::change(project, change)).await;
            }
            What::Rotate { project } => self.rotate(project % count).await,
            What::Resend { number } => self.resend(number).await,
            What::Replay { project, hook } => self.replay(project % count, hook).await,
            What::Enable { project, hook } => self.enable(project % count, hook).await,
            What::Deploy => self.house.deploy(),
            What::Poison { queue } => {
                let world = &self.house.world;
                world.tasks().add_raw(queue, "poison", ("no task of any Bellhop", world.now()));
                world.stirred.notify_one();
            }
            What::Command { project, number, copies, is_cancelled } => {
                let text = "run build";
                let copies = (0..copies).map(|_| self.type_command(project % count, (number, false), text));
                futures_util::future::join_all(copies).await;
                if is_cancelled {
                    self.cancel(project % count, number).await;
                }
            }
        }
    }

    async fn tell_event(&self, project: usize, number: u32) {
        let (house, world) = (&self.house, &self.house.world);
        let body = push(number);
        let event = event_of(project, number, world.now());
        let mut pause = Duration::from_secs(1);
        loop {
            let generation = locked(&self.configured[project]).generation;
            let secret = source_secret(project, generation);
            let delivery = delivery_of(number);
            let headers = headers(&[
                ("x-gitlab-token", &secret),
                ("idempotency-key", &delivery),
                ("x-gitlab-event", "Push Hook"),
            ]);
            let source = source_id(project).parse().expect("an id");
            let began_at = world.now();
            world.tell(|| format!("the forge tells of event {number}, {event}"));
            let received = if world.defect == Some(Defect::AnswersBeforeKept) && world.throw(3) == 0 {
                Some(Ok(Received::Accepted { event: event.clone(), deliveries: 1 }))
            } else {
                let payload = Payload { headers: &headers, body: &body };
                let work = |app: Arc<app::App>| {
                    let queue = Arc::clone(&house.queue);
                    async move { receive(&app, &*queue, &source, payload).await }
                };
                house.have(("receive-hook", RECEIVER), work).await
            };
            world.tell(|| format!("the forge hears of event {number}: {received:?}"));
            if self.note(project, (number, &event, began_at), received) {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Whether it was a 2xx.
    fn note(
        &self,
        project: usize,
        (number, event, began_at): (u32, &EventId, Timestamp),
        received: Option<Result<Received, ReceiveError>>,
    ) -> bool {
        let now = self.house.world.now();
        let mut all = locked(&self.told);
        let place = all.iter().position(|told| told.event == *event).unwrap_or_else(|| {
            let (accepted, repeated, slowest, refusals) = Default::default();
            let (event, first_at, last_at) = (event.clone(), began_at, now);
            all.push(Told {
                project,
                number,
                event,
                first_at,
                last_at,
                accepted,
                repeated,
                slowest,
                refusals,
            });
            all.len() - 1
        });
        let told = &mut all[place];
        told.last_at = now;
        told.slowest = told.slowest.max(now.since(began_at));
        match received {
            Some(Ok(Received::Accepted { .. })) => told.accepted += 1,
            Some(Ok(Received::Repeated { .. })) => told.repeated += 1,
            Some(Ok(ignored @ Received::Ignored { .. })) => told.refusals.push(format!("{ignored:?}")),
            Some(Err(error)) => {
                told.refusals.push(format!("{error:?} {}", app::Causes(&error)));
                return false;
            }
            None => return false,
        }
        true
    }

    /// Saves a changed project, until it is saved.
    async fn save(&self, project: usize, change: impl FnOnce(&mut Project)) {
        let _turn = self.saving[project].lock().await;
        let (house, world) = (&self.house, &self.house.world);
        let mut wanted = self.current(project);
        change(&mut wanted);
        locked(&self.configured[project]).versions.push((world.now(), None, wanted.clone()));
        loop {
            let work = |app: Arc<app::App>| {
                let wanted = wanted.clone();
                async move { projects::save(&app, wanted, Expected::Any).await }
            };
            match house.have(("serve-api", Duration::from_secs(45)), work).await {
                Some(Ok(_)) => break,
                Some(Err(SaveError::Store(_) | SaveError::Busy | SaveError::Changed)) | None => {}
                Some(Err(error)) => panic!("a sound project is refused: {error}"),
            }
            sleep(Duration::from_secs(30)).await;
        }
        let now = world.now();
        world.tell(|| format!("project {project} is saved"));
        locked(&self.configured[project]).versions.last_mut().expect("it was pushed").1 = Some(now);
    }

    /// Exchanges a source's secret as the README says: both are good, then the forge changes, then the old one ends.
    async fn rotate(&self, project: usize) {
        let _turn = self.rotating[project].lock().await;
        let next = locked(&self.configured[project]).generation + 1;
        let (old, new) = (source_secret(project, next - 1), source_secret(project, next));
        let secrets = vec![Secret::new(&*old), Secret::new(&*new)];
        self.save(project, |project| project.source.secrets = secrets).await;
        sleep(REMEMBERED).await;
        locked(&self.configured[project]).generation = next;
        // What the forge has sent with the old one is answered by then, or given up.
        sleep(Duration::from_mins(2)).await;
        let secrets = vec![Secret::new(&*new)];
        self.save(project, |project| project.source.secrets = secrets).await;
        sleep(REMEMBERED).await;
        let (house, source) = (&self.house, source_id(project).parse().expect("an id"));
        let headers = headers(&[("x-gitlab-token", &old), ("x-gitlab-event", "Push Hook")]);
        let payload = Payload { headers: &headers, body: &push(0) };
        let work = |app: Arc<app::App>| async move { receive(&app, &*house.queue, &source, payload).await };
        let received = house.have(("receive-hook", RECEIVER), work).await;
        if let Some(Ok(_)) = received {
            locked(&self.old_secrets_taken).push(project);
        }
    }

    async fn resend(&self, number: u32) {
        let (house, world) = (&self.house, &self.house.world);
        let Some(told) = locked(&self.told).iter().find(|told| told.number == number).cloned() else {
            return;
        };
        for target in settings::targets(&self.current(told.project)) {
            let event = Some(told.event.clone());
            locked(&self.asked_again).push(AskedAgain { at: world.now(), event, target });
            world.tell(|| format!("somebody sends event {number} to {target} again"));
            let event = told.event.clone();
            let work = |app: Arc<app::App>| {
                let queue = Arc::clone(&house.queue);
                async move { resend::resend(&app, &*queue, &event, target).await.is_ok() }
            };
            house.have(("serve-api", Duration::from_secs(45)), work).await;
        }
    }

    async fn replay(&self, project: usize, hook: usize) {
        let (house, world) = (&self.house, &self.house.world);
        let hooks = self.current(project).hooks.len().max(1);
        let target = TargetId::Hook(self.project_id(project), hook_id(hook % hooks));
        let order = Order {
            targets: vec![target],
            which: Which::Failed,
            since: Timestamp(0),
            until: world.now(),
            per_second: 5,
        };
        locked(&self.asked_again).push(AskedAgain { at: world.now(), event: None, target });
        world.tell(|| format!("somebody replays {target}"));
        let work = |app: Arc<app::App>| async move { replay::begin(&app, order).await.is_ok() };
        house.have(("serve-api", Duration::from_secs(45)), work).await;
    }

    async fn enable(&self, project: usize, hook: usize) {
        let hooks = self.current(project).hooks.len().max(1);
        let target = TargetId::Hook(self.project_id(project), hook_id(hook % hooks));
        let work = |app: Arc<app::App>| async move { targets::enable(&app, target).await.is_ok() };
        self.house.have(("serve-api", Duration::from_secs(45)), work).await;
    }

    /// Brings back what was set aside, as `bellhop dlq redrive` does; poison stays.
    pub(crate) fn redrive(&self) -> usize {
        let world = &self.house.world;
        let is_task = |body: &str| serde_json::from_str::<app::queue::Task>(body).is_ok();
        let mut tasks = world.tasks();
        let names: Vec<_> =
            tasks.dead.iter().filter_map(|held| serde_json::from_str(&held.body).ok()).collect();
        tasks.doubled.extend(names.iter().map(name_of));
        tasks.redriven.extend(names.iter().map(name_of));
        tasks.redrive(world.now(), |held| is_task(&held.body))
    }
}
