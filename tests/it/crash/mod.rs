//! Bellhop is killed, at random moments and at every kind of step, while it works; and nothing that it accepted is lost.
//!
//! `tests/run` has a share of it. `BELLHOP_CRASHES=1000` asks for all: CONTRIBUTING.md shows the command.

mod walks;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use app::clock::Chance;
use end_to_end::{
    Bellhop, CrashPoint, HttpReceiver, IrkerSink, Project, Push, Tracer, asked_for, eventually_none, say,
};
use futures_util::future::join_all;
use serde_json::Value;

use crate::words::{farewell, said_of};

/// How often it dies under load, unless `BELLHOP_CRASHES` says otherwise.
const CRASHES: usize = 60;

/// irkerd speaks at its own pace on each IRC server, and is given no more than it may hold. On so many servers, each with
/// a project, pushes go out as they come in, one by one.
const IRC_SERVERS: usize = 24;

/// How many deliveries share a handover: a crash can repeat no more lines than these.
const HANDOVER_MAX: usize = 10;

/// How many requests Bellhop has open at HTTP targets at once: a crash can repeat no more than these.
const HTTP_IN_FLIGHT_MAX: usize = 64;

/// How many forges push at the same time, each one push after the other: commits are shared, and meet in every state.
const FORGES: usize = 4;

/// A life that no step ends is cut off within this time of its first word: time for some dozens of pushes.
const LIFE_MAX: Duration = Duration::from_millis(120);

/// How many pushes a forge waits for a step to come: the rarest, a checkpoint, comes after four megabytes.
const PUSHES_UNTIL_A_STEP: usize = 30;

/// A push of this many characters, which cannot be compressed by more than half, fills the log soon.
const LONG_TEXT: usize = 400_000;

/// A kind of step at which it dies.
struct Step {
    /// In words, for the table.
    what: &'static str,
    calls: &'static str,
    /// The file of the store.
    on: Option<&'static str>,
    /// It dies at one of so many.
    among: usize,
    /// Whether pushes are long meanwhile, or it hardly comes.
    is_rare: bool,
}

const STEPS: [Step; 6] = [
    step("a page goes into the write-ahead log", "pwrite64", Some("bellhop.sqlite-wal"), 300),
    step("a commit is synced", "fdatasync,fsync", Some("bellhop.sqlite-wal"), 40),
    Step { is_rare: true, ..step("a checkpoint writes a page", "pwrite64", Some("bellhop.sqlite"), 200) },
    Step { is_rare: true, ..step("a checkpoint is synced", "fdatasync,fsync", Some("bellhop.sqlite"), 1) },
    step("an answer or a request goes out", "sendto,writev", None, 40),
    step("something comes in", "recvfrom", None, 80),
];

const fn step(what: &'static str, calls: &'static str, on: Option<&'static str>, among: usize) -> Step {
    Step { what, calls, on, among, is_rare: false }
}

/// What became of the lives that were to end in one way.
#[derive(Default)]
struct Tally {
    lives: usize,
    /// Those that did.
    died: usize,
    /// Pushes that were kept, and whose answer the death cut off.
    unheard: usize,
}

#[tokio::test]
async fn whenever_it_is_killed_nothing_that_was_accepted_is_lost() {
    let tracer = Tracer::find("being killed at every kind of step");
    let (chance, crashes, start) = (Chance::seeded(seed()), crashes(), Instant::now());
    let mut town = Town::with_servers(IRC_SERVERS).await;
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();

    for crash in 0..crashes {
        // Every second time at a step, and of those each as often as the others.
        let tracer = tracer.as_ref().filter(|_| crash % 2 == 1);
        let step = tracer.map(|tracer| (tracer, &STEPS[crash / 2 % STEPS.len()]));
        let heard_before = town.unheard();
        let died = match step {
            Some((tracer, step)) => town.lives_until_a_step(tracer, step, &chance).await,
            None => town.lives_for(LIFE_MAX.mul_f64(chance.fraction())).await,
        };
        let name = step.map_or("any moment", |(_, step)| step.what);
        let tally = tallies.entry(name).or_default();
        tally.lives += 1;
        tally.died += usize::from(died);
        tally.unheard += town.unheard() - heard_before;
    }
    town.bellhop.start_again().await;
    // The one that the last crash cut off may have been accepted: it is asked for like all the others.
    town.all_push(1, false).await;
    town.everything_arrives().await;

    print(&tallies, start.elapsed());
    town.assert_order_and_repeats(crashes);
    let reached: usize = tallies.values().map(|tally| tally.died).sum();
    assert!(reached * 10 >= crashes * 7, "{reached} of {crashes} died where they should");
}

