//! What no collection holds: rare actions, new events, odd and hostile values.

use serde_json::{Value, json};

use super::{event_of, shown};
use crate::{Fact, Reference};

fn request(action: &str, fields: &Value) -> Value {
    let mut request = json!({
        "number": 7, "title": "t", "state": "open", "html_url": "https://github.com/o/r/pull/7",
        "head": {"ref": "topic"}, "base": {"ref": "main"},
    });
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"action": action, "pull_request": request, "sender": {"login": "a"}})
}

/// Action and state, as `inspect` tells them.
fn outcome(name: &str, body: &Value) -> (Option<String>, Option<String>) {
    let Fact::MergeRequest(request) = event_of(name, body).fact else { panic!("no merge request") };
    (request.item.action.map(|word| word.to_string()), request.item.state.map(|word| word.to_string()))
}

fn check_action(name: &str, body: &Value, action: &str, state: &str) {
    assert_eq!(outcome(name, body), (Some(action.to_owned()), Some(state.to_owned())), "{body}");
}

#[test]
fn each_action_on_a_pull_request_has_its_word() {
    for (action, word) in [
        ("opened", "opened"),
        ("reopened", "reopened"),
        ("edited", "updated"),
        ("synchronize", "new_commits"),
        ("converted_to_draft", "drafted"),
        ("ready_for_review", "ready"),
        ("review_requested", "review_requested"),
        ("auto_merge_enabled", "auto_merge_enabled"),
        ("dequeued", "dequeued"),
        ("demilestoned", "demilestoned"),
        ("unlabeled", "unlabeled"),
    ] {
        check_action("pull_request", &request(action, &json!({})), word, "opened");
    }
    let closed = json!({"state": "closed", "merged": false, "merged_at": null});
    check_action("pull_request", &request("closed", &closed), "closed", "closed");
    for merged in [json!({"state": "closed", "merged": true}), json!({"merged_at": "2024-05-01T10:00:00Z"})] {
        check_action("pull_request", &request("closed", &merged), "merged", "merged");
        check_action("pull_request", &request("labeled", &merged), "labeled", "merged");
    }
}

#[test]
fn each_verdict_of_a_review_has_its_word() {
    for (action, state, word) in [
        ("submitted", json!("approved"), "approved"),
        ("submitted", json!("APPROVED"), "approved"),
        ("submitted", json!("changes_requested"), "changes_requested"),
        ("submitted", json!("commented"), "reviewed"),
        ("submitted", json!(null), "reviewed"),
        ("edited", json!("approved"), "updated"),
        ("dismissed", json!("dismissed"), "dismissed"),
    ] {
        let mut body = request(action, &json!({}));
        body["review"] = json!({"state": state, "html_url": "https://github.com/o/r/pull/7#review"});
        check_action("pull_request_review", &body, word, "opened");
    }
}

#[test]
fn a_run_stands_where_its_conclusion_says_once_it_is_over() {
    for (action, status, conclusion, word) in [
        ("requested", json!("queued"), json!(null), "pending"),
        ("in_progress", json!("in_progress"), json!(null), "running"),
        // A rerun keeps the last conclusion for a while.
        ("in_progress", json!("in_progress"), json!("failure"), "running"),
        ("completed", json!("completed"), json!("success"), "success"),
        ("completed", json!("completed"), json!("timed_out"), "failed"),
        ("completed", json!("completed"), json!("cancelled"), "canceled"),
        ("completed", json!("completed"), json!("action_required"), "manual"),
        ("completed", json!("completed"), json!("neutral"), "neutral"),
        ("completed", json!("completed"), json!(null), "completed"),
        ("waiting", json!("waiting"), json!(null), "pending"),
        ("requested", json!(null), json!(null), "pending"),
    ] {
        let run = json!({"status": status, "conclusion": conclusion});
        for name in ["workflow_run", "check_suite", "workflow_job", "check_run"] {
            let told = event_of(name, &json!({"action": action, name: run.clone()}));
            let (Fact::Pipeline(told) | Fact::Job(told)) = told.fact else { panic!("{name}") };
            assert_eq!(told.status.as_str(), word, "{name} {run}");
        }
    }
}

