//! Bellhop as it is deployed: `template.yaml`, built and deployed by SAM into the emulator, which runs the functions that
//! SAM built.
//!
//! Different from an account: the processors that the functions are built for; how long queues hide what was taken, seconds
//! in place of minutes; and functions that are not optimised, since those take five times as long to build.
//!
//! Not here: what SAM and the emulator do not do, such as asking whether a role may do what a function does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};

use reqwest::{Client, Method};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::push::{Answered, Push};
use crate::tools::{python_tool, skip, target_folder, workspace};

const NAME: &str = "bellhop";
const BUCKET: &str = "artifacts";

/// How long SQS hides what was taken here, in seconds: longer than a function takes for a batch, if nobody stops it.
const HIDDEN_S: &str = "4";

/// What the parameters say that a test cannot do without. The emulator knows no alarm that adds figures up.
const PARAMETERS: [&str; 3] = ["Architecture=x86_64", "AllowEgress=127.0.0.1", "Monitoring=off"];

/// The outputs that name queues, and the variables in which programs look for them.
const QUEUES: [(&str, &str); 4] = [
    ("IrkerQueueUrl", "BELLHOP_IRKER_QUEUE_URL"),
    ("HttpQueueUrl", "BELLHOP_HTTP_QUEUE_URL"),
    ("HttpOrderedQueueUrl", "BELLHOP_HTTP_ORDERED_QUEUE_URL"),
    ("RunsQueueUrl", "BELLHOP_RUNS_QUEUE_URL"),
];

/// A deployed stack.
#[derive(Debug)]
pub struct Stack {
    emulator: Emulator,
    client: Client,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Builds and deploys one, or notes why `test` is skipped.
    pub async fn deploy(test: &str) -> Option<Self> {
        if let Some(missing) =
            ["sam", "cargo-lambda", "python-zig"].iter().find(|tool| python_tool(tool).is_none())
        {
            skip(&format!("{test}: {missing} is not installed; tests/run does that"));
            return None;
        }
        let emulator = Emulator::start(test).await?;
        build();
        emulator.create_bucket(BUCKET).await;
        let mut stack = Self { emulator, client: Client::new(), outputs: BTreeMap::new() };
        stack.update(&[]).await;
        Some(stack)
    }

    /// Deploys once more, with these parameters besides.
    pub async fn update(&mut self, parameters: &[&str]) {
        let template = build_folder().join("template.yaml");
        let mut deploy = self.sam(&["deploy"]);
        deploy.arg("--template-file").arg(template).args(["--s3-bucket", BUCKET, "--no-progressbar"]);
        deploy.args(["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset"]);
        deploy.arg("--parameter-overrides").args(PARAMETERS).args(parameters);
        succeeds(&mut deploy);
        self.outputs = self.described();
        self.client = self.client();
        self.hurry().await;
    }

    /// Takes the stack away, and leaves what it is to leave behind.
    pub fn delete(&self) {
        succeeds(self.sam(&["delete"]).arg("--no-prompts").args(["--s3-bucket", BUCKET]));
    }

    fn sam(&self, command: &[&str]) -> Command {
        let mut sam = Command::new(python_tool("sam").expect("it is installed"));
        sam.args(command).args(["--stack-name", NAME]).current_dir(workspace());
        sam.env("SAM_CLI_TELEMETRY", "0").envs(self.emulator.environment());
        sam
    }

    fn described(&self) -> BTreeMap<String, String> {
        let output = succeeds(self.sam(&["list", "stack-outputs"]).args(["--output", "json"]));
        let outputs: Value = serde_json::from_slice(&output.stdout).expect("SAM speaks JSON");
        let outputs = outputs.as_array().expect("a list").iter().filter_map(|output| {
            Some((output["OutputKey"].as_str()?.to_owned(), output["OutputValue"].as_str()?.to_owned()))
        });
        outputs.collect()
    }

    /// A client to whom function URLs are the emulator's address.
    fn client(&self) -> Client {
        let emulator: SocketAddr =
            self.emulator.url().trim_start_matches("http://").parse().expect("an address and a port");
        let hosts = self.outputs.values().filter_map(|output| url::Url::parse(output).ok());
        let hosts = hosts.filter_map(|url| Some(url.host_str()?.to_owned()));
        let client = hosts.fold(Client::builder(), |client, host| client.resolve(&host, emulator));
        client.pool_max_idle_per_host(0).build().expect("a client")
    }

    /// Queues that hide things for seconds. And the emulator takes a number from a parameter for a text, which it then
    /// cannot compare.
    async fn hurry(&self) {
        for (output, _) in QUEUES {
            let attributes = json!({"VisibilityTimeout": HIDDEN_S});
            let order = json!({"QueueUrl": self.output(output), "Attributes": attributes});
            self.emulator.call("AmazonSQS.SetQueueAttributes", &order).await;
        }
        for mapping in self.mappings().await {
            self.change_mapping(&mapping, &json!({"ScalingConfig": {"MaximumConcurrency": 10}})).await;
        }
    }

    async fn mappings(&self) -> Vec<Value> {
        let found = self.emulator.lambda(Method::GET, "event-source-mappings/", &Value::Null).await;
        found["EventSourceMappings"].as_array().expect("a list").clone()
    }

    async fn change_mapping(&self, mapping: &Value, change: &Value) {
        let id = mapping["UUID"].as_str().expect("it has a name");
        self.emulator.lambda(Method::PUT, &format!("event-source-mappings/{id}"), change).await;
    }

