//! AWS in one process of one's own: the emulator ministack, spoken to as the AWS SDKs do (JSON over HTTP). It checks no
//! signatures, so there is no SDK here. Whoever deploys functions into it has them run as processes of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::{Client, Method};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::program::Program;
use crate::tools::{free_port, python_tool, skip, workspace};

/// Where everything is said to be.
const REGION: &str = "eu-west-1";

/// A running emulator, with nothing in it at first.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    client: Client,
    program: Program,
}

/// A client that keeps no connection: tests share an emulator, and each has a runtime of its own, with which its connections
/// end.
fn unpooled() -> Client {
    Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}

impl Emulator {
    /// Starts one, or notes why `test` is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let is_moto = std::env::var_os("BELLHOP_EMULATOR").is_some_and(|name| name == "moto");
        let emulator = if is_moto { "moto_server" } else { "ministack" };
        let Some(python) = python_tool(emulator).and_then(|_| python_tool("python3")) else {
            skip(&format!("{test}: the emulator {emulator} is not installed; see CONTRIBUTING.md"));
            return None;
        };
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let mut program = if is_moto { moto(&python, port) } else { ministack(&python, (&url, port)) };
        program.listens_on(port).await;
        Some(Self { url, client: unpooled(), program })
    }

    /// The environment in which a program takes this for AWS.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_REGION", REGION.to_owned()),
            // As SAM calls it.
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "000000000000".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "of no meaning here".to_owned()),
        ]
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a table as in `template.yaml`.
    pub async fn create_table(&self, name: &str) {
        let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
        let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [text("pk"), text("sk")],
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
        });
        self.call("DynamoDB_20120810.CreateTable", &table).await;
    }

    /// Makes a queue, with attributes as SQS names them, and returns its URL.
    pub async fn create_queue(&self, name: &str, attributes: Value) -> String {
        let queue = json!({"QueueName": name, "Attributes": attributes});
        let made = self.call("AmazonSQS.CreateQueue", &queue).await;
        made["QueueUrl"].as_str().expect("the queue has a URL").to_owned()
    }

    /// Keeps a secret.
    pub async fn create_secret(&self, name: &str, text: &str) {
        let secret = json!({"Name": name, "SecretString": text, "ClientRequestToken": "0f49f12c-0000-4000-8000-000000000000"});
        self.call("secretsmanager.CreateSecret", &secret).await;
    }

    /// Takes what is there, up to ten, waiting for at most a second.
    pub async fn take(&self, queue_url: &str) -> Vec<Value> {
        let order = json!({
            "QueueUrl": queue_url,
            "MaxNumberOfMessages": 10,
            "WaitTimeSeconds": 1,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let taken = self.call("AmazonSQS.ReceiveMessage", &order).await;
        taken["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// Removes one that was taken.
    pub async fn remove(&self, queue_url: &str, receipt: &Value) {
        self.call("AmazonSQS.DeleteMessage", &json!({"QueueUrl": queue_url, "ReceiptHandle": receipt})).await;
    }

    /// Makes a bucket.
    pub async fn create_bucket(&self, name: &str) {
        let place = format!(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let request = self.client.put(format!("{}/{name}", self.url)).body(place);
        let made =
            request.header("Authorization", signature("s3")).send().await.expect("the emulator answers");
        assert!(made.status().is_success(), "{}", made.status());
    }

    /// What is in a bucket under this key; `None` if nothing is.
    pub async fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let request = self.client.get(format!("{}/{bucket}/{key}", self.url));
        let found =
            request.header("Authorization", signature("s3")).send().await.expect("the emulator answers");
        if !found.status().is_success() {
            return None;
        }
        Some(found.bytes().await.expect("the object in whole").to_vec())
    }

    /// Calls Lambda, which speaks another way than the others.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn lambda(&self, method: Method, path: &str, order: &Value) -> Value {
        let url = format!("{}/2015-03-31/{path}", self.url);
        let request = self.client.request(method, url).body(order.to_string());
        let response = request.header("Authorization", signature("lambda")).send().await;
        let response = response.unwrap_or_else(|error| panic!("{path}: {error}"));
        let status = response.status();
        let answer = response.text().await.expect("the emulator answers in text");
        assert!(status.is_success(), "{path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Sends a signal to every process that runs this function. Says how many there are.
    pub fn signal(&self, function: &str, signal: Signal) -> usize {
        let processes = self.processes_of(function);
        for process in &processes {
            // One that has just ended needs none.
            let _ = kill_process(*process, signal);
        }
        processes.len()
    }

    fn processes_of(&self, function: &str) -> Vec<Pid> {
        let variable = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
        let parent = format!("PPid:\t{}\n", self.program.id());
        let is_of = |folder: &Path| {
            let status = fs::read_to_string(folder.join("status")).ok()?;
            let environment = fs::read(folder.join("environ")).ok()?;
            let mut variables = environment.split(|byte| *byte == 0);
            (status.contains(&parent) && variables.any(|known| known == variable.as_bytes())).then_some(())
        };
        let folders = fs::read_dir("/proc").expect("see the processes").flatten().map(|entry| entry.path());
        let processes = folders.filter(|folder| is_of(folder).is_some());
        let numbers = processes.filter_map(|folder| folder.file_name()?.to_str()?.parse().ok());
        numbers.filter_map(Pid::from_raw).collect()
    }

    /// Calls one operation of one service.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn call(&self, operation: &str, order: &Value) -> Value {
        let service = match operation.split(['.', '_']).next() {
            Some("AmazonSQS") => "sqs",
            Some("CodeBuild") => "codebuild",
            Some("Logs") => "logs",
            Some("secretsmanager") => "secretsmanager",
            _ => "dynamodb",
        };
        let request = self.client.post(&self.url).body(order.to_string());
        let request = request.header("X-Amz-Target", operation).header("Authorization", signature(service));
        let response = request.header("Content-Type", "application/x-amz-json-1.0").send().await;
        let response = response.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let status = response.status();
        let answer = response.text().await.expect("the emulator answers in text");
        assert!(status.is_success(), "{operation}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }
}

/// The emulator of all the tests.
fn ministack(python: &Path, (url, port): (&str, u16)) -> Program {
    Program::start(
        Command::new(python)
            .arg(workspace().join("tests/src/emulator.py"))
            .env("GATEWAY_PORT", port.to_string())
            // What it tells the functions that it runs.
            .env("AWS_ENDPOINT_URL", url)
            // By default it listens on every interface, and on the ports of services that we do not use.
            .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1")])
            .envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0")])
            .envs([("MINISTACK_REGION", REGION), ("LOG_LEVEL", "WARNING")]),
    )
}

/// A second opinion, for `conformance` alone: it runs no functions. See CONTRIBUTING.md.
fn moto(python: &Path, port: u16) -> Program {
    Program::start(Command::new(python).args([
        "-m",
        "moto.server",
        "-H",
        "127.0.0.1",
        "-p",
        &port.to_string(),
    ]))
}

/// Nobody looks at more of it than the service.
fn signature(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
