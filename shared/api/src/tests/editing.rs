//! Bellhop's own: versions, the source and its secrets, commands, settings, and what came of events.

use app::table::{Condition, Item, Key};
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use super::House;

#[tokio::test]
async fn who_names_a_version_changes_that_one_or_none() {
    let house = House::new().await;
    let seen = house.ask("GET /projects/1", Value::Null).await;
    let etag = seen.header("etag").to_owned();
    let change = async |etag: &str| {
        let headers = [("private-token", house.admin.as_str()), ("if-match", etag)];
        house.ask_with(&headers, "PUT /projects/1/source", json!({"forge": "github"})).await
    };
    let first = change(&etag).await;
    assert_eq!((first.status, first.header("etag")), (StatusCode::OK, "\"2\""));
    insta::assert_snapshot!(change(&etag).await.told(), @r#"412 {"message":"412 Precondition Failed"}"#);
    assert_eq!(change("W/\"2\"").await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(change("*").await.status, StatusCode::OK);
}

#[tokio::test]
async fn changes_that_cross_are_all_made() {
    let house = House::new().await;
    let hook = |number: usize| {
        let body = json!({"url": format!("http://h/{number}")});
        house.ask("POST /projects/1/hooks", body)
    };
    for answer in join_all((0..5).map(hook)).await {
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }
    let hooks = house.ask("GET /projects/1/hooks", Value::Null).await;
    assert_eq!(hooks.header("x-total"), "5");
}

#[tokio::test]
async fn a_secret_of_the_source_takes_the_place_of_another() {
    let house = House::new().await;
    let added = house.ask("POST /projects/1/source/secrets", json!({})).await;
    assert_eq!((added.status, added.body["number"].as_u64()), (StatusCode::CREATED, Some(2)));
    assert_eq!(added.body["secret"].as_str().unwrap().len(), 32);
    let source = house.ask("GET /projects/1/source", Value::Null).await;
    assert_eq!(source.body["secrets"].as_array().unwrap().len(), 2);
    assert!(!source.body.to_string().contains("s3cret"));
    let removed = house.ask("DELETE /projects/1/source/secrets/1", Value::Null).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let last = house.ask("DELETE /projects/1/source/secrets/1", Value::Null).await;
    insta::assert_snapshot!(last.told(), @r#"400 {"message":{"source":["a source needs a secret (or allow_unsigned = true, for a GitLab of 2014 that has none to send)"]}}"#);
    assert_eq!(
        house.ask("DELETE /projects/1/source/secrets/9", Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_command_has_rules() {
    let house = House::new().await;
    let body = json!({"platform": "slack", "id": "ops", "signing_secrets": ["s1gning"],
        "rules": [{"anyone": true, "jobs": ["ls"]}]});
    let made = house.ask("POST /projects/1/commands", body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(!made.body.to_string().contains("s1gning"));
    let refused = house.ask("PUT /projects/1/commands/ops", json!({"rules": [{"jobs": ["ls"]}]})).await;
    insta::assert_snapshot!(refused.told(), @r#"400 {"message":{"command":["rule 1: it names nobody: users, groups, a role, or anyone = true"]}}"#);
    let garbled = house.ask("PUT /projects/1/commands/ops", json!({"rules": [{"jobs": 7}]})).await;
    insta::assert_snapshot!(garbled.told(), @r#"400 {"error":"rules is invalid"}"#);
    let changed = house.ask("PUT /projects/1/commands/ops", json!({"bot_token": "xoxb-1"})).await;
    assert_eq!(
        (&changed.body["bot_token_present"], &changed.body["signing_secrets"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(house.ask("DELETE /projects/1/commands/ops", json!({})).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn credentials_stay_with_the_server_that_they_are_for() {
    let house = House::new().await;
    let jobs = json!({"repository_url": "https://gitlab.example.net/g/p.git", "username": "bot",
        "password": "r3po", "executor": "local", "variables": [{"key": "KEY", "value": "d3ploy"}]});
    let set = house.ask("PUT /projects/1/jobs", jobs).await;
    assert_eq!((set.status, set.body["credentials"].as_str()), (StatusCode::OK, Some("password")), "{set:?}");
    let moved = json!({"repository_url": "https://evil.example.net/g/p.git"});
    assert_eq!(house.ask("PUT /projects/1/jobs", moved).await.body["credentials"], Value::Null);
    let gitlab = json!({"url": "https://gitlab.example.net", "project": "g/p", "token": "glpat-1"});
    assert_eq!(house.ask("PUT /projects/1/gitlab", gitlab).await.status, StatusCode::OK);
    let renamed = house.ask("PUT /projects/1/gitlab", json!({"project": "g/q"})).await;
    assert_eq!(renamed.body["project"], "g/q");
    let moved = house.ask("PUT /projects/1/gitlab", json!({"url": "https://evil.example.net"})).await;
    insta::assert_snapshot!(moved.told(), @r#"400 {"error":"token is missing"}"#);
    for path in ["/projects/1/gitlab", "/projects/1/jobs"] {
        assert_eq!(house.ask(&format!("DELETE {path}"), json!({})).await.status, StatusCode::NO_CONTENT);
        assert_eq!(house.ask(&format!("GET {path}"), json!({})).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn only_a_projects_own_targets_and_events_are_there() {
    let house = House::new().await;
    house.ask("POST /projects/1/hooks", json!({"url": "http://h/"})).await;
    let targets = house.ask("GET /projects/1/targets", Value::Null).await;
    insta::assert_snapshot!(targets.told(), @r#"200 [{"active":true,"alert_status":"executable","failures":0,"id":"1-hook-1"}]"#);
    for (path, status) in [
        ("GET /projects/1/deliveries?target=1-hook-1", StatusCode::OK),
        ("GET /projects/1/deliveries?target=2-hook-1", StatusCode::NOT_FOUND),
        ("GET /projects/1/deliveries?target=x", StatusCode::BAD_REQUEST),
        ("GET /projects/1/deliveries", StatusCode::BAD_REQUEST),
        ("GET /projects/1/parked?target=1-hook-1", StatusCode::OK),
        ("GET /projects/1/parked?target=2-irker", StatusCode::NOT_FOUND),
        ("POST /projects/1/targets/1-hook-1/enable", StatusCode::NO_CONTENT),
        ("POST /projects/1/targets/2-hook-1/enable", StatusCode::NOT_FOUND),
        ("GET /projects/1/events/0123456789abcdef0123456789abcdef", StatusCode::NOT_FOUND),
        ("POST /projects/1/events/0123456789abcdef0123456789abcdef/resend", StatusCode::NOT_FOUND),
        ("GET /projects/1/replay/0123456789abcdef01234567", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(house.ask(path, Value::Null).await.status, status, "{path}");
    }
    let order = json!({"since": "2023-01-01T00:00:00Z"});
    let begun = house.ask("POST /projects/1/replay", order).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{begun:?}");
    let path = format!("GET /projects/1/replay/{}", begun.body["id"].as_str().unwrap());
    assert_eq!(house.ask(&path, Value::Null).await.body, begun.body);
}

#[tokio::test]
async fn tokens_are_made_shown_and_taken_back() {
    let house = House::new().await;
    let new = json!({"name": "ci", "scope": "maintainer", "projects": [1], "days": 30});
    let made = house.ask("POST /tokens", new).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let token = made.body["token"].as_str().unwrap();
    assert_eq!(house.ask_as(token, "GET /projects/1", Value::Null).await.status, StatusCode::OK);
    let list = house.ask("GET /tokens", Value::Null).await;
    assert_eq!(list.header("x-total"), "2");
    assert!(!list.body.to_string().contains(token));
    let id = made.body["id"].as_u64().unwrap();
    let gone = house.ask(&format!("DELETE /tokens/{id}"), json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    insta::assert_snapshot!(house.ask_as(token, "GET /projects/1", Value::Null).await.told(), @r#"401 {"message":"401 Unauthorized"}"#);
    let none = json!({"name": "ci", "scope": "maintainer"});
    insta::assert_snapshot!(house.ask("POST /tokens", none).await.told(), @r#"400 {"message":{"projects":["a token that is not for all projects names 1 to 100 of them"]}}"#);
}

#[tokio::test]
async fn what_was_commanded_is_told_to_those_who_may_change_the_project() {
    let house = House::new().await;
    let row = json!({"at": 1_700_000_000_000_i64, "command": "ops", "platform": "slack", "team_id": "T1",
        "channel": {"id": "C1", "name": "ops"}, "user": {"id": "U1", "name": "ada"}, "what": "run deploy",
        "arguments": {"digest": "d1gest"}, "is_allowed": false, "decision": "no rule fits", "run": null,
        "outcome": "denied"});
    let item = Item {
        key: Key::new("audit#1", "001700000000000#x"),
        document: row.to_string(),
        blob: None,
        expires_at: None,
    };
    house.app.table.put(item, Condition::Absent).await.unwrap();
    let told = house.ask("GET /projects/1/audit", Value::Null).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    let [entry] = &told.body.as_array().unwrap()[..] else { panic!("{told:?}") };
    assert_eq!((&entry["user"], &entry["what"]), (&json!("ada"), &json!("run deploy")));
    assert_eq!((&entry["arguments"], &entry["arguments_digest"]), (&Value::Null, &json!("d1gest")));
    assert_eq!(entry["is_allowed"], false);
}
