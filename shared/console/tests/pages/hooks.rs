//! HTTP hooks: made, tested, looked at, and sent again.

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode as Answered;
use http::StatusCode;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

use crate::world::World;

/// A target that answers with the next of these statuses, the last one for ever, and keeps what it got.
async fn target(statuses: &'static [u16]) -> (String, Arc<Mutex<Vec<Bytes>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/s3cret-path", listener.local_addr().unwrap());
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&got);
    let answer = move |body: Bytes| async move {
        let mut kept = kept.lock().unwrap();
        let status = statuses[kept.len().min(statuses.len() - 1)];
        kept.push(body);
        (Answered::from_u16(status).unwrap(), "<b>thanks</b>")
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, got)
}

#[tokio::test]
async fn a_hook_is_made_tested_and_what_it_answered_is_shown() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let (url, got) = target(&[200]).await;
    let mut ada = world.admin().await;
    let new = format!("/projects/{id}/hooks/new");
    ada.get(&new).await;
    ada.submit(&new, &[("name", "ci"), ("url", "ftp://h/")]).await;
    assert_eq!(
        ada.behind("id=\"url-problem\""),
        "A hook's url starts with http:// or https:// and names a host."
    );
    ada.submit(&new, &[("url", &url), ("token", "t0ken"), ("custom_headers", "X-Api-Key: k3y")]).await;
    assert_eq!(ada.path, format!("/projects/{id}/hooks/1?done=saved"));
    for secret in ["s3cret-path", "t0ken", "k3y"] {
        assert!(!ada.page.contains(secret), "{secret} is shown to nobody");
    }
    assert!(ada.text().contains("X-Api-Key: ***"));

    ada.submit(&format!("/projects/{id}/hooks/1/test"), &[("trigger", "note_events")]).await;
    assert_eq!(got.lock().unwrap().len(), 1);
    let text = ada.text();
    assert!(text.contains("delivered 200 test") && text.contains("x-gitlab-event: Note Hook"), "{text}");
    assert!(text.contains("x-gitlab-token: ***") && text.contains("<b>thanks</b>"), "{text}");
    assert!(ada.page.contains("&#60;b&#62;thanks"), "an answer is text");
    assert!(!ada.page.contains(">Resend</button>"), "a sample is no event");
}

#[tokio::test]
async fn what_is_stored_stays_and_a_hook_that_is_aimed_elsewhere_loses_it() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    let new = format!("/projects/{id}/hooks/new");
    ada.get(&new).await;
    let typed = [
        ("url", "https://h/{key}"),
        ("url_variables", "key: v"),
        ("token", "t"),
        ("custom_headers", "X-A: a\nX-B: b"),
    ];
    ada.submit(&new, &typed).await;
    let hook = format!("/projects/{id}/hooks/1");
    ada.submit(&hook, &[("custom_headers", "X-A: ***\nX-C: c"), ("make_signing_token", "on")]).await;
    let token = ada.behind("id=\"new-secret\"");
    let stored = world.stored(id).await.hooks.remove(0);
    assert!(token.starts_with("whsec_") && stored.signing_tokens[0].expose() == token);
    let headers: Vec<_> = stored.custom_headers.iter().map(|h| (h.key.as_str(), h.value.expose())).collect();
    assert_eq!(headers, [("X-A", "a"), ("X-C", "c")]);
    assert_eq!(stored.token.unwrap().expose(), "t");

    ada.get(&hook).await;
    assert!(!ada.page.contains(&token), "once");
    ada.submit(&hook, &[("custom_headers", "X-Z: ***")]).await;
    assert_eq!(ada.behind("id=\"custom_headers-problem\""), "No value is stored for 'X-Z'.");
    ada.get(&hook).await;
    ada.submit(&hook, &[("url", "https://evil.example/"), ("url_variables", "")]).await;
    let moved = world.stored(id).await.hooks.remove(0);
    assert!(moved.token.is_none() && moved.signing_tokens.is_empty() && moved.custom_headers.is_empty());
    ada.submit(&format!("{hook}/delete"), &[]).await;
    assert!(world.stored(id).await.hooks.is_empty());
    ada.get(&hook).await;
    assert_eq!(ada.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_variable_holds_is_not_sent_to_another_server() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let mut ada = world.admin().await;
    let new = format!("/projects/{id}/hooks/new");
    ada.get(&new).await;
    ada.submit(&new, &[("url", "https://{host}/{key}"), ("url_variables", "host: h.example\nkey: v")]).await;
    let hook = format!("/projects/{id}/hooks/1");
    for typed in [
        [("url", "https://evil.example/{key}"), ("url_variables", "host: ***\nkey: ***")],
        [("url", ""), ("url_variables", "host: evil.example\nkey: ***")],
    ] {
        ada.get(&hook).await;
        ada.submit(&hook, &typed).await;
        assert!(ada.behind("id=\"url-problem\"").contains("which has no value"), "{typed:?}");
    }
    assert_eq!(world.stored(id).await.hooks[0].address().unwrap().as_str(), "https://h.example/v");
    ada.get(&hook).await;
    ada.submit(&hook, &[("url_variables", "host: ***\nkey: w")]).await;
    assert_eq!(world.stored(id).await.hooks[0].address().unwrap().as_str(), "https://h.example/w");
}

