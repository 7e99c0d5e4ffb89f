//! The HTTP doors: one router for Lambda and for one machine. Each answer is JSON; each error is one sentence,
//! `{"error": "..."}`, and is logged here, once.
//!
//! | answer to `POST /hooks/{source}` | when |
//! |---|---|
//! | 202 `{"status":"accepted","event":"...","deliveries":2}` | kept and queued |
//! | 200 `{"status":"repeated","event":"..."}` | the same delivery came before |
//! | 200 `{"status":"ignored","reason":"..."}` | authentic, and nothing for any target |
//! | 400, 401, 404, 408, 413, 503 | see [`ApiError`]; nothing was kept; 503 with `Retry-After` |
//!
//! A source is looked for before its request's body is read: what nobody waits for is not kept for a moment.

mod body;
pub mod commands;
pub mod link;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use config::SourceId;
use http::StatusCode;
use http::header::RETRY_AFTER;
use payload::Payload;
use payload::limits::BODY_BYTES_MAX;
use serde_json::json;

use self::body::{BodyError, Bounds, Intake};
use crate::queue::Queue;
use crate::receive_hook::{ReceiveError, Received, receive};
use crate::{App, Causes, projects};

/// What webhooks' bodies may take.
const BOUNDS: Bounds = Bounds {
    bytes_max: BODY_BYTES_MAX,
    // GitLab gives us ten seconds for everything.
    time_max: Duration::from_secs(30),
    // A push of twenty commits has 20 KB; five hundred connections hold 128 MiB of such.
    small_bytes: 256 * 1024,
    // Ten of the longest, so that a flood of them takes no more than this, and those who push much wait for a moment.
    large_bytes_in_flight: 10 * BODY_BYTES_MAX,
    stranger_bytes: 1024 * 1024,
    stranger_time: Duration::from_secs(2),
};

/// When a sender is asked to come again who could not be served, in seconds: a table that throttles, or another one who
/// commits, is through by then, and a disk that is full stays so for longer than anybody can say.
const RETRY_AFTER_S: u16 = 10;

/// What the handlers share.
#[derive(Clone)]
struct Doors {
    app: Arc<App>,
    queue: Arc<dyn Queue>,
    intake: Intake,
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
        .with_state(Doors { app, queue, intake: Intake::new(BOUNDS) })
}

async fn receive_hook(
    State(Doors { app, queue, intake }): State<Doors>,
    Path(source): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let began_at = app.clock.now();
    let (parts, body) = request.into_parts();
    let Some(id) = known(&app, &source).await? else {
        intake.turn_away(body).await;
        return Err(ReceiveError::UnknownSource.into());
    };
    let body = intake.take(&parts.headers, body).await?;
    let payload = Payload { headers: &parts.headers, body: &body.bytes };
    let received = receive(&app, &*queue, &id, payload).await?;
    let duration_ms = app.clock.now().0 - began_at.0;
    log(&id, body.bytes.len(), &received, duration_ms);
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

/// The id of a source that is there. A text that cannot name a source names none.
async fn known(app: &App, source: &str) -> Result<Option<SourceId>, ReceiveError> {
    let Ok(id) = source.parse() else { return Ok(None) };
    // Remembered, so that `receive` does not look again.
    Ok(projects::by_source(app, &id).await?.map(|_| id))
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

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is over the limit of 25 MiB.")
            }
            BodyError::TooSlow => {
                Self::new(StatusCode::REQUEST_TIMEOUT, "The body took longer than 30 seconds.")
            }
            BodyError::BrokeOff => Self::new(StatusCode::BAD_REQUEST, "The body broke off."),
            BodyError::NoRoom => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many large events come in at the same time: send it again.",
            ),
        }
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
        let mut response = (self.status, Json(json!({"error": self.public}))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_S.into());
        }
        response
    }
}
