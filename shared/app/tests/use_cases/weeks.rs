//! Days and weeks of a target's trouble, minute by minute.
//!
//! Not here: other houses than the embedded one. What is tried here is the schedule and the breaker, which know no store,
//! and the emulator of AWS takes minutes for weeks.

use std::time::Duration;

use app::deliveries::{self, DeliveryRecord, DeliveryState, ParkedReason};
use app::ids::EventId;
use app::queue::QueueName;
use app::receive_hook::Received;
use app::targets;
use config::{HookId, ProjectId, TargetId};
use relay::breaker::{DisabledReason, TargetState};

use super::engine::tries;
use super::world::{PUSH, Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

async fn accepted(world: &World, id: &str) -> EventId {
    match world.post(id, PUSH).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

async fn record(world: &World, event: &EventId) -> DeliveryRecord {
    deliveries::find(&world.app, event, HOOK).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_delivery_is_tried_nine_times_over_a_day_and_then_parked() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[503]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    assert_eq!(target.count(), 1);

    let tried = tries(&world, &target, 30 * 60).await;
    assert_eq!(tried.len(), 8, "{tried:?}");
    assert_eq!(tried[..3], [1, 3, 9], "after 5 s, 1 min and 5 min, looked for each minute");
    // 30 min, 2 h, 5 h, 10 h, 10 h, each with its jitter, which only adds.
    let waits: Vec<_> = tried.windows(2).map(|pair| pair[1] - pair[0]).skip(2).collect();
    for (wait, planned) in waits.iter().zip([30, 120, 300, 600, 600]) {
        assert!((planned..=planned + planned / 10 + 1).contains(wait), "{waits:?}");
    }
    let record = record(&world, &event).await;
    assert_eq!(record.state, DeliveryState::Parked { reason: ParkedReason::Exhausted });
    assert_eq!(world.house.held(QueueName::Http).await, 0, "nothing is in flight");
}

#[tokio::test]
async fn a_target_that_fails_for_weeks_is_switched_off() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[500]).await;
    world.configure(None, &[target.url()]).await;
    let mut failures = 0;
    for day in 0..40 {
        accepted(&world, &day.to_string()).await;
        world.work().await;
        // From hour to hour is fine enough for rests of a day.
        for _ in 0..24 {
            world.clock.advance(Duration::from_mins(59));
            world.minute().await;
        }
        failures = targets::health(&world.app, HOOK).await.unwrap().failures;
        if failures == 40 {
            break;
        }
    }
    let health = targets::health(&world.app, HOOK).await.unwrap();
    assert_eq!(
        health.state,
        TargetState::Disabled { reason: DisabledReason::Failures },
        "{failures} failures"
    );
    assert_eq!(target.count(), 40);
}

#[tokio::test]
async fn a_target_with_hundreds_waiting_gets_them_back_gently_and_all() {
    const WAITING: usize = 300;
    let world = World::new().await.unwrap();
    let target = Peer::http(&[500, 500, 500, 500, 500, 500, 500, 500, 200]).await;
    world.configure(None, &[target.url()]).await;
    let mut failed = 0;
    for id in 0..WAITING {
        accepted(&world, &id.to_string()).await;
        // One after the other until the target is left alone for longer than a queue holds anything.
        while failed < 8 {
            world.clock.advance(Duration::from_mins(1));
            world.minute().await;
            failed = target.count();
        }
    }
    let mut gentle = Vec::new();
    for _ in 0..60 {
        let before = target.count();
        world.minute().await;
        gentle.push(target.count() - before);
    }
    let came: Vec<_> = gentle.into_iter().filter(|count| *count > 0).collect();
    // The first has its own schedule, which is hours by now.
    assert_eq!(came.iter().sum::<usize>(), WAITING - 1, "{came:?}");
    assert_eq!(came[0], 1, "one finds out: {came:?}");
    for (minute, count) in came.iter().skip(1).enumerate() {
        assert!(*count <= 32 << minute, "{came:?}");
    }
}

#[tokio::test]
async fn what_has_waited_a_week_for_a_target_is_parked_where_people_see_it() {
    let world = World::new().await.unwrap();
    let target = Peer::http(&[500]).await;
    world.configure(None, &[target.url()]).await;
    for id in 0..10 {
        accepted(&world, &id.to_string()).await;
    }
    let last = accepted(&world, "last").await;
    world.work().await;
    for _ in 0..9 * 24 {
        world.clock.advance(Duration::from_mins(59));
        world.minute().await;
    }
    assert_eq!(record(&world, &last).await.state, DeliveryState::Parked { reason: ParkedReason::Exhausted });
    assert_eq!(world.house.held(QueueName::Http).await, 0);
}
