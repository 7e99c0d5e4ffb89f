//! Targets: HTTP services and an irkerd, each on one port, that note when something came.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::forge::number_in;

/// The target of this number takes everything, and says nothing, while it hangs.
pub(crate) const HANGING: u32 = 0;

/// How long a target that hangs keeps a connection: longer than anybody waits.
const HANG: Duration = Duration::from_mins(1);

/// Something that came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) push: usize,
    /// Which of the targets on this port.
    pub(crate) target: u32,
    pub(crate) at: Instant,
}

/// Targets on one port; what they have noted is shared by clones.
#[derive(Clone)]
pub(crate) struct Targets {
    pub(crate) port: u16,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    /// Whether the target [`HANGING`], or all of them, hang.
    one_hangs: Arc<AtomicBool>,
    all_hang: Arc<AtomicBool>,
}

impl Targets {
    /// HTTP services: `/N` is the one of number N.
    pub(crate) fn http() -> Result<Self> {
        Self::listening(serve_http)
    }

    /// An irkerd. A line's target is 0.
    pub(crate) fn irkerd() -> Result<Self> {
        Self::listening(serve_irker)
    }

    fn listening(serve: fn(&Targets, TcpStream)) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let targets =
            Self { port, arrivals: Arc::default(), one_hangs: Arc::default(), all_hang: Arc::default() };
        let here = targets.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let here = here.clone();
                thread::spawn(move || serve(&here, connection));
            }
        });
        Ok(targets)
    }

    pub(crate) fn one_hangs(&self, hangs: bool) {
        self.one_hangs.store(hangs, Ordering::Relaxed);
    }

    pub(crate) fn all_hang(&self, hang: bool) {
        self.all_hang.store(hang, Ordering::Relaxed);
    }

    fn hangs(&self, target: u32) -> bool {
        self.all_hang.load(Ordering::Relaxed) || (target == HANGING && self.one_hangs.load(Ordering::Relaxed))
    }

    fn note(&self, push: usize, target: u32) {
        let arrival = Arrival { push, target, at: Instant::now() };
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    }

    /// How much has come so far.
    pub(crate) fn count(&self) -> usize {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// All that has come so far.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One request after the other, until the sender goes.
fn serve_http(targets: &Targets, connection: TcpStream) {
    // Small answers do not wait to be sent together with others.
    let _ = connection.set_nodelay(true);
    let Ok(mut answers) = connection.try_clone() else { return };
    let mut requests = BufReader::new(connection);
    while let Some((target, body)) = request(&mut requests) {
        if targets.hangs(target) {
            thread::sleep(HANG);
            return;
        }
        if let Some(push) = number_in(&body) {
            targets.note(push, target);
        }
        if answers.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// A target's number, and a body.
fn request(requests: &mut BufReader<TcpStream>) -> Option<(u32, Vec<u8>)> {
    let (mut line, mut target, mut length) = (String::new(), 0, 0);
    loop {
        line.clear();
        if requests.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if let Some(path) = text.strip_prefix("POST /") {
            target = path.split(' ').next()?.parse().ok()?;
        } else if let Some((name, value)) = text.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        } else if text.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    requests.read_exact(&mut body).ok()?;
    Some((target, body))
}

/// Lines until the sender has said all; closing tells that they were read.
fn serve_irker(targets: &Targets, connection: TcpStream) {
    for line in BufReader::new(connection).lines().map_while(Result::ok) {
        if let Some(push) = number_in(line.as_bytes()) {
            targets.note(push, 0);
        }
    }
}
