//! Tasks that are out for long, or twice.
//!
//! Not here: other stores than the embedded one, whose leases a test can keep in its hands.

use app::deliveries::{self, DeliveryState};
use app::ids::EventId;
use app::queue::{Answer, QueueName, Task};
use app::receive_hook::Received;
use app::relay_http;
use config::{HookId, ProjectId, TargetId};

use super::house::LEASE;
use super::world::{PUSH, Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

async fn accepted(world: &World, id: &str) -> EventId {
    match world.post(id, PUSH).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_task_that_is_out_twice_costs_one_request_more_at_the_most() {
    for statuses in [&[200][..], &[500, 200], &[200, 500]] {
        let world = World::new().await.unwrap();
        let target = Peer::http(statuses).await;
        world.configure(None, &[target.url()]).await;
        let event = accepted(&world, "a").await;
        let runs = world.house.serving.lease_runs(QueueName::Http, (1, 1), LEASE).await.unwrap();
        let [task] = &runs[0][..] else { panic!("one task") };
        let (outbound, run) = (world.outbound(), [task.received.body.as_str()]);
        let (one, other) = tokio::join!(
            relay_http::handle(&world.app, &outbound, &run),
            relay_http::handle(&world.app, &outbound, &run)
        );
        // As SQS would: whichever answer is not "done" brings it back.
        let answer = one.into_iter().chain(other).find(|answer| *answer != Answer::Done);
        world.house.serving.answer(task.lease, answer.unwrap_or(Answer::Done)).await.unwrap();
        for _ in 0..3 {
            world.minute().await;
        }
        let record = deliveries::find(&world.app, &event, HOOK).await.unwrap().unwrap();
        assert_eq!(record.state, DeliveryState::Done, "{statuses:?}");
        assert!(record.attempts.last().is_some_and(|attempt| !attempt.outcome.has_failed()));
        assert!(target.count() <= statuses.len() + 1, "{} requests, {statuses:?}", target.count());
    }
}

#[tokio::test]
async fn a_slow_target_keeps_few_hands_busy_and_nobody_waits_behind_it() {
    let world = World::new().await.unwrap();
    let urls: Vec<_> = (1..=5).map(|port| format!("http://127.0.0.1:{port}/")).collect();
    world.configure(None, &urls).await;
    for id in 0..40 {
        accepted(&world, &id.to_string()).await;
    }
    // Everything for the first target hangs: what is out for it stays out. The others' are done at once.
    let (mut out, mut done) = (0, 0);
    loop {
        let runs = world.house.serving.lease_runs(QueueName::Http, (64, 1), LEASE).await.unwrap();
        if runs.is_empty() {
            break;
        }
        for task in runs.into_iter().flatten() {
            let target = serde_json::from_str::<Task>(&task.received.body).unwrap();
            if target.delivery().unwrap().target == HOOK {
                out += 1;
            } else {
                done += 1;
                world.house.serving.answer(task.lease, Answer::Done).await.unwrap();
            }
        }
    }
    assert_eq!(done, 4 * 40, "all that the others had waiting");
    assert!((1..=8).contains(&out), "{out} of 64 hands are held by the slow one");
}
