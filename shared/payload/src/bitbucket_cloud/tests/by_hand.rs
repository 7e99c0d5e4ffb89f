//! What no collection has: written after Atlassian's page and what Bitbucket is known to send.

use super::*;

#[test]
fn one_push_of_several_refs_is_several_events() {
    let body = r#"{"actor": {"type": "AppUser", "display_name": "Renovate"}, "repository": {"full_name": "w/r"},
        "push": {"changes": [
        {"old": null, "new": {"type": "branch", "name": "a/b#c%2Fü", "target": {"hash": "2"}}, "forced": true,
         "created": true, "truncated": true, "links": {"html": {"href": "https://bitbucket.org/w/r/branch/x"}},
         "commits": [{"hash": "2", "message": "newest\nof all", "author": {"raw": "Ann <ann@example.com>"}},
                     {"hash": "1", "links": {"html": {"href": "https://bitbucket.org/w/r/commits/1"}}}]},
        {"old": {"type": "branch", "name": "gone", "target": {"hash": "1"}}, "new": null, "closed": true, "links": {}},
        {"old": null, "new": {"type": "annotated_tag", "name": "v1", "message": "One\n", "target": {"hash": "2"}}},
        {"old": {"type": "tag", "name": "v0", "target": {"hash": "2"}}, "new": null},
        {"new": null, "old": null}, null]}}"#;
    insta::assert_snapshot!(check("repo:push", body), @r"
    kind: push
    actor: - (Renovate), a bot
    repository: r: w/r - -, private or public
    branch: a/b#c%2Fü
    created: 2
    forced: true
    compare: https://bitbucket.org/w/r/branch/x
    count: 2
    truncated: true
    commit: 1 :  <https://bitbucket.org/w/r/commits/1>
    commit: 2 Ann: newest <no page>

    kind: push
    actor: - (Renovate), a bot
    repository: r: w/r - -, private or public
    branch: gone
    deleted: 1

    kind: tag
    actor: - (Renovate), a bot
    repository: r: w/r - -, private or public
    tag: v1
    created: 2
    annotation: One\n

    kind: tag
    actor: - (Renovate), a bot
    repository: r: w/r - -, private or public
    tag: v0
    deleted: 2
    ");
}

#[test]
fn a_branch_that_is_moved_by_force_says_so_and_one_of_sha256_is_like_any_other() {
    let (before, after) = ("ab".repeat(32), "cd".repeat(32));
    let body = format!(
        r#"{{"repository": {{"name": "r"}}, "push": {{"changes": [{{"forced": true,
            "old": {{"type": "branch", "name": "main", "target": {{"hash": "{before}"}}}},
            "new": {{"type": "branch", "name": "main", "target": {{"hash": "{after}"}}}}}}]}}}}"#
    );
    insta::assert_snapshot!(check("repo:push", &body), @"
    kind: push
    actor: - (-)
    repository: r: - - -, private or public
    branch: main
    updated: abababababababababababababababababababababababababababababababab..cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
    forced: true
    ");
}

#[test]
fn each_thing_done_to_a_pull_request_has_its_word() {
    let body = r#"{"pullrequest": {"id": 3, "title": "x", "state": "OPEN", "draft": true,
        "source": {"branch": {"name": "fix"}}, "destination": {"branch": {"name": "main"}},
        "links": {"html": {"href": "https://bitbucket.org/w/r/pull-requests/3"}}}, "comment": {"content": {"raw": "no"}}}"#;
    let word = |key: &str| {
        let shown = check(key, body);
        let line = shown.lines().find_map(|line| line.strip_prefix("action: ")).unwrap();
        format!("{} {line}", shown.lines().next().unwrap())
    };
    for (key, expected) in [
        ("pullrequest:created", "kind: merge_request opened"),
        ("pullrequest:updated", "kind: merge_request updated"),
        ("pullrequest:push", "kind: merge_request new_commits"),
        ("pullrequest:approved", "kind: merge_request approved"),
        ("pullrequest:unapproved", "kind: merge_request unapproved"),
        ("pullrequest:changes_request_created", "kind: merge_request changes_requested"),
        ("pullrequest:changes_request_removed", "kind: merge_request changes_request_removed"),
        ("pullrequest:fulfilled", "kind: merge_request merged"),
        ("pullrequest:rejected", "kind: merge_request closed"),
        ("pullrequest:comment_created", "kind: comment created"),
        ("pullrequest:comment_updated", "kind: comment updated"),
        ("pullrequest:comment_deleted", "kind: comment deleted"),
        ("pullrequest:comment_resolved", "kind: comment resolved"),
        ("pullrequest:comment_reopened", "kind: comment reopened"),
    ] {
        assert_eq!(word(key), expected, "{key}");
    }
    assert!(check("pullrequest:created", body).contains("draft: true\n"));
}

