//! GitLab's integrations, for the three that Bellhop has (<https://docs.gitlab.com/api/project_integrations/>). The older
//! name of the same addresses is `services`.
//!
//! Not here: what is beyond GitLab's settings of slash commands (`commands`).

mod irker;
mod slash_commands;

use app::clock::Timestamp;
use app::projects::Saved;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::call::Call;
use crate::reply::{Answered, Reply};
use crate::routes::{Access, Route};
use crate::shown::moment;

/// Where integrations are: today, and before.
const PLACES: [&str; 2] = ["/projects/{id}/integrations", "/projects/{id}/services"];

pub(crate) fn routes() -> Vec<Route> {
    let at = |place: &'static str| {
        let list = Route::get(place, Access::Read, |call| Box::pin(list(call)))
            .says("The integrations that are active.")
            .gives::<IntegrationShown>(StatusCode::OK)
            .paged();
        [list].into_iter().chain(irker::routes(place)).chain(slash_commands::routes(place))
    };
    PLACES.into_iter().flat_map(at).chain(irker::tests()).collect()
}

/// An integration. Besides, it has a switch for each kind of event (`push_events`, ...).
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "they are GitLab's")]
struct IntegrationShown {
    id: u64,
    title: &'static str,
    slug: &'static str,
    created_at: Option<String>,
    updated_at: Option<String>,
    active: bool,
    commit_events: bool,
    comment_on_event_enabled: bool,
    inherited: bool,
    /// Its settings; not in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    properties: Option<Value>,
    #[serde(flatten)]
    #[schema(ignore)]
    events: Map<String, Value>,
}

/// What an integration is called, and its number among those of a project.
#[derive(Clone, Copy)]
struct Kind {
    number: u64,
    title: &'static str,
    slug: &'static str,
}

/// How many numbers each project has for its integrations.
const KINDS: u64 = 10;

impl IntegrationShown {
    fn new(saved: &Saved, kind: Kind, since: Option<Timestamp>) -> Self {
        Self {
            id: saved.project.id.0 * KINDS + kind.number,
            title: kind.title,
            slug: kind.slug,
            created_at: since.or(saved.created_at).map(moment),
            updated_at: saved.updated_at.map(moment),
            active: true,
            commit_events: true,
            comment_on_event_enabled: false,
            inherited: false,
            properties: None,
            events: Map::new(),
        }
    }
}

async fn list(call: Call) -> Answered {
    let saved = call.saved()?;
    let mut shown: Vec<_> = irker::basic(saved).into_iter().filter(|irker| irker.active).collect();
    shown.extend(slash_commands::basic(saved));
    Ok(Reply::page(&shown, call.page()).of(saved.revision))
}
