//! Payloads of Bitbucket Cloud in, facts out.

use super::*;
use crate::collection::{Collected, collected};
use crate::odd::costs_no_event;
use crate::show::show;

mod by_hand;

/// A payload of the collection, by its file.
macro_rules! payload {
    ($file:literal) => {
        include_str!(concat!(
            "../../../../tests/fixtures/payloads/go-playground-webhooks/bitbucket-cloud/",
            $file,
            ".json"
        ))
    };
}

fn check(name: &str, body: &str) -> String {
    show(&parse(Some(name), body.as_bytes()).unwrap())
}

#[test]
fn every_event_of_the_collection_is_told() {
    for Collected { name, body, .. } in collected("bitbucket-cloud") {
        let shown = check(name, &body);
        assert!(shown.starts_with("kind: ") && shown.contains("actor: emmap1 (Emma)\n"), "{name}: {shown}");
    }
}

#[test]
fn a_field_of_another_type_costs_no_event() {
    let needed: [(&str, &[&str], &str); 6] = [
        ("repo:push", &["/repository", "/push", "/push/changes", "/push/changes/0"], payload!("repo-push")),
        ("issue:updated", &["/issue"], payload!("issue-updated")),
        ("pullrequest:comment_created", &["/pullrequest"], payload!("pull-request-comment-created")),
        ("repo:commit_comment_created", &[], payload!("commit-comment-created")),
        ("repo:commit_status_created", &[], payload!("repo-commit-status-created")),
        ("repo:fork", &[], payload!("repo-fork")),
    ];
    for (name, needed, body) in needed {
        costs_no_event(body, needed, |body| parse(Some(name), body).unwrap());
    }
}

#[test]
fn a_push() {
    insta::assert_snapshot!(check("repo:push", payload!("repo-push")), @"
    kind: push
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    branch: name-of-branch
    updated: 1e65c05c1d5171631d92438a13901ca7dae9618c..709d658dc5b6d6afcd46049c2f332ee3f515a67d
    forced: false
    compare: https://bitbucket.org/user_name/repo_name/branches/compare/c4b2b7914156a878aa7c9da452a09fb50c2091f2..b99ea6dad8f416e57c5ca78c1ccef590600d841b
    count: 1
    commit: 03f4a727 Emma: commit message <https://bitbucket.org/user/repo/commits/03f4a7270240708834de475bcf21532d6134777e>
    ");
}

#[test]
fn issues_and_comments_on_them() {
    insta::assert_snapshot!(check("issue:created", payload!("issue-created")), @"
    kind: issue
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: opened
    number: 1
    title: Issue title
    url: https://api.bitbucket.org/issue_id
    state: new|open|on hold|resolved|duplicate|invalid|wontfix|closed
    ");
    insta::assert_snapshot!(check("issue:updated", payload!("issue-updated")), @"
    kind: issue
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: updated
    number: 1
    title: Issue title
    url: https://api.bitbucket.org/issue_id
    state: new|open|on hold|resolved|duplicate|invalid|wontfix|closed
    ");
    insta::assert_snapshot!(check("issue:comment_created", payload!("issue-comment-created")), @"
    kind: comment
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: created
    on: Issue
    number: 1
    title: Issue title
    url: https://api.bitbucket.org/comment_id
    text: Comment text
    ");
}

#[test]
fn pull_requests_and_comments_on_them() {
    insta::assert_snapshot!(check("pullrequest:created", payload!("pull-request-created")), @"
    kind: merge_request
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: opened
    number: 1
    title: Title of pull request
    url: https://api.bitbucket.org/pullrequest_id
    state: open|merged|declined
    source: branch2
    target: master
    ");
    insta::assert_snapshot!(check("pullrequest:comment_deleted", payload!("pull-request-comment-deleted")), @"
    kind: comment
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: deleted
    on: MergeRequest
    number: 1
    title: Title of pull request
    url: https://api.bitbucket.org/comment_id
    text: Comment text
    ");
}

#[test]
fn comments_on_commits() {
    let body = payload!("commit-comment-created");
    insta::assert_snapshot!(check("repo:commit_comment_created", body), @"
    kind: comment
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: created
    on: Commit
    commit: d3022fc0ca3d65c7f6654eea129d6bf0cf0ee08e
    url: https://api.bitbucket.org/comment_id
    text: Comment text
    ");
}

#[test]
fn statuses_of_commits() {
    let body = payload!("repo-commit-status-updated");
    insta::assert_snapshot!(check("repo:commit_status_updated", body), @"
    kind: job
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: updated
    name: Unit Tests (Python)
    url: https://my-build-tool.com/builds/MY-PROJECT/BUILD-792
    status: success
    commit: 9fec847784abb10b2fa567ee63b85bd238955d0e
    ");
}

#[test]
fn repositories_that_change_and_are_forked() {
    insta::assert_snapshot!(check("repo:fork", payload!("repo-fork")), @"
    kind: repo:fork
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: forked
    title: team_name/repo_name
    url: https://api.bitbucket.org/bitbucket/bitbucket
    ");
    insta::assert_snapshot!(check("repo:updated", payload!("repo-updated")), @"
    kind: repo:updated
    actor: emmap1 (Emma)
    repository: repo_name: team_name/repo_name https://api.bitbucket.org/bitbucket/bitbucket -, private
    action: updated
    title: team_name/repo_name
    url: https://api.bitbucket.org/bitbucket/bitbucket
    ");
}
