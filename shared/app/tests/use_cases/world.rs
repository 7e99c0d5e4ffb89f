//! A Bellhop in a [`House`], an irkerd stand-in and an HTTP target.
//!
//! Not here: where things are kept and queued, which is the house's: the same dialogues are held in several.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::clock::{Chance, Clock, Timestamp};
use app::deliveries::DeliveryRecord;
use app::egress::Guard;
use app::http_target::Outbound;
use app::ids::EventId;
use app::projects::{self, Expected};
use app::queue::{Answer, Queue, QueueName};
use app::receive_hook::{ReceiveError, Received, receive};
use app::seal::Sealer;
use app::table::{Condition, Item, Key};
use app::{App, relay_http, relay_irker, sweep};
use config::{HookId, HttpHook, Irker, LineSettings, LineStyle, Project, ProjectId, Source, TargetId};
use payload::{Payload, Secret};
use relay::egress::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::house::House;

pub(crate) const PUSH: &[u8] = include_bytes!("../../../../tests/fixtures/gitlab/push.json");

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    /// Lets relays out to the peers, which are on 127.0.0.1.
    pub(crate) guard: Guard,
    pub(crate) house: House,
    pub(crate) queue: Arc<dyn Queue>,
    /// How many tasks of one irkerd a relay gets at a time.
    pub(crate) run_max: usize,
}

impl World {
    /// `None` where there is no such house, which has said so.
    pub(crate) async fn new() -> Option<Self> {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let house = House::new(&clock).await?;
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
        let app = App::with(house.table(), sealer, clock.clone(), Chance::seeded(1));
        let guard = Guard::new(Policy::parse("127.0.0.1", "").unwrap());
        let queue = house.queue();
        Some(Self { app, clock, guard, house, queue, run_max: 10 })
    }

    /// A push comes in for the project `p`, under the sender's id.
    pub(crate) async fn push(&self, id: &str) -> Result<Received, ReceiveError> {
        self.post(id, PUSH).await
    }

    pub(crate) async fn post(&self, id: &str, body: &[u8]) -> Result<Received, ReceiveError> {
        let headers =
            [("x-gitlab-token", "s3cret"), ("idempotency-key", id), ("x-gitlab-event", "Push Hook")];
        self.post_with(&headers, body).await
    }

    pub(crate) async fn post_with(
        &self,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Result<Received, ReceiveError> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let payload = Payload { headers: &headers, body };
        receive(&self.app, self.queue(), &"p".parse().unwrap(), payload).await
    }

    /// Every task that can be had is handled once. What the relays answered, in order.
    pub(crate) async fn work(&self) -> Vec<Answer> {
        let (mut answers, outbound) = (Vec::new(), self.outbound());
        let irker = async |run: &[&str]| relay_irker::handle(&self.app, &self.guard, run).await;
        let http = async |run: &[&str]| relay_http::handle(&self.app, &outbound, run).await;
        for queue in QueueName::DELIVERIES {
            loop {
                let answered = match queue {
                    QueueName::Irker => self.house.hand_out(queue, self.run_max, irker).await,
                    QueueName::Http | QueueName::HttpOrdered => self.house.hand_out(queue, 1, http).await,
                    QueueName::Runs => panic!("it carries no deliveries"),
                };
                if answered.is_empty() {
                    break;
                }
                answers.extend(answered);
            }
        }
        answers
    }

    pub(crate) fn queue(&self) -> &dyn Queue {
        &*self.queue
    }

    pub(crate) fn outbound(&self) -> Outbound {
        Outbound::new(self.guard.clone()).unwrap()
    }

    /// A minute passes, and what has become due meanwhile is handled. What the relays answered.
    pub(crate) async fn minute(&self) -> Vec<Answer> {
        self.clock.advance(sweep::SWEEP_EVERY);
        sweep::sweep(&self.app, self.queue()).await.unwrap();
        self.work().await
    }

    /// A delivery's record is as if something had gone wrong.
    pub(crate) async fn overwrite(&self, event: &EventId, target: TargetId, record: &DeliveryRecord) {
        let key = Key::new(format!("event#{event}"), format!("delivery#{target}"));
        let document = serde_json::to_string(record).unwrap();
        let item = Item { key, document, blob: None, expires_at: None };
        self.app.table.put(item, Condition::Always).await.unwrap();
    }

