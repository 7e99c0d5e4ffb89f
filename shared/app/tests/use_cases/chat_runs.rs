//! Runs, from consent to the last reply. The numbers are those of `shared/chatops/CASES.md`.

use std::time::Duration;

use app::executor::Ending;
use app::queue::Answer;
use app::runs::{self, Consent, State};
use app::{audit, chat};
use config::ProjectId;

use super::chat_world::{BOT_TOKEN, ChatWorld, shown};

/// Anybody may run anything.
pub(crate) const ANYBODY: &str = r#"[{"anyone": true, "jobs": ["*"]}]"#;
/// Deployers may deploy once a second of them has consented, and clean up once they have thought about it.
const CAREFUL: &str = r#"[
    {"groups": ["deployers"], "jobs": ["deploy"], "approval": "second_person"},
    {"groups": ["deployers"], "jobs": ["clean"], "approval": "confirm", "approval_expires_s": 60}
]"#;

/// Somebody runs a job from Mattermost, and an executor begins it.
pub(crate) async fn running(world: &ChatWorld, text: &str) -> runs::Run {
    world.mattermost("UANN", text).await;
    let run = world.run_of("mattermost", "UANN").await;
    world.work().await;
    assert_eq!(world.ordered(), [format!("run {}", run.id)]);
    world.begins(&run.id).await;
    run
}

fn only(posts: &[super::chat_peers::Post]) -> String {
    let [post] = posts else { panic!("{posts:?}") };
    assert_eq!((post.path.as_str(), post.authorization.as_deref()), ("/hooks/commands/x", None));
    shown(&post.body)
}

#[tokio::test]
async fn a_run_is_told_of_once_when_it_ends() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run hello-world").await;
    world.ends(&run.id, Ending::Succeeded, "Hello World.\n").await;
    world.ends(&run.id, Ending::Failed { exit_code: Some(1) }, "too late\n").await;
    world.work().await;
    let told = only(&world.posts()).replace(&run.id.to_string(), "RUN");
    let (told, link) = (told.split("?expires").next().unwrap(), told.split_once(')').unwrap().1);
    insta::assert_snapshot!(format!("{told}?expires=...){link}"), @"
    [in_channel] ChatOps job started by uann completed successfully
    ID: [#RUN](https://bellhop.example.net/runs/RUN/log?expires=...)
    Name: hello-world
    Output: ```shell
    Hello World.
    ```
    ");
    // The task comes once more.
    world.ends(&run.id, Ending::Succeeded, "").await;
    world.work().await;
    assert_eq!(world.posts().len(), 0);
    let entries = audit::list(&world.app, &audit::Listing { project: ProjectId(7), limit: 9, after: None });
    assert_eq!(entries.await.unwrap().entries[0].outcome, "succeeded");
}

#[tokio::test]
async fn case_19_what_is_too_large_is_cut_and_linked() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    for (bytes, is_whole) in [(3_584, true), (3_585, false)] {
        let run = running(&world, "run long").await;
        let printed = format!("é{}", "x".repeat(bytes - 2));
        world.ends(&run.id, Ending::Succeeded, &format!("{printed}\n")).await;
        world.work().await;
        let told = only(&world.posts());
        assert_eq!(told.contains(&printed), is_whole);
        assert_eq!(told.contains("The output is too large to be sent back directly!"), !is_whole, "{told}");
        assert_eq!(runs::read_log(&world.app, &run.id).await.unwrap().unwrap(), printed);
    }
}

#[tokio::test]
async fn cases_20_and_23_a_failure_shows_its_last_lines_without_secrets() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run build").await;
    world.ends(&run.id, Ending::Failed { exit_code: Some(1) }, "cc x.c\nkey hunter2-s3cret\n").await;
    world.work().await;
    let told = only(&world.posts());
    assert!(told.contains("Sorry, the build failed!") && told.contains("Exit code 1."), "{told}");
    assert!(told.contains("cc x.c\nkey [MASKED]"), "{told}");
    assert_eq!(runs::read_log(&world.app, &run.id).await.unwrap().unwrap(), "cc x.c\nkey [MASKED]");

    let run = running(&world, "run quiet").await;
    world.ends(&run.id, Ending::Succeeded, "").await;
    world.work().await;
    assert!(only(&world.posts()).contains("done, no output, 12 s"));
    assert_eq!(runs::read_log(&world.app, &run.id).await.unwrap(), None);
}

