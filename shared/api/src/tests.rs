//! Dialogues with the API over a real store: what GitLab's tools ask, and what they are answered.

mod editing;
mod gitlab;
mod hostile;
mod scopes;

use std::sync::Arc;

use app::App;
use app::clock::{Chance, Clock, Timestamp};
use app::egress::Guard;
use app::http_target::Outbound;
use app::projects;
use app::seal::Sealer;
use app::tokens::{self, NewToken, Scope};
use axum::Router;
use axum::body::{Body, to_bytes};
use config::{HookId, Project, ProjectId, Source};
use embedded::Store;
use http::{HeaderMap, Request, StatusCode};
use payload::Secret;
use relay::egress::Policy;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{Api, router};

/// A Bellhop with one project, `g/p`, which has the number 1, and a token of scope admin.
struct House {
    app: Arc<App>,
    router: Router,
    admin: String,
    _store: Store,
    _folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// Its status and its body in one line, to be read.
    fn told(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.body)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
        let app = Arc::new(App::with(Arc::new(store.table()), sealer, clock, Chance::seeded(1)));
        projects::create(&app, project("g/p", "p")).await.unwrap();
        let outbound = Outbound::new(Guard::new(Policy::parse("127.0.0.1", "").unwrap())).unwrap();
        let router = router(Api::new(Arc::clone(&app), Arc::new(store.queue()), outbound));
        let mut house = Self { app, router, admin: String::new(), _store: store, _folder: folder };
        house.admin = house.token(Scope::Admin).await;
        house
    }

    async fn token(&self, scope: Scope) -> String {
        let new = NewToken { name: "test".to_owned(), scope, expires_at: None };
        tokens::make(&self.app, new).await.unwrap().0.expose().to_owned()
    }

    /// Asks with JSON, as an administrator. `method_path` is such as `GET /projects`.
    async fn ask(&self, method_path: &str, body: Value) -> Answer {
        self.ask_as(&self.admin, method_path, body).await
    }

    async fn ask_as(&self, token: &str, method_path: &str, body: Value) -> Answer {
        self.ask_with(&[("private-token", token)], method_path, body).await
    }

    async fn ask_with(&self, headers: &[(&str, &str)], method_path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut all = vec![("content-type", "application/json"), ("host", "bellhop.example.net")];
        all.extend(headers);
        self.send(&all, method_path, body).await
    }

    async fn send(&self, headers: &[(&str, &str)], method_path: &str, body: String) -> Answer {
        let (method, path) = method_path.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(format!("/api/v4{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let not_json = |_| panic!("{method_path}: {}", String::from_utf8_lossy(&body));
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap_or_else(not_json)
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

fn project(path: &str, source: &str) -> Project {
    Project {
        id: ProjectId(0),
        path: path.to_owned().try_into().unwrap(),
        source: Source {
            id: source.parse().unwrap(),
            forge: None,
            secrets: vec![Secret::new("s3cret")],
            allow_unsigned: false,
        },
        irker: None,
        hooks: Vec::new(),
        last_hook: HookId(0),
        rate_limit: None,
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    }
}
