//! A GitLab that answers as told, and keeps what it was asked. Whatever nobody told it of is not there, as with GitLab.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use config::GitLab;
use payload::Secret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Clone, Default)]
struct Desk {
    answers: Arc<Mutex<HashMap<String, VecDeque<Answer>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
struct Answer {
    status: u16,
    retry_after: Option<&'static str>,
    body: Vec<u8>,
    is_given: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET /api/v4/user`.
    pub(crate) what: String,
    pub(crate) token: Option<String>,
    /// Null if there was none.
    pub(crate) body: Value,
}

pub(crate) struct GitLabPeer {
    pub(crate) url: String,
    desk: Desk,
}

impl GitLabPeer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/git", listener.local_addr().unwrap());
        let desk = Desk::default();
        let router = Router::new().fallback(answer).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk }
    }

    /// Answers the next such request so; the last of its answers is given until there is another one. What is asked for is written as
    /// `GET issues/12?x=y`, below the project, or `GET /user`, below the API.
    pub(crate) fn answers(&self, what: &str, status: u16, body: impl Into<Value>) {
        self.answers_raw(what, (status, None), body.into().to_string().into_bytes());
    }

    /// The same with a `Retry-After` and with any bytes.
    pub(crate) fn answers_raw(
        &self,
        what: &str,
        (status, retry_after): (u16, Option<&'static str>),
        body: Vec<u8>,
    ) {
        let (method, path) = what.split_once(' ').unwrap();
        let below = match path {
            "" => "/projects/mike%2Fdiaspora".to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            path => format!("/projects/mike%2Fdiaspora/{path}"),
        };
        let key = format!("{method} /git/api/v4{below}");
        let mut answers = self.desk.answers.lock().unwrap();
        let queue = answers.entry(key).or_default();
        queue.retain(|answer| !answer.is_given);
        queue.push_back(Answer { status, retry_after, body, is_given: false });
    }

    /// What was asked since the last look.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.desk.asked.lock().unwrap())
    }

    pub(crate) fn settings(&self) -> GitLab {
        GitLab {
            url: self.url.parse().unwrap(),
            project: "mike/diaspora".to_owned().try_into().unwrap(),
            token: Secret::new("glpat-project"),
        }
    }
}

async fn answer(State(desk): State<Desk>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let what = format!("{} {}", parts.method, parts.uri);
    let token = parts.headers.get("private-token").map(|token| token.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    desk.asked.lock().unwrap().push(Asked { what: what.clone(), token, body });
    let mut answers = desk.answers.lock().unwrap();
    let Some(queue) = answers.get_mut(&what) else {
        return (StatusCode::NOT_FOUND, json!({"message": "404 Not found"}).to_string()).into_response();
    };
    let last = Answer { is_given: true, ..queue[0].clone() };
    let answer =
        if queue.len() > 1 { queue.pop_front().unwrap() } else { std::mem::replace(&mut queue[0], last) };
    let mut response = (StatusCode::from_u16(answer.status).unwrap(), answer.body).into_response();
    if let Some(seconds) = answer.retry_after {
        response.headers_mut().insert("retry-after", seconds.parse().unwrap());
    }
    response
}

/// An issue as GitLab's API shows it, cut down to what matters.
pub(crate) fn issue(number: u64) -> Value {
    json!({
        "id": 1000 + number,
        "iid": number,
        "title": "It broke",
        "state": "opened",
        "confidential": false,
        "web_url": format!("https://gitlab.example.net/mike/diaspora/-/issues/{number}"),
        "author": {"id": 5, "name": "Mike", "username": "mike", "avatar_url": null},
        "assignees": [],
        "milestone": null,
        "labels": ["bug"],
    })
}

/// A job as GitLab's API shows it, cut down to what matters.
pub(crate) fn job(id: u64, name: &str, status: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "stage": "test",
        "status": status,
        "web_url": format!("https://gitlab.example.net/mike/diaspora/-/jobs/{id}"),
        "started_at": if status == "created" { Value::Null } else { json!("2023-11-14T22:13:20.000Z") },
        "finished_at": null,
        "duration": null,
        "pipeline": {"id": 46, "status": "running"},
    })
}
