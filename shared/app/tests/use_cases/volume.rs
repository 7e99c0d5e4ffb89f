//! Ten thousand deliveries to targets in every kind of trouble, over weeks of simulated time and real sockets: each ends
//! once, in one place, and none is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::clock::{Chance, Timestamp};
use app::deliveries::{self, DeliveryRecord, DeliveryState};
use app::http_target::Outbound;
use app::ids::EventId;
use app::parking::{self, Parked};
use app::projects::{self, Expected};
use app::queue::QueueName;
use app::receive_hook::Received;
use app::table::Query;
use app::{relay_http, sweep, targets};
use config::{HookId, ProjectId, TargetId};
use futures_util::stream::{FuturesUnordered, StreamExt};
use relay::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::house::LEASE;
use super::world::{World, project};

const TARGETS: u64 = 50;
const EVENTS: usize = 200;

/// How many deliveries are under way at the same time.
const WIDE: usize = 64;

/// In seconds; short, since one of a hundred requests takes all of it. Where the machine is slow it may hit others, which
/// is trouble like any other.
const TIMEOUT_S: u16 = 1;

/// The smallest of pushes: this is about how many there are.
const PUSH: &[u8] = br#"{"object_kind":"push","ref":"refs/heads/main","user_name":"Ada",
    "before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    "project":{"name":"Demo","web_url":"https://gitlab.example.com/demo"},"total_commits_count":0,"commits":[]}"#;

/// What the targets were asked: by delivery, the attempts' numbers and the statuses they were given (`None` for none).
type Book = Arc<Mutex<BTreeMap<String, Vec<(u32, Option<u16>)>>>>;

/// All targets, on one port: `/N` is the Nth.
struct Crowd {
    port: u16,
    book: Book,
}

impl Crowd {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (book, chance) = (Book::default(), Chance::seeded(7));
        let shared = Arc::clone(&book);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&shared), chance.clone()));
            }
        });
        Self { port, book }
    }
}

