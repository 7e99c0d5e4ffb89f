//! `POST /callbacks/{token}`, below the address of the door for slash commands: GitLab says that a job has ended. The
//! address cannot be guessed, works once and not for ever, and what is posted to it is not even read: all it does is to
//! have the run looked at now.
//!
//! | answer | when |
//! |---|---|
//! | 200 | the run is looked at |
//! | 404 | no such address, or not any more |
//! | 503 | try again; nobody has to, since the run is looked at all the same |

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use config::ProjectId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::executor::Order;
use crate::ids::{RunId, hex};
use crate::queue::{Queue, QueueError, Task};
use crate::store::{item, row};
use crate::table::{Condition, Key, TableError};
use crate::{App, Causes, StoreError};

/// How long an address outlives its run's deadline: GitLab's own jobs are retried for some minutes.
const OUTLIVES: Duration = Duration::from_mins(30);

#[derive(Clone)]
struct Door {
    app: Arc<App>,
    queue: Arc<dyn Queue>,
}

#[derive(Serialize, Deserialize)]
struct Expected {
    run: RunId,
    project: ProjectId,
}

#[derive(Debug, thiserror::Error)]
enum CallbackError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl From<TableError> for CallbackError {
    fn from(error: TableError) -> Self {
        Self::Store(error.into())
    }
}

/// The router: `POST /callbacks/{token}`.
pub fn router(app: Arc<App>, queue: Arc<dyn Queue>) -> Router {
    Router::new().route("/callbacks/{token}", post(called_back)).with_state(Door { app, queue })
}

async fn called_back(State(Door { app, queue }): State<Door>, Path(token): Path<String>) -> StatusCode {
    match look_now(&app, &*queue, &token).await {
        Ok(true) => StatusCode::OK,
        Ok(false) => StatusCode::NOT_FOUND,
        Err(error) => {
            tracing::error!(error = %Causes(&error), "callback.failed");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Gives false if there is no such address. It is used up last: what was not queued was not done.
async fn look_now(app: &App, queue: &dyn Queue, token: &str) -> Result<bool, CallbackError> {
    let key = key(token);
    let Some(stored) = app.table.get(&key).await? else { return Ok(false) };
    let Expected { run, project } = row(&stored)?;
    tracing::info!(%run, %project, "callback.received");
    queue.send(vec![Task::RunJobV1 { run, project }]).await?;
    app.table.delete(&key, Condition::Version(stored.version)).await?;
    Ok(true)
}

/// A new address for a run; `None` if this Bellhop does not know its own.
pub(super) async fn address(app: &App, order: &Order) -> Result<Option<String>, StoreError> {
    let Some(door) = &app.addresses.commands else { return Ok(None) };
    let token = hex(&app.chance.bytes::<32>());
    let expected = Expected { run: order.run.clone(), project: order.project.id };
    let expires_at = app.clock.now() + order.timeout + OUTLIVES;
    app.table.put(item(key(&token), &expected, Some(expires_at)), Condition::Absent).await?;
    Ok(Some(format!("{}/callbacks/{token}", door.as_str())))
}

/// Whoever reads the table can call nobody back.
fn key(token: &str) -> Key {
    Key::new(format!("callback#{}", hex(&Sha256::digest(token))), "run")
}
