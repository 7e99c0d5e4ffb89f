//! The way to HTTP targets: one POST, one look at the answer.
//!
//! Redirects are not followed (a POST would become a GET, and the next address is nobody's choice), no proxy is
//! taken from the environment, no cookie is kept, no answer is decompressed. Every request passes the guard, also one
//! that then goes over a connection that was kept.
//!
//! Not here: which addresses may be reached (`egress`).

use std::error::Error;
use std::time::{Duration, Instant};

use relay::{HttpRequest, Outcome, egress};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;

use crate::egress::{Guard, Pinned, pinned};

/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long an attempt may take in all, lookup included: GitLab's own limit for a webhook.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);

/// How many bytes of an answer are read, so that the connection can be used again. Longer answers are cut off by
/// closing it.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// How long an idle connection is kept for the next delivery.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The client for everything that goes out. Built once: it holds the connections.
#[derive(Clone)]
pub struct Outbound {
    guard: Guard,
    client: reqwest::Client,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct OutboundError(#[from] reqwest::Error);

impl Outbound {
    /// Makes the client: reads the system's certificates.
    pub fn new(guard: Guard) -> Result<Self, OutboundError> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Pinned)
            .referer(false)
            .connect_timeout(CONNECT_MAX)
            .timeout(ATTEMPT_MAX)
            .pool_idle_timeout(IDLE_MAX)
            .build()?;
        Ok(Self { guard, client })
    }

    /// Posts a request once.
    pub async fn post(&self, url: &str, request: HttpRequest) -> Outcome {
        let began = Instant::now();
        let (url, place) = match egress::read_url(url) {
            Ok(read) => read,
            Err(error) => return Outcome::Forbidden { reason: error.to_string() },
        };
        let addresses = match self.guard.resolve(&place).await {
            Ok(addresses) => addresses,
            Err(error) => return error.into(),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let time_left = ATTEMPT_MAX.saturating_sub(began.elapsed());
        let post = self.client.post(url).timeout(time_left).headers(request.headers).body(request.body);
        let response = match pinned(&host, addresses, post.send()).await {
            Ok(response) => response,
            Err(error) => return failure(error),
        };
        let (status, retry_after_s) = (response.status(), retry_after(response.headers()));
        read_a_little(response).await;
        if status.is_success() {
            Outcome::Delivered { status: status.as_u16() }
        } else {
            Outcome::Refused { status: status.as_u16(), retry_after_s }
        }
    }
}

/// The status has been decided on; a body that breaks off or never ends changes nothing.
async fn read_a_little(mut response: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES_MAX {
            return;
        }
    }
}

/// Seconds only: a date would need both clocks to agree.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// In words, without the URL: it may hold a secret.
fn failure(error: reqwest::Error) -> Outcome {
    let is_unreached = error.is_connect();
    if error.is_timeout() && !is_unreached {
        return Outcome::Unknown { reason: format!("no answer within {} s", ATTEMPT_MAX.as_secs()) };
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let reason = innermost.to_string();
    if is_unreached { Outcome::Unreachable { reason } } else { Outcome::Unknown { reason } }
}
