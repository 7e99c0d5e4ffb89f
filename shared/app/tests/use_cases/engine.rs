//! What becomes of deliveries whose target does not take them: waits, rests, parking, and the way back.

use std::time::Duration;

use app::clock::Timestamp;
use app::deliveries::{self, DeliveryRecord, DeliveryState, ParkedReason};
use app::ids::EventId;
use app::parking::{self, Parked};
use app::projects::{self, Expected};
use app::queue::Answer;
use app::receive_hook::Received;
use app::resend::{ResendError, resend};
use app::targets;
use config::{HookId, HttpHook, ProjectId, TargetId};
use relay::Outcome;
use relay::breaker::{DisabledReason, TargetState};

use super::world::{PUSH, Peer, World, project};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));
const ALL: Parked = Parked { target: HOOK, since: Timestamp(0), limit: 1_000 };

async fn accepted(world: &World, id: &str) -> EventId {
    match world.post(id, PUSH).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

async fn record(world: &World, event: &EventId) -> Option<DeliveryRecord> {
    deliveries::find(&world.app, event, HOOK).await.unwrap()
}

/// The minutes at which the target was tried, until this many have passed.
pub(crate) async fn tries(world: &World, target: &Peer, minutes: u32) -> Vec<u32> {
    let mut tries = Vec::new();
    for minute in 1..=minutes {
        let before = target.count();
        world.minute().await;
        tries.extend(std::iter::repeat_n(minute, target.count() - before));
    }
    tries
}

#[tokio::test]
async fn a_target_that_says_no_for_good_is_asked_four_times() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[404]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    assert_eq!(tries(&world, &target, 60).await.len(), 3);
    let record = record(&world, &event).await.unwrap();
    assert_eq!(record.state, DeliveryState::Parked { reason: ParkedReason::Exhausted });
}

#[tokio::test]
async fn a_failing_target_is_left_in_peace_and_one_delivery_finds_out_that_it_is_back() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[500, 500, 500, 500, 200]).await;
    world.configure(None, &[target.url()]).await;
    let mut events = Vec::new();
    for id in ["a", "b", "c", "d", "e", "f"] {
        events.push(accepted(&world, id).await);
    }
    world.work().await;
    assert_eq!(target.count(), 4, "the fourth failure ends it");
    let health = targets::health(&world.app, HOOK).await.unwrap();
    assert!(matches!(health.state, TargetState::TemporarilyDisabled { .. }), "{health:?}");
    assert_eq!(record(&world, &events[4]).await, None, "no attempt was wasted");

    let tried = tries(&world, &target, 5).await;
    assert_eq!(tried.len(), 6, "{tried:?}");
    for event in &events {
        assert_eq!(record(&world, event).await.unwrap().state, DeliveryState::Done);
    }
    assert_eq!(targets::health(&world.app, HOOK).await.unwrap().state, TargetState::Executable);
}

#[tokio::test]
async fn a_target_that_is_gone_is_switched_off_and_nothing_is_lost() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[410, 200]).await;
    world.configure(None, &[target.url()]).await;
    let first = accepted(&world, "a").await;
    world.work().await;
    let health = targets::health(&world.app, HOOK).await.unwrap();
    assert_eq!(health.state, TargetState::Disabled { reason: DisabledReason::Gone });

    let second = accepted(&world, "b").await;
    assert_eq!(world.work().await, [Answer::Done]);
    assert_eq!(target.count(), 1, "it is left alone");
    for event in [&first, &second] {
        let state = record(&world, event).await.unwrap().state;
        assert_eq!(state, DeliveryState::Parked { reason: ParkedReason::TargetDisabled });
    }
    assert_eq!(parking::parked(&world.app, ALL).await.unwrap().len(), 2);

    // Somebody mends it, switches it on, and asks for what it missed.
    targets::enable(&world.app, HOOK).await.unwrap();
    assert_eq!(world.minute().await, [], "nothing comes unasked");
    let queue = world.queue();
    assert_eq!(parking::release(&world.app, queue, Parked { limit: 1, ..ALL }).await.unwrap(), 1);
    assert_eq!(parking::release(&world.app, queue, ALL).await.unwrap(), 1);
    assert_eq!(world.work().await, [Answer::Done; 2]);
    assert_eq!(target.heard().matches(&format!("webhook-id: {first}.7-hook-1")).count(), 2, "the same id");
    assert_eq!(record(&world, &second).await.unwrap().state, DeliveryState::Done);
    assert_eq!(parking::release(&world.app, queue, ALL).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_released_begins_its_schedule_anew() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[404]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    tries(&world, &target, 60).await;
    targets::enable(&world.app, HOOK).await.unwrap();
    parking::release(&world.app, world.queue(), ALL).await.unwrap();
    world.work().await;
    tries(&world, &target, 60).await;
    assert_eq!(record(&world, &event).await.unwrap().attempts_made, 8, "four, and four again");
    assert!(target.heard().contains("webhook-attempt: 8"));
}

