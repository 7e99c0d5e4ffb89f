//! Peers that want to keep us: each ends at its deadline, with as much of its answer as is worth keeping.
//!
//! The deadline is short, and nothing here depends on how short it is: what would hang hangs for ever.

use std::time::Duration;

use app::http_target::Exchange;
use payload::Secret;
use relay::limits::ANSWER_BYTES_MAX;
use relay::{HttpRequest, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::world::World;

const DEADLINE: Duration = Duration::from_secs(1);

/// Far beyond the deadline.
const FOR_EVER: Duration = Duration::from_mins(1);

/// Posts to a peer that says `head` and then `more`, again and again, with pauses.
async fn check(head: &'static [u8], more: &'static [u8], pause: Duration) -> Exchange {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(speak(connection, head, (more, pause)));
        }
    });
    let world = World::new().await.unwrap();
    tokio::time::timeout(FOR_EVER, world.outbound().post(request(&url)))
        .await
        .expect("it ends at its deadline")
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        url: Secret::new(url),
        headers: http::HeaderMap::default(),
        body: b"{}".to_vec(),
        timeout: DEADLINE,
        verify_tls: true,
    }
}

async fn speak(mut connection: TcpStream, head: &[u8], (more, pause): (&[u8], Duration)) {
    let mut request = [0; 1024];
    let _ = connection.read(&mut request).await;
    let mut said = connection.write_all(head).await;
    while said.is_ok() {
        if more.is_empty() {
            std::future::pending::<()>().await;
        }
        said = connection.write_all(more).await;
        tokio::time::sleep(pause).await;
    }
}

fn has_no_answer(exchange: &Exchange) -> bool {
    matches!(exchange.outcome, Outcome::Unknown { .. }) && exchange.answer.is_none()
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_not_waited_for() {
    let exchange = check(b"", b"", Duration::ZERO).await;
    assert!(has_no_answer(&exchange), "{exchange:?}");
    assert_eq!(exchange.outcome.to_string(), "no answer: no answer within 1 s");
}

#[tokio::test]
async fn headers_without_end_are_no_answer() {
    for pause in [Duration::ZERO, Duration::from_millis(20)] {
        let exchange = check(b"HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n", pause).await;
        assert!(has_no_answer(&exchange), "{exchange:?}");
    }
}

#[tokio::test]
async fn a_status_line_without_end_is_no_answer() {
    let exchange = check(b"HTTP/1.1 200 ", b"O", Duration::from_millis(20)).await;
    assert!(has_no_answer(&exchange), "{exchange:?}");
}

#[tokio::test]
async fn a_byte_now_and_then_is_read_until_the_deadline() {
    let exchange = check(b"HTTP/1.1 200 OK\r\n\r\n", b"x", Duration::from_millis(20)).await;
    assert_eq!(exchange.outcome, Outcome::Delivered { status: 200 });
    let answer = exchange.answer.unwrap();
    assert!(answer.is_cut && answer.body.len() < ANSWER_BYTES_MAX);
    assert!(answer.body.iter().all(|byte| *byte == b'x'));
}

#[tokio::test]
async fn of_a_body_without_end_the_first_eight_kilobytes_are_kept() {
    const CHUNK: &[u8] = &[b'y'; 4096];
    for head in [&b"HTTP/1.1 500 x\r\n\r\n"[..], b"HTTP/1.1 500 x\r\ncontent-length: 10000000000\r\n\r\n"] {
        let exchange = check(head, CHUNK, Duration::ZERO).await;
        assert_eq!(exchange.outcome.status(), Some(500));
        let answer = exchange.answer.unwrap();
        assert_eq!((answer.body.len(), answer.is_cut), (ANSWER_BYTES_MAX, true));
    }
}

#[tokio::test]
async fn what_is_compressed_stays_so() {
    // The head of a gzip stream; what a bomb says, it says in bytes like these.
    const GZIP: &[u8] = &{
        let mut bytes = [0; 1000];
        (bytes[0], bytes[1], bytes[2]) = (0x1f, 0x8b, 0x08);
        bytes
    };
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    let answer = check(head, GZIP, Duration::ZERO).await.answer.unwrap();
    assert_eq!((answer.body.len(), answer.is_cut), (ANSWER_BYTES_MAX, true));
    assert!(answer.body.starts_with(GZIP), "the very bytes");
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = connection.read(&mut request).await;
        let _ = connection.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 100\r\n\r\nabc").await;
    });
    let world = World::new().await.unwrap();
    let exchange = world.outbound().post(request(&url)).await;
    assert_eq!(exchange.outcome, Outcome::Delivered { status: 200 });
    let answer = exchange.answer.unwrap();
    assert_eq!((&answer.body[..], answer.is_cut), (&b"abc"[..], true));
}