#[tokio::test]
async fn an_event_is_seen_and_sent_again() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let (url, got) = target(&[503, 200]).await;
    let mut ada = world.admin().await;
    let new = format!("/projects/{id}/hooks/new");
    ada.get(&new).await;
    ada.submit(&new, &[("url", &url)]).await;
    world.push().await;
    world.work().await;

    ada.get(&format!("/projects/{id}/deliveries/hook-1?status=failed")).await;
    assert!(ada.text().contains("refused 503"), "{}", ada.text());
    let (_, rest) = ada.page.split_once("data-head=\"When\"><a href=\"").unwrap();
    let attempt = rest.split('"').next().unwrap().to_owned();
    ada.get(&attempt).await;
    assert!(ada.text().contains("\"user_name\": \"Ada\""), "the event's own payload: {}", ada.text());
    ada.submit(&format!("{attempt}/resend"), &[]).await;
    assert!(ada.text().contains("In the queue again"));
    world.work().await;
    assert_eq!(got.lock().unwrap().len(), 2);
    ada.get(&format!("/projects/{id}/deliveries/hook-1")).await;
    assert!(ada.text().contains("delivered 200"));
    world.minute().await;
    ada.get("/").await;
    assert!(ada.text().contains("1 event in 1 arrived 1 failed attempts 0 parked"), "{}", ada.text());
    for nothing in ["hook-x", "irc", "hook-1/x", "hook-1/0000.x.1"] {
        ada.get(&format!("/projects/{id}/deliveries/{nothing}")).await;
        assert_eq!(ada.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn a_hook_that_was_switched_off_is_named_first_and_brought_back() {
    let world = World::new().await;
    let id = world.project("g/p").await;
    let (url, got) = target(&[410, 200]).await;
    let mut ada = world.admin().await;
    let new = format!("/projects/{id}/hooks/new");
    ada.get(&new).await;
    ada.submit(&new, &[("url", &url), ("name", "ci")]).await;
    world.push().await;
    world.work().await;

    ada.get("/").await;
    assert!(ada.text().contains("ci g/p disabled it says that it is gone (410) 1 parked"), "{}", ada.text());
    ada.get(&format!("/projects/{id}/hooks/1")).await;
    ada.submit(&format!("/projects/{id}/hooks/1/enable"), &[]).await;
    assert!(ada.text().contains("Switched on again."));
    ada.get(&format!("/projects/{id}/deliveries/hook-1")).await;
    ada.submit(&format!("/projects/{id}/deliveries/hook-1/replay"), &[]).await;
    world.work().await;
    assert_eq!(got.lock().unwrap().len(), 2);
    assert!(ada.get("/").await.contains("Nothing. No target is left alone"));
}