    /// An event is as if its time had come.
    pub(crate) async fn forget_event(&self, event: &EventId) {
        let key = Key::new(format!("event#{event}"), "event");
        self.app.table.delete(&key, Condition::Always).await.unwrap();
    }

    /// An event's row is as if somebody had written over it.
    pub(crate) async fn break_event(&self, event: &EventId) {
        let key = Key::new(format!("event#{event}"), "event");
        let item = Item { key, document: "{}".to_owned(), blob: None, expires_at: None };
        self.app.table.put(item, Condition::Always).await.unwrap();
    }

    /// The project `p` with these targets is stored.
    pub(crate) async fn configure(&self, irkerd: Option<u16>, hooks: &[String]) {
        projects::save(&self.app, project(irkerd, hooks), Expected::Any).await.unwrap();
        // Longer than a configuration is remembered.
        self.clock.advance(Duration::from_secs(6));
    }
}

/// The project `p`, number 7.
pub(crate) fn project(irkerd: Option<u16>, hooks: &[String]) -> Project {
    let hook = |(index, url): (usize, &String)| HttpHook {
        token: Some(Secret::new("target-token")),
        ..HttpHook::to(HookId(index as u64 + 1), url)
    };
    Project {
        id: ProjectId(7),
        path: "g/p".to_owned().try_into().unwrap(),
        source: Source {
            id: "p".parse().unwrap(),
            forge: None,
            secrets: vec![Secret::new("s3cret")],
            allow_unsigned: false,
        },
        irker: irkerd.map(|server_port| Irker {
            server_host: "127.0.0.1".to_owned(),
            server_port,
            lines: LineSettings { style: LineStyle::GitLab, ..LineSettings::default() },
            ..Irker::to(Irker::parse_recipients("irc://irc.example.net/chan?key=channel-key", None).unwrap())
        }),
        hooks: hooks.iter().enumerate().map(hook).collect(),
        last_hook: HookId(9),
        rate_limit: None,
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    }
}

/// A TCP peer that remembers all bytes it is sent.
pub(crate) struct Peer {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    count: Arc<AtomicUsize>,
}

impl Peer {
    /// Reads to the end and closes, as irkerd does.
    pub(crate) async fn irkerd() -> Self {
        Self::on("127.0.0.1", |_| None).await
    }

    /// Answers each request with the next of these statuses, the last one for ever.
    pub(crate) async fn http(statuses: &'static [u16]) -> Self {
        Self::at("127.0.0.1", statuses).await
    }

    /// The same, at another address of this machine.
    pub(crate) async fn at(address: &str, statuses: &'static [u16]) -> Self {
        Self::on(address, move |count| Some(format!("{} x", statuses[count.min(statuses.len() - 1)]))).await
    }

    /// Sends everybody elsewhere.
    pub(crate) async fn redirecting(location: String) -> Self {
        Self::on("127.0.0.1", move |_| Some(format!("302 Found\r\nlocation: {location}"))).await
    }

    /// Answers each request with the next of these heads, such as `503 x\r\nretry-after: 9`, the last one for ever.
    pub(crate) async fn saying(heads: &'static [&'static str]) -> Self {
        Self::on("127.0.0.1", move |count| Some(heads[count.min(heads.len() - 1)].to_owned())).await
    }

    /// `answer` is what stands behind `HTTP/1.1` in the answer to the request of that number.
    async fn on(address: &str, answer: impl Fn(usize) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        let count = Arc::new(AtomicUsize::new(0));
        let requests = Arc::clone(&count);
        tokio::spawn(async move {
            for turn in 0.. {
                let Ok((mut connection, _)) = listener.accept().await else { return };
                let mut buffer = vec![0; 64 * 1024];
                let mut request = Vec::new();
                loop {
                    let read = connection.read(&mut buffer).await.unwrap_or(0);
                    request.extend_from_slice(&buffer[..read]);
                    if read == 0 || (answer(turn).is_some() && is_whole(&request)) {
                        break;
                    }
                }
                ears.lock().unwrap().extend_from_slice(&request);
                requests.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(turn) {
                    let answer =
                        format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = connection.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { port, heard, count }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// How many requests it got.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(crate) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    pub(crate) fn heard_bytes(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

/// Whether a request's announced body has come.
fn is_whole(request: &[u8]) -> bool {
    let Some(head_end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    request.len() >= head_end + 4 + length.unwrap_or(0)
}
