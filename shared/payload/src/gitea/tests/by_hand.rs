//! What no collection has: written after the forges' own structures.

use super::*;

#[test]
fn a_forge_is_asked_by_its_own_header_first_and_by_the_fine_name_last() {
    let name_of = |pairs: &[(&'static str, &str)]| {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        name(&headers.collect()).map(str::to_owned)
    };
    let both = [("x-gitea-event", "issues"), ("x-gitea-event-type", "issue_label"), ("x-github-event", "x")];
    assert_eq!(name_of(&both).as_deref(), Some("issues"));
    let package = [("x-gitea-event", ""), ("x-gitea-event-type", "package"), ("x-gogs-event", "")];
    assert_eq!(name_of(&package).as_deref(), Some("package"));
    assert_eq!(name_of(&[("x-gogs-event", "push")]).as_deref(), Some("push"));
    assert_eq!(name_of(&[("content-type", "application/json")]), None);
}

fn pull_request(event: &str, rest: &str, thing: &str) -> String {
    gitea(
        event,
        &format!(
            r#"{{{rest}, "number": 7, "sender": {{"username": "jane"}}, "repository": {{"full_name": "u/r",
                "html_url": "https://git.example.com/u/r"}}, "pull_request": {{{thing}}}}}"#
        ),
    )
}

