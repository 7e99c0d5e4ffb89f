//! What comes between a run of deliveries and irkerd: settings that change meanwhile, rows that are not there yet, a
//! table that fails.

use std::sync::Arc;
use std::time::Duration;

use app::egress::Guard;
use app::events::{NewEvent, accept};
use app::ids::{EventId, Stamp};
use app::projects::{self, Expected};
use app::queue::{Answer, Delivery, Task};
use app::receive_hook::receive;
use app::table::{Condition, Item, Key, Page, Query, Stored, Table, TableError, Write};
use app::{relay_irker, test_irker};
use async_trait::async_trait;
use config::{Irker, Project, ProjectId, RefPattern, Source};
use payload::{Forge, Identity, Payload};
use relay::Outcome;

use super::irker::{IRKER, accepted, configure, push, record, said, work_to_the_end};
use super::world::{Peer, World, project};

#[tokio::test]
async fn what_stands_behind_a_push_that_is_not_yet_accepted_waits_for_it() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, irkerd.port).await;
    accepted(&world, "one").await;
    // Its tasks are in the queue, and its row is not there yet.
    let id = EventId::of(&"p".parse().unwrap(), Identity::Delivery("two"), world.clock.now());
    let stamp = Stamp::new(&world.app.chance);
    let delivery = Delivery {
        event: id.clone(),
        stamp: stamp.clone(),
        project: ProjectId(7),
        target: IRKER,
        queued_at: world.clock.now(),
    };
    let irkerd_name = format!("127.0.0.1:{}", irkerd.port);
    let task = Task::RelayIrkerV1 { irkerd: irkerd_name, delivery };
    world.queue.send(vec![task]).await.unwrap();
    accepted(&world, "three").await;

    world.work().await;
    assert_eq!(titles(&irkerd), ["one"]);
    let event = NewEvent {
        id,
        stamp,
        project: ProjectId(7),
        source: "p".parse().unwrap(),
        forge: Forge::GitLab,
        targets: vec![IRKER],
        headers: Vec::new(),
        body: &push("two"),
    };
    accept(&world.app, event).await.unwrap();
    work_to_the_end(&world).await;
    assert_eq!(titles(&irkerd), ["one", "two", "three"]);
}

/// What of the pushes was heard: each is two lines, and the second ends with its title.
fn titles(irkerd: &Peer) -> Vec<String> {
    let ends = said(irkerd).into_iter().filter(|line| !line.contains("pushed"));
    ends.map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_left_out_now_is_not_counted_among_those_that_are_told_together() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, irkerd.port).await;
    let on = |branch: &str, title: &str| {
        let text = String::from_utf8(push(title)).unwrap();
        text.replace("refs/heads/master", &format!("refs/heads/{branch}")).into_bytes()
    };
    let mut events = Vec::new();
    for (branch, title) in [("wip", "0"), ("main", "1"), ("wip", "2"), ("main", "3"), ("main", "4")] {
        events.push(world.post(title, &on(branch, title)).await.unwrap());
    }
    let exclude = |irker: &mut Irker| {
        irker.subscription.refs.exclude_branches = vec![RefPattern::parse("wip").unwrap()];
    };
    configure(&world, exclude, irkerd.port).await;
    work_to_the_end(&world).await;

    let said = said(&irkerd);
    assert!(said.len() == 1 && said[0].contains("pushed 3 times: 3 new commits to main"), "{said:?}");
    let mut outcomes = Vec::new();
    for event in events {
        let app::receive_hook::Received::Accepted { event, .. } = event else { panic!("{event:?}") };
        outcomes.push(record(&world, &event).await.attempts[0].outcome.clone());
    }
    let (nothing, together) = (Outcome::Nothing, Outcome::Coalesced);
    assert_eq!(outcomes, [nothing.clone(), Outcome::HandedOver, nothing, together.clone(), together]);
}

#[tokio::test]
async fn recipients_that_change_halfway_all_hear_all_of_it() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    let two_lines_to = |recipients: &'static str| {
        move |irker: &mut Irker| {
            irker.pacing.lines_in_irkerd = 1;
            irker.recipients = Irker::parse_recipients(recipients, None).unwrap();
        }
    };
    configure(&world, two_lines_to("irc://h/a"), irkerd.port).await;
    accepted(&world, "one").await;
    world.work().await;
    configure(&world, two_lines_to("irc://h/b irc://h/c"), irkerd.port).await;
    work_to_the_end(&world).await;
    let lines = |channel: &str| irkerd.heard().matches(channel).count();
    assert_eq!([lines("6667/a"), lines("6667/b"), lines("6667/c")], [1, 2, 2]);
}

/// A second project, number 8, with a source of its own.
fn other(irkerd: u16) -> Project {
    Project {
        id: ProjectId(8),
        path: "g/q".to_owned().try_into().unwrap(),
        source: Source { id: "q".parse().unwrap(), ..project(None, &[]).source },
        ..project(Some(irkerd), &[])
    }
}

