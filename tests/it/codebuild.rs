//! A run in CodeBuild, at the wire: the emulator keeps the archive, takes the build and gives the log back. It runs
//! nothing, and its builds have succeeded as soon as they are begun; what a build would do with the archive is tried with a
//! real bash beside `aws::codebuild`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use app::clock::{Chance, Clock};
use app::executor::{Ending, Executor, ExecutorError, Files, Found, Order, Progress};
use app::seal::Sealer;
use aws::DynamoTable;
use aws::codebuild::{CodeBuild, Place};
use chatops::ci::{Context, Repository, resolve};
use config::{HookId, Project, ProjectId, Source};
use payload::Secret;
use serde_json::{Value, json};

use crate::account::{Account, fresh};

const CI_PATH: &str = ".gitlab-ci.yml";

/// A commit with one file, which says what its job is.
#[derive(Debug)]
struct Commit;

impl Files for Commit {
    fn check_out(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(std::fs::write(folder.join("README.md"), "hello")?)
    }
}

impl Repository for Commit {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        Some(b"hello: {image: 'debian:13', script: [echo hello]}".to_vec())
    }

    fn paths(&self) -> Vec<String> {
        vec![CI_PATH.to_owned()]
    }
}

struct House {
    account: Account,
    place: Place,
    project: Arc<Project>,
}

impl House {
    async fn new(test: &str) -> Option<Self> {
        let account = Account::open(test).await?;
        let place = Place { project: fresh("jobs"), bucket: fresh("sources") };
        let project = json!({
            "name": place.project,
            "serviceRole": "arn:aws:iam::000000000000:role/job",
            "source": {"type": "NO_SOURCE", "buildspec": "{}"},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        });
        account.emulator.call("CodeBuild_20161006.CreateProject", &project).await;
        account.emulator.create_bucket(&place.bucket).await;
        let project = Project {
            id: ProjectId(7),
            path: "mike/diaspora".to_owned().try_into().expect("a path"),
            source: Source {
                id: "p".parse().expect("an id"),
                forge: None,
                secrets: Vec::new(),
                allow_unsigned: true,
            },
            irker: None,
            hooks: Vec::new(),
            last_hook: HookId(0),
            rate_limit: None,
            commands: Vec::new(),
            jobs: None,
            gitlab: None,
        };
        Some(Self { account, place, project: Arc::new(project) })
    }

    /// The executor of a Bellhop whose clock is ahead by so much.
    fn executor(&self, ahead: Duration) -> CodeBuild {
        let aws = &self.account.config;
        // The executor keeps nothing in it.
        let table = DynamoTable::new(aws_sdk_dynamodb::Client::new(aws), "none", Clock::System);
        let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).expect("a key");
        let clock = Clock::manual(Clock::System.now() + ahead);
        let app = App::with(Arc::new(table), sealer, clock, Chance::System);
        CodeBuild::new(Arc::new(app), aws, self.place.clone())
    }

    fn order(&self) -> Order {
        let context =
            Context { branch: "main".to_owned(), config_path: CI_PATH.to_owned(), ..Context::default() };
        let found = Found {
            job: resolve(&Commit, &context, "hello").expect("the job"),
            commit: "cafe".to_owned(),
            files: Arc::new(Commit),
            reference: "main".to_owned(),
            variables: vec![("CHAT_INPUT".to_owned(), "$(id)".to_owned())],
        };
        Order {
            run: "0123456789ab".parse().expect("an id"),
            project: Arc::clone(&self.project),
            job: "hello".to_owned(),
            input: "$(id)".to_owned(),
            team_id: "T1".to_owned(),
            channel_id: "C1".to_owned(),
            user_id: "U1".to_owned(),
            user_name: "ann".to_owned(),
            timeout: Duration::from_mins(10),
            found: Some(found),
            is_repeated: false,
        }
    }

    /// The build has printed this, in the lines that CodeBuild makes of it.
    async fn build_prints(&self, stream: &Value, lines: &[&str]) {
        let place = json!({"logGroupName": stream["groupName"], "logStreamName": stream["streamName"]});
        let call = async |operation: &str, more: Value| {
            let mut order = place.clone();
            order.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
            if operation == "CreateLogGroup" {
                order.as_object_mut().expect("an object").remove("logStreamName");
            }
            self.account.emulator.call(&format!("Logs_20140328.{operation}"), &order).await
        };
        call("CreateLogGroup", json!({})).await;
        call("CreateLogStream", json!({})).await;
        let now = Clock::System.now().0;
        let events = lines.iter().map(|line| json!({"timestamp": now, "message": line}));
        call("PutLogEvents", json!({"logEvents": events.collect::<Vec<_>>()})).await;
    }
}

