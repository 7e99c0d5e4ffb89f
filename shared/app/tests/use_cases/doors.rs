//! What the door for webhooks reads of what strangers send.
//!
//! Not here: bounds of size, time and room by themselves (`app::doors`), connections (`infra/local`).

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::clock::Chance;
use app::projects::{self, Expected};
use app::seal::Sealer;
use app::{App, doors};
use axum::body::{Body, Bytes, to_bytes};
use futures_util::stream;
use http::{Request, StatusCode};
use payload::Secret;
use payload::limits::BODY_BYTES_MAX;
use tower::ServiceExt;

use super::world::{World, project};

const CHUNK: &[u8] = &[b' '; 64 * 1024];

/// A body without end, and how many bytes of it were asked for.
fn endless() -> (Body, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let chunks = stream::repeat_with(move || {
        count.fetch_add(CHUNK.len(), Ordering::SeqCst);
        Ok::<_, Infallible>(Bytes::from_static(CHUNK))
    });
    (Body::from_stream(chunks), asked)
}

/// With the project `p`.
async fn world() -> World {
    let world = World::new().await.unwrap();
    projects::save(&world.app, project(None, &[]), Expected::Any).await.unwrap();
    world
}

async fn post(world: &World, source: &str, body: Body) -> (StatusCode, String) {
    let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
    let app = App::with(Arc::clone(&world.app.table), sealer, world.clock.clone(), Chance::seeded(2));
    let router = doors::router(Arc::new(app), Arc::clone(&world.queue));
    let request =
        Request::post(format!("/hooks/{source}")).header("x-gitlab-token", "s3cret").body(body).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status();
    let said = to_bytes(answer.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(said.to_vec()).unwrap())
}

#[tokio::test]
async fn next_to_nothing_is_read_for_a_source_that_is_not_there() {
    let world = world().await;
    for stranger in ["nobody", "..%2f..%2fetc", "%00", "p%2f", &"x".repeat(5_000)] {
        let (body, asked) = endless();
        let (status, said) = post(&world, stranger, body).await;
        assert_eq!(
            (status, said.as_str()),
            (StatusCode::NOT_FOUND, r#"{"error":"There is no such source."}"#)
        );
        let read = asked.load(Ordering::SeqCst);
        assert!(read <= BODY_BYTES_MAX / 20, "{stranger}: {read} bytes");
    }
}

#[tokio::test]
async fn of_an_endless_body_for_a_source_that_is_there_an_end_is_made() {
    let world = world().await;
    let (body, asked) = endless();
    let (status, said) = post(&world, "p", body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{said}");
    assert!(asked.load(Ordering::SeqCst) <= 2 * BODY_BYTES_MAX + CHUNK.len());
}

/// What a source's name may look like to somebody who hopes for another one.
#[tokio::test]
async fn a_source_has_one_spelling() {
    let world = world().await;
    for spelling in ["P", "p%20", "%70%00", "p;x", "p%2f..%2fp", ".%2fp", "p%3Fx", "%2570"] {
        let (status, said) = post(&world, spelling, Body::from("{}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{spelling}: {said}");
    }
    for same in ["p", "%70"] {
        let (status, said) = post(&world, same, Body::from("{}")).await;
        assert_eq!(status, StatusCode::OK, "{same}: {said}");
    }
}