#[tokio::test]
async fn case_24_what_a_job_prints_is_text() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run evil").await;
    world.ends(&run.id, Ending::Succeeded, "<!channel> <@U9> @all <http://evil> & ```\n").await;
    world.work().await;
    let [post] = &world.posts()[..] else { panic!() };
    assert_eq!(post.body["props"]["disable_mentions"], true);
    assert_eq!(post.body.to_string().matches("```").count(), 2);
}

#[tokio::test]
async fn a_job_that_needs_a_second_person_waits_for_one() {
    let Some(world) = ChatWorld::new(CAREFUL).await else { return };
    let asked = world.mattermost("UANN", "run deploy prod").await.shown();
    let run = world.run_of("mattermost", "UANN").await.id.to_string();
    assert_eq!(
        asked,
        format!(
            "[in_channel] This job starts once a second person confirms it within 10 min: `/bellhop confirm {run}`"
        )
    );
    let confirm = format!("confirm {run}");
    for (user, expected) in [
        ("UANN", "This job has to be confirmed by a second person."),
        ("UEVE", "404 not found! GitLab couldn't find what you were looking for! :boom:"),
    ] {
        assert_eq!(world.mattermost(user, &confirm).await.shown(), format!("[ephemeral] {expected}"));
    }
    assert_eq!(world.work().await, []);
    assert!(world.mattermost("UBOB", &confirm).await.shown().contains("has been created!"));
    assert!(world.mattermost("UBOB", &confirm).await.shown().contains("is about to start."));
    world.work().await;
    assert_eq!(world.ordered(), [format!("run {run}")]);
    let kept = world.run_of("mattermost", "UANN").await;
    assert_eq!((kept.arguments.as_str(), kept.consented_by.unwrap().id.as_str()), ("prod", "UBOB"));
}

#[tokio::test]
async fn what_nobody_confirms_in_time_is_over_and_its_caller_hears_so() {
    let Some(world) = ChatWorld::new(CAREFUL).await else { return };
    let asked = world.mattermost("UANN", "run clean").await.shown();
    assert!(asked.starts_with("[ephemeral] This job starts once you confirm it within 1 min"), "{asked}");
    let run = world.run_of("mattermost", "UANN").await.id;
    world.pass(Duration::from_secs(59)).await;
    assert_eq!(world.work().await, []);
    world.pass(Duration::from_secs(2)).await;
    world.work().await;
    assert_eq!(only(&world.posts()), "[ephemeral] Nobody confirmed clean in time: it does not start.");
    assert_eq!(
        world.mattermost("UANN", &format!("confirm {run}")).await.shown(),
        format!("[ephemeral] #{run} is over already.")
    );
    world.pass(Duration::from_mins(1)).await;
    assert_eq!((world.work().await, world.ordered()), (vec![], vec![]));
}

#[tokio::test]
async fn between_two_sweeps_it_is_too_late_as_well() {
    let Some(world) = ChatWorld::new(CAREFUL).await else { return };
    world.mattermost("UANN", "run clean").await;
    let run = world.run_of("mattermost", "UANN").await.id;
    world.clock.advance(Duration::from_secs(61));
    let shown = world.mattermost("UANN", &format!("confirm {run}")).await.shown();
    assert_eq!(shown, "[ephemeral] Too late: the time to confirm this job is over.");
    assert_eq!(world.work().await, []);
}

#[tokio::test]
async fn a_manual_job_waits_for_its_caller_and_asks_once() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    world.mattermost("UANN", "run by-hand").await;
    let run = world.run_of("mattermost", "UANN").await.id;
    world.work().await;
    world.ordered();
    // Whoever finds the job sees that it is manual.
    assert!(chat::wait_for_consent(&world.app, &*world.queue, &run).await.unwrap());
    world.work().await;
    let told = only(&world.posts());
    assert!(told.starts_with("[ephemeral] This job starts once you confirm it within 10 min:"), "{told}");
    let waiting = runs::find(&world.app, &run).await.unwrap().unwrap();
    assert!(matches!(waiting.state, State::Waiting { consent: Consent::Manual, .. }));

    assert!(
        world.mattermost("UEVE", &format!("confirm {run}")).await.shown().contains("Only the one who asked")
    );
    world.mattermost("UANN", &format!("confirm {run}")).await;
    world.work().await;
    assert_eq!(world.ordered(), [format!("run {run}")]);
    assert!(!chat::wait_for_consent(&world.app, &*world.queue, &run).await.unwrap());
}

