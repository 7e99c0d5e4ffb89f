//! A function in the hands of a Lambda service that measures: it waits for the function's call for work, hands out one event
//! after the other, and looks at the process in between.
//!
//! Not here: throttling to a share of a processor, which only Lambda does.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segments, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Under valgrind, a start takes seconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// Further off than any function lasts.
const DEADLINE_MS: &str = "4102444800000";

/// A running function.
pub(crate) struct Function {
    child: Child,
    started: Instant,
    events: mpsc::Sender<Bytes>,
    answers: mpsc::Receiver<Result<Bytes, String>>,
    log: NamedTempFile,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::Receiver<Bytes>>>,
    answers: mpsc::Sender<Result<Bytes, String>>,
}

impl Function {
    /// Starts one; `command` is its program, or a tool and its program.
    pub(crate) async fn start(command: &[&Path], environment: &[(&str, String)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen as Lambda");
        let address = listener.local_addr().expect("have an address");
        let (events, coming) = mpsc::channel(1);
        let (answering, answers) = mpsc::channel(1);
        let api = Api { events: Arc::new(Mutex::new(coming)), answers: answering };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answer))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(api);
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serve as Lambda");
        });
        let log = NamedTempFile::new().expect("make a file for the log");
        let output = || Stdio::from(File::options().append(true).open(log.path()).expect("open the log"));
        let started = Instant::now();
        let child = Command::new(command[0])
            .args(&command[1..])
            // This machine may have one of its own.
            .env_remove("AWS_CA_BUNDLE")
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "bench"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"), ("AWS_LAMBDA_LOG_GROUP_NAME", "g")])
            .envs([("AWS_LAMBDA_LOG_STREAM_NAME", "s"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn()
            .expect("start the function");
        Self { child, started, events, answers, log, serving }
    }

    /// Has an event handled.
    ///
    /// # Panics
    /// If the function fails.
    pub(crate) async fn handle(&mut self, event: impl Into<Bytes>) -> Bytes {
        self.events.send(event.into()).await.expect("Lambda runs");
        match timeout(PATIENCE, self.answers.recv()).await {
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(error))) => panic!("the function fails: {error}\n{}", self.log()),
            Ok(None) | Err(_) => panic!("the function does not answer\n{}", self.log()),
        }
    }

    /// Since the program was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// The processor time that its threads have taken, those that have ended apart.
    pub(crate) fn processor_time(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("it runs");
        let taken = |thread: std::fs::DirEntry| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(threads.flatten().filter_map(taken).sum())
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn memory_peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// All it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }

    /// Ends it in peace, so that tools write what they know.
    pub(crate) fn end(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.serving.abort();
    }
}

async fn next(State(api): State<Api>) -> Response {
    let Some(event) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let head = [
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("Lambda-Runtime-Deadline-Ms", DEADLINE_MS),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench"),
        ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
    ];
    (head, event).into_response()
}

async fn answer(
    State(api): State<Api>,
    Segments((_, kind)): Segments<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let is_well = kind == "response";
    let answer = if is_well { Ok(body) } else { Err(String::from_utf8_lossy(&body).into_owned()) };
    // Nobody listens once the measuring is over.
    let _ = api.answers.send(answer).await;
    StatusCode::ACCEPTED
}

async fn init_error(State(api): State<Api>, body: Bytes) -> StatusCode {
    let _ = api.answers.send(Err(String::from_utf8_lossy(&body).into_owned())).await;
    StatusCode::ACCEPTED
}
