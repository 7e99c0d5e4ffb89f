//! Senders that want to keep us, and what becomes of those beside them. On real sockets; where time stands still, it jumps
//! to the next timer when nothing else is left to do.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};

use super::*;

const ASKS: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// An answer that no socket's buffers hold.
const LARGE_BYTES: usize = 64 * 1024 * 1024;

/// A house at a port of its own; dropped, it is told to stop.
struct Open {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
}

impl Open {
    async fn with(bounds: Bounds, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(listen_within(bounds, listener, router, async {
            let _ = stopped.await;
        }));
        Self { address, stop }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Somebody who asks, and is answered.
    async fn serves(&self) -> TcpStream {
        let mut other = self.connect().await;
        is_served(&mut other).await;
        other
    }
}

async fn is_served(stream: &mut TcpStream) {
    stream.write_all(ASKS).await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

/// What comes until the connection ends, however it ends.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    String::from_utf8_lossy(&rest).into_owned()
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

fn few(connections: usize) -> Bounds {
    Bounds { connections, ..BOUNDS }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_waited_for_a_while_and_not_for_ever() {
    let house = Open::with(BOUNDS, hello()).await;
    let (mut slow, started) = (house.connect().await, Instant::now());
    slow.write_all(b"POST /hooks/x HTTP/1.1\r\nx-slow: ").await.unwrap();
    assert_eq!(rest(&mut slow).await, "");
    assert_eq!(started.elapsed().as_secs(), BOUNDS.head_time.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_does_not_make_the_wait_longer() {
    let house = Open::with(BOUNDS, hello()).await;
    let (slow, started) = (house.connect().await, Instant::now());
    let (mut hears, mut says) = slow.into_split();
    tokio::spawn(async move {
        while says.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = Vec::new();
    let _ = hears.read_to_end(&mut answer).await;
    assert_eq!(started.elapsed().as_secs(), BOUNDS.head_time.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_ended() {
    let reads = post(async |body: Body| match to_bytes(body, usize::MAX).await {
        Ok(_) => "whole",
        Err(_) => "cut off",
    });
    let house = Open::with(BOUNDS, Router::new().route("/", reads)).await;
    let (slow, started) = (house.connect().await, Instant::now());
    let (mut hears, mut says) = slow.into_split();
    says.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
    tokio::spawn(async move {
        while says.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = String::new();
    let _ = hears.read_to_string(&mut answer).await;
    assert!(answer.ends_with("cut off"), "{answer}");
    assert_eq!(started.elapsed().as_secs(), BOUNDS.body_time.as_secs());
}

#[tokio::test]
async fn a_head_without_end_is_refused_at_its_limit() {
    let house = Open::with(BOUNDS, hello()).await;
    let mut endless = house.connect().await;
    endless.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut sent = 0;
    while endless.write_all(b"x-more: and more, and more, and more\r\n").await.is_ok() && sent < 1_000_000 {
        sent += 1;
    }
    assert!(sent < 1_000_000, "it is not listened to for ever");
    house.serves().await;
    let mut large = house.connect().await;
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n", "x".repeat(BOUNDS.head_bytes));
    large.write_all(head.as_bytes()).await.unwrap();
    assert!(rest(&mut large).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_others_are_served() {
    let house = Open::with(BOUNDS, hello()).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a browser that wants TLS\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ] {
        let mut stranger = house.connect().await;
        stranger.write_all(garbage).await.unwrap();
        let said = rest(&mut stranger).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{}: {said}", garbage.escape_ascii());
    }
    house.serves().await;
}

/// Whoever reads the length, and whoever reads the chunks, would see two requests in one (request smuggling).
#[tokio::test]
async fn a_body_has_one_length() {
    let told = post(async |body: Body| {
        to_bytes(body, 100).await.map(|body| body.len().to_string()).unwrap_or_default()
    });
    let house = Open::with(BOUNDS, Router::new().route("/", told)).await;
    let mut sly = house.connect().await;
    let both = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /secret HTTP/1.1\r\n\r\n";
    sly.write_all(both).await.unwrap();
    let said = rest(&mut sly).await;
    assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "one answer, and the end: {said}");
}

#[tokio::test]
async fn requests_that_come_together_are_answered_one_after_the_other() {
    let house = Open::with(few(1), hello()).await;
    let mut hasty = house.connect().await;
    let last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    hasty.write_all(&[&ASKS.repeat(99)[..], last].concat()).await.unwrap();
    assert_eq!(rest(&mut hasty).await.matches("HTTP/1.1 200 OK").count(), 100);
}

#[tokio::test]
async fn when_all_seats_are_taken_who_has_kept_us_waiting_longest_gives_theirs_up() {
    let house = Open::with(few(3), hello()).await;
    let mut oldest = house.connect().await;
    let (mut served, mut half) = (house.serves().await, house.connect().await);
    half.write_all(b"GET / HT").await.unwrap();
    // Whoever has been answered waits anew; so the first to go is the one that never said a word.
    house.serves().await;
    assert_eq!(rest(&mut oldest).await, "");
    let mut answer = [0; 15];
    half.write_all(b"TP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    half.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let _ = served.shutdown().await;
}

#[tokio::test]
async fn a_thousand_silent_connections_keep_nobody_out() {
    let house = Open::with(few(16), hello()).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(house.connect().await);
        house.serves().await;
    }
}

#[tokio::test]
async fn nobody_is_sent_away_from_our_work() {
    let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&asked), Arc::clone(&go_on));
    let slow = get(async move || {
        tell.notify_one();
        wait.notified().await;
        "done"
    });
    let house = Open::with(few(1), hello().route("/slow", slow)).await;
    let mut first = house.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    asked.notified().await;
    let mut second = house.connect().await;
    second.write_all(ASKS).await.unwrap();
    go_on.notify_one();
    assert!(rest(&mut first).await.ends_with("done"), "answered, and then somebody else's turn");
    let mut answer = [0; 15];
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn who_does_not_take_their_answer_or_end_their_body_makes_room() {
    let large = get(async || vec![b'x'; LARGE_BYTES]);
    let reads = post(async |body: Body| to_bytes(body, usize::MAX).await.map_or("cut off", |_| "whole"));
    let house = Open::with(few(1), hello().route("/large", large).route("/reads", reads)).await;
    for keeps in [
        &b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        b"POST /reads HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx",
    ] {
        let mut slow = house.connect().await;
        slow.write_all(keeps).await.unwrap();
        house.serves().await;
    }
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_order_to_stop() {
    let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&asked), Arc::clone(&go_on));
    let slow = get(async move || {
        tell.notify_one();
        wait.notified().await;
        "done"
    });
    let house = Open::with(BOUNDS, Router::new().route("/", slow)).await;
    let mut sender = house.connect().await;
    sender.write_all(ASKS).await.unwrap();
    asked.notified().await;
    house.stop.send(()).unwrap();
    go_on.notify_one();
    let answer = rest(&mut sender).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
}
