//! The doors for slash commands. A chat shows what it is answered, so that everything that its user can understand is a
//! 200; a stranger learns nothing.
//!
//! | answer | when |
//! |---|---|
//! | 200 with JSON | a command: what chat is to show |
//! | 200, empty | the same command again |
//! | 400, 408 | no whole body, or a larger one than any chat sends |
//! | 401, empty | no proof, or a wrong one |
//! | 404 as GitLab answers it | no such command or project; on GitLab's own way in, a wrong token as well |
//! | 405 | anything but POST: a token in an address would stand in logs |
//! | 503 | nothing was done, or not all: type it again |
//!
//! Not here: what a command does (`chat`).

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use axum::{Json, Router};
use chatops::limits::BODY_BYTES_MAX;
use config::CommandId;
use config::commands::Platform;
use http::StatusCode;
use payload::Payload;
use serde_json::json;

use crate::chat::{Entrance, ReceiveError, Reply, receive};
use crate::http_target::Outbound;
use crate::queue::Queue;
use crate::{App, Causes};

/// How long a chat may take to send its body: it gives us three seconds for everything.
const BODY_TIME_MAX: Duration = Duration::from_secs(3);

/// What the handlers share.
#[derive(Clone)]
struct Doors {
    app: Arc<App>,
    queue: Arc<dyn Queue>,
    outbound: Outbound,
}

/// The router: `POST /commands/{command}`, and GitLab's own ways in
/// (<https://docs.gitlab.com/user/project/integrations/mattermost_slash_commands/>), the older one included.
pub fn router(app: Arc<App>, queue: Arc<dyn Queue>, outbound: Outbound) -> Router {
    let mut router = Router::new().route("/commands/{command}", post(by_command));
    for kind in ["integrations", "services"] {
        for (chat, platform) in [("slack", Platform::Slack), ("mattermost", Platform::Mattermost)] {
            let path = format!("/api/v4/projects/{{id}}/{kind}/{chat}_slash_commands/trigger");
            router = router.route(&path, by_project(platform));
        }
    }
    router.with_state(Doors { app, queue, outbound })
}

async fn by_command(State(doors): State<Doors>, Path(command): Path<String>, request: Request) -> Response {
    match CommandId::try_from(command) {
        Ok(id) => answer(&doors, Entrance::Command(&id), request).await,
        // A text that cannot name a command names none.
        Err(_) => refuse(&ReceiveError::Unknown),
    }
}

fn by_project(platform: Platform) -> MethodRouter<Doors> {
    post(async move |State(doors): State<Doors>, Path(id): Path<String>, request: Request| {
        answer(&doors, Entrance::Project { id: &id, platform }, request).await
    })
}

async fn answer(doors: &Doors, entrance: Entrance<'_>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let payload = Payload { headers: &parts.headers, body: &body };
    match receive(&doors.app, (&*doors.queue, &doors.outbound), entrance, payload).await {
        Ok(Reply::Say(reply)) => Json(reply).into_response(),
        Ok(Reply::Silence) => StatusCode::OK.into_response(),
        Err(error) => refuse(&error),
    }
}

/// The body within its limits of size and time.
async fn read(body: Body) -> Result<Vec<u8>, StatusCode> {
    match tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => Ok(body.into()),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Logged here, once.
fn refuse(error: &ReceiveError) -> Response {
    match error {
        ReceiveError::Unknown | ReceiveError::Refused(_) => {
            tracing::warn!(reason = %error, "command.refused");
        }
        ReceiveError::Store(_) | ReceiveError::Queue(_) => {
            tracing::error!(error = %Causes(error), "command.failed");
        }
    }
    match error {
        ReceiveError::Unknown => {
            (StatusCode::NOT_FOUND, Json(json!({"message": "404 Integration Not Found"}))).into_response()
        }
        ReceiveError::Refused(_) => StatusCode::UNAUTHORIZED.into_response(),
        ReceiveError::Store(_) | ReceiveError::Queue(_) => {
            let error = "The command could not be kept: type it again.";
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"error": error}))).into_response()
        }
    }
}