/// Pushes one after the other, each as often as it takes until it is answered, as a forge that does not give up.
struct Forge {
    number: usize,
    sources: Vec<String>,
    accepted: Vec<String>,
    unheard: usize,
}

impl Forge {
    /// Until the server dies, or has answered so many.
    async fn pushes(&mut self, bellhop: &Bellhop, most: usize, are_long: bool) {
        for _ in 0..most {
            let branch = format!("branch-{}-{:05}", self.number, self.accepted.len());
            let source = &self.sources[self.accepted.len() % self.sources.len()];
            let Some(answered) = bellhop.may_receive(source, &push(&branch, are_long)).await else { return };
            assert!(matches!(answered.status, 200 | 202), "{}: {}", answered.status, answered.body);
            self.accepted.push(branch);
            self.unheard += usize::from(answered.body["status"] == "repeated");
        }
    }
}

fn push(branch: &str, is_long: bool) -> Push {
    let push = farewell(branch).with_id(branch);
    if !is_long {
        return push;
    }
    let words: Vec<_> =
        (0..LONG_TEXT / 16).map(|_| format!("{:016x}", u64::from_le_bytes(Chance::System.bytes()))).collect();
    let text = words.concat();
    push.with_value("/repository/description", text)
}

/// Some forges, a Bellhop, an irkerd and an HTTP target.
struct Town {
    bellhop: Bellhop,
    irkerd: IrkerSink,
    builder: HttpReceiver,
    forges: Vec<Forge>,
    /// The branches that the HTTP target was told of.
    posted: Vec<String>,
}

impl Town {
    async fn with_servers(irc_servers: usize) -> Self {
        let (irkerd, builder) = (IrkerSink::start().await, HttpReceiver::start().await);
        let source = |n: usize| format!("diaspora-{n}");
        let project = |n: usize| {
            let channel = format!("irc://irc{n}.example.net/diaspora");
            let project = Project::named(&format!("diaspora/{}", source(n))).on_sink(&irkerd, &channel);
            project.with_setting("lines_in_irkerd = 60\ncoalesce = false").to_http(&builder)
        };
        let projects: Vec<Project> = (0..irc_servers).map(project).collect();
        let bellhop = Bellhop::start(&projects.iter().collect::<Vec<_>>()).await;
        let forges = (0..FORGES).map(|number| Forge {
            number,
            sources: (number..irc_servers).step_by(FORGES).map(source).collect(),
            accepted: Vec::new(),
            unheard: 0,
        });
        Self { forges: forges.collect(), bellhop, irkerd, builder, posted: Vec::new() }
    }

    fn unheard(&self) -> usize {
        self.forges.iter().map(|forge| forge.unheard).sum()
    }

    async fn all_push(&mut self, most: usize, are_long: bool) {
        let bellhop = &self.bellhop;
        join_all(self.forges.iter_mut().map(|forge| forge.pushes(bellhop, most, are_long))).await;
    }

    /// Says whether it died.
    async fn lives_for(&mut self, time: Duration) -> bool {
        self.bellhop.start_again().await;
        // The time is over long before that many pushes.
        let _ = tokio::time::timeout(time, self.all_push(usize::MAX, false)).await;
        self.bellhop.kill();
        self.keeps_posted();
        true
    }

    /// Says whether it died at that step, and not only when its time was over.
    async fn lives_until_a_step(&mut self, tracer: &Tracer, step: &Step, chance: &Chance) -> bool {
        let point = CrashPoint {
            calls: step.calls.to_owned(),
            on: step.on.map(|file| self.bellhop.folder().join(file)),
            nth: 1 + below(step.among, chance),
        };
        let mut serve = tracer.kills(&self.bellhop.serve(), &point);
        if self.bellhop.start_traced(&mut serve).await {
            self.all_push(PUSHES_UNTIL_A_STEP, step.is_rare).await;
        }
        let has_died = self.bellhop.has_died();
        self.bellhop.kill();
        self.keeps_posted();
        has_died
    }