async fn pushed_to_the_other(world: &World, title: &str) {
    let headers = [("x-gitlab-token", "s3cret"), ("idempotency-key", title), ("x-gitlab-event", "Push Hook")];
    let headers =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let payload = Payload { headers: &headers, body: &push(title) };
    receive(&world.app, world.queue(), &"q".parse().unwrap(), payload).await.unwrap();
}

#[tokio::test]
async fn a_project_that_moves_to_another_irkerd_takes_what_waits_along() {
    let Some(world) = World::new().await else { return };
    let (old, new) = (Peer::irkerd().await, Peer::irkerd().await);
    configure(&world, |_| {}, old.port).await;
    projects::save(&world.app, other(old.port), Expected::Any).await.unwrap();
    accepted(&world, "one").await;
    pushed_to_the_other(&world, "two").await;
    accepted(&world, "three").await;
    projects::save(&world.app, other(new.port), Expected::Any).await.unwrap();
    work_to_the_end(&world).await;
    assert_eq!((titles(&old), titles(&new)), (vec!["one".into(), "three".into()], vec!["two".to_owned()]));
}

#[tokio::test]
async fn a_project_that_is_gone_holds_up_nobody() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, irkerd.port).await;
    projects::save(&world.app, other(irkerd.port), Expected::Any).await.unwrap();
    accepted(&world, "one").await;
    pushed_to_the_other(&world, "two").await;
    accepted(&world, "three").await;
    for sort in ["project", "source", "irker"] {
        world.app.table.delete(&Key::new("project#8", sort), Condition::Always).await.unwrap();
    }
    world.clock.advance(Duration::from_secs(6));
    assert_eq!(world.work().await, [Answer::Done; 3], "in one run");
    assert_eq!(titles(&irkerd), ["one", "three"]);
}

#[tokio::test]
async fn what_a_test_said_is_waited_for() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    let crowd = (0..9).map(|n| format!("irc://h/c{n}")).collect::<Vec<_>>().join(" ");
    let recipients = Irker::parse_recipients(&crowd, None).unwrap();
    configure(&world, |irker| irker.recipients = recipients, irkerd.port).await;
    let stored = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    test_irker::ask(&world.app, world.queue(), &stored).await.unwrap();
    accepted(&world, "one").await;
    world.work().await;
    assert_eq!(said(&irkerd).len(), 9, "irkerd has yet to say the test: the push waits");
    world.clock.advance(Duration::from_secs(8));
    world.work().await;
    assert_eq!(said(&irkerd).len(), 9 + 4);
}

/// A table that takes everything but what is written under keys that begin so.
struct WriteFailure {
    table: Arc<dyn Table>,
    begin: &'static str,
}

#[async_trait]
impl Table for WriteFailure {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError> {
        self.table.get(key).await
    }
    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        self.table.batch_get(keys).await
    }
    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError> {
        if item.key.partition.starts_with(self.begin) {
            return Err(TableError::Unavailable("the disk is full".into()));
        }
        self.table.put(item, condition).await
    }
    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError> {
        self.table.delete(key, condition).await
    }
    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.table.query(query).await
    }
    async fn batch_put(&self, items: Vec<Item>) -> Result<(), TableError> {
        self.table.batch_put(items).await
    }
}

#[tokio::test]
async fn a_table_that_takes_nothing_makes_nobody_say_the_same_again_and_again() {
    let Some(mut world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, irkerd.port).await;
    accepted(&world, "one").await;
    let table = Arc::clone(&world.app.table);
    world.app.table = Arc::new(WriteFailure { table: Arc::clone(&table), begin: "irkerd#" });
    assert_eq!(world.work().await, [Answer::Fault], "it rests, and is tried again");
    assert_eq!(said(&irkerd).len(), 0);
    world.app.table = table;
    world.clock.advance(Duration::from_secs(5));
    world.work().await;
    assert_eq!(titles(&irkerd), ["one"]);
}

#[tokio::test]
async fn two_who_hand_over_to_one_irkerd_at_once_keep_its_pace() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |irker| irker.pacing.lines_in_irkerd = 1, irkerd.port).await;
    let mut bodies = Vec::new();
    for title in ["one", "two", "three", "four"] {
        let event = accepted(&world, title).await;
        let stamp = stamp_of(&world, &event).await;
        let delivery =
            Delivery { event, stamp, project: ProjectId(7), target: IRKER, queued_at: world.clock.now() };
        let task = Task::RelayIrkerV1 { irkerd: format!("group of {title}"), delivery };
        bodies.push(serde_json::to_string(&task).unwrap());
    }
    let guard: &Guard = &world.guard;
    let handled = bodies.iter().map(|body| async { relay_irker::handle(&world.app, guard, &[body]).await });
    futures_util::future::join_all(handled).await;
    assert_eq!(said(&irkerd).len(), 1);
}

/// The stamp that makes a task of this event count.
async fn stamp_of(world: &World, event: &EventId) -> Stamp {
    let stored = world.app.table.get(&Key::new(format!("event#{event}"), "event")).await.unwrap().unwrap();
    let row: serde_json::Value = serde_json::from_str(&stored.item.document).unwrap();
    serde_json::from_value(row["stamp"].clone()).unwrap()
}
