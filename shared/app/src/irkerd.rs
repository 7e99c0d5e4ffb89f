//! The way to irkerd: one short connection per handover.
//!
//! irkerd answers nothing and serves one client at a time, so a connection that is kept open freezes it for
//! everybody. It reads what was written, and closes when it has read the end: that close is all there is to learn.
//! It means "read", not "seen on IRC".
//!
//! Not here: keeping two handovers to one irkerd apart. The queue does, by its groups.

use std::io;
use std::time::Duration;

use relay::Outcome;
use relay::irker::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take to come about. irkerd is near, or down.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long irkerd may take to read everything and close. It takes a millisecond unless another client hogs it.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// Hands requests over.
pub async fn hand_over(irkerd: &str, requests: &[Request]) -> Outcome {
    // Tries every address of the host in turn.
    let stream = match timeout(CONNECT_MAX, TcpStream::connect(irkerd)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Outcome::Unreachable { reason: in_words(&error) },
        Err(_) => {
            return Outcome::Unreachable {
                reason: "irkerd did not take the connection within 5 s".to_owned(),
            };
        }
    };
    match timeout(CLOSE_MAX, write_and_wait(stream, requests)).await {
        Ok(Ok(())) => Outcome::HandedOver,
        Ok(Err(error)) => Outcome::Unknown { reason: in_words(&error) },
        Err(_) => Outcome::Unknown { reason: "irkerd did not read the lines within 5 s".to_owned() },
    }
}

async fn write_and_wait(mut stream: TcpStream, requests: &[Request]) -> io::Result<()> {
    let text: Vec<_> = requests.iter().map(|request| request.text.as_str()).collect();
    stream.write_all(text.concat().as_bytes()).await?;
    stream.shutdown().await?;
    // irkerd says nothing; whatever speaks here instead is read and forgotten, until it closes or time is up.
    let mut ignored = [0; 256];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// Without the operating system's number, and without anything that was sent.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "the connection was refused: irkerd is not running there".to_owned()
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection was reset".to_owned(),
        _ => error.to_string(),
    }
}
