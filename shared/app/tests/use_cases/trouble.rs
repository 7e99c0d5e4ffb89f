//! Trouble that must stay where it is: one target's, one task's, one crash's.

use std::time::Duration;

use app::deliveries::{self, DeliveryRecord, DeliveryState};
use app::ids::EventId;
use app::queue::{Answer, FAULTS_MAX, QueueName};
use app::receive_hook::Received;
use config::{HookId, ProjectId, TargetId};

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
async fn a_target_is_given_the_time_it_asks_for_up_to_half_a_day() {
    for (answer, hours) in [("503 x\r\nretry-after: 3600", 1), ("429 x\r\nretry-after: 99999999999", 12)] {
        let heads: &'static [&'static str] = vec![answer].leak();
        let Some(world) = World::new().await else { return };
        let target = Peer::saying(heads).await;
        world.configure(None, &[target.url()]).await;
        let event = accepted(&world, "a").await;
        assert_eq!(world.work().await, [Answer::Done], "it waits in the table");
        let DeliveryState::Waiting { due_at } = record(&world, &event).await.state else { panic!() };
        let wait = due_at.since(world.clock.now());
        let asked = Duration::from_hours(hours);
        assert!((asked..asked + Duration::from_secs(1)).contains(&wait), "{wait:?}");
        world.clock.advance(asked.saturating_sub(Duration::from_mins(2)));
        world.minute().await;
        assert_eq!(target.count(), 1);
        world.minute().await;
        world.minute().await;
        assert_eq!(target.count(), 2);
    }
}

#[tokio::test]
async fn of_ten_the_one_that_cannot_be_read_is_set_aside_and_the_others_arrive_once() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    let mut events = Vec::new();
    for n in 0..10 {
        events.push(accepted(&world, &n.to_string()).await);
    }
    let poisoned = events.remove(4);
    world.break_event(&poisoned).await;

    let mut answers = world.work().await;
    for _ in 0..FAULTS_MAX + 2 {
        answers.extend(world.minute().await);
    }
    let faults = answers.iter().filter(|answer| **answer == Answer::Fault);
    assert_eq!(faults.count(), FAULTS_MAX as usize);
    let dead = world.house.dead_letters(QueueName::Http).await;
    let [letter] = &dead[..] else { panic!("{dead:?}") };
    assert!(letter.contains(&poisoned.to_string()));
    assert_eq!(target.count(), 9);
    for event in &events {
        assert_eq!(record(&world, event).await.state, DeliveryState::Done);
    }
}
