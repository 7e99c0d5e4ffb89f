//! What Bellhop says to irkerd, byte for byte, and what it makes of an irkerd that misbehaves on command.

use end_to_end::{Bellhop, HttpReceiver, IrkerSink, Manners, Project, Push};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::one_machine::LINES_OF_2014;
use crate::words::{farewell, said_of};

/// One connection, ended by us; on it, an object a line, and in each object one recipient.
#[tokio::test]
async fn a_push_is_one_connection_with_one_object_a_line() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora?key=k3y ada,isnick");
    let project = project.with_setting("lines_in_irkerd = 6");
    let bellhop = Bellhop::start(&[&project]).await;

    let push = Push::fixture("gitlab-2014/push").with_token(Project::SECRET);
    assert_eq!(bellhop.receives("diaspora", &push).await.status, 202);
    for _ in 0..6 {
        irkerd.hears().await;
    }

    let expected: Vec<String> = LINES_OF_2014
        .into_iter()
        .flat_map(|line| ["diaspora?key=k3y", "ada,isnick"].map(|to| (line, to)))
        .map(|(line, to)| {
            let to = Value::from(format!("irc://irc.example.net:6667/{to}"));
            format!("{{\"to\":{to},\"privmsg\":{}}}\n", Value::from(line))
        })
        .collect();
    let connections = irkerd.connections();
    assert_eq!(connections.len(), 1);
    assert_eq!(String::from_utf8_lossy(&connections[0]), expected.concat());
}

/// A connection that breaks after the lines were written. They are said again, once it works, and once only.
#[tokio::test]
async fn a_connection_that_breaks_at_the_end_costs_one_repetition() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;
    irkerd.behave(Manners::Fickle);

    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);
    irkerd.turns_somebody_away().await;
    irkerd.turns_somebody_away().await;
    assert_eq!(irkerd.heard_so_far(), [said_of("one")], "the second time, it is only asked whether it works");
    irkerd.behave(Manners::Obliging);
    assert_eq!(bellhop.receives("diaspora", &farewell("two")).await.status, 202);

    for branch in ["one", "one", "two"] {
        assert_eq!(irkerd.hears().await, said_of(branch));
    }
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());
}

/// Fifty pushes at once. One connection at a time, and every push is counted.
#[tokio::test]
async fn fifty_pushes_at_once_are_told_in_few_lines_with_true_counts() {
    const PUSHES: usize = 50;
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;

    let pushes: Vec<Push> = (0..PUSHES).map(|n| farewell(&format!("b{n}"))).collect();
    let posts = pushes.iter().map(|push| bellhop.receives("diaspora", push));
    for answered in join_all(posts).await {
        assert_eq!(answered.status, 202);
    }
    let (mut told, mut lines) = (0, 0);
    while told < PUSHES {
        let line = irkerd.hears().await;
        let pushes = line.split(" pushed ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
        told += pushes.unwrap_or(1);
        lines += 1;
    }

    assert_eq!(told, PUSHES);
    assert!(lines < PUSHES / 2, "{lines} lines");
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());
    assert_eq!(irkerd.most_open(), 1);
}

/// A payload of GitLab holds twenty commits at most, and none where a branch begins or is set back by force.
#[tokio::test]
async fn large_small_and_empty_pushes_are_told_with_true_counts() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora");
    let project = project.with_setting("coalesce = false");
    let bellhop = Bellhop::start(&[&project]).await;
    let push = || Push::fixture("gitlab-2014/push").with_token(Project::SECRET);
    let empty = || push().with_value("/commits", json!([])).with_value("/total_commits_count", 0);
    let zeros = "0".repeat(40);

    let dialogue: [(Push, &[&str]); 5] = [
        (
            push().with_value("/total_commits_count", 500),
            &[
                "[Diaspora] John Smith pushed 500 new commits to master: http://example.com/diaspora/compare/95790bf8...da156088",
                LINES_OF_2014[1],
                LINES_OF_2014[2],
            ],
        ),
        (
            empty().with_value("/before", zeros.as_str()),
            &[
                "[Diaspora] John Smith has created a new branch master: http://example.com/diaspora/-/branches",
            ],
        ),
        // GitLab says nothing of a branch that is set back by force, and neither does its style.
        (empty(), &[]),
        (farewell("old"), &["[Diaspora] John Smith has deleted the branch old"]),
        (
            empty().with_value("/before", zeros.as_str()).with_value("/ref", "refs/tags/v1"),
            &["[Diaspora] John Smith has created a new tag v1 at da156088"],
        ),
    ];
    for (push, lines) in dialogue {
        assert_eq!(bellhop.receives("diaspora", &push).await.status, 202);
        for line in lines {
            assert_eq!(irkerd.hears().await, *line);
        }
    }
    assert_eq!(irkerd.heard_so_far(), Vec::<String>::new());
}

/// Whatever a payload says, it is said to those who are configured, and to nobody else.
#[tokio::test]
async fn no_payload_chooses_who_hears_it() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;

    let aims = [
        "irc://evil.example.net/#evil",
        "\",\"to\":\"irc://evil.example.net/evil\",\"x\":\"",
        "%(bold)s {{7*7}} ${7*7}",
        "#evil,isnick",
    ];
    for aim in aims {
        let push = farewell(aim).with_value("/repository/name", aim).with_value("/user_name", aim);
        assert_eq!(bellhop.receives("diaspora", &push).await.status, 202);
        assert_eq!(irkerd.hears().await, format!("[{aim}] {aim} has deleted the branch {aim}"));
    }

    for line in irkerd.connections().concat().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let order: Value = serde_json::from_slice(line).expect("irkerd is sent JSON");
        assert_eq!(order["to"], "irc://irc.example.net:6667/diaspora");
        assert_eq!(order.as_object().map(serde_json::Map::len), Some(2), "{order}");
    }
}

/// Half a character of UTF-16 is none, and ends at the door.
#[tokio::test]
async fn half_a_character_does_not_come_in() {
    let irkerd = IrkerSink::start().await;
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora");
    let bellhop = Bellhop::start(&[&project]).await;

    let whole = String::from_utf8(farewell("half").body().to_vec()).expect("JSON is UTF-8");
    let half = whole.replace("refs/heads/half", "refs/heads/\\ud800");
    assert_eq!(bellhop.receives("diaspora", &farewell("half").with_body(half)).await.status, 400);

    assert_eq!(bellhop.receives("diaspora", &farewell("whole")).await.status, 202);
    assert_eq!(irkerd.hears().await, said_of("whole"));
}

/// A target that takes a connection and says nothing holds up its own deliveries only. (The reverse is in
/// `irkerd`.)
#[tokio::test]
async fn an_http_target_that_hangs_does_not_hold_irkerd_up() {
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let hanging = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let url = format!("http://{}/", hanging.local_addr().expect("have an address"));
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_url(&url);
    let bellhop = Bellhop::start(&[&project.to_http(&builder)]).await;

    assert_eq!(bellhop.receives("diaspora", &farewell("one")).await.status, 202);
    let _taken = hanging.accept().await.expect("Bellhop connects");
    assert_eq!(irkerd.hears().await, said_of("one"));
    builder.receives().await;
    assert!(!bellhop.log().contains("unknown"), "the hanging target still has its time");
}
