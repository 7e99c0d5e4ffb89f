//! The way to irkerd: one short connection per handover.
//!
//! irkerd answers nothing and serves one client at a time, so a connection that is kept open freezes it for
//! everybody. It reads what was written, and closes when it has read the end: that close is all there is to learn.
//! It means "read", not "seen on IRC".
//!
//! [`Irkerds`] is the port. Its one adapter here is the guard, which lets connections out; a simulation scripts what
//! irkerds do.
//!
//! Not here: keeping two handovers to one irkerd apart. The queue does, by its groups.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use relay::Outcome;
use relay::egress::Place;
use relay::irker::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::egress::{Guard, ResolveError};

/// How long a connection may take to come about, lookup included. irkerd is near, or down.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long irkerd may take to read everything and close. It takes a millisecond unless another client hogs it.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// How long irkerd may take to close a connection on which nothing is said. Together with a handover it stays within
/// what a function leaves an item (`aws::item_time_max`).
const PROBE_MAX: Duration = Duration::from_secs(2);

/// All irkerds, each by its host and port.
#[async_trait]
pub trait Irkerds: Send + Sync {
    /// Hands requests over, in one connection. [`Outcome::HandedOver`] if irkerd has read them all.
    async fn hand_over(&self, irkerd: (&str, u16), requests: &[Request]) -> Outcome;
}

/// Whether irkerd takes a connection and closes it when nothing comes: it serves nobody else, and does its work.
/// [`Outcome::HandedOver`] if so; nothing is handed over.
pub async fn probe(irkerds: &dyn Irkerds, irkerd: (&str, u16)) -> Outcome {
    let outcome = timeout(PROBE_MAX, irkerds.hand_over(irkerd, &[])).await;
    outcome.unwrap_or_else(|_| Outcome::Unknown {
        reason: format!("irkerd did not close an empty connection within {} s", PROBE_MAX.as_secs()),
    })
}

#[async_trait]
impl Irkerds for Guard {
    async fn hand_over(&self, irkerd: (&str, u16), requests: &[Request]) -> Outcome {
        let stream = match timeout(CONNECT_MAX, connect(self, irkerd)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(outcome)) => return outcome,
            Err(_) => return too_slow(),
        };
        match timeout(CLOSE_MAX, write_and_wait(stream, requests)).await {
            Ok(Ok(())) => Outcome::HandedOver,
            Ok(Err(error)) => Outcome::Unknown { reason: in_words(&error) },
            Err(_) => Outcome::Unknown { reason: "irkerd did not read the lines within 5 s".to_owned() },
        }
    }
}

/// To the first of the host's addresses that takes the connection. One after the other, each with its share of the
/// time: irkerd freezes for everybody while a connection is open that nothing is said on.
async fn connect(guard: &Guard, (host, port): (&str, u16)) -> Result<TcpStream, Outcome> {
    let place = Place::new(host, port).map_err(ResolveError::from)?;
    let addresses = guard.resolve(&place).await?;
    let share = CONNECT_MAX / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut trouble = None;
    for address in addresses {
        let outcome = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => Outcome::Unreachable { reason: in_words(&error) },
            Err(_) => too_slow(),
        };
        // The first is the one that the host is known by.
        trouble.get_or_insert(outcome);
    }
    Err(trouble.unwrap_or_else(too_slow))
}

fn too_slow() -> Outcome {
    Outcome::Unreachable { reason: "irkerd did not take the connection within 5 s".to_owned() }
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
