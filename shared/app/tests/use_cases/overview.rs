//! What people see of the house as a whole: how much flows, and which targets need somebody.

use app::flow::{self, Counts, HOURS, Whose};
use app::{attention, sweep, targets};
use config::{HookId, ProjectId, TargetId};
use relay::breaker::TargetState;

use super::world::{Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

async fn sum(world: &World, whose: Whose) -> Counts {
    let mut sum = Counts::default();
    let hours = flow::last_day(&world.app, whose).await.unwrap();
    assert_eq!(hours.len(), HOURS as usize);
    for hour in hours {
        sum += hour.counts;
    }
    sum
}

#[tokio::test]
async fn each_hour_says_what_came_in_and_what_became_of_it() {
    let (world, target) = (World::new().await.unwrap(), Peer::http(&[503, 200]).await);
    world.configure(None, &[target.url()]).await;
    world.push("a").await.unwrap();
    world.push("a").await.unwrap();
    world.push("b").await.unwrap();
    world.work().await;
    world.minute().await;
    world.minute().await;

    let expected = Counts { came_in: 2, arrived: 2, failed: 1, parked: 0 };
    assert_eq!(sum(&world, Whose::House).await, expected, "a repetition is no event");
    assert_eq!(sum(&world, Whose::Project(ProjectId(7))).await, expected);
    assert_eq!(sum(&world, Whose::Target(HOOK)).await, Counts { came_in: 0, ..expected });
    assert_eq!(sum(&world, Whose::Project(ProjectId(8))).await, Counts::default());
    world.clock.advance(sweep::SWEEP_EVERY);
    sweep::sweep(&world.app, world.queue()).await.unwrap();
    assert_eq!(sum(&world, Whose::House).await, expected, "written, it is counted once");
    world.clock.advance(std::time::Duration::from_hours(2));
    sweep::sweep(&world.app, world.queue()).await.unwrap();
    assert_eq!(sum(&world, Whose::House).await, expected, "also where it has been forgotten since");
    world.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(sum(&world, Whose::House).await, Counts::default(), "that was yesterday");
}

#[tokio::test]
async fn a_target_in_trouble_is_named_until_it_is_well_again() {
    let (world, target) = (World::new().await.unwrap(), Peer::http(&[503, 503, 503, 503, 410, 200]).await);
    world.configure(None, &[target.url()]).await;
    let troubles = async || attention::list(&world.app, |_| true).await.unwrap();
    for id in ["a", "b", "c"] {
        world.push(id).await.unwrap();
        world.work().await;
    }
    assert!(troubles().await.is_empty(), "three failures are let pass");

    world.push("d").await.unwrap();
    world.work().await;
    let [left_alone] = &troubles().await[..] else { panic!("one target") };
    assert!(matches!(left_alone.health.state, TargetState::TemporarilyDisabled { .. }));

    world.minute().await;
    world.minute().await;
    let [off] = &troubles().await[..] else { panic!("one target") };
    assert!(matches!(off.health.state, TargetState::Disabled { .. }) && off.parked > 0, "{off:?}");
    assert!(attention::list(&world.app, |project| project != ProjectId(7)).await.unwrap().is_empty());

    targets::enable(&world.app, HOOK).await.unwrap();
    app::parking::release(
        &world.app,
        world.queue(),
        app::parking::Parked { target: HOOK, since: app::clock::Timestamp(0), limit: 100 },
    )
    .await
    .unwrap();
    world.work().await;
    assert!(troubles().await.is_empty());
}
