//! Payloads of Gitea, Forgejo and Gogs in, facts out.

use super::*;
use crate::collection::{Collected, collected};
use crate::odd::costs_no_event;
use crate::show::show;

mod by_hand;

/// A payload of the collection, by its file.
macro_rules! payload {
    ($file:literal) => {
        include_str!(concat!("../../../../tests/fixtures/payloads/go-playground-webhooks/", $file))
    };
}

fn check(forge: Forge, name: &str, body: &str) -> String {
    show(&parse(forge, Some(name), body.as_bytes()).unwrap())
}

fn gitea(name: &str, body: &str) -> String {
    check(Forge::Gitea, name, body)
}

/// Those of Gitea, then those of Gogs.
fn all_collected() -> impl Iterator<Item = (Forge, Collected)> {
    let gitea = collected("gitea").into_iter().map(|payload| (Forge::Gitea, payload));
    gitea.chain(collected("gogs").into_iter().map(|payload| (Forge::Gogs, payload)))
}

#[test]
fn every_event_of_the_collection_is_told_but_for_what_a_push_tells_as_well() {
    for (forge, Collected { name, body, .. }) in all_collected() {
        let shown = check(forge, name, &body);
        assert_eq!(shown.starts_with("ignored"), name == "create", "{forge} {name}: {shown}");
    }
}

#[test]
fn a_field_of_another_type_costs_no_event() {
    let needed: [(&str, &[&str], &str); 7] = [
        ("push", &["/ref", "/after", "/repository"], payload!("gitea/push-event.json")),
        ("fork", &[], payload!("gitea/fork-event.json")),
        ("issues", &["/issue"], payload!("gitea/issues-event.json")),
        ("issue_comment", &[], payload!("gitea/issue-comment-event.json")),
        ("pull_request", &["/pull_request"], payload!("gitea/pull-request-event.json")),
        ("pull_request_comment", &["/pull_request"], payload!("gitea/pull-request-review-event.json")),
        ("release", &[], payload!("gitea/release-event.json")),
    ];
    for (name, needed, body) in needed {
        costs_no_event(body, needed, |body| parse(Forge::Gitea, Some(name), body).unwrap());
    }
}

#[test]
fn the_fine_names_of_old_receivers_mean_the_same() {
    let fine = ["issue_assign", "issue_label", "issue_milestone"].map(|name| (name, "issues"));
    let fine_too = ["pull_request_assign", "pull_request_label", "pull_request_sync"];
    for (fine, coarse) in fine.into_iter().chain(fine_too.map(|name| (name, "pull_request"))) {
        let (_, Collected { body, .. }) =
            all_collected().find(|(_, payload)| payload.name == coarse).unwrap();
        assert_eq!(gitea(fine, &body), gitea(coarse, &body), "{fine}");
    }
    let comment = payload!("gitea/pull-request-comment-event.json");
    assert_eq!(gitea("pull_request_comment", comment), gitea("issue_comment", comment));
}

