//! A Bellhop with its doors for slash commands open, people who type in Slack and in Mattermost, and a Mattermost that
//! takes posts. Runs are begun and ended by the tests themselves, in an executor's place.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::chat::{self, Finished};
use app::clock::{Chance, Clock, Timestamp};
use app::egress::{Guard, Names};
use app::executor::{Ending, Handle, Started};
use app::http_target::Outbound;
use app::ids::RunId;
use app::projects::{self, Expected};
use app::queue::{Answer, Queue, QueueName, Task};
use app::runs::{self, How, Run, Step};
use app::seal::Sealer;
use app::table::{Condition, Item, Key};
use app::{Addresses, App, doors, sweep};
use axum::Router;
use axum::serve::Listener;
use chatops::grammar;
use config::commands::{Chat, CommandIntegration, MattermostSlashCommands, SlackSlashCommands};
use config::{GitLab, Project};
use payload::{Secret, hub_signature};
use relay::egress::Policy;
use serde_json::Value;
use tokio::net::TcpListener;

use super::chat_peers::{Desk, Post, SLACKS_CERTIFICATE, Tls};
use super::house::House;
use super::world::project;

/// The moment of Slack's own example of a signed request.
pub(crate) const NOW_S: i64 = 1_531_420_618;
/// Slack's own example of a signing secret.
pub(crate) const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub(crate) const MATTERMOST_TOKEN: &str = "gr8tok3n";
pub(crate) const BOT_TOKEN: &str = "b0tt0ken";

/// What is answered to a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answered {
    /// The JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// What chat shows, behind who sees it.
    pub(crate) fn shown(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        shown(&self.json())
    }
}

pub(crate) fn shown(payload: &Value) -> String {
    let to = payload["response_type"].as_str().unwrap_or("nobody");
    let text = payload["text"].as_str().map(str::to_owned);
    let fields = || {
        let attachment = &payload["attachments"][0];
        let field = |field: &Value| {
            format!("{}: {}", field["title"].as_str().unwrap(), field["value"].as_str().unwrap())
        };
        let fields: Vec<_> = attachment["fields"].as_array().unwrap().iter().map(field).collect();
        format!("{}\n{}", attachment["text"].as_str().unwrap(), fields.join("\n"))
    };
    format!("[{to}] {}", text.unwrap_or_else(fields))
}

pub(crate) struct ChatWorld {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Clock,
    pub(crate) queue: Arc<dyn Queue>,
    house: House,
    outbound: Outbound,
    url: String,
    client: reqwest::Client,
    mattermost: Desk,
    slack: Desk,
    origin: String,
    requests: AtomicUsize,
    /// The runs and cancellations that an executor was asked for.
    pub(crate) orders: Mutex<Vec<String>>,
}

impl ChatWorld {
    /// The project `g/p` with the commands `slack` and `mattermost` and these rules, in TOML. `None` if there is no house.
    pub(crate) async fn new(rules: &str) -> Option<Self> {
        Self::with(rules, |project| project).await
    }

    /// The same, with bots in both chats.
    pub(crate) async fn with_bot(rules: &str) -> Option<Self> {
        Self::with(rules, |mut project| {
            for command in &mut project.commands {
                let bot_token = match &mut command.chat {
                    Chat::SlackSlashCommands(slack) => &mut slack.bot_token,
                    Chat::MattermostSlashCommands(mattermost) => &mut mattermost.bot_token,
                };
                *bot_token = Some(Secret::new(BOT_TOKEN));
            }
            project
        })
        .await
    }

    /// The same, on a GitLab.
    pub(crate) async fn on(gitlab: GitLab, rules: &str) -> Option<Self> {
        Self::with(rules, |project| Project { gitlab: Some(gitlab), ..project }).await
    }

    pub(crate) async fn with(rules: &str, change: impl FnOnce(Project) -> Project) -> Option<Self> {
        let clock = Clock::manual(Timestamp(NOW_S * 1_000));
        let house = House::new(&clock).await?;
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
        let console = Some("https://bellhop.example.net".parse().unwrap());
        let app = App::with(house.table(), sealer, clock.clone(), Chance::seeded(1))
            .found_at(Addresses { console, ..Addresses::default() });
        let (app, queue) = (Arc::new(app), house.queue());
        let (mattermost, slack) = (Desk::default(), Desk::default());
        let tls = Tls::bind().await;
        let hosts = ["hooks.slack.com", "slack.com"].map(|host| (host.to_owned(), tls.local_addr().unwrap()));
        let guard =
            Guard::with(Policy::parse("127.0.0.1", "").unwrap(), Names::StandIns(Arc::new(hosts.into())));
        let outbound = Outbound::trusting(guard, &[SLACKS_CERTIFICATE]).unwrap();
        let router = slack.router();
        tokio::spawn(async move { axum::serve(tls, router).await.unwrap() });
        let origin = serve(mattermost.router()).await;
        let project = change(chat_project(rules, &origin));
        projects::save(&app, project, Expected::Any).await.unwrap();
        clock.advance(Duration::from_secs(6));
        let router = doors::commands::router(Arc::clone(&app), Arc::clone(&queue), outbound.clone());
        let url = serve(router).await;
        Some(Self {
            app,
            clock,
            queue,
            house,
            outbound,
            url,
            client: reqwest::Client::new(),
            mattermost,
            slack,
            origin,
            requests: AtomicUsize::new(1),
            orders: Mutex::default(),
        })
    }

