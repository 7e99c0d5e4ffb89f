//! Lambda functions, each the very binary that is deployed, with `cargo lambda watch` as their Lambda: it takes
//! requests and events as AWS does, and hands them out by the real Runtime API.
//!
//! The functions are started here and not by `cargo lambda`: so they are built once, have an environment each, and
//! end with the test.

use std::process::Command;

use reqwest::Client;
use serde_json::Value;

use crate::build::built;
use crate::program::Program;
use crate::tools::{free_port, python_tool, skip, workspace};

/// A Lambda service with the functions that were added to it.
#[derive(Debug)]
pub struct LambdaWatch {
    port: u16,
    client: Client,
    functions: Vec<Program>,
    _watch: Program,
}

impl LambdaWatch {
    /// Starts one without functions, or notes why `test` is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let Some(cargo_lambda) = python_tool("cargo-lambda") else {
            skip(&format!("{test}: cargo-lambda is not installed; tests/run does that"));
            return None;
        };
        let port = free_port();
        let mut watch = Program::start(
            Command::new(cargo_lambda)
                // By default it listens on every interface.
                .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"])
                .args(["--invoke-port", &port.to_string()])
                .current_dir(workspace()),
        );
        watch.listens_on(port).await;
        Some(Self { port, client: Client::new(), functions: Vec::new(), _watch: watch })
    }

    /// Starts a function.
    pub fn add(&mut self, function: &str, environment: &[(&str, String)]) {
        let program = Program::start(
            Command::new(built(function))
                .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{}/.rt/{function}", self.port))
                .envs([("AWS_LAMBDA_FUNCTION_NAME", function), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
                .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")])
                .envs(environment.iter().map(|(name, value)| (name, value))),
        );
        self.functions.push(program);
    }

    /// The function's URL.
    pub fn url(&self, function: &str) -> String {
        format!("http://127.0.0.1:{}/lambda-url/{function}", self.port)
    }

    /// Invokes a function with an event, and returns its answer.
    ///
    /// # Panics
    /// If it fails.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/2015-03-31/functions/{function}/invocations", self.port);
        let response = self.client.post(url).body(event.to_string()).send().await.expect("Lambda answers");
        let status = response.status();
        let answer = response.text().await.expect("Lambda answers in text");
        assert!(status.is_success(), "{function} fails with {status}: {answer}\n{}", self.log());
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// What all functions have logged.
    pub fn log(&self) -> String {
        self.functions.iter().map(|function| function.stdout() + &function.stderr()).collect()
    }
}
