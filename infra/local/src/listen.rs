//! The doors on one machine: connections in, each with bounds that keep a slow or greedy sender from holding others
//! up. On Lambda, the platform does this.
//!
//! Not here: what is behind the doors (`app::doors`), TLS (a proxy's work).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use app::{Causes, ClientAddress};
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How many connections are served at once. Further ones wait with the kernel; a process has 1,024 files by default.
const CONNECTIONS_MAX: usize = 512;

/// How long a sender may take over a request's head; also how long an idle connection is kept.
const HEAD_TIME_MAX: Duration = Duration::from_secs(15);

/// How long to rest when no connection can be had, as when the process has no files left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Serves until `stop` completes, and then until the requests under way are answered.
pub(crate) async fn listen(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let (places, graceful) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), GracefulShutdown::new());
    let accept_all = async {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let (stream, client) = accept(&listener).await;
            let router = TowerToHyperService::new(router.clone());
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(client);
                router.call(request)
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_MAX)
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                // A sender that breaks off, or speaks no HTTP, is its own affair.
                if let Err(error) = connection.await {
                    tracing::debug!(error = %Causes(&error), "connection.broken");
                }
                drop(place);
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

async fn accept(listener: &TcpListener) -> (TcpStream, ClientAddress) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => return (stream, ClientAddress(client.ip())),
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "connection.refused");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};

    use super::*;

    async fn connect(router: Router) -> (TcpStream, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(listen(listener, router, async {
            let _ = stopped.await;
        }));
        (TcpStream::connect(address).await.unwrap(), stop)
    }

    // Time stands still, and jumps to the next timer when nothing else is left to do.
    #[tokio::test(start_paused = true)]
    async fn half_a_head_is_waited_for_a_while_and_not_for_ever() {
        let (mut slow, _stop) = connect(Router::new()).await;
        slow.write_all(b"POST /hooks/x HTTP/1.1\r\nx-slow: ").await.unwrap();
        let mut answer = Vec::new();
        slow.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"");
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
        let (mut sender, stop) = connect(Router::new().route("/", slow)).await;
        sender.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        asked.notified().await;
        stop.send(()).unwrap();
        go_on.notify_one();
        let mut answer = String::new();
        sender.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
    }
}