#[tokio::test]
async fn whoever_may_run_a_job_may_stop_it_and_nobody_else() {
    let Some(world) = ChatWorld::new(r#"[{"users": ["UANN", "UBOB"], "jobs": ["*"]}]"#).await else { return };
    let run = running(&world, "run long").await.id;
    let cancel = format!("cancel {run}");
    assert!(world.mattermost("UEVE", &cancel).await.shown().contains("404 not found!"));
    assert_eq!(world.mattermost("UBOB", &cancel).await.shown(), format!("[ephemeral] Stopping #{run}."));
    world.work().await;
    assert_eq!(world.ordered(), [format!("cancel {run}")]);
    world.ends(&run, Ending::Cancelled, "").await;
    world.work().await;
    assert!(only(&world.posts()).contains("long was cancelled by ubob."));
    assert_eq!(
        world.mattermost("UANN", &cancel).await.shown(),
        format!("[ephemeral] #{run} is over already.")
    );
}

#[tokio::test]
async fn what_has_not_begun_is_stopped_at_once() {
    let Some(world) = ChatWorld::new(CAREFUL).await else { return };
    world.mattermost("UANN", "run deploy").await;
    let run = world.run_of("mattermost", "UANN").await.id;
    world.mattermost("UANN", &format!("cancel #{run}")).await;
    world.work().await;
    assert!(only(&world.posts()).contains("deploy was cancelled by uann."));
    assert!(world.mattermost("UBOB", &format!("confirm {run}")).await.shown().contains("is over already."));
    assert_eq!(world.ordered(), Vec::<String>::new());
}

#[tokio::test]
async fn of_a_cancel_and_an_end_one_wins() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run race").await.id;
    world.ends(&run, Ending::Succeeded, "done\n").await;
    assert!(world.mattermost("UANN", &format!("cancel {run}")).await.shown().contains("is over already."));
    world.work().await;
    assert!(only(&world.posts()).contains("completed successfully"));
    assert_eq!(world.ordered(), Vec::<String>::new());
}

#[tokio::test]
async fn a_long_run_is_mentioned_once() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run slow").await.id;
    for seconds in [30, 29, 2, 60, 60] {
        world.clock.advance(Duration::from_secs(seconds));
        let run = runs::find(&world.app, &run).await.unwrap().unwrap();
        chat::go_on(&world.app, &*world.queue, &run).await.unwrap();
        world.work().await;
    }
    assert_eq!(only(&world.posts()), "[in_channel] uann: slow is still running, for 1 min 1 s now.");
}

#[tokio::test]
async fn status_tells_of_the_callers_latest_run_and_shows_what_it_printed() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    assert_eq!(
        world.slack("UANN", "status").await.shown(),
        "[ephemeral] You have not run anything here yet."
    );
    let run = running(&world, "run ls").await.id;
    world.clock.advance(Duration::from_secs(75));
    let status = world.mattermost("UANN", "status").await.shown();
    assert_eq!(status, format!("[ephemeral] ls (#{run}) has been running for 1 min 15 s."));
    world.ends(&run, Ending::Succeeded, "a\nb\n").await;
    let status = world.mattermost("UBOB", &format!("status #{run}")).await.shown();
    assert_eq!(status, format!("[ephemeral] ls (#{run}) succeeded after 12 s.\n```shell\na\nb\n```"));
    for nobody in ["0123456789ab", "x"] {
        assert!(
            world.mattermost("UANN", &format!("status {nobody}")).await.shown().contains("404 not found!")
        );
    }
    // Another command of the same project has runs of its own.
    assert!(world.slack("UANN", &format!("status {run}")).await.shown().contains("404 not found!"));
}

#[tokio::test]
async fn a_chat_that_is_down_is_told_when_it_is_back() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run ls").await.id;
    world.answers_next(&[503, 429, 500]);
    world.ends(&run, Ending::Succeeded, "a\n").await;
    let mut waited = Vec::new();
    while world.posts().is_empty() {
        let [Answer::Again { after }] = world.work().await[..] else { break };
        waited.push(after.as_secs());
        world.clock.advance(after);
    }
    assert_eq!(waited, [2, 2, 4]);
    world.work().await;
    assert_eq!(world.work().await, []);
}

