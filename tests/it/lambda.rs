//! Bellhop on Lambda: the binaries that are deployed, on an emulator of SQS and DynamoDB. The same push, and the same
//! bytes at the end as in `one_machine`.
//!
//! Not here: Lambda's own polling of a queue. A loop stands in for it that honours partial batch responses.

use std::sync::Arc;
use std::time::Duration;

use end_to_end::{
    Answered, Emulator, HttpReceiver, IrcNetwork, IrkerSink, LambdaWatch, PATIENCE, Project, Push,
    apply_to_table, eventually, on_table,
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::one_machine::{LINES_OF_2014, assert_posted_on};
use crate::words::{farewell, said_of};

pub(crate) const TABLE: &str = "bellhop";

/// What secrets in the table are sealed with.
pub(crate) const SEALING_KEY: &str = "0123456789abcdef0123456789abcdef";

/// How long SQS hides what was taken and not put off any further: seconds here, minutes in `template.yaml`.
const HIDDEN_SECONDS: &str = "2";

#[tokio::test]
async fn a_push_goes_through_the_three_functions_to_the_channel_and_to_the_target() {
    const TEST: &str = "a push through the Lambda functions to the channel";
    let Some(network) = IrcNetwork::start(TEST).await else { return };
    let channel = network.join("#diaspora").await;
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora").to_http(&builder);
    let Some(bellhop) = OnLambda::start(TEST, &project).await else { return };
    let push = Push::fixture("gitlab-2014/push").with_token(Project::SECRET);

    let answered = bellhop.receives("diaspora", &push).await;

    assert_eq!(answered.status, 202, "{}", answered.body);
    assert_eq!(answered.body["deliveries"], 2);
    assert_eq!(channel.hears_lines(3).await, LINES_OF_2014);
    assert_posted_on(&builder.receives().await, &push);
    bellhop.has_counted(r#"{"came_in":1,"#).await;
}

// A command holds a thread, and the peers that it speaks to must go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_turn_strangers_away_relay_repeats_once_and_try_again() {
    const TEST: &str = "strangers, repeats and retries on Lambda";
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_http(&builder);
    let Some(bellhop) = OnLambda::start(TEST, &project).await else { return };
    let push = farewell("one").with_id("the-same-each-time");
    builder.answers_next(500);

    let stranger = Push::fixture("gitlab-2014/push").with_token("guessed-by-a-stranger");
    assert_eq!(bellhop.receives("diaspora", &stranger).await.status, 401);
    assert_eq!(bellhop.receives("nobody", &push).await.status, 404);
    assert_eq!(bellhop.receives("diaspora", &push).await.body["status"], "accepted");
    assert_eq!(bellhop.receives("diaspora", &push).await.body["status"], "repeated");
    assert_eq!(bellhop.receives("diaspora", &farewell("two")).await.status, 202);

    assert_eq!([irkerd.hears().await, irkerd.hears().await], ["one", "two"].map(said_of));
    let received = [builder.receives().await, builder.receives().await, builder.receives().await];
    let mut attempts: Vec<_> = received.iter().map(|received| received.header("webhook-attempt")).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [Some("1"), Some("1"), Some("2")]);
    assert_eq!(received[2].header("webhook-attempt"), Some("2"), "the second attempt waits");
    let first = received.iter().find(|first| first.body == received[2].body).expect("it had a first attempt");
    assert_eq!(first.header("webhook-id"), received[2].header("webhook-id"));
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());
    bellhop.says("test", &["diaspora/diaspora"], "handed over to irkerd").await;
    for secret in [Project::SECRET, Project::TARGET_TOKEN, SEALING_KEY] {
        assert!(!bellhop.lambda.log().contains(secret), "{secret} is in a log");
    }
}

// A command holds a thread, and the peers that it speaks to must go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_target_missed_is_parked_and_comes_back_on_request() {
    const TEST: &str = "parking, the log and replay on Lambda";
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").to_http(&builder);
    let Some(bellhop) = OnLambda::start(TEST, &project).await else { return };
    builder.answers_next(410);

    let accepted = bellhop.receives("diaspora", &farewell("one")).await;
    let event = accepted.body["event"].as_str().expect("it has an id").to_owned();
    let refused = builder.receives().await;
    bellhop.says("targets", &["diaspora/diaspora"], "1 parked").await;
    assert_eq!(bellhop.receives("diaspora", &farewell("two")).await.status, 202);
    bellhop.says("targets", &["diaspora/diaspora"], "2 parked").await;
    bellhop.says("log", &["diaspora/diaspora", "--failed"], "attempt 1  refused with status 410").await;
    assert_eq!(builder.received_so_far().len(), 0, "it is left alone");

    bellhop.says("enable", &["diaspora/diaspora", "1"], "executable").await;
    bellhop.lambda.invoke("sweep", &json!({})).await;
    assert_eq!(builder.received_so_far().len(), 0, "nothing comes unasked");
    let replay = ["diaspora/diaspora", "--state", "parked", "--since", "1h"];
    bellhop.says("replay", &replay, "2 deliveries queued again").await;

    let again = [builder.receives().await, builder.receives().await];
    let first = again.iter().find(|again| again.body == refused.body).expect("the first is among them");
    assert_eq!(first.header("webhook-id"), refused.header("webhook-id"));
    assert_eq!(first.header("webhook-attempt"), Some("2"));
    bellhop.says("targets", &["diaspora/diaspora"], "0 parked").await;

    bellhop.says("resend", &[&event], "queued again").await;
    assert_eq!(builder.receives().await.header("webhook-attempt"), Some("3"));
    let test = ["diaspora/diaspora", "--hook", "1", "--allow-egress", "127.0.0.1"];
    bellhop.says("test", &test, "push_events: delivered").await;
    assert!(builder.receives().await.header("webhook-id").is_some());
}

