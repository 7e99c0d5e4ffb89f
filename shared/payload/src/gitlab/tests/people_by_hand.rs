//! What no collection holds about people: cases made after GitLab's documentation and source.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{at_home, check, push_with, told_of};
use crate::{Fact, Parsed};

fn is_confidential(header: &str, payload: &Value) -> bool {
    let Parsed::Events(events) = check(header, payload.to_string().as_bytes()) else { panic!("{payload}") };
    events[0].confidential
}

#[test]
fn one_mark_of_confidence_is_enough() {
    let issue = |attributes: Value| json!({"object_kind": "issue", "event_type": "issue", "object_attributes": attributes});
    let note = |attributes: Value| json!({"object_kind": "note", "object_attributes": attributes, "issue": {"iid": 1}});
    let open = issue(json!({"confidential": false}));
    assert!(!is_confidential("Issue Hook", &open));
    assert!(is_confidential("Confidential Issue Hook", &open));
    assert!(is_confidential("", &issue(json!({"confidential": true}))));
    let by_type =
        json!({"object_kind": "work_item", "event_type": "confidential_work_item", "object_attributes": {}});
    assert!(is_confidential("Issue Hook", &by_type));

    assert!(!is_confidential("Note Hook", &note(json!({"internal": false, "confidential": null}))));
    assert!(is_confidential("Note Hook", &note(json!({"internal": true}))));
    assert!(is_confidential("Note Hook", &note(json!({"confidential": true}))));
    let on_issue =
        json!({"object_kind": "note", "object_attributes": {}, "issue": {"iid": 1, "confidential": true}});
    assert!(is_confidential("Note Hook", &on_issue));
    let emoji = json!({
        "object_kind": "emoji", "object_attributes": {"name": "eyes", "awardable_type": "Note"},
        "note": {"noteable_type": "Issue", "internal": true}, "issue": {"iid": 1},
    });
    assert!(is_confidential("Emoji Hook", &emoji));
    // A project for members only is no secret among those whom its target serves.
    let project = json!({"name": "r", "visibility_level": 0});
    assert!(!is_confidential("Push Hook", &serde_json::from_slice(&push_with("project", project)).unwrap()));
}

