//! Forges: authentic pushes, each another one, sent when their time has come whether or not the last was answered.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// What all sources of the run expect.
pub(crate) const SECRET: &str = "secret-of-the-load-run";

/// Stands before a push's number in the name of its branch.
const MARK: &[u8] = b"load-";

/// How long an answer may take: a forge has given up long before.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// Which forge a push is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With its token.
    GitLab,
    /// Signed.
    GitHub,
}

/// A push as it is documented by its forge, to be made another one again and again.
pub(crate) struct Samples {
    gitlab: Value,
    github: Value,
}

impl Samples {
    pub(crate) fn read() -> Result<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        let read =
            |name: &str| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(fixtures.join(name))?)?) };
        let github = read("payloads/octokit-webhooks-examples/github/push/created.json")?;
        Ok(Self { gitlab: read("gitlab/push.json")?, github })
    }

    /// The request for a source, all of it.
    fn request(&self, push: &Push, host: &str) -> Vec<u8> {
        let mut body = match push.kind {
            Kind::GitLab => self.gitlab.clone(),
            Kind::GitHub => self.github.clone(),
        };
        body["ref"] = format!("refs/heads/load-{}", push.number).into();
        body["after"] = format!("{:040x}", push.number + 1).into();
        let body = body.to_string();
        let proof = match push.kind {
            Kind::GitLab => format!(
                "x-gitlab-event: Push Hook\r\nx-gitlab-token: {SECRET}\r\nidempotency-key: load-{}",
                push.number
            ),
            Kind::GitHub => format!(
                "x-github-event: push\r\nx-github-delivery: load-{}\r\nx-hub-signature-256: sha256={}",
                push.number,
                signature(body.as_bytes())
            ),
        };
        format!(
            "POST /hooks/{} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{proof}\r\n\r\n{body}",
            push.source,
            body.len()
        )
        .into_bytes()
    }
}

fn signature(body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return String::new() };
    mac.update(body);
    let digits: Vec<_> = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The number of the push that a text is about.
pub(crate) fn number_in(text: &[u8]) -> Option<usize> {
    let start = text.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit());
    std::str::from_utf8(&text[start..start + digits.count()]).ok()?.parse().ok()
}

/// A push to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    pub(crate) source: String,
    /// When, from the beginning.
    pub(crate) due: Duration,
}

/// How a push was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) push: usize,
    /// 0 for none.
    pub(crate) status: u16,
    pub(crate) was_due: Instant,
    pub(crate) at: Instant,
}

impl Answer {
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.status, 200 | 202)
    }
}

/// Sends pushes over so many connections, each at its time or as soon as a connection is free.
pub(crate) fn send(address: &str, pushes: &[Push], connections: usize) -> Result<Vec<Answer>> {
    let (samples, next, answers) = (Samples::read()?, AtomicUsize::new(0), Mutex::new(Vec::new()));
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = None;
                let mut mine = Vec::new();
                while let Some(push) = pushes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let was_due = began + push.due;
                    let request = samples.request(push, address);
                    thread::sleep(was_due.saturating_duration_since(Instant::now()));
                    let status = ask(&mut connection, address, &request).unwrap_or(0);
                    mine.push(Answer { push: push.number, status, was_due, at: Instant::now() });
                }
                if let Ok(mut answers) = answers.lock() {
                    answers.extend(mine);
                }
            });
        }
    });
    answers.into_inner().map_err(|_| anyhow!("a thread that sent pushes has failed"))
}

/// A server may close a connection that was idle: then another one is taken, once.
fn ask(connection: &mut Option<BufReader<TcpStream>>, address: &str, request: &[u8]) -> Result<u16> {
    if let Some(kept) = connection
        && let Ok(status) = exchange(kept, request)
    {
        return Ok(status);
    }
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    exchange(connection.insert(BufReader::new(stream)), request)
}

/// The answer's status.
fn exchange(connection: &mut BufReader<TcpStream>, request: &[u8]) -> Result<u16> {
    connection.get_mut().write_all(request)?;
    let (mut line, mut status, mut length) = (String::new(), None, 0);
    loop {
        line.clear();
        ensure!(connection.read_line(&mut line)? > 0, "the connection was closed");
        let text = line.trim_end();
        if status.is_none() {
            status = Some(text.split(' ').nth(1).context("a status")?.parse()?);
        } else if let Some((name, value)) = text.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        } else if text.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    status.context("an answer")
}
