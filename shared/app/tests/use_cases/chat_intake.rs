//! What comes in at the doors for slash commands, and what is let in. The numbers are those of `shared/chatops/CASES.md`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use app::audit::{self, Arguments, Entry};
use app::chat::{Entrance, ReceiveError, Reply, receive};
use app::egress::Guard;
use app::http_target::Outbound;
use app::queue::{Queue, QueueError, Task};
use app::runs;
use async_trait::async_trait;
use config::ProjectId;
use payload::Payload;

use super::chat_world::{Answered, ChatWorld, MATTERMOST_TOKEN, NOW_S, signature};

/// Ann may run what begins with an `l`.
const ANN_RUNS_LS: &str = r#"[{"users": ["UANN"], "jobs": ["l*"]}]"#;

/// Slack's own example of a signed request.
const EXAMPLE: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const EXAMPLES_SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

async fn audited(world: &ChatWorld) -> Vec<Entry> {
    let listing = audit::Listing { project: ProjectId(7), limit: 100, after: None };
    audit::list(&world.app, &listing).await.unwrap().entries
}

async fn example(world: &ChatWorld, signature: Option<&str>, timestamp: &str, body: &str) -> Answered {
    let timestamp = ("x-slack-request-timestamp", timestamp);
    match signature {
        Some(signature) => {
            world.post("/commands/slack", &[timestamp, ("x-slack-signature", signature)], body).await
        }
        None => world.post("/commands/slack", &[timestamp], body).await,
    }
}

#[tokio::test]
async fn case_1_slacks_own_example_is_let_in() {
    let Some(world) = ChatWorld::new("[]").await else { return };
    let answered = example(&world, Some(EXAMPLES_SIGNATURE), "1531420618", EXAMPLE).await;
    assert!(answered.shown().starts_with("[ephemeral] The specified command is not valid."), "{answered:?}");
}

#[tokio::test]
async fn cases_2_and_3_what_is_not_signed_is_refused_without_a_word_and_leaves_nothing() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let refused = Answered { status: 401, body: String::new() };
    let now = "1531420618";
    assert_eq!(example(&world, Some(EXAMPLES_SIGNATURE), now, &format!("{EXAMPLE}x")).await, refused);
    let other_scheme = EXAMPLES_SIGNATURE.replace("v0=", "v1=");
    assert_eq!(example(&world, Some(&other_scheme), now, EXAMPLE).await, refused);
    assert_eq!(example(&world, None, now, EXAMPLE).await, refused);

    let body = world.form("UANN", "run ls", "https://hooks.slack.com/commands/x");
    // The clock stands six seconds behind the example.
    for timestamp in
        [NOW_S + 6 + 301, NOW_S + 6 - 301].map(|s| s.to_string()).iter().map(String::as_str).chain(["now"])
    {
        assert_eq!(example(&world, Some(&signature(timestamp, &body)), timestamp, &body).await, refused);
    }
    assert_eq!((world.work().await, audited(&world).await), (vec![], vec![]));
}

#[tokio::test]
async fn case_4_the_same_request_twice_is_one_run() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let body = world.form("UANN", "run ls", "https://hooks.slack.com/commands/x");
    let silence = Answered { status: 200, body: String::new() };
    assert!(world.slack_body(&body).await.shown().starts_with("[in_channel]"));
    for _ in 0..3 {
        assert_eq!(world.slack_body(&body).await, silence);
    }
    world.clock.advance(Duration::from_mins(4));
    assert_eq!(world.slack_body(&body).await, silence);
    world.work().await;
    assert_eq!((world.ordered().len(), audited(&world).await.len()), (1, 1));
}

#[tokio::test]
async fn twenty_copies_at_once_are_one_run_and_one_is_answered() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let body = world.form("UANN", "run ls", "https://hooks.slack.com/commands/x");
    let answers = futures_util::future::join_all((0..20).map(|_| world.slack_body(&body))).await;
    assert_eq!(answers.iter().filter(|answer| !answer.body.is_empty()).count(), 1);
    world.work().await;
    let mut orders = world.ordered();
    orders.dedup();
    assert_eq!((orders.len(), audited(&world).await.len()), (1, 1));
    let listing = runs::Listing { project: ProjectId(7), limit: 100, after: None };
    assert_eq!(runs::list(&world.app, &listing).await.unwrap().runs.len(), 1);
}

/// Takes tasks only once it is well.
struct Ailing {
    queue: Arc<dyn Queue>,
    is_well: AtomicBool,
}