/// The functions with all that `template.yaml` gives them.
struct OnLambda {
    emulator: Arc<Emulator>,
    environment: Vec<(&'static str, String)>,
    lambda: Arc<LambdaWatch>,
    client: reqwest::Client,
    triggers: [JoinHandle<()>; 3],
}

impl OnLambda {
    async fn start(test: &str, project: &Project) -> Option<Self> {
        let emulator = Arc::new(Emulator::start(test).await?);
        let mut lambda = LambdaWatch::start(test).await?;
        emulator.create_table(TABLE).await;
        let hidden = json!({"VisibilityTimeout": HIDDEN_SECONDS});
        let fifo = json!({"VisibilityTimeout": HIDDEN_SECONDS, "FifoQueue": "true"});
        let irker_queue = emulator.create_queue("irker.fifo", fifo.clone()).await;
        let http_queue = emulator.create_queue("http", hidden.clone()).await;
        let ordered_queue = emulator.create_queue("http-ordered.fifo", fifo).await;
        let runs_queue = emulator.create_queue("runs", hidden).await;
        let mut environment = emulator.environment();
        environment.extend([
            ("BELLHOP_TABLE", TABLE.to_owned()),
            ("BELLHOP_SEALING_KEY", SEALING_KEY.to_owned()),
            ("BELLHOP_ALLOW_EGRESS", "127.0.0.1".to_owned()),
            ("BELLHOP_IRKER_QUEUE_URL", irker_queue.clone()),
            ("BELLHOP_HTTP_QUEUE_URL", http_queue.clone()),
            ("BELLHOP_HTTP_ORDERED_QUEUE_URL", ordered_queue.clone()),
            ("BELLHOP_RUNS_QUEUE_URL", runs_queue),
        ]);
        apply_to_table(project, TABLE, &environment);
        for function in ["receive-hook", "relay-irker", "relay-http", "sweep"] {
            lambda.add(function, &environment);
        }
        let lambda = Arc::new(lambda);
        let trigger = |queue: String, function| {
            tokio::spawn(trigger(Arc::clone(&emulator), queue, Arc::clone(&lambda), function))
        };
        let triggers = [
            trigger(irker_queue, "relay-irker"),
            trigger(http_queue, "relay-http"),
            trigger(ordered_queue, "relay-http"),
        ];
        Some(Self { emulator, environment, lambda, client: reqwest::Client::new(), triggers })
    }

    /// Some function has written down that it has counted so much, which each does when nobody waits for it any more.
    async fn has_counted(&self, counts: &str) {
        let order = json!({
            "TableName": TABLE,
            "KeyConditionExpression": "pk = :house",
            "ExpressionAttributeValues": {":house": {"S": "flow#house"}},
        });
        let is_written = async || {
            let rows = self.emulator.call("DynamoDB_20120810.Query", &order).await;
            let rows = rows["Items"].as_array().cloned().unwrap_or_default();
            rows.iter().any(|row| row["document"]["S"].as_str().is_some_and(|row| row.starts_with(counts)))
        };
        let writing = async {
            while !is_written().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, writing).await.unwrap_or_else(|_| panic!("nobody has counted {counts}"));
    }

    /// What an operator's command says in the end.
    async fn says(&self, command: &str, arguments: &[&str], expected: &str) {
        eventually(&format!("bellhop {command} says {expected}"), || {
            on_table((command, arguments), TABLE, &self.environment).contains(expected).then_some(())
        })
        .await;
    }

    async fn receives(&self, source: &str, push: &Push) -> Answered {
        let url = format!("{}/hooks/{source}", self.lambda.url("receive-hook"));
        push.post(&self.client, &url).await.expect("Lambda answers")
    }
}

impl Drop for OnLambda {
    fn drop(&mut self) {
        for trigger in &self.triggers {
            trigger.abort();
        }
    }
}

/// What Lambda's event source mapping does: takes batches from a queue, invokes a function with them, and removes
/// what the function does not want to see again.
async fn trigger(emulator: Arc<Emulator>, queue: String, lambda: Arc<LambdaWatch>, function: &'static str) {
    loop {
        let taken = emulator.take(&queue).await;
        if taken.is_empty() {
            continue;
        }
        let event = json!({"Records": taken.iter().map(|item| record(item, &queue)).collect::<Vec<_>>()});
        let answer = lambda.invoke(function, &event).await;
        let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
        for item in taken {
            let failed = failures.iter().any(|failure| failure["itemIdentifier"] == item["MessageId"]);
            if !failed {
                emulator.remove(&queue, &item["ReceiptHandle"]).await;
            }
        }
    }
}

/// An item of a queue as Lambda shows it to a function.
fn record(item: &Value, queue_url: &str) -> Value {
    let name = queue_url.rsplit('/').next().expect("a URL ends in a name");
    json!({
        "messageId": item["MessageId"],
        "receiptHandle": item["ReceiptHandle"],
        "body": item["Body"],
        "attributes": item["Attributes"],
        "messageAttributes": {},
        "md5OfBody": item["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-west-1:000000000000:{name}"),
        "awsRegion": "eu-west-1",
    })
}
