//! Bellhop deployed for real, as far as that goes without an account: `template.yaml` built and deployed by SAM into an
//! emulator that has its own event source mappings, function URLs and stacks, and runs the binaries that SAM built.
//!
//! One test, since a deployment takes its time: one stack, and dialogues with it, one after the other.
//!
//! Not here: what the functions do in every case (`lambda`, `on_aws`), and what the emulator does not look at: rights,
//! networks, and alarms.

use std::time::{Duration, Instant};

use end_to_end::{
    HttpReceiver, IrkerSink, Manners, Operator, PATIENCE, Project, Push, Stack, apply_to_table, on_table,
};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::one_machine::assert_posted_on;
use crate::words::{farewell, said_of};

const TEST: &str = "the stack in an emulator of AWS";
const CHAT_TOKEN: &str = "gr8tok3n";

/// A stack, its operator, and the peers of its one project.
struct House {
    stack: Stack,
    irkerd: IrkerSink,
    builder: HttpReceiver,
    chat: HttpReceiver,
    environment: Vec<(&'static str, String)>,
}

// A command holds a thread, and the peers that the functions speak to must go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_stack_does_what_its_template_promises() {
    let Some(mut house) = House::new().await else { return };
    house.a_push_goes_through_url_queues_and_mappings_to_irc_and_to_the_target().await;
    house.the_stacks_first_token_opens_api_and_console().await;
    house.what_is_typed_in_a_chat_is_answered_at_once_and_again_when_it_has_ended().await;
    house.one_of_a_batch_that_fails_comes_again_alone().await;
    house.poison_is_set_aside_after_five_faults_and_comes_back_when_it_is_asked_for().await;
    house.a_receiver_that_is_killed_has_accepted_nothing_and_the_forge_tries_again().await;
    house.a_relay_that_is_killed_over_a_batch_loses_nothing_of_it().await;
    house.a_relay_that_is_timed_out_loses_nothing_and_keeps_the_order().await;
    house.an_update_loses_nothing_that_waits().await;
    house.nothing_secret_is_in_a_log().await;
    house.what_is_deleted_leaves_the_table_and_the_key().await;
}

impl House {
    async fn new() -> Option<Self> {
        let stack = Stack::deploy(TEST).await?;
        let (irkerd, builder, chat) =
            (IrkerSink::start().await, HttpReceiver::start().await, HttpReceiver::start().await);
        let environment = stack.environment().await;
        let house = Self { stack, irkerd, builder, chat, environment };
        apply_to_table(&house.project(), house.stack.output("TableName"), &house.environment);
        Some(house)
    }

    fn project(&self) -> Project {
        let origin = self.chat.url().trim_end_matches("/hook");
        let commands = format!(
            "\n[project.jobs]\nexecutor = \"codebuild\"\nrepository = \"https://127.0.0.1:9/mike/diaspora.git\"\n\n\
             [[project.command]]\nid = \"ops\"\nplatform = \"mattermost\"\ntokens = [\"{CHAT_TOKEN}\"]\n\
             origin = \"{origin}\"\n\n[[project.command.rule]]\nanyone = true\njobs = [\"*\"]\n"
        );
        let project = Project::named("diaspora/diaspora").on_sink(&self.irkerd, "#diaspora");
        project.to_http(&self.builder).with_setting(&commands)
    }

    /// What an operator's command says.
    fn hears(&self, command: &str, arguments: &[&str]) -> String {
        on_table((command, arguments), self.stack.output("TableName"), &self.environment)
    }

    fn operator(&self) -> Operator {
        Operator::on_table(self.stack.output("TableName"), &self.environment)
    }

    async fn accepts(&self, push: &Push) -> String {
        let answered = self.stack.receives("diaspora", push).await;
        assert_eq!(answered.status, 202, "{}", answered.body);
        answered.body["event"].as_str().expect("it has an id").to_owned()
    }

