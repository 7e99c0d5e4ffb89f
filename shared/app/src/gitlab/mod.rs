//! GitLab's REST API (<https://docs.gitlab.com/api/rest/>), as far as slash commands need it: issues, deployments,
//! members, pipelines and their jobs.
//!
//! Every call goes out by [`Outbound`], so past the guard and without following a redirect, which could carry the token
//! elsewhere. The token is never logged and never part of an error. Answers have a limit of size and of time.
//!
//! Not here: the words that chat reads (`chatops::texts`), who may do what (`chatops::access`), and when a job is looked after
//! (`gitlab_runs`).

pub mod chat;
pub mod commands;
pub mod deployments;
mod error;
pub mod issues;
pub mod jobs;
pub mod lint;
pub mod members;
pub mod pipelines;

use std::time::Duration;

use config::GitLab;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use payload::Secret;
use relay::HttpRequest;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use self::error::AskError;
use crate::executor::LOG_BYTES_MAX;
use crate::http_target::{Answered, Outbound};

/// The largest answer in JSON that is read, in bytes: a hundred jobs with their commits take a tenth of it.
const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How long one call may take where nobody waits in front of a screen.
const CALL_MAX: Duration = Duration::from_secs(10);

/// A GitLab, asked with one token.
pub struct Api<'a> {
    outbound: &'a Outbound,
    settings: &'a GitLab,
    token: Option<&'a Secret>,
    patience: Duration,
}

/// One call: what the path below `/api/v4` is made of, each part free to hold anything, and the query.
struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Value>,
}

impl<'a> Api<'a> {
    /// In the project's name.
    pub fn new(outbound: &'a Outbound, settings: &'a GitLab) -> Self {
        Self { outbound, settings, token: Some(&settings.token), patience: CALL_MAX }
    }

    /// The same in the name of whoever has this token.
    #[must_use]
    pub fn with_token(self, token: &'a Secret) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same in nobody's name.
    #[must_use]
    fn without_token(self) -> Self {
        Self { token: None, ..self }
    }

    /// The same for calls that may take so long.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The project that it is all about.
    pub(crate) fn settings(&self) -> &'a GitLab {
        self.settings
    }

    /// Gets something of the project.
    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, AskError> {
        self.json(Call { method: Method::GET, path: &self.in_project(path), query, body: None }).await
    }

    /// Makes something in the project.
    async fn post<T: DeserializeOwned>(&self, path: &[&str], body: Value) -> Result<T, AskError> {
        let path = &self.in_project(path);
        self.json(Call { method: Method::POST, path, query: &[], body: Some(body) }).await
    }

    /// Changes something of the project.
    async fn put<T: DeserializeOwned>(&self, path: &[&str], body: Value) -> Result<T, AskError> {
        let path = &self.in_project(path);
        self.json(Call { method: Method::PUT, path, query: &[], body: Some(body) }).await
    }

    fn in_project<'p>(&'p self, path: &[&'p str]) -> Vec<&'p str> {
        [&["projects", self.settings.project.as_str()], path].concat()
    }

    async fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, AskError> {
        let answer = self.ask(call, JSON_BYTES_MAX).await?;
        if answer.is_cut {
            return Err(AskError::BrokenOff);
        }
        serde_json::from_slice(&answer.body).map_err(AskError::Answer)
    }

    /// Gets what is no JSON, at most [`LOG_BYTES_MAX`] of it.
    async fn get_log(&self, path: &[&str]) -> Result<Vec<u8>, AskError> {
        let path = &self.in_project(path);
        let call = Call { method: Method::GET, path, query: &[], body: None };
        let answer = self.ask(call, LOG_BYTES_MAX).await?;
        if answer.is_cut && answer.body.len() < LOG_BYTES_MAX {
            return Err(AskError::BrokenOff);
        }
        Ok(answer.body)
    }

    /// An answer of 2xx.
    async fn ask(&self, call: Call<'_>, bytes_max: usize) -> Result<Answered, AskError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = self.token {
            headers.insert("private-token", header(token)?);
        }
        let body = call.body.map(|body| body.to_string().into_bytes());
        if body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request = HttpRequest {
            url: Secret::new(self.url(call.path, call.query)?),
            headers,
            body: body.unwrap_or_default(),
            timeout: self.patience,
            verify_tls: true,
        };
        let (status, answer) = self.outbound.ask(call.method, request, bytes_max).await?;
        if status.is_success() { Ok(answer) } else { Err(AskError::of(status, &answer)) }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<String, AskError> {
        let mut url = Url::parse(self.settings.url.as_str()).map_err(|_| AskError::Address)?;
        {
            let mut parts = url.path_segments_mut().map_err(|()| AskError::Address)?;
            // Each part is encoded as a whole: the slash of a project's path becomes %2F, as GitLab wants it.
            parts.pop_if_empty().extend(["api", "v4"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url.into())
    }
}

/// A token that no header can carry is no token: a person may have pasted anything.
fn header(token: &Secret) -> Result<HeaderValue, AskError> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|_| AskError::Denied)?;
    value.set_sensitive(true);
    Ok(value)
}
