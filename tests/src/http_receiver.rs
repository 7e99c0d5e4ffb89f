//! An HTTP target that keeps every request and answers as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::waiting::eventually;

/// One request.
#[derive(Clone, Debug)]
pub struct Received {
    /// When it had come in.
    pub at: Instant,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
}

impl Received {
    /// A header's value, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The target.
#[derive(Debug)]
pub struct HttpReceiver {
    url: String,
    desk: Desk,
    serving: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Desk {
    received: Arc<Mutex<VecDeque<Received>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Status(StatusCode),
    Never,
}

impl HttpReceiver {
    /// Starts one that answers 200 to everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen as a target");
        let url = format!("http://{}/hook", listener.local_addr().expect("have an address"));
        let desk = Desk::default();
        let router =
            Router::new().fallback(receive).layer(DefaultBodyLimit::disable()).with_state(desk.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serve as a target");
        });
        Self { url, desk, serving }
    }

    /// Where to post to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers the next request so; 200 again once all such answers are used up.
    pub fn answers_next(&self, status: u16) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.desk.answers.lock().expect("lock").push_back(Answer::Status(status));
    }

    /// Takes the next request, and never answers it.
    pub fn holds_next(&self) {
        self.desk.answers.lock().expect("lock").push_back(Answer::Never);
    }

    /// The next request.
    pub async fn receives(&self) -> Received {
        eventually("a request at the HTTP target", || self.desk.received.lock().expect("lock").pop_front())
            .await
    }

    /// All requests so far that were not taken before.
    pub fn take_received(&self) -> Vec<Received> {
        std::mem::take(&mut *self.desk.received.lock().expect("lock")).into()
    }

    /// All requests so far that [`Self::receives`] has not returned.
    pub fn received_so_far(&self) -> Vec<Received> {
        self.desk.received.lock().expect("lock").iter().cloned().collect()
    }

    /// The same, and forgets them.
    pub fn takes_all(&self) -> Vec<Received> {
        self.desk.received.lock().expect("lock").drain(..).collect()
    }
}

impl Drop for HttpReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let received = Received { at: Instant::now(), headers, body: body.to_vec() };
    let answer = desk.answers.lock().expect("lock").pop_front();
    desk.received.lock().expect("lock").push_back(received);
    match answer {
        Some(Answer::Status(status)) => status,
        Some(Answer::Never) => std::future::pending().await,
        None => StatusCode::OK,
    }
}
