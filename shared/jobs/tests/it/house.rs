//! A Bellhop on an embedded store, with a clock that tests move, that runs the jobs of a repository on this machine.

use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::chat::Asked;
use app::clock::{Chance, Clock, Timestamp};
use app::egress::{Guard, Names};
use app::executor::Ending;
use app::http_target::Outbound;
use app::ids::RunId;
use app::projects::{Expected, save};
use app::queue::{Answer, Queue, QueueName, Task};
use app::runs::{self, End, How, Run};
use app::seal::Sealer;
use chatops::Command;
use config::commands::Chat;
use config::{CommandIntegration, Project};
use embedded::{Serving, Store};
use jobs::local::Local;
use jobs::run_job::{Executors, Hands, handle};
use payload::Secret;
use relay::egress::Policy;

use crate::world::{LONG, World, user};

const LEASE: Duration = Duration::from_hours(100);

pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) hands: Hands,
    pub(crate) store: Store,
    serving: Serving,
    pub(crate) world: World,
    count: u32,
}

impl House {
    /// With this `.gitlab-ci.yml`, and a project that may be changed before it is saved.
    pub(crate) async fn new(ci: &str, change: impl FnOnce(&mut Project)) -> Self {
        let mut world = World::new(ci);
        let chat = serde_json::json!({"id": "ops", "chat": {"mattermost_slash_commands":
            {"tokens": ["t"], "origin": "https://chat.example.net"}}});
        let command: CommandIntegration = serde_json::from_value(chat).unwrap();
        world.project.commands = vec![command];
        change(&mut world.project);
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let store = Store::open(&world.folder.path().join("store"), clock.clone()).unwrap();
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
        let app = App::with(Arc::new(store.table()), sealer, clock.clone(), Chance::seeded(1));
        save(&app, world.project.clone(), Expected::New).await.unwrap();
        clock.advance(Duration::from_secs(6));
        let serving = store.serve().await.unwrap();
        let hands = hands(&store, &world);
        Self { app, clock, hands, store, serving, world, count: 0 }
    }

    /// The process dies, and another one takes its place.
    pub(crate) fn restart(&mut self) {
        self.hands = hands(&self.store, &self.world);
    }

    /// Somebody asks for a run of a job, and may.
    pub(crate) async fn ask(&mut self, job: &str, arguments: &str) -> RunId {
        self.count += 1;
        let body = format!(
            "token=t&team_id=T1&channel_id=C1&channel_name=town&user_id=U1&user_name=ann&command=/bellhop&text=run\
             &trigger_id={}&response_url=https://chat.example.net/hooks/commands/x",
            self.count
        );
        let command = &self.world.project.commands[0];
        let Chat::MattermostSlashCommands(_) = &command.chat else { panic!("it is Mattermost's") };
        let read = Command::read(&command.chat, body.as_bytes()).unwrap();
        let of = (self.world.project.id, &command.id);
        let asked = Asked::new(&self.app, of, &read, self.app.clock.now()).unwrap();
        let run = Run::new(RunId::new(&self.app.chance), asked, job, arguments);
        runs::create(&self.app, &run).await.unwrap();
        self.send(Task::RunJobV1 { run: run.id.clone(), project: run.asked.project }).await;
        run.id
    }

    pub(crate) async fn send(&self, task: Task) {
        self.store.queue().send(vec![task]).await.unwrap();
    }

    pub(crate) async fn cancel(&self, id: &RunId) {
        let now = self.app.clock.now();
        let by = chatops::Named { id: "U2".to_owned(), name: "bob".to_owned() };
        runs::change(&self.app, id, |run| run.stop(&by, now)).await.unwrap();
        self.send(Task::CancelRunV1 { run: id.clone(), project: self.world.project.id }).await;
    }

    /// Every task that can be had, and is had from now on.
    pub(crate) async fn tasks(&self) -> Vec<String> {
        let runs = self.serving.lease_runs(QueueName::Runs, (10, 1), LEASE).await.unwrap();
        runs.into_iter().flatten().map(|task| task.received.body).collect()
    }

    /// Every task that can be had is handled once. What was answered to those about runs themselves.
    pub(crate) async fn work(&self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for run in self.serving.lease_runs(QueueName::Runs, (10, 1), LEASE).await.unwrap() {
            let [task] = &run[..] else { panic!("a run is one task") };
            let answered = handle(&self.app, &self.hands, &[&task.received.body]).await;
            self.serving.answer(task.lease, answered[0]).await.unwrap();
            if !task.received.body.contains("tell_run") {
                answers.extend(answered);
            }
        }
        answers
    }

    /// All that is due is handled until the run is over.
    pub(crate) async fn end(&self, id: &RunId) -> End {
        for _ in 0..100 {
            self.work().await;
            if let Some(end) = self.run(id).await.end() {
                return end.clone();
            }
            self.clock.advance(Duration::from_secs(1));
        }
        panic!("the run does not end: {:?}", self.run(id).await.state);
    }

    pub(crate) async fn run(&self, id: &RunId) -> Run {
        runs::find(&self.app, id).await.unwrap().unwrap()
    }
}

fn hands(store: &Store, world: &World) -> Hands {
    let house = world.folder.path().display().to_string();
    let nowhere = Guard::with(Policy::default(), Names::scripted([]));
    Hands {
        queue: Arc::new(store.queue()),
        outbound: Outbound::new(nowhere).unwrap(),
        finder: world.finder.clone(),
        executors: Executors {
            local: Some(Arc::new(Local::new(&house, user(), Clock::System))),
            ..Executors::default()
        },
        patience: LONG,
    }
}

/// How a run ended, in one word, and why.
pub(crate) fn told(end: &End) -> String {
    match &end.how {
        How::Executed(Ending::NotStarted { reason }) => format!("not started: {reason}"),
        How::Executed(Ending::Failed { exit_code }) => format!("failed: {exit_code:?}"),
        how => how.name().to_owned(),
    }
}
