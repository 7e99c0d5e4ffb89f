//! What no collection holds about code: cases made after GitLab's documentation and source.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{at_home, event, told_of};
use crate::Fact;

/// The action of an update of a merge request, and what is told besides.
fn update(attributes: &Value, changes: &Value) -> String {
    let mut payload =
        json!({"object_kind": "merge_request", "object_attributes": attributes, "changes": changes});
    payload["object_attributes"]["action"] = "update".into();
    let Fact::MergeRequest(request) = event(payload.to_string().as_bytes()).fact else { panic!() };
    request.item.action.unwrap().to_string()
}

#[test]
fn a_sha_256_repository_is_like_any_other() {
    let (zeros, id) = ("0".repeat(64), "1f".repeat(32));
    let push = |kind: &str, reference: &str, before: &str, after: &str| {
        at_home(json!({
            "object_kind": kind, "before": before, "after": after, "ref": reference, "user_username": "blake",
            "commits": [{"id": id, "message": "Begin\n\nAll of it.", "author": {"name": "Blake"}}],
        }))
    };
    assert_snapshot!(
        [
            push("push", "refs/heads/fix/#1-100%-größer", &zeros, &id),
            push("push", "refs/heads/main", &id, &zeros),
            push("tag_push", "refs/tags/v1", &zeros, &id),
        ]
        .iter()
        .map(|push| told_of("Push Hook", push))
        .collect::<Vec<_>>()
        .join("\n"),
        @"
    kind: push
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    branch: fix/#1-100%-größer
    created: 1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
    compare: http://gitlab.test/flightjs/Flight/-/compare/1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f^...1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
    count: 1
    commit: 1f1f1f1f Blake: Begin <no page>

    kind: push
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    branch: main
    deleted: 1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
    count: 1
    commit: 1f1f1f1f Blake: Begin <no page>

    kind: tag
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    tag: v1
    created: 1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
    "
    );
}

#[test]
fn a_truncated_push_keeps_its_count_and_an_annotated_tag_its_text() {
    let many: Vec<_> = (0..20).map(|i| json!({"id": format!("{i:040x}f"), "title": "x"})).collect();
    let push = json!({"object_kind": "push", "before": "a", "after": "b", "ref": "main", "commits": many, "total_commits_count": 900});
    let Fact::Push(push) = event(at_home(push).to_string().as_bytes()).fact else { panic!() };
    assert_eq!((push.branch.as_str(), push.commits.len(), push.commit_count), ("main", 20, Some(900)));
    let tag = json!({"object_kind": "tag_push", "before": "0", "after": "b", "ref": "refs/tags/v1", "message": "Out\nnow"});
    let Fact::Tag(tag) = event(at_home(tag).to_string().as_bytes()).fact else { panic!() };
    assert_eq!(tag.annotation.as_deref(), Some("Out\nnow"));
}

#[test]
fn an_update_of_a_merge_request_says_what_it_was() {
    let none = || json!({});
    let change = |field: &str, previous: Value, current: Value| json!({field: {"previous": previous, "current": current}, "updated_at": {"previous": "a", "current": "b"}});
    let title = |previous: &str, current: &str| change("title", previous.into(), current.into());
    let reviewer = |name: &str, state: &str| json!({"username": name, "state": state, "re_requested": false});
    let review = |state: &str| {
        let before = json!([reviewer("amy", "reviewed"), reviewer("bob", "review_started")]);
        json!({"reviewers": [before, [reviewer("amy", "reviewed"), reviewer("bob", state)]]})
    };
    for (attributes, changes, action) in [
        (json!({"oldrev": "6ef0"}), none(), "new_commits"),
        (json!({"oldrev": "6ef0"}), change("draft", true.into(), false.into()), "new_commits"),
        (none(), change("draft", true.into(), false.into()), "ready"),
        (none(), change("draft", false.into(), true.into()), "drafted"),
        (none(), change("work_in_progress", false.into(), true.into()), "drafted"),
        (none(), title("WIP: Add", "Add"), "ready"),
        (none(), title("Add", "Draft: Add"), "drafted"),
        (none(), title("[WIP] Add", "Draft: Add"), "updated"),
        (none(), title("Drafty", "Wiping"), "updated"),
        (none(), change("title", Value::Null, "Draft: Add".into()), "updated"),
        (none(), review("requested_changes"), "changes_requested"),
        (none(), review("reviewed"), "reviewed"),
        (none(), review("approved"), "updated"),
        (none(), review("unreviewed"), "updated"),
        (none(), change("reviewers", json!([]), json!([reviewer("amy", "reviewed")])), "reviewed"),
        (none(), change("reviewers", json!([]), json!([reviewer("amy", "unreviewed")])), "updated"),
        (none(), change("labels", json!([]), json!([])), "updated"),
        (none(), Value::Null, "updated"),
    ] {
        assert_eq!(update(&attributes, &changes), action, "{changes}");
    }
}

