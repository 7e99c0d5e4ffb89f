//! What no collection has: written after Atlassian's pages for the versions 5.4 to 10.

use super::*;

const REPOSITORY: &str = r#"{"slug": "r", "project": {"key": "P"}, "public": true, "links": {"self": [{"href": "https://h/projects/P/repos/r/browse"}]}}"#;

fn push(rest: &str) -> String {
    check("repo:refs_changed", &format!(r#"{{"repository": {REPOSITORY}, {rest}}}"#))
}

#[test]
fn a_push_of_a_server_that_tells_commits_and_of_one_that_does_not() {
    let changes = r#""changes": [{"ref": {"id": "refs/heads/a/b#c%ü", "type": "BRANCH"}, "fromHash": "1", "toHash": "3"}]"#;
    insta::assert_snapshot!(push(changes), @"
    kind: push
    actor: - (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    branch: a/b#c%ü
    updated: 1..3
    compare: https://h/projects/P/repos/r/compare/commits?sourceBranch=3&targetBranch=1
    ");
    let commits = r#""toCommit": {"id": "3"}, "commits": [
        {"id": "3", "message": "newest\nof all", "author": {"name": "ann", "displayName": "Ann"}, "authorTimestamp":
         1728000000000},
        {"id": "2", "message": "older", "author": {"name": "Bob"}, "authorTimestamp": "2026-01-02T03:04:05Z"}]"#;
    insta::assert_snapshot!(push(&format!("{changes}, {commits}")), @"
    kind: push
    actor: - (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    branch: a/b#c%ü
    updated: 1..3
    compare: https://h/projects/P/repos/r/compare/commits?sourceBranch=3&targetBranch=1
    count: 2
    commit: 2 Bob: older <https://h/projects/P/repos/r/commits/2>
    commit: 3 Ann: newest <https://h/projects/P/repos/r/commits/3>
    ");
}

#[test]
fn the_commits_of_a_push_of_several_refs_go_to_the_branch_that_ends_there() {
    let id = "ab".repeat(32);
    let zeros = "0".repeat(64);
    let rest = format!(
        r#""changes": [
            {{"ref": {{"id": "refs/tags/v1", "displayId": "v1", "type": "TAG"}}, "fromHash": "{zeros}", "toHash": "{id}"}},
            {{"refId": "refs/heads/old", "fromHash": "1", "toHash": "2", "type": "UPDATE"}},
            {{"ref": {{"displayId": "main"}}, "fromHash": "{zeros}", "toHash": "3", "type": "ADD"}}],
            "commits": [{{"id": "3", "message": "newest"}}]"#
    );
    insta::assert_snapshot!(push(&rest), @"
    kind: tag
    actor: - (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    tag: v1
    created: abababababababababababababababababababababababababababababababab

    kind: push
    actor: - (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    branch: old
    updated: 1..2
    compare: https://h/projects/P/repos/r/compare/commits?sourceBranch=2&targetBranch=1

    kind: push
    actor: - (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    branch: main
    created: 3
    count: 1
    commit: 3 : newest <https://h/projects/P/repos/r/commits/3>
    ");
}

#[test]
fn refs_that_are_neither_branches_nor_tags_are_not_told() {
    let shown = push(
        r#""changes": [{"ref": {"id": "refs/notes/commits", "displayId": "notes/commits"}, "fromHash": "1", "toHash": "2"}]"#,
    );
    assert_eq!(shown, "ignored: a push to neither a branch nor a tag\n");
}

#[test]
fn a_full_list_of_commits_that_does_not_reach_back_is_cut() {
    let commit = |id: u8, parent: u8| format!(r#"{{"id": "{id}", "parents": [{{"id": "{parent}"}}]}}"#);
    let shown = |first: u8| {
        let commits: Vec<_> = (first..first + 5).rev().map(|id| commit(id, id - 1)).collect();
        let commits = commits.join(",");
        let last = first + 4;
        push(&format!(
            r#""changes": [{{"refId": "refs/heads/main", "fromHash": "1", "toHash": "{last}"}}], "commits": [{commits}]"#
        ))
    };
    assert!(shown(3).contains("truncated: true\n"));
    assert!(!shown(2).contains("truncated"));
}

#[test]
fn each_thing_done_to_a_pull_request_has_its_word() {
    let body = format!(
        r#"{{"pullRequest": {{"id": 3, "title": "x", "state": "OPEN", "draft": true, "links": {{"self": [null]}},
            "fromRef": {{"id": "refs/heads/fix/1", "displayId": "1"}},
            "toRef": {{"displayId": "main", "repository": {REPOSITORY}}}}},
            "actor": {{"name": "ci", "type": "SERVICE"}}, "comment": {{"id": 9, "text": "no"}}}}"#
    );
    let word = |key: &str| {
        let shown = check(key, &body);
        let line = shown.lines().find_map(|line| line.strip_prefix("action: ")).unwrap();
        format!("{} {line}", shown.lines().next().unwrap())
    };
    for (key, expected) in [
        ("pr:opened", "kind: merge_request opened"),
        ("pr:from_ref_updated", "kind: merge_request new_commits"),
        ("pr:to_ref_updated", "kind: merge_request updated"),
        ("pr:modified", "kind: merge_request updated"),
        ("pr:reviewer:updated", "kind: merge_request updated"),
        ("pr:reviewer:approved", "kind: merge_request approved"),
        ("pr:reviewer:unapproved", "kind: merge_request unapproved"),
        ("pr:reviewer:needs_work", "kind: merge_request changes_requested"),
        ("pr:reviewer:changes_requested", "kind: merge_request changes_requested"),
        ("pr:merged", "kind: merge_request merged"),
        ("pr:declined", "kind: merge_request closed"),
        ("pr:deleted", "kind: merge_request deleted"),
        ("pr:reopened", "kind: merge_request reopened"),
        ("pr:comment:added", "kind: comment created"),
        ("pr:comment:edited", "kind: comment updated"),
        ("pr:comment:deleted", "kind: comment deleted"),
    ] {
        assert_eq!(word(key), expected, "{key}");
    }
    insta::assert_snapshot!(check("pr:opened", &body), @"
    kind: merge_request
    actor: ci (-), a bot
    repository: r: P/r https://h/projects/P/repos/r -, public
    action: opened
    number: 3
    title: x
    url: https://h/projects/P/repos/r/pull-requests/3
    state: opened
    source: fix/1
    target: main
    draft: true
    ");
}

#[test]
fn a_server_before_7_links_nothing() {
    let body = r#"{"eventKey": "pr:merged", "actor": {"name": "admin", "displayName": "Administrator"}, "pullRequest":
        {"id": 9, "title": "x", "state": "MERGED", "fromRef": {"displayId": "fix"}, "toRef": {"displayId": "main",
        "repository": {"slug": "r", "name": "r", "project": {"key": "~jane", "type": "PERSONAL"}, "public": false}}}}"#;
    insta::assert_snapshot!(check("pr:merged", body), @"
    kind: merge_request
    actor: admin (Administrator)
    repository: r: ~jane/r - -, private
    action: merged
    number: 9
    title: x
    state: merged
    source: fix
    target: main
    ");
}

#[test]
fn where_a_secret_lies_is_confidential() {
    let body = format!(
        r#"{{"actor": {{"name": "admin"}}, "secretLocations": [{{"commitId": "5b3e2a", "path": "a/key.pem", "line": 3,
            "ruleName": "Private key", "repository": {REPOSITORY}}}, {{"path": "b"}}]}}"#
    );
    insta::assert_snapshot!(check("repo:secret_detected", &body), @"
    kind: repo:secret_detected
    actor: admin (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    confidential: true
    action: secret_detected
    title: Private key in a/key.pem:3 and 1 more
    url: https://h/projects/P/repos/r/commits/5b3e2a
    ");
}

#[test]
fn projects_tests_and_what_tomorrow_brings() {
    let project = r#"{"actor": {"name": "admin"}, "old": {"key": "P", "name": "Old"}, "new": {"key": "P", "name": "New"}}"#;
    insta::assert_snapshot!(check("project:modified", project), @"
    kind: project:modified
    actor: admin (-)
    action: updated
    title: New
    ");
    insta::assert_snapshot!(check("diagnostics:ping", r#"{"test": true}"#), @"
    kind: diagnostics:ping
    actor: - (-)
    ");
    let unknown = format!(r#"{{"repository": {REPOSITORY}, "eventKey": "repo:archived"}}"#);
    insta::assert_snapshot!(check("repo:archived", &unknown), @"
    kind: repo:archived
    actor: - (-)
    repository: r: P/r https://h/projects/P/repos/r -, public
    action: archived
    title: P/r
    url: https://h/projects/P/repos/r
    ");
    assert_eq!(check("no key", "{}"), "ignored: events 'no key' are not relayed\n");
    assert_eq!(show(&parse(None, b"{}").unwrap()), "ignored: events 'without a name' are not relayed\n");
}

#[test]
fn a_mirror_says_what_the_pushes_have_said() {
    let body = r#"{"eventKey": "mirror:repo_synchronized", "changes": []}"#;
    assert_eq!(
        check("mirror:repo_synchronized", body),
        "ignored: a mirror repeats what the pushes have told\n"
    );
}

#[test]
fn nothing_that_is_missing_loses_the_event() {
    let nulls = r#"{"actor": null, "pullRequest": {"id": "7", "title": "a\r\nQUIT\u0003", "links": {"self": {}},
        "fromRef": null, "toRef": {"repository": null}}}"#;
    insta::assert_snapshot!(check("pr:modified", nulls), @r"
    kind: merge_request
    actor: - (-)
    action: updated
    number: 7
    title: a\r\nQUIT\u{3}
    ");
}
