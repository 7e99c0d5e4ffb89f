//! What an older Bellhop has queued and stored is understood by this one: `tests/older` holds tasks and a store as they were
//! written once, and nobody changes them. A new shape comes beside the old one, with a file of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::attempts::{self, Listing};
use app::clock::{Chance, Clock, Timestamp};
use app::deliveries::{self, DeliveryState};
use app::ids::EventId;
use app::projects::{self, Expected};
use app::queue::{Answer, QueueName, Task};
use app::receive_hook::{Received, receive};
use app::seal::Sealer;
use app::tokens::{self, NewToken, Scope};
use app::{App, events, parking, relay_http, relay_irker, sweep, targets};
use config::{HookId, HttpHook, Project, ProjectId, TargetId};
use embedded::Store;
use payload::{Payload, Secret};
use tempfile::TempDir;

use super::world::{PUSH, World, project};

/// When the store was written.
const THEN: Timestamp = Timestamp(1_700_000_000_000);

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A hook that is refused and waits, and one that has one attempt, and is parked.
const WAITING: TargetId = TargetId::Hook(ProjectId(7), HookId(1));
const PARKED: TargetId = TargetId::Hook(ProjectId(7), HookId(2));

/// All kinds of tasks, by the name that they are queued under. A new one has the compiler stop here.
fn kind(task: &Task) -> &'static str {
    match task {
        Task::RelayIrkerV1 { .. } => "relay_irker_v1",
        Task::RelayHttpV1 { .. } => "relay_http_v1",
        Task::RelayHttpInOrderV1 { .. } => "relay_http_in_order_v1",
        Task::TestIrkerV1 { .. } => "test_irker_v1",
        Task::RunJobV1 { .. } => "run_job_v1",
        Task::CancelRunV1 { .. } => "cancel_run_v1",
        Task::CarryOutV1 { .. } => "carry_out_v1",
        Task::TellRunV1 { .. } => "tell_run_v1",
        Task::AnswerV1 { .. } => "answer_v1",
    }
}

const KINDS: [&str; 9] = [
    "answer_v1",
    "cancel_run_v1",
    "carry_out_v1",
    "relay_http_in_order_v1",
    "relay_http_v1",
    "relay_irker_v1",
    "run_job_v1",
    "tell_run_v1",
    "test_irker_v1",
];

#[test]
fn tasks_of_every_version_are_read_as_what_they_were() {
    let mut seen = BTreeSet::new();
    for (name, text) in queued_once() {
        let task: Task = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(kind(&task), name);
        let (then, now): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&text).unwrap(), serde_json::to_value(&task).unwrap());
        assert_eq!(then, now, "{name} says something else now: that takes a new version");
        seen.insert(name);
    }
    assert_eq!(seen, KINDS.map(str::to_owned).into(), "each has a file in tests/older/tasks");
}

#[tokio::test]
async fn deliveries_of_every_version_are_handled() {
    let world = World::new().await.unwrap();
    let outbound = world.outbound();
    world.clock.advance(std::time::Duration::from_mins(1));
    for (name, text) in queued_once() {
        let task: Task = serde_json::from_str(&text).unwrap();
        let answers = match task.queue() {
            QueueName::Irker => relay_irker::handle(&world.app, &world.guard, &[&text]).await,
            QueueName::Http | QueueName::HttpOrdered => {
                relay_http::handle(&world.app, &outbound, &[&text]).await
            }
            // `jobs` handles those, with the same reading.
            QueueName::Runs => continue,
        };
        // Their event was never accepted.
        assert_eq!(answers, [Answer::Done], "{name}");
    }
}

/// And a fault that comes again and again is set aside: see `trouble`.
#[tokio::test]
async fn a_task_of_a_newer_bellhop_is_a_fault_and_not_lost() {
    let world = World::new().await.unwrap();
    let newer = r#"{"task":"relay_http_v9","delivery":{"to":"somewhere"}}"#;
    let outbound = world.outbound();
    assert_eq!(relay_http::handle(&world.app, &outbound, &[newer]).await, [Answer::Fault]);
    assert_eq!(relay_irker::handle(&world.app, &world.guard, &[newer]).await, [Answer::Fault]);
}

