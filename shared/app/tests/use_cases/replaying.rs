//! Many deliveries are sent again, on request.

use std::time::Duration;

use app::clock::Timestamp;
use app::deliveries::{self, DeliveryState};
use app::ids::EventId;
use app::parking::{self, Parked};
use app::receive_hook::Received;
use app::replay::{self, Order, Replay, ReplayError, Which};
use app::resend::{resend, resend_to_all};
use app::{sweep, targets};
use config::{HookId, ProjectId, TargetId};

use super::world::{PUSH, Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

async fn accepted(world: &World, id: &str) -> EventId {
    match world.post(id, PUSH).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

fn order(world: &World, which: Which) -> Order {
    let until = world.clock.now();
    Order { targets: vec![HOOK], which, since: Timestamp(0), until, per_second: 100 }
}

async fn found(world: &World, order: Order) -> usize {
    replay::look(&world.app, order, 3).await.unwrap().count
}

/// Carries a replay on to its end, a second at a time.
async fn carry_on(world: &World, mut replay: Replay) -> Replay {
    for _ in 0..1_000 {
        if replay.is_over() {
            return replay;
        }
        replay = replay::step(&world.app, world.queue(), &replay.id).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    panic!("it does not end: {replay:?}");
}

/// A target that has said no to the first, for good, and yes to the others.
async fn with_one_parked(world: &World) -> (Peer, Vec<EventId>) {
    let target = Peer::http(&[404, 200, 200, 404, 404, 404, 200]).await;
    world.configure(None, &[target.url()]).await;
    let mut events = Vec::new();
    for id in ["a", "b", "c"] {
        events.push(accepted(world, id).await);
        world.work().await;
    }
    for _ in 0..10 {
        world.minute().await;
    }
    assert_eq!(target.count(), 6);
    (target, events)
}

async fn state(world: &World, event: &EventId) -> DeliveryState {
    deliveries::find(&world.app, event, HOOK).await.unwrap().unwrap().state
}

#[tokio::test]
async fn what_has_not_arrived_is_sent_again_and_nothing_else() {
    let Some(world) = World::new().await else { return };
    let (target, events) = with_one_parked(&world).await;
    assert_eq!(found(&world, order(&world, Which::All)).await, 3);
    assert_eq!(found(&world, order(&world, Which::Failed)).await, 1);
    assert_eq!(found(&world, order(&world, Which::Parked)).await, 1);
    assert_eq!(target.count(), 6, "so far somebody only looked");

    let replay = replay::begin(&world.app, order(&world, Which::Failed)).await.unwrap();
    let replay = carry_on(&world, replay).await;
    assert_eq!((replay.sent, replay.forgotten), (1, 0));
    world.work().await;
    assert_eq!(target.count(), 7);
    assert_eq!(state(&world, &events[0]).await, DeliveryState::Done);
    assert!(target.heard().contains(&format!("webhook-id: {}.7-hook-1\r\nwebhook-attempt: 5", events[0])));
    for which in [Which::Failed, Which::Parked] {
        assert_eq!(found(&world, order(&world, which)).await, 0);
    }
}

#[tokio::test]
async fn everything_of_a_time_is_sent_again_once_each() {
    let Some(world) = World::new().await else { return };
    let (target, events) = with_one_parked(&world).await;
    let replay = replay::begin(&world.app, order(&world, Which::All)).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    // What comes in meanwhile, and what the replay itself brings about, is not found by it.
    accepted(&world, "d").await;
    world.work().await;
    assert_eq!(carry_on(&world, replay).await.sent, 3);
    world.work().await;
    assert_eq!(target.count(), 6 + 1 + 3);
    for event in &events {
        assert_eq!(
            target.heard().matches(&format!("webhook-id: {event}.")).count(),
            if *event == events[0] { 5 } else { 2 }
        );
    }
    let before = Order { until: Timestamp(1), ..order(&world, Which::All) };
    assert_eq!(found(&world, before).await, 0);
    world.clock.advance(Duration::from_secs(1));
    let after = Order { since: world.clock.now(), ..order(&world, Which::All) };
    assert_eq!(found(&world, after).await, 0);
}

#[tokio::test]
async fn a_replay_keeps_to_its_rate_and_goes_on_where_it_stopped() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[410, 200]).await;
    world.configure(None, &[target.url()]).await;
    for id in 0..7 {
        accepted(&world, &id.to_string()).await;
        world.work().await;
    }
    targets::enable(&world.app, HOOK).await.unwrap();
    let slow = Order { per_second: 2, ..order(&world, Which::Parked) };
    let replay = replay::begin(&world.app, slow).await.unwrap();
    let queue = world.queue();
    let step = || replay::step(&world.app, queue, &replay.id);
    assert_eq!(step().await.unwrap().sent, 2);
    let paused = step().await.unwrap();
    assert_eq!(paused.sent, 2, "its second is used up");
    assert_eq!(paused.wait(world.clock.now()), Duration::from_millis(500));
    world.clock.advance(Duration::from_millis(500));
    assert_eq!(step().await.unwrap().sent, 3);
    // Nobody calls it for a minute but the sweep, which carries it to its end.
    world.clock.advance(Duration::from_mins(1));
    sweep::sweep(&world.app, world.queue()).await.unwrap();
    let over = replay::find(&world.app, &replay.id).await.unwrap();
    assert!(over.is_over());
    assert_eq!(over.sent, 7);
    world.work().await;
    assert_eq!(target.count(), 1 + 7);
    let all = Parked { target: HOOK, since: Timestamp(0), limit: 100 };
    assert_eq!(parking::parked(&world.app, all).await.unwrap().len(), 0);
}

#[tokio::test]
async fn two_who_carry_one_replay_on_do_not_lose_anything() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[410, 200]).await;
    world.configure(None, &[target.url()]).await;
    for id in 0..5 {
        accepted(&world, &id.to_string()).await;
        world.work().await;
    }
    targets::enable(&world.app, HOOK).await.unwrap();
    let replay = replay::begin(&world.app, order(&world, Which::Failed)).await.unwrap();
    let queue = world.queue();
    let (one, other) = tokio::join!(
        replay::step(&world.app, queue, &replay.id),
        replay::step(&world.app, queue, &replay.id)
    );
    one.unwrap();
    carry_on(&world, other.unwrap()).await;
    world.work().await;
    let ids: std::collections::BTreeSet<_> = target
        .heard()
        .lines()
        .filter_map(|line| line.strip_prefix("webhook-id: ").map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(found(&world, order(&world, Which::Failed)).await, 0);
}

