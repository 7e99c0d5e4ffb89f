//! Requests that want to be more than they are: other spellings of a path, second headers, bodies that are bombs.
//!
//! Not here: who may do what (`scopes`), and what machines come upon (`tests/fuzz`).

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use futures_util::stream;
use serde_json::json;

use super::*;
use crate::routes::routes;

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A house of two projects, and the token of somebody who sees only the first.
async fn house() -> (House, String) {
    let house = House::new().await;
    projects::create(&house.app, project("g/secret", "other")).await.unwrap();
    let token = house.token(Scope::Maintainer { projects: BTreeSet::from([ProjectId(1)]) }).await;
    (house, token)
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_to_somebody_elses_project() {
    let (house, token) = house().await;
    for path in [
        "/projects/2",
        "/projects/02",
        "/projects/+2",
        "/projects/2/",
        "/projects/g%2Fsecret",
        "/projects/g%2fsecret",
        "/projects/G%2FSECRET",
        "/projects/g%252Fsecret",
        "/projects/g%2Fp%2F..%2Fsecret",
        "/projects/g%2F.%2Fsecret",
        "/projects/g%5Csecret",
        "/projects/g%2Fsecret%00",
        "/projects/g%2Fsecret%20",
        "/projects/g%2Fsecret%0a",
        "/projects/g%EF%BC%8Fsecret",
        "/projects/1/../2",
        "/projects/1/%2e%2e/2",
        "/projects/1%2F..%2F2",
        "/projects/1;id=2",
        "/projects/1?id=2&project_id=2",
        "//projects/2",
        "/./projects/2",
        "/projects/2%FF",
        "/projects/18446744073709551618",
        "/projects/-1",
        "/projects/0x2",
        "/projects/2e0",
    ] {
        for method in ["GET", "PUT", "HEAD", "OPTIONS", "TRACE"] {
            let answer = house.ask_as(&token, &format!("{method} {path}"), Value::Null).await;
            let is_ours = path.starts_with("/projects/1?");
            assert!(is_ours || answer.status.is_client_error(), "{method} {path}: {}", answer.told());
            assert!(!answer.told().contains("secret"), "{method} {path}: {}", answer.told());
        }
    }
    assert_eq!(
        house.ask("GET /projects/2", Value::Null).await.status,
        StatusCode::OK,
        "and it is still there"
    );
}

#[tokio::test]
async fn a_request_does_what_its_method_says_and_nothing_else_says_it() {
    let (house, token) = house().await;
    let token = ("private-token", token.as_str());
    for (headers, method_path, body) in [
        (vec![token, JSON, ("x-http-method-override", "DELETE")], "GET /projects/1?_method=DELETE", ""),
        (vec![token, JSON, ("x-method-override", "DELETE")], "PUT /projects/1", r#"{"_method":"delete"}"#),
        (vec![token, FORM], "PUT /projects/1?_method=delete", "_method=delete"),
    ] {
        let answer = house.send(&headers, method_path, body.to_owned()).await;
        assert!(answer.status == StatusCode::OK || answer.status.is_client_error(), "{}", answer.told());
    }
    for method in ["TRACE", "CONNECT", "PATCH", "BREW", "delete"] {
        let answer = house.ask(&format!("{method} /projects/1"), Value::Null).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    assert_eq!(house.ask("GET /projects/1", Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn of_two_tokens_the_first_counts_and_an_address_has_none() {
    let (house, token) = house().await;
    let (right, bearer) = (token.as_str(), format!("Bearer {token}"));
    let status =
        async |headers: &[(&str, &str)], path: &str| house.ask_with(headers, path, Value::Null).await.status;
    for headers in [
        &[("private-token", "bhp-wrong"), ("private-token", right)][..],
        &[("private-token", "bhp-wrong"), ("authorization", &bearer)],
        &[("private-token", ""), ("authorization", &bearer)],
        &[("authorization", right)],
        &[("authorization", &format!("Basic {right}"))],
        &[("cookie", &format!("private-token={right}"))],
        &[("private-token", &format!("{right}\t{right}"))],
        &[("private-token", &right[..right.len() - 1])],
        &[("private-token", &format!("{right}0"))],
        &[("private-token", &right.to_uppercase())],
    ] {
        assert_eq!(status(headers, "GET /projects").await, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    for query in [format!("private_token={right}"), format!("access_token={right}"), format!("token={right}")]
    {
        assert_eq!(status(&[], &format!("GET /projects?{query}")).await, StatusCode::UNAUTHORIZED, "{query}");
    }
    assert_eq!(status(&[("private-token", right)], "GET /projects").await, StatusCode::OK);
}

#[tokio::test]
async fn a_body_is_what_it_says_that_it_is() {
    let (house, token) = house().await;
    let token = ("private-token", token.as_str());
    for kind in
        ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json, text/plain"]
    {
        let headers = [token, ("content-type", kind)];
        let answer =
            house.send(&headers, "POST /projects/1/hooks", r#"{"url":"http://h/"}"#.to_owned()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    // A form that says it is JSON is none, and JSON that says it is a form has no field of that name.
    let crossed = [(JSON, "url=http%3A%2F%2Fh%2F"), (FORM, r#"{"url":"http://h/"}"#)];
    for (kind, body) in crossed {
        let answer = house.send(&[token, kind], "POST /projects/1/hooks", body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.told());
    }
    let of_two = r#"{"url":"http://first/","url":"http://last/"}"#.to_owned();
    let answer = house.send(&[token, JSON], "POST /projects/1/hooks?url=http://query/", of_two).await;
    assert_eq!((answer.status, &answer.body["url"]), (StatusCode::CREATED, &json!("http://last/")));
}

#[tokio::test]
async fn bombs_are_refused() {
    let (house, token) = house().await;
    let token = ("private-token", token.as_str());
    let deep = |open: &str| format!(r#"{{"url":{}1"#, open.repeat(100_000));
    let mut many = json!({"url": "http://h/"});
    for number in 0..20_000 {
        many[format!("f{number}")] = number.into();
    }
    for (kind, body, status) in [
        (JSON, deep("["), StatusCode::BAD_REQUEST),
        (JSON, deep(r#"{"a":"#), StatusCode::BAD_REQUEST),
        (JSON, format!(r#"{{"url":"{}"}}"#, "x".repeat(1024 * 1024)), StatusCode::PAYLOAD_TOO_LARGE),
        (JSON, r#"{"url":"http://h/\u0000"}"#.to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (JSON, r#"{"url":"http://h/\ud800"}"#.to_owned(), StatusCode::BAD_REQUEST),
        (JSON, format!(r#"{{"timeout_s":1{}}}"#, "0".repeat(400)), StatusCode::BAD_REQUEST),
        (JSON, "\0".to_owned(), StatusCode::BAD_REQUEST),
        (JSON, many.to_string(), StatusCode::CREATED),
        (FORM, "a[]=1&".repeat(1_001), StatusCode::BAD_REQUEST),
        (FORM, format!("a{}=1", "[b]".repeat(50_000)), StatusCode::BAD_REQUEST),
    ] {
        let start: String = body.chars().take(40).collect();
        let answer = house.send(&[token, kind], "POST /projects/1/hooks", body).await;
        assert_eq!(answer.status, status, "{start}: {}", answer.told());
        assert!(answer.status.is_success() || answer.told().len() < 1_000, "{start} is not sent back");
    }
    let query = format!("GET /projects?{}", "a[]=1&".repeat(2_000));
    assert_eq!(house.send(&[token], &query, String::new()).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nothing_is_read_of_what_a_stranger_sends() {
    let (house, _) = house().await;
    let asked = Arc::new(AtomicUsize::new(0));
    for token in ["", "bhp-wrong"] {
        let count = Arc::clone(&asked);
        let endless = stream::repeat_with(move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Bytes::from_static(b"{\"a\":1}"))
        });
        let request = Request::post("/api/v4/projects").header("private-token", token);
        let request = request.body(Body::from_stream(endless)).unwrap();
        let answer = house.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// Every field of every route that changes something, as bad as it can be.
#[tokio::test]
async fn no_value_of_any_field_is_our_fault() {
    let (house, _) = house().await;
    let text = |text: &str| json!(text);
    let values = [
        text("\0\r\n\u{1b}[31m\u{202e}\u{feff}\"'><script>alert(1)</script>{{7*7}}"),
        text("http://[::1%25eth0]/{a}{b}"),
        text(&"ä".repeat(20_000)),
        json!(9_007_199_254_740_993_u64),
        json!([null, true, [[{}]], {"key": "\r\nX: y", "value": "\0"}]),
    ];
    for route in routes().iter().filter(|route| route.is_write() && route.method != "DELETE") {
        let path = route.path.replace("{id}", "1");
        let path = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let method_path = format!("{} {}", route.method, path.collect::<Vec<_>>().join("/"));
        for field in &route.fields {
            for value in &values {
                let mut body = json!({"url": "http://127.0.0.1:1/", "path": "a/b", "name": "x", "id": "x"});
                body[field.name] = value.clone();
                let answer = house.ask(&method_path, body).await;
                let is_answered = answer.status.as_u16() < 500;
                assert!(is_answered, "{method_path} {} = {value}: {}", field.name, answer.told());
            }
        }
    }
}
