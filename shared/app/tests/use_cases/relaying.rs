//! What becomes of a delivery: attempts, records, and what the peers get.

use std::io::Write as _;
use std::time::Duration;

use app::deliveries::{self, DeliveryRecord, DeliveryState};
use app::ids::EventId;
use app::queue::Answer;
use app::receive_hook::{ReceiveError, Received};
use config::{HookId, ProjectId, TargetId};
use flate2::Compression;
use flate2::write::GzEncoder;
use relay::Outcome;

use super::world::{PUSH, Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));
const IRKER: TargetId = TargetId::Irker(ProjectId(7));

async fn accepted(world: &World, id: &str, body: &[u8]) -> EventId {
    match world.post(id, body).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

async fn record(world: &World, event: &EventId, target: TargetId) -> DeliveryRecord {
    deliveries::find(&world.app, event, target).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_http_target_gets_the_senders_bytes() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a", PUSH).await;

    assert_eq!(world.work().await, [Answer::Done]);
    let heard = target.heard();
    assert!(heard.ends_with(std::str::from_utf8(PUSH).unwrap()));
    for header in [
        "x-gitlab-event: Push Hook",
        "x-gitlab-token: target-token",
        &format!("idempotency-key: {event}.7-hook-1"),
        &format!("webhook-id: {event}.7-hook-1"),
        "webhook-attempt: 1",
    ] {
        assert!(heard.contains(header), "{header} is missing in {heard}");
    }
    assert_eq!(record(&world, &event, HOOK).await.state, DeliveryState::Done);
}

#[tokio::test]
async fn a_signed_push_on_github_reaches_the_same_targets() {
    const GITHUB: &[u8] = include_bytes!("../../../../tests/fixtures/github/push.json");
    /// HMAC-SHA256 of the file under the source's secret, by Python's hmac.
    const SIGNATURE: &str = "sha256=55a80c7ea06b780669a5385eb5da13a593c5b3a253d4178b995d277e4b9a3ea9";
    let Some(world) = World::new().await else { return };
    let (irkerd, target) = (Peer::irkerd().await, Peer::http(&[200]).await);
    world.configure(Some(irkerd.port), &[target.url()]).await;
    let headers =
        [("x-github-event", "push"), ("x-github-delivery", "72d3162e"), ("x-hub-signature-256", SIGNATURE)];

    let forged = world.post_with(&headers, &[GITHUB, b" "].concat()).await;
    assert!(matches!(forged, Err(ReceiveError::Refused(_))), "{forged:?}");
    assert!(matches!(world.post_with(&headers, GITHUB).await, Ok(Received::Accepted { deliveries: 2, .. })));
    assert!(matches!(world.post_with(&headers, GITHUB).await, Ok(Received::Repeated { .. })));

    world.work().await;
    assert!(
        irkerd.heard().contains("[sample_app] binkkatal pushed 1 new commit to master: https://github.com/")
    );
    let heard = target.heard();
    assert!(heard.contains("x-github-event: push") && !heard.contains("x-hub-signature"), "{heard}");
    assert!(target.heard_bytes().ends_with(GITHUB));
}

#[tokio::test]
async fn a_compressed_push_is_read_for_the_channel_and_passed_on_as_it_came() {
    let Some(world) = World::new().await else { return };
    let (irkerd, target) = (Peer::irkerd().await, Peer::http(&[200]).await);
    world.configure(Some(irkerd.port), &[target.url()]).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(PUSH).unwrap();
    let compressed = encoder.finish().unwrap();
    let headers = [("x-gitlab-token", "s3cret"), ("idempotency-key", "a"), ("content-encoding", "gzip")];

    let cut_off = world.post_with(&headers, &compressed[..compressed.len() / 2]).await;
    assert!(matches!(cut_off, Err(ReceiveError::Unreadable(_))), "{cut_off:?}");
    let received = world.post_with(&headers, &compressed).await;
    assert!(matches!(received, Ok(Received::Accepted { deliveries: 2, .. })), "{received:?}");

    assert_eq!(world.work().await, [Answer::Done; 2]);
    assert!(irkerd.heard().contains("[Diaspora] John Smith pushed 4 new commits"), "{}", irkerd.heard());
    assert!(target.heard().contains("content-encoding: gzip"), "{}", target.heard());
    assert!(target.heard_bytes().ends_with(&compressed));
}

#[tokio::test]
async fn a_body_larger_than_a_row_arrives_whole() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    // What does not compress: a megabyte of random hexadecimal digits takes half of it.
    let noise: Vec<String> = (0..2000).map(|_| format!("{:?}", world.app.chance.bytes::<256>())).collect();
    let mut push: serde_json::Value = serde_json::from_slice(PUSH).unwrap();
    push["noise"] = noise.into();
    let body = serde_json::to_vec(&push).unwrap();

    accepted(&world, "a", &body).await;
    assert_eq!(world.work().await, [Answer::Done]);
    assert!(target.heard_bytes().ends_with(&body));
}

