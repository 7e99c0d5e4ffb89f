//! A hook is tried with a sample.

use app::attempts::{self, Listing, Sent};
use app::queue::Answer;
use app::test_hook::{self, TestHookError};
use app::{projects, targets};
use config::{HookId, ProjectId, Switch, TargetId};
use relay::Outcome;
use relay::breaker::TargetState;
use relay::redact::Body;

use super::world::{Peer, World};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));

async fn test(world: &World, switch: Switch) -> test_hook::Tested {
    let project = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    test_hook::run(&world.app, &world.outbound(), &project, (HookId(1), switch)).await.unwrap()
}

#[tokio::test]
async fn a_test_posts_a_sample_of_any_kind_and_is_in_the_log() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[404]).await;
    world.configure(None, &[target.url()]).await;
    let tested = test(&world, Switch::Releases).await;
    assert_eq!(tested.entry.outcome, Outcome::Refused { status: 404, retry_after_s: None });
    assert!(!tested.is_enabled_again);
    let heard = target.heard();
    assert!(
        heard.contains("x-gitlab-event: Release Hook") && heard.contains("\"tag\": \"v1.0.0\""),
        "{heard}"
    );
    let listing = Listing { target: HOOK, wanted: Vec::new(), limit: 9, after: None };
    let logged = attempts::list(&world.app, &listing).await.unwrap().entries;
    assert_eq!(logged, [tested.entry]);
    let Sent::Http { body: Some(Body::Text(body)), .. } = &logged[0].sent else { panic!("{logged:?}") };
    assert!(heard.ends_with(body.as_str()), "no event has it: the log does");
    assert_eq!(targets::health(&world.app, HOOK).await.unwrap().failures, 0, "a test is no delivery");
}

#[tokio::test]
async fn a_test_that_arrives_switches_the_hook_on_again() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[410, 500, 200]).await;
    world.configure(None, &[target.url()]).await;
    world.push("a").await.unwrap();
    world.work().await;
    assert!(matches!(targets::health(&world.app, HOOK).await.unwrap().state, TargetState::Disabled { .. }));

    assert!(!test(&world, Switch::Push).await.is_enabled_again);
    assert!(matches!(targets::health(&world.app, HOOK).await.unwrap().state, TargetState::Disabled { .. }));
    assert!(test(&world, Switch::Push).await.is_enabled_again);
    assert_eq!(targets::health(&world.app, HOOK).await.unwrap().state, TargetState::Executable);
    world.push("b").await.unwrap();
    assert_eq!(world.work().await, [Answer::Done]);
    assert_eq!(target.count(), 4);
    assert!(!test(&world, Switch::Push).await.is_enabled_again, "it was well");
}

#[tokio::test]
async fn only_a_hook_can_be_tested_that_is_there() {
    let Some(world) = World::new().await else { return };
    world.configure(None, &[]).await;
    let project = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    let refused = test_hook::run(&world.app, &world.outbound(), &project, (HookId(2), Switch::Push)).await;
    assert!(matches!(refused, Err(TestHookError::NoHook(HookId(2)))), "{refused:?}");
}