    /// Waits until the target has had so many requests more, and gives their ids.
    async fn builder_gets(&self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let received = self.builder.receives().await;
            ids.push(received.header("webhook-id").expect("each has one").to_owned());
        }
        ids.sort();
        ids
    }

    /// Waits until a queue holds nothing any more.
    async fn is_empty(&self, queue: &str) {
        let began = Instant::now();
        while self.stack.held(queue).await > 0 {
            assert!(began.elapsed() < PATIENCE, "the {queue} is not empty:\n{}", self.stack.log().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn a_push_goes_through_url_queues_and_mappings_to_irc_and_to_the_target(&self) {
        let push = Push::fixture("gitlab-2014/push").with_token(Project::SECRET);
        let stranger = Push::fixture("gitlab-2014/push").with_token("guessed-by-a-stranger");
        assert_eq!(self.stack.receives("diaspora", &stranger).await.status, 401);
        assert_eq!(self.stack.receives("nobody", &push).await.status, 404);

        let answered = self.stack.receives("diaspora", &push).await;

        assert_eq!(answered.status, 202, "{}", answered.body);
        assert_eq!(answered.body["deliveries"], 2);
        assert_posted_on(&self.builder.receives().await, &push);
        for expected in crate::one_machine::LINES_OF_2014 {
            assert_eq!(self.irkerd.hears().await, expected);
        }
    }

    async fn the_stacks_first_token_opens_api_and_console(&self) {
        let (api, client) = (self.stack.url("ApiUrl"), self.stack.http());
        // By number: the emulator takes the slash of a path for one of its own.
        let hooks = format!("{api}api/v4/projects/1/hooks");
        assert_eq!(client.get(&hooks).send().await.expect("an answer").status(), 401);
        let token = self.stack.secret(self.stack.output("AdminTokenSecret")).await;
        let found = client.get(&hooks).header("PRIVATE-TOKEN", &token).send().await.expect("an answer");
        assert_eq!(found.status(), 200);
        let found: Value = serde_json::from_str(&found.text().await.expect("text")).expect("JSON");
        assert_eq!(found[0]["url"], self.builder.url());
        let page = client.get(&api).send().await.expect("an answer").text().await.expect("a page");
        assert!(page.contains("<html") && page.contains("Sign in"), "{page}");
    }

    async fn what_is_typed_in_a_chat_is_answered_at_once_and_again_when_it_has_ended(&self) {
        let response_url = self.chat.url();
        let body = format!(
            "token={CHAT_TOKEN}&team_id=T1&channel_id=C1&channel_name=ops&user_id=U1&user_name=ann&command=%2Fbellhop\
             &text=run+hello-world&response_url={response_url}&trigger_id=t1"
        );
        let request = self.stack.http().post(format!("{}ops", self.stack.url("CommandUrl"))).body(body);
        let answered = request.header("Authorization", format!("Token {CHAT_TOKEN}")).send().await;
        let answered = answered.expect("the function answers").text().await.expect("text");
        assert!(answered.contains("has been created!"), "{answered}");

        // Nobody is at the repository's address, and a function that cannot ask anybody else says so in the end.
        let post: Value = serde_json::from_slice(&self.chat.receives().await.body).expect("JSON");
        assert!(post.to_string().contains("hello-world"), "{post}");
    }

    async fn one_of_a_batch_that_fails_comes_again_alone(&self) {
        self.stack.hand_over("RelayHttp", false).await;
        let mut expected = Vec::new();
        for n in 0..5 {
            expected.push(format!("{}.1-hook-1", self.accepts(&farewell(&format!("batch-{n}"))).await));
            assert_eq!(self.irkerd.hears().await, said_of(&format!("batch-{n}")));
        }
        expected.sort();
        self.builder.answers_next(503);
        self.stack.hand_over("RelayHttp", true).await;

        let mut ids = self.builder_gets(6).await;
        ids.dedup();
        assert_eq!(ids, expected, "all of them, one of them twice");
        self.is_empty("HttpQueueUrl").await;
        assert_eq!(self.builder.received_so_far().len(), 0);
    }

    async fn poison_is_set_aside_after_five_faults_and_comes_back_when_it_is_asked_for(&self) {
        self.stack.hand_over("RelayHttp", false).await;
        self.stack.put("HttpQueueUrl", ("poison", "no task of ours")).await;
        let mut expected = Vec::new();
        for n in 0..9 {
            expected.push(format!("{}.1-hook-1", self.accepts(&farewell(&format!("neighbour-{n}"))).await));
            assert_eq!(self.irkerd.hears().await, said_of(&format!("neighbour-{n}")));
        }
        expected.sort();
        self.stack.hand_over("RelayHttp", true).await;
        let group = format!("127.0.0.1:{}", self.irkerd.port());
        self.stack.put("IrkerQueueUrl", (&group, "nor is this")).await;
        let event = self.accepts(&farewell("behind-it")).await;
        expected.push(format!("{event}.1-hook-1"));
        expected.sort();

        assert_eq!(self.builder_gets(10).await, expected, "each of them once");
        assert_eq!(self.irkerd.hears().await, said_of("behind-it"), "the group goes on");
        self.is_empty("HttpQueueUrl").await;
        assert_eq!(self.builder.received_so_far().len(), 0);
        let operator = self.operator();
        let listed = operator.hears(&["dlq", "ls", "--json"]);
        let letters: Vec<Value> =
            listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(letters.len(), 2, "{listed}");
        for letter in &letters {
            assert_eq!(
                (&letter["tries"], &letter["reason"]),
                (&json!(5), &json!("the handler answered with a fault"))
            );
        }
        assert!(self.stack.log().await.contains("task.set_aside"));

        let said = operator.hears(&["dlq", "redrive", "--queue", "http"]);
        assert!(said.contains("http: 1 sent again"), "{said}");
        self.is_empty("HttpQueueUrl").await;
        let listed = operator.hears(&["dlq", "ls", "--queue", "http"]);
        assert!(listed.contains("not understood  5 tries"), "it is as bad as before: {listed}");
    }

    async fn a_receiver_that_is_killed_has_accepted_nothing_and_the_forge_tries_again(&self) {
        assert_eq!(self.stack.signal("ReceiveHook", Signal::STOP).await, 1, "one is warm");
        let push = farewell("killed").with_id("killed");
        let (answered, _) = tokio::join!(self.stack.receives("diaspora", &push), async {
            // It has the request, or will never have it: it makes no difference.
            self.stack.signal("ReceiveHook", Signal::KILL).await
        });
        assert!(answered.status >= 500, "{answered:?}");
        assert_eq!(self.stack.receives("diaspora", &push).await.body["status"], "accepted");
        assert_eq!(self.stack.receives("diaspora", &push).await.body["status"], "repeated");
        assert_eq!(self.irkerd.hears().await, said_of("killed"));
        self.builder.receives().await;
    }

    async fn a_relay_that_is_killed_over_a_batch_loses_nothing_of_it(&self) {
        self.stack.hand_over("RelayHttp", false).await;
        let mut expected = Vec::new();
        for n in 0..5 {
            expected.push(format!("{}.1-hook-1", self.accepts(&farewell(&format!("crash-{n}"))).await));
            assert_eq!(self.irkerd.hears().await, said_of(&format!("crash-{n}")));
        }
        expected.sort();
        self.builder.holds_next();
        self.stack.hand_over("RelayHttp", true).await;
        let first = self.builder_gets(5).await;
        assert_eq!(first, expected, "all of them, one of which is not answered");
        assert!(self.stack.signal("RelayHttp", Signal::KILL).await > 0);

        self.is_empty("HttpQueueUrl").await;
        let again = self.builder.received_so_far();
        assert!((1..=5).contains(&again.len()), "{again:?}");
        for received in &again {
            let id = received.header("webhook-id").expect("each has one");
            assert!(expected.iter().any(|expected| expected == id), "{id}");
        }
        self.builder_gets(again.len()).await;
        assert_eq!(self.hears("log", &["diaspora/diaspora", "--failed"]).matches("crash").count(), 0);
        let targets = self.hears("targets", &["diaspora/diaspora"]);
        assert!(targets.contains("0 parked"), "{targets}");
    }

    async fn a_relay_that_is_timed_out_loses_nothing_and_keeps_the_order(&self) {
        // The shortest in which it begins anything.
        self.stack.limit("RelayIrker", 17).await;
        self.irkerd.behave(Manners::Stalling);
        self.accepts(&farewell("slow")).await;
        assert_eq!(self.irkerd.hears().await, said_of("slow"));
        assert!(self.stack.signal("RelayIrker", Signal::STOP).await > 0);
        self.accepts(&farewell("next")).await;
        self.irkerd.behave(Manners::Obliging);

        // Whether the first was said, nobody knows: it is said again.
        assert_eq!(self.irkerd.hears().await, said_of("slow"));
        assert_eq!(self.irkerd.hears().await, said_of("next"));
        self.builder_gets(2).await;
        self.is_empty("IrkerQueueUrl").await;
    }

    async fn an_update_loses_nothing_that_waits(&mut self) {
        self.stack.hand_over("RelayHttp", false).await;
        self.stack.hand_over("RelayIrker", false).await;
        let mut expected = Vec::new();
        for n in 0..5 {
            expected.push(format!("{}.1-hook-1", self.accepts(&farewell(&format!("waits-{n}"))).await));
        }
        expected.sort();

        self.stack.update(&["AttemptLogDays=3"]).await;
        self.stack.hand_over("RelayHttp", true).await;
        self.stack.hand_over("RelayIrker", true).await;

        assert_eq!(self.builder_gets(5).await, expected);
        for n in 0..5 {
            assert_eq!(self.irkerd.hears().await, said_of(&format!("waits-{n}")));
        }
        self.accepts(&farewell("after")).await;
        assert_eq!(self.irkerd.hears().await, said_of("after"));
        self.builder.receives().await;
    }

    async fn nothing_secret_is_in_a_log(&self) {
        let log = self.stack.log().await;
        assert!(log.contains("delivery.attempted"), "{log}");
        let token = self.stack.secret(self.stack.output("AdminTokenSecret")).await;
        let key = self.stack.sealing_key().await;
        for secret in [Project::SECRET, Project::TARGET_TOKEN, CHAT_TOKEN, &token, &key] {
            assert!(!log.contains(secret), "{secret} is in a log");
        }
    }

    async fn what_is_deleted_leaves_the_table_and_the_key(&self) {
        self.stack.delete();
        let emulator = self.stack.emulator();
        let tables = emulator.call("DynamoDB_20120810.ListTables", &json!({})).await;
        assert_eq!(tables["TableNames"], json!([self.stack.output("TableName")]));
        assert_eq!(self.stack.sealing_key().await.len(), 64);
        let queues = emulator.call("AmazonSQS.ListQueues", &json!({})).await;
        assert!(queues["QueueUrls"].as_array().is_none_or(Vec::is_empty), "{queues}");
        let secrets = emulator.call("secretsmanager.ListSecrets", &json!({})).await;
        assert_eq!(
            secrets["SecretList"].as_array().map(Vec::len),
            Some(1),
            "the API's token opens nothing any more"
        );
    }
}
