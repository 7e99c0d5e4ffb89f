//! What an operator is told, and does: `bellhop tail`, `bellhop dlq`, `bellhop doctor`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::App;
use app::backlog::{Backlog, Depth, PORTION_MAX};
use app::clock::{Chance, Timestamp};
use app::faults::{self, Fault, Handover, Known, Step};
use app::ids::{EventId, Stamp};
use app::queue::{Delivery, Queue, QueueName, Task};
use aws::{SqsBacklog, SqsQueue};
use config::{HookId, ProjectId, SourceId, TargetId};
use end_to_end::{Bellhop, HttpReceiver, IrkerSink, Operator, Project, asked_for, say};
use payload::Identity;

use crate::account::{Account, Queues, fresh};
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
async fn what_sqs_set_aside_is_listed_shown_and_brought_back_in_order() {
    let Some(house) = House::new("dead letters of SQS").await else { return };
    house.sqs_gave_up().await;
    let operator = house.operator();

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
    for (queue, ready) in [(QueueName::Http, 2), (QueueName::HttpOrdered, 3)] {
        assert_eq!(
            house.backlog.depth(queue).await.expect("SQS answers"),
            Depth { ready, ..Depth::default() }
        );
    }
    assert_eq!(house.bodies(QueueName::HttpOrdered).await, in_order());
}

#[tokio::test]
async fn what_the_table_keeps_is_listed_shown_and_brought_back_in_order() {
    let Some(house) = House::new("tasks that were set aside").await else { return };
    house.sqs_gave_up().await;
    house.had_too_many_faults(QueueName::HttpOrdered, &in_order()).await;
    let operator = house.operator();

    let listed = operator.hears(&["dlq", "ls", "--queue", "http-ordered"]);
    assert_eq!(listed.lines().count(), 6, "{listed}");
    assert_eq!(listed.matches("5 tries  the handler panicked").count(), 3, "{listed}");
    let shown = operator.hears(&["dlq", "show", "item-1"]);
    assert!(shown.contains("\"task\": \"relay_http_in_order_v1\""), "{shown}");
    let depth = house.backlog.depth(QueueName::HttpOrdered).await.expect("SQS answers");
    assert_eq!(depth, Depth { dead: 6, ..Depth::default() });

    let said = operator.hears(&["dlq", "redrive", "--queue", "http-ordered", "--rate", "100"]);
    assert_eq!(said, "http-ordered: 6 sent again\n");
    let bodies = house.bodies(QueueName::HttpOrdered).await;
    assert_eq!(bodies, [in_order(), in_order()].concat());
}

#[tokio::test]
async fn a_redrive_that_was_interrupted_sends_nothing_twice_in_an_ordered_queue() {
    let Some(house) = House::new("an interrupted redrive").await else { return };
    house.sqs_gave_up().await;
    let letters = house.backlog.dead_letters(QueueName::HttpOrdered, 10).await.expect("SQS answers");
    let first = letters.iter().find(|dead| dead.body == in_order()[0]).expect("the first is among them");
    // As far as the interrupted one came: it has sent, and not removed.
    let sending = house.account.sqs().send_message().queue_url(&house.queues.urls[&QueueName::HttpOrdered]);
    let sending = sending.message_group_id(GROUP).message_deduplication_id(format!("redrive-{}", first.id));
    sending.message_body(&first.body).send().await.expect("SQS takes it");

    house.operator().hears(&["dlq", "redrive", "--queue", "http-ordered", "--rate", "100"]);

    assert_eq!(house.bodies(QueueName::HttpOrdered).await, in_order());
}

