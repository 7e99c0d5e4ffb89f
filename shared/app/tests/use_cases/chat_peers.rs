//! The chats' side: a Slack that speaks TLS, and what takes posts as a chat does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::serve::Listener;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

pub(crate) const SLACKS_CERTIFICATE: &[u8] =
    include_bytes!("../../../../tests/fixtures/tls/slack-certificate.der");

/// A listener that speaks TLS, as Slack.
pub(crate) struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Tls {
    pub(crate) async fn bind() -> Self {
        let certificate = CertificateDer::from(SLACKS_CERTIFICATE);
        let key = &include_bytes!("../../../../tests/fixtures/tls/slack-key.der")[..];
        let key = PrivateKeyDer::try_from(key).unwrap();
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (connection, address) = self.listener.accept().await.unwrap();
            if let Ok(connection) = self.acceptor.accept(connection).await {
                return (connection, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One post that came to a chat.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// Where a chat takes posts.
#[derive(Clone, Default)]
pub(crate) struct Desk {
    posts: Arc<Mutex<Vec<Post>>>,
    answers: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
}

impl Desk {
    /// Its router.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(take).with_state(self.clone())
    }

    /// The posts since the last look.
    pub(crate) fn posts(&self) -> Vec<Post> {
        std::mem::take(&mut self.posts.lock().unwrap())
    }

    /// The next posts are answered so.
    pub(crate) fn answers_next(&self, answers: impl Iterator<Item = (u16, &'static str)>) {
        self.answers.lock().unwrap().extend(answers);
    }
}

async fn take(State(desk): State<Desk>, request: Request) -> (StatusCode, &'static str) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let authorization = parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let host = parts.headers["host"].to_str().unwrap().to_owned();
    let post = Post {
        host,
        path: parts.uri.path().to_owned(),
        authorization,
        body: serde_json::from_slice(&body).unwrap(),
    };
    let (status, answer) = desk.answers.lock().unwrap().pop_front().unwrap_or((200, r#"{"ok":true}"#));
    if status < 300 && !answer.contains("false") {
        desk.posts.lock().unwrap().push(post);
    }
    (StatusCode::from_u16(status).unwrap(), answer)
}
