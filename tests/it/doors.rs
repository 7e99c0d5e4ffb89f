//! What does not get in, and what its sender is told.

use end_to_end::{Bellhop, HttpReceiver, IrkerSink, Project, Push};

use crate::words::{farewell, said_of};

/// The largest body that is taken: as large as GitLab sends.
const BODY_BYTES_MAX: usize = 25 * 1024 * 1024;

#[tokio::test]
async fn whoever_may_not_come_in_is_told_why_in_one_sentence() {
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    let push = Push::fixture("gitlab-2014/push");
    let known = push.clone().with_token(Project::SECRET);
    let refused = [
        ("no token", "diaspora", push.clone(), 401),
        ("an empty token", "diaspora", push.clone().with_token(""), 401),
        ("a wrong token", "diaspora", push.clone().with_token("guessed-by-a-stranger"), 401),
        ("the beginning of the token", "diaspora", push.clone().with_token(&Project::SECRET[..8]), 401),
        ("a wrong token and broken JSON", "diaspora", push.clone().with_token("guess").with_body("{"), 401),
        ("an unknown source", "nobody", known.clone(), 404),
        ("a source that cannot be", "..%2f..%2fetc", known.clone(), 404),
        ("too large a body", "diaspora", known.clone().with_body(vec![b' '; BODY_BYTES_MAX + 1]), 413),
        ("broken JSON", "diaspora", known.clone().with_body(r#"{"ref": "#), 400),
        ("bytes that are no UTF-8", "diaspora", known.clone().with_body(b"{\"ref\":\"\xff\"}"), 400),
        ("no body", "diaspora", known.clone().with_body(""), 400),
    ];

    for (what, source, push, status) in refused {
        let answered = bellhop.receives(source, &push).await;
        assert_eq!(answered.status, status, "{what}: {}", answered.body);
        let sentence = answered.body["error"].as_str().unwrap_or_else(|| panic!("{what}: no word of why"));
        assert!(is_one_sentence(sentence), "{what}: {sentence}");
        assert!(!sentence.contains(Project::SECRET), "{what}: {sentence}");
    }

    // Irkerd is served in order: had anything of the above gone through, it would be there before this.
    assert_eq!(bellhop.receives("diaspora", &farewell("welcome")).await.status, 202);
    assert_eq!(irkerd.hears().await, said_of("welcome"));
    assert!(String::from_utf8_lossy(&builder.receives().await.body).contains("refs/heads/welcome"));
    assert!(builder.received_so_far().is_empty());
    assert_no_secret(&bellhop.log());
}

#[tokio::test]
async fn what_is_authentic_but_nothing_for_us_is_thanked_for() {
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let project = Project::named("diaspora/diaspora").on_sink(&irkerd, "#diaspora").to_http(&builder);
    let bellhop = Bellhop::start(&[&project]).await;
    let known = Push::fixture("gitlab/push").with_token(Project::SECRET);
    let unheard_of = known.clone().with("X-Gitlab-Event", "Moon Phase Hook");
    let moon = unheard_of.with_body(r#"{"object_kind": "moon_phase", "phase": "full"}"#);
    let issue =
        Push::fixture("gitlab/issue").with("X-Gitlab-Event", "Issue Hook").with_token(Project::SECRET);

    for nothing_for_us in [moon, issue, known.with_body("[1, 2]")] {
        let answered = bellhop.receives("diaspora", &nothing_for_us).await;
        assert_eq!(answered.status, 200, "GitLab disables a hook that is answered 4xx: {}", answered.body);
        assert_eq!(answered.body["status"], "ignored");
        assert!(answered.body["reason"].as_str().is_some_and(is_one_sentence), "{}", answered.body);
    }

    assert_eq!(bellhop.receives("diaspora", &farewell("welcome")).await.status, 202);
    assert_eq!(irkerd.hears().await, said_of("welcome"));
    assert_no_secret(&bellhop.log());
}

/// Not a stack of causes, not a page of HTML.
fn is_one_sentence(text: &str) -> bool {
    let words = text.split_whitespace().count();
    (2..=30).contains(&words) && !text.contains(['\n', '<'])
}

fn assert_no_secret(log: &str) {
    assert!(!log.is_empty(), "the log is there to be searched");
    for secret in [Project::SECRET, Project::TARGET_TOKEN, "guessed-by-a-stranger"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
