//! Hooks that want their events in order: one at a time, and behind one that waits, everything waits.

use std::time::Duration;

use app::clock::Timestamp;
use app::deliveries::{self, DeliveryState, ParkedReason};
use app::ids::EventId;
use app::parking::{self, Parked, QUEUE_WAIT_MAX};
use app::projects::{self, Expected};
use app::queue::{Answer, FAULTS_MAX, QueueName};
use app::receive_hook::Received;
use app::replay::{self, Order, Which};
use app::resend::resend;
use app::table::Query;
use app::targets;
use config::{HookId, HttpHook, ProjectId, TargetId};

use super::world::{PUSH, Peer, World, project};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

/// The project's only hook is ordered, and else as it is told.
async fn configure(world: &World, target: &Peer, change: impl FnOnce(&mut HttpHook)) {
    let mut project = project(None, &[target.url()]);
    project.hooks[0].ordered = true;
    change(&mut project.hooks[0]);
    projects::save(&world.app, project, Expected::Any).await.unwrap();
    // Longer than a configuration is remembered.
    world.clock.advance(Duration::from_secs(6));
}

async fn accepted(world: &World, id: &str) -> EventId {
    match world.post(id, PUSH).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

async fn accepted_all(world: &World, count: usize) -> Vec<EventId> {
    let mut events = Vec::new();
    for id in 0..count {
        events.push(accepted(world, &id.to_string()).await);
    }
    events
}

async fn state(world: &World, event: &EventId) -> Option<DeliveryState> {
    deliveries::find(&world.app, event, HOOK).await.unwrap().map(|record| record.state)
}

/// The events that the target was asked to take, as their places in `events`, in its order.
fn asked(target: &Peer, events: &[EventId]) -> Vec<usize> {
    let heard = target.heard();
    let ids = heard.lines().filter_map(|line| line.strip_prefix("webhook-id: ")?.strip_suffix(".7-hook-1"));
    ids.map(|id| events.iter().position(|event| event.to_string() == id).unwrap()).collect()
}

/// So many minutes pass, and what is due is handled in each.
async fn minutes(world: &World, count: u32) {
    for _ in 0..count {
        world.minute().await;
    }
}

#[tokio::test]
async fn events_arrive_in_the_order_in_which_they_came_in() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    configure(&world, &target, |_| {}).await;
    let events = accepted_all(&world, 12).await;
    assert_eq!(world.work().await, [Answer::Done; 12]);
    assert_eq!(asked(&target, &events), (0..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_for_its_retry_keeps_everything_behind_it_waiting_in_the_queue() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[503, 503, 503, 200]).await;
    configure(&world, &target, |hook| hook.retry_waits_s = Some(vec![5, 60, 2_400])).await;
    let events = accepted_all(&world, 4).await;
    world.work().await;
    minutes(&world, 35).await;
    assert_eq!(asked(&target, &events), [0; 3], "nothing overtakes the first");
    assert_eq!(state(&world, &events[1]).await, None);
    assert_eq!(world.house.held(QueueName::HttpOrdered).await, 4);
    let due = world.app.table.query(&Query::prefix("due", "")).await.unwrap();
    assert_eq!(due.items, [], "what is in the table would lose its place");

    minutes(&world, 15).await;
    assert_eq!(asked(&target, &events), [0, 0, 0, 0, 1, 2, 3]);
    assert_eq!(world.house.held(QueueName::HttpOrdered).await, 0);
}

#[tokio::test]
async fn what_is_refused_for_good_is_parked_and_the_next_one_has_its_turn() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[404, 404, 404, 404, 200]).await;
    configure(&world, &target, |_| {}).await;
    let events = accepted_all(&world, 2).await;
    world.work().await;
    minutes(&world, 20).await;
    assert_eq!(asked(&target, &events), [0, 0, 0, 0, 1]);
    assert_eq!(
        state(&world, &events[0]).await,
        Some(DeliveryState::Parked { reason: ParkedReason::Exhausted })
    );
    assert_eq!(state(&world, &events[1]).await, Some(DeliveryState::Done));
}

#[tokio::test]
async fn a_target_that_is_switched_off_parks_all_and_gets_it_back_in_order() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[410, 200]).await;
    configure(&world, &target, |_| {}).await;
    let events = accepted_all(&world, 4).await;
    assert_eq!(world.work().await, [Answer::Done; 4]);
    assert_eq!(target.count(), 1);
    let all = Parked { target: HOOK, since: Timestamp(0), limit: 100 };
    assert_eq!(parking::parked(&world.app, all).await.unwrap().len(), 4);

    world.clock.advance(Duration::from_secs(1));
    targets::enable(&world.app, HOOK).await.unwrap();
    let until = world.clock.now();
    let (targets, since) = (vec![HOOK], Timestamp(0));
    let order = Order { targets, which: Which::Parked, since, until, per_second: 100 };
    let replay = replay::begin(&world.app, order).await.unwrap();
    replay::step(&world.app, world.queue(), &replay.id).await.unwrap();
    let later = accepted(&world, "later").await;
    assert_eq!(world.work().await, [Answer::Done; 5]);
    let events = [&events[..], &[later]].concat();
    let mut back = asked(&target, &events);
    assert_eq!((back.remove(0), back.pop()), (0, Some(4)));
    back.sort_unstable();
    assert_eq!(back, [0, 1, 2, 3], "before what came in afterwards");
}