#[test]
fn a_closed_pull_request_is_merged_if_it_says_so() {
    let merged =
        r#""title": "x", "state": "closed", "merged": true, "head": {"ref": "fix"}, "base": {"ref": "main"}"#;
    insta::assert_snapshot!(pull_request("pull_request", r#""action": "closed""#, merged), @"
    kind: merge_request
    actor: jane (-)
    repository: r: u/r https://git.example.com/u/r -, private or public
    action: merged
    number: 7
    title: x
    url: https://git.example.com/u/r/pulls/7
    state: merged
    source: fix
    target: main
    draft: false
    ");
    let closed = merged.replace("true", "false");
    let shown = pull_request("pull_request", r#""action": "closed""#, &closed);
    assert!(shown.contains("action: closed\n") && shown.contains("state: closed\n"), "{shown}");
}

#[test]
fn the_branch_of_a_pull_request_is_known_when_it_is_gone() {
    let thing =
        r#""head": {"ref": "refs/pull/7/head", "label": "fix#1/ü%"}, "base": {"ref": "refs/heads/main"}"#;
    insta::assert_snapshot!(pull_request("pull_request", r#""action": "synchronized""#, thing), @"
    kind: merge_request
    actor: jane (-)
    repository: r: u/r https://git.example.com/u/r -, private or public
    action: new_commits
    number: 7
    url: https://git.example.com/u/r/pulls/7
    source: fix#1/ü%
    target: main
    ");
}

#[test]
fn reviews_say_what_they_say_whatever_their_action() {
    let action = |event: &str, rest: &str| {
        let shown = pull_request(event, rest, r#""title": "x""#);
        shown.lines().find(|line| line.starts_with("action")).unwrap().to_owned()
    };
    assert_eq!(action("pull_request_approved", r#""action": "synchronized""#), "action: approved");
    assert_eq!(action("pull_request_rejected", r#""action": "reviewed""#), "action: changes_requested");
    assert_eq!(action("pull_request_comment", r#""action": "reviewed""#), "action: reviewed");
    assert_eq!(action("pull_request_review_approved", r#""action": null"#), "action: approved");
    let typed =
        r#""action": "reviewed", "review": {"type": "pull_request_review_rejected", "content": "no"}"#;
    assert_eq!(action("pull_request", typed), "action: changes_requested");
    let asked = r#""action": "review_requested", "requested_reviewer": {"login": "bob"}, "review": null"#;
    assert_eq!(action("pull_request", asked), "action: review_requested");
}

#[test]
fn a_draft_is_known_by_its_flag_or_its_title() {
    let edited = |from: &str, to: &str| {
        let rest = format!(r#""action": "edited", "changes": {{"title": {{"from": "{from}"}}}}"#);
        pull_request("pull_request", &rest, &format!(r#""title": "{to}", "head": {{"ref": "fix"}}"#))
    };
    let ready = edited("WIP: x", "x");
    assert!(ready.contains("action: ready\n") && ready.contains("draft: false\n"), "{ready}");
    let drafted = edited("x", "[wip] x");
    assert!(drafted.contains("action: drafted\n") && drafted.contains("draft: true\n"), "{drafted}");
    assert!(edited("x", "y").contains("action: updated\n"));
    let flagged = pull_request("pull_request", r#""action": "opened""#, r#""title": "é", "draft": true"#);
    assert!(flagged.contains("draft: true\n"), "{flagged}");
}

#[test]
fn a_pull_request_of_gogs_has_its_branches_beside_it() {
    let body = r#"{"action": "opened", "number": 3, "pull_request": {"number": 3, "title": "WIP: x", "state": "open",
        "head_branch": "fix", "base_branch": "main", "html_url": "https://gogs.example.com/u/r/pulls/3"},
        "repository": {"name": "r", "full_name": "u/r"}, "sender": {"login": "jane", "full_name": "Jane"}}"#;
    insta::assert_snapshot!(check(Forge::Gogs, "pull_request", body), @"
    kind: merge_request
    actor: jane (Jane)
    repository: r: u/r - -, private or public
    action: opened
    number: 3
    title: WIP: x
    url: https://gogs.example.com/u/r/pulls/3
    state: opened
    source: fix
    target: main
    ");
}

#[test]
fn a_tag_comes_and_goes_on_gogs_without_a_push() {
    let tag = |rest: &str| {
        format!(
            r#"{{"ref": "v1.0", "ref_type": "tag", {rest} "repository": {{"name": "r"}}, "sender": {{"login": "jane"}}}}"#
        )
    };
    insta::assert_snapshot!(check(Forge::Gogs, "create", &tag(r#""sha": "67b56589","#)), @"
    kind: tag
    actor: jane (-)
    repository: r: - - -, private or public
    tag: v1.0
    created: 67b56589
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "delete", &tag("")), @"
    kind: tag
    actor: jane (-)
    repository: r: - - -, private or public
    tag: v1.0
    deleted: at an unknown commit
    ");
    insta::assert_snapshot!(check(Forge::Gogs, "create", &tag("")), @"
    kind: create
    actor: jane (-)
    repository: r: - - -, private or public
    title: v1.0
    ");
    // The others send a push as well.
    assert!(gitea("create", &tag("")).starts_with("ignored"));
}

#[test]
fn pages_of_wikis() {
    let body = r#"{"action": "edited", "page": "How To", "comment": "Update", "sender": {"login": "jane"},
        "repository": {"name": "r", "html_url": "https://git.example.com/u/r", "private": false, "internal": true}}"#;
    insta::assert_snapshot!(gitea("wiki", body), @"
    kind: wiki_page
    actor: jane (-)
    repository: r: - https://git.example.com/u/r -, private
    action: updated
    title: How To
    url: https://git.example.com/u/r/wiki/How-To
    ");
}

#[test]
fn packages() {
    let body = r#"{"action": "created", "package": {"id": 9, "type": "npm", "name": "left-pad", "version": "1.0.1",
        "html_url": "https://git.example.com/u/-/packages/npm/left-pad/1.0.1", "repository": null},
        "organization": {"username": "u"}, "sender": {"login": "jane"}}"#;
    insta::assert_snapshot!(gitea("package", body), @"
    kind: package
    actor: jane (-)
    action: created
    number: 9
    title: left-pad 1.0.1
    url: https://git.example.com/u/-/packages/npm/left-pad/1.0.1
    ");
}

#[test]
fn a_commits_status() {
    let body = r#"{"commit": {"id": "67b56589", "message": "x"}, "context": "ci/test", "description": "ok", "id": 5,
        "sha": "67b56589", "state": "error", "target_url": "https://ci.example.com/5", "updated_at": null,
        "repository": {"name": "r"}, "sender": {"login": "gitea-actions", "id": -2}}"#;
    insta::assert_snapshot!(gitea("status", body), @"
    kind: job
    actor: gitea-actions (-), a bot
    repository: r: - - -, private or public
    name: ci/test
    url: https://ci.example.com/5
    status: failed
    commit: 67b56589
    ");
}

#[test]
fn workflows_of_gitea() {
    let run = r#"{"action": "completed", "workflow": {"id": "ci.yml", "name": "CI"}, "workflow_run": {"id": 101,
        "run_number": 12, "display_title": "Fix it", "path": "ci.yml@refs/heads/main", "event": "push",
        "html_url": "https://git.example.com/u/r/actions/runs/12", "head_branch": "main", "head_sha": "67b56589",
        "status": "completed", "conclusion": "failure", "started_at": "2025-11-20T10:00:00Z", "completed_at":
        "2025-11-20T11:01:30+01:00"}, "repository": {"name": "r"}, "sender": {"login": "jane"}}"#;
    insta::assert_snapshot!(gitea("workflow_run", run), @"
    kind: pipeline
    actor: jane (-)
    repository: r: - - -, private or public
    action: completed
    number: 12
    name: CI
    url: https://git.example.com/u/r/actions/runs/12
    status: failed
    branch: main
    commit: 67b56589
    source: push
    duration: 90 s
    ");
    // The run of a tag has no branch.
    let tagged = run
        .replace("refs/heads/main", "refs/tags/v1")
        .replace(r#""head_branch": "main""#, r#""head_branch": """#);
    let tagged = gitea("workflow_run", &tagged.replace(r#""name": "CI""#, r#""name": null"#));
    assert!(tagged.contains("tag: v1\n") && tagged.contains("name: ci.yml\n"), "{tagged}");
    let job = r#"{"action": "in_progress", "workflow_job": {"id": 7, "run_id": 101, "name": "test", "status":
        "in_progress", "html_url": "https://git.example.com/u/r/actions/runs/12/jobs/0", "head_branch": "main",
        "head_sha": "67b56589", "started_at": "2025-11-20T10:00:00Z", "completed_at": "0001-01-01T00:00:00Z"},
        "repository": {"name": "r"}, "sender": {"login": "jane"}}"#;
    insta::assert_snapshot!(gitea("workflow_job", job), @"
    kind: job
    actor: jane (-)
    repository: r: - - -, private or public
    action: in_progress
    name: test
    url: https://git.example.com/u/r/actions/runs/12/jobs/0
    status: running
    branch: main
    commit: 67b56589
    ");
}

#[test]
fn runs_of_forgejo_have_all_within() {
    let run = |reference: &str, payload: &str| {
        let body = format!(
            r#"{{"action": "recover", "prior_status": "running", "last_run": {{"id": 1}}, "run": {{"id": 2, "title":
                "Fix it", "workflow_id": "ci.yml", "index_in_repo": 8, "prettyref": "{reference}", "commit_sha":
                "67b56589", "event": "push", "event_payload": "{payload}", "status": "success", "duration":
                62000000000, "html_url": "https://codeberg.example/u/r/actions/runs/8", "repository": {{"name": "r",
                "full_name": "u/r"}}, "trigger_user": {{"login": "jane"}}}}}}"#
        );
        check(Forge::Forgejo, "action_run_recover", &body)
    };
    insta::assert_snapshot!(run("v1", r#"{\"ref\": \"refs/tags/v1\"}"#), @"
    kind: pipeline
    actor: jane (-)
    repository: r: u/r - -, private or public
    action: recover
    number: 8
    name: ci.yml
    url: https://codeberg.example/u/r/actions/runs/8
    status: success
    tag: v1
    commit: 67b56589
    source: push
    duration: 62 s
    ");
    assert!(run("main", "").contains("branch: main\n"));
    assert!(!run("#12", "{}").contains("branch:"));
    let job = r#"{"action": "status_changed", "job": {"id": 3, "name": "build", "status": "running"}, "run": {"id": 2,
        "prettyref": "main", "commit_sha": "67b56589", "html_url": "https://codeberg.example/u/r/actions/runs/8"},
        "repository": {"name": "r"}}"#;
    insta::assert_snapshot!(check(Forge::Forgejo, "workflow_job_running", job), @"
    kind: job
    actor: - (-)
    repository: r: - - -, private or public
    action: status_changed
    name: build
    url: https://codeberg.example/u/r/actions/runs/8
    status: running
    branch: main
    commit: 67b56589
    ");
}

#[test]
fn an_event_of_tomorrow_is_told_by_its_name() {
    let body = r#"{"action": "Enqueued", "repository": {"full_name": "u/r", "html_url": "https://git.example.com/u/r/"}}"#;
    insta::assert_snapshot!(gitea("merge_group", body), @"
    kind: merge_group
    actor: - (-)
    repository: r: u/r https://git.example.com/u/r -, private or public
    action: Enqueued
    title: u/r
    url: https://git.example.com/u/r
    ");
    assert_eq!(gitea("no name\t", body), "ignored: events 'no name\t' are not relayed\n");
}

#[test]
fn nothing_that_is_missing_loses_the_event() {
    let nulls = r#"{"action": null, "number": null, "issue": {"number": "7", "title": null, "html_url": "", "state": 1,
        "pull_request": null}, "repository": null, "sender": null}"#;
    insta::assert_snapshot!(gitea("issues", nulls), @"
    kind: issue
    actor: - (-)
    number: 7
    state: 1
    ");
}

#[test]
fn a_title_stays_as_it_is_sent_and_a_sha256_repository_is_like_any_other() {
    let issue = r#"{"action": "opened", "issue": {"number": 1, "title": "a\r\nQUIT \u0003\u202e"}, "repository": {}}"#;
    let shown = gitea("issues", issue);
    assert!(shown.contains(r"title: a\r\nQUIT \u{3}\u{202e}"), "{shown}");
    let (zeros, id) = ("0".repeat(64), "ab".repeat(32));
    let push = format!(
        r#"{{"ref": "refs/heads/a/b#c%2Fü", "before": "{zeros}", "after": "{id}", "repository": {{"name": "r"}}}}"#
    );
    insta::assert_snapshot!(check(Forge::Forgejo, "push", &push), @"
    kind: push
    actor: - (-)
    repository: r: - - -, private or public
    branch: a/b#c%2Fü
    created: abababababababababababababababababababababababababababababababab
    ");
}