/// Of two hundred, or of more, if `BELLHOP_DEAD_LETTERS` says so; whoever does it is killed, and begins again.
#[tokio::test]
async fn many_come_back_at_a_rate_and_none_is_lost_or_comes_twice_if_it_is_killed_meanwhile() {
    let many = asked_for("BELLHOP_DEAD_LETTERS").unwrap_or(0).max(200);
    let Some(house) = House::new("a redrive of many").await else { return };
    let bodies: Vec<_> = (0..many).map(|n| format!("{{\"n\": {n}}}")).collect();
    let queue = QueueName::HttpOrdered;
    house.had_too_many_faults(queue, &bodies).await;
    let redrive = |rate| ["dlq", "redrive", "--queue", "http-ordered", "--rate", rate];

    let sent = async || house.backlog.depth(queue).await.expect("SQS answers").ready;
    house.operator().is_killed_at(&redrive("20"), async || sent().await >= 20).await;
    let before = sent().await;
    assert!((20..many as u64).contains(&before), "{before}");
    let (began, rest) = (Instant::now(), many as u64 - before);
    let said = house.operator().hears(&redrive("50"));
    let took = began.elapsed();
    say(&format!("redrive: {rest} tasks at 50 a second took {:.1} s", took.as_secs_f64()));

    // The last portion is not waited after; one may have been sent and not removed.
    assert!(took >= Duration::from_millis((rest - PORTION_MAX as u64) * 20), "it kept the rate");
    let said_again = [rest, rest + 1].map(|count| format!("http-ordered: {count} sent again\n"));
    assert!(said_again.contains(&said), "{said} and {rest}");
    let mut seen = Vec::new();
    while seen.len() < many {
        seen.extend(house.bodies(queue).await);
    }
    assert_eq!(seen, bodies);
    assert_eq!(sent().await, 0);
}

/// The group of what an ordered hook gets.
const GROUP: &str = "1-hook-2";

/// Queues, a table, and what an operator asks of both.
struct House {
    account: Account,
    queues: Queues,
    app: Arc<App>,
    table: String,
    backlog: SqsBacklog,
}

impl House {
    async fn new(test: &str) -> Option<Self> {
        let account = Account::open(test).await?;
        let (queues, table) = (account.queues(|_| HANDOVERS_MAX).await, fresh("table"));
        let app = account.app(&table).await;
        let backlog = SqsBacklog::new(account.sqs(), queues.urls.clone(), Arc::clone(&app));
        Some(Self { account, queues, app, table, backlog })
    }

    /// Two dead letters without order, and three with.
    async fn sqs_gave_up(&self) {
        let dead = SqsQueue::new(self.account.sqs(), self.queues.dead_letter_urls.clone());
        let http = [delivery(1, 1), delivery(2, 1)].map(|delivery| Task::RelayHttpV1 { delivery });
        dead.send(http.into_iter().chain(ordered()).collect()).await.expect("SQS takes them");
    }

    /// These were set aside, in this order.
    async fn had_too_many_faults(&self, queue: QueueName, bodies: &[String]) {
        for (n, body) in bodies.iter().enumerate() {
            let (id, place) = (format!("item-{n}"), format!("{n:020}"));
            let handover = Handover { queue, id: &id, group: Some(GROUP), body, place: &place };
            let mut known = Known::default();
            while let Step::On(counted) =
                faults::count(&self.app, handover, (known, Fault::Panicked)).await.expect("it is counted")
            {
                known = counted;
            }
        }
    }

    /// Somebody who knows where all of it is.
    fn operator(&self) -> Operator {
        let mut environment = self.queues.environment.clone();
        environment.push(("BELLHOP_SEALING_KEY", SEALING_KEY.to_owned()));
        let variables = [
            (QueueName::Irker, "BELLHOP_IRKER_QUEUE_URL"),
            (QueueName::Http, "BELLHOP_HTTP_QUEUE_URL"),
            (QueueName::HttpOrdered, "BELLHOP_HTTP_ORDERED_QUEUE_URL"),
        ];
        environment.extend(variables.map(|(queue, variable)| (variable, self.queues.urls[&queue].clone())));
        Operator::on_table(&self.table, &environment)
    }

    /// What can be taken from a queue now, and is removed.
    async fn bodies(&self, queue: QueueName) -> Vec<String> {
        let (sqs, url) = (self.account.sqs(), &self.queues.urls[&queue]);
        let taking = sqs.receive_message().queue_url(url).max_number_of_messages(10);
        let taken = taking.send().await.expect("SQS answers").messages.unwrap_or_default();
        for message in &taken {
            let removal = sqs.delete_message().queue_url(url);
            removal.set_receipt_handle(message.receipt_handle.clone()).send().await.expect("SQS answers");
        }
        taken.into_iter().filter_map(|message| message.body).collect()
    }
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