#[tokio::test]
async fn a_build_gets_an_archive_and_gives_its_log() {
    let Some(house) = House::new("CodeBuild").await else { return };
    let codebuild = house.executor(Duration::ZERO);
    let started = codebuild.start(&house.order()).await.expect("it begins");
    let handle: Value = serde_json::from_str(&started.handle.0).expect("JSON");
    let (build, source) = (&handle["build"], handle["source"].as_str().expect("a key"));
    assert!(source.starts_with("runs/7/0123456789ab-"), "{source}");
    let archive = house.account.emulator.object(&house.place.bucket, source).await.expect("the archive");
    assert!(archive.starts_with(b"PK"), "it is a zip");

    let found =
        house.account.emulator.call("CodeBuild_20161006.BatchGetBuilds", &json!({"ids": [build]})).await;
    house
        .build_prints(
            &found["builds"][0]["logs"],
            &[
                "[Container] 2026/11/28 22:00:00.000000 Running command bash ./run.sh\n",
                "section_start:1700000000:step_script\r\u{1b}[0KExecuting\n",
                "\u{1b}[32;1m$ echo hello\u{1b}[0;m\n",
                "hello\n",
                "section_end:1700000001:step_script\r\u{1b}[0K\n",
                "\u{1b}[32;1mJob succeeded\u{1b}[0;m\n",
                "[Container] 2026/11/28 22:00:01.000000 Phase complete: BUILD State: SUCCEEDED\n",
            ],
        )
        .await;
    let looked = codebuild.look(&house.project, &started.handle, Duration::ZERO).await.expect("an answer");
    let Progress::Ended(ended) = looked else { panic!("it has ended: {looked:?}") };
    assert_eq!(ended.ending, Ending::Succeeded);
    let log = String::from_utf8(ended.log).expect("text");
    assert!(log.starts_with("section_start:") && log.ends_with("Job succeeded\u{1b}[0;m\n"), "{log:?}");
    assert!(log.contains("\nhello\n"), "{log:?}");
    assert_eq!(
        house.account.emulator.object(&house.place.bucket, source).await,
        None,
        "what may hold secrets is gone"
    );
}

/// The emulator's builds end at once and print nothing by themselves.
#[tokio::test]
async fn a_log_that_lags_behind_is_waited_for() {
    let Some(house) = House::new("CodeBuild's log").await else { return };
    let codebuild = house.executor(Duration::ZERO);
    let started = codebuild.start(&house.order()).await.expect("it begins");
    let looked = codebuild.look(&house.project, &started.handle, Duration::ZERO).await.expect("an answer");
    assert_eq!(looked, Progress::Running { look_after: Duration::from_secs(2) });
    let later = house.executor(Duration::from_mins(3));
    let looked = later.look(&house.project, &started.handle, Duration::ZERO).await.expect("an answer");
    assert!(matches!(looked, Progress::Ended(ended) if ended.ending == Ending::Succeeded));
    codebuild.cancel(&house.project, &started.handle).await.expect("what is over is left alone");
}

#[tokio::test]
async fn a_run_that_may_have_been_begun_long_ago_is_not_begun_again() {
    let Some(house) = House::new("CodeBuild, twice").await else { return };
    house.executor(Duration::ZERO).start(&house.order()).await.expect("it begins");
    let again = Order { is_repeated: true, ..house.order() };
    assert!(house.executor(Duration::from_mins(1)).start(&again).await.is_ok(), "by the same token");
    let late = house.executor(Duration::from_mins(5)).start(&again).await;
    assert!(matches!(late, Err(ExecutorError::InDoubt)), "{late:?}");
}

#[tokio::test]
async fn what_codebuild_cannot_do_is_refused() {
    let Some(house) = House::new("CodeBuild's refusals").await else { return };
    let codebuild = house.executor(Duration::ZERO);
    let mut order = house.order();
    order.found.as_mut().expect("it was found").job.image.as_mut().expect("it has one").name =
        "$IMAGE".to_owned();
    let refused = codebuild.start(&order).await.expect_err("it is refused");
    assert_eq!(refused.to_string(), "CodeBuild takes no variables in the name of an image");
    let refused = codebuild.start(&Order { found: None, ..house.order() }).await.expect_err("it is refused");
    assert_eq!(refused.to_string(), "CodeBuild gets only jobs that were found here");
}
