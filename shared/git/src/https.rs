//! The bridge to a repository behind https: git's two requests of the smart protocol
//! (<https://git-scm.com/docs/http-protocol>), handed on one by one.
//!
//! Redirects are not followed, no proxy is taken from the environment, and the client's resolver knows what was judged and
//! nothing else.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Body, Client};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use crate::bridge::{Bridge, Failure, listen, token};
use crate::limits::{CONNECT_MAX, REQUEST_BYTES_MAX};
use crate::{Credentials, Git, GitError, Wanted};

const ADVERTISEMENT: &str = "application/x-git-upload-pack-advertisement";
const RESULT: &str = "application/x-git-upload-pack-result";
const QUESTION: &str = "application/x-git-upload-pack-request";

/// Opens it. Nothing is connected yet.
pub(crate) async fn bridge(git: &Git, url: &Url, wanted: &Wanted<'_>) -> Result<Bridge, GitError> {
    let (listener, address) = listen().await?;
    let token = token()?;
    let failure = Failure::default();
    let outside = Outside {
        client: client(git, &wanted.addresses)?,
        base: url.as_str().trim_end_matches('/').to_owned(),
        login: match wanted.credentials {
            Some(Credentials::Password { username, password }) => Some((username.clone(), password.clone())),
            _ => None,
        },
        prefix: format!("/{token}/"),
        bytes: usize::try_from(git.limits.bytes).unwrap_or(usize::MAX),
        failure: failure.clone(),
    };
    let url = format!("http://{address}/{token}");
    Ok(Bridge::new(url, failure, serve(listener, outside)))
}

#[derive(Clone)]
struct Outside {
    client: Client,
    base: String,
    login: Option<(String, zeroize::Zeroizing<String>)>,
    prefix: String,
    bytes: usize,
    failure: Failure,
}

async fn serve(listener: TcpListener, outside: Outside) {
    // Connections end with their bridge.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let outside = outside.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let outside = outside.clone();
                async move { Ok::<_, Infallible>(outside.answer(request).await) }
            });
            // Its end, good or bad, is libgit2's to notice.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;
type BoxError = Box<dyn Error + Send + Sync>;

impl Outside {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        match self.hand_on(request).await {
            Ok(Some(answer)) => answer,
            Ok(None) => nothing(StatusCode::NOT_FOUND),
            Err(error) => {
                self.failure.set(error);
                nothing(StatusCode::BAD_GATEWAY)
            }
        }
    }

    /// `None` for what is no request of ours.
    async fn hand_on(&self, request: Request<Incoming>) -> Result<Option<Answer>, GitError> {
        let Some(rest) = request.uri().path().strip_prefix(&self.prefix) else { return Ok(None) };
        let target = format!("{}/{rest}", self.base);
        let (expected, sending) = match (request.method(), rest, request.uri().query()) {
            (&Method::GET, "info/refs", Some("service=git-upload-pack")) => {
                (ADVERTISEMENT, self.client.get(target + "?service=git-upload-pack"))
            }
            (&Method::POST, "git-upload-pack", None) => {
                let body = Limited::new(request.into_body(), REQUEST_BYTES_MAX).collect().await;
                let Ok(body) = body else { return Ok(None) };
                let post = self.client.post(target).header(CONTENT_TYPE, QUESTION).body(body.to_bytes());
                (RESULT, post)
            }
            _ => return Ok(None),
        };
        let sending = match &self.login {
            Some((username, password)) => sending.basic_auth(username, Some(password.as_str())),
            None => sending,
        };
        let answer = sending.send().await.map_err(unreachable)?;
        judge(&answer, expected)?;
        let (parts, body) = Response::<Body>::from(answer).into_parts();
        let (bytes, failure) = (self.bytes, self.failure.clone());
        // libgit2 only sees that it breaks off.
        let bounded = Limited::new(body, bytes).map_err(move |error| {
            failure.set(if error.is::<LengthLimitError>() {
                GitError::TooLarge { limit: bytes as u64, of: "bytes" }
            } else {
                GitError::Unreachable { reason: "its answer broke off".to_owned() }
            });
            error
        });
        let mut handed = Response::new(bounded.boxed_unsync());
        if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
            handed.headers_mut().insert(CONTENT_TYPE, kind.clone());
        }
        Ok(Some(handed))
    }
}

/// Whether a git server said that.
fn judge(answer: &reqwest::Response, expected: &str) -> Result<(), GitError> {
    let status = answer.status();
    let reason = format!("it answers {}", status.as_u16());
    match status.as_u16() {
        200 => {}
        401 | 403 => return Err(GitError::Denied { reason }),
        404 | 410 => return Err(GitError::NotFound { reason }),
        300..=399 if answer.headers().contains_key(LOCATION) => return Err(GitError::Redirected),
        status @ 500.. => return Err(GitError::Unwell { status }),
        429 => return Err(GitError::Unwell { status: 429 }),
        _ => return Err(GitError::Foreign { reason }),
    }
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind == Some(expected) {
        return Ok(());
    }
    Err(GitError::Foreign {
        reason: "its answer is a page for people, or of git's oldest protocol".to_owned(),
    })
}

fn nothing(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer
}

/// In words, without the URL.
fn unreachable(error: reqwest::Error) -> GitError {
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    GitError::Unreachable { reason: innermost.to_string() }
}

fn client(git: &Git, addresses: &[SocketAddr]) -> Result<Client, GitError> {
    let builder = Client::builder()
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("git/2 bellhop/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Judged(addresses.to_vec()))
        .connect_timeout(CONNECT_MAX)
        .tls_certs_merge(git.certificates.iter().cloned());
    builder.build().map_err(unreachable)
}

/// A resolver that knows one repository's server: a client is asked for nothing else.
#[derive(Clone, Debug)]
struct Judged(Vec<SocketAddr>);

impl Resolve for Judged {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn whoever_else_is_on_the_machine_gets_nothing_over_a_bridge() {
        let remote = "https://repo.example.com/p.git".parse().unwrap();
        let crate::Remote::Https(url) = &remote else { panic!("it is https") };
        let wanted = Wanted { remote: &remote, reference: None, credentials: None, addresses: Vec::new() };
        let bridge = bridge(&Git::default(), url, &wanted).await.unwrap();
        let inside: Url = bridge.url().parse().unwrap();
        for (path, status) in [
            ("/info/refs?service=git-upload-pack".to_owned(), "404"),
            (format!("{}/other", inside.path()), "404"),
            (format!("{}/info/refs?service=git-receive-pack", inside.path()), "404"),
            // This one is handed on, and there is nobody to hand it to.
            (format!("{}/info/refs?service=git-upload-pack", inside.path()), "502"),
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", inside.port().unwrap())).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer.split(' ').nth(1), Some(status), "{path}");
        }
    }
}
