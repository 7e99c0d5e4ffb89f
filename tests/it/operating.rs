//! What an operator is told, and does: `bellhop tail`, `bellhop dlq`, `bellhop doctor`.

use app::backlog::{Backlog, Depth};
use app::clock::{Chance, Timestamp};
use app::ids::{EventId, Stamp};
use app::queue::{Delivery, Queue, QueueName, Task};
use aws::{SqsBacklog, SqsQueue};
use config::{HookId, ProjectId, SourceId, TargetId};
use end_to_end::{Bellhop, HttpReceiver, IrkerSink, Operator, Project};
use payload::Identity;

use crate::account::{Account, Queues};
use crate::lambda::SEALING_KEY;
use crate::words::farewell;

/// No test of this file makes SQS set anything aside by itself.
const HANDOVERS_MAX: u32 = 100;

#[tokio::test]
async fn deliveries_are_followed_as_they_are_made() {
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    builder.answers_next(404);
    for words in ["one", "two"] {
        assert_eq!(bellhop.receives("diaspora", &farewell(words)).await.status, 202);
        builder.receives().await;
    }

    let all = ["1-hook-1", "attempt 1  refused with status 404", "attempt 1  delivered"];
    let said = bellhop.operator().watches(&["tail", "--since", "1h"], &all).await;
    assert_eq!(said.lines().count(), 2, "{said}");
    let json = ["\"outcome\":\"delivered\"", "\"target\":\"1-hook-1\""];
    bellhop.operator().watches(&["tail", "diaspora/diaspora", "--since", "1h", "--json"], &json).await;
    let refused = bellhop.operator().is_refused(&["tail", "nobody/nothing"]);
    assert!(refused.contains("there is no project nobody/nothing"), "{refused}");
}

