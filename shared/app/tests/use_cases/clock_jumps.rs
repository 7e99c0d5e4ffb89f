//! The machine's clock is set back by an hour, or forward by a day: a time server was found, a battery was empty.
//!
//! Not here: what a queue makes of it (`embedded`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use app::App;
use app::clock::{Chance, Clock};
use app::projects::{self, Expected};
use app::receive_hook::{ReceiveError, Received};
use app::seal::Sealer;
use app::tokens::{self, NewToken, Scope};
use payload::{Secret, SigningKey};

use super::world::{PUSH, Peer, World, project};

const HOUR: Duration = Duration::from_hours(1);

const SIGNING_TOKEN: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn set_back(world: &World, by: Duration) {
    let Clock::Manual(now) = &world.clock else { panic!("a clock that can be set") };
    now.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
}

fn jump(world: &World, by: Duration, is_forward: bool) {
    if is_forward { world.clock.advance(by) } else { set_back(world, by) }
}

async fn minutes(world: &World, count: usize) {
    for _ in 0..count {
        world.minute().await;
    }
}

#[tokio::test]
async fn set_back_by_an_hour_a_retry_comes_an_hour_late_at_the_most_and_nothing_comes_twice() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[503, 200]).await;
    world.configure(None, &[target.url()]).await;
    assert!(matches!(world.push("a").await, Ok(Received::Accepted { .. })));
    world.work().await;

    set_back(&world, HOUR);
    assert!(matches!(world.push("a").await, Ok(Received::Repeated { .. })), "it is known as before");
    assert!(matches!(world.push("b").await, Ok(Received::Accepted { .. })));
    minutes(&world, 1).await;
    assert_eq!(target.count(), 2, "what comes in now waits for nothing");
    minutes(&world, 62).await;
    assert_eq!(target.count(), 3);
    minutes(&world, 62).await;
    assert_eq!(target.count(), 3);
}

#[tokio::test]
async fn set_forward_by_a_day_what_waits_is_tried_once_more_and_nothing_is_forgotten() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[503, 503, 200]).await;
    world.configure(None, &[target.url()]).await;
    assert!(matches!(world.push("a").await, Ok(Received::Accepted { .. })));
    world.work().await;

    world.clock.advance(24 * HOUR);
    assert!(matches!(world.push("a").await, Ok(Received::Repeated { .. })), "it is known as before");
    minutes(&world, 1).await;
    assert_eq!(target.count(), 2);
    minutes(&world, 24 * 60).await;
    assert_eq!(target.count(), 3);
}

#[tokio::test]
async fn set_back_by_an_hour_a_changed_configuration_is_heard_of_as_soon_as_ever() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    world.push("a").await.unwrap();

    set_back(&world, HOUR);
    let mut changed = project(None, &[target.url()]);
    changed.source.secrets = vec![Secret::new("another")];
    // As another program saves it, which cannot have this one forget what it knows.
    let sealer = Sealer::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap();
    let table = Arc::clone(&world.app.table);
    let beside = App::with(table, sealer, world.clock.clone(), Chance::seeded(2));
    projects::save(&beside, changed, Expected::Any).await.unwrap();
    world.clock.advance(Duration::from_secs(6));

    assert!(matches!(world.push("b").await, Err(ReceiveError::Refused(_))), "the old secret is no more");
}

#[tokio::test]
async fn while_the_clock_is_wrong_signatures_with_a_time_are_refused_and_all_else_is_taken() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[200]).await;
    let mut signed = project(None, &[target.url()]);
    signed.source.secrets = vec![Secret::new("s3cret"), Secret::new(SIGNING_TOKEN)];
    projects::save(&world.app, signed, Expected::Any).await.unwrap();
    let sent_at = world.app.clock.now().seconds();
    let key = SigningKey::new(&Secret::new(SIGNING_TOKEN)).unwrap();
    let signature = key.sign("m", sent_at, PUSH);
    let at = sent_at.to_string();
    let headers = [
        ("x-gitlab-event", "Push Hook"),
        ("webhook-id", "m"),
        ("webhook-timestamp", at.as_str()),
        ("webhook-signature", signature.as_str()),
    ];

    for (off, is_ahead) in [(HOUR, false), (24 * HOUR, true)] {
        jump(&world, off, is_ahead);
        let refused = world.post_with(&headers, PUSH).await;
        assert!(matches!(refused, Err(ReceiveError::Refused(_))), "{refused:?}");
        assert!(world.push(if is_ahead { "ahead" } else { "behind" }).await.is_ok());
        jump(&world, off, !is_ahead);
    }
    assert!(matches!(world.post_with(&headers, PUSH).await, Ok(Received::Accepted { .. })));
}

#[tokio::test]
async fn a_token_ends_by_the_clock_and_counts_again_when_that_was_wrong() {
    let world = World::new().await.unwrap();
    let expires_at = Some(world.app.clock.now() + HOUR);
    let new = NewToken { name: "ci".to_owned(), scope: Scope::Admin, expires_at };
    let (token, _) = tokens::make(&world.app, new).await.unwrap();
    assert!(tokens::authenticate(&world.app, token.expose(), None).await.is_ok());
    world.clock.advance(24 * HOUR);
    assert!(tokens::authenticate(&world.app, token.expose(), None).await.is_err());
    set_back(&world, 24 * HOUR);
    assert!(tokens::authenticate(&world.app, token.expose(), None).await.is_ok());
}
