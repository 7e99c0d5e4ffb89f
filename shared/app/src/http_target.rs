//! The way to HTTP targets: one POST, one look at the answer. What is asked of a web service, and its whole answer, go
//! the same way.
//!
//! [`HttpPeers`] is the port. Its one adapter here is the network, by a client that the guard holds; a simulation scripts
//! what peers answer, and when.
//!
//! Redirects are not followed (a POST would become a GET, and the next address is nobody's choice), no proxy is
//! taken from the environment, no cookie is kept, no answer is decompressed. Every request passes the guard, also one
//! that then goes over a connection that was kept.
//!
//! Not here: which addresses may be reached (`egress`).

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use relay::limits::ANSWER_BYTES_MAX;
use relay::{HttpRequest, Outcome, egress};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, StatusCode};
use tokio::time::Instant;

use crate::egress::{Guard, Pinned, pinned};

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long an idle connection is kept for the next delivery.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The way out for everything that is asked by HTTP. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    peers: Arc<dyn HttpPeers>,
}

/// Whoever can be asked by HTTP.
#[async_trait]
pub trait HttpPeers: Send + Sync + 'static {
    /// Asks once, within the request's time, lookup included, and reads at most so many bytes of the answer. An error is
    /// never an answer of the other side.
    async fn ask(
        &self,
        method: Method,
        request: HttpRequest,
        bytes_max: usize,
    ) -> Result<(StatusCode, Answered), Outcome>;
}

/// Those on the network. Built once: it holds the connections.
struct Network {
    guard: Guard,
    client: reqwest::Client,
    /// For targets that prove nothing. Most houses have none, so it is built when the first one comes; its connections
    /// are its own, or a hook that verifies would be sent over one that nobody has looked at.
    unverified: OnceLock<reqwest::Client>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Exchange {
    /// How it ended.
    pub outcome: Outcome,
    /// What was answered; `None` if nothing was.
    pub answer: Option<Answered>,
    /// From the lookup to the end of the answer, or of what is read of it.
    pub duration: Duration,
}

/// An answer, as far as it was read.
#[derive(Debug)]
pub struct Answered {
    /// As received: anything may stand there.
    pub headers: HeaderMap,
    /// The first bytes, of a target's answer [`ANSWER_BYTES_MAX`], or fewer if no more came in time. Never decompressed.
    pub body: Vec<u8>,
    /// Whether there was more, or might have been.
    pub is_cut: bool,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct OutboundError(#[from] reqwest::Error);

impl Outbound {
    /// To the network, as far as the guard lets out. Makes the client: reads the system's certificates.
    pub fn new(guard: Guard) -> Result<Self, OutboundError> {
        Ok(Self::over(Network { guard, client: client(true)?, unverified: OnceLock::new() }))
    }

    /// The same for whoever trusts these certificates alone, each in DER, and not the system's.
    pub fn trusting(guard: Guard, certificates: &[&[u8]]) -> Result<Self, OutboundError> {
        let certificates = certificates.iter().map(|der| Certificate::from_der(der));
        let builder = builder(true).tls_certs_only(certificates.collect::<Result<Vec<_>, _>>()?);
        Ok(Self::over(Network { guard, client: builder.build()?, unverified: OnceLock::new() }))
    }

    /// To peers of one's own.
    pub fn over(peers: impl HttpPeers) -> Self {
        Self { peers: Arc::new(peers) }
    }

    /// Posts a request once, within its time, lookup included.
    pub async fn post(&self, request: HttpRequest) -> Exchange {
        let began = Instant::now();
        let (outcome, answer) = match self.ask(Method::POST, request, ANSWER_BYTES_MAX).await {
            Ok((status, answer)) => {
                let retry_after_s = retry_after(&answer.headers);
                let outcome = if status.is_success() {
                    Outcome::Delivered { status: status.as_u16() }
                } else {
                    Outcome::Refused { status: status.as_u16(), retry_after_s }
                };
                (outcome, Some(answer))
            }
            Err(outcome) => (outcome, None),
        };
        Exchange { outcome, answer, duration: began.elapsed() }
    }

    /// Asks once: see [`HttpPeers::ask`].
    pub async fn ask(
        &self,
        method: Method,
        request: HttpRequest,
        bytes_max: usize,
    ) -> Result<(StatusCode, Answered), Outcome> {
        self.peers.ask(method, request, bytes_max).await
    }
}

#[async_trait]
impl HttpPeers for Network {
    async fn ask(
        &self,
        method: Method,
        request: HttpRequest,
        bytes_max: usize,
    ) -> Result<(StatusCode, Answered), Outcome> {
        let response = self.send(method, request, Instant::now()).await?;
        let status = response.status();
        Ok((status, read_at_most(bytes_max, response).await))
    }
}

impl Network {
    fn client(&self, verify_tls: bool) -> Result<&reqwest::Client, OutboundError> {
        if verify_tls {
            return Ok(&self.client);
        }
        match self.unverified.get() {
            Some(known) => Ok(known),
            None => client(false).map(|new| self.unverified.get_or_init(|| new)),
        }
    }

    /// Gives the head of an answer. What is left of the time holds for its body as well.
    async fn send(
        &self,
        method: Method,
        request: HttpRequest,
        began: Instant,
    ) -> Result<reqwest::Response, Outcome> {
        let HttpRequest { url, headers, body, timeout, verify_tls } = request;
        let (url, place) = egress::read_url(url.expose())
            .map_err(|error| Outcome::Forbidden { reason: error.to_string() })?;
        let client =
            self.client(verify_tls).map_err(|error| Outcome::Unreachable { reason: error.to_string() })?;
        let addresses = self.guard.resolve(&place).await?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let time_left = timeout.saturating_sub(began.elapsed());
        let asked = client.request(method, url).timeout(time_left).headers(headers).body(body);
        let sent = pinned(&host, addresses, asked.send()).await;
        sent.map_err(|error| failure(error, timeout))
    }
}

/// The guard, and all other limits, hold for both alike.
fn client(verify_tls: bool) -> Result<reqwest::Client, OutboundError> {
    Ok(builder(verify_tls).build()?)
}

fn builder(verify_tls: bool) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .dns_resolver(Pinned)
        .referer(false)
        .connect_timeout(CONNECT_MAX)
        .pool_idle_timeout(IDLE_MAX)
        .tls_danger_accept_invalid_certs(!verify_tls)
}

/// The status has been decided on; a body that breaks off or never ends changes nothing.
async fn read_at_most(bytes_max: usize, mut response: reqwest::Response) -> Answered {
    let headers = std::mem::take(response.headers_mut());
    let mut body = Vec::new();
    let is_cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = bytes_max - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    break true;
                }
            }
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    Answered { headers, body, is_cut }
}

/// Seconds only: a date would need both clocks to agree.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// In words, without the URL: it may hold a secret.
fn failure(error: reqwest::Error, timeout: Duration) -> Outcome {
    let is_unreached = error.is_connect();
    if error.is_timeout() && !is_unreached {
        return Outcome::Unknown { reason: format!("no answer within {} s", timeout.as_secs()) };
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let reason = innermost.to_string();
    if is_unreached { Outcome::Unreachable { reason } } else { Outcome::Unknown { reason } }
}