// The doctor holds a thread, and the peers that it looks at must go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_http(&builder);
    let mut bellhop = Bellhop::start(&[&project]).await;
    let url = bellhop.url().to_owned();

    let said = bellhop.operator().hears(&["doctor", "--allow-egress", "127.0.0.1", "--public-url", &url]);
    for expected in [
        "ok  server: it runs on this store",
        "ok  store: it can be read and written",
        "ok  projects: 1, and the key opens their secrets",
        "ok  http queue: 0 ready, 0 later, 0 under way, 0 set aside",
        &format!("ok  irkerd 127.0.0.1:{} of diaspora/diaspora: it takes connections", irkerd.port()),
        "of diaspora/diaspora hook 1: it is known, and may be connected to",
        "ok  targets: none is left alone, and nothing is parked",
        &format!(" ?  public URL {url}: Bellhop answers, in clear"),
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());

    bellhop.kill();
    let output = bellhop.operator().runs(&["doctor", "--public-url", &url]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    for expected in [
        "BAD server: none runs on this store\n      start it: ",
        "if it is meant: --allow-egress",
        &format!("BAD public URL {url}: "),
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
}

#[test]
fn on_one_machine_nothing_is_set_aside_at_first() {
    let operator = Operator::on_one_machine();
    assert_eq!(operator.hears(&["dlq", "ls"]), "Nothing is set aside.\n");
    assert_eq!(operator.hears(&["dlq", "redrive", "--queue", "http"]), "http: nothing is set aside\n");
    let refused = operator.is_refused(&["dlq", "show", "nobody"]);
    assert!(refused.contains("nothing of this id is set aside"), "{refused}");
}

#[tokio::test]
async fn dead_letters_of_sqs_are_listed_shown_and_brought_back_in_order() {
    let Some((account, queues)) = set_aside("dead letters of SQS").await else { return };
    let operator = operator(&queues);

    let listed = operator.hears(&["dlq", "ls"]);
    assert_eq!(listed.lines().count(), 5, "{listed}");
    assert!(listed.contains("relay_http_v1 to 1-hook-1"), "{listed}");
    let again = operator.hears(&["dlq", "ls", "--queue", "http", "--json"]);
    let first: serde_json::Value =
        serde_json::from_str(again.lines().next().expect("two of them")).expect("one JSON object a line");
    let shown = operator.hears(&["dlq", "show", first["id"].as_str().expect("it has an id")]);
    assert!(shown.contains("\"task\": \"relay_http_v1\""), "{shown}");

    let said = operator.hears(&["dlq", "redrive", "--rate", "100"]);
    assert!(said.contains("http: 2 sent again") && said.contains("http-ordered: 3 sent again"), "{said}");
    assert_eq!(operator.hears(&["dlq", "ls"]), "Nothing is set aside.\n");
    let backlog = SqsBacklog::new(account.sqs(), queues.urls.clone());
    for (queue, ready) in [(QueueName::Http, 2), (QueueName::HttpOrdered, 3)] {
        assert_eq!(backlog.depth(queue).await.expect("SQS answers"), Depth { ready, ..Depth::default() });
    }
    assert_eq!(bodies(&account, &queues, QueueName::HttpOrdered).await, in_order());
}

#[tokio::test]
async fn a_redrive_that_was_interrupted_sends_nothing_twice_in_an_ordered_queue() {
    let Some((account, queues)) = set_aside("an interrupted redrive").await else { return };
    let operator = operator(&queues);
    let dead = SqsBacklog::new(account.sqs(), queues.urls.clone());
    let letters = dead.dead_letters(QueueName::HttpOrdered, 10).await.expect("SQS answers");
    let first = letters.iter().find(|dead| dead.body == in_order()[0]).expect("the first is among them");
    // As far as the interrupted one came: it has sent, and not removed.
    let group = "1-hook-2";
    let sending = account.sqs().send_message().queue_url(&queues.urls[&QueueName::HttpOrdered]);
    let sending = sending.message_group_id(group).message_deduplication_id(format!("redrive-{}", first.id));
    sending.message_body(&first.body).send().await.expect("SQS takes it");

    operator.hears(&["dlq", "redrive", "--queue", "http-ordered", "--rate", "100"]);

    assert_eq!(bodies(&account, &queues, QueueName::HttpOrdered).await, in_order());
}

/// Queues with two dead letters without and three with order.
async fn set_aside(test: &str) -> Option<(Account, Queues)> {
    let account = Account::open(test).await?;
    let queues = account.queues(|_| HANDOVERS_MAX).await;
    let dead = SqsQueue::new(account.sqs(), queues.dead_letter_urls.clone());
    let http = [delivery(1, 1), delivery(2, 1)].map(|delivery| Task::RelayHttpV1 { delivery });
    dead.send(http.into_iter().chain(ordered()).collect()).await.expect("SQS takes them");
    Some((account, queues))
}

fn ordered() -> [Task; 3] {
    [1, 2, 3].map(|n| Task::RelayHttpInOrderV1 { delivery: delivery(n, 2) })
}

fn in_order() -> Vec<String> {
    ordered().iter().map(|task| serde_json::to_string(task).expect("a task serialises")).collect()
}

fn delivery(n: u64, hook: u64) -> Delivery {
    let source: SourceId = "test".parse().expect("an id");
    Delivery {
        event: EventId::of(&source, Identity::Delivery(&n.to_string()), Timestamp(0)),
        stamp: Stamp::new(&Chance::seeded(n)),
        project: ProjectId(1),
        target: TargetId::Hook(ProjectId(1), HookId(hook)),
        queued_at: Timestamp(0),
    }
}

/// Somebody who knows where these queues are. No table is asked for anything.
fn operator(queues: &Queues) -> Operator {
    let mut environment = queues.environment.clone();
    environment.push(("BELLHOP_SEALING_KEY", SEALING_KEY.to_owned()));
    let variables = [
        (QueueName::Irker, "BELLHOP_IRKER_QUEUE_URL"),
        (QueueName::Http, "BELLHOP_HTTP_QUEUE_URL"),
        (QueueName::HttpOrdered, "BELLHOP_HTTP_ORDERED_QUEUE_URL"),
    ];
    environment.extend(variables.map(|(queue, variable)| (variable, queues.urls[&queue].clone())));
    Operator::on_table("none", &environment)
}

/// All that can be taken from a queue now.
async fn bodies(account: &Account, queues: &Queues, queue: QueueName) -> Vec<String> {
    let taking = account.sqs().receive_message().queue_url(&queues.urls[&queue]).max_number_of_messages(10);
    let taken = taking.send().await.expect("SQS answers").messages.unwrap_or_default();
    taken.into_iter().filter_map(|message| message.body).collect()
}