#[test]
fn a_merged_pull_request_of_2018_with_a_username() {
    let body = r#"{"actor": {"username": "jane", "display_name": "Jane", "type": "user", "uuid": "{1}"}, "pullrequest":
        {"id": 3, "title": "x", "state": "MERGED", "source": {"branch": {"name": "fix"}, "repository": null},
        "destination": {"repository": {"name": "R", "full_name": "w/r", "mainbranch": {"name": "main"}, "links":
        {"html": {"href": "https://bitbucket.org/w/r"}}, "workspace": {"slug": "w"}}}}}"#;
    insta::assert_snapshot!(check("pullrequest:fulfilled", body), @"
    kind: merge_request
    actor: jane (Jane)
    repository: R: w/r https://bitbucket.org/w/r main, private or public
    action: merged
    number: 3
    title: x
    state: merged
    source: fix
    ");
}

#[test]
fn a_status_names_its_branch_and_its_commit() {
    let body = r#"{"commit_status": {"key": "build-7", "name": "", "state": "STOPPED", "refname": "main", "url":
        "https://ci.example.com/7", "commit": {"hash": "9fec847784abb10b2fa567ee63b85bd238955d0e"}},
        "repository": {"name": "r"}}"#;
    insta::assert_snapshot!(check("repo:commit_status_created", body), @"
    kind: job
    actor: - (-)
    repository: r: - - -, private or public
    action: created
    name: build-7
    url: https://ci.example.com/7
    status: canceled
    branch: main
    commit: 9fec847784abb10b2fa567ee63b85bd238955d0e
    ");
}

#[test]
fn projects_and_repositories_that_come_move_and_go() {
    let repository =
        r#"{"repository": {"name": "r", "full_name": "w/r"}, "previousowner": {"username": "v"}}"#;
    insta::assert_snapshot!(check("repo:transfer", repository), @"
    kind: repo:transfer
    actor: - (-)
    repository: r: w/r - -, private or public
    action: transferred
    title: w/r
    ");
    for (key, action) in
        [("repo:deleted", "deleted"), ("repo:imported", "imported"), ("repo:created", "created")]
    {
        let shown = check(key, repository);
        assert!(shown.contains(&format!("kind: {key}\n")) && shown.contains(&format!("action: {action}\n")));
    }
    let project = r#"{"actor": {"type": "team", "username": "w"}, "project": {"key": "P", "name": "Paint", "links":
        {"html": {"href": "https://bitbucket.org/w/workspace/projects/P"}}}}"#;
    insta::assert_snapshot!(check("project:updated", project), @"
    kind: project:updated
    actor: w (-)
    action: updated
    title: Paint
    url: https://bitbucket.org/w/workspace/projects/P
    ");
    assert_eq!(check("no key", "{}"), "ignored: events 'no key' are not relayed\n");
}

#[test]
fn nothing_that_is_missing_loses_the_event() {
    let nulls = r#"{"actor": null, "repository": "r", "issue": {"id": "7", "title": "a\r\nQUIT\u0003", "state": null,
        "links": {"html": null}}, "comment": null, "changes": null}"#;
    insta::assert_snapshot!(check("issue:updated", nulls), @r"
    kind: issue
    actor: - (-)
    action: updated
    number: 7
    title: a\r\nQUIT\u{3}
    ");
}