/// Answers one request after the other, or not.
async fn serve(mut connection: TcpStream, book: Book, chance: Chance) {
    let (mut buffer, mut request) = (vec![0; 16 * 1024], Vec::new());
    loop {
        match connection.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
        if !request.ends_with(PUSH) {
            continue;
        }
        let head = String::from_utf8_lossy(&request).into_owned();
        request.clear();
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let target: u64 = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        let attempt = header("webhook-attempt: ").parse().unwrap();
        let reaction = reaction((target, attempt), chance.fraction());
        let status = match reaction {
            Reaction::Answer(status) => Some(status),
            Reaction::Hang | Reaction::Reset => None,
        };
        book.lock().unwrap().entry(header("webhook-id: ")).or_default().push((attempt, status));
        match reaction {
            Reaction::Answer(status) => {
                let wait = if status == 429 { "retry-after: 1200\r\n" } else { "" };
                let answer = format!("HTTP/1.1 {status} x\r\n{wait}content-length: 0\r\n\r\n");
                if connection.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Reaction::Hang => std::future::pending().await,
            Reaction::Reset => return,
        }
    }
}

enum Reaction {
    Answer(u16),
    Hang,
    Reset,
}

/// The first target is down, the second says no, the third is gone; all others are a mixture. Who hangs does so at first,
/// when there is enough to do meanwhile.
fn reaction((target, attempt): (u64, u32), chance: f64) -> Reaction {
    match (target, chance) {
        (1, _) => Reaction::Answer(500),
        (2, _) => Reaction::Answer(404),
        (3, _) => Reaction::Answer(410),
        (_, 0.99..) if attempt == 1 => Reaction::Hang,
        (_, ..0.8) => Reaction::Answer(200),
        (_, ..0.88) => Reaction::Answer(503),
        (_, ..0.92) => Reaction::Answer(400),
        (_, ..0.94) => Reaction::Answer(429),
        _ => Reaction::Reset,
    }
}

async fn records(world: &World, events: &[EventId]) -> Vec<(String, TargetId, DeliveryRecord)> {
    let mut records = Vec::new();
    for number in 1..=TARGETS {
        let target = TargetId::Hook(ProjectId(7), HookId(number));
        for event in events {
            let record = deliveries::find(&world.app, event, target).await.unwrap();
            let record = record.unwrap_or_else(|| panic!("{event} was never tried nor parked at {target}"));
            records.push((event.delivery_id(target), target, record));
        }
    }
    records
}

/// Everything that can be had is handled, many at once: who hangs holds up nobody else.
async fn work_wide(world: &World, outbound: &Outbound) {
    let (serving, mut under_way) = (&world.house.serving, FuturesUnordered::new());
    loop {
        let free = WIDE - under_way.len();
        for run in serving.lease_runs(QueueName::Http, (free, 1), LEASE).await.unwrap() {
            under_way.push(async move {
                let [task] = &run[..] else { panic!("a run is one task") };
                let answers = relay_http::handle(&world.app, outbound, &[&task.received.body]).await;
                serving.answer(task.lease, answers[0]).await.unwrap();
            });
        }
        if under_way.next().await.is_none() {
            return;
        }
    }
}

/// Everything that is due is worked on, at first from minute to minute, until nothing is left to wait for.
async fn settle(world: &World, outbound: &Outbound) {
    let queue = world.house.store.queue();
    for round in 0..2_000 {
        work_wide(world, outbound).await;
        let in_queue = queue.waiting(QueueName::Http).await.unwrap().later;
        let in_table = world.app.table.query(&Query::prefix("due", "")).await.unwrap().items.len();
        if in_queue == 0 && in_table == 0 {
            return;
        }
        let pause = if round < 30 { sweep::SWEEP_EVERY } else { Duration::from_hours(1) };
        world.clock.advance(pause);
        sweep::sweep(&world.app, &queue).await.unwrap();
    }
    panic!("it does not come to rest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_deliveries_each_end_once_and_in_one_place() {
    let (world, crowd) = (World::new().await.unwrap(), Crowd::start().await);
    let urls: Vec<_> =
        (1..=TARGETS).map(|number| format!("http://127.0.0.1:{}/{number}", crowd.port)).collect();
    let mut project = project(None, &urls);
    for hook in &mut project.hooks {
        hook.timeout_s = TIMEOUT_S;
    }
    projects::save(&world.app, project, Expected::Any).await.unwrap();
    let outbound = world.outbound();
    let mut events = Vec::new();
    for id in 0..EVENTS {
        match world.post(&id.to_string(), PUSH).await.unwrap() {
            Received::Accepted { event, .. } => events.push(event),
            other => panic!("{other:?}"),
        }
    }
    settle(&world, &outbound).await;

    let (book, mut parked) = (crowd.book.lock().unwrap().clone(), BTreeMap::new());
    let records = records(&world, &events).await;
    assert_eq!(records.len(), 10_000);
    let known: BTreeSet<_> = records.iter().map(|(id, ..)| id).collect();
    assert!(book.keys().all(|id| known.contains(id)), "no other id was ever used");
    for (id, target, record) in &records {
        let asked = book.get(id).map_or(&[][..], Vec::as_slice);
        assert!(asked.windows(2).all(|pair| pair[0].0 < pair[1].0), "{id}: attempts are numbered: {asked:?}");
        let unheard =
            record.attempts.iter().filter(|attempt| matches!(attempt.outcome, Outcome::Unknown { .. }));
        let (unheard, said_yes) =
            (unheard.count(), asked.iter().filter(|(_, status)| *status == Some(200)).count());
        match record.state {
            DeliveryState::Done => {
                assert!((1..=1 + unheard).contains(&said_yes), "{id}: {asked:?} {record:?}");
            }
            DeliveryState::Parked { .. } => {
                assert!(said_yes <= unheard, "{id} had arrived: {asked:?} {record:?}");
                *parked.entry(*target).or_insert(0) += 1;
            }
            DeliveryState::Waiting { .. } => panic!("{id} is still waiting: {record:?}"),
        }
    }
    for number in 1..=TARGETS {
        let target = TargetId::Hook(ProjectId(7), HookId(number));
        let rows = Parked { target, since: Timestamp(0), limit: 100_000 };
        let found = parking::parked(&world.app, rows).await.unwrap().len();
        assert_eq!(
            found,
            parked.get(&target).copied().unwrap_or(0),
            "what is parked at {target} can be found"
        );
        if number <= 3 {
            assert_eq!(found, EVENTS, "nothing arrives at {target}");
            assert_ne!(targets::health(&world.app, target).await.unwrap().failures, 0);
        }
    }
    let queue = world.house.store.queue();
    let waiting = queue.waiting(QueueName::Http).await.unwrap();
    assert_eq!((waiting.ready, waiting.later, waiting.leased), (0, 0, 0));
    assert_eq!(queue.dead_letters(QueueName::Http, 10).await.unwrap(), []);
}