#[tokio::test]
async fn a_refused_delivery_is_tried_again_on_the_schedule_under_the_same_id() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[500, 302, 200]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a", PUSH).await;

    let [Answer::Again { after }] = world.work().await[..] else { panic!() };
    assert!(after >= Duration::from_secs(5) && after < Duration::from_secs(6), "{after:?}");
    assert!(world.work().await.is_empty(), "it is not due");
    world.clock.advance(after);
    let [Answer::Again { after }] = world.work().await[..] else { panic!() };
    world.clock.advance(after);
    assert_eq!(world.work().await, [Answer::Done]);

    let heard = target.heard();
    assert_eq!(heard.matches(&format!("webhook-id: {event}.7-hook-1")).count(), 3);
    assert!(heard.contains("webhook-attempt: 3"));
    let record = record(&world, &event, HOOK).await;
    let outcomes: Vec<_> = record.attempts.iter().map(|attempt| attempt.outcome.to_string()).collect();
    assert_eq!(outcomes, ["refused with status 500", "refused with status 302", "delivered, status 200"]);
}

#[tokio::test]
async fn irkerd_comes_back_and_hears_everything_in_order() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    let port = irkerd.port;
    let closed = {
        // A port that nobody listens on.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    world.configure(Some(closed), &[]).await;
    let push = |title: &str| String::from_utf8_lossy(PUSH).replace("fixed readme", title).into_bytes();
    let first = accepted(&world, "a", &push("one")).await;
    accepted(&world, "b", &push("two")).await;

    let [Answer::Again { after }, Answer::Again { after: Duration::ZERO }] = world.work().await[..] else {
        panic!("the second waits behind the first")
    };
    let outcome = record(&world, &first, IRKER).await.attempts.remove(0).outcome;
    assert!(matches!(outcome, Outcome::Unreachable { .. }), "{outcome}");

    world.configure(Some(port), &[]).await;
    world.clock.advance(after);
    world.work().await;
    world.clock.advance(Duration::from_secs(5));
    world.work().await;
    let heard = irkerd.heard();
    assert!(heard.find("one").unwrap() < heard.find("two").unwrap());
    assert_eq!(heard.lines().count(), 6);
    assert!(heard.starts_with(r#"{"to":"irc://irc.example.net:6667/chan?key=channel-key","privmsg":"#));
}

#[tokio::test]
async fn a_target_that_was_taken_away_ends_its_deliveries() {
    let Some(world) = World::new().await else { return };
    world.configure(Some(1), &["http://127.0.0.1:1/".to_owned()]).await;
    let event = accepted(&world, "a", PUSH).await;
    world.configure(None, &[]).await;
    assert_eq!(world.work().await, [Answer::Done; 2]);
    assert_eq!(record(&world, &event, HOOK).await.attempts[0].outcome, Outcome::Gone);
    assert_eq!(record(&world, &event, IRKER).await.attempts[0].outcome, Outcome::Gone);
}

#[tokio::test]
async fn a_machine_that_was_off_for_a_week_still_relays_what_it_accepted() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    accepted(&world, "a", PUSH).await;
    world.clock.advance(Duration::from_hours(8 * 24));
    assert_eq!(world.work().await, [Answer::Done]);
    assert!(target.heard().contains("webhook-attempt: 1"));
}

#[tokio::test]
async fn a_task_that_no_bellhop_wrote_is_our_fault() {
    let Some(world) = World::new().await else { return };
    for body in ["", "{}", r#"{"task":"relay_irker_v9"}"#] {
        assert_eq!(app::relay_irker::handle(&world.app, &world.guard, &[body]).await, [Answer::Fault]);
    }
}
