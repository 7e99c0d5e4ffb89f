//! `bellhop demo`: the first thing that a newcomer sees.

use end_to_end::{demonstration, workspace};

use crate::one_machine::LINES_OF_2014;

#[test]
fn a_newcomer_sees_the_push_arrive() {
    let shown = demonstration(&[]);

    let text = String::from_utf8(shown.stdout).expect("it speaks UTF-8");
    assert!(shown.status.success(), "{text}");
    for line in LINES_OF_2014 {
        assert!(text.lines().any(|shown| shown.trim() == line), "{line} is missing in:\n{text}");
    }
    assert!(text.contains("byte for byte as they came in"), "{text}");
    assert!(text.ends_with("All arrived.\n"), "{text}");
}

#[test]
fn a_payload_that_goes_nowhere_is_no_success() {
    let twin = workspace().join("tests/fixtures/payloads/client-go/gitlab-system/repository_update.json");
    let shown = demonstration(&["--payload", twin.to_str().expect("a path in UTF-8")]);

    let text = String::from_utf8(shown.stdout).expect("it speaks UTF-8");
    assert!(!shown.status.success(), "{text}");
    assert!(text.contains("the pushes of the same branches and tags tell of it as well"), "{text}");
}

#[test]
fn an_issue_arrives_like_a_push() {
    let issue = workspace().join("tests/fixtures/gitlab/issue.json");
    let shown = demonstration(&["--payload", issue.to_str().expect("a path in UTF-8")]);

    let text = String::from_utf8(shown.stdout).expect("it speaks UTF-8");
    assert!(shown.status.success(), "{text}");
    assert!(text.contains(" opened issue #23: "), "{text}");
}

#[test]
fn a_channels_key_is_not_shown() {
    let shown = demonstration(&["--channel", "irc://irc.example.net/quay?key=hunter2"]);

    let text = String::from_utf8(shown.stdout).expect("it speaks UTF-8");
    assert!(text.contains("for irc://irc.example.net:6667/quay?key=***"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}
