//! What a 2xx is worth: every accepted event has its tasks, each once, whatever comes in between.

use std::time::Duration;

use app::events::{Acceptance, NewEvent, accept};
use app::ids::{EventId, Stamp};
use app::queue::{Answer, Delivery, Task};
use app::receive_hook::{ReceiveError, Received};
use config::{ProjectId, TargetId};
use payload::{Forge, Identity};

use super::world::{PUSH, Peer, World};

/// A try to accept a push that gets as far as the queue and no further.
async fn half_accepted(world: &World, stamp: &Stamp) -> NewEvent<'static> {
    let id = EventId::of(&"p".parse().unwrap(), Identity::Delivery("a"), world.clock.now());
    let delivery = Delivery {
        event: id.clone(),
        stamp: stamp.clone(),
        project: ProjectId(7),
        target: TargetId::Irker(ProjectId(7)),
        queued_at: world.clock.now(),
    };
    world.queue.send(vec![Task::RelayIrkerV1 { irkerd: "x".to_owned(), delivery }]).await.unwrap();
    NewEvent {
        id,
        stamp: stamp.clone(),
        project: ProjectId(7),
        source: "p".parse().unwrap(),
        forge: Forge::GitLab,
        targets: vec![TargetId::Irker(ProjectId(7))],
        headers: Vec::new(),
        body: PUSH,
    }
}

#[tokio::test]
async fn a_push_is_accepted_once_however_often_it_comes() {
    let world = World::new().await.unwrap();
    let irkerd = Peer::irkerd().await;
    world.configure(Some(irkerd.port), &[]).await;

    let Received::Accepted { event, deliveries: 1 } = world.push("a").await.unwrap() else { panic!() };
    for _ in 0..3 {
        assert_eq!(world.push("a").await.unwrap(), Received::Repeated { event: event.clone() });
    }
    world.work().await;
    assert_eq!(irkerd.heard().lines().count(), 3);
}

#[tokio::test]
async fn a_hundred_copies_at_once_are_one_event() {
    let world = World::new().await.unwrap();
    let irkerd = Peer::irkerd().await;
    world.configure(Some(irkerd.port), &[]).await;

    let copies = futures_util::future::join_all((0..100).map(|_| world.push("a"))).await;
    let accepted = copies.iter().filter(|copy| matches!(copy, Ok(Received::Accepted { .. }))).count();
    let repeated = copies.iter().filter(|copy| matches!(copy, Ok(Received::Repeated { .. }))).count();
    assert_eq!((accepted, repeated), (1, 99));

    let answers = world.work().await;
    assert_eq!(answers, [Answer::Done; 100]);
    assert_eq!(irkerd.heard().lines().count(), 3);
}

#[tokio::test]
async fn a_crash_before_the_commit_leaves_nothing_behind_and_the_next_try_is_whole() {
    let world = World::new().await.unwrap();
    let irkerd = Peer::irkerd().await;
    world.configure(Some(irkerd.port), &[]).await;

    // The receiver dies between its two steps.
    drop(half_accepted(&world, &Stamp::new(&world.app.chance)).await);
    assert_eq!(world.work().await, [Answer::Again { after: Duration::from_secs(1) }]);

    // The forge sends the push again.
    assert!(matches!(world.push("a").await, Ok(Received::Accepted { .. })));
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(world.work().await, [Answer::Done; 2]);
    assert_eq!(irkerd.heard().lines().count(), 3);
}

#[tokio::test]
async fn a_receiver_that_slept_too_long_cannot_commit_any_more() {
    let world = World::new().await.unwrap();
    let irkerd = Peer::irkerd().await;
    world.configure(Some(irkerd.port), &[]).await;

    let asleep = half_accepted(&world, &Stamp::new(&world.app.chance)).await;
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(world.work().await, [Answer::Done], "its task is dropped");
    assert_eq!(accept(&world.app, asleep).await.unwrap(), Acceptance::TooLate);

    // Nothing was accepted, and nothing stands in the way of the next try.
    assert!(matches!(world.push("a").await, Ok(Received::Accepted { .. })));
    world.work().await;
    assert_eq!(irkerd.heard().lines().count(), 3);
}

#[tokio::test]
async fn a_put_that_was_answered_with_an_error_and_repeated_is_one_commit() {
    let world = World::new().await.unwrap();
    world.configure(Some(1), &[]).await;
    let stamp = Stamp::new(&world.app.chance);
    for _ in 0..2 {
        let event = half_accepted(&world, &stamp).await;
        assert_eq!(accept(&world.app, event).await.unwrap(), Acceptance::Accepted);
    }
}

#[tokio::test]
async fn a_sender_without_ids_repeats_itself_within_the_hour_and_not_later() {
    let world = World::new().await.unwrap();
    world.configure(Some(1), &[]).await;
    assert!(matches!(world.push("").await, Ok(Received::Accepted { .. })));
    assert!(matches!(world.push("").await, Ok(Received::Repeated { .. })));
    world.clock.advance(Duration::from_hours(1));
    assert!(matches!(world.push("").await, Ok(Received::Accepted { .. })));
}

#[tokio::test]
async fn an_old_gitlab_tells_a_branch_that_goes_back_and_forth_from_a_repetition() {
    let world = World::new().await.unwrap();
    world.configure(Some(1), &[]).await;
    let push = async |event: &str| {
        let headers = [("x-gitlab-token", "s3cret"), ("x-gitlab-event-uuid", event)];
        world.post_with(&headers, PUSH).await.unwrap()
    };
    assert!(matches!(push("first").await, Received::Accepted { .. }));
    assert!(matches!(push("first").await, Received::Repeated { .. }));
    assert!(matches!(push("second").await, Received::Accepted { .. }));
}

#[tokio::test]
async fn an_event_that_was_forgotten_is_new_again() {
    let world = World::new().await.unwrap();
    world.configure(Some(1), &[]).await;
    assert!(matches!(world.push("a").await, Ok(Received::Accepted { .. })));
    world.clock.advance(Duration::from_hours(14 * 24 + 1));
    assert!(matches!(world.push("a").await, Ok(Received::Accepted { .. })));
}

#[tokio::test]
async fn what_is_not_for_us_is_told_apart_and_leaves_no_trace() {
    let world = World::new().await.unwrap();
    assert!(matches!(world.push("a").await, Err(ReceiveError::UnknownSource)));
    world.configure(None, &[]).await;
    let Ok(Received::Ignored { reason }) = world.push("a").await else { panic!() };
    assert_eq!(reason, "no target of the project wants it (push_events)");
    assert!(matches!(world.post("a", b"{").await, Err(ReceiveError::Unreadable(_))));
    assert!(world.work().await.is_empty());
}
