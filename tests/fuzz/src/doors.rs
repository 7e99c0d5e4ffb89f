//! The API and the pages, by their routers, over a Bellhop in memory that is the same for every input: whatever is asked,
//! an answer comes that is none of our own faults, shows no secret, and holds no element that is not the page's own.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::Api;
use app::App;
use app::clock::{Chance, Clock, Timestamp};
use app::egress::Guard;
use app::http_target::Outbound;
use app::projects;
use app::queue::{Queue, QueueError, Task};
use app::seal::Sealer;
use app::tokens::{self, NewToken, Scope};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use config::Project;
use console::Console;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use payload::Secret;
use relay::egress::Policy;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::memory::{MemoryTable, Snapshot};
use crate::request::{header_value, headers, split};

/// In every secret of the project, and in no answer.
const SECRET: &str = "n0b0dy-sees-this";

/// An element that an input may ask for, and no page has.
const ELEMENT: &str = "<zz";

/// The largest answer: a page has some tens of kilobytes.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How far the clock goes before every input: what is remembered of the last one is forgotten.
const BETWEEN: Duration = Duration::from_mins(1);

/// Takes everything, and hands out nothing.
struct NoQueue;

#[async_trait]
impl Queue for NoQueue {
    async fn send(&self, _tasks: Vec<Task>) -> Result<(), QueueError> {
        Ok(())
    }
}

/// A Bellhop with one project, and somebody who may do everything.
struct World {
    runtime: Runtime,
    clock: Clock,
    table: Arc<MemoryTable>,
    snapshot: Snapshot,
    router: Router,
    token: String,
    cookie: String,
    csrf: String,
}

/// What is asked in an input: `METHOD path`, headers, an empty line, the body.
struct Asked<'a> {
    method: Method,
    path: &'a str,
    headers: HeaderMap,
    body: &'a [u8],
}

impl<'a> Asked<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, body) = split(bytes);
        let head = str::from_utf8(head).ok()?;
        let (first, rest) = head.split_once('\n').unwrap_or((head, ""));
        let (method, path) = first.split_once(' ')?;
        let method = method.parse().ok()?;
        Some(Self { method, path, headers: headers(rest.as_bytes()), body })
    }
}

pub(crate) fn api(bytes: &[u8]) {
    let Some(asked) = Asked::read(bytes) else { return };
    let world = World::again();
    let path = format!("/api/v4{}", asked.path);
    let token = [("private-token", world.token.as_str())];
    let Some((status, headers, body)) = world.ask(&asked, (&path, asked.body), &token) else { return };
    assert_eq!(headers.get(CACHE_CONTROL).map(HeaderValue::as_bytes), Some(&b"no-store"[..]), "{path}");
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if is_json {
        serde_json::from_str::<serde::de::IgnoredAny>(&body).expect("an answer is JSON");
    }
    assert!(is_json || body.is_empty() || status.is_success(), "{path}: {body}");
}

/// In the body, `$CSRF` stands for the proof of the form.
pub(crate) fn console(bytes: &[u8]) {
    let Some(asked) = Asked::read(bytes) else { return };
    let world = World::again();
    let body = String::from_utf8_lossy(asked.body).replace("$CSRF", &world.csrf);
    let ours = [(COOKIE.as_str(), world.cookie.as_str()), (ORIGIN.as_str(), "http://bellhop.test")];
    let Some((_, headers, page)) = world.ask(&asked, (asked.path, body.as_bytes()), &ours) else { return };
    assert!(!page.contains(ELEMENT), "an element of a stranger: {page}");
    if headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        let policy = headers.get(CONTENT_SECURITY_POLICY).expect("a page has a policy");
        assert!(!policy.to_str().expect("text").contains("unsafe"), "{policy:?}");
    }
}

impl World {
    /// As it was at first.
    fn again() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        let world = WORLD.get_or_init(Self::new);
        world.table.set_back(&world.snapshot);
        world.clock.advance(BETWEEN);
        world
    }

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let table = Arc::new(MemoryTable::new(clock.clone()));
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).expect("a key");
        let app = Arc::new(App::with(Arc::clone(&table) as _, sealer, clock.clone(), Chance::seeded(1)));
        let queue: Arc<dyn Queue> = Arc::new(NoQueue);
        // Names lead nowhere: nobody is asked for one while machines guess.
        let outbound =
            Outbound::new(Guard::new(Policy::parse("", "1").expect("a policy"))).expect("a client");
        let pages = Console { app: Arc::clone(&app), queue: Arc::clone(&queue), outbound: outbound.clone() };
        let router = api::router(Api::new(Arc::clone(&app), queue, outbound)).merge(console::router(pages));
        let token = runtime.block_on(furnish(&app));
        let snapshot = table.snapshot();
        let (cookie, csrf) = (String::new(), String::new());
        let mut world = Self { runtime, clock, table, snapshot, router, token, cookie, csrf };
        world.sign_in();
        world.snapshot = world.table.snapshot();
        world
    }

    /// `None` for what no client could ask. `ours` are the headers that an input cannot know; where it has its own, they
    /// count.
    fn ask(
        &self,
        asked: &Asked<'_>,
        (path, body): (&str, &[u8]),
        ours: &[(&'static str, &str)],
    ) -> Option<(StatusCode, HeaderMap, String)> {
        let mut request =
            Request::builder().method(asked.method.clone()).uri(path).body(Body::from(body.to_vec())).ok()?;
        *request.headers_mut() = asked.headers.clone();
        for (name, value) in ours.iter().chain(&[(HOST.as_str(), "bellhop.test")]) {
            if !request.headers().contains_key(*name) {
                request.headers_mut().insert(*name, header_value(value)?);
            }
        }
        let (status, headers, body) = self.send(request);
        assert!(!status.is_server_error(), "{} {path}: {status} {body}", asked.method);
        assert!(!body.contains(SECRET), "{path} shows a secret: {body}");
        Some((status, headers, body))
    }

    fn send(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.expect("a router answers");
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.expect("an answer is bounded");
            (status, headers, String::from_utf8_lossy(&body).into_owned())
        })
    }

    fn sign_in(&mut self) {
        let page =
            Request::get("/login").header(HOST, "bellhop.test").body(Body::empty()).expect("a request");
        let (_, headers, page) = self.send(page);
        let form = [("csrf", proof(&page)), ("token", self.token.clone())];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let form = Request::post("/login")
            .header(HOST, "bellhop.test")
            .header(COOKIE, cookie(&headers))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ORIGIN, "http://bellhop.test")
            .body(Body::from(body))
            .expect("a request");
        let (status, headers, _) = self.send(form);
        assert_eq!(status, StatusCode::SEE_OTHER, "signed in");
        self.cookie = cookie(&headers);
        let page = Request::get("/projects/new").header(HOST, "bellhop.test").header(COOKIE, &self.cookie);
        let (_, _, page) = self.send(page.body(Body::empty()).expect("a request"));
        self.csrf = proof(&page);
    }
}

fn cookie(headers: &HeaderMap) -> String {
    let set = headers[SET_COOKIE].to_str().expect("text");
    set.split(';').next().unwrap_or_default().to_owned()
}

/// What the forms of a page prove themselves with.
fn proof(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// One project with everything, and a token.
async fn furnish(app: &App) -> String {
    let project: Project = crate::configuration::example(SECRET);
    projects::create(app, project).await.expect("a project");
    let new = NewToken { name: "fuzz".to_owned(), scope: Scope::Admin, expires_at: None };
    let (token, _) = tokens::make(app, new).await.expect("a token");
    token.expose().to_owned()
}
