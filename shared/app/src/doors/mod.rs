//! The HTTP doors: one router for Lambda and for one machine. Each answer is JSON; each error is one sentence,
//! `{"error": "..."}`, and is logged here, once.
//!
//! | answer to `POST /hooks/{source}` | when |
//! |---|---|
//! | 202 `{"status":"accepted","event":"...","deliveries":2}` | kept and queued |
//! | 200 `{"status":"repeated","event":"..."}` | the same delivery came before |
//! | 200 `{"status":"ignored","reason":"..."}` | authentic, and nothing for any target |
//! | 400, 401, 404, 408, 413, 503 | see [`ApiError`]; nothing was kept |

pub mod commands;
pub mod link;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use config::SourceId;
use futures_util::StreamExt;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use payload::Payload;
use payload::limits::BODY_BYTES_MAX;
use serde_json::json;

use crate::queue::Queue;
use crate::receive_hook::{ReceiveError, Received, receive};
use crate::{App, Causes};

/// How long a sender may take to send its body. GitLab gives us ten seconds for everything.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// How much of a too long body is read and thrown away, so that its sender hears why instead of a broken connection.
const OVERLONG_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// What the handlers share.
#[derive(Clone)]
struct Doors {
    app: Arc<App>,
    queue: Arc<dyn Queue>,
}

/// The router: `POST /hooks/{source}` and `GET /healthz`.
pub fn router(app: Arc<App>, queue: Arc<dyn Queue>) -> Router {
    Router::new()
        .route("/hooks/{source}", post(receive_hook))
        .route("/healthz", get(healthz))
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Webhooks are posted: this address takes POST only.",
            )
        })
        .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "There is nothing at this address.") })
        .with_state(Doors { app, queue })
}

async fn receive_hook(
    State(Doors { app, queue }): State<Doors>,
    Path(source): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let began_at = app.clock.now();
    let (parts, body) = request.into_parts();
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let body = read(body, announced).await?;
    // A text that cannot name a source names none.
    let id: SourceId = source.parse().map_err(|_| ReceiveError::UnknownSource)?;
    let received = receive(&app, &*queue, &id, Payload { headers: &parts.headers, body: &body }).await?;
    let duration_ms = app.clock.now().0 - began_at.0;
    log(&id, body.len(), &received, duration_ms);
    let status = match received {
        Received::Accepted { .. } => StatusCode::ACCEPTED,
        Received::Repeated { .. } | Received::Ignored { .. } => StatusCode::OK,
    };
    Ok((status, Json(received)).into_response())
}

/// One wide event for one request.
fn log(source: &SourceId, bytes: usize, received: &Received, duration_ms: i64) {
    match received {
        Received::Accepted { event, deliveries } => {
            tracing::info!(%source, bytes, duration_ms, %event, deliveries, "hook.accepted");
        }
        Received::Repeated { event } => tracing::info!(%source, bytes, duration_ms, %event, "hook.repeated"),
        Received::Ignored { reason } => tracing::info!(%source, bytes, duration_ms, reason, "hook.ignored"),
    }
}

async fn healthz(State(Doors { app, .. }): State<Doors>) -> Result<Response, ApiError> {
    match app.table.get(&crate::table::Key::new("healthz", "healthz")).await {
        Ok(_) => Ok(Json(json!({"status": "ok"})).into_response()),
        Err(error) => Err(ReceiveError::Store(error.into()).into()),
    }
}

/// The body within its limits of size and time.
async fn read(body: Body, announced: Option<usize>) -> Result<Vec<u8>, ApiError> {
    match tokio::time::timeout(BODY_TIME_MAX, read_all(body, announced.unwrap_or(0))).await {
        Ok(result) => result,
        Err(_) => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body took longer than 30 seconds.")),
    }
}

async fn read_all(body: Body, announced: usize) -> Result<Vec<u8>, ApiError> {
    let mut received = Vec::with_capacity(announced.min(BODY_BYTES_MAX));
    let mut total = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "The body broke off."))?;
        total += chunk.len();
        if total <= BODY_BYTES_MAX {
            received.extend_from_slice(&chunk);
        } else if total > OVERLONG_BYTES_MAX {
            break;
        }
    }
    if total > BODY_BYTES_MAX {
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is over the limit of 25 MiB."));
    }
    Ok(received)
}

/// What goes back when something is wrong: a status and one sentence for the sender, and what only the log sees.
#[derive(Debug, thiserror::Error)]
#[error("{public}")]
pub struct ApiError {
    status: StatusCode,
    public: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    fn new(status: StatusCode, public: &str) -> Self {
        Self { status, public: public.to_owned(), source: None }
    }
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::UnknownSource => Self::new(StatusCode::NOT_FOUND, "There is no such source."),
            ReceiveError::Unsigned => Self::new(
                StatusCode::UNAUTHORIZED,
                "The request carries neither a token nor a signature: set the source's secret in the webhook's settings.",
            ),
            ReceiveError::Refused(refusal) => Self::new(StatusCode::UNAUTHORIZED, &refusal.to_string()),
            ReceiveError::Unreadable(error) => Self::new(StatusCode::BAD_REQUEST, &error.to_string()),
            error @ (ReceiveError::TooLate | ReceiveError::Store(_) | ReceiveError::Queue(_)) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                public: "The event could not be kept: send it again.".to_owned(),
                source: Some(Box::new(error)),
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status.as_u16();
        if let Some(source) = &self.source {
            tracing::error!(
                status,
                error = %Causes(&**source),
                "request.failed"
            );
        } else {
            tracing::info!(status, reason = self.public, "request.refused");
        }
        (self.status, Json(json!({"error": self.public}))).into_response()
    }
}
