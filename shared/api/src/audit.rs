//! What was commanded from chats, and whether it was allowed: for those who may change the project. What was typed is
//! kept as a digest unless the project says otherwise.
//!
//! Not here: who asked the API for what, which is in the program's own log.

use app::audit::{self, Arguments, Entry, Listing};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::shown::moment;

/// How far the audit can be paged through: what one look at the table gives.
const ENTRIES_MAX: usize = 1_000;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/projects/{id}/audit", Access::Write, |call| Box::pin(list(call)))
            .says("Every authentic command from a chat, newest first, also those that were denied.")
            .gives::<AuditShown>(StatusCode::OK)
            .paged(),
    ]
}

/// One command.
#[derive(Serialize, ToSchema)]
struct AuditShown {
    created_at: String,
    command: String,
    team_id: String,
    user_id: String,
    user: String,
    channel_id: String,
    channel: String,
    /// Such as `run deploy`.
    what: String,
    /// What was typed behind that, if the project keeps it.
    arguments: Option<String>,
    /// Its digest, if it does not.
    arguments_digest: Option<String>,
    is_allowed: bool,
    decision: String,
    run: Option<String>,
    outcome: String,
}

impl AuditShown {
    fn of(entry: &Entry) -> Self {
        let (arguments, arguments_digest) = match &entry.arguments {
            Arguments::None => (None, None),
            Arguments::Kept(text) => (Some(text.clone()), None),
            Arguments::Digest(digest) => (None, Some(digest.clone())),
        };
        Self {
            created_at: moment(entry.at),
            command: entry.command.to_string(),
            team_id: entry.team_id.clone(),
            user_id: entry.user.id.clone(),
            user: entry.user.name.clone(),
            channel_id: entry.channel.id.clone(),
            channel: entry.channel.name.clone(),
            what: entry.what.clone(),
            arguments,
            arguments_digest,
            is_allowed: entry.is_allowed,
            decision: entry.decision.clone(),
            run: entry.run.as_ref().map(ToString::to_string),
            outcome: entry.outcome.clone(),
        }
    }
}

async fn list(call: Call) -> Answered {
    let (project, mut page) = (call.id()?, call.page());
    let limit = page.offset().saturating_add(page.per_page + 1).min(ENTRIES_MAX);
    let found = audit::list(call.app(), &Listing { project, limit, after: None }).await?;
    let rest = found.entries.get(page.offset()..).unwrap_or_default();
    page.has_next = rest.len() > page.per_page;
    let here = rest[..rest.len().min(page.per_page)].iter().map(AuditShown::of);
    Ok(Reply::part(&here.collect::<Vec<_>>(), page))
}
