//! What is done to the functions, and what is read off.
//!
//! Times are processor time, of a function that shares one processor with its peers: they say the same on a busy machine as
//! on a quiet one, within some per cent. Instructions, counted by valgrind's callgrind, are the steadier figure for a comparison.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::clock::Clock;
use end_to_end::{Authority, AwsStub, HttpReceiver, Push, SOURCE_SECRET, ThreeHooks};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tempfile::NamedTempFile;

use crate::cost::Counted;
use crate::lambda::Function;

/// How often a start is repeated. The median counts: that of a tenth as many differs by some per cent from run to run.
const STARTS: usize = 450;

/// Over how many events a warm function's time is taken.
const EVENTS: usize = 2_000;

/// After how many its memory is looked at.
const MANY_EVENTS: usize = 10_000;

/// Two counts, whose difference is that of so many events and of nothing else.
const COUNTED: (usize, usize) = (100, 300);

/// From the start of a program to its first answer.
pub(crate) struct Start {
    pub(crate) processor: Duration,
    pub(crate) wall: Duration,
}

/// How many pushes there were, by all forges: one that has a house to itself would repeat what another has sent there.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A function URL's event: a push of 8.5 KB from GitHub, signed, and new each time.
struct Pushes {
    body: String,
    signature: String,
}

impl Pushes {
    fn new() -> Self {
        let push = Push::fixture("github/push");
        let mut mac = Hmac::<Sha256>::new_from_slice(SOURCE_SECRET.as_bytes()).expect("any key will do");
        mac.update(push.body());
        let digest = mac.finalize().into_bytes();
        let signature = digest.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        Self { body: String::from_utf8(push.body().to_vec()).expect("it is JSON"), signature }
    }

    fn next(&self) -> Vec<u8> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = format!("/hooks/{}", ThreeHooks::SOURCE);
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": {
                "content-type": "application/json",
                "user-agent": "GitHub-Hookshot/044aadd",
                "x-github-event": "push",
                "x-github-delivery": format!("00000000-0000-4000-8000-{number:012x}"),
                "x-hub-signature-256": format!("sha256={}", self.signature),
            },
            "requestContext": {
                "accountId": "anonymous", "apiId": "x", "domainName": "x.lambda-url.eu-west-1.on.aws",
                "domainPrefix": "x", "requestId": "x", "routeKey": "$default", "stage": "$default",
                "time": "29/Nov/2026:12:00:00 +0000", "timeEpoch": 1_796_000_000_000_u64,
                "http": {
                    "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                    "userAgent": "GitHub-Hookshot/044aadd",
                },
            },
            "body": self.body, "isBase64Encoded": false,
        })
        .to_string()
        .into_bytes()
    }
}

/// A house to measure in.
pub(crate) struct House {
    aws: AwsStub,
    authority: Option<Authority>,
    target: HttpReceiver,
}

impl House {
    /// With a stand-in for AWS that proves who it is, or over plain HTTP.
    pub(crate) async fn new(authority: Option<Authority>) -> Self {
        let (aws, target) = (AwsStub::start(authority.as_ref()).await, HttpReceiver::start().await);
        if authority.is_some() {
            let plain = AwsStub::start(None).await;
            ThreeHooks::configure(&plain, target.url(), Clock::System).await;
            aws.take_over(&plain);
        } else {
            ThreeHooks::configure(&aws, target.url(), Clock::System).await;
        }
        Self { aws, authority, target }
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = [self.aws.environment(), ThreeHooks::environment()].concat();
        let bundle = self.authority.as_ref().map(|authority| authority.bundle().display().to_string());
        environment.extend(bundle.map(|bundle| ("AWS_CA_BUNDLE", bundle)));
        environment
    }

    /// Starts a function behind a URL, and has it answer one event.
    pub(crate) async fn start(&self, program: &Path) -> Start {
        let mut function = Function::start(&[program], &self.environment()).await;
        assert_accepted(&function.handle(Pushes::new().next()).await, program);
        let start = Start { processor: function.processor_time(), wall: function.age() };
        assert!(!function.log().contains("did not answer"), "{}", function.log());
        start
    }

    /// Medians of two programs, which take turns.
    pub(crate) async fn starts(&self, programs: [&Path; 2]) -> [Start; 2] {
        let mut all = [Vec::new(), Vec::new()];
        for _ in 0..STARTS {
            for (program, starts) in programs.into_iter().zip(&mut all) {
                starts.push(self.start(program).await);
                self.aws.take_sent();
            }
        }
        all.map(|starts| Start {
            processor: median(starts.iter().map(|start| start.processor)),
            wall: median(starts.iter().map(|start| start.wall)),
        })
    }

