//! Bellhop in one process on one machine: what a forge posts at the door is what people read in the channel.

use end_to_end::{Bellhop, HttpReceiver, IrcNetwork, Project, Push, Received, eventually};

use crate::words::{farewell, said_of};

/// What the fixture `gitlab-2014/push` is to be on IRC.
pub(crate) const LINES_OF_2014: [&str; 3] = [
    "[Diaspora] John Smith pushed 4 new commits to master: http://example.com/diaspora/compare/95790bf8...da156088",
    "Diaspora/master b6568db1 Jordi Mallach: Update Catalan translation to e38cb41.",
    "Diaspora/master da156088 GitLab dev user: fixed readme",
];

#[tokio::test]
async fn a_push_is_announced_in_the_channel_and_posted_on() {
    let Some(network) = IrcNetwork::start("a push from the door to the channel").await else { return };
    let channel = network.join("#diaspora").await;
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    let push = Push::fixture("gitlab-2014/push").with_token(Project::SECRET);

    let answered = bellhop.receives("diaspora", &push).await;

    assert_eq!(answered.status, 202);
    assert_eq!(answered.body["status"], "accepted");
    assert_eq!(answered.body["deliveries"], 2);
    assert_eq!(channel.hears_lines(3).await, LINES_OF_2014);

    assert_posted_on(&builder.receives().await, &push);
}

/// A first attempt, with all that an HTTP target is promised.
pub(crate) fn assert_posted_on(received: &Received, push: &Push) {
    assert_eq!(received.body, push.body(), "the body goes on byte for byte");
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("x-gitlab-token"), Some(Project::TARGET_TOKEN));
    assert_eq!(received.header("webhook-attempt"), Some("1"));
    assert_eq!(received.header("webhook-id"), received.header("idempotency-key"));
    assert!(received.header("webhook-id").is_some_and(|id| !id.is_empty()));
    assert!(received.header("user-agent").is_some_and(|agent| agent.starts_with("Bellhop/")));
}

#[tokio::test]
async fn todays_push_is_announced_in_colour() {
    let Some(network) = IrcNetwork::start("today's push in colour").await else { return };
    let channel = network.join("#diaspora").await;
    let builder = HttpReceiver::start().await;
    let project = Project::named("mike/diaspora").on_irc(&network, "#diaspora").to_http(&builder).in_colour();
    let bellhop = Bellhop::start(&[&project]).await;
    let push = Push::fixture("gitlab/push").with("X-Gitlab-Event", "Push Hook").with_token(Project::SECRET);

    assert_eq!(bellhop.receives("diaspora", &push).await.status, 202);

    let (name, branch) = ("\u{3}04Diaspora\u{f}", "\u{3}05master\u{f}");
    let compare = "\u{3}02\u{1f}http://example.com/mike/diaspora/-/compare/95790bf8...da156088\u{f}";
    let (first, second) = ("\u{3}14b6568db1\u{f}", "\u{3}14da156088\u{f}");
    let files = "(\u{3}122 files\u{f})";
    assert_eq!(
        channel.hears_lines(3).await,
        [
            format!("[{name}] John Smith pushed \u{2}4\u{f} new commits to {branch}: {compare}"),
            format!(
                "{name}/{branch} {first} Jordi Mallach {files}: Merge branch 'some-feature' into 'master'"
            ),
            format!("{name}/{branch} {second} GitLab dev user {files}: fixed readme"),
        ]
    );
    let received = builder.receives().await;
    assert_eq!(received.body, push.body());
    assert_eq!(received.header("x-gitlab-event"), Some("Push Hook"));
}

#[tokio::test]
async fn what_the_forge_repeats_is_relayed_once() {
    let Some(network) = IrcNetwork::start("a repeated push").await else { return };
    let channel = network.join("#diaspora").await;
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    let push = farewell("repeated").with_id("7f1c9a52-the-same-each-time");

    let first = bellhop.receives("diaspora", &push).await;
    let second = bellhop.receives("diaspora", &push).await;
    let other = bellhop.receives("diaspora", &farewell("other")).await;

    assert_eq!((first.status, first.body["status"].as_str()), (202, Some("accepted")));
    assert_eq!((second.status, second.body["status"].as_str()), (200, Some("repeated")));
    assert_eq!(other.status, 202);
    assert_eq!(channel.hears_lines(2).await, [said_of("repeated"), said_of("other")]);
    let bodies = [builder.receives().await.body, builder.receives().await.body];
    assert_ne!(bodies[0], bodies[1], "the second request is of the other push");
}