#[tokio::test]
async fn a_failing_target_is_left_in_peace_while_all_wait_and_is_tried_by_the_first() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[500, 500, 500, 500, 500, 200]).await;
    configure(&world, &target, |hook| hook.retry_waits_s = Some(vec![1; 20])).await;
    let events = accepted_all(&world, 3).await;
    for _ in 0..60 {
        world.work().await;
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(asked(&target, &events), [0; 4], "the fourth failure costs a minute");
    minutes(&world, 1).await;
    assert_eq!(asked(&target, &events), [0; 5], "and the fifth two");
    minutes(&world, 3).await;
    assert_eq!(asked(&target, &events), [0, 0, 0, 0, 0, 0, 1, 2]);
}

#[tokio::test]
async fn a_target_is_given_the_hour_that_it_asks_for() {
    let Some(world) = World::new().await else { return };
    let target = Peer::saying(&["503 x\r\nretry-after: 3600", "200 x"]).await;
    configure(&world, &target, |_| {}).await;
    let events = accepted_all(&world, 2).await;
    assert_eq!(world.work().await[0], Answer::Again { after: QUEUE_WAIT_MAX }, "it is looked at again");
    minutes(&world, 59).await;
    assert_eq!(target.count(), 1);
    minutes(&world, 16).await;
    assert_eq!(asked(&target, &events), [0, 0, 1]);
}

#[tokio::test]
async fn a_rate_slows_them_down_and_changes_nothing_in_their_order() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    configure(&world, &target, |hook| hook.rate_limit = Some(60)).await;
    let events = accepted_all(&world, 14).await;
    world.work().await;
    assert_eq!(target.count(), 10, "ten seconds' worth at once");
    for second in 1..=4 {
        world.clock.advance(Duration::from_secs(1));
        world.work().await;
        assert_eq!(target.count(), 10 + second);
    }
    assert_eq!(asked(&target, &events), (0..14).collect::<Vec<_>>());
}

#[tokio::test]
async fn somebody_who_asks_for_the_first_one_again_waits_a_quarter_of_an_hour_at_the_most() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[503, 200]).await;
    configure(&world, &target, |hook| hook.retry_waits_s = Some(vec![36_000])).await;
    let events = accepted_all(&world, 2).await;
    world.work().await;
    minutes(&world, 20).await;
    assert_eq!(target.count(), 1, "it would wait for ten hours");
    resend(&world.app, world.queue(), &events[0], HOOK).await.unwrap();
    minutes(&world, 15).await;
    assert_eq!(asked(&target, &events), [0, 0, 1], "in its place, and not once more behind the others");
    assert_eq!(world.house.held(QueueName::HttpOrdered).await, 0);
}

#[tokio::test]
async fn a_hook_that_becomes_ordered_or_ceases_to_be_gets_what_was_queued_before() {
    let Some(world) = World::new().await else { return };
    for ordered_at_first in [false, true] {
        let target = Peer::http(&[503, 503, 503, 503, 200]).await;
        configure(&world, &target, |hook| hook.ordered = ordered_at_first).await;
        targets::enable(&world.app, HOOK).await.unwrap();
        let mut events = Vec::new();
        for n in 0..6 {
            events.push(accepted(&world, &format!("{ordered_at_first} {n}")).await);
        }
        // Some wait in the queue, and where there is no order, some in the table.
        world.work().await;
        minutes(&world, 3).await;
        configure(&world, &target, |hook| hook.ordered = !ordered_at_first).await;
        for n in 6..9 {
            events.push(accepted(&world, &format!("{ordered_at_first} {n}")).await);
        }
        minutes(&world, 60).await;
        for event in &events {
            assert_eq!(state(&world, event).await, Some(DeliveryState::Done), "{ordered_at_first}");
        }
    }
}

#[tokio::test]
async fn another_target_does_not_wait() {
    let Some(world) = World::new().await else { return };
    let (down, well) = (Peer::http(&[503]).await, Peer::http(&[200]).await);
    let mut both = project(None, &[down.url(), well.url()]);
    both.hooks.iter_mut().for_each(|hook| hook.ordered = true);
    projects::save(&world.app, both, Expected::Any).await.unwrap();
    accepted_all(&world, 3).await;
    world.work().await;
    assert_eq!((down.count(), well.count()), (1, 3));
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_and_the_next_one_has_its_turn() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    configure(&world, &target, |_| {}).await;
    let events = accepted_all(&world, 2).await;
    world.break_event(&events[0]).await;
    world.work().await;
    assert_eq!(target.count(), 0, "it waits");
    for _ in 0..FAULTS_MAX + 2 {
        world.minute().await;
    }
    assert_eq!(asked(&target, &events), [1]);
    let dead = world.house.dead_letters(QueueName::HttpOrdered).await;
    assert!(dead.len() == 1 && dead[0].contains(&events[0].to_string()), "{dead:?}");
}