#[test]
fn the_actions_and_states_of_merge_requests_are_one_set_of_words() {
    let words = |action: &str, state: Value| {
        let payload = json!({"object_kind": "merge_request", "object_attributes": {"action": action, "state_id": state}});
        let Fact::MergeRequest(request) = event(payload.to_string().as_bytes()).fact else { panic!() };
        let state = request.item.state.map_or("-".to_owned(), |state| state.to_string());
        format!("{} {state}", request.item.action.unwrap())
    };
    assert_eq!(words("open", 1.into()), "opened opened");
    assert_eq!(words("close", 2.into()), "closed closed");
    assert_eq!(words("merge", 3.into()), "merged merged");
    assert_eq!(words("reopen", "4".into()), "reopened locked");
    assert_eq!(words("approved", 5.into()), "approved -");
    assert_eq!(words("approval", Value::Null), "approved -");
    assert_eq!(words("unapproved", 1.into()), "unapproved opened");
    assert_eq!(words("unapproval", 1.into()), "unapproved opened");
    let reopened = json!({"object_kind": "issue", "object_attributes": {"state": "reopened"}});
    assert!(told_of("Issue Hook", &reopened).contains("state: opened"));
}

#[test]
fn pipelines_and_jobs_know_their_refs_and_how_long_they_took() {
    let pipeline = |attributes: Value| {
        told_of(
            "Pipeline Hook",
            &at_home(json!({"object_kind": "pipeline", "object_attributes": attributes,
                "merge_request": {"iid": 1, "source_branch": "fix"}})),
        )
    };
    let all = [
        pipeline(json!({"id": 9, "ref": "v1.0", "tag": true, "status": "running", "duration": 5})),
        pipeline(
            json!({"id": 9, "ref": "refs/merge-requests/1/head", "tag": false, "status": "waiting_for_resource"}),
        ),
        told_of(
            "Job Hook",
            &at_home(
                json!({"object_kind": "build", "build_id": 7, "build_status": "canceled", "build_duration": 1.9,
                "ref": "v1.0", "tag": true, "sha": "1f", "project_name": "Flight JS / Flight"}),
            ),
        ),
        told_of(
            "Job Hook",
            &json!({"object_kind": "build", "build_id": 7, "project_name": "Flight JS / Flight"}),
        ),
        told_of(
            "Deployment Hook",
            &at_home(json!({"object_kind": "deployment", "status": "created", "environment": "production",
                "deployable_url": null, "short_sha": "279484c0", "commit_url": null, "user": null})),
        ),
    ];
    assert_snapshot!(all.join("\n"), @"
    kind: pipeline
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    number: 9
    url: http://gitlab.test/flightjs/Flight/-/pipelines/9
    status: running
    tag: v1.0

    kind: pipeline
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    number: 9
    url: http://gitlab.test/flightjs/Flight/-/pipelines/9
    status: pending
    branch: fix

    kind: job
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    number: 7
    url: http://gitlab.test/flightjs/Flight/-/jobs/7
    status: canceled
    tag: v1.0
    commit: 1f
    duration: 1 s

    kind: job
    actor: - (-)
    repository: Flight: - - -, private or public
    number: 7
    status: created

    kind: deployment
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    environment: production
    status: created
    commit: 279484c0
    ");
}

#[test]
fn releases_flags_and_wiki_pages_that_go_or_are_switched_off() {
    let all = [
        told_of(
            "Release Hook",
            &at_home(
                json!({"object_kind": "release", "action": "delete", "tag": "v1", "name": null, "url": "http://gitlab.test/r"}),
            ),
        ),
        told_of(
            "Feature Flag Hook",
            &at_home(
                json!({"object_kind": "feature_flag", "object_attributes": {"name": "f", "active": false}}),
            ),
        ),
        told_of(
            "Wiki Page Hook",
            &json!({"object_kind": "wiki_page", "user": {"name": "Root", "username": "root"}, "object_attributes": {
                "title": "Home", "action": "delete", "url": "http://gitlab.test/root/awesome/wikis/home"}}),
        ),
    ];
    assert_snapshot!(all.join("\n"), @"
    kind: release
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: deleted
    title: v1
    url: http://gitlab.test/r
    tag: v1

    kind: feature_flag
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    title: f
    state: inactive

    kind: wiki_page
    actor: root (Root)
    repository: awesome: root/awesome http://gitlab.test/root/awesome -, private or public
    action: deleted
    title: Home
    url: http://gitlab.test/root/awesome/wikis/home
    ");
}