/// Control characters, and texts of more bytes than a line has.
#[tokio::test]
async fn hostile_text_arrives_as_harmless_lines_and_the_bot_stays() {
    let Some(network) = IrcNetwork::start("hostile text").await else { return };
    let channel = network.join("#diaspora").await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    let evil = format!(
        "a\rQUIT :one\r\nQUIT :two\u{0}three\u{1}ACTION four\u{1}\u{1b}[31m\u{7f}\u{85}\u{2028}five\u{202e}{}",
        "é😀".repeat(200)
    );
    let push = Push::fixture("gitlab-2014/push").with_token(Project::SECRET);
    let push = push.with_value("/user_name", evil.clone()).with_value("/ref", format!("refs/heads/{evil}"));
    let push = push.with_value("/repository/name", evil.clone());
    let push = push.with_value("/commits/0/message", evil.clone());
    let push = push.with_value("/commits/0/author/name", evil.clone());

    assert_eq!(bellhop.receives("diaspora", &push).await.status, 202);
    assert_eq!(bellhop.receives("diaspora", &farewell("and-the-bot-stays")).await.status, 202);

    let lines = channel.hears_lines(4).await;
    for line in &lines[..3] {
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(!line.contains(['\u{2028}', '\u{202e}']), "{line:?}");
        assert!(line.len() <= IRC_TEXT_BYTES_MAX - "#diaspora".len(), "{} bytes: {line:?}", line.len());
    }
    let compare = "http://example.com/diaspora/compare/95790bf8...da156088";
    assert!(lines[0].ends_with(compare), "the address is whole: {:?}", lines[0]);
    assert_eq!(lines[3], said_of("and-the-bot-stays"));
}

/// What is left of IRC's 512 bytes after the longest prefix and the command, before the channel's name.
const IRC_TEXT_BYTES_MAX: usize = 393;

#[tokio::test]
async fn while_irkerd_is_down_pushes_are_kept_and_then_announced_in_order() {
    let Some(mut network) = IrcNetwork::start("irkerd down, then up").await else { return };
    let channel = network.join("#diaspora").await;
    let project = Project::named("diaspora/diaspora").on_irc(&network, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    network.stop_irkerd();

    for branch in ["one", "two", "three"] {
        assert_eq!(bellhop.receives("diaspora", &farewell(branch)).await.status, 202);
    }
    network.start_irkerd().await;
    assert_eq!(bellhop.receives("diaspora", &farewell("four")).await.status, 202);

    assert_eq!(channel.hears_lines(4).await, ["one", "two", "three", "four"].map(said_of));
}

#[tokio::test]
async fn a_broken_http_target_is_tried_again() {
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    builder.answers_next(500);

    assert_eq!(bellhop.receives("diaspora", &farewell("gone")).await.status, 202);

    let (first, second) = (builder.receives().await, builder.receives().await);
    assert!(second.at - first.at >= FIRST_DELAY, "only {:?} between", second.at - first.at);
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    assert_eq!((first.header("webhook-attempt"), second.header("webhook-attempt")), (Some("1"), Some("2")));
}

#[tokio::test]
async fn a_hook_that_is_aimed_inside_is_told_so_and_reaches_nothing() {
    let builder = HttpReceiver::start().await;
    let inside = builder.url().replace("127.0.0.1", "[::ffff:127.0.0.2]");
    let project = Project::named("diaspora/diaspora").to_url(&inside).to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;

    assert_eq!(bellhop.receives("diaspora", &farewell("gone")).await.status, 202);

    let refusal = "not allowed out: ::ffff:127.0.0.2 is a loopback address";
    eventually("the refusal in the log", || bellhop.log().contains(refusal).then_some(())).await;
    builder.receives().await;
}

/// The schedule of HTTP retries begins so, and never comes early.
const FIRST_DELAY: std::time::Duration = std::time::Duration::from_secs(5);

#[tokio::test]
async fn asked_to_end_it_ends_cleanly_and_goes_on_where_it_was() {
    let builder = HttpReceiver::start().await;
    let project = Project::named("diaspora/diaspora").to_http(&builder);
    let mut bellhop = Bellhop::start(&[&project]).await;
    assert_eq!(bellhop.get("/healthz").await, 200);
    builder.answers_next(503);

    assert_eq!(bellhop.receives("diaspora", &farewell("gone")).await.status, 202);
    let before = builder.receives().await;
    let status = bellhop.terminate().await;
    bellhop.start_again().await;
    let after = builder.receives().await;

    assert!(status.success(), "it ends with {status}");
    assert_eq!(before.header("webhook-id"), after.header("webhook-id"));
}
