//! Real pushes of GitHub and its kin in, facts out.

use super::*;
use crate::Event;
use crate::show::show;

const GITHUB: &str = include_str!("../../../../../tests/fixtures/github/push.json");
const GITEA: &str = include_str!("../../../../../tests/fixtures/gitea/push.json");
const GOGS: &str = include_str!("../../../../../tests/fixtures/gogs/push.json");

fn check(forge: Forge, name: &str, body: &str) -> Parsed {
    parse(forge, name, body.as_bytes()).unwrap()
}

fn shown(forge: Forge, name: &str, body: &str) -> String {
    show(&check(forge, name, body))
}

fn event(forge: Forge, name: &str, body: &str) -> Event {
    match check(forge, name, body) {
        Parsed::Events(mut events) => events.remove(0),
        Parsed::Ignored { reason } => panic!("ignored: {reason}"),
    }
}

fn push_of(forge: Forge, name: &str, body: &str) -> Push {
    match event(forge, name, body).fact {
        Fact::Push(push) => push,
        other => panic!("{other:?}"),
    }
}

/// A push to a repository with only what the test is about.
fn push_with(fields: &str) -> String {
    let zeros = "0".repeat(40);
    format!(
        r#"{{"ref":"refs/heads/x","before":"{zeros}","after":"a1","repository":{{"name":"r"}},"pusher":null,{fields}}}"#
    )
}