#[test]
fn work_items_are_issues_and_an_epics_group_is_no_repository() {
    let task = at_home(json!({
        "object_kind": "work_item", "event_type": "work_item",
        "object_attributes": {"iid": 8, "title": "Tail\r\n\u{3}04wind", "type": "Task", "action": "close", "state_id": 2,
            "url": "http://gitlab.test/flightjs/Flight/-/work_items/8"},
    }));
    let epic = json!({
        "object_kind": "work_item", "project": null, "user": {"username": "blake"},
        "object_attributes": {"iid": 3, "title": "Fly", "type": "Epic", "action": "open", "state": "opened",
            "url": "http://gitlab.test/groups/flightjs/-/epics/3"},
    });
    assert_snapshot!([told_of("Issue Hook", &task), told_of("Issue Hook", &epic)].join("\n"), @r"
    kind: issue
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: closed
    number: 8
    title: Tail\r\n\u{3}04wind
    url: http://gitlab.test/flightjs/Flight/-/work_items/8
    state: closed

    kind: issue
    actor: blake (-)
    action: opened
    number: 3
    title: Fly
    url: http://gitlab.test/groups/flightjs/-/epics/3
    state: opened
    ");
}

#[test]
fn comments_on_what_the_documentation_does_not_list() {
    let note = |kind: &str, thing: Value| {
        let mut note = json!({"object_kind": "note", "object_attributes": {
            "note": "Why?", "noteable_type": kind, "action": "update", "system": true, "url": "http://gitlab.test/n#note_1",
        }});
        note.as_object_mut().unwrap().extend(thing.as_object().unwrap().clone());
        told_of("Note Hook", &at_home(note))
    };
    let all = [
        note("WikiPage::Meta", json!({"wiki_page": {"id": 5, "title": "Home"}})),
        note("WorkItem", json!({"work_item": {"id": 50, "iid": 5, "title": "Task"}})),
        note("Epic", json!({"epic": {"id": 60, "iid": 6, "title": "Fly"}})),
        note("DesignManagement::Design", json!({})),
        note("", json!({"merge_request": {"iid": 7, "title": "Guess"}})),
    ];
    assert_snapshot!(all.join("\n"), @r#"
    kind: comment
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: updated
    on: Other(\"wiki_page\")
    title: Home
    url: http://gitlab.test/n#note_1
    text: Why?
    system: true

    kind: comment
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: updated
    on: Issue
    number: 5
    title: Task
    url: http://gitlab.test/n#note_1
    text: Why?
    system: true

    kind: comment
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: updated
    on: Other(\"epic\")
    number: 6
    title: Fly
    url: http://gitlab.test/n#note_1
    text: Why?
    system: true

    kind: comment
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: updated
    on: Other(\"design\")
    url: http://gitlab.test/n#note_1
    text: Why?
    system: true

    kind: comment
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: updated
    on: MergeRequest
    number: 7
    title: Guess
    url: http://gitlab.test/n#note_1
    text: Why?
    system: true
    "#);
}

#[test]
fn reactions_are_to_what_is_talked_about() {
    let emoji = |action: &str, kind: &str, things: Value| {
        let mut emoji = json!({"object_kind": "emoji", "event_type": action, "object_attributes": {
            "name": "thumbsup", "awardable_type": kind, "awarded_on_url": "http://gitlab.test/page",
        }});
        emoji.as_object_mut().unwrap().extend(things.as_object().unwrap().clone());
        told_of("Emoji Hook", &at_home(emoji))
    };
    let issue = json!({"iid": 42, "title": "New issue!"});
    let all = [
        emoji("award", "Issue", json!({"issue": issue})),
        emoji("award", "Note", json!({"note": {"noteable_type": "Issue"}, "issue": issue})),
        emoji("revoke", "MergeRequest", json!({"merge_request": {"iid": 7, "title": "Add"}})),
        emoji("award", "Note", json!({"note": {"noteable_type": "Commit", "commit_id": "1f2e"}})),
        emoji("award", "Snippet", json!({"project_snippet": {"id": 53, "title": "test"}})),
        emoji("award", "WikiPage::Meta", json!({"wiki_page/meta": {"id": 5, "title": "Home"}})),
    ];
    assert_snapshot!(all.join("\n"), @r#"
    kind: emoji
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: awarded
    emoji: thumbsup
    on: Issue
    number: 42
    title: New issue!
    url: http://gitlab.test/page

    kind: emoji
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: awarded
    emoji: thumbsup
    on: Issue
    number: 42
    title: New issue!
    url: http://gitlab.test/page

    kind: emoji
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: revoked
    emoji: thumbsup
    on: MergeRequest
    number: 7
    title: Add
    url: http://gitlab.test/page

    kind: emoji
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: awarded
    emoji: thumbsup
    on: Commit
    commit: 1f2e
    url: http://gitlab.test/page

    kind: emoji
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: awarded
    emoji: thumbsup
    on: Snippet
    number: 53
    title: test
    url: http://gitlab.test/page

    kind: emoji
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: awarded
    emoji: thumbsup
    on: Other(\"wiki_page\")
    title: Home
    url: http://gitlab.test/page
    "#);
}

#[test]
fn milestones_in_a_project_and_in_a_group() {
    let milestone = |action: &str, state: &str| {
        json!({"object_kind": "milestone", "event_type": "milestone", "action": action,
            "object_attributes": {"id": 61, "iid": 10, "title": "v1.0", "state": state}})
    };
    let all = [
        told_of("Milestone Hook", &at_home(milestone("create", "active"))),
        told_of("", &milestone("close", "closed")),
    ];
    assert_snapshot!(all.join("\n"), @"
    kind: milestone
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: created
    number: 10
    title: v1.0
    url: http://gitlab.test/flightjs/Flight/-/milestones/10
    state: active

    kind: milestone
    actor: - (-)
    action: closed
    number: 10
    title: v1.0
    state: closed
    ");
}

#[test]
fn vulnerabilities_deploy_tokens_and_approvals_of_members_are_told_by_their_own_names() {
    let all = [
        told_of(
            "Vulnerability Hook",
            &json!({"object_kind": "vulnerability", "object_attributes": {
                "url": "https://gitlab.test/a/b/Flight/-/security/vulnerabilities/1", "title": "REXML DoS", "state": "confirmed",
                "project_id": 50, "severity": "high"}}),
        ),
        told_of(
            "Resource Deploy Token Hook",
            &at_home(json!({"object_kind": "deploy_token", "event_name": "expiring_deploy_token",
                "object_attributes": {"id": 79, "name": "ci", "revoked": false}})),
        ),
        told_of(
            "System Hook",
            &json!({"object_kind": "gitlab_subscription_member_approvals", "action": "deny",
                "object_attributes": {"status": "success"}, "user_id": 42}),
        ),
        told_of(
            "Future Hook",
            &at_home(json!({"object_kind": "Quantum_Flow", "title": "Both", "url": "https://gitlab.test/q"})),
        ),
    ];
    assert_snapshot!(all.join("\n"), @"
    kind: vulnerability
    actor: - (-)
    repository: Flight: a/b/Flight https://gitlab.test/a/b/Flight -, private or public
    title: REXML DoS
    url: https://gitlab.test/a/b/Flight/-/security/vulnerabilities/1
    state: confirmed

    kind: deploy_token
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    action: expiring_deploy_token
    title: ci

    kind: gitlab_subscription_member_approvals
    actor: - (-)
    action: deny
    state: success

    kind: quantum_flow
    actor: blake (Blake)
    repository: Flight: flightjs/Flight http://gitlab.test/flightjs/Flight main, public
    title: Both
    url: https://gitlab.test/q
    ");
}

#[test]
fn requests_for_access_are_about_members() {
    let request = |event: &str, place: Value| {
        let mut request = json!({"event_name": event, "user_name": "Ann", "user_username": "ann"});
        request.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        told_of("Member Hook", &request)
    };
    let group = json!({"group_name": "Web", "group_path": "web", "group_access": "Guest"});
    let project = json!({"project_name": "B", "project_path": "b", "project_path_with_namespace": "a/b",
        "access_level": "Developer", "project_visibility": "public"});
    let all = [
        request("user_access_request_to_group", group.clone()),
        request("user_access_request_denied_for_group", group),
        request("user_access_request_revoked_for_project", project),
    ];
    assert_snapshot!(all.join("\n"), @"
    kind: member
    actor: - (-)
    action: access_request
    account: ann (Ann)
    group: web
    role: Guest

    kind: member
    actor: - (-)
    action: access_request_denied
    account: ann (Ann)
    group: web
    role: Guest

    kind: member
    actor: - (-)
    repository: B: a/b - -, public
    action: access_request_revoked
    account: ann (Ann)
    role: Developer
    ");
}

#[test]
fn a_system_hook_of_2014_lacks_the_login_and_the_path() {
    let all = [
        told_of(
            "",
            &json!({"event_name": "user_create", "name": "John Smith", "email": "js@gitlab.test", "user_id": 41}),
        ),
        told_of(
            "",
            &json!({"event_name": "user_add_to_team", "project_access": "Master", "project_name": "StoreCloud",
                "project_path": "storecloud", "user_email": "js@gitlab.test", "user_name": "John Smith"}),
        ),
    ];
    assert_snapshot!(all.join("\n"), @"
    kind: user_create
    actor: - (-)
    action: created
    title: John Smith

    kind: member
    actor: - (-)
    repository: StoreCloud: - - -, private or public
    action: added
    account: - (John Smith)
    role: Master
    ");
}

#[test]
fn a_template_of_a_projects_own_may_leave_the_kind_to_the_header() {
    let bare = json!({"object_attributes": {"iid": 4, "title": "Bare", "action": "open"}});
    assert!(matches!(check("Confidential Issue Hook", bare.to_string().as_bytes()),
        Parsed::Events(events) if events[0].confidential && matches!(events[0].fact, Fact::Issue(_))));
}
