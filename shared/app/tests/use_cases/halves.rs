//! What is done by halves: somebody dies, or hears of an error, between two writes. Found by the simulation
//! (`tests/simulation`), and kept here as dialogues.
//!
//! Not here: kills of the real program (`tests/it/crash.rs`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::chat::{Entrance, Reply, receive};
use app::clock::{Chance, Clock};
use app::deliveries::{self, DeliveryState};
use app::egress::Guard;
use app::http_target::Outbound;
use app::queue::{Answer, Queue, QueueError, QueueName, Task};
use app::receive_hook::Received;
use app::resend::resend;
use app::seal::Sealer;
use app::table::{Condition, Item, Key, Page, Query, Stored, Table, TableError, Write};
use app::{App, audit, relay_http, runs};
use async_trait::async_trait;
use config::{HookId, ProjectId, TargetId};
use payload::{Payload, Secret};
use tokio::time::timeout;

use super::chat_world::{ChatWorld, MATTERMOST_TOKEN};
use super::world::{PUSH, Peer, World};

/// Takes nothing.
struct Out;

#[async_trait]
impl Queue for Out {
    async fn send(&self, _: Vec<Task>) -> Result<(), QueueError> {
        Err(QueueError::Unavailable("it is out".into()))
    }
}

#[tokio::test]
async fn who_dies_while_sending_again_what_had_arrived_leaves_nothing_that_waits_for_ever() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    let Received::Accepted { event, .. } = world.post("a", PUSH).await.unwrap() else { panic!() };
    world.work().await;

    let hook = TargetId::Hook(ProjectId(7), HookId(1));
    resend(&world.app, &Out, &event, hook).await.unwrap_err();
    for _ in 0..3 {
        world.minute().await;
    }
    assert_eq!(target.count(), 2, "a sweep has sent it, once");
    let record = deliveries::find(&world.app, &event, hook).await.unwrap().unwrap();
    assert_eq!(record.state, DeliveryState::Done);
}

/// Writes the last of several items, and says that it is not known what was written: what DynamoDB may do. A single one
/// is written, and may take its time.
struct ByHalves {
    table: Arc<dyn Table>,
    clock: Clock,
    put_takes: Duration,
    is_well: AtomicBool,
}

#[async_trait]
impl Table for ByHalves {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, TableError> {
        self.table.get(key).await
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Stored>, TableError> {
        self.table.batch_get(keys).await
    }

    async fn put(&self, item: Item, condition: Condition) -> Result<Write, TableError> {
        self.clock.advance(self.put_takes);
        self.table.put(item, condition).await
    }

    async fn delete(&self, key: &Key, condition: Condition) -> Result<Write, TableError> {
        self.table.delete(key, condition).await
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.table.query(query).await
    }

    async fn batch_put(&self, mut items: Vec<Item>) -> Result<(), TableError> {
        if self.is_well.load(Ordering::SeqCst) {
            return self.table.batch_put(items).await;
        }
        self.table.batch_put(items.split_off(items.len() - 1)).await?;
        Err(TableError::Unavailable("some of it was written".into()))
    }
}

/// Notes under which ids tasks are sent.
#[derive(Default)]
struct Ids(Mutex<Vec<String>>);

#[async_trait]
impl Queue for Ids {
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError> {
        self.0.lock().unwrap().extend(tasks.iter().map(Task::id));
        Ok(())
    }
}

/// The same house by a table that does all by halves.
fn by_halves(table: &Arc<dyn Table>, clock: &Clock, put_takes: Duration) -> (Arc<ByHalves>, App) {
    let is_well = AtomicBool::new(false);
    let table = Arc::new(ByHalves { table: Arc::clone(table), clock: clock.clone(), put_takes, is_well });
    let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
    let app = App::with(Arc::clone(&table) as _, sealer, clock.clone(), Chance::seeded(2));
    (table, app)
}

/// A queue that knows ids drops what comes under one for the second time, and a sweep may have sent first.
#[tokio::test]
async fn what_is_sent_again_at_last_is_not_taken_for_what_a_sweep_has_sent_meanwhile() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    let Received::Accepted { event, .. } = world.post("a", PUSH).await.unwrap() else { panic!() };
    world.work().await;
    let (asked_at, ids) = (world.clock.now(), Ids::default());

    // Two of them are more than the minute after which a sweep sends what was insured.
    let (_, app) = by_halves(&world.app.table, &world.clock, Duration::from_secs(45));
    resend(&app, &ids, &event, TargetId::Hook(ProjectId(7), HookId(1))).await.unwrap();

    let sent = ids.0.lock().unwrap().concat();
    assert!(sent.ends_with(&format!(".{}", world.clock.now())), "{sent}");
    assert!(!sent.ends_with(&format!(".{asked_at}")), "the insurance's: {sent}");
}

#[tokio::test]
async fn a_table_that_takes_no_rows_of_many_holds_no_delivery_up() {
    /// Longer than anything here takes.
    const PATIENCE: Duration = Duration::from_secs(10);
    for (gathers, expected) in [(false, Answer::Done), (true, Answer::Fault)] {
        let Some(world) = World::new().await else { return };
        let target = Peer::http(&[200]).await;
        world.configure(None, &[target.url(), target.url()]).await;
        world.post("a", PUSH).await.unwrap();
        let (_, app) = by_halves(&world.app.table, &world.clock, Duration::ZERO);
        let app = if gathers { app.gathering() } else { app };
        let outbound = world.outbound();
        let handler = async |run: &[&str]| relay_http::handle(&app, &outbound, run).await;
        let answered = timeout(PATIENCE, world.house.hand_out(QueueName::Http, 1, handler)).await;
        assert_eq!(answered.expect("everybody hears how it ended"), [expected; 2], "gathers: {gathers}");
        assert_eq!(target.count(), 2);
    }
}

#[tokio::test]
async fn a_command_whose_rows_were_written_by_halves_is_finished_by_the_next_copy() {
    let Some(world) = ChatWorld::new(r#"[{"users": ["UANN"], "jobs": ["ls"]}]"#).await else { return };
    let (table, app) = by_halves(&world.app.table, &world.clock, Duration::ZERO);
    let outbound = Outbound::new(Guard::default()).unwrap();
    let body = world.mattermost_form("UANN", "run ls");
    let headers = [("authorization".parse().unwrap(), format!("Token {MATTERMOST_TOKEN}").parse().unwrap())];
    let headers = headers.into_iter().collect();
    let id = "mattermost".to_owned().try_into().unwrap();
    let copy = async || {
        let payload = Payload { headers: &headers, body: body.as_bytes() };
        receive(&app, (&*world.queue, &outbound), Entrance::Command(&id), payload).await
    };
    copy().await.unwrap_err();
    table.is_well.store(true, Ordering::SeqCst);
    assert_eq!(copy().await.unwrap(), Reply::Silence);

    let latest = runs::latest_of(&app, &id, "UANN").await.unwrap();
    assert!(latest.is_some(), "the run is found by whoever asked for it");
    let listing = runs::Listing { project: ProjectId(7), limit: 10, after: None };
    assert_eq!(runs::list(&app, &listing).await.unwrap().runs.len(), 1);
    let listing = audit::Listing { project: ProjectId(7), limit: 100, after: None };
    let audited = audit::list(&app, &listing).await.unwrap();
    assert_eq!(audited.entries.len(), 1);
}
