//! Trouble that must stay where it is: one target's, one task's, one crash's.

use std::time::Duration;

use app::deliveries::{self, DeliveryRecord, DeliveryState, ParkedReason};
use app::ids::EventId;
use app::queue::{Answer, QueueName, Task};
use app::receive_hook::Received;
use app::relay_http;
use config::{HookId, ProjectId, TargetId};

use crate::world::{PUSH, Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

/// Longer than anything in these tests takes.
const LEASE: Duration = Duration::from_hours(100);

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
        let (world, target) = (World::new().await, Peer::saying(heads).await);
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
async fn what_cannot_be_read_is_a_dead_letter_after_five_tries_and_its_neighbours_arrive() {
    let (world, target) = (World::new().await, Peer::http(&[200]).await);
    world.configure(None, &[target.url()]).await;
    let poisoned = accepted(&world, "poison").await;
    let (before, after) = (accepted(&world, "a").await, accepted(&world, "b").await);
    world.break_event(&poisoned).await;

    let mut answers = world.work().await;
    for _ in 0..30 {
        answers.extend(world.minute().await);
    }
    assert_eq!(answers.iter().filter(|answer| **answer == Answer::Fault).count(), 5);
    let dead = world.store.queue().dead_letters(QueueName::Http, 10).await.unwrap();
    let [letter] = &dead[..] else { panic!("{dead:?}") };
    assert!(letter.body.contains(&poisoned.to_string()));
    assert_eq!(target.count(), 2);
    for event in [before, after] {
        assert_eq!(record(&world, &event).await.state, DeliveryState::Done);
    }
}

#[tokio::test]
async fn a_task_that_is_out_twice_costs_one_request_more_at_the_most() {
    for statuses in [&[200][..], &[500, 200], &[200, 500]] {
        let (world, target) = (World::new().await, Peer::http(statuses).await);
        world.configure(None, &[target.url()]).await;
        let event = accepted(&world, "a").await;
        let runs = world.serving.lease_runs(QueueName::Http, (1, 1), LEASE).await.unwrap();
        let [task] = &runs[0][..] else { panic!("one task") };
        let (outbound, run) = (world.outbound(), [task.received.body.as_str()]);
        let (one, other) = tokio::join!(
            relay_http::handle(&world.app, &outbound, &run),
            relay_http::handle(&world.app, &outbound, &run)
        );
        // As SQS would: whichever answer is not "done" brings it back.
        let answer = one.into_iter().chain(other).find(|answer| *answer != Answer::Done);
        world.serving.answer(task.lease, answer.unwrap_or(Answer::Done)).await.unwrap();
        for _ in 0..3 {
            world.minute().await;
        }
        let record = record(&world, &event).await;
        assert_eq!(record.state, DeliveryState::Done, "{statuses:?}");
        assert!(record.attempts.last().is_some_and(|attempt| !attempt.outcome.has_failed()));
        assert!(target.count() <= statuses.len() + 1, "{} requests, {statuses:?}", target.count());
    }
}

#[tokio::test]
async fn a_slow_target_keeps_few_hands_busy_and_nobody_waits_behind_it() {
    let world = World::new().await;
    let urls: Vec<_> = (1..=5).map(|port| format!("http://127.0.0.1:{port}/")).collect();
    world.configure(None, &urls).await;
    for id in 0..40 {
        accepted(&world, &id.to_string()).await;
    }
    // Everything for the first target hangs: what is out for it stays out. The others' are done at once.
    let (mut out, mut done) = (0, 0);
    loop {
        let runs = world.serving.lease_runs(QueueName::Http, (64, 1), LEASE).await.unwrap();
        if runs.is_empty() {
            break;
        }
        for task in runs.into_iter().flatten() {
            let target = serde_json::from_str::<Task>(&task.received.body).unwrap();
            if target.delivery().unwrap().target == HOOK {
                out += 1;
            } else {
                done += 1;
                world.serving.answer(task.lease, Answer::Done).await.unwrap();
            }
        }
    }
    assert_eq!(done, 4 * 40, "all that the others had waiting");
    assert!((1..=8).contains(&out), "{out} of 64 hands are held by the slow one");
}

#[tokio::test]
async fn a_target_with_hundreds_waiting_gets_them_back_gently_and_all() {
    const WAITING: usize = 300;
    let (world, target) =
        (World::new().await, Peer::http(&[500, 500, 500, 500, 500, 500, 500, 500, 200]).await);
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
    let (world, target) = (World::new().await, Peer::http(&[500]).await);
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
    assert_eq!(world.store.queue().waiting(QueueName::Http).await.unwrap().later, 0);
}
