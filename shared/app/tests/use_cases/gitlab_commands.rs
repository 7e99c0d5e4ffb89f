//! `issue` and `deploy`: what somebody types, what GitLab is asked, what chat reads.

use app::gitlab::Api;
use app::gitlab::commands::{Behalf, execute};
use chatops::grammar;
use config::commands::Platform;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::gitlab_peer::{GitLabPeer, issue, job};
use crate::world::World;

struct Chat {
    gitlab: GitLabPeer,
    world: World,
    behalf: Behalf,
}

impl Chat {
    /// Ann types. She is linked, and a Developer.
    async fn new() -> Self {
        let (gitlab, world) = (GitLabPeer::start().await, World::new().await.unwrap());
        Self { gitlab, world, behalf: Behalf { login: "ann".to_owned(), user_id: Some(7), access_level: 30 } }
    }

    async fn types(&self, text: &str) -> Value {
        let (outbound, settings) = (self.world.outbound(), self.gitlab.settings());
        let api = Api::new(&outbound, &settings);
        execute(&api, Platform::Slack, &self.behalf, &grammar::parse(text)).await.unwrap()
    }

    /// What she reads, and who else does.
    async fn reads(&self, text: &str) -> String {
        let answer = self.types(text).await;
        let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let attachments = answer["attachments"].as_array().cloned().unwrap_or_default();
        let attached = attachments.iter().map(|attachment| {
            let lines = ["pretext", "title", "text"].map(|name| part(&attachment[name]));
            lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        });
        let mut lines = vec![part(&answer["response_type"]), part(&answer["text"])];
        lines.extend(attached);
        lines.retain(|line| !line.is_empty());
        lines.join("\n").replace(&self.gitlab.url, "GITLAB")
    }