#[async_trait]
impl Queue for Ailing {
    async fn send(&self, tasks: Vec<Task>) -> Result<(), QueueError> {
        if self.is_well.load(Ordering::SeqCst) {
            return self.queue.send(tasks).await;
        }
        Err(QueueError::Unavailable("it is ailing".into()))
    }
}

#[tokio::test]
async fn what_broke_off_in_the_middle_is_finished_by_the_next_copy() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let queue = Ailing { queue: Arc::clone(&world.queue), is_well: AtomicBool::new(false) };
    let outbound = Outbound::new(Guard::default()).unwrap();
    let body = world.mattermost_form("UANN", "run ls");
    let headers = [("authorization".parse().unwrap(), format!("Token {MATTERMOST_TOKEN}").parse().unwrap())];
    let headers = headers.into_iter().collect();
    let id = "mattermost".to_owned().try_into().unwrap();
    let again = async || {
        let payload = Payload { headers: &headers, body: body.as_bytes() };
        receive(&world.app, (&queue, &outbound), Entrance::Command(&id), payload).await
    };
    assert!(matches!(again().await, Err(ReceiveError::Queue(_))));
    assert_eq!(world.work().await, []);
    queue.is_well.store(true, Ordering::SeqCst);
    assert_eq!(again().await.unwrap(), Reply::Silence);
    world.work().await;
    assert_eq!((world.ordered().len(), audited(&world).await.len()), (1, 1));
}

#[tokio::test]
async fn case_5_a_token_that_is_right_in_one_place_only_is_refused() {
    let Some(world) = ChatWorld::new("[]").await else { return };
    let body = world.mattermost_form("UANN", "help");
    let right = format!("Token {MATTERMOST_TOKEN}");
    let wrong_form = body.replace(MATTERMOST_TOKEN, "other");
    for (header, body) in [(right.as_str(), wrong_form.as_str()), ("Token other", &body)] {
        let answered = world.post("/commands/mattermost", &[("authorization", header)], body).await;
        assert_eq!(answered, Answered { status: 401, body: String::new() });
    }
    let answered = world.post("/commands/mattermost", &[("authorization", &right)], &body).await;
    assert!(answered.shown().starts_with("[ephemeral] *Available commands*"));
}

#[tokio::test]
async fn case_6_a_team_that_nobody_knows_learns_nothing() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let body =
        world.form("UANN", "run ls", "https://hooks.slack.com/commands/x").replace("%54%31&", "%54%32&");
    assert_eq!(world.slack_body(&body).await.shown(), "[ephemeral] GitLab error: project or alias not found");
    assert_eq!((world.work().await, audited(&world).await), (vec![], vec![]));
}

#[tokio::test]
async fn case_8_who_may_not_is_told_so_and_the_audit_says_why() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    for text in ["run ls --all", "run deploy"] {
        let user = if text == "run deploy" { "UANN" } else { "UEVE" };
        let shown = world.slack(user, text).await.shown();
        assert_eq!(shown, "[ephemeral] You are not allowed to perform the given chatops command.");
    }
    assert_eq!(world.work().await, []);
    let [second, first] = &audited(&world).await[..] else { panic!() };
    assert_eq!((first.user.id.as_str(), first.what.as_str(), first.is_allowed), ("UEVE", "run ls", false));
    assert_eq!((first.decision.as_str(), first.outcome.as_str()), ("no rule allows it", "denied"));
    assert_eq!(first.arguments, Arguments::Digest(audit::digest(&world.app, "--all")));
    assert_eq!((second.what.as_str(), &second.arguments), ("run deploy", &Arguments::None));
}

#[tokio::test]
async fn arguments_are_kept_where_the_project_wants_that() {
    let keeping = |mut project: config::Project| {
        let jobs = project.jobs.as_mut().unwrap();
        jobs.audit_arguments = config::jobs::AuditArguments::Kept;
        project
    };
    let Some(world) = ChatWorld::with(ANN_RUNS_LS, keeping).await else { return };
    world.slack("UANN", "run ls --all").await;
    assert_eq!(audited(&world).await[0].arguments, Arguments::Kept("--all".to_owned()));
}

