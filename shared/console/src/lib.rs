//! The web console: pages for people, made on the server, over the same use cases as all other doors. They work without
//! JavaScript and take nothing from elsewhere.
//!
//! A request goes through three rooms: [`visit`] says who it is and refuses forms that are not ours; the page's module
//! reads what it needs and decides; a template in `templates/` shows it. Templates are checked when they are compiled, and
//! escape all text: `askama`, which is the better kept one of the crates that do that (maud has had no release in two
//! years), and whose templates are HTML to read.
//!
//! Not here: the JSON API (`api`), which values are valid (`config`), what is done with them (`app`).

mod assets;
mod chart;
mod commands;
mod deliveries;
mod field;
mod form;
mod hooks;
mod irc;
mod irker;
mod jobs;
mod keyed;
mod moment;
mod overview;
mod page;
mod project;
mod projects;
mod refusal;
mod runs;
pub mod sample;
mod session;
mod setup;
mod signin;
mod subscription;
mod tokens;
mod visit;

use std::sync::Arc;

use app::App;
use app::http_target::Outbound;
use app::queue::Queue;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};

use crate::refusal::Refusal;

/// What the pages share.
#[derive(Clone)]
pub struct Console {
    /// The use cases.
    pub app: Arc<App>,
    /// Where tests and resent deliveries are put.
    pub queue: Arc<dyn Queue>,
    /// The way to HTTP targets, for tests of hooks, which are answered at once.
    pub outbound: Outbound,
}

/// The pages, from `/` on. Merge it with the routers of other doors; what is at none of the addresses is theirs to answer.
pub fn router(console: Console) -> Router {
    let pages = Router::new()
        .route("/", get(overview::show))
        .route("/login", get(signin::show).post(signin::sign_in))
        .route("/logout", post(signin::sign_out))
        .route("/projects", get(projects::show))
        .route("/projects/new", get(projects::new).post(projects::create))
        .route("/runs/{run}/log", get(runs::linked_log))
        .route("/tokens", get(tokens::show).post(tokens::create))
        .route("/tokens/{token}/revoke", post(tokens::revoke))
        .merge(of_project());
    let pages = pages.layer(DefaultBodyLimit::max(form::FORM_BYTES_MAX)).layer(map_response(page::guarded));
    pages.merge(assets::routes()).with_state(console)
}

fn of_project() -> Router<Console> {
    Router::new()
        .route("/projects/{project}", get(project::show))
        .route("/projects/{project}/source", post(project::change_source))
        .route("/projects/{project}/secret", post(project::add_secret))
        .route("/projects/{project}/secret/remove", post(project::remove_secret))
        .route("/projects/{project}/delete", post(project::delete))
        .route("/projects/{project}/irker", get(irker::show).post(irker::change))
        .route("/projects/{project}/hooks", get(hooks::show))
        .route("/projects/{project}/hooks/new", get(hooks::new).post(hooks::create))
        .route("/projects/{project}/hooks/{hook}", get(hooks::edit).post(hooks::change))
        .route("/projects/{project}/hooks/{hook}/test", post(hooks::test))
        .route("/projects/{project}/hooks/{hook}/enable", post(hooks::enable))
        .route("/projects/{project}/hooks/{hook}/delete", post(hooks::delete))
        .route("/projects/{project}/commands", get(commands::show))
        .route("/projects/{project}/commands/new/{platform}", get(commands::new).post(commands::create))
        .route("/projects/{project}/commands/{command}", get(commands::edit).post(commands::change))
        .route("/projects/{project}/commands/{command}/delete", post(commands::delete))
        .route("/projects/{project}/jobs", get(jobs::show).post(jobs::change))
        .route("/projects/{project}/runs", get(runs::show))
        .route("/projects/{project}/runs/{run}", get(runs::one))
        .route("/projects/{project}/runs/{run}/cancel", post(runs::cancel))
        .route("/projects/{project}/audit", get(runs::audit))
        .route("/projects/{project}/deliveries/{target}", get(deliveries::show))
        .route("/projects/{project}/deliveries/{target}/replay", post(deliveries::replay))
        .route("/projects/{project}/deliveries/{target}/{attempt}", get(deliveries::one))
        .route("/projects/{project}/deliveries/{target}/{attempt}/resend", post(deliveries::resend))
}

/// A number in an address, or nothing at that address.
fn number<T: std::str::FromStr>(text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| Refusal::NotFound)
}
