//! The doors on one machine: connections in, each with bounds that keep a slow or greedy sender from holding others
//! up. On Lambda, the platform does this.
//!
//! Not here: what is behind the doors (`app::doors`), TLS (a proxy's work).

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use app::{Causes, ClientAddress};
use axum::Router;
use axum::body::{Body, Bytes};
use hyper::Request;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::seats::{Guest, Seats};

/// What connections may take.
#[derive(Clone, Copy)]
struct Bounds {
    connections: usize,
    head_time: Duration,
    head_bytes: usize,
    body_time: Duration,
}

const BOUNDS: Bounds = Bounds {
    // A process has 1,024 files by default. Further connections take the place of those that keep us waiting.
    connections: 512,
    // How long a sender may take over a request's head; also how long an idle connection is kept.
    head_time: Duration::from_secs(15),
    // The largest head of a webhook has two kilobytes; a cookie and a token fit well.
    head_bytes: 32 * 1024,
    // Longer than any door waits for its own kind of body: for doors that do not look at the clock.
    body_time: Duration::from_secs(45),
};

/// How long to rest when no connection can be had, as when the process has no files left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Serves until `stop` completes, and then until the requests under way are answered.
pub(crate) async fn listen(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    listen_within(BOUNDS, listener, router, stop).await;
}

async fn listen_within(
    bounds: Bounds,
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let (seats, graceful) = (Seats::new(bounds.connections), GracefulShutdown::new());
    let accept_all = async {
        loop {
            let (stream, client) = accept(&listener).await;
            let Some(guest) = seats.seat().await else { return };
            let service = service(router.clone(), (guest.clone(), client), bounds.body_time);
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(bounds.head_time)
                .max_buf_size(bounds.head_bytes)
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                tokio::select! {
                    biased;
                    // A sender that breaks off, or speaks no HTTP, is its own affair.
                    ended = connection => if let Err(error) = ended {
                        tracing::debug!(error = %Causes(&error), "connection.broken");
                    },
                    () = guest.is_sent_away() => tracing::debug!("connection.sent_away"),
                }
            });
        }
    };
    tokio::select! {
        () = accept_all => {}
        () = stop => {}
    }
    drop(listener);
    graceful.shutdown().await;
}

/// What is done with each request of a connection.
fn service(
    router: Router,
    (guest, client): (Guest, ClientAddress),
    body_time: Duration,
) -> impl Service<Request<Incoming>, Response = axum::response::Response, Error = Infallible, Future: Send> {
    let router = TowerToHyperService::new(router);
    service_fn(move |request: Request<Incoming>| {
        if request.body().is_end_stream() {
            guest.is_worked_for();
        }
        let limited = |body| Limited {
            body,
            guest: guest.clone(),
            ends: Box::pin(sleep_until(Instant::now() + body_time)),
        };
        let mut request = request.map(|body| Body::new(limited(body)));
        request.extensions_mut().insert(client);
        let (answer, guest) = (router.call(request), guest.clone());
        async move {
            let answer = answer.await;
            guest.keeps_waiting();
            answer
        }
    })
}

/// A body that ends in time, and whose sender keeps us waiting until then.
struct Limited {
    body: Incoming,
    guest: Guest,
    ends: Pin<Box<Sleep>>,
}

impl hyper::body::Body for Limited {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.ends.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.guest.is_worked_for();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, ClientAddress) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => return (stream, ClientAddress(client.ip())),
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "connection.refused");
                sleep(ACCEPT_REST).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
