//! Payloads of Bitbucket Server in, facts out.

use super::*;
use crate::collection::{Collected, collected};
use crate::odd::costs_no_event;
use crate::show::show;

mod by_hand;

/// A payload of the collection, by its file.
macro_rules! payload {
    ($file:literal) => {
        include_str!(concat!(
            "../../../../tests/fixtures/payloads/go-playground-webhooks/bitbucket-server/",
            $file,
            ".json"
        ))
    };
}

fn check(name: &str, body: &str) -> String {
    show(&parse(Some(name), body.as_bytes()).unwrap())
}

#[test]
fn every_event_of_the_collection_is_told_with_and_without_its_header() {
    for Collected { name, body, .. } in collected("bitbucket-server") {
        let shown = check(name, &body);
        assert!(shown.starts_with("kind: ") && shown.contains("repository: webhook-test"), "{name}: {shown}");
        assert_eq!(show(&parse(None, body.as_bytes()).unwrap()), shown, "{name}");
    }
}

#[test]
fn a_field_of_another_type_costs_no_event() {
    let needed: [(&str, &[&str], &str); 6] = [
        (
            "repo:refs_changed",
            &["/repository", "/changes", "/changes/0", "/changes/0/fromHash"],
            payload!("repo-refs-changed"),
        ),
        ("pr:opened", &["/pullRequest"], payload!("pr-opened")),
        ("pr:comment:added", &["/pullRequest"], payload!("pr-comment-added")),
        ("repo:comment:added", &[], payload!("repo-comment-added")),
        ("repo:modified", &[], payload!("repo-modified")),
        ("repo:forked", &[], payload!("repo-forked")),
    ];
    for (name, needed, body) in needed {
        costs_no_event(body, needed, |body| parse(Some(name), body).unwrap());
    }
}

#[test]
fn a_branch_that_goes() {
    insta::assert_snapshot!(check("repo:refs_changed", payload!("repo-refs-changed")), @"
    kind: push
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    branch: feature/wip
    deleted: 32a0b8a740c2963c6f56bd8baf3dc05683d299e0
    ");
}

#[test]
fn pull_requests() {
    insta::assert_snapshot!(check("pr:opened", payload!("pr-opened")), @"
    kind: merge_request
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: opened
    number: 5
    title: Update README
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/pull-requests/5
    state: opened
    source: feature/wip
    target: master
    ");
    insta::assert_snapshot!(check("pr:merged", payload!("pr-merged")), @"
    kind: merge_request
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: merged
    number: 5
    title: Update README
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/pull-requests/5
    state: merged
    source: feature/wip
    target: master
    ");
    insta::assert_snapshot!(check("pr:deleted", payload!("pr-deleted")), @"
    kind: merge_request
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: deleted
    number: 2
    title: Update README
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/pull-requests/2
    state: opened
    source: feature/wip
    target: master
    ");
    insta::assert_snapshot!(check("pr:reviewer:needs_work", payload!("pr-reviewer-needs-work")), @"
    kind: merge_request
    actor: tux (Cain Piper)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: changes_requested
    number: 5
    title: Update README
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/pull-requests/5
    state: opened
    source: feature/wip
    target: master
    ");
}

#[test]
fn comments() {
    insta::assert_snapshot!(check("pr:comment:edited", payload!("pr-comment-edited")), @"
    kind: comment
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: updated
    on: MergeRequest
    number: 2
    title: Update README
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/pull-requests/2/overview?commentId=165
    text: yada edit comment
    ");
    insta::assert_snapshot!(check("pr:comment:deleted", payload!("pr-comment-deleted")), @"
    kind: comment
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: deleted
    on: MergeRequest
    number: 2
    title: Update README
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/pull-requests/2
    text: test
    ");
    insta::assert_snapshot!(check("repo:comment:added", payload!("repo-comment-added")), @"
    kind: comment
    actor: gopher (Foo Bar)
    repository: webhook-test: ~gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: created
    on: Commit
    commit: 038e7b67735e54f6de8f1c5d533c6751df524f6c
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test/commits/038e7b67735e54f6de8f1c5d533c6751df524f6c
    text: test
    ");
}

#[test]
fn repositories_that_change_and_are_forked() {
    insta::assert_snapshot!(check("repo:modified", payload!("repo-modified")), @"
    kind: repo:modified
    actor: gopher (Foo Bar)
    repository: webhook-test: gopher/webhook-test https://server.bitbucket.local/users/gopher/repos/webhook-test -, private
    action: updated
    title: gopher/webhook-test
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test
    ");
    insta::assert_snapshot!(check("repo:forked", payload!("repo-forked")), @"
    kind: repo:forked
    actor: tux (Cain Piper)
    repository: webhook-test: ~tux/webhook-test https://server.bitbucket.local/users/tux/repos/webhook-test -, private
    action: forked
    title: ~gopher/webhook-test
    url: https://server.bitbucket.local/users/gopher/repos/webhook-test
    ");
}