    /// Long bodies would fill the memory.
    fn keeps_posted(&mut self) {
        self.posted.extend(self.builder.takes_all().iter().map(|received| branch_in(&received.body)));
    }

    async fn everything_arrives(&mut self) {
        let accepted: Vec<String> = self.forges.iter().flat_map(|forge| forge.accepted.clone()).collect();
        let lines: Vec<String> = accepted.iter().map(|branch| said_of(branch)).collect();
        let (irkerd, builder, posted) = (&self.irkerd, &self.builder, &mut self.posted);
        eventually_none("lines and requests are missing", || {
            posted.extend(builder.takes_all().iter().map(|received| branch_in(&received.body)));
            let (said, posted): (HashSet<_>, HashSet<_>) =
                (irkerd.heard_so_far().into_iter().collect(), posted.iter().collect());
            let unsaid = lines.iter().filter(|line| !said.contains(*line)).count();
            unsaid + accepted.iter().filter(|branch| !posted.contains(branch)).count()
        })
        .await;
    }

    fn assert_order_and_repeats(&self, crashes: usize) {
        let said = self.irkerd.heard_so_far();
        let firsts = firsts(&said);
        let accepted: usize = self.forges.iter().map(|forge| forge.accepted.len()).sum();
        let (said_twice, posted_twice) = (said.len() - firsts.len(), repeats(&self.posted));
        say(&format!(
            "{accepted} pushes were accepted, {} of them without their senders hearing of it, and none was lost; \
             {said_twice} of {} lines and {posted_twice} of {} requests were repeats",
            self.unheard(),
            said.len(),
            self.posted.len(),
        ));
        for forge in &self.forges {
            let expected: Vec<String> = forge.accepted.iter().map(|branch| said_of(branch)).collect();
            let of_forge = said_of(&format!("branch-{}-", forge.number));
            let said = firsts.iter().filter(|line| line.starts_with(&of_forge));
            let misplaced = said.zip(&expected).find(|(said, expected)| said != expected);
            assert_eq!(misplaced, None, "each line has its place");
        }
        assert_eq!(firsts.len(), accepted, "no other line is there");
        assert!(
            said_twice <= crashes * HANDOVER_MAX,
            "irkerd is served one at a time: a crash can repeat one handover"
        );
        assert!(posted_twice <= crashes * HTTP_IN_FLIGHT_MAX, "a crash can repeat what was under way");
    }
}

fn print(tallies: &BTreeMap<&str, Tally>, took: Duration) {
    say("\n| killed when | lives | died there | accepted, and the answer cut off |\n|---|---|---|---|");
    for (what, Tally { lives, died, unheard }) in tallies {
        say(&format!("| {what} | {lives} | {died} | {unheard} |"));
    }
    say(&format!("\nIn {} s.", took.as_secs()));
}

fn branch_in(body: &[u8]) -> String {
    let push: Value = serde_json::from_slice(body).expect("a target is sent JSON");
    push["ref"].as_str().expect("a push has a ref").trim_start_matches("refs/heads/").to_owned()
}

fn repeats(things: &[String]) -> usize {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    things.len() - counts.len()
}

/// Each thing once, in the order of first appearance.
fn firsts(things: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    things.iter().filter(|thing| seen.insert(*thing)).cloned().collect()
}

/// At least 0, and below `most`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers"
)]
fn below(most: usize, chance: &Chance) -> usize {
    (most as f64 * chance.fraction()) as usize
}

/// How often it dies: `BELLHOP_CRASHES`, or a share that fits into all tests.
fn crashes() -> usize {
    asked_for("BELLHOP_CRASHES").unwrap_or(CRASHES)
}

/// Whether every step is to be died at, and not only a share of them.
fn is_whole() -> bool {
    crashes() > CRASHES
}

/// Another one each time, unless `BELLHOP_SEED` asks for a certain one.
fn seed() -> u64 {
    let seed = asked_for("BELLHOP_SEED").unwrap_or_else(|| u64::from_le_bytes(Chance::System.bytes()));
    say(&format!("crash: to crash at the same moments again, set BELLHOP_SEED={seed}"));
    seed
}
