//! What irkerd is told, how much at a time, and what it is told again.

use std::time::Duration;

use app::deliveries::{self, DeliveryRecord, DeliveryState};
use app::ids::EventId;
use app::projects::{self, Expected};
use app::queue::{Answer, QueueName};
use app::receive_hook::Received;
use app::test_irker;
use config::{Irker, Project, ProjectId, TargetId};
use relay::Outcome;

use super::world::{PUSH, Peer, World, project};

pub(crate) const IRKER: TargetId = TargetId::Irker(ProjectId(7));

/// A push of one commit with this title: two lines in a channel.
pub(crate) fn push(title: &str) -> Vec<u8> {
    let mut push: serde_json::Value = serde_json::from_slice(PUSH).unwrap();
    let mut commit = push["commits"][0].take();
    commit["title"] = title.into();
    push["commits"] = vec![commit].into();
    push["total_commits_count"] = 1.into();
    serde_json::to_vec(&push).unwrap()
}

pub(crate) async fn accepted(world: &World, title: &str) -> EventId {
    match world.post(title, &push(title)).await.unwrap() {
        Received::Accepted { event, .. } => event,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn record(world: &World, event: &EventId) -> DeliveryRecord {
    deliveries::find(&world.app, event, IRKER).await.unwrap().unwrap()
}

pub(crate) async fn configure(world: &World, change: impl FnOnce(&mut Irker), irkerd: u16) {
    let mut project = project(Some(irkerd), &[]);
    change(project.irker.as_mut().unwrap());
    projects::save(&world.app, project, Expected::Any).await.unwrap();
    world.clock.advance(Duration::from_secs(6));
}

/// Works, second by second, until the queue is empty. Gives how long that took.
pub(crate) async fn work_to_the_end(world: &World) -> Duration {
    const SECOND: Duration = Duration::from_secs(1);
    let mut total = Duration::ZERO;
    loop {
        let answers = world.work().await;
        assert!(!answers.contains(&Answer::Fault), "a fault of our own");
        if world.house.held(QueueName::Irker).await == 0 {
            return total;
        }
        world.clock.advance(SECOND);
        total += SECOND;
    }
}

/// The texts that irkerd got, in order.
pub(crate) fn said(irkerd: &Peer) -> Vec<String> {
    let text = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["privmsg"].as_str().unwrap().to_owned()
    };
    irkerd.heard().lines().map(text).collect()
}

#[tokio::test]
async fn irkerd_holds_five_lines_at_the_most_and_the_rest_follows_as_it_speaks() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |irker| irker.pacing.coalesce = false, irkerd.port).await;
    let mut events = Vec::new();
    for title in ["one", "two", "three", "four"] {
        events.push(accepted(&world, title).await);
    }
    world.work().await;
    assert_eq!(said(&irkerd).len(), 5, "two pushes and half of the third");
    assert_eq!(record(&world, &events[1]).await.state, DeliveryState::Done);
    assert_eq!(record(&world, &events[2]).await.progress.map(|progress| progress.handed), Some(1));

    assert_eq!(work_to_the_end(&world).await, Duration::from_secs(4), "one second a line");
    let titles: Vec<_> = said(&irkerd).into_iter().filter(|line| !line.contains("pushed")).collect();
    assert_eq!(said(&irkerd).len(), 8, "each line once");
    for (line, title) in titles.iter().zip(["one", "two", "three", "four"]) {
        assert!(line.ends_with(title), "{titles:?}");
    }
    assert_eq!(record(&world, &events[2]).await.progress, None);
}

#[tokio::test]
async fn a_delivery_goes_on_at_the_line_where_irkerd_broke_down() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |irker| irker.pacing.lines_in_irkerd = 1, irkerd.port).await;
    let event = accepted(&world, "one").await;
    world.work().await;
    assert_eq!(said(&irkerd).len(), 1);

    // It moves house, and is not there yet.
    configure(&world, |irker| irker.pacing.lines_in_irkerd = 1, 1).await;
    let [Answer::Again { after }] = world.work().await[..] else { panic!("irkerd is not there") };
    assert!(matches!(record(&world, &event).await.attempts[0].outcome, Outcome::Unreachable { .. }));
    configure(&world, |irker| irker.pacing.lines_in_irkerd = 1, irkerd.port).await;
    world.clock.advance(after);
    work_to_the_end(&world).await;
    let said = said(&irkerd);
    assert!(said.len() == 2 && said[0].contains("pushed") && said[1].ends_with("one"), "{said:?}");
}

#[tokio::test]
async fn what_is_said_differently_now_is_said_from_the_start() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |irker| irker.pacing.lines_in_irkerd = 1, irkerd.port).await;
    accepted(&world, "one").await;
    world.work().await;
    configure(&world, |irker| irker.lines.colorize_messages = true, irkerd.port).await;
    work_to_the_end(&world).await;
    assert_eq!(said(&irkerd).len(), 3, "one line plain, then two in colour");
}