#[tokio::test]
async fn case_25_what_ends_after_half_an_hour_is_told_by_the_bot() {
    let Some(world) = ChatWorld::with_bot(ANYBODY).await else { return };
    let run = running(&world, "run night").await.id;
    world.clock.advance(Duration::from_mins(31));
    world.ends(&run, Ending::Succeeded, "done\n").await;
    world.work().await;
    let [post] = &world.posts()[..] else { panic!() };
    assert_eq!(post.path, "/api/v4/posts");
    assert_eq!(post.authorization.as_deref(), Some(&*format!("Bearer {BOT_TOKEN}")));
    assert_eq!(post.body["channel_id"], "C1");
    assert!(
        post.body["props"]["attachments"][0]["text"].as_str().unwrap().contains("completed successfully")
    );
}

/// Somebody runs a job from Slack, and an executor begins it.
async fn running_in_slack(world: &ChatWorld, text: &str) -> runs::Run {
    world.slack("UANN", text).await;
    let run = world.run_of("slack", "UANN").await;
    world.work().await;
    world.begins(&run.id).await;
    run
}

/// Case 16, over the wire.
#[tokio::test]
async fn in_slack_a_result_is_addressed_to_whoever_asked() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running_in_slack(&world, "run hello-world").await;
    world.ends(&run.id, Ending::Succeeded, "Hello World.\n").await;
    world.work().await;
    let [post] = &world.slack_posts()[..] else { panic!() };
    assert_eq!((post.host.as_str(), post.path.as_str()), ("hooks.slack.com", "/commands/T1/1/x"));
    assert_eq!(shown(&post.body), "[in_channel] <@UANN>: Hello World.");
}

/// Case 25, in Slack, whose bots are answered 200 whatever becomes of it.
#[tokio::test]
async fn slacks_bot_is_believed_what_it_says_and_not_its_status() {
    let Some(world) = ChatWorld::with_bot(ANYBODY).await else { return };
    let run = running_in_slack(&world, "run night").await;
    world.clock.advance(Duration::from_mins(31));
    world.slack_answers_next(&[(200, r#"{"ok":false,"error":"ratelimited"}"#)]);
    world.ends(&run.id, Ending::Succeeded, "done\n").await;
    let [Answer::Again { after }] = world.work().await[..] else { panic!() };
    assert_eq!(world.slack_posts().len(), 0);
    world.clock.advance(after);
    world.work().await;
    let [post] = &world.slack_posts()[..] else { panic!() };
    assert_eq!((post.host.as_str(), post.path.as_str()), ("slack.com", "/api/chat.postMessage"));
    assert_eq!(post.authorization.as_deref(), Some(&*format!("Bearer {BOT_TOKEN}")));
    assert_eq!((&post.body["channel"], &post.body["text"]), (&"C1".into(), &"<@UANN>: done".into()));

    let run = running_in_slack(&world, "run night").await;
    world.clock.advance(Duration::from_mins(31));
    world.slack_answers_next(&[(200, r#"{"ok":false,"error":"not_in_channel"}"#)]);
    world.ends(&run.id, Ending::Succeeded, "done\n").await;
    assert_eq!(world.work().await, [Answer::Done]);
    assert!(world.slack("UANN", "status").await.shown().contains("succeeded"));
}

#[tokio::test]
async fn without_a_bot_what_ends_too_late_is_read_by_status() {
    let Some(world) = ChatWorld::new(ANYBODY).await else { return };
    let run = running(&world, "run night").await.id;
    world.clock.advance(Duration::from_mins(31));
    world.ends(&run, Ending::Succeeded, "done\n").await;
    assert_eq!(world.work().await, [Answer::Done]);
    assert_eq!(world.posts().len(), 0);
    assert!(world.mattermost("UANN", "status").await.shown().contains("```shell\ndone\n```"));
}

#[tokio::test]
async fn an_address_that_is_used_up_is_no_end_where_there_is_a_bot() {
    let Some(world) = ChatWorld::with_bot(ANYBODY).await else { return };
    let run = running(&world, "run ls").await.id;
    world.answers_next(&[404]);
    world.ends(&run, Ending::Succeeded, "done\n").await;
    world.work().await;
    assert_eq!(world.posts()[0].path, "/api/v4/posts");
}
