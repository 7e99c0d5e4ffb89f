//! Bellhop is killed at random moments, a hundred times, and nothing that it accepted is lost.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use app::clock::Chance;
use end_to_end::{Bellhop, HttpReceiver, IrkerSink, Project, eventually, say};
use serde_json::Value;

use crate::words::{farewell, said_of};

const CRASHES: usize = 100;

/// irkerd speaks at its own pace on each IRC server, and is given no more than it may hold. On so many servers, each with
/// a project, all of a run's pushes go out at once, one by one.
const IRC_SERVERS: usize = 30;

/// How many deliveries share a handover: a crash can repeat no more lines than these.
const HANDOVER_MAX: usize = 10;

/// A run of the server is cut off within this time of its first word: time for some dozens of pushes, in every state.
const RUN_MAX: Duration = Duration::from_millis(120);

/// How many requests Bellhop has open at HTTP targets at once: a crash can repeat no more than these.
const HTTP_IN_FLIGHT_MAX: usize = 64;

#[tokio::test]
async fn a_hundred_crashes_lose_nothing_that_was_accepted() {
    let chance = Chance::seeded(seed());
    let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
    let project = |n: usize| {
        let channel = format!("irc://irc{n}.example.net/diaspora");
        let project = Project::named(&format!("diaspora/{}", source(n))).on_sink(&irkerd, &channel);
        project.with_setting("lines_in_irkerd = 60\ncoalesce = false").to_http(&builder)
    };
    let projects: Vec<Project> = (0..IRC_SERVERS).map(project).collect();
    let mut bellhop = Bellhop::start(&projects.iter().collect::<Vec<_>>()).await;
    let start = Instant::now();

    let (mut accepted, mut unheard) = (Vec::new(), 0);
    for _ in 0..CRASHES {
        unheard +=
            push_until_the_crash(&mut bellhop, &mut accepted, RUN_MAX.mul_f64(chance.fraction())).await;
        bellhop.start_again().await;
    }
    // The one that the last crash cut off may have been accepted: it is asked for like all the others.
    unheard += usize::from(push_the_next(&bellhop, &mut accepted).await);
    let lines: Vec<String> = accepted.iter().map(|branch| said_of(branch)).collect();
    eventually("everything that was accepted to arrive", || {
        let (said, posted) = (tally(irkerd.heard_so_far()), tally(branches_posted(&builder)));
        let arrived = lines.iter().all(|line| said.contains_key(line))
            && accepted.iter().all(|branch| posted.contains_key(branch));
        arrived.then_some(())
    })
    .await;

    let (said, posted) = (irkerd.heard_so_far(), branches_posted(&builder));
    let (said_twice, posted_twice) = (repeats(&said), repeats(&posted));
    say(&format!(
        "crash: {CRASHES} crashes in {} s, {} pushes accepted ({unheard} of them without its sender hearing of it), \
         none lost; {said_twice} of {} lines and {posted_twice} of {} requests were repeats",
        start.elapsed().as_secs(),
        accepted.len(),
        said.len(),
        posted.len(),
    ));
    let firsts = firsts(&said);
    let misplaced = firsts.iter().zip(&lines).find(|(said, expected)| said != expected);
    assert_eq!(misplaced, None, "each line has its place");
    assert_eq!(firsts.len(), lines.len(), "no other line is there");
    assert!(
        said_twice <= CRASHES * HANDOVER_MAX,
        "irkerd is served one at a time: a crash can repeat one handover"
    );
    assert!(posted_twice <= CRASHES * HTTP_IN_FLIGHT_MAX, "a crash can repeat what was under way");
}

fn source(project: usize) -> String {
    format!("diaspora-{project}")
}

/// Posts one push after another, each as often as it takes until it is answered, as a forge that does not give up;
/// after a while, kills the server. Returns how many it said it had already: accepted just before the last crash.
async fn push_until_the_crash(bellhop: &mut Bellhop, accepted: &mut Vec<String>, after: Duration) -> usize {
    let mut repeated = 0;
    let mut crash = std::pin::pin!(tokio::time::sleep(after));
    loop {
        tokio::select! {
            was_repeated = push_the_next(bellhop, accepted) => repeated += usize::from(was_repeated),
            () = &mut crash => break,
        }
    }
    bellhop.kill();
    repeated
}

/// Posts the next push. Returns whether it had been accepted before.
async fn push_the_next(bellhop: &Bellhop, accepted: &mut Vec<String>) -> bool {
    let branch = format!("branch-{:05}", accepted.len());
    let push = farewell(&branch).with_id(&branch);
    let answered = bellhop.receives(&source(accepted.len() % IRC_SERVERS), &push).await;
    assert!(matches!(answered.status, 200 | 202), "{}: {}", answered.status, answered.body);
    accepted.push(branch);
    answered.body["status"] == "repeated"
}

fn branches_posted(builder: &HttpReceiver) -> Vec<String> {
    let bodies = builder.received_so_far().into_iter().map(|received| received.body);
    bodies
        .map(|body| {
            let push: Value = serde_json::from_slice(&body).expect("a target is sent JSON");
            push["ref"].as_str().expect("a push has a ref").trim_start_matches("refs/heads/").to_owned()
        })
        .collect()
}

fn tally(things: Vec<String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    counts
}

fn repeats(things: &[String]) -> usize {
    things.len() - tally(things.to_vec()).len()
}

/// Each thing once, in the order of first appearance.
fn firsts(things: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    things.iter().filter(|thing| seen.insert(*thing)).cloned().collect()
}

/// Another one each time, unless `BELLHOP_SEED` asks for a certain one.
fn seed() -> u64 {
    let asked_for = std::env::var_os("BELLHOP_SEED").and_then(|seed| seed.into_string().ok()?.parse().ok());
    let seed = asked_for.unwrap_or_else(|| u64::from_le_bytes(Chance::System.bytes()));
    say(&format!("crash: to crash at the same moments again, set BELLHOP_SEED={seed}"));
    seed
}