#[test]
fn issues() {
    insta::assert_snapshot!(gitea("issues", payload!("gitea/issues-event.json")), @"
    kind: issue
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: opened
    number: 1
    title: example
    url: http://localhost:3000/example/example/issues/1
    state: opened
    ");
    insta::assert_snapshot!(gitea("issues", payload!("gitea/issue-label-event.json")), @"
    kind: issue
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: label_updated
    number: 1
    title: example
    url: http://localhost:3000/example/example/issues/1
    state: opened
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "issues", payload!("gogs/issues-event.json")), @"
    kind: issue
    actor: - (-)
    repository: repo: user/repo https://gogs.example.com/user/repo -, private or public
    action: opened
    number: 1
    title: Fix bug
    url: https://gogs.example.com/user/repo/issues/1
    ");
}

#[test]
fn comments() {
    insta::assert_snapshot!(gitea("issue_comment", payload!("gitea/issue-comment-event.json")), @"
    kind: comment
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: created
    on: Issue
    number: 1
    title: example
    url: http://localhost:3000/example/example/issues/1#issuecomment-2
    text: example
    ");
    insta::assert_snapshot!(gitea("issue_comment", payload!("gitea/pull-request-comment-event.json")), @"
    kind: comment
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: created
    on: MergeRequest
    number: 2
    title: update
    url: http://localhost:3000/example/example/pulls/2#issuecomment-6
    text: example
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "issue_comment", payload!("gogs/issue-comment-event.json")), @"
    kind: comment
    actor: - (-)
    repository: repo: user/repo https://gogs.example.com/user/repo -, private or public
    action: created
    on: Issue
    number: 1
    title: Fix bug
    url: https://gogs.example.com/user/repo/issues/1#comment-12345
    text: I found the cause of the bug.
    ");
}

#[test]
fn pull_requests_and_reviews() {
    insta::assert_snapshot!(gitea("pull_request", payload!("gitea/pull-request-event.json")), @"
    kind: merge_request
    actor: example2 (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: opened
    number: 2
    title: update
    url: http://localhost:3000/example/example/pulls/2
    state: opened
    source: master
    target: master
    draft: false
    ");
    let review = payload!("gitea/pull-request-review-event.json");
    insta::assert_snapshot!(gitea("pull_request_comment", review), @"
    kind: merge_request
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: reviewed
    number: 2
    title: update
    url: http://localhost:3000/example/example/pulls/2
    state: opened
    source: master
    target: master
    draft: false
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "pull_request", payload!("gogs/pull-request-event.json")), @"
    kind: merge_request
    actor: - (-)
    repository: repo: user/repo https://gogs.example.com/user/repo -, private or public
    action: opened
    number: 1
    title: Add new feature
    url: https://gogs.example.com/user/repo/pulls/1
    ");
}

#[test]
fn releases() {
    insta::assert_snapshot!(gitea("release", payload!("gitea/release-event.json")), @"
    kind: release
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    action: published
    number: 1
    title: 0.0.0
    url: http://localhost:3000/example/example/releases/tag/example
    tag: example
    prerelease: false
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "release", payload!("gogs/release-event.json")), @"
    kind: release
    actor: - (-)
    repository: repo: user/repo https://gogs.example.com/user/repo -, private or public
    action: published
    title: v1.0.0
    url: https://gogs.example.com/user/repo/releases/tag/v1.0.0
    tag: v1.0.0
    ");
}

#[test]
fn repositories_that_come_and_are_forked() {
    insta::assert_snapshot!(gitea("repository", payload!("gitea/repository-event.json")), @"
    kind: repository
    actor: example (-)
    repository: example5: example3/example5 http://localhost:3000/example3/example5 -, public
    action: created
    title: example3/example5
    url: http://localhost:3000/example3/example5
    ");
    insta::assert_snapshot!(gitea("fork", payload!("gitea/fork-event.json")), @"
    kind: fork
    actor: example2 (-)
    repository: example: example2/example http://localhost:3000/example2/example master, public
    title: example/example
    url: http://localhost:3000/example/example
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "fork", payload!("gogs/fork-event.json")), @"
    kind: fork
    actor: unknwon (Unknwon)
    repository: repo: user/repo https://gogs.example.com/user/repo -, private or public
    title: user/repo
    url: https://gogs.example.com/user/repo
    ");
}

#[test]
fn pushes_go_the_way_of_githubs() {
    insta::assert_snapshot!(gitea("push", payload!("gitea/push-event.json")), @"
    kind: push
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    branch: master
    created: 67b56589a45103f891bdee7c0546e5d40bc02001
    compare: http://localhost:3000/example/example/compare/0000000000000000000000000000000000000000...67b56589a45103f891bdee7c0546e5d40bc02001
    count: 1
    commit: 67b56589 example (1 files): example <http://localhost:3000/example/example/commit/67b56589a45103f891bdee7c0546e5d40bc02001>
    ");
    insta::assert_snapshot!(gitea("delete", payload!("gitea/delete-event.json")), @"
    kind: push
    actor: example (-)
    repository: example: example/example http://localhost:3000/example/example master, public
    branch: example3
    deleted: at an unknown commit
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "delete", payload!("gogs/delete-event.json")), @"
    kind: push
    actor: - (-)
    repository: repo: user/repo https://gogs.example.com/user/repo -, private or public
    branch: obsolete-branch
    deleted: at an unknown commit
    ");
}
