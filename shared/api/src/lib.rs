//! The API under `/api/v4`: GitLab's, for what Bellhop has of it, so that GitLab's tools configure Bellhop; and Bellhop's
//! own in the same manner.
//!
//! **One table of routes** ([`routes`]) is everything: the router, who may do what, which fields a request may have, and
//! the OpenAPI document at `/api/openapi.json`. What a request says is read leniently, as GitLab reads it: JSON or a form,
//! `true` or `"1"`. `utoipa` derives the schemas of answers from the very types that are written; its macros on handlers,
//! and `aide`'s, would describe strict bodies that are not the ones accepted here, and a second list of routes.
//!
//! | module | what |
//! |---|---|
//! | [`door`] | bounds, token, project, version; errors as GitLab's |
//! | [`projects`], [`hooks`], [`integrations`] | GitLab's |
//! | [`source`], [`commands`], [`settings`], [`deliveries`], [`runs`], [`audit`], [`instance`] | Bellhop's own |
//!
//! Not here: what a setting means (`config`), how things are kept (`app`), slash commands' own door (`app::doors`).

#![expect(clippy::unused_async, reason = "handlers are all alike: those that wait for nothing as well")]

mod audit;
mod body;
mod call;
mod commands;
mod deliveries;
mod door;
mod fields;
mod hooks;
mod instance;
mod integrations;
mod openapi;
mod pace;
mod projects;
mod refusal;
mod reply;
mod routes;
mod runs;
mod settings;
mod shown;
mod source;
mod subscription;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::App;
use app::http_target::Outbound;
use app::queue::Queue;

pub use self::door::router;
use self::pace::Pace;

/// What the handlers share.
pub struct Api {
    app: Arc<App>,
    queue: Arc<dyn Queue>,
    /// The way out for tests of hooks: through the same guard as every delivery.
    outbound: Outbound,
    pace: Pace,
}

impl Api {
    /// The API of a Bellhop.
    pub fn new(app: Arc<App>, queue: Arc<dyn Queue>, outbound: Outbound) -> Self {
        Self { app, queue, outbound, pace: Pace::default() }
    }
}
