//! What an HTTP hook's settings do on real sockets.
//!
//! Not here: what a request looks like (`relay::http_request`).

use std::sync::Arc;
use std::time::Duration;

use app::clock::Chance;
use app::deliveries::{self, DeliveryState};
use app::http_target::Outbound;
use app::ids::EventId;
use app::projects::{self, Expected};
use app::queue::Answer;
use app::receive_hook::Received;
use app::seal::Sealer;
use app::{App, doors};
use config::{HookFormat, HookId, HttpHook, KeyedSecret, ProjectId, TargetId, Template};
use payload::Secret;
use relay::{HttpRequest, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::world::{PUSH, Peer, World, project};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

/// The project `p` with this hook is stored.
async fn configure(world: &World, hook: HttpHook) {
    let mut project = project(None, &[]);
    project.hooks = vec![hook];
    projects::save(&world.app, project, Expected::Any).await.unwrap();
    // Longer than a configuration is remembered.
    world.clock.advance(Duration::from_secs(6));
}

/// What became of the one push that came in.
async fn outcome(world: &World, event: &EventId) -> Outcome {
    let record = deliveries::find(&world.app, event, HOOK).await.unwrap().unwrap();
    record.attempts.last().unwrap().outcome.clone()
}

async fn accepted(world: &World) -> EventId {
    match world.push("a").await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

/// The doors of this Bellhop on a real port.
async fn open_doors(world: &World) -> String {
    let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
    let table = Arc::clone(&world.app.table);
    let app = Arc::new(App::with(table, sealer, world.clock.clone(), Chance::seeded(2)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/p", listener.local_addr().unwrap());
    let router = doors::router(app, Arc::clone(&world.queue));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test]
async fn a_hook_aimed_at_its_own_door_ends_after_ten_hops() {
    let world = World::new().await.unwrap();
    let url = open_doors(&world).await;
    configure(&world, HttpHook { token: Some(Secret::new("s3cret")), ..HttpHook::to(HookId(1), &url) }).await;

    accepted(&world).await;
    assert_eq!(
        world.work().await,
        [Answer::Done; 10],
        "each push that comes back is a new one, up to the tenth"
    );
    let back = [("x-gitlab-token", "s3cret"), ("x-gitlab-event", "Push Hook"), ("x-bellhop-hops", "10")];
    let Received::Ignored { reason } = world.post_with(&back, PUSH).await.unwrap() else { panic!() };
    assert_eq!(reason, "it has passed ten Bellhops: a hook leads back to where its events come from");
}

#[tokio::test]
async fn how_often_an_event_was_passed_on_is_nobodys_business_who_cannot_prove_himself() {
    let world = World::new().await.unwrap();
    configure(&world, HttpHook::to(HookId(1), "http://127.0.0.1:1/")).await;
    let forged = world.post_with(&[("x-gitlab-token", "wrong"), ("x-bellhop-hops", "10")], PUSH).await;
    assert!(forged.is_err(), "{forged:?}");
}

#[tokio::test]
async fn a_hook_with_everything_is_sent_what_it_asks_for() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[200]).await;
    let address = target.url().replace("http://", "http://mike:pass@");
    let hook = HttpHook {
        url_variables: vec![KeyedSecret::new("room", "T0/B1")],
        custom_headers: vec![KeyedSecret::new("X-Env", "prod")],
        signing_tokens: vec![Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        hub_secret: Some(Secret::new("hub")),
        format: HookFormat::Gitlab,
        custom_webhook_template: Some(Template::new(r#"{"text":"{{user_name}} to {{ref}}"}"#)),
        ..HttpHook::to(HookId(1), &format!("{address}{{room}}"))
    };
    configure(&world, hook).await;

    accepted(&world).await;
    assert_eq!(world.work().await, [Answer::Done]);
    let heard = target.heard();
    assert!(heard.starts_with("POST /T0/B1 HTTP/1.1\r\n"), "{heard}");
    for part in [
        "authorization: Basic bWlrZTpwYXNz",
        "x-env: prod",
        "webhook-signature: v1,",
        "webhook-timestamp: 1700000006",
        "x-hub-signature-256: sha256=",
        "x-bellhop-hops: 1",
        "\r\n\r\n{\"text\":\"John Smith to refs/heads/master\"}",
    ] {
        assert!(heard.contains(part), "{part} is missing in {heard}");
    }
}

#[tokio::test]
async fn every_secret_of_a_hook_is_sealed_and_read_back() {
    let world = World::new().await.unwrap();
    let hook = HttpHook {
        url_variables: vec![KeyedSecret::new("room", "v4riable")],
        custom_headers: vec![KeyedSecret::new("X-Env", "h3ader")],
        signing_tokens: vec![Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        hub_secret: Some(Secret::new("hub-s3cret")),
        ..HttpHook::to(HookId(1), "http://h/{room}")
    };
    configure(&world, hook.clone()).await;
    let read = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    assert_eq!(read.hooks, [hook]);
    let table = &world.app.table;
    let rows = table.query(&app::table::Query::prefix("project#7", "hook#")).await.unwrap();
    let stored = &rows.items[0].item.document;
    assert!(stored.contains("X-Env") && stored.contains("room"), "{stored}");
    for secret in ["v4riable", "h3ader", "whsec_", "hub-s3cret"] {
        assert!(!stored.contains(secret), "{secret} is in {stored}");
    }
}

#[tokio::test]
async fn a_template_that_makes_no_json_says_so_and_goes_out_once_it_is_mended() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[200]).await;
    let with = |template: &str| HttpHook {
        custom_webhook_template: Some(Template::new(template)),
        ..HttpHook::to(HookId(1), &target.url())
    };
    configure(&world, with(r#"{"text":{{user_avatar}}}"#)).await;
    let event = accepted(&world).await;
    let [Answer::Again { after }] = world.work().await[..] else { panic!() };
    let told = outcome(&world, &event).await.to_string();
    assert!(told.ends_with("what the template makes is not valid JSON (line 1, column 9)"), "{told}");

    configure(&world, with(r#"{"text":"{{user_avatar}}"}"#)).await;
    world.clock.advance(after);
    assert_eq!(world.work().await, [Answer::Done]);
    assert!(target.heard().contains(r#"{"text":"http"#), "{}", target.heard());
}

/// A target with a certificate that nobody has signed, for another name.
async fn self_signed_target() -> String {
    let certificate =
        CertificateDer::from(&include_bytes!("../../../../tests/fixtures/tls/certificate.der")[..]);
    let key = &include_bytes!("../../../../tests/fixtures/tls/key.der")[..];
    let key = PrivateKeyDer::try_from(key).unwrap();
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            // A client that looks at the certificate goes away.
            let Ok(mut connection) = acceptor.accept(connection).await else { continue };
            let _ = connection.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            let _ = connection.write_all(answer).await;
            let _ = connection.shutdown().await;
        }
    });
    url
}

#[tokio::test]
async fn a_certificate_is_looked_at_unless_the_hook_says_not_to() {
    let world = World::new().await.unwrap();
    let url = self_signed_target().await;
    let to = |enable_ssl_verification| HttpHook { enable_ssl_verification, ..HttpHook::to(HookId(1), &url) };
    configure(&world, to(true)).await;
    let event = accepted(&world).await;
    let [Answer::Again { after }] = world.work().await[..] else { panic!() };
    let Outcome::Unreachable { reason } = outcome(&world, &event).await else { panic!() };
    assert!(reason.contains("certificate"), "{reason}");

    configure(&world, to(false)).await;
    world.clock.advance(after);
    assert_eq!(world.work().await, [Answer::Done]);
    assert_eq!(outcome(&world, &event).await, Outcome::Delivered { status: 204 });

    // The same client: one hook's leniency is not another one's.
    let outbound = Outbound::new(world.guard.clone()).unwrap();
    let request = |verify_tls| HttpRequest {
        url: Secret::new(url.as_str()),
        headers: http::HeaderMap::new(),
        body: Vec::new(),
        timeout: Duration::from_secs(10),
        verify_tls,
    };
    assert_eq!(outbound.post(request(false)).await.outcome, Outcome::Delivered { status: 204 });
    assert!(matches!(outbound.post(request(true)).await.outcome, Outcome::Unreachable { .. }));
}

#[tokio::test]
async fn a_hook_waits_as_long_as_it_is_told() {
    let world = World::new().await.unwrap();
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    configure(&world, HttpHook { timeout_s: 1, ..HttpHook::to(HookId(1), &url) }).await;
    let event = accepted(&world).await;
    world.work().await;
    assert_eq!(outcome(&world, &event).await, Outcome::Unknown { reason: "no answer within 1 s".to_owned() });
}

#[tokio::test]
async fn a_hook_that_is_off_gets_nothing() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[200]).await;
    configure(&world, HttpHook { active: false, ..HttpHook::to(HookId(1), &target.url()) }).await;
    assert!(matches!(world.push("a").await.unwrap(), Received::Ignored { .. }));

    configure(&world, HttpHook::to(HookId(1), &target.url())).await;
    let Received::Accepted { event, .. } = world.push("b").await.unwrap() else { panic!() };
    assert_eq!(world.work().await, [Answer::Done]);
    let record = deliveries::find(&world.app, &event, HOOK).await.unwrap().unwrap();
    assert_eq!(record.state, DeliveryState::Done);
}
