//! What GitLab's tools ask: its paths, its bodies, its words.

use http::StatusCode;
use serde_json::{Value, json};

use super::{House, project};

const HOOK: &str = "/projects/g%2Fp/hooks/1";
const IRKER: &str = "/projects/1/integrations/irker";

#[tokio::test]
async fn a_tool_finds_out_whom_it_talks_to() {
    let house = House::new().await;
    insta::assert_snapshot!(house.ask("GET /user", Value::Null).await.told(), @r#"200 {"bot":true,"id":1,"is_admin":true,"name":"test","scope":"admin","state":"active","username":"token-1"}"#);
    assert_eq!(house.ask("GET /version", Value::Null).await.body["revision"], "bellhop");
    let bearer = format!("Bearer {}", house.admin);
    let answer = house.ask_with(&[("authorization", &bearer)], "GET /version", Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_project_is_found_by_number_and_by_path() {
    let house = House::new().await;
    let by_number = house.ask("GET /projects/1", Value::Null).await;
    let by_path = house.ask("GET /projects/g%2Fp", Value::Null).await;
    assert_eq!(by_number.body, by_path.body);
    assert_eq!(by_path.body["path_with_namespace"], "g/p");
    insta::assert_snapshot!(house.ask("GET /projects/g%2Fother", Value::Null).await.told(), @r#"404 {"message":"404 Project Not Found"}"#);
    insta::assert_snapshot!(house.ask("GET /projects/g/p", Value::Null).await.told(), @r#"404 {"error":"404 Not Found"}"#);
    insta::assert_snapshot!(house.ask("PATCH /projects/1", Value::Null).await.told(), @r#"405 {"error":"405 Not Allowed"}"#);
}

#[tokio::test]
async fn projects_are_made_renamed_and_deleted() {
    let house = House::new().await;
    let made = house.ask("POST /projects", json!({"namespace": "a/b", "path": "c"})).await;
    assert_eq!((made.status, made.body["id"].as_u64()), (StatusCode::CREATED, Some(2)));
    assert_eq!(made.body["secret"].as_str().unwrap().len(), 32);
    let again = house.ask("POST /projects", json!({"path": "a/b/c"})).await;
    insta::assert_snapshot!(again.told(), @r#"400 {"message":{"path":["has already been taken"]}}"#);
    let renamed = house.ask("PUT /projects/2", json!({"path": "a/c", "rate_limit": "30"})).await;
    assert_eq!(
        (&renamed.body["path_with_namespace"], &renamed.body["rate_limit"]),
        (&json!("a/c"), &json!(30))
    );
    insta::assert_snapshot!(house.ask("DELETE /projects/a%2Fc", Value::Null).await.told(), @r#"202 {"message":"202 Accepted"}"#);
    assert_eq!(house.ask("GET /projects/2", Value::Null).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_long_list_is_paged_with_gitlabs_headers() {
    let house = House::new().await;
    for number in 0..4 {
        let new = project(&format!("g/x{number}"), &format!("x{number}"));
        app::projects::create(&house.app, new).await.unwrap();
    }
    let page = house.ask("GET /projects?per_page=2&page=2&search=G%2F", Value::Null).await;
    assert_eq!(page.body.as_array().unwrap().len(), 2);
    insta::assert_snapshot!(page.header("link"), @r#"<http://bellhop.example.net/api/v4/projects?search=G%2F&page=1&per_page=2>; rel="prev", <http://bellhop.example.net/api/v4/projects?search=G%2F&page=3&per_page=2>; rel="next", <http://bellhop.example.net/api/v4/projects?search=G%2F&page=1&per_page=2>; rel="first", <http://bellhop.example.net/api/v4/projects?search=G%2F&page=3&per_page=2>; rel="last""#);
    let numbers = ["x-page", "x-per-page", "x-prev-page", "x-next-page", "x-total", "x-total-pages"];
    assert_eq!(numbers.map(|name| page.header(name)), ["2", "2", "1", "3", "5", "3"]);
    let last = house.ask("GET /projects?per_page=2&page=3", Value::Null).await;
    assert_eq!((last.body.as_array().unwrap().len(), last.header("x-next-page")), (1, ""));
    assert_eq!(house.ask("GET /projects?search=X3", Value::Null).await.header("x-total"), "1");
    insta::assert_snapshot!(house.ask("GET /projects?per_page=0", Value::Null).await.told(), @r#"400 {"error":"per_page is invalid"}"#);
}

#[tokio::test]
async fn a_hook_is_made_as_python_gitlab_makes_it_and_never_tells_its_secrets() {
    let house = House::new().await;
    let body = json!({"url": "http://127.0.0.1:9/h", "push_events": true, "merge_requests_events": 1,
        "token": "s3cret", "enable_ssl_verification": false, "push_events_branch_filter": "main",
        "custom_headers": [{"key": "X-Key", "value": "hidden"}]});
    let made = house.ask("POST /projects/1/hooks", body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    insta::assert_snapshot!(made.body, @r#"{"active":true,"alert_status":"executable","branch_filter_events":["push"],"branch_filter_strategy":"wildcard","branches":["main"],"confidential_issues_events":false,"confidential_note_events":false,"created_at":"2023-11-14T22:13:20.000Z","custom_headers":[{"key":"X-Key"}],"custom_webhook_template":"","deployment_events":false,"description":"","disabled_until":null,"emoji_events":false,"enable_ssl_verification":false,"exclude_branches":[],"feature_flag_events":false,"format":"passthrough","hub_secret_present":false,"id":1,"issues_events":false,"job_events":false,"member_events":false,"merge_requests_events":true,"milestone_events":false,"mute_bots":false,"name":"","note_events":false,"ordered":false,"other_events":false,"pipeline_events":false,"pipeline_statuses":[],"project_events":false,"project_id":1,"push_events":true,"push_events_branch_filter":"main","rate_limit":null,"releases_events":false,"repository_update_events":false,"resource_access_token_events":false,"resource_deploy_token_events":false,"retry_waits_s":null,"signing_token_present":false,"signing_tokens":0,"subgroup_events":false,"tag_push_events":false,"timeout_s":10,"token_present":true,"url":"http://127.0.0.1:9/h","url_variables":[],"vulnerability_events":false,"wiki_page_events":false}"#);
    assert_eq!(house.ask(&format!("GET {HOOK}"), Value::Null).await.body, made.body);
    let saved =
        house.ask(&format!("PUT {HOOK}"), json!({"url": "http://127.0.0.1:9/h", "push_events": false})).await;
    assert_eq!((&saved.body["push_events"], &saved.body["token_present"]), (&json!(false), &json!(true)));
    insta::assert_snapshot!(house.ask(&format!("PUT {HOOK}"), json!({})).await.told(), @r#"400 {"error":"No parameters provided"}"#);
    assert_eq!(house.ask(&format!("DELETE {HOOK}"), json!({})).await.status, StatusCode::NO_CONTENT);
    insta::assert_snapshot!(house.ask(&format!("GET {HOOK}"), Value::Null).await.told(), @r#"404 {"error":"404 Not Found"}"#);
}

#[tokio::test]
async fn mistakes_are_told_in_gitlabs_words() {
    let house = House::new().await;
    let post = async |body| house.ask("POST /projects/1/hooks", body).await.told();
    insta::assert_snapshot!(post(json!({})).await, @r#"400 {"error":"url is missing"}"#);
    insta::assert_snapshot!(post(json!({"url": "ftp://h/"})).await, @r#"422 {"error":"Invalid url given: a hook's url starts with http:// or https:// and names a host"}"#);
    insta::assert_snapshot!(post(json!({"url": "http://h/", "push_events": "maybe"})).await, @r#"400 {"error":"push_events is invalid"}"#);
    insta::assert_snapshot!(post(json!({"url": "http://h/", "push_events_branch_filter": "(", "branch_filter_strategy": "regex"})).await, @r#"422 {"error":"Invalid branch filter given: '/(/' is no regular expression that is understood here (RE2's syntax)"}"#);
    insta::assert_snapshot!(post(json!({"url": "http://h/", "custom_headers": [{"key": "Host", "value": "x"}]})).await, @r#"422 {"error":"Custom headers validation failed: 'Host' is set by whoever sends the request"}"#);
    let text = [("private-token", house.admin.as_str()), ("content-type", "text/plain")];
    let answer = house.send(&text, "POST /projects/1/hooks", "url=http://h/".to_owned()).await;
    insta::assert_snapshot!(answer.told(), @r#"415 {"error":"The provided content-type is not supported."}"#);
    let form =
        [("private-token", house.admin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let answer =
        house.send(&form, "POST /projects/1/hooks", "url=http%3A%2F%2Fh%2F&token=1".to_owned()).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let large = house.send(&form, "POST /projects/1/hooks", "x".repeat(2_000_000)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_hook_that_moves_takes_no_secrets_along() {
    let house = House::new().await;
    let body = json!({"url": "http://one/{key}", "token": "t", "url_variables": [{"key": "key", "value": "v"}],
        "custom_headers": [{"key": "X-Key", "value": "hidden"}]});
    house.ask("POST /projects/1/hooks", body).await;
    let kept = house.ask(&format!("PUT {HOOK}/custom_headers/X-Other"), json!({"value": "more"})).await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT);
    let shown = house.ask(&format!("GET {HOOK}"), Value::Null).await.body;
    assert_eq!(shown["custom_headers"], json!([{"key": "X-Key"}, {"key": "X-Other"}]));
    let moved = house.ask(&format!("PUT {HOOK}"), json!({"url": "http://two/"})).await.body;
    assert_eq!(moved["token_present"], false);
    assert_eq!((&moved["custom_headers"], &moved["url_variables"]), (&json!([]), &json!([])));
    let gone = house.ask(&format!("DELETE {HOOK}/custom_headers/X-Key"), Value::Null).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_says_what_the_target_said_and_does_not_reach_inside() {
    let house = House::new().await;
    house.ask("POST /projects/1/hooks", json!({"url": "http://169.254.169.254/latest/meta-data"})).await;
    let inside = house.ask(&format!("POST {HOOK}/test/push_events"), json!({})).await;
    insta::assert_snapshot!(inside.told(), @r#"422 {"error":"not allowed out: 169.254.169.254 is the address of a cloud's metadata service, which hands out credentials"}"#);
    insta::assert_snapshot!(house.ask(&format!("POST {HOOK}/test/pushes"), json!({})).await.told(), @r#"400 {"error":"trigger does not have a valid value"}"#);
    for _ in 0..4 {
        house.ask(&format!("POST {HOOK}/test/push_events"), json!({})).await;
    }
    let sixth = house.ask(&format!("POST {HOOK}/test/push_events"), json!({})).await;
    assert_eq!((sixth.status, sixth.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "60"));
    let log = house.ask(&format!("GET {HOOK}/events?status=failed&per_page=2"), Value::Null).await;
    assert_eq!(log.body.as_array().unwrap().len(), 2);
    assert_eq!((log.body[0]["outcome"].as_str(), log.header("x-next-page")), (Some("forbidden"), "2"));
}

#[tokio::test]
async fn the_irker_form_of_gitlab_is_filled_in() {
    let house = House::new().await;
    insta::assert_snapshot!(house.ask(&format!("GET {IRKER}"), Value::Null).await.told(), @r#"404 {"message":"404 Integration Not Found"}"#);
    insta::assert_snapshot!(house.ask(&format!("PUT {IRKER}"), json!({"server_port": 6659})).await.told(), @r#"400 {"error":"recipients is missing"}"#);
    let body = json!({"recipients": "#chan chan2?key=hunter2", "server_host": "127.0.0.1", "server_port": "6659",
        "default_irc_uri": "irc://irc.libera.chat:6697/", "colorize_messages": "true", "push_events": true});
    let set = house.ask(&format!("PUT {IRKER}"), body).await;
    assert_eq!(set.status, StatusCode::OK);
    insta::assert_snapshot!(set.body["properties"]["recipients"], @r#""irc://irc.libera.chat:6697/chan irc://irc.libera.chat:6697/chan2?key=***""#);
    let masked = set.body["properties"]["recipients"].clone();
    let back = house.ask(&format!("PUT {IRKER}"), json!({"recipients": masked, "max_commits": 5})).await;
    assert_eq!((back.status, &back.body["properties"]["max_commits"]), (StatusCode::OK, &json!(5)));
    let stored = app::projects::load(&house.app, config::ProjectId(1)).await.unwrap().unwrap();
    let key = stored.irker.unwrap().recipients[1].key.clone();
    assert_eq!(key.unwrap().expose(), "hunter2");
    let away = house
        .ask(&format!("PUT {IRKER}"), json!({"recipients": masked, "server_host": "evil.example.net"}))
        .await;
    insta::assert_snapshot!(away.told(), @r#"400 {"message":{"irker":["the key of irc://irc.libera.chat:6697/chan2?key=*** is the mask that is shown in a key's place, and no key is stored for it"]}}"#);
    let away = house.ask(&format!("PUT {IRKER}"), json!({"server_host": "evil.example.net"})).await;
    insta::assert_snapshot!(away.told(), @r#"400 {"error":"recipients is missing"}"#);
    let bad = house.ask(&format!("PUT {IRKER}"), json!({"recipients": "a,b irc://h/x?key=hunter2"})).await;
    insta::assert_snapshot!(bad.told(), @r#"400 {"message":{"recipients":["recipient 'a,b': a channel or nick holds no commas, spaces, slashes or control characters (one entry, one channel)"]}}"#);
    let list = house.ask("GET /projects/1/services", Value::Null).await.body;
    assert_eq!((list[0]["slug"].as_str(), list[0].get("properties")), (Some("irker"), None));
    assert_eq!(
        house.ask("POST /projects/1/integrations/irker/test", json!({})).await.status,
        StatusCode::CREATED
    );
    assert_eq!(house.ask(&format!("DELETE {IRKER}"), json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house.ask("GET /projects/1/integrations", Value::Null).await.body, json!([]));
}

#[tokio::test]
async fn slash_commands_are_set_as_in_gitlab_in_either_spelling() {
    let house = House::new().await;
    let slack = "/projects/1/integrations/slack-slash-commands";
    let set = house.ask(&format!("PUT {slack}"), json!({"token": "t0ken"})).await;
    assert_eq!((set.status, set.body["slug"].as_str()), (StatusCode::OK, Some("slack_slash_commands")));
    assert!(!set.body.to_string().contains("t0ken"));
    let other = house.ask("GET /projects/1/services/slack_slash_commands", Value::Null).await;
    assert_eq!(other.body, set.body);
    let mattermost = "/projects/1/integrations/mattermost-slash-commands";
    insta::assert_snapshot!(house.ask(&format!("PUT {mattermost}"), json!({"token": "t"})).await.told(), @r#"400 {"error":"origin is missing"}"#);
    let origin = json!({"token": "t", "origin": "https://chat.example.net"});
    assert_eq!(house.ask(&format!("PUT {mattermost}"), origin).await.status, StatusCode::OK);
    assert_eq!(house.ask(&format!("DELETE {slack}"), json!({})).await.status, StatusCode::NO_CONTENT);
    insta::assert_snapshot!(house.ask("GET /projects/1/integrations/jira", Value::Null).await.told(), @r#"404 {"message":"404 Integration Not Found"}"#);
}
