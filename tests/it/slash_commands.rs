//! Slash commands on one machine: what is typed in a chat runs a job of a repository, and what that prints is read in the
//! chat. The repository is bare, the job's shell is real, and so are the connections.
//!
//! Not here: the many ways in which it goes otherwise (`use_cases/chat_*.rs` of `shared/app`, and `shared/jobs`).

use std::time::Duration;

use app::clock::Clock;
use end_to_end::{BareRepository, Bellhop, HttpReceiver, Project};
use payload::{Secret, hub_signature};
use reqwest::Client;
use serde_json::Value;

/// GitLab's own examples (<https://docs.gitlab.com/ci/chatops/>), and one that gives back what was typed.
const CI: &str = r#"
stages: [chatops]

hello-world:
  stage: chatops
  only: [chat]
  script:
    - echo "Hello World."

ls:
  stage: chatops
  only: [chat]
  script:
    - command='ls'
    - echo -e "section_start:$( date +%s ):chat_reply\r\033[0K\n$( $command )\nsection_end:$( date +%s ):chat_reply\r\033[0K"

echo:
  stage: chatops
  only: [chat]
  script: printf %s "$CHAT_INPUT"
"#;

const TOKEN: &str = "gr8tok3n";
const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// A Bellhop whose project has commands in both chats, and a Mattermost that takes posts.
struct House {
    bellhop: Bellhop,
    mattermost: HttpReceiver,
    client: Client,
    typed: u32,
    _repository: BareRepository,
}

impl House {
    async fn new() -> Self {
        Self::with(async |project| Bellhop::start(&[project]).await).await
    }

    /// It does not post to Slack.
    async fn secluded() -> Self {
        Self::with(async |project| Bellhop::secluded(&[project]).await).await
    }

    async fn with(start: impl AsyncFnOnce(&Project) -> Bellhop) -> Self {
        let repository = BareRepository::with(&[(".gitlab-ci.yml", CI), ("README", "x"), ("notes.txt", "y")]);
        let mattermost = HttpReceiver::start().await;
        let origin = mattermost.url().trim_end_matches("/hook");
        let project = Project::named("mike/diaspora").with_setting(&settings(&repository.url(), origin));
        let bellhop = start(&project).await;
        Self { bellhop, mattermost, client: Client::new(), typed: 0, _repository: repository }
    }

    /// What stands in the body of every chat's request, each time under another id.
    fn form(&mut self, user: &str, text: &str, response_url: &str) -> String {
        self.typed += 1;
        let encoded =
            |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        format!(
            "team_id=T1&channel_id=C1&channel_name=ops&user_id={user}&user_name=ann&command=%2Fbellhop&text={}\
             &response_url={}&trigger_id=t{}",
            encoded(text),
            encoded(response_url),
            self.typed
        )
    }

    /// Somebody types in Mattermost. What is answered at once.
    async fn mattermost(&mut self, text: &str) -> Value {
        let response_url = self.mattermost.url().to_owned();
        let body = format!("token={TOKEN}&{}", self.form("UEVE", text, &response_url));
        self.post("mattermost", &[("authorization", format!("Token {TOKEN}"))], body).await
    }

    /// Somebody types in Slack. What is answered at once.
    async fn slack(&mut self, user: &str, text: &str) -> Value {
        let body = self.form(user, text, "https://hooks.slack.com/commands/T1/1/x");
        let now = Clock::System.now().seconds();
        let signed = format!("v0:{now}:{body}");
        let signature =
            hub_signature(&Secret::new(SIGNING_SECRET), signed.as_bytes()).replace("sha256=", "v0=");
        let headers = [("x-slack-signature", signature), ("x-slack-request-timestamp", now.to_string())];
        self.post("slack", &headers, body).await
    }

    /// How Ann's latest run from Slack ended.
    async fn slacks_status(&mut self) -> String {
        loop {
            let status = self.slack("UANN", "status").await;
            let status = status["text"].as_str().expect("a text");
            if !status.contains("is about to start") && !status.contains("has been running") {
                return status.to_owned();
            }
        }
    }

    async fn post(&self, command: &str, headers: &[(&str, String)], body: String) -> Value {
        let url = format!("{}/commands/{command}", self.bellhop.url());
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.expect("Bellhop answers");
        assert_eq!(response.status(), 200);
        let text = response.text().await.expect("it says something");
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// What the next post to Mattermost says that a job printed.
    async fn printed(&self) -> String {
        let post: Value = serde_json::from_slice(&self.mattermost.receives().await.body).expect("it is JSON");
        let attachment = &post["attachments"][0];
        assert!(
            attachment["text"].as_str().is_some_and(|text| text.ends_with("completed successfully")),
            "{post}"
        );
        let output = attachment["fields"][2]["value"].as_str().expect("it has output");
        output.trim_start_matches("```shell\n").trim_end_matches("\n```").to_owned()
    }
}

fn settings(repository: &str, origin: &str) -> String {
    format!(
        r#"
[project.jobs]
executor = "local"
repository = "{repository}"

[[project.command]]
id = "mattermost"
platform = "mattermost"
tokens = ["{TOKEN}"]
origin = "{origin}"

[[project.command.rule]]
anyone = true
jobs = ["*"]

[[project.command]]
id = "slack"
platform = "slack"
signing_secrets = ["{SIGNING_SECRET}"]

[[project.command.rule]]
users = ["UANN"]
jobs = ["hello-world"]
"#
    )
}

#[tokio::test]
async fn what_is_typed_in_mattermost_runs_gitlabs_own_examples() {
    let mut house = House::new().await;
    let answered = house.mattermost("run hello-world").await;
    assert!(answered["text"].as_str().is_some_and(|text| text.ends_with("has been created!")), "{answered}");
    assert_eq!(house.printed().await, "Hello World.");

    house.mattermost("run ls").await;
    assert_eq!(house.printed().await, "README\nnotes.txt");
}

/// Case 21 of the ChatOps cases.
#[tokio::test]
async fn what_is_typed_behind_a_job_comes_back_byte_by_byte() {
    let mut house = House::new().await;
    let typed = "$(id);`id` && $HOME \"x' \ny";
    house.mattermost(&format!("run echo {typed}")).await;
    // Only two backticks that touch are kept apart, and these do not.
    assert_eq!(house.printed().await, typed);
}

#[tokio::test]
async fn a_signed_command_from_slack_runs_what_its_user_may_run() {
    let mut house = House::secluded().await;
    let refused = house.slack("UANN", "run ls").await;
    assert_eq!(refused["text"], "You are not allowed to perform the given chatops command.");
    assert_eq!(
        house.slack("UANN", "run hello-world").await,
        serde_json::json!({"response_type": "in_channel", "text": ""})
    );
    // Only a test that fails waits for so long.
    let status = tokio::time::timeout(Duration::from_mins(1), house.slacks_status()).await;
    let status = status.expect("it ends within a minute");
    assert!(status.contains("succeeded after") && status.ends_with("Hello World."), "{status}");
}
