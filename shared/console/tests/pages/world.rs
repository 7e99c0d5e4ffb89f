//! A Bellhop in a temporary folder, with its pages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use app::clock::{Chance, Clock, Timestamp};
use app::egress::Guard;
use app::http_target::Outbound;
use app::queue::{Queue, QueueName};
use app::receive_hook::{Received, receive};
use app::seal::Sealer;
use app::tokens::{self, NewToken, Scope, TokenId};
use app::{Addresses, App, doors, projects, relay_http, relay_irker, sweep};
use axum::Router;
use config::{HookId, Project, ProjectId, Source};
use console::Console;
use embedded::{Serving, Store};
use payload::{Payload, Secret};
use relay::egress::Policy;
use tempfile::TempDir;

use crate::browser::Browser;

/// Longer than anything in these tests takes.
const LEASE: Duration = Duration::from_hours(1);

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Clock,
    router: Router,
    queue: Arc<dyn Queue>,
    serving: Serving,
    guard: Guard,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::found_at(Addresses::default()).await
    }

    /// One that knows where its doors are.
    pub(crate) async fn found_at(addresses: Addresses) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let store = Store::open(folder.path(), clock.clone()).unwrap();
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
        let app = App::with(Arc::new(store.table()), sealer, clock.clone(), Chance::seeded(1));
        let app = Arc::new(app.found_at(addresses));
        let queue: Arc<dyn Queue> = Arc::new(store.queue());
        let guard = Guard::new(Policy::parse("127.0.0.1", "").unwrap());
        let outbound = Outbound::new(guard.clone()).unwrap();
        let console = Console { app: Arc::clone(&app), queue: Arc::clone(&queue), outbound };
        let router = doors::router(Arc::clone(&app), Arc::clone(&queue)).merge(console::router(console));
        let serving = store.serve().await.unwrap();
        Self { app, clock, router, queue, serving, guard, _folder: folder }
    }

    /// A browser that has been nowhere.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    pub(crate) async fn token(&self, name: &str, scope: Scope) -> (String, TokenId) {
        let new = NewToken { name: name.to_owned(), scope, expires_at: None };
        let (secret, token) = tokens::make(&self.app, new).await.unwrap();
        (secret.expose().to_owned(), token.id)
    }

    /// Somebody who is signed in.
    pub(crate) async fn signed_in(&self, scope: Scope) -> Browser {
        let (token, _) = self.token("somebody", scope).await;
        let mut browser = self.browser();
        browser.get("/login").await;
        browser.submit("/login", &[("token", &token)]).await;
        browser
    }

    pub(crate) async fn admin(&self) -> Browser {
        self.signed_in(Scope::Admin).await
    }

    /// A project that is stored, with the secret `s3cret`.
    pub(crate) async fn project(&self, path: &str) -> ProjectId {
        let source = path.replace('/', "-");
        let project = Project {
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
        };
        projects::create(&self.app, project).await.unwrap().0
    }

    pub(crate) async fn stored(&self, id: ProjectId) -> Project {
        projects::load(&self.app, id).await.unwrap().unwrap()
    }

    /// A push comes in for the project `g/p`.
    pub(crate) async fn push(&self) {
        let body = r#"{"object_kind":"push","ref":"refs/heads/main","user_name":"Ada","project":{"name":"P"},
            "before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
            "total_commits_count":1,"commits":[{"id":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","message":"Hi"}]}"#;
        let headers = [("x-gitlab-token", "s3cret"), ("x-gitlab-event", "Push Hook")];
        let headers =
            headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let payload = Payload { headers: &headers.collect(), body: body.as_bytes() };
        let received = receive(&self.app, &*self.queue, &"g-p".parse().unwrap(), payload).await.unwrap();
        assert!(matches!(received, Received::Accepted { .. }), "{received:?}");
    }

    /// A minute passes, and what belongs to it is done.
    pub(crate) async fn minute(&self) {
        self.clock.advance(sweep::SWEEP_EVERY);
        sweep::sweep(&self.app, &*self.queue).await.unwrap();
    }

    /// Every task that can be had is handled once.
    pub(crate) async fn work(&self) {
        for queue in [QueueName::Irker, QueueName::Http] {
            for run in self.serving.lease_runs(queue, (10, 10), LEASE).await.unwrap() {
                let bodies: Vec<_> = run.iter().map(|task| task.received.body.as_str()).collect();
                let answers = match queue {
                    QueueName::Irker => relay_irker::handle(&self.app, &self.guard, &bodies).await,
                    _ => {
                        relay_http::handle(&self.app, &Outbound::new(self.guard.clone()).unwrap(), &bodies)
                            .await
                    }
                };
                for (task, answer) in run.iter().zip(answers) {
                    self.serving.answer(task.lease, answer).await.unwrap();
                }
            }
        }
    }
}

/// Some projects.
pub(crate) fn only(projects: &[ProjectId]) -> BTreeSet<ProjectId> {
    projects.iter().copied().collect()
}
