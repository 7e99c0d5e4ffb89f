mod round_trip;

use http::HeaderMap;
use payload::{Parsed, Payload, parse};

use super::*;

fn events(forge: Forge, header: (&'static str, &str), body: &str) -> Vec<Event> {
    let headers: HeaderMap = [(header.0.parse().unwrap(), header.1.parse().unwrap())].into_iter().collect();
    match parse(forge, Payload { headers: &headers, body: body.as_bytes() }).unwrap() {
        Parsed::Events(events) => events,
        Parsed::Ignored { reason } => panic!("{reason}"),
    }
}

/// The name and the payload of what GitHub tells.
fn github(kind: &str, body: &str) -> String {
    let events = events(Forge::GitHub, ("x-github-event", kind), body);
    let payload = serde_json::to_string_pretty(&gitlab_payload(&events[0])).unwrap();
    format!("{}\n{payload}", event_name(&events[0]))
}

/// The same, without what all kinds have in common.
fn github_own(kind: &str, body: &str) -> String {
    let events = events(Forge::GitHub, ("x-github-event", kind), body);
    let mut payload = gitlab_payload(&events[0]);
    for common in ["project", "repository", "user"] {
        payload.as_object_mut().unwrap().remove(common);
    }
    if let Some(attributes) = payload.get_mut("object_attributes").and_then(Value::as_object_mut) {
        attributes.remove("target");
    }
    format!("{}\n{}", event_name(&events[0]), serde_json::to_string_pretty(&payload).unwrap())
}

macro_rules! example {
    ($file:literal) => {
        include_str!(concat!("../../../../tests/fixtures/payloads/octokit-webhooks-examples/github/", $file))
    };
}

#[test]
fn a_push_on_github_is_gitlabs() {
    let push = include_str!("../../../../tests/fixtures/github/push.json");
    insta::assert_snapshot!(github("push", push), @r#"
    Push Hook
    {
      "after": "fd489864e7642b48eaad6e3f155c10e46810ec72",
      "before": "737d38c599c1b2991664dfc6155d6bf516fcce36",
      "checkout_sha": "fd489864e7642b48eaad6e3f155c10e46810ec72",
      "commits": [
        {
          "author": {
            "name": "binkkatal"
          },
          "id": "fd489864e7642b48eaad6e3f155c10e46810ec72",
          "message": "test a push event",
          "title": "test a push event",
          "url": "https://github.com/binkkatal/sample_app/commit/fd489864e7642b48eaad6e3f155c10e46810ec72"
        }
      ],
      "event_name": "push",
      "message": null,
      "object_kind": "push",
      "project": {
        "default_branch": "master",
        "git_http_url": "https://github.com/binkkatal/sample_app.git",
        "homepage": "https://github.com/binkkatal/sample_app",
        "http_url": "https://github.com/binkkatal/sample_app.git",
        "name": "sample_app",
        "namespace": "binkkatal",
        "path_with_namespace": "binkkatal/sample_app",
        "visibility_level": 20,
        "web_url": "https://github.com/binkkatal/sample_app"
      },
      "ref": "refs/heads/master",
      "repository": {
        "git_http_url": "https://github.com/binkkatal/sample_app.git",
        "homepage": "https://github.com/binkkatal/sample_app",
        "name": "sample_app",
        "url": "https://github.com/binkkatal/sample_app.git",
        "visibility_level": 20
      },
      "total_commits_count": 1,
      "user_name": "binkkatal",
      "user_username": "binkkatal"
    }
    "#);
}

#[test]
fn a_pull_request_is_a_merge_request() {
    insta::assert_snapshot!(github("pull_request", example!("pull_request/opened.json")), @r#"
    Merge Request Hook
    {
      "changes": {},
      "event_type": "merge_request",
      "object_attributes": {
        "action": "open",
        "confidential": false,
        "draft": false,
        "iid": 2,
        "source_branch": "changes",
        "state": "opened",
        "target": {
          "default_branch": "master",
          "git_http_url": "https://github.com/Codertocat/Hello-World.git",
          "homepage": "https://github.com/Codertocat/Hello-World",
          "http_url": "https://github.com/Codertocat/Hello-World.git",
          "name": "Hello-World",
          "namespace": "Codertocat",
          "path_with_namespace": "Codertocat/Hello-World",
          "visibility_level": 20,
          "web_url": "https://github.com/Codertocat/Hello-World"
        },
        "target_branch": "master",
        "title": "Update the README with new information.",
        "url": "https://github.com/Codertocat/Hello-World/pull/2",
        "work_in_progress": false
      },
      "object_kind": "merge_request",
      "project": {
        "default_branch": "master",
        "git_http_url": "https://github.com/Codertocat/Hello-World.git",
        "homepage": "https://github.com/Codertocat/Hello-World",
        "http_url": "https://github.com/Codertocat/Hello-World.git",
        "name": "Hello-World",
        "namespace": "Codertocat",
        "path_with_namespace": "Codertocat/Hello-World",
        "visibility_level": 20,
        "web_url": "https://github.com/Codertocat/Hello-World"
      },
      "repository": {
        "git_http_url": "https://github.com/Codertocat/Hello-World.git",
        "homepage": "https://github.com/Codertocat/Hello-World",
        "name": "Hello-World",
        "url": "https://github.com/Codertocat/Hello-World.git",
        "visibility_level": 20
      },
      "user": {
        "name": "Codertocat",
        "username": "Codertocat"
      }
    }
    "#);
}

#[test]
fn a_run_of_a_workflow_is_a_pipeline() {
    insta::assert_snapshot!(github_own("workflow_run", example!("workflow_run/completed.json")), @r#"
    Pipeline Hook
    {
      "commit": {
        "id": "5779607b49aab1200488439f02372c57b4f75444"
      },
      "object_attributes": {
        "confidential": false,
        "detailed_status": "pending",
        "duration": null,
        "id": 36,
        "name": "Manually triggered workflow",
        "ref": "main",
        "sha": "5779607b49aab1200488439f02372c57b4f75444",
        "source": "workflow_dispatch",
        "status": "pending",
        "tag": false,
        "url": "https://github.com/octo-org/octo-repo/actions/runs/1589141559"
      },
      "object_kind": "pipeline"
    }
    "#);
}

#[test]
fn a_comment_stands_beside_its_issue() {
    insta::assert_snapshot!(github_own("issue_comment", example!("issue_comment/created.json")), @r#"
    Note Hook
    {
      "event_type": "note",
      "issue": {
        "iid": 1,
        "title": "Spelling error in the README file"
      },
      "object_attributes": {
        "action": "create",
        "commit_id": null,
        "internal": false,
        "note": "You are totally right! I'll get this fixed right away.",
        "noteable_type": "Issue",
        "system": false,
        "url": "https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400"
      },
      "object_kind": "note"
    }
    "#);
}

#[test]
fn a_star_keeps_the_forges_own_name() {
    insta::assert_snapshot!(github_own("star", example!("star/created.json")), @r#"
    Star Hook
    {
      "object_attributes": {
        "action": "create",
        "confidential": false,
        "iid": null,
        "state": null,
        "title": "Codertocat/Hello-World",
        "url": "https://github.com/Codertocat/Hello-World"
      },
      "object_kind": "star"
    }
    "#);
}

#[test]
fn a_branch_that_went_on_gitea_goes_to_zeros() {
    let body = include_str!("../../../../tests/fixtures/gitea/branch_deleted.json");
    let payload = gitlab_payload(&events(Forge::Gitea, ("x-gitea-event", "delete"), body)[0]);
    let zeros = "0".repeat(40);
    assert_eq!(
        (&payload["before"], &payload["after"]),
        (&json!(zeros), &json!(zeros)),
        "the forge tells neither"
    );
    assert_eq!(payload["checkout_sha"], Value::Null);
}

#[test]
fn every_name_of_a_kind_is_one_that_gitlab_could_send() {
    assert_eq!(title_case("branch_protection_rule"), "Branch Protection Rule Hook");
    assert_eq!(title_case("pullrequest:needs-work\r\n"), "Pullrequest Needs Work Hook");
    assert_eq!(title_case(""), "Hook");
}

#[test]
fn gitlabs_formats_are_told_apart_by_their_age() {
    let today = |body: &str| is_todays(&serde_json::from_str(body).unwrap());
    assert!(today(include_str!("../../../../tests/fixtures/gitlab/push.json")));
    assert!(today(include_str!("../../../../tests/fixtures/payloads/client-go/gitlab-system/push.json")));
    assert!(today(include_str!("../../../../tests/fixtures/payloads/client-go/gitlab/issue.json")));
    assert!(!today(include_str!("../../../../tests/fixtures/gitlab-2014/push.json")));
    assert!(!today(r#"{"object_kind":"issue","object_attributes":{"id":301}}"#));
    assert!(!today("[]") && !today("null"));
}
