//! A server for https: git's own `http-backend` behind a certificate of the test's own authority.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use git::{Certificate, Commit, Credentials, Git, GitError, Limits, Remote, Wanted};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::repository::Bare;

/// The name that the server's certificate is for. Nobody's resolver knows it.
const HOST: &str = "repo.example.com";

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Git,
    /// Lets `bot` with `s3cret` in.
    Locked,
    Redirecting(SocketAddr),
    Silent,
    Page,
}

struct Server {
    address: SocketAddr,
    authority: Certificate,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(bare: &Bare, manner: Manner) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = TlsAcceptor::from(Arc::new(tls.with_single_cert(vec![leaf.der().clone()], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (ears, folder) = (Arc::clone(&heard), bare.folder.path().to_owned());
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (tls, ears, folder) = (tls.clone(), Arc::clone(&ears), folder.clone());
                tokio::spawn(async move {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let service = service_fn(|request| answer(request, manner, &ears, &folder));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                    ears.lock().unwrap().push("the connection ended".to_owned());
                });
            }
        });
        Self { address, authority: Certificate::from_der(root.der()).unwrap(), heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }

    fn git(&self) -> Git {
        Git::default().trusting(self.authority.clone())
    }

    fn remote(&self) -> Remote {
        format!("https://{HOST}:{}/p.git", self.address.port()).parse().unwrap()
    }

    async fn fetch(&self, git: &Git, password: Option<&str>) -> Result<Commit, GitError> {
        let credentials = password.map(|password| Credentials::Password {
            username: "bot".to_owned(),
            password: password.to_owned().into(),
        });
        let addresses = vec![self.address];
        let remote = self.remote();
        git.fetch(Wanted { remote: &remote, reference: None, credentials: credentials.as_ref(), addresses })
            .await
    }
}

type Answer = Result<Response<Full<Bytes>>, std::convert::Infallible>;

async fn answer(
    request: Request<Incoming>,
    manner: Manner,
    ears: &Mutex<Vec<String>>,
    folder: &std::path::Path,
) -> Answer {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    ears.lock().unwrap().push(format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body)));
    let simple = |status: u16| Response::builder().status(status);
    let login = parts.headers.get("authorization").map(|value| value.to_str().unwrap());
    match manner {
        // "bot:s3cret" in base64.
        Manner::Locked if login != Some("Basic Ym90OnMzY3JldA==") => {
            Ok(simple(401).header("www-authenticate", "Basic").body(Full::default()).unwrap())
        }
        Manner::Git | Manner::Locked => Ok(backend(&parts, &body, folder).await),
        Manner::Redirecting(address) => {
            let elsewhere = format!("https://{HOST}:{}{}", address.port(), parts.uri);
            Ok(simple(301).header("location", elsewhere).body(Full::default()).unwrap())
        }
        Manner::Silent => std::future::pending().await,
        Manner::Page => Ok(simple(200).header("content-type", "text/html").body("<h1>".into()).unwrap()),
    }
}

/// git's own server, as a web server calls it (CGI).
async fn backend(
    parts: &http::request::Parts,
    body: &[u8],
    folder: &std::path::Path,
) -> Response<Full<Bytes>> {
    let header = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(body).await.unwrap();
    drop(stdin);
    let said = child.wait_with_output().await.unwrap().stdout;
    let end = said.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let mut response = Response::builder();
    for line in std::str::from_utf8(&said[..end]).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().unwrap()),
            _ => response.header(name, value),
        };
    }
    response.body(Bytes::copy_from_slice(&said[end + 4..]).into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_commit_is_fetched_without_what_came_before_it() {
    let bare = Bare::usual();
    let server = Server::start(&bare, Manner::Git).await;
    let commit = server.fetch(&server.git(), None).await.unwrap();
    assert_eq!(commit.id(), bare.repository.revparse_single("main").unwrap().id().to_string());
    assert_eq!((commit.reference(), commit.default_branch()), ("main", Some("main")));
    assert_eq!(commit.paths().unwrap(), [".gitlab-ci.yml", "README", "ci/chat.yml"]);
    assert_eq!(commit.read(".gitlab-ci.yml", 100).unwrap().unwrap(), b"job: {script: a}\n");
    assert!(commit.is_fetched());
    assert!(server.heard().contains("deepen 1"), "{}", server.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_repository_opens_to_its_password_alone() {
    let bare = Bare::usual();
    let server = Server::start(&bare, Manner::Locked).await;
    for password in [None, Some("wrong")] {
        let refused = server.fetch(&server.git(), password).await.unwrap_err();
        assert_eq!(refused.to_string(), "the repository's server does not let us in: it answers 401");
    }
    assert_eq!(server.fetch(&server.git(), Some("s3cret")).await.unwrap().reference(), "main");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_certificate_for_its_name_is_not_talked_to() {
    let bare = Bare::usual();
    let server = Server::start(&bare, Manner::Git).await;
    let stranger = server.fetch(&Git::default(), None).await.unwrap_err();
    assert!(
        matches!(&stranger, GitError::Unreachable { reason } if reason.contains("certificate")),
        "{stranger}"
    );
    let other: Remote = format!("https://other.example.com:{}/p.git", server.address.port()).parse().unwrap();
    let addresses = vec![server.address];
    let wanted = Wanted { remote: &other, reference: None, credentials: None, addresses };
    assert!(matches!(server.git().fetch(wanted).await, Err(GitError::Unreachable { .. })));
    assert!(!server.heard().contains("GET"), "{}", server.heard());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_followed_elsewhere() {
    let bare = Bare::usual();
    let inside = Server::start(&bare, Manner::Git).await;
    let server = Server::start(&bare, Manner::Redirecting(inside.address)).await;
    assert!(matches!(server.fetch(&server.git(), None).await, Err(GitError::Redirected)));
    assert_eq!(inside.heard(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_for_people_is_no_repository() {
    let server = Server::start(&Bare::usual(), Manner::Page).await;
    assert!(matches!(server.fetch(&server.git(), None).await, Err(GitError::Foreign { .. })));
    let nowhere = Bare::usual();
    std::fs::remove_dir_all(nowhere.folder.path().join("p.git")).unwrap();
    let server = Server::start(&nowhere, Manner::Git).await;
    assert!(matches!(server.fetch(&server.git(), None).await, Err(GitError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_left_when_the_time_is_up() {
    let server = Server::start(&Bare::usual(), Manner::Silent).await;
    let git = Git::within(Limits { time: Duration::from_millis(300), ..Limits::default() });
    let late = server.fetch(&git.trusting(server.authority.clone()), None).await.unwrap_err();
    assert!(matches!(late, GitError::TooLong { .. }) && late.is_passing());
    while !server.heard().contains("ended") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_it_may_have_is_not_received() {
    let bare = Bare::usual();
    let server = Server::start(&bare, Manner::Git).await;
    let few = Git::within(Limits { objects: 3, ..Limits::default() }).trusting(server.authority.clone());
    let refused = server.fetch(&few, None).await.unwrap_err();
    assert_eq!(refused.to_string(), "the repository is too large: more than 3 objects");
    // A list of branches that is longer than everything may be.
    let little = Git::within(Limits { bytes: 100, ..Limits::default() }).trusting(server.authority.clone());
    let refused = server.fetch(&little, None).await.unwrap_err();
    assert_eq!(refused.to_string(), "the repository is too large: more than 100 bytes");
}
