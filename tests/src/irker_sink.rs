//! Stands where irkerd would, and does on command what a healthy irkerd never does: stall, or reset a connection.
//! It also hears at once what the real one would say at one line per second.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

use crate::waiting::eventually;

/// What it does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Reads all lines until the sender half-closes, then closes: irkerd on a good day.
    Obliging,
    /// Reads all, and never closes.
    Stalling,
    /// Breaks every connection off.
    Rude,
    /// Reads all, and then breaks the connection off: whether the lines were said, nobody knows.
    Fickle,
}

/// A scripted irkerd.
#[derive(Debug)]
pub struct IrkerSink {
    port: u16,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    manners: Manners,
    heard: VecDeque<String>,
    stalled: Vec<TcpStream>,
    turned_away: usize,
    /// What came on each connection that was read to its end.
    connections: Vec<Vec<u8>>,
    open: usize,
    most_open: usize,
}

impl IrkerSink {
    /// Starts one with good manners.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen as irkerd");
        let port = listener.local_addr().expect("have an address").port();
        let state = Arc::new(Mutex::new(State {
            manners: Manners::Obliging,
            heard: VecDeque::new(),
            stalled: Vec::new(),
            turned_away: 0,
            connections: Vec::new(),
            open: 0,
            most_open: 0,
        }));
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { port, state, serving }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From the next connection on, it behaves so. Connections that it held open are closed.
    pub fn behave(&self, manners: Manners) {
        let mut state = self.state.lock().expect("lock");
        state.manners = manners;
        state.stalled.clear();
    }

    /// Waits until it has broken off one connection more.
    pub async fn turns_somebody_away(&self) {
        let turned_away = || {
            let mut state = self.state.lock().expect("lock");
            state.turned_away = state.turned_away.checked_sub(1)?;
            Some(())
        };
        eventually("somebody to come to irkerd", turned_away).await;
    }

    /// The text of the next line that it was asked to say.
    pub async fn hears(&self) -> String {
        let line =
            eventually("a line at irkerd", || self.state.lock().expect("lock").heard.pop_front()).await;
        text_of(&line)
    }

    /// What came so far, byte for byte, connection by connection; those on which nothing came are left out.
    pub fn connections(&self) -> Vec<Vec<u8>> {
        let state = self.state.lock().expect("lock");
        state.connections.iter().filter(|text| !text.is_empty()).cloned().collect()
    }

    /// How many connections were open at the same time, at the most.
    pub fn most_open(&self) -> usize {
        self.state.lock().expect("lock").most_open
    }

    /// The texts of all lines so far.
    pub fn heard_so_far(&self) -> Vec<String> {
        self.state.lock().expect("lock").heard.iter().map(|line| text_of(line)).collect()
    }
}

impl Drop for IrkerSink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One connection after another, as irkerd does. All are taken at once, so that they can be counted.
async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let (arrive, mut arrived) = unbounded_channel();
    let counted = Arc::clone(&state);
    let take_all = async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut state = counted.lock().expect("lock");
            state.open += 1;
            state.most_open = state.most_open.max(state.open);
            // The other half lives as long as this one.
            let _ = arrive.send(stream);
        }
    };
    let serve_all = async {
        while let Some(stream) = arrived.recv().await {
            serve_one(stream, &state).await;
            state.lock().expect("lock").open -= 1;
        }
    };
    tokio::join!(take_all, serve_all);
}

async fn serve_one(mut stream: TcpStream, state: &Mutex<State>) {
    let manners = state.lock().expect("lock").manners;
    let mut text = Vec::new();
    if manners != Manners::Rude {
        // Of a sender that was killed meanwhile, irkerd takes the lines that are whole, and so does this.
        let _ = stream.read_to_end(&mut text).await;
    }
    let mut state = state.lock().expect("lock");
    state.heard.extend(whole_lines(&text));
    state.connections.push(text);
    match manners {
        Manners::Obliging => {}
        Manners::Stalling => state.stalled.push(stream),
        Manners::Rude | Manners::Fickle => {
            // With no lingering, closing is a reset.
            stream.set_zero_linger().expect("set the socket up");
            state.turned_away += 1;
        }
    }
}

fn whole_lines(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).expect("irkerd is sent UTF-8");
    let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
    whole.lines().map(str::to_owned).collect()
}

fn text_of(line: &str) -> String {
    let order: Value = serde_json::from_str(line).expect("irkerd is sent JSON");
    order["privmsg"].as_str().expect("irkerd is sent a text").to_owned()
}