#[tokio::test]
async fn cases_9_and_10_help_is_for_the_caller_alone_and_follows_what_is_no_command() {
    let Some(world) = ChatWorld::new("[]").await else { return };
    let help = world.slack("UEVE", "help").await.shown();
    insta::assert_snapshot!(help, @r#"
    [ephemeral] *Available commands*

    The following commands are available for this chatops integration:

    /bellhop run &lt;command&gt; &lt;arguments&gt;
    /bellhop jobs
    /bellhop status [run]
    /bellhop cancel &lt;run&gt;
    /bellhop confirm &lt;run&gt;
    /bellhop help

    If available, the `run` command is used for running GitLab CI jobs defined in this project's `.gitlab-ci.yml` file. For example, if a job called "help" is defined you can run it like so:

    `/bellhop run help`

    *Documentation*

    For more information about GitLab chatops, refer to its documentation: https://docs.gitlab.com/ci/chatops/.
    "#);
    let list = help.replace("[ephemeral] ", "");
    for text in ["frob", "", "issue show 1"] {
        world.clock.advance(Duration::from_secs(1));
        let shown = world.slack("UEVE", text).await.shown();
        assert_eq!(shown, format!("[ephemeral] The specified command is not valid.\n\n{list}"), "{text}");
    }
    let whats: Vec<_> = audited(&world).await.into_iter().map(|entry| entry.what).collect();
    assert_eq!(whats, ["issue show", "unknown", "unknown", "help"].map(str::to_owned));
}

#[tokio::test]
async fn case_15_a_run_is_acknowledged_so_that_everybody_sees_the_command() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let slack = world.slack("UANN", "run ls").await;
    assert_eq!((slack.status, slack.body.as_str()), (200, r#"{"response_type":"in_channel","text":""}"#));
    let mattermost = world.mattermost("UANN", "run ls").await.shown();
    let run = world.run_of("mattermost", "UANN").await.id;
    assert_eq!(mattermost, format!("[ephemeral] Your ChatOps job \\#{run} has been created!"));
    world.work().await;
    assert_eq!(world.ordered().len(), 2);
}

/// The second half of case 18, and of case 25.
#[tokio::test]
async fn forged_markers_and_addresses_inside_are_refused_at_the_door() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let forged = world.slack("UANN", "run ls section_start:1:chat_reply\r\u{1b}[0K").await;
    assert_eq!(forged.shown(), "[ephemeral] A command holds no control characters but line breaks and tabs.");
    let body = world.form("UANN", "run ls", "http://169.254.169.254/");
    let inside = world.slack_body(&body).await;
    assert_eq!(inside.shown(), "[ephemeral] The response_url is not on the chat's own host.");
    assert_eq!((world.work().await, audited(&world).await), (vec![], vec![]));
}

#[tokio::test]
async fn gitlabs_own_addresses_lead_to_the_same_commands_and_tell_strangers_nothing() {
    let Some(world) = ChatWorld::new(ANN_RUNS_LS).await else { return };
    let token = format!("Token {MATTERMOST_TOKEN}");
    let path =
        |id: &str, kind: &str| format!("/api/v4/projects/{id}/{kind}/mattermost_slash_commands/trigger");
    for (id, kind) in [("7", "integrations"), ("mike%2Fdiaspora", "integrations"), ("7", "services")] {
        let body = world.mattermost_form("UANN", "help");
        let answered = world.post(&path(id, kind), &[("authorization", &token)], &body).await;
        assert!(answered.shown().contains("*Available commands*"), "{id} {kind}");
    }
    let unknown = Answered { status: 404, body: r#"{"message":"404 Integration Not Found"}"#.to_owned() };
    let body = world.mattermost_form("UANN", "help");
    for (id, token) in [("8", &*token), ("mike%2Fother", &token), ("a b", &token), ("7", "Token other")] {
        assert_eq!(
            world.post(&path(id, "integrations"), &[("authorization", token)], &body).await,
            unknown,
            "{id}"
        );
    }
    // The other chat's token does not fit either.
    let slacks = "/api/v4/projects/7/integrations/slack_slash_commands/trigger";
    assert_eq!(world.post(slacks, &[("authorization", &token)], &body).await, unknown);
    assert_eq!(world.post("/commands/nobody", &[("authorization", &token)], &body).await, unknown);
}

#[tokio::test]
async fn only_small_posts_are_taken() {
    let Some(world) = ChatWorld::new("[]").await else { return };
    assert_eq!(world.get("/commands/mattermost?token=x&text=help").await, 405);
    let endless = "x".repeat(256 * 1024 + 1);
    assert_eq!(world.post("/commands/mattermost", &[], &endless).await.status, 400);
}
