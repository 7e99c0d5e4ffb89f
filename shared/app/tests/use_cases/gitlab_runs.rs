//! Runs at GitLab: what GitLab is asked, what it says, and what is known of the run.

use std::sync::Arc;
use std::time::Duration;

use app::chat::Asked;
use app::clock::Chance;
use app::executor::{Ended, Executor, ExecutorError, Handle, Order, Progress, Started};
use app::gitlab_runs::{GitLabRuns, callback};
use app::ids::RunId;
use app::projects::{self, Expected};
use app::queue::{Answer, QueueName};
use app::runs::{self, Run};
use app::{Addresses, App};
use chatops::Command;
use config::jobs::PassAs;
use config::{CommandIntegration, Jobs, Project, jobs};
use insta::assert_snapshot;
use payload::Secret;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::gitlab_peer::{GitLabPeer, job};
use crate::world::{World, project};

const TRIGGER: &str = "POST integrations/mattermost_slash_commands/trigger";
const JOBS: &str = "GET pipelines/46/jobs?per_page=100";

struct House {
    gitlab: GitLabPeer,
    world: World,
    app: Arc<App>,
    executor: GitLabRuns,
    project: Arc<Project>,
}

impl House {
    async fn new(executor: jobs::Executor) -> Self {
        let (gitlab, world) = (GitLabPeer::start().await, World::new().await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = format!("http://{}", listener.local_addr().unwrap());
        let addresses = Addresses { commands: Some(door.parse().unwrap()), ..Addresses::default() };
        let (table, sealer) = (Arc::clone(&world.app.table), world.app.sealer.clone());
        let app = App::with(table, sealer, world.clock.clone(), Chance::seeded(2)).found_at(addresses);
        let app = Arc::new(app);
        let router = callback::router(Arc::clone(&app), Arc::clone(&world.queue));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let mut jobs: Jobs = serde_json::from_value(json!({
            "repository": {"url": "https://gitlab.example.net/mike/diaspora.git"},
            "executor": "local",
        }))
        .unwrap();
        jobs.executor = executor;
        let mut project = Project { gitlab: Some(gitlab.settings()), jobs: Some(jobs), ..project(None, &[]) };
        project.commands = vec![slash_command()];
        projects::save(&app, project.clone(), Expected::Any).await.unwrap();
        let executor = GitLabRuns::new(Arc::clone(&app), world.outbound(), Arc::clone(&world.queue));
        Self { gitlab, world, app, executor, project: Arc::new(project) }
    }

    async fn by_chat() -> Self {
        Self::new(jobs::Executor::GitlabChat { token: Secret::new("mm-token") }).await
    }

    async fn by_pipeline(pass_as: PassAs) -> Self {
        let house = Self::new(jobs::Executor::GitlabPipeline { pass_as }).await;
        house.gitlab.answers("GET ", 200, json!({"id": 1, "default_branch": "main"}));
        house
    }

    fn order(&self) -> Order {
        Order {
            run: "0123456789ab".parse().unwrap(),
            project: Arc::clone(&self.project),
            job: "hello".to_owned(),
            input: "world $HOME\n$(id)".to_owned(),
            team_id: "T1".to_owned(),
            channel_id: "C1".to_owned(),
            user_id: "U1".to_owned(),
            user_name: "ann".to_owned(),
            timeout: Duration::from_mins(10),
            found: None,
            is_repeated: false,
        }
    }

    async fn starts(&self) -> Result<Started, String> {
        self.executor.start(&self.order()).await.map_err(|error| match error {
            ExecutorError::Unavailable(why) => format!("not now: {why}"),
            error => error.to_string(),
        })
    }

    /// How the run is doing, in a line.
    async fn looks(&self, handle: &Handle) -> String {
        match self.executor.look(&self.project, handle, Duration::ZERO).await.unwrap() {
            Progress::Running { look_after } => format!("running, look after {} s", look_after.as_secs()),
            Progress::Ended(Ended { ending, log, took }) => {
                format!("{ending:?} after {} s: {}", took.as_secs(), String::from_utf8(log).unwrap())
            }
        }
    }

    /// What waits in the queue of runs.
    async fn queued(&self) -> Vec<Value> {
        let tasks = std::sync::Mutex::new(Vec::new());
        let take = async |run: &[&str]| {
            tasks.lock().unwrap().extend(run.iter().map(|body| serde_json::from_str(body).unwrap()));
            vec![Answer::Done; run.len()]
        };
        self.world.house.hand_out(QueueName::Runs, 1, take).await;
        tasks.into_inner().unwrap()
    }
}

fn slash_command() -> CommandIntegration {
    serde_json::from_value(json!({
        "id": "p",
        "chat": {"slack_slash_commands": {"signing_secrets": ["0123456789abcdef0123456789abcdef"]}},
        "rules": [{"anyone": true, "jobs": ["*"]}],
    }))
    .unwrap()
}

fn created() -> Value {
    let text = "Your ChatOps job [#80](https://gitlab.example.net/mike/diaspora/-/jobs/80) has been created!";
    json!({"response_type": "ephemeral", "text": text, "status": 200})
}

/// The same job, ended.
fn over(status: &str, more: &Value) -> Value {
    let mut job = job(80, "hello", status);
    job["finished_at"] = json!("2023-11-14T22:13:20.000Z"); // as the clock stands when a test begins
    job["duration"] = json!(12.3);
    for (name, value) in more.as_object().unwrap() {
        job[name] = value.clone();
    }
    json!([job])
}

#[tokio::test]
async fn a_command_is_handed_over_to_gitlab_and_its_job_followed_to_the_end() {
    let house = House::by_chat().await;
    house.gitlab.answers(TRIGGER, 200, created());
    house.gitlab.answers("GET jobs/80", 200, job(80, "hello", "pending"));
    let started = house.starts().await.unwrap();
    assert_eq!(started.url.as_deref(), Some("https://gitlab.example.net/mike/diaspora/-/jobs/80"));

    // GitLab knows the caller by the ids of the chat, and has nothing of the project's own token.
    let handed_over = house.gitlab.asked().remove(0);
    assert_eq!(handed_over.token, None);
    let mut body = handed_over.body;
    let callback = body["response_url"].take().as_str().unwrap().to_owned();
    assert_eq!(body["text"], "run hello world $HOME\n$(id)");
    assert_eq!(
        (&body["team_id"], &body["user_id"], &body["user_name"]),
        (&json!("T1"), &json!("U1"), &json!("ann"))
    );

    house.gitlab.answers(JOBS, 200, json!([job(80, "hello", "running")]));
    assert_eq!(house.looks(&started.handle).await, "running, look after 5 s");
    house.world.clock.advance(Duration::from_secs(20));
    assert_eq!(house.looks(&started.handle).await, "running, look after 20 s");
    house.world.clock.advance(Duration::from_mins(9));
    assert_eq!(house.looks(&started.handle).await, "running, look after 40 s");

    // GitLab calls back: once.
    let post =
        async || reqwest::Client::new().post(&callback).body("{").send().await.unwrap().status().as_u16();
    assert_eq!(post().await, 200);
    assert_eq!(house.queued().await, [json!({"task": "run_job_v1", "run": "0123456789ab", "project": 7})]);
    assert_eq!(post().await, 404);
    assert_eq!(house.queued().await, [] as [Value; 0]);

    house.gitlab.answers(JOBS, 200, over("success", &json!({})));
    house.gitlab.answers_raw("GET jobs/80/trace", (200, None), b"Hello\nJob succeeded\n".to_vec());
    assert_eq!(house.looks(&started.handle).await, "Succeeded after 12 s: Hello\nJob succeeded\n");
}

#[tokio::test]
async fn a_callback_that_was_never_given_out_is_not_there() {
    let house = House::by_chat().await;
    let door = house.app.addresses.commands.clone().unwrap();
    let guess = reqwest::Client::new().post(format!("{}/callbacks/0", door.as_str())).send().await.unwrap();
    assert_eq!(guess.status().as_u16(), 404);
}

#[tokio::test]
async fn what_gitlab_refuses_is_told_in_its_words() {
    let house = House::by_chat().await;
    let mut told = Vec::new();
    for text in [
        "The command could not be scheduled. Make sure that your project has a .gitlab-ci.yml that defines a job with the name \"hello\"",
        "Sorry, this chat service is currently not supported by GitLab ChatOps.",
        "You are not allowed to perform the given chatops command. Most likely you do not have access to the\nGitLab project for this chatops integration.\n",
        "",
    ] {
        house.gitlab.answers(TRIGGER, 200, json!({"response_type": "ephemeral", "text": text}));
        told.push(house.starts().await.unwrap_err());
    }
    house.gitlab.answers(TRIGGER, 404, json!({"message": "404 Integration Not Found"}));
    told.push(house.starts().await.unwrap_err());
    house.gitlab.answers(TRIGGER, 429, json!({}));
    told.push(house.starts().await.unwrap_err());
    assert_snapshot!(told.join("\n"), @r#"
    GitLab says: The command could not be scheduled. Make sure that your project has a .gitlab-ci.yml that defines a job with the name "hello"
    GitLab says: Sorry, this chat service is currently not supported by GitLab ChatOps
    GitLab says: You are not allowed to perform the given chatops command. Most likely you do not have access to the GitLab project for this chatops integration
    GitLab says nothing
    GitLab does not know the slash command's token, or the project
    not now: GitLab is asked too often; it wants to be left alone for 60 s
    "#);
    // Nothing was begun, so the next one may begin.
    house.gitlab.answers(TRIGGER, 200, created());
    house.gitlab.answers("GET jobs/80", 200, job(80, "hello", "pending"));
    assert!(house.starts().await.is_ok());
}

/// Whoever opens the address becomes the chat user at GitLab: it is for the caller alone.
#[tokio::test]
async fn who_is_not_connected_with_gitlab_gets_the_address_alone() {
    let house = House::by_chat().await;
    let body = "token=x&team_id=T1&channel_id=C1&user_id=U1&user_name=ann&command=%2Fgitlab&text=run+hello&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2Fx&trigger_id=1";
    let command = Command::read(&slash_command().chat, body.as_bytes()).unwrap();
    let id = slash_command().id;
    let asked = Asked::new(&house.app, (house.project.id, &id), &command, house.app.clock.now()).unwrap();
    let run: RunId = house.order().run;
    runs::create(&house.app, &Run::new(run, asked, "hello", "")).await.unwrap();
    let url = format!("{}/-/profile/chat_names/new?token=abc", house.gitlab.url);
    let text = format!(
        ":wave: Hi there! Before I do anything for you, please [connect your GitLab account]({url})."
    );
    house.gitlab.answers(TRIGGER, 200, json!({"response_type": "ephemeral", "text": text}));
    let refused = house.starts().await.unwrap_err();
    assert_snapshot!(refused, @"GitLab does not know who you are there yet, and has sent you an address to connect your account");
    let queued = house.queued().await;
    let answer: Value = serde_json::from_str(queued[0]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(answer["response_type"], "ephemeral");
    assert_snapshot!(answer["text"].as_str().unwrap().replace(&house.gitlab.url, "GITLAB"), @":wave: Hi there! Before I do anything for you, please <GITLAB/-/profile/chat_names/new?token=abc|connect your GitLab account>.");
}

#[tokio::test]
async fn a_pipeline_learns_what_was_typed_as_inputs() {
    let house = House::by_pipeline(PassAs::Inputs).await;
    let page = "https://gitlab.example.net/mike/diaspora/-/pipelines/46";
    house.gitlab.answers("POST pipeline", 201, json!({"id": 46, "web_url": page}));
    house.gitlab.answers(JOBS, 200, json!([job(79, "other", "running"), job(80, "hello", "created")]));
    let started = house.starts().await.unwrap();
    assert_eq!(started.url.as_deref(), Some("https://gitlab.example.net/mike/diaspora/-/jobs/80"));
    let asked = house.gitlab.asked();
    assert_snapshot!(asked[1].body.to_string(), @r#"{"inputs":{"chat_channel":"C1","chat_input":"world $HOME\n$(id)","chat_job":"hello","chat_user_id":"U1"},"ref":"main"}"#);
    assert_eq!(asked[1].token.as_deref(), Some("glpat-project"));
}

/// `$HOME` would be expanded by GitLab's runner in a variable that is not raw, and the API makes no raw ones.
#[tokio::test]
async fn a_pipeline_learns_what_was_typed_as_variables_that_nothing_expands() {
    let house = House::by_pipeline(PassAs::Variables).await;
    house.gitlab.answers(
        "POST pipeline",
        201,
        json!({"id": 46, "web_url": "https://gitlab.example.net/p/46"}),
    );
    let started = house.starts().await.unwrap();
    assert_eq!(started.url.as_deref(), Some("https://gitlab.example.net/p/46"));
    assert_snapshot!(house.gitlab.asked()[1].body.to_string(), @r#"{"ref":"main","variables":[{"key":"CHAT_JOB","value":"hello"},{"key":"CHAT_INPUT","value":"world $$HOME\n$$(id)"},{"key":"CHAT_CHANNEL","value":"C1"},{"key":"CHAT_USER_ID","value":"U1"}]}"#);
}

#[tokio::test]
async fn a_run_is_begun_once_or_nobody_knows() {
    let house = House::by_pipeline(PassAs::Inputs).await;
    let unpermitted = json!({"message": {"base": ["Insufficient permissions to set pipeline variables"]}});
    house.gitlab.answers("POST pipeline", 400, unpermitted);
    assert_snapshot!(house.starts().await.unwrap_err(), @"GitLab refuses it: Insufficient permissions to set pipeline variables");
    // Refused, so it can be tried again.
    house.gitlab.answers(
        "POST pipeline",
        201,
        json!({"id": 46, "web_url": "https://gitlab.example.net/p/46"}),
    );
    let started = house.starts().await.unwrap();
    house.gitlab.asked();
    let again = Order { is_repeated: true, ..house.order() };
    assert_eq!(house.executor.start(&again).await.unwrap(), started);
    assert!(house.gitlab.asked().iter().all(|asked| !asked.what.starts_with("POST")), "nothing is begun");

    // GitLab broke down over it: whether there is a pipeline, nobody knows.
    let other = Order { run: "ba9876543210".parse().unwrap(), ..house.order() };
    house.gitlab.answers("POST pipeline", 500, json!({}));
    house.gitlab.answers(
        "POST pipeline",
        201,
        json!({"id": 47, "web_url": "https://gitlab.example.net/p/47"}),
    );
    for _ in 0..2 {
        assert!(matches!(house.executor.start(&other).await, Err(ExecutorError::InDoubt)));
    }
}

/// A run by pipeline that was begun.
async fn begun() -> (House, Handle) {
    let house = House::by_pipeline(PassAs::Inputs).await;
    house.gitlab.answers(
        "POST pipeline",
        201,
        json!({"id": 46, "web_url": "https://gitlab.example.net/p/46"}),
    );
    house.gitlab.answers(JOBS, 200, json!([job(80, "hello", "pending")]));
    let started = house.starts().await.unwrap();
    (house, started.handle)
}

#[tokio::test]
async fn every_end_of_a_job_is_told_apart() {
    let (house, handle) = begun().await;
    house.gitlab.answers_raw(
        "GET jobs/80/trace",
        (200, None),
        b"x\nERROR: Job failed: exit code 3\n".to_vec(),
    );
    let mut told = Vec::new();
    for jobs in [
        over("failed", &json!({"failure_reason": "script_failure"})),
        over("failed", &json!({"failure_reason": "job_execution_timeout"})),
        over("failed", &json!({"failure_reason": "stuck_or_timeout_failure", "started_at": null})),
        over("canceled", &json!({})),
        over("skipped", &json!({"started_at": null})),
        json!([job(79, "other", "success")]),
    ] {
        house.gitlab.answers(JOBS, 200, jobs);
        told.push(house.looks(&handle).await.replace('\n', " "));
    }
    house.gitlab.answers(JOBS, 404, json!({}));
    told.push(house.looks(&handle).await);
    assert_snapshot!(told.join("\n"), @r#"
    Failed { exit_code: Some(3) } after 12 s: x ERROR: Job failed: exit code 3 
    TimedOut after 12 s: x ERROR: Job failed: exit code 3 
    NotStarted { reason: "GitLab gave up before its first command (stuck or timeout failure)" } after 12 s: 
    Cancelled after 12 s: x ERROR: Job failed: exit code 3 
    NotStarted { reason: "GitLab skipped it" } after 12 s: 
    NotStarted { reason: "GitLab's pipeline has no job hello" } after 0 s: 
    Lost after 0 s:
    "#);
}

#[tokio::test]
async fn a_trace_that_lags_behind_is_waited_for_but_not_for_ever() {
    let (house, handle) = begun().await;
    house.gitlab.answers(JOBS, 200, over("success", &json!({})));
    house.gitlab.answers_raw("GET jobs/80/trace", (200, None), b"half of".to_vec());
    assert_eq!(house.looks(&handle).await, "running, look after 2 s");
    house.world.clock.advance(Duration::from_mins(5));
    assert_eq!(house.looks(&handle).await, "Succeeded after 12 s: half of");
}

#[tokio::test]
async fn a_run_ends_at_its_deadline_and_gitlab_is_told() {
    let (house, handle) = begun().await;
    house.gitlab.answers(JOBS, 200, json!([job(80, "hello", "running")]));
    house.gitlab.answers("POST pipelines/46/cancel", 200, json!({}));
    house.gitlab.answers_raw("GET jobs/80/trace", (200, None), b"so far".to_vec());
    house.world.clock.advance(Duration::from_mins(10));
    house.gitlab.asked();
    assert_eq!(house.looks(&handle).await, "TimedOut after 600 s: so far");
    assert!(house.gitlab.asked().iter().any(|asked| asked.what.ends_with("/pipelines/46/cancel")));
    house.executor.cancel(&house.project, &handle).await.unwrap();
}

#[tokio::test]
async fn while_gitlab_is_away_the_run_goes_on_until_long_after_its_deadline() {
    let (house, handle) = begun().await;
    house.gitlab.answers(JOBS, 503, json!({}));
    let looked = house.executor.look(&house.project, &handle, Duration::ZERO).await;
    assert!(matches!(looked, Err(ExecutorError::Unavailable(_))));
    house.world.clock.advance(Duration::from_mins(71));
    assert_eq!(house.looks(&handle).await, "Lost after 0 s: ");
}

#[tokio::test]
async fn a_webhook_that_tells_the_end_has_the_run_looked_at_now() {
    let (house, _) = begun().await;
    let tells = async |event: &'static str, id: &str, body: Value| {
        let headers = [("x-gitlab-token", "s3cret"), ("idempotency-key", id), ("x-gitlab-event", event)];
        house.world.post_with(&headers, body.to_string().as_bytes()).await.unwrap();
        house.queued().await.len()
    };
    let pipeline = |id: u64, status: &str| json!({"object_kind": "pipeline", "object_attributes": {"id": id, "status": status, "ref": "main"}});
    assert_eq!(tells("Pipeline Hook", "1", pipeline(46, "running")).await, 0);
    assert_eq!(tells("Pipeline Hook", "2", pipeline(45, "success")).await, 0);
    assert_eq!(tells("Pipeline Hook", "3", pipeline(46, "success")).await, 1);
    let job = json!({"object_kind": "build", "build_id": 80, "build_name": "hello", "build_status": "failed", "ref": "main"});
    assert_eq!(tells("Job Hook", "4", job).await, 1);
}