    /// The requests, and their bodies.
    fn asked(&self) -> String {
        let line = |asked: crate::gitlab_peer::Asked| {
            assert_eq!(asked.token.as_deref(), Some("glpat-project"));
            let what = asked.what.replace("/git/api/v4/projects/mike%2Fdiaspora", "");
            if asked.body.is_null() { what } else { format!("{what} {}", asked.body) }
        };
        self.gitlab.asked().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[tokio::test]
async fn an_issue_is_shown() {
    let chat = Chat::new().await;
    chat.gitlab.answers("GET issues/12", 200, issue(12));
    assert_snapshot!(chat.reads("issue show #12").await, @r"
    in_channel
    Issue *#12* from mike/diaspora
    It broke · #12
    *Open*
    ");
    assert_snapshot!(chat.reads("issue show 13").await, @r"
    ephemeral
    404 not found! GitLab couldn't find what you were looking for! :boom:
    ");
}

/// Orders to GitLab in what somebody typed would be carried out with the rights of the project's token.
#[tokio::test]
async fn an_issue_is_opened_on_somebodys_behalf_and_what_it_says_is_text() {
    let chat = Chat::new().await;
    chat.gitlab.answers("POST issues", 201, issue(14));
    assert_snapshot!(chat.reads("issue new It broke\nAll of it\n/assign @root").await, @r"
    in_channel
    I created an issue on <GITLAB/ann|@ann>'s behalf: *#14* in <GITLAB/mike/diaspora|mike/diaspora>
    It broke · #14
    ");
    assert_snapshot!(chat.asked(), @r#"POST /issues {"description":"All of it\n\\/assign @root\n\n*From chat, on @ann's behalf.*","title":"It broke"}"#);
}

#[tokio::test]
async fn who_is_linked_to_nobody_is_named_and_not_called() {
    let mut chat = Chat::new().await;
    chat.behalf = Behalf { login: "root`\n".to_owned(), user_id: None, access_level: 0 };
    chat.gitlab.answers("POST issues", 201, issue(14));
    assert_snapshot!(chat.reads("issue new It broke").await, @r"
    in_channel
    I created an issue on @root` 's behalf: *#14* in <GITLAB/mike/diaspora|mike/diaspora>
    It broke · #14
    ");
    assert_snapshot!(chat.asked(), @r#"POST /issues {"description":"*From chat, on behalf of* `root`","title":"It broke"}"#);
}

#[tokio::test]
async fn issues_are_searched_without_what_is_confidential_unless_the_caller_may_see_it() {
    let mut chat = Chat::new().await;
    chat.gitlab.answers("GET issues?search=red+%26+blue&scope=all&per_page=5", 200, json!([issue(12)]));
    assert_snapshot!(chat.reads("issue search red & blue").await, @r"
    ephemeral
    Here is the only issue I found:
    <https://gitlab.example.net/mike/diaspora/-/issues/12|#12> · It broke (Open)
    ");
    chat.asked();
    chat.behalf.access_level = 10;
    chat.types("issue search red").await;
    assert_eq!(chat.asked(), "GET /issues?search=red&scope=all&per_page=5&confidential=false");
}

#[tokio::test]
async fn a_confidential_issue_is_not_there_for_whoever_may_not_see_it() {
    let mut chat = Chat::new().await;
    let mut secret = issue(12);
    secret["confidential"] = true.into();
    chat.gitlab.answers("GET issues/12", 200, secret);
    assert!(chat.reads("issue show 12").await.starts_with("ephemeral\nIssue *#12*"));
    chat.behalf.access_level = 10;
    for text in ["issue show 12", "issue close 12", "issue comment 12\nx", "issue move 12 to a/b"] {
        assert!(chat.reads(text).await.contains("404 not found!"), "{text}");
    }
    assert!(!chat.asked().contains("PUT"), "nothing was changed");
}

#[tokio::test]
async fn an_issue_is_closed_once() {
    let chat = Chat::new().await;
    let mut closed = issue(12);
    closed["state"] = "closed".into();
    chat.gitlab.answers("GET issues/12", 200, issue(12));
    chat.gitlab.answers("GET issues/12", 200, closed.clone());
    chat.gitlab.answers("PUT issues/12", 200, closed);
    assert_snapshot!(chat.reads("issue close 12").await, @r"
    in_channel
    I closed an issue on <GITLAB/ann|@ann>'s behalf: *#12* in <GITLAB/mike/diaspora|mike/diaspora>
    It broke · #12
    ");
    assert_snapshot!(chat.reads("issue close 12").await, @r"
    ephemeral
    Issue #12 is already closed.
    ");
}

#[tokio::test]
async fn an_issue_is_commented_on() {
    let chat = Chat::new().await;
    chat.gitlab.answers("GET issues/12", 200, issue(12));
    chat.gitlab.answers("POST issues/12/notes", 201, json!({"id": 1}));
    assert_snapshot!(chat.reads("issue comment 12\n/close\nfine").await, @r"
    ephemeral
    I commented on an issue on <GITLAB/ann|@ann>'s behalf: *#12* in <GITLAB/mike/diaspora|mike/diaspora>
    It broke · #12
    ");
    assert_snapshot!(chat.asked(), @r#"
    GET /issues/12
    POST /issues/12/notes {"body":"\\/close\nfine\n\n*From chat, on @ann's behalf.*"}
    "#);
}

#[tokio::test]
async fn an_issue_is_moved_to_where_the_caller_may_move_it() {
    let chat = Chat::new().await;
    chat.gitlab.answers("GET issues/12", 200, issue(12));
    chat.gitlab.answers("GET /projects/ann%2Fother", 200, json!({"id": 99}));
    assert_snapshot!(chat.reads("issue move 12 to ann/other").await, @r"
    ephemeral
    404 not found! GitLab couldn't find what you were looking for! :boom:
    ");
    chat.gitlab.answers("GET /projects/ann%2Fother/members/all/7", 200, json!({"access_level": 30}));
    let refused = json!({"message": {"base": ["Cannot move issue to project it originates from!"]}});
    chat.gitlab.answers("POST issues/12/move", 400, refused);
    chat.gitlab.answers("POST issues/12/move", 201, issue(3));
    assert_snapshot!(chat.reads("issue move 12 to ann/other").await, @r"
    ephemeral
    The action was not successful, because:
    - Cannot move issue to project it originates from!
    ");
    assert_snapshot!(chat.reads("issue move 12 to ann/other").await, @r"
    in_channel
    Moved issue *<https://gitlab.example.net/mike/diaspora/-/issues/12|#12>* to *<https://gitlab.example.net/mike/diaspora/-/issues/3|#3>*
    It broke · #3
    ");
}

const LAST: &str = "GET deployments?environment=staging&status=success&order_by=id&sort=desc&per_page=1";
const MANUAL: &str = "GET pipelines/46/jobs?per_page=100&scope%5B%5D=manual";
const LINT: &str = "GET ci/lint?content_ref=cafe&include_jobs=true";

/// Two manual jobs; `release` and `production` go to where `environments` says.
fn prepare(gitlab: &GitLabPeer, environments: [&str; 2]) {
    let deployed = json!([{"id": 1, "sha": "cafe", "deployable": job(80, "to-staging", "success")}]);
    gitlab.answers(LAST, 200, deployed);
    gitlab.answers(MANUAL, 200, json!([job(81, "release", "manual"), job(82, "production", "manual")]));
    let jobs = json!([
        {"name": "release", "environment": environments[0]},
        {"name": "production", "environment": environments[1]},
        {"name": "test", "environment": null},
    ]);
    gitlab.answers(LINT, 200, json!({"valid": true, "errors": [], "merged_yaml": "", "jobs": jobs}));
}

#[tokio::test]
async fn what_is_in_one_environment_is_deployed_to_another_one() {
    let chat = Chat::new().await;
    prepare(&chat.gitlab, ["live", "review"]);
    chat.gitlab.answers("POST jobs/81/play", 200, job(81, "release", "pending"));
    assert_snapshot!(chat.reads("deploy staging to live").await, @r"
    in_channel
    Deployment started from staging to live. <https://gitlab.example.net/mike/diaspora/-/jobs/81|Follow its progress>.
    ");
    assert_snapshot!(chat.reads("deploy staging to mars").await, @r"
    ephemeral
    Couldn't find a deployment manual action.
    ");
    assert_snapshot!(chat.reads("deploy venus to mars").await, @r"
    ephemeral
    404 not found! GitLab couldn't find what you were looking for! :boom:
    ");
}

#[tokio::test]
async fn of_two_ways_the_one_that_is_called_so_is_taken() {
    let chat = Chat::new().await;
    prepare(&chat.gitlab, ["production", "production"]);
    chat.gitlab.answers("POST jobs/82/play", 400, json!({"message": "400 Bad request - Unplayable Job"}));
    assert_snapshot!(chat.reads("deploy staging to production").await, @r"
    ephemeral
    Couldn't start the deployment: 400 Bad request - Unplayable Job
    ");
}

#[tokio::test]
async fn what_is_wrong_at_gitlab_is_said_in_one_sentence() {
    let chat = Chat::new().await;
    for (status, retry_after) in [(401, None), (403, None), (429, Some("17")), (502, None)] {
        chat.gitlab.answers_raw("GET issues/1", (status, retry_after), b"<html>".to_vec());
    }
    chat.gitlab.answers_raw("GET issues/1", (200, None), b"[1".to_vec());
    let mut read = Vec::new();
    for _ in 0..5 {
        read.push(chat.reads("issue show 1").await.replace("ephemeral\n", ""));
    }
    assert_snapshot!(read.join("\n"), @r"
    That did not work: GitLab does not take the token, or the token may not do that.
    That did not work: GitLab does not take the token, or the token may not do that.
    That did not work: GitLab is asked too often; it wants to be left alone for 17 s.
    That did not work: GitLab has a fault of its own (status 502).
    That did not work: GitLab's answer makes no sense.
    ");
}

/// The token is for GitLab, and not for whoever GitLab's address leads to.
#[tokio::test]
async fn a_redirect_is_not_followed_and_an_endless_answer_not_read() {
    let chat = Chat::new().await;
    chat.gitlab.answers("GET issues/1", 302, json!({}));
    assert!(chat.reads("issue show 1").await.ends_with("GitLab has a fault of its own (status 302)."));
    chat.gitlab.answers_raw("GET issues/2", (200, None), vec![b' '; 2 * 1024 * 1024 + 1]);
    assert!(chat.reads("issue show 2").await.ends_with("GitLab's answer broke off, or is too long."));
}

#[tokio::test]
async fn the_guard_holds_for_gitlab_as_well() {
    let chat = Chat::new().await;
    let mut settings = chat.gitlab.settings();
    settings.url = "http://169.254.169.254".parse().unwrap();
    let outbound = chat.world.outbound();
    let api = Api::new(&outbound, &settings);
    let answer = execute(&api, Platform::Slack, &chat.behalf, &grammar::parse("issue show 1")).await.unwrap();
    assert_snapshot!(answer["text"].as_str().unwrap(), @"That did not work: GitLab does not answer: 169.254.169.254 is the address of a cloud's metadata service, which hands out credentials.");
}
