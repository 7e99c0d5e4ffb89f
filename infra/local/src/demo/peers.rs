//! What stands in for the world outside: a sink that takes lines as irkerd does, and an HTTP target.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What matters here of one of irkerd's requests.
#[derive(Deserialize)]
struct Request {
    privmsg: String,
}

/// Takes lines, one connection after the other, and closes when the sender has ended: irkerd does no more.
pub(super) struct IrkerSink {
    address: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl IrkerSink {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                take(connection, &taken).await;
            }
        });
        Ok(Self { address, lines })
    }

    pub(super) fn address(&self) -> String {
        self.address.clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(connection: TcpStream, taken: &Mutex<Vec<String>>) {
    let mut requests = BufReader::new(connection).lines();
    while let Ok(Some(request)) = requests.next_line().await {
        // irkerd skips what it cannot read, too.
        if let Ok(Request { privmsg }) = serde_json::from_str(&request) {
            taken.lock().unwrap_or_else(PoisonError::into_inner).push(privmsg);
        }
    }
}

/// What the HTTP target got.
#[derive(Clone)]
pub(super) struct Posted {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Answers 200 to everything and remembers the newest request.
pub(super) struct Receiver {
    address: std::net::SocketAddr,
    newest: Newest,
}

type Newest = Arc<Mutex<Option<Posted>>>;

impl Receiver {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let newest = Newest::default();
        let router = Router::new().fallback(remember).with_state(Arc::clone(&newest));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, newest })
    }

    pub(super) fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(super) fn posted(&self) -> Option<Posted> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn remember(State(newest): State<Newest>, headers: HeaderMap, body: Bytes) -> &'static str {
    *newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Posted { headers, body });
    "Thank you.\n"
}
