//! What a forge posts, and what it is answered.

use reqwest::Client;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;

use crate::tools::workspace;

/// One POST to a source.
#[derive(Clone, Debug)]
pub struct Push {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// When to come again, in seconds, if it was said.
    pub retry_after: Option<u64>,
    /// The JSON of the body; null if it is none.
    pub body: Value,
}

impl Push {
    /// `fixtures/NAME.json`, as a forge posts it but for its own headers.
    pub fn fixture(name: &str) -> Self {
        let path = workspace().join(format!("tests/fixtures/{name}.json"));
        let body = std::fs::read(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
        Self { headers: vec![("Content-Type".to_owned(), "application/json".to_owned())], body }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, header: &str, value: &str) -> Self {
        self.headers.push((header.to_owned(), value.to_owned()));
        self
    }

    /// With the secret of a GitLab source.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with("X-Gitlab-Token", token)
    }

    /// With the sender's id of this delivery.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        self.with("Idempotency-Key", id)
    }

    /// With another body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With one value of its JSON replaced; `pointer` as in RFC 6901.
    #[must_use]
    pub fn with_value(self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).expect("the body is JSON");
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("the body has no {pointer}")) = value.into();
        let body = body.to_string();
        self.with_body(body)
    }

    /// The bytes that are posted.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Posts it. An error: nobody was there, or the connection broke off before the answer.
    pub async fn post(&self, client: &Client, url: &str) -> Result<Answered, reqwest::Error> {
        let mut request = client.post(url).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.bytes().await?;
        Ok(Answered { status, retry_after, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}