    /// A user types something in Slack.
    pub(crate) async fn slack(&self, user: &str, text: &str) -> Answered {
        let body = self.form(user, text, "https://hooks.slack.com/commands/T1/1/x");
        self.slack_body(&body).await
    }

    /// A body comes from Slack, signed.
    pub(crate) async fn slack_body(&self, body: &str) -> Answered {
        let timestamp = self.clock.now().seconds().to_string();
        let headers =
            [("x-slack-signature", &*signature(&timestamp, body)), ("x-slack-request-timestamp", &timestamp)];
        self.post("/commands/slack", &headers, body).await
    }

    /// A user types something in Mattermost.
    pub(crate) async fn mattermost(&self, user: &str, text: &str) -> Answered {
        let body = self.mattermost_form(user, text);
        self.post("/commands/mattermost", &[("authorization", &format!("Token {MATTERMOST_TOKEN}"))], &body)
            .await
    }

    /// What Mattermost sends then.
    pub(crate) fn mattermost_form(&self, user: &str, text: &str) -> String {
        let response_url = format!("{}/hooks/commands/x", self.origin);
        format!("token={MATTERMOST_TOKEN}&{}", self.form(user, text, &response_url))
    }

    /// What a chat sends, each time under another id.
    pub(crate) fn form(&self, user: &str, text: &str, response_url: &str) -> String {
        let id = format!("trigger{}", self.requests.fetch_add(1, Ordering::SeqCst));
        let fields = [
            ("team_id", "T1"),
            ("channel_id", "C1"),
            ("channel_name", "ops"),
            ("user_id", user),
            ("user_name", &user.to_lowercase()),
            ("command", "/bellhop"),
            ("text", text),
            ("response_url", response_url),
            ("trigger_id", &id),
        ];
        let encoded =
            |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        fields.map(|(name, value)| format!("{name}={}", encoded(value))).join("&")
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = self.client.post(format!("{}{path}", self.url)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Answered { status: response.status().as_u16(), body: response.text().await.unwrap() }
    }

    /// The status of a GET.
    pub(crate) async fn get(&self, path: &str) -> u16 {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap().status().as_u16()
    }

    /// Everything that can be done now is done once. What was answered to the queue.
    pub(crate) async fn work(&self) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            let handler = async |tasks: &[&str]| {
                let [task] = tasks else { panic!("a run is one task") };
                vec![self.handle(serde_json::from_str(task).unwrap()).await]
            };
            let answered = self.house.hand_out(QueueName::Runs, 1, handler).await;
            if answered.is_empty() {
                return answers;
            }
            answers.extend(answered);
        }
    }

    async fn handle(&self, task: Task) -> Answer {
        match task {
            Task::RunJobV1 { run, .. } => self.order(format!("run {run}")),
            Task::CancelRunV1 { run, .. } => self.order(format!("cancel {run}")),
            Task::CarryOutV1 { asked, text } => {
                let instruction = grammar::parse(&text);
                chat::carry_out(&self.app, (&*self.queue, &self.outbound), (&asked, &instruction)).await
            }
            Task::TellRunV1 { run, news, queued_at, .. } => {
                chat::tell_run(&self.app, &self.outbound, (&run, news), queued_at).await
            }
            Task::AnswerV1 { asked, payload, queued_at } => {
                chat::answer(&self.app, &self.outbound, (&asked, &payload), queued_at).await
            }
            other => panic!("{other:?} is no matter of chats"),
        }
    }

    /// The next task that can be had, taken out of the queue.
    pub(crate) async fn next_task(&self) -> Task {
        let taken = Mutex::new(None);
        let keep = async |tasks: &[&str]| {
            *taken.lock().unwrap() = Some(serde_json::from_str(tasks[0]).unwrap());
            vec![Answer::Done]
        };
        self.house.hand_out(QueueName::Runs, 1, keep).await;
        taken.into_inner().unwrap().expect("there is a task")
    }

    /// Somebody begins to carry out a command, and is never heard of again.
    pub(crate) async fn dies_over(&self, task: &Task) {
        let Task::CarryOutV1 { asked, .. } = task else { panic!("{task:?} is not carried out") };
        let key = Key::new(format!("command-seen#{}", asked.id), "carried-out");
        let document = format!(r#"{{"begun_at": {}, "is_answered": false}}"#, self.clock.now());
        let item = Item { key, document, blob: None, expires_at: None };
        self.app.table.put(item, Condition::Absent).await.unwrap();
    }

    fn order(&self, order: String) -> Answer {
        self.orders.lock().unwrap().push(order);
        Answer::Done
    }

    /// The orders to an executor since the last look.
    pub(crate) fn ordered(&self) -> Vec<String> {
        std::mem::take(&mut self.orders.lock().unwrap())
    }

    /// Time passes, and the sweep comes by.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        sweep::sweep(&self.app, &*self.queue).await.unwrap();
    }

    /// The posts in Mattermost since the last look.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.mattermost.posts()
    }

    /// The next posts to Mattermost are answered so.
    pub(crate) fn answers_next(&self, statuses: &[u16]) {
        self.mattermost.answers_next(statuses.iter().map(|status| (*status, "{}")));
    }

    /// The posts in Slack since the last look.
    pub(crate) fn slack_posts(&self) -> Vec<Post> {
        self.slack.posts()
    }

    /// The next posts to Slack are answered so.
    pub(crate) fn slack_answers_next(&self, answers: &[(u16, &'static str)]) {
        self.slack.answers_next(answers.iter().copied());
    }

    /// The latest run that a user has asked for by a command.
    pub(crate) async fn run_of(&self, command: &str, user: &str) -> Run {
        let command = command.to_owned().try_into().unwrap();
        runs::latest_of(&self.app, &command, user).await.unwrap().expect("there is a run")
    }

    /// An executor begins a run.
    pub(crate) async fn begins(&self, run: &RunId) {
        let now = self.clock.now();
        let started = Started { handle: Handle("7".to_owned()), url: None };
        let step = runs::change(&self.app, run, |run| {
            run.begin("local", now)?;
            run.began(started.clone(), now)
        });
        assert!(matches!(step.await.unwrap(), Step::Made(_)));
    }

    /// A run of a job that is one command ends, having printed this.
    pub(crate) async fn ends(&self, run: &RunId, ending: Ending, printed: &str) {
        let how = How::Executed(ending);
        let finished = Finished {
            how: &how,
            took: Duration::from_secs(12),
            log: printed.as_bytes(),
            secrets: &[Secret::new("hunter2-s3cret")],
            is_sole_command: true,
        };
        chat::finish(&self.app, &*self.queue, run, &finished).await.unwrap();
    }
}

/// What Slack signs a body with.
pub(crate) fn signature(timestamp: &str, body: &str) -> String {
    let signed = hub_signature(&Secret::new(SIGNING_SECRET), format!("v0:{timestamp}:{body}").as_bytes());
    signed.replace("sha256=", "v0=")
}

/// Serves a router on a port of its own. Gives its URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn chat_project(rules: &str, origin: &str) -> Project {
    let slack = Chat::SlackSlashCommands(SlackSlashCommands {
        signing_secrets: vec![Secret::new("an-older-one"), Secret::new(SIGNING_SECRET)],
        tokens: Vec::new(),
        bot_token: None,
    });
    let mattermost = Chat::MattermostSlashCommands(MattermostSlashCommands {
        tokens: vec![Secret::new(MATTERMOST_TOKEN)],
        origin: origin.to_owned().try_into().unwrap(),
        bot_token: None,
    });
    let command = |id: &str, chat| CommandIntegration {
        id: id.to_owned().try_into().unwrap(),
        chat,
        team_ids: ["T1", "T1DC2JH3J"].map(str::to_owned).into(),
        groups: [("deployers".to_owned(), ["UANN", "UBOB"].map(str::to_owned).into())].into(),
        rules: serde_json::from_str(rules).unwrap(),
    };
    let jobs = r#"{"repository": {"url": "file:///srv/git/p.git"}, "executor": "local"}"#;
    Project {
        path: "mike/diaspora".to_owned().try_into().unwrap(),
        commands: vec![command("slack", slack), command("mattermost", mattermost)],
        jobs: Some(serde_json::from_str(jobs).unwrap()),
        ..project(None, &[])
    }
}
