//! The log of attempts: what is in it, what is not, and how it is paged through.

use std::time::Duration;

use app::attempts::{self, AttemptLog, Entry, Listing, Sent, Wanted};
use app::projects::{self, Expected};
use config::{HookFormat, HookId, ProjectId, TargetId};
use relay::redact::Body;

use super::world::{PUSH, Peer, World, project};

const HOOK: TargetId = TargetId::Hook(ProjectId(7), HookId(1));
const IRKER: TargetId = TargetId::Irker(ProjectId(7));

async fn listed(world: &World, target: TargetId, wanted: &[Wanted]) -> Vec<Entry> {
    let listing = Listing { target, wanted: wanted.to_vec(), limit: 100, after: None };
    attempts::list(&world.app, &listing).await.unwrap().entries
}

#[tokio::test]
async fn every_attempt_is_in_the_log_with_what_was_said_and_without_secrets() {
    let Some(world) = World::new().await else { return };
    let target = Peer::saying(&["503 x\r\nset-cookie: id=1\r\nx-echo: target-token", "200 x"]).await;
    world.configure(None, &[target.url()]).await;
    world.push("a").await.unwrap();
    world.work().await;
    world.minute().await;

    let [second, first] = &listed(&world, HOOK, &[]).await[..] else { panic!("two attempts, newest first") };
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_eq!((first.outcome.status(), second.outcome.status()), (Some(503), Some(200)));
    let Sent::Http { headers, body: None } = &first.sent else { panic!("the event has its body: {first:?}") };
    let value = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!((value("x-gitlab-event"), value("x-gitlab-token")), (Some("Push Hook"), Some("***")));
    let answer = first.answer.as_ref().unwrap();
    assert!(answer.headers.contains(&("set-cookie".to_owned(), "***".to_owned())));
    assert!(answer.headers.contains(&("x-echo".to_owned(), "***".to_owned())), "a target repeats the token");
    assert_eq!((&answer.body, answer.is_cut), (&Body::Text(String::new()), false));
    assert_eq!(attempts::find(&world.app, HOOK, &first.id()).await.unwrap().as_ref(), Some(first));
}

#[tokio::test]
async fn a_body_that_was_made_for_a_hook_is_in_the_log() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200]).await;
    let mut project = project(None, &[target.url()]);
    project.hooks[0].format = HookFormat::Bellhop;
    projects::save(&world.app, project, Expected::Any).await.unwrap();
    world.push("a").await.unwrap();
    world.work().await;
    let entries = listed(&world, HOOK, &[]).await;
    let Sent::Http { body: Some(Body::Text(body)), .. } = &entries[0].sent else { panic!("{entries:?}") };
    assert!(target.heard().ends_with(body.as_str()) && body.starts_with('{'), "{body}");
}

#[tokio::test]
async fn what_irkerd_is_told_is_in_the_log_and_no_key() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    world.configure(Some(irkerd.port), &[]).await;
    world.push("a").await.unwrap();
    world.work().await;
    let entries = listed(&world, IRKER, &[]).await;
    let [Entry { sent: Sent::Irker { recipients: 1, lines }, outcome, .. }] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(outcome.name(), "handed_over");
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains("pushed"), "{lines:?}");
    assert!(!serde_json::to_string(&entries).unwrap().contains("channel-key"));
}

#[tokio::test]
async fn a_log_is_paged_through_and_filtered() {
    let Some(world) = World::new().await else { return };
    let target = Peer::http(&[200, 404, 500, 204, 200]).await;
    world.configure(None, &[target.url()]).await;
    for id in ["a", "b", "c", "d", "e"] {
        world.post(id, PUSH).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
        world.work().await;
    }
    let statuses =
        |entries: &[Entry]| entries.iter().filter_map(|entry| entry.outcome.status()).collect::<Vec<_>>();
    assert_eq!(statuses(&listed(&world, HOOK, &[]).await), [200, 204, 500, 404, 200]);
    assert_eq!(statuses(&listed(&world, HOOK, &[Wanted::Successful]).await), [200, 204, 200]);
    assert_eq!(statuses(&listed(&world, HOOK, &[Wanted::Failed]).await), [500, 404]);
    assert_eq!(
        statuses(&listed(&world, HOOK, &[Wanted::Status(404), Wanted::Status(204)]).await),
        [204, 404]
    );

    for wanted in [vec![], vec![Wanted::Successful, Wanted::Failed]] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let listing = Listing { target: HOOK, wanted: wanted.clone(), limit: 2, after };
            let page = attempts::list(&world.app, &listing).await.unwrap();
            assert!(page.entries.len() <= 2);
            seen.extend(page.entries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(statuses(&seen), [200, 204, 500, 404, 200]);
    }
}

#[tokio::test]
async fn a_log_is_kept_for_as_long_as_somebody_says() {
    let Some(mut world) = World::new().await else { return };
    world.app.log = AttemptLog::for_days(2);
    let target = Peer::http(&[200]).await;
    world.configure(None, &[target.url()]).await;
    world.push("a").await.unwrap();
    world.work().await;
    world.clock.advance(Duration::from_hours(47));
    assert_eq!(listed(&world, HOOK, &[]).await.len(), 1);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(listed(&world, HOOK, &[]).await.len(), 0);
}
