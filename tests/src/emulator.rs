//! SQS, DynamoDB, S3, CodeBuild and CloudWatch Logs in one process of one's own: the emulator ministack, spoken to as the AWS SDKs do (JSON over
//! HTTP). It checks no signatures, so there is no SDK here.

use std::process::Command;

use reqwest::Client;
use serde_json::{Value, json};

use crate::program::Program;
use crate::tools::{free_port, python_tool, skip};

/// Where everything is said to be.
const REGION: &str = "eu-west-1";

/// A running emulator, with nothing in it at first.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    client: Client,
    _program: Program,
}

/// A client that keeps no connection: tests share an emulator, and each has a runtime of its own, with which its connections
/// end.
fn unpooled() -> Client {
    Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}

impl Emulator {
    /// Starts one, or notes why `test` is skipped.
    pub async fn start(test: &str) -> Option<Self> {
        let Some(ministack) = python_tool("ministack") else {
            skip(&format!("{test}: the emulator is not installed; tests/run does that"));
            return None;
        };
        let port = free_port();
        let mut program = Program::start(
            Command::new(ministack)
                .env("GATEWAY_PORT", port.to_string())
                // By default it listens on every interface, and on the ports of services that we do not use.
                .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1")])
                .envs([("IOT_MTLS_ENABLED", "0"), ("SFTP_ENABLED", "0")])
                .envs([("MINISTACK_REGION", REGION), ("LOG_LEVEL", "WARNING")]),
        );
        program.listens_on(port).await;
        Some(Self { url: format!("http://127.0.0.1:{port}"), client: unpooled(), _program: program })
    }

    /// The environment in which a program takes this for AWS.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", "000000000000".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "of no meaning here".to_owned()),
        ]
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

/// Nobody looks at more of it than the service.
fn signature(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}