    /// Has a function get nothing from its queues, or something again.
    pub async fn hand_over(&self, function: &str, is_enabled: bool) {
        let function = self.function(function).await;
        for mapping in self.mappings().await {
            if mapping["FunctionArn"].as_str().is_some_and(|arn| arn.contains(&function)) {
                self.change_mapping(&mapping, &json!({"Enabled": is_enabled})).await;
            }
        }
    }

    /// Gives a function so many seconds for an invocation.
    pub async fn limit(&self, function: &str, seconds: u32) {
        let function = self.function(function).await;
        let order = json!({"Timeout": seconds});
        self.emulator.lambda(Method::PUT, &format!("functions/{function}/configuration"), &order).await;
    }

    /// Sends a signal to the processes that run a function. Says how many there are.
    pub async fn signal(&self, function: &str, signal: Signal) -> usize {
        self.emulator.signal(&self.function(function).await, signal)
    }

    /// The name that the stack gave to a resource of the template.
    async fn function(&self, resource: &str) -> String {
        let found = self.emulator.lambda(Method::GET, "functions/", &Value::Null).await;
        let mut names = found["Functions"].as_array().expect("a list").iter().filter_map(|function| {
            function["FunctionName"].as_str().filter(|name| name.starts_with(&format!("{NAME}-{resource}-")))
        });
        names.next().unwrap_or_else(|| panic!("there is no function {resource}")).to_owned()
    }

    /// What the stack says of itself.
    ///
    /// # Panics
    /// If it does not say this.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}: {:?}", self.outputs))
    }

    /// A secret's text.
    pub async fn secret(&self, id: &str) -> String {
        let found = self.emulator.call("secretsmanager.GetSecretValue", &json!({"SecretId": id})).await;
        found["SecretString"].as_str().expect("a text").to_owned()
    }

    /// What secrets in the table are sealed with.
    pub async fn sealing_key(&self) -> String {
        let found = self.emulator.call("secretsmanager.ListSecrets", &json!({})).await;
        let secrets = found["SecretList"].as_array().expect("a list");
        let is_key = |secret: &&Value| {
            secret["Description"].as_str().is_some_and(|what| what.ends_with("are sealed with"))
        };
        let key = secrets.iter().find(is_key).expect("the stack has a key");
        self.secret(key["ARN"].as_str().expect("it has a name")).await
    }

    /// What an operator's terminal knows of the stack.
    pub async fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.emulator.environment();
        environment.push(("BELLHOP_SEALING_KEY", self.sealing_key().await));
        environment.extend(QUEUES.map(|(output, variable)| (variable, self.output(output).to_owned())));
        environment
    }

    /// Puts a text into a queue, as nobody should.
    pub async fn put(&self, output: &str, (group, text): (&str, &str)) {
        let order = json!({
            "QueueUrl": self.output(output),
            "MessageBody": text,
            "MessageGroupId": group,
            "MessageDeduplicationId": text.replace(|letter: char| !letter.is_ascii_alphanumeric(), ""),
        });
        self.emulator.call("AmazonSQS.SendMessage", &order).await;
    }

    /// How many things a queue holds, hidden or not.
    pub async fn held(&self, output: &str) -> u64 {
        let counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let order = json!({"QueueUrl": self.output(output), "AttributeNames": counts});
        let found = self.emulator.call("AmazonSQS.GetQueueAttributes", &order).await;
        let count = |name| found["Attributes"][name].as_str().and_then(|count| count.parse::<u64>().ok());
        counts.map(|name| count(name).expect("a number")).iter().sum()
    }

    /// All that the functions have logged.
    pub async fn log(&self) -> String {
        let groups = self.emulator.call("Logs_20140328.DescribeLogGroups", &json!({})).await;
        let mut log = String::new();
        for group in groups["logGroups"].as_array().expect("a list") {
            let order = json!({"logGroupName": group["logGroupName"]});
            let found = self.emulator.call("Logs_20140328.FilterLogEvents", &order).await;
            for event in found["events"].as_array().expect("a list") {
                log.push_str(event["message"].as_str().unwrap_or_default());
                log.push('\n');
            }
        }
        log
    }

    /// Where something is that an output names, as the tests reach it.
    pub fn url(&self, output: &str) -> String {
        let mut url: url::Url = self.output(output).parse().expect("a URL");
        let emulator: url::Url = self.emulator.url().parse().expect("a URL");
        url.set_scheme("http").expect("it was https");
        url.set_port(emulator.port()).expect("it has a host");
        url.to_string()
    }

    /// Knows where function URLs are.
    pub fn http(&self) -> &Client {
        &self.client
    }

    /// Posts to a source.
    pub async fn receives(&self, source: &str, push: &Push) -> Answered {
        push.post(&self.client, &format!("{}{source}", self.url("HookUrl")))
            .await
            .expect("the function answers")
    }

    /// The emulator that it is deployed in.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }
}

/// Where SAM leaves what it built.
fn build_folder() -> PathBuf {
    target_folder().join("sam/build")
}

/// The functions, as `tests/run` builds them: then this finds nothing to do.
fn build() {
    succeeds(Command::new(workspace().join("tests/functions")).env("CARGO_TARGET_DIR", target_folder()));
}

/// How a program ends that has to end well.
fn succeeds(command: &mut Command) -> Output {
    let name = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| panic!("run {name}: {error}"));
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{name} fails:\n{}\n{}", said[0], said[1]);
    output
}
