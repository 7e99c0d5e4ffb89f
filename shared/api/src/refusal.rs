//! What a request is refused with, in GitLab's shapes: `{"message": "404 Project Not Found"}` where GitLab judges who
//! asks for what, `{"error": "url is missing"}` where it judges parameters, `{"message": {"field": ["text"]}}` where it
//! judges values.

use std::time::Duration;

use app::projects::SaveError;
use app::{Causes, StoreError};
use axum::Json;
use axum::response::{IntoResponse, Response};
use config::{HookError, ProjectError, SubscriptionError};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no token, or a wrong one")]
    Unauthorized,
    #[error("too many requests")]
    TooMany(Duration),
    #[error("the token does not open this")]
    Forbidden,
    /// What is not there, or must not be seen: `Project`, `Hook`, or nothing in particular.
    #[error("there is no such thing: {0}")]
    NotFound(&'static str),
    #[error("no such method")]
    Method,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is invalid")]
    Invalid(&'static str),
    #[error("{0}")]
    Body(&'static str),
    #[error("neither JSON nor a form")]
    ContentType,
    #[error("the body is too large")]
    TooLarge,
    #[error("the request took too long")]
    TooSlow,
    /// A value of a field that will not do.
    #[error("{0}: {1}")]
    Value(&'static str, String),
    /// What GitLab answers with 422.
    #[error("{0}")]
    Unprocessable(String),
    #[error("{0}")]
    Conflict(String),
    #[error("the version in If-Match is not the stored one")]
    Precondition,
    /// Nothing that whoever asks can change.
    #[error("something went wrong here")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Missing(_) | Self::Invalid(_) | Self::Body(_) | Self::Value(..) => StatusCode::BAD_REQUEST,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn body(&self) -> Value {
        let code = self.status();
        match self {
            Self::NotFound("") => json!({"error": "404 Not Found"}),
            Self::NotFound(what) => json!({"message": format!("404 {what} Not Found")}),
            Self::Method => json!({"error": "405 Not Allowed"}),
            Self::ContentType => json!({"error": "The provided content-type is not supported."}),
            Self::Missing(_) | Self::Invalid(_) | Self::Body(_) | Self::Unprocessable(_) => {
                json!({"error": self.to_string()})
            }
            Self::Value(field, text) => json!({"message": {*field: [text]}}),
            Self::Conflict(text) => json!({"message": text}),
            Self::Unauthorized
            | Self::TooMany(_)
            | Self::Forbidden
            | Self::TooLarge
            | Self::TooSlow
            | Self::Precondition
            | Self::Unavailable(_) => {
                // GitLab's words are the status's own.
                json!({"message": format!("{} {}", code.as_u16(), code.canonical_reason().unwrap_or_default())})
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Unavailable(source) = &self {
            tracing::error!(error = %Causes(&**source), "api.failed");
        }
        let mut response = (self.status(), Json(self.body())).into_response();
        if let Self::TooMany(wait) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<ProjectError> for Refusal {
    fn from(error: ProjectError) -> Self {
        let text = error.to_string();
        match error {
            ProjectError::Path => Self::Value("path", text),
            ProjectError::RateLimit => Self::Value("rate_limit", text),
            ProjectError::Source(error) => Self::Value("source", error.to_string()),
            ProjectError::Irker(error) => Self::Value("irker", error.to_string()),
            ProjectError::Hook { error: HookError::Url(error), .. } => {
                Self::Unprocessable(format!("Invalid url given: {error}"))
            }
            ProjectError::Hook { error: HookError::Subscription(SubscriptionError::Refs(error)), .. } => {
                Self::Unprocessable(format!("Invalid branch filter given: {error}"))
            }
            ProjectError::Hook { error: HookError::CustomHeaders(error), .. } => {
                Self::Unprocessable(format!("Custom headers validation failed: {error}"))
            }
            ProjectError::Hook { error, .. } => Self::Unprocessable(error.to_string()),
            ProjectError::TooManyHooks(_) | ProjectError::SameHook(_) => Self::Unprocessable(text),
            ProjectError::Command { error, .. } => Self::Value("command", error.to_string()),
            ProjectError::TooManyCommands(_) | ProjectError::SameCommand(_) => Self::Value("command", text),
            ProjectError::Jobs(error) => Self::Value("jobs", error.to_string()),
            ProjectError::GitLab(error) => Self::Value("gitlab", error.to_string()),
        }
    }
}

impl From<SaveError> for Refusal {
    fn from(error: SaveError) -> Self {
        let text = error.to_string();
        match error {
            SaveError::Invalid(error) => error.into(),
            SaveError::Templates(_) | SaveError::Channels(_) => Self::Value("irker", text),
            // GitLab's words.
            SaveError::PathTaken(_) => Self::Value("path", "has already been taken".to_owned()),
            SaveError::SourceTaken(_) => Self::Value("source", text),
            SaveError::CommandTaken(_) => Self::Value("command", text),
            SaveError::Changed | SaveError::Busy => Self::Conflict(format!("409 Conflict: {text}")),
            SaveError::Gone => Self::NotFound("Project"),
            SaveError::Numbering | SaveError::Store(_) => Self::Unavailable(Box::new(error)),
        }
    }
}