#[tokio::test]
async fn what_an_older_bellhop_has_stored_is_understood() {
    let folder = TempDir::new().unwrap();
    for file in stores() {
        let place = folder.path().join(file.file_stem().unwrap());
        embedded::restore(&file, &place).unwrap();
        let clock = Clock::manual(THEN);
        let store = Store::open(&place, clock.clone()).unwrap();
        let app = house(&store, &clock, 2);

        let stored = projects::load(&app, ProjectId(7)).await.unwrap().unwrap();
        assert_eq!(stored, as_configured());
        let token = fs::read_to_string(file.with_extension("token")).unwrap();
        let token = tokens::authenticate(&app, token.trim(), None).await.unwrap();
        assert_eq!(token.scope, Scope::Maintainer { projects: [ProjectId(7)].into() });

        let listing = |target| Listing { target, wanted: Vec::new(), limit: 10, after: None };
        let tried = attempts::list(&app, &listing(WAITING)).await.unwrap().entries;
        let event: EventId = tried[0].event.clone();
        assert_eq!(events::payload(&app, &event).await.unwrap().unwrap().body, PUSH);
        let record = async |target| deliveries::find(&app, &event, target).await.unwrap().unwrap();
        assert!(matches!(record(WAITING).await.state, DeliveryState::Waiting { .. }));
        assert!(matches!(record(PARKED).await.state, DeliveryState::Parked { .. }));
        let parked = parking::Parked { target: PARKED, since: Timestamp(0), limit: 10 };
        assert_eq!(parking::parked(&app, parked).await.unwrap().len(), 1);
        assert_eq!(targets::health(&app, WAITING).await.unwrap().failures, 1);

        // What was queued is handed out, tried, and put off: this one's peers are nowhere.
        let serving = store.serve().await.unwrap();
        clock.advance(std::time::Duration::from_hours(1));
        sweep::sweep(&app, &store.queue()).await.unwrap();
        assert!(!work(&app, &serving).await.contains(&Answer::Fault));
        assert_eq!(record(WAITING).await.attempts_made, 2);
        assert!(store.queue().dead_letters(QueueName::Http, 10).await.unwrap().is_empty());
    }
}

/// Writes the store of `tests/older` that this Bellhop would leave behind. To be run by hand when rows get a new shape,
/// under a new name: `cargo test -p app --test use_cases -- --ignored a_store_as_it_is_today`.
#[tokio::test]
#[ignore = "it writes a fixture"]
async fn a_store_as_it_is_today() {
    let (folder, clock) = (TempDir::new().unwrap(), Clock::manual(THEN));
    let store = Store::open(folder.path(), clock.clone()).unwrap();
    let app = house(&store, &clock, 1);
    projects::save(&app, as_configured(), Expected::Any).await.unwrap();
    let scope = Scope::Maintainer { projects: [ProjectId(7)].into() };
    let new = NewToken { name: "older".to_owned(), scope, expires_at: None };
    let (token, _) = tokens::make(&app, new).await.unwrap();
    let headers = [("x-gitlab-token", "s3cret"), ("idempotency-key", "1"), ("x-gitlab-event", "Push Hook")];
    let headers =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let payload = Payload { headers: &headers, body: PUSH };
    let received = receive(&app, &store.queue(), &"p".parse().unwrap(), payload).await.unwrap();
    assert!(matches!(received, Received::Accepted { deliveries: 3, .. }));
    work(&app, &store.serve().await.unwrap()).await;

    let place = older().join("store-1.sqlite");
    embedded::back_up(folder.path(), &place).unwrap();
    fs::write(place.with_extension("token"), token.expose()).unwrap();
}

fn house(store: &Store, clock: &Clock, seed: u64) -> App {
    let sealer = Sealer::new(&Secret::new(KEY)).unwrap();
    App::with(Arc::new(store.table()), sealer, clock.clone(), Chance::seeded(seed))
}

/// Nobody listens where its targets are.
fn as_configured() -> Project {
    let project = project(Some(9), &["http://127.0.0.1:9/".to_owned(), "http://127.0.0.1:9/".to_owned()]);
    let mut hooks = project.hooks.clone();
    hooks[1] = HttpHook { retry_waits_s: Some(Vec::new()), ..hooks[1].clone() };
    Project { hooks, rate_limit: Some(600), ..project }
}

/// Hands out once what can be had now.
async fn work(app: &App, serving: &embedded::Serving) -> Vec<Answer> {
    let guard = app::egress::Guard::new(relay::egress::Policy::parse("127.0.0.1", "").unwrap());
    let outbound = app::http_target::Outbound::new(guard.clone()).unwrap();
    let mut answers = Vec::new();
    for queue in QueueName::DELIVERIES {
        for run in serving.lease_runs(queue, (10, 10), super::house::LEASE).await.unwrap() {
            let bodies: Vec<_> = run.iter().map(|task| task.received.body.as_str()).collect();
            let answered = match queue {
                QueueName::Irker => relay_irker::handle(app, &guard, &bodies).await,
                _ => relay_http::handle(app, &outbound, &bodies).await,
            };
            for (task, answer) in run.iter().zip(&answered) {
                serving.answer(task.lease, *answer).await.unwrap();
            }
            answers.extend(answered);
        }
    }
    answers
}

fn older() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/older")
}

/// Each task's name and text.
fn queued_once() -> Vec<(String, String)> {
    let files = fs::read_dir(older().join("tasks")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

/// Copies of stores, one for each shape that rows have had.
fn stores() -> Vec<PathBuf> {
    let files = fs::read_dir(older()).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "sqlite")).collect();
    assert!(!found.is_empty());
    found
}