/// What is remembered of a telling stands unsealed in the table: no key may be guessed from it.
#[tokio::test]
async fn what_is_remembered_of_a_telling_does_not_depend_on_a_channels_key() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    let with_key = |key: &str| {
        let recipients = Irker::parse_recipients(&format!("irc://h/a?key={key}"), None).unwrap();
        |irker: &mut Irker| (irker.recipients, irker.pacing.lines_in_irkerd) = (recipients, 1)
    };
    configure(&world, with_key("k3y"), irkerd.port).await;
    accepted(&world, "one").await;
    world.work().await;
    configure(&world, with_key("another"), irkerd.port).await;
    work_to_the_end(&world).await;
    assert_eq!(said(&irkerd).len(), 2, "one line after the other, none twice");
}

#[tokio::test]
async fn fifty_pushes_in_a_second_do_not_flood_the_channel_for_minutes() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, irkerd.port).await;
    let first = accepted(&world, "0").await;
    world.work().await;
    let mut events = Vec::new();
    for n in 1..50 {
        events.push(accepted(&world, &n.to_string()).await);
    }
    let took = work_to_the_end(&world).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    let said = said(&irkerd);
    assert_eq!(said.len(), 2 + 5, "the first push, and the others ten by ten: {said:?}");
    assert!(said[2].contains("John Smith pushed 10 times: 10 new commits to master: http"), "{}", said[2]);
    assert!(said[6].contains("pushed 9 times: 9 new commits"), "{}", said[6]);
    assert_eq!(record(&world, &first).await.attempts[0].outcome, Outcome::HandedOver);
    assert_eq!(record(&world, &events[0]).await.attempts[0].outcome, Outcome::HandedOver);
    assert_eq!(record(&world, &events[1]).await.attempts[0].outcome, Outcome::Coalesced);
}

#[tokio::test]
async fn what_is_told_together_goes_on_together() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    let crowd = (0..8).map(|n| format!("irc://irc.example.net/c{n}")).collect::<Vec<_>>().join(" ");
    let recipients = Irker::parse_recipients(&crowd, None).unwrap();
    configure(&world, |irker| irker.recipients = recipients, irkerd.port).await;
    for n in 0..4 {
        accepted(&world, &n.to_string()).await;
    }
    world.work().await;
    assert_eq!(said(&irkerd).len(), 5, "five channels of eight");
    // More comes in before the last channels have heard of the first four.
    accepted(&world, "4").await;
    work_to_the_end(&world).await;
    let said = said(&irkerd);
    assert!(said[..8].iter().all(|line| line.contains("pushed 4 times")), "{said:?}");
    assert_eq!(said.len(), 8 + 2 * 8, "then the fifth push by itself");
}

#[tokio::test]
async fn an_integration_that_was_switched_off_says_nothing_more() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, irkerd.port).await;
    let event = accepted(&world, "one").await;
    configure(&world, |irker| irker.active = false, irkerd.port).await;
    assert_eq!(world.work().await, [Answer::Done]);
    assert_eq!(record(&world, &event).await.attempts[0].outcome, Outcome::Gone);
    assert_eq!(said(&irkerd).len(), 0);
    assert!(matches!(world.post("b", PUSH).await.unwrap(), Received::Ignored { .. }));
}

async fn test(world: &World, project: &Project) -> test_irker::Report {
    let id = test_irker::ask(&world.app, world.queue(), project).await.unwrap();
    world.work().await;
    test_irker::report(&world.app, &id).await.unwrap().expect("a report")
}

#[tokio::test]
async fn test_settings_says_one_harmless_line_to_each_recipient_and_reports() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    let recipients = Irker::parse_recipients("irc://h/a?key=k3y irc://h/nick,isnick", None).unwrap();
    configure(&world, |irker| irker.recipients = recipients, irkerd.port).await;
    let stored = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    let report = test(&world, &stored).await;
    assert_eq!(said(&irkerd), ["test from Bellhop, project g/p"; 2]);
    let shown: Vec<_> = report.recipients.iter().map(|tried| tried.recipient.as_str()).collect();
    assert_eq!(shown, ["irc://h:6667/a?key=***", "irc://h:6667/nick,isnick"]);
    assert!(report.recipients.iter().all(|tried| tried.outcome == Outcome::HandedOver));
}

#[tokio::test]
async fn test_settings_says_so_when_irkerd_is_not_there() {
    let Some(world) = World::new().await else { return };
    configure(&world, |_| {}, 1).await;
    let stored = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    let report = test(&world, &stored).await;
    let outcome = report.recipients[0].outcome.to_string();
    assert_eq!(outcome, "not reached: the connection was refused: irkerd is not running there");
}

#[tokio::test]
async fn a_test_waits_for_its_turn_and_an_old_one_is_forgotten() {
    let Some(world) = World::new().await else { return };
    let irkerd = Peer::irkerd().await;
    configure(&world, |_| {}, 1).await;
    accepted(&world, "one").await;
    let stored = projects::load(&world.app, ProjectId(7)).await.unwrap().unwrap();
    let id = test_irker::ask(&world.app, world.queue(), &stored).await.unwrap();
    world.work().await;
    assert_eq!(test_irker::report(&world.app, &id).await.unwrap(), None, "the push comes first");
    world.clock.advance(Duration::from_mins(10));
    configure(&world, |_| {}, irkerd.port).await;
    work_to_the_end(&world).await;
    assert!(said(&irkerd).iter().all(|line| !line.contains("test from Bellhop")));
}