    /// A warm function's processor time for one event.
    pub(crate) async fn warm(&self, program: &Path) -> Duration {
        let mut function = Function::start(&[program], &self.environment()).await;
        let pushes = Pushes::new();
        for _ in 0..COUNTED.0 {
            function.handle(pushes.next()).await;
        }
        let before = function.processor_time();
        for _ in 0..EVENTS {
            assert_accepted(&function.handle(pushes.next()).await, program);
        }
        self.aws.take_sent();
        function.processor_time().saturating_sub(before) / u32::try_from(EVENTS).expect("it is small")
    }

    /// A warm function's instructions for one event; `None` without valgrind.
    pub(crate) async fn instructions(&self, program: &Path) -> Option<u64> {
        let (few, many) = (self.counted(program, COUNTED.0).await?, self.counted(program, COUNTED.1).await?);
        Some((many - few) / u64::try_from(COUNTED.1 - COUNTED.0).expect("it is small"))
    }

    async fn counted(&self, program: &Path, events: usize) -> Option<u64> {
        let valgrind = end_to_end::machine_program("valgrind")?;
        let output = NamedTempFile::new().expect("make a file");
        let option = format!("--callgrind-out-file={}", output.path().display());
        let command = [&valgrind, Path::new("--tool=callgrind"), Path::new(&option), program];
        let mut function = Function::start(&command, &self.environment()).await;
        let pushes = Pushes::new();
        for _ in 0..events {
            function.handle(pushes.next()).await;
        }
        function.end();
        self.aws.take_sent();
        let text = std::fs::read_to_string(output.path()).expect("callgrind writes");
        text.lines()
            .find_map(|line| line.strip_prefix("totals: "))
            .and_then(|total| total.trim().parse().ok())
    }

    /// The most memory that a receiver had after many events.
    pub(crate) async fn receiver_memory(&self, program: &Path) -> u64 {
        let mut function = Function::start(&[program], &self.environment()).await;
        let pushes = Pushes::new();
        for _ in 0..MANY_EVENTS {
            function.handle(pushes.next()).await;
        }
        self.aws.take_sent();
        function.memory_peak()
    }

    /// The same of a relay, after as many batches of three deliveries as make so many.
    pub(crate) async fn relay_memory(&self, receiver: &Path, relay: &Path) -> u64 {
        let mut receiver = Function::start(&[receiver], &self.environment()).await;
        let mut relay = Function::start(&[relay], &self.environment()).await;
        let pushes = Pushes::new();
        for _ in 0..MANY_EVENTS / 3 {
            receiver.handle(pushes.next()).await;
            relay.handle(self.aws.take_sent().to_string()).await;
            self.target.take_received();
        }
        relay.memory_peak()
    }

    /// And of a function that is given the same event again and again.
    pub(crate) async fn memory(&self, program: &Path, event: &str) -> u64 {
        let mut function = Function::start(&[program], &self.environment()).await;
        for _ in 0..MANY_EVENTS {
            function.handle(event.to_owned()).await;
        }
        function.memory_peak()
    }

    /// What one event costs with warm functions: the receiver, and the relay with all three targets in a batch.
    pub(crate) async fn counted_event(&self, receiver: &Path, relay: &Path) -> (Counted, Vec<String>) {
        let mut receiver = Function::start(&[receiver], &self.environment()).await;
        let mut relay = Function::start(&[relay], &self.environment()).await;
        let pushes = Pushes::new();
        receiver.handle(pushes.next()).await;
        relay.handle(self.aws.take_sent().to_string()).await;
        self.aws.take_calls();
        self.target.take_received();
        let logged_before = receiver.log().len() + relay.log().len();

        receiver.handle(pushes.next()).await;
        relay.handle(self.aws.take_sent().to_string()).await;

        let calls = self.aws.take_calls();
        let of = |operations: &[&str]| {
            let units = |operation: &&str| calls.get(*operation).map_or(0, |called| called.units);
            number(operations.iter().map(units).sum())
        };
        let posted = self.target.take_received();
        let head = |name: &axum::http::HeaderName, value: &axum::http::HeaderValue| {
            name.as_str().len() + value.len() + 4
        };
        let bytes = posted.iter().map(|request| {
            request.body.len() + request.headers.iter().map(|(name, value)| head(name, value)).sum::<usize>()
        });
        let counted = Counted {
            invocations: 2.0,
            // The poller receives the batch, and removes it.
            sqs_requests: of(&["SendMessageBatch", "ChangeMessageVisibility"]) + 2.0,
            write_units: of(&["PutItem", "BatchWriteItem"]),
            read_units: of(&["GetItem", "BatchGetItem", "Query"]),
            logged_bytes: number(receiver.log().len() + relay.log().len() - logged_before),
            posted_bytes: number(bytes.sum()),
        };
        let calls = calls.iter().map(|(operation, called)| format!("{} {operation}", called.times)).collect();
        (counted, calls)
    }
}

fn assert_accepted(answer: &[u8], program: &Path) {
    let answer = String::from_utf8_lossy(answer);
    assert!(answer.contains("accepted") || answer.contains("hello"), "{}: {answer}", program.display());
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "counts of one event")]
fn number(count: usize) -> f64 {
    count as f64
}