#[test]
fn a_push_on_github() {
    insta::assert_snapshot!(shown(Forge::GitHub, "push", GITHUB), @"
    kind: push
    actor: binkkatal (binkkatal)
    repository: sample_app: binkkatal/sample_app https://github.com/binkkatal/sample_app master, public
    branch: master
    updated: 737d38c599c1b2991664dfc6155d6bf516fcce36..fd489864e7642b48eaad6e3f155c10e46810ec72
    forced: false
    compare: https://github.com/binkkatal/sample_app/compare/737d38c599c1...fd489864e764
    count: 1
    commit: fd489864 binkkatal (2 files): test a push event <https://github.com/binkkatal/sample_app/commit/fd489864e7642b48eaad6e3f155c10e46810ec72>
    ");
}

#[test]
fn a_branch_and_tags_come_and_go_on_github() {
    let created = include_str!("../../../../../tests/fixtures/github/branch_created.json");
    insta::assert_snapshot!(shown(Forge::GitHub, "push", created), @"
    kind: push
    actor: Codertocat (Codertocat)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    branch: master
    created: 6113728f27ae82c7b1a177c8d03f9e96e0adf246
    forced: false
    compare: https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246
    count: 1
    commit: 6113728f Codertocat (1 files): Initial commit <https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246>
    ");
    let created = include_str!("../../../../../tests/fixtures/github/tag_created.json");
    insta::assert_snapshot!(shown(Forge::GitHub, "push", created), @"
    kind: tag
    actor: Codertocat (Codertocat)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    tag: simple-tag
    created: 6113728f27ae82c7b1a177c8d03f9e96e0adf246
    compare: https://github.com/Codertocat/Hello-World/compare/simple-tag
    ");
    let deleted = include_str!("../../../../../tests/fixtures/github/tag_deleted.json");
    insta::assert_snapshot!(shown(Forge::GitHub, "push", deleted), @"
    kind: tag
    actor: Codertocat (Codertocat)
    repository: Hello-World: Codertocat/Hello-World https://github.com/Codertocat/Hello-World master, public
    tag: simple-tag
    deleted: 6113728f27ae82c7b1a177c8d03f9e96e0adf246
    compare: https://github.com/Codertocat/Hello-World/compare/d70c5c6fa638^...000000000000
    ");
}

#[test]
fn githubs_bots_are_known() {
    let bot = GITHUB.replace("\"type\": \"User\"", "\"type\": \"Bot\"");
    assert!(!event(Forge::GitHub, "push", GITHUB).actor.bot);
    assert!(event(Forge::GitHub, "push", &bot).actor.bot);
    let app = push_with(r#""sender":{"login":"dependabot[bot]"}"#);
    assert!(event(Forge::GitHub, "push", &app).actor.bot);
}

#[test]
fn a_push_on_gitea_and_on_gogs() {
    insta::assert_snapshot!(shown(Forge::Gitea, "push", GITEA), @"
    kind: push
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    branch: master
    created: 67b56589a45103f891bdee7c0546e5d40bc02001
    compare: http://localhost:3000/example/example/compare/0000000000000000000000000000000000000000...67b56589a45103f891bdee7c0546e5d40bc02001
    count: 1
    commit: 67b56589 example (1 files): example <http://localhost:3000/example/example/commit/67b56589a45103f891bdee7c0546e5d40bc02001>
    ");
    insta::assert_snapshot!(shown(Forge::Gogs, "push", GOGS), @"
    kind: push
    actor: unknwon (Unknwon)
    repository: webhooks: unknwon/webhooks http://localhost:3000/unknwon/webhooks master, public
    branch: develop
    updated: 28e1879d029cb852e4844d9c718537df08844e03..bffeb74224043ba2feb48d137756c8a9331c449a
    compare: http://localhost:3000/unknwon/webhooks/compare/28e1879d029cb852e4844d9c718537df08844e03...bffeb74224043ba2feb48d137756c8a9331c449a
    count: 1
    commit: bffeb742 Unknwon: Add new feature <http://localhost:3000/unknwon/webhooks/commit/bffeb74224043ba2feb48d137756c8a9331c449a>
    ");
}

#[test]
fn several_commits_on_github_stay_in_their_order_and_all_count() {
    let body = push_with(
        r#""forced":true,"commits":[
            {"id":"b1","message":"one\n\nmore","distinct":false,"author":{"name":"A"},"added":["f"],"removed":[],"modified":["g","h"]},
            {"id":"b2","message":"two","distinct":true,"author":{"username":"b"}},
            {"id":"0000","message":"no commit"},
            {"message":"no id"},
            null]"#,
    );
    insta::assert_snapshot!(shown(Forge::GitHub, "push", &body), @"
    kind: push
    actor: - (-)
    repository: r: - - -, private or public
    branch: x
    created: a1
    forced: true
    count: 2
    commit: b1 A (3 files): one <no page>
    commit: b2 b: two <no page>
    ");
}

#[test]
fn a_repository_of_sha_256_is_pushed_to() {
    let (zeros, id) = ("0".repeat(64), "c0ffee".repeat(11)[..64].to_owned());
    for (before, after, change) in [
        (&zeros, &id, RefChange::Created { after: Sha::new(id.clone()).unwrap() }),
        (&id, &zeros, RefChange::Deleted { before: Sha::new(id.clone()) }),
    ] {
        let body = format!(
            r#"{{"ref":"refs/heads/x","before":"{before}","after":"{after}","repository":{{"name":"r"}},"head_commit":null}}"#
        );
        for forge in [Forge::GitHub, Forge::Gitea, Forge::Forgejo, Forge::Gogs] {
            assert_eq!(push_of(forge, "push", &body).change, change, "{forge}");
        }
    }
}

#[test]
fn refs_of_any_spelling_survive() {
    for name in ["feature/a#1", "100%", "größe/ä", "refs/heads/x", "a b"] {
        let body = push_with(&format!(r#""size":1,"x":"{name}""#))
            .replace("refs/heads/x\",\"before", &format!("refs/heads/{name}\",\"before"));
        assert_eq!(push_of(Forge::GitHub, "push", &body).branch, name);
    }
    for none in ["refs/pull/1/head", "refs/heads/", "main"] {
        let body = push_with(r#""x":1"#).replace("refs/heads/x", none);
        assert!(matches!(check(Forge::GitHub, "push", &body), Parsed::Ignored { .. }), "{none}");
    }
}

#[test]
fn githubs_first_pushes_have_no_page_but_an_address() {
    let body = r#"{"ref":"refs/heads/master","before":"a1","after":"b1","compare":"https://github.com/o/r/compare/a...b",
        "repository":{"name":"r","url":"https://github.com/o/r/","private":1,"master_branch":"trunk",
        "owner":{"name":"o","email":"o@example.com"}},"pusher":{"name":"p","email":"p@example.com"},
        "commits":[{"id":"b1","message":"m","author":{"name":"P"},"url":"https://github.com/o/r/commit/b1"}]}"#;
    insta::assert_snapshot!(shown(Forge::GitHub, "push", body), @"
    kind: push
    actor: p (p)
    repository: r: o/r https://github.com/o/r trunk, private
    branch: master
    updated: a1..b1
    compare: https://github.com/o/r/compare/a...b
    count: 1
    commit: b1 P: m <https://github.com/o/r/commit/b1>
    ");
    let api = body.replace("https://github.com/o/r/\"", "https://api.github.com/repos/o/r\"");
    assert_eq!(event(Forge::GitHub, "push", &api).repository.unwrap().url, None);
}

#[test]
fn giteas_commits_are_turned_round_and_counted_truly() {
    let body = r#"{"ref":"refs/heads/x","before":"1","after":"3","total_commits":9,
        "compare_url":"/u/r/compare/1...3","repository":{"name":"r","html_url":"https://git.example.com/u/r"},
        "commits":[{"id":"3","message":"newest"},{"id":"2","message":"older"}]}"#;
    let push = push_of(Forge::Forgejo, "push", body);
    let titles: Vec<_> = push.commits.iter().map(|commit| commit.title.as_str()).collect();
    assert_eq!((titles, push.commit_count), (vec!["older", "newest"], Some(9)));
    assert_eq!(push.compare_url.as_deref(), Some("https://git.example.com/u/r/compare/1...3"));
}

#[test]
fn a_branch_that_goes_on_gitea_is_told_by_its_deletion_alone() {
    let body = include_str!("../../../../../tests/fixtures/gitea/branch_deleted.json");
    let push = push_of(Forge::Gitea, "delete", body);
    assert_eq!((push.branch.as_str(), push.change), ("example3", RefChange::Deleted { before: None }));
    let full = body.replace("\"example3\"", "\"refs/heads/example3\"");
    assert_eq!(push_of(Forge::Forgejo, "delete", &full).branch, "example3");
}

#[test]
fn what_is_told_twice_is_heard_once() {
    const TWIN: &str = "ignored: the push of the same branch or tag tells of it as well\n";
    assert_eq!(shown(Forge::GitHub, "create", r#"{"ref":"x","ref_type":"branch"}"#), TWIN);
    assert_eq!(shown(Forge::GitHub, "delete", r#"{"ref":"x","ref_type":"branch"}"#), TWIN);
    assert_eq!(shown(Forge::Gitea, "delete", r#"{"ref":"v1","ref_type":"tag"}"#), TWIN);
}

#[test]
fn a_test_of_giteas_announces_nothing() {
    let test = GITEA.replace(&"0".repeat(40), "67b56589a45103f891bdee7c0546e5d40bc02001");
    assert_eq!(shown(Forge::Gitea, "push", &test), "ignored: a test of Gitea's: nothing was pushed\n");
}