#[tokio::test]
async fn an_event_is_sent_again_on_request_under_the_same_id() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    let queue = world.queue();
    resend(&world.app, queue, &event, HOOK).await.unwrap();
    world.work().await;
    assert_eq!(target.heard().matches(&format!("webhook-id: {event}.7-hook-1")).count(), 2);
    assert!(target.heard().contains("webhook-attempt: 2"));
    let outcomes = record(&world, &event).await.unwrap().attempts;
    assert!(outcomes.iter().all(|attempt| attempt.outcome == Outcome::Delivered { status: 200 }));

    let elsewhere = TargetId::Hook(ProjectId(7), HookId(2));
    let refused = resend(&world.app, queue, &event, elsewhere).await;
    assert!(matches!(refused, Err(ResendError::OtherTarget)), "{refused:?}");
    world.clock.advance(Duration::from_hours(15 * 24));
    let forgotten = resend(&world.app, queue, &event, HOOK).await;
    assert!(matches!(forgotten, Err(ResendError::UnknownEvent)), "{forgotten:?}");
}

#[tokio::test]
async fn a_crash_between_a_record_and_its_row_loses_nothing() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[410, 200]).await;
    world.configure(None, &[target.url()]).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    // As if the machine had stopped right after the record: no row tells of the parked delivery, and its task is still
    // in the queue.
    targets::enable(&world.app, HOOK).await.unwrap();
    parking::release(&world.app, world.queue(), ALL).await.unwrap();
    let mut row = record(&world, &event).await.unwrap();
    row.state = DeliveryState::Parked { reason: ParkedReason::Exhausted };
    world.overwrite(&event, HOOK, &row).await;
    assert_eq!(world.work().await, [Answer::Done]);
    assert_eq!(parking::parked(&world.app, ALL).await.unwrap().len(), 1, "it is found all the same");
}

/// The project's only hook is configured like this.
async fn configure(world: &World, target: &Peer, change: impl FnOnce(&mut HttpHook)) {
    let mut project = project(None, &[target.url()]);
    change(&mut project.hooks[0]);
    projects::save(&world.app, project, Expected::Any).await.unwrap();
    world.clock.advance(Duration::from_secs(6));
}

#[tokio::test]
async fn a_target_gets_no_more_a_minute_than_it_wants_and_everything_in_the_end() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    configure(&world, &target, |hook| hook.rate_limit = Some(60)).await;
    for n in 0..40 {
        accepted(&world, &n.to_string()).await;
    }
    let answers = world.work().await;
    assert_eq!(target.count(), 10, "ten seconds' worth at once");
    assert_eq!(answers.len(), 40, "the others have their turn, and do not ask again and again");
    for second in 1..=30 {
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(world.work().await, [Answer::Done]);
        assert_eq!(target.count(), 10 + second, "one a second");
    }
}

#[tokio::test]
async fn all_targets_of_a_project_share_its_rate() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    let mut both = project(None, &[target.url(), target.url()]);
    both.rate_limit = Some(60);
    projects::save(&world.app, both, Expected::Any).await.unwrap();
    world.clock.advance(Duration::from_secs(6));
    for n in 0..10 {
        accepted(&world, &n.to_string()).await;
    }
    world.work().await;
    assert_eq!(target.count(), 10, "of twenty");
    world.clock.advance(Duration::from_secs(10));
    world.work().await;
    assert_eq!(target.count(), 20);
}

#[tokio::test]
async fn a_hook_may_have_a_schedule_of_its_own() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[503]).await;
    configure(&world, &target, |hook| hook.retry_waits_s = Some(vec![30])).await;
    let event = accepted(&world, "a").await;
    world.work().await;
    assert_eq!(tries(&world, &target, 60).await, [1]);
    let record = record(&world, &event).await.unwrap();
    assert_eq!(record.state, DeliveryState::Parked { reason: ParkedReason::Exhausted });
}