#[tokio::test]
async fn an_event_that_was_sent_again_by_itself_is_not_sent_with_the_parked_ones() {
    let Some(world) = World::new().await else { return };
    let (target, events) = with_one_parked(&world).await;
    resend(&world.app, world.queue(), &events[0], HOOK).await.unwrap();
    world.work().await;
    assert_eq!(state(&world, &events[0]).await, DeliveryState::Done);
    let all = Parked { target: HOOK, since: Timestamp(0), limit: 100 };
    assert_eq!(parking::parked(&world.app, all).await.unwrap(), []);
    assert_eq!(parking::release(&world.app, world.queue(), all).await.unwrap(), 1, "its row goes");
    assert_eq!(parking::release(&world.app, world.queue(), all).await.unwrap(), 0);
    world.work().await;
    assert_eq!(target.count(), 7);
}

#[tokio::test]
async fn an_event_is_sent_to_all_its_targets_again() {
    let Some(world) = World::new().await else { return };
    let (one, other) = (Peer::http(&[200]).await, Peer::http(&[200]).await);
    world.configure(None, &[one.url(), other.url()]).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    assert_eq!(resend_to_all(&world.app, world.queue(), &event).await.unwrap().len(), 2);
    world.work().await;
    assert_eq!((one.count(), other.count()), (2, 2));
}

#[tokio::test]
async fn an_order_that_means_nothing_is_refused_and_old_events_are_left_out() {
    let Some(world) = World::new().await else { return };
    let (_target, events) = with_one_parked(&world).await;
    for wrong in [
        Order { targets: Vec::new(), ..order(&world, Which::All) },
        Order { per_second: 0, ..order(&world, Which::All) },
        Order { since: world.clock.now() + Duration::from_secs(1), ..order(&world, Which::All) },
    ] {
        let refused = replay::begin(&world.app, wrong).await;
        assert!(matches!(refused, Err(ReplayError::Order)), "{refused:?}");
    }
    world.forget_event(&events[0]).await;
    let replay = replay::begin(&world.app, order(&world, Which::Failed)).await.unwrap();
    let replay = carry_on(&world, replay).await;
    assert_eq!((replay.sent, replay.forgotten), (0, 1));
}