#[test]
fn a_status_belongs_to_a_branch_if_there_is_but_one() {
    let status = |branches: Value| {
        let body = json!({"sha": "a1", "state": "error", "context": "ci/x", "target_url": "https://ci.example.com/1",
            "branches": branches, "repository": {"full_name": "o/r"}});
        shown("status", &body)
    };
    insta::assert_snapshot!(status(json!([{"name": "main"}])), @"
    kind: job
    actor: - (-)
    repository: r: o/r - -, private or public
    name: ci/x
    url: https://ci.example.com/1
    status: failed
    branch: main
    commit: a1
    ");
    insta::assert_snapshot!(status(json!([{"name": "main"}, {"name": "topic"}])), @"
    kind: job
    actor: - (-)
    repository: r: o/r - -, private or public
    name: ci/x
    url: https://ci.example.com/1
    status: failed
    commit: a1
    ");
}

#[test]
fn deployments_pass_or_not() {
    let review = |action: &str, status: &str| {
        let job = json!({"id": 1, "status": status, "environment": "production", "html_url": "https://github.com/o/r/actions/runs/1/jobs/2"});
        let body = json!({"action": action, "workflow_job_runs": [job], "comment": "fine",
            "workflow_run": {"head_branch": "main", "head_sha": "a1"}});
        shown("deployment_review", &body)
    };
    insta::assert_snapshot!(review("approved", "queued"), @"
    kind: deployment
    actor: - (-)
    action: approved
    environment: production
    status: pending
    url: https://github.com/o/r/actions/runs/1/jobs/2
    branch: main
    commit: a1
    ");
    insta::assert_snapshot!(review("rejected", "waiting"), @"
    kind: deployment
    actor: - (-)
    action: rejected
    environment: production
    status: pending
    url: https://github.com/o/r/actions/runs/1/jobs/2
    branch: main
    commit: a1
    ");
    let rule = json!({"action": "requested", "environment": "staging", "event": "push",
        "deployment": {"id": 5, "ref": "refs/tags/v1", "sha": "a1"}});
    insta::assert_snapshot!(shown("deployment_protection_rule", &rule), @"
    kind: deployment
    actor: - (-)
    action: requested
    number: 5
    environment: staging
    status: pending
    tag: v1
    commit: a1
    ");
    let commit = json!({"action": "created", "deployment": {"id": 5, "ref": "a1b2c3d", "sha": "a1b2c3d4", "environment": "e"},
        "deployment_status": {"state": "inactive", "target_url": "", "log_url": "", "environment_url": "https://e.example.com"}});
    insta::assert_snapshot!(shown("deployment_status", &commit), @"
    kind: deployment
    actor: - (-)
    action: created
    number: 5
    environment: e
    status: inactive
    url: https://e.example.com
    commit: a1b2c3d4
    ");
}

#[test]
fn a_branch_with_a_name_like_an_id_is_a_branch() {
    let body = json!({"action": "created", "deployment": {"ref": "a1", "sha": "a1b2c3d4"}});
    let Fact::Deployment(deployment) = event_of("deployment", &body).fact else { panic!() };
    assert_eq!(deployment.reference, Some(Reference::Branch("a1".to_owned())));
}

#[test]
fn several_wiki_pages_are_several_facts() {
    let body = json!({"pages": [
        {"action": "created", "title": "Häme\n#1", "html_url": "https://github.com/o/r/wiki/H"},
        {"action": "edited", "page_name": "Home", "title": ""},
        null,
    ]});
    insta::assert_snapshot!(shown("gollum", &body), @r"
    kind: wiki_page
    actor: - (-)
    action: created
    title: Häme\n#1
    url: https://github.com/o/r/wiki/H

    kind: wiki_page
    actor: - (-)
    action: updated
    title: Home
    ");
    assert_eq!(shown("gollum", &json!({"pages": []})), "ignored: an event about nothing\n");
}

/// A release that came out at ten, and a second later tells what it is.
fn release(action: &str, updated_at: &Value) -> String {
    let release = json!({"tag_name": "v1", "prerelease": false, "created_at": "2025-11-01T08:00:00Z",
        "published_at": "2025-11-20T10:00:00Z", "updated_at": updated_at});
    shown("release", &json!({"action": action, "release": release}))
}

#[test]
fn a_release_that_comes_out_is_told_once() {
    let at_once = json!("2025-11-20T10:00:01Z");
    for twin in ["created", "released", "prereleased"] {
        for time in [&at_once, &Value::Null] {
            assert!(release(twin, time).starts_with("ignored: 'published' tells"), "{twin}");
        }
    }
    for told in ["published", "edited", "unpublished", "deleted"] {
        assert!(release(told, &at_once).starts_with("kind: release"), "{told}");
    }
}

#[test]
fn a_release_that_was_a_prerelease_before_is_told_as_released() {
    insta::assert_snapshot!(release("released", &json!("2025-11-21T09:00:00Z")), @"
    kind: release
    actor: - (-)
    action: released
    title: v1
    tag: v1
    prerelease: false
    ");
    assert!(release("prereleased", &json!("2025-11-21T09:00:00Z")).contains("action: prereleased\n"));
    assert!(release("created", &json!("2025-11-21T09:00:00Z")).starts_with("ignored: "));
}

#[test]
fn a_star_is_told_to_who_hears_of_either_of_its_events() {
    let body = json!({"action": "started", "repository": {"name": "r"}});
    assert!(shown("watch", &body).starts_with("kind: watch\n"));
    assert!(
        shown("star", &json!({"action": "created", "repository": {"name": "r"}})).starts_with("kind: star\n")
    );
}

#[test]
fn a_release_without_a_name_goes_by_its_tag() {
    let body =
        json!({"action": "unpublished", "release": {"name": null, "tag_name": "v1/2#3", "prerelease": true}});
    insta::assert_snapshot!(shown("release", &body), @"
    kind: release
    actor: - (-)
    action: unpublished
    title: v1/2#3
    tag: v1/2#3
    prerelease: true
    ");
}

#[test]
fn roles_are_told_in_githubs_word() {
    let added = json!({"action": "added", "member": {"login": "m"},
        "changes": {"permission": {"to": "write"}, "role_name": {"to": "maintain"}}});
    insta::assert_snapshot!(shown("member", &added), @"
    kind: member
    actor: - (-)
    action: added
    account: m (-)
    role: maintain
    ");
    let removed = json!({"action": "member_removed", "organization": {"login": "o"},
        "membership": {"role": "admin", "user": {"login": "m[bot]", "type": "Bot"}}});
    insta::assert_snapshot!(shown("organization", &removed), @"
    kind: member
    actor: - (-)
    action: removed
    account: m[bot] (-), a bot
    group: o
    role: admin
    ");
    let by_mail = json!({"action": "member_invited", "invitation": {"login": null, "role": "admin"}});
    insta::assert_snapshot!(shown("organization", &by_mail), @"
    kind: member
    actor: - (-)
    action: member_invited
    account: - (-)
    role: admin
    ");
}

#[test]
fn issues_that_belong_together_are_told_from_either_end() {
    let issue = |number: u64| json!({"number": number, "title": format!("no. {number}"), "state": "open"});
    let pair = |action: &str| json!({"action": action, "parent_issue": issue(1), "sub_issue": issue(2)});
    insta::assert_snapshot!(shown("sub_issues", &pair("sub_issue_added")), @"
    kind: sub_issues
    actor: - (-)
    action: sub_issue_added
    number: 1
    title: no. 1
    state: opened
    ");
    insta::assert_snapshot!(shown("sub_issues", &pair("parent_issue_removed")), @"
    kind: sub_issues
    actor: - (-)
    action: parent_issue_removed
    number: 2
    title: no. 2
    state: opened
    ");
    let pair =
        |action: &str| json!({"action": action, "blocked_issue": issue(1), "blocking_issue": issue(2)});
    insta::assert_snapshot!(shown("issue_dependencies", &pair("blocked_by_added")), @"
    kind: issue_dependencies
    actor: - (-)
    action: blocked_by_added
    number: 1
    title: no. 1
    state: opened
    ");
    insta::assert_snapshot!(shown("issue_dependencies", &pair("blocking_removed")), @"
    kind: issue_dependencies
    actor: - (-)
    action: blocking_removed
    number: 2
    title: no. 2
    state: opened
    ");
}

#[test]
fn events_are_about_what_they_are_called_by() {
    let typed = json!({"action": "typed", "issue": {"number": 3}, "type": {"name": "Bug"}});
    insta::assert_snapshot!(shown("issues", &typed), @"
    kind: issue
    actor: - (-)
    action: typed
    number: 3
    ");
    let exemption = json!({"action": "response_submitted", "exemption_request": {"number": 4, "status": "approved",
        "requester_comment": "needed\nnow", "html_url": "https://github.com/o/r/e/4"}});
    insta::assert_snapshot!(shown("exemption_request_push_ruleset", &exemption), @"
    kind: exemption_request_push_ruleset
    actor: - (-)
    action: response_submitted
    number: 4
    title: needed
    url: https://github.com/o/r/e/4
    state: approved
    ");
    let ruleset = json!({"action": "edited", "repository_ruleset": {"name": "main only", "enforcement": "active",
        "_links": {"html": {"href": "https://github.com/o/r/rules/1"}}}});
    insta::assert_snapshot!(shown("repository_ruleset", &ruleset), @"
    kind: repository_ruleset
    actor: - (-)
    action: updated
    title: main only
    url: https://github.com/o/r/rules/1
    state: active
    ");
    let tomorrow = json!({"action": "dreamt", "some_thing": {"title": "x", "number": "12"}, "repository": {"name": "r"}});
    insta::assert_snapshot!(shown("some_thing", &tomorrow), @"
    kind: some_thing
    actor: - (-)
    repository: r: - - -, private or public
    action: dreamt
    number: 12
    title: x
    ");
}

#[test]
fn what_github_hides_is_confidential() {
    let secret = json!({"action": "created", "alert": {"number": 1, "secret_type": "some_token"}});
    assert!(event_of("secret_scanning_alert", &secret).confidential);
    assert!(event_of("secret_scanning_alert_location", &secret).confidential);
    let advisory =
        |state: &str| json!({"action": "reported", "repository_advisory": {"state": state, "summary": "s"}});
    assert!(event_of("repository_advisory", &advisory("triage")).confidential);
    assert!(!event_of("repository_advisory", &advisory("published")).confidential);
    let sponsor = |level: &str| json!({"action": "created", "sponsorship": {"privacy_level": level}});
    assert!(event_of("sponsorship", &sponsor("private")).confidential);
    assert!(!event_of("sponsorship", &sponsor("public")).confidential);
    assert!(!event_of("star", &json!({"repository": {"name": "r", "private": true}})).confidential);
}

#[test]
fn control_characters_survive_as_they_are() {
    let body = request("opened", &json!({"title": "a\r\nb\u{3}c", "head": {"ref": "ä/#%"}}));
    let Fact::MergeRequest(request) = event_of("pull_request", &body).fact else { panic!() };
    assert_eq!(request.item.title.as_deref(), Some("a\r\nb\u{3}c"));
    assert_eq!(request.source_branch.as_deref(), Some("ä/#%"));
    let discussion = json!({"action": "created", "discussion": {"title": "a\r\nb\u{3}c"}});
    let Fact::Other(other) = event_of("discussion", &discussion).fact else { panic!() };
    assert_eq!(other.item.title.as_deref(), Some("a\r\nb\u{3}c"));
}

#[test]
fn an_event_without_an_action_is_told() {
    let Fact::Issue(issue) = event_of("issues", &json!({"issue": {"number": 1}})).fact else { panic!() };
    assert_eq!((issue.action, issue.number), (None, Some(1)));
    let comment = json!({"comment": {"body": null}, "issue": {"pull_request": {"url": "u"}}});
    insta::assert_snapshot!(shown("issue_comment", &comment), @"
    kind: comment
    actor: - (-)
    action: created
    on: MergeRequest
    text:
    ");
}
