//! What is measured.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::forge::{Answer, Kind, Push, SECRET, send};
use crate::report::{Row, Spread};
use crate::server::{Server, Usage};
use crate::targets::{Arrival, HANGING, Targets};

/// How many connections the forges have at most: below what a server takes at once.
const CONNECTIONS: usize = 256;

/// After so long without a single arrival, nothing more is waited for.
const SILENCE_MAX: Duration = Duration::from_mins(2);

/// How many HTTP targets a project of the burst has.
const TARGETS_EACH: u32 = 3;

/// How many hooks a project may have.
const HOOKS_MAX: u32 = 100;

/// How many targets work while one hangs.
const NEIGHBOURS: u32 = 50;

/// How many IRC servers there are: irkerd says one line a second on each.
const IRC_SERVERS: usize = 200;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// A hundred pushes a second for half a minute, three targets each.
    Steady,
    /// A thousand pushes a second for a minute, three targets each.
    Burst,
    /// A hundred pushes at once, a hundred targets each.
    FanOut,
    /// Fifty targets at work, without and with one beside them that hangs and gets most of the events.
    Hanging,
    /// A hundred pushes a second to channels on two hundred IRC servers.
    Channels,
    /// Killed and started again with a hundred thousand tasks in the queue.
    Restart,
}

/// What happened.
struct Run {
    answers: Vec<Answer>,
    arrivals: Vec<Arrival>,
    /// What each accepted push is expected at.
    expected: HashMap<usize, Vec<u32>>,
}

impl Scenario {
    pub(crate) const ALL: [Self; 6] =
        [Self::Steady, Self::Burst, Self::FanOut, Self::Hanging, Self::Channels, Self::Restart];

    pub(crate) fn run(self, program: &Path, share: f64) -> Result<Vec<Row>> {
        match self {
            Self::Steady => at_a_pace(program, ("steady, 100/s", 100, part(3_000, share))),
            Self::Burst => at_a_pace(program, ("burst, 1,000/s", 1_000, part(60_000, share))),
            Self::FanOut => fan_out(program, part(100, share)),
            Self::Hanging => hanging(program, part(60, share)),
            Self::Channels => channels(program, part(3_000, share)),
            Self::Restart => restart(program, part(1_000, share)),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers"
)]
fn part(whole: usize, share: f64) -> usize {
    ((whole as f64 * share) as usize).max(1)
}

/// A project with these targets on a port, as TOML.
fn project(name: &str, kind: Kind, port: u16, targets: impl Iterator<Item = u32>) -> String {
    let forge = if kind == Kind::GitLab { "gitlab" } else { "github" };
    let mut toml = format!(
        "[[project]]\npath = \"load/{name}\"\n[project.source]\nid = \"{name}\"\nforge = \"{forge}\"\nsecrets = [\"{SECRET}\"]\n"
    );
    for target in targets {
        // Writing to a string does not fail.
        let _ = write!(
            toml,
            "[[project.hook]]\nname = \"{target}\"\nurl = \"http://127.0.0.1:{port}/{target}\"\n"
        );
    }
    toml
}

fn kind(number: usize) -> Kind {
    if number.is_multiple_of(2) { Kind::GitLab } else { Kind::GitHub }
}

/// So many pushes, at so many a second.
fn pushes(count: usize, per_second: u32, source: impl Fn(usize) -> (String, Kind)) -> Vec<Push> {
    let due = |number: usize| Duration::from_secs(1) * u32::try_from(number).unwrap_or(u32::MAX) / per_second;
    let push = |number| {
        let (source, kind) = source(number);
        Push { number, kind, source, due: due(number) }
    };
    (0..count).map(push).collect()
}

/// An open loop of pushes from two forges, three targets each.
fn at_a_pace(program: &Path, (name, per_second, count): (&str, u32, usize)) -> Result<Vec<Row>> {
    let targets = Targets::http()?;
    let source = |number: usize| (format!("{:?}", kind(number)).to_lowercase(), kind(number));
    let toml = [0, 1].map(|number| {
        let (name, kind) = source(number);
        project(&name, kind, targets.port, 0..TARGETS_EACH)
    });
    let server = Server::with(program, &toml.concat())?;
    let answers = send(server.address(), &pushes(count, per_second, source), CONNECTIONS)?;
    let run = Run::end(answers, &targets, |_| (0..TARGETS_EACH).collect());
    Ok(vec![run.row(name, server.usage()?, format!("store {} MB", server.store_bytes() >> 20))])
}

/// One push for each of so many projects, all at once.
fn fan_out(program: &Path, projects: usize) -> Result<Vec<Row>> {
    let targets = Targets::http()?;
    let source = |number: usize| (format!("fan-{number}"), kind(number));
    let mut toml = String::new();
    for number in 0..projects {
        let (name, kind) = source(number);
        toml.push_str(&project(&name, kind, targets.port, 0..HOOKS_MAX));
    }
    let server = Server::with(program, &toml)?;
    let at_once = 1_000_000;
    let answers = send(server.address(), &pushes(projects, at_once, source), CONNECTIONS)?;
    let run = Run::end(answers, &targets, |_| (0..HOOKS_MAX).collect());
    let note = format!("{projects} projects of {HOOKS_MAX} hooks, which is all that one may have");
    Ok(vec![run.row("fan-out, 10,000 deliveries at once", server.usage()?, note)])
}

/// Fifty targets with an event each second, and one with four times as many as all of them, first well, then hanging.
fn hanging(program: &Path, seconds: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for hangs in [false, true] {
        let targets = Targets::http()?;
        targets.one_hangs(hangs);
        let name_of = |target: u32| format!("project-{target}");
        let toml = (0..=NEIGHBOURS)
            .map(|target| project(&name_of(target), Kind::GitHub, targets.port, [target].into_iter()));
        let server = Server::with(program, &toml.collect::<String>())?;
        // Of five events, four are for the one.
        let target_of = |number: usize| match number % 5 {
            0 => 1 + u32::try_from(number / 5).unwrap_or(0) % NEIGHBOURS,
            _ => HANGING,
        };
        let all = pushes(seconds * 250, 250, |number| (name_of(target_of(number)), Kind::GitHub));
        let answers = send(server.address(), &all, CONNECTIONS)?;
        // Only what is for the others is looked at.
        let answers: Vec<Answer> =
            answers.into_iter().filter(|answer| target_of(answer.push) != HANGING).collect();
        let run = Run::end(answers, &targets, |push| vec![target_of(push)]);
        let name = if hangs { "50 targets, and one that hangs" } else { "50 targets, and one that works" };
        rows.push(run.row(
            name,
            server.usage()?,
            "the one has 80 % of the events; the others' are counted".to_owned(),
        ));
    }
    if let [well, hung] = &mut rows[..] {
        let _ = write!(hung.note, "; p99 lag is {:.2} times as long", hung.lag.p99 / well.lag.p99.max(1.0));
    }
    Ok(rows)
}

/// Pushes for channels on many IRC servers, by one irkerd.
fn channels(program: &Path, count: usize) -> Result<Vec<Row>> {
    let irkerd = Targets::irkerd()?;
    let source = |number: usize| (format!("irc-{}", number % IRC_SERVERS), Kind::GitLab);
    let project = |server: usize| {
        format!(
            "{}[project.irker]\nserver_host = \"127.0.0.1\"\nserver_port = {}\nlines_in_irkerd = 60\ncoalesce = false\n\
             recipients = \"irc://irc{server}.example.net/load\"\n[project.irker.templates]\npush = \"{{{{ branch }}}} by {{{{ actor }}}}\"\n",
            project(&source(server).0, Kind::GitLab, 0, std::iter::empty()),
            irkerd.port
        )
    };
    let server = Server::with(program, &(0..IRC_SERVERS).map(project).collect::<String>())?;
    let answers = send(server.address(), &pushes(count, 100, source), CONNECTIONS)?;
    let run = Run::end(answers, &irkerd, |_| vec![0]);
    Ok(vec![run.row("channels, 100/s", server.usage()?, format!("one irkerd, {IRC_SERVERS} IRC servers"))])
}

/// A queue fills while no target answers; then the server is killed, and started again.
fn restart(program: &Path, count: usize) -> Result<Vec<Row>> {
    let targets = Targets::http()?;
    targets.all_hang(true);
    let source = |_| ("full".to_owned(), Kind::GitHub);
    let toml = project("full", Kind::GitHub, targets.port, 0..HOOKS_MAX);
    let mut server = Server::with(program, &toml)?;
    let at_once = 1_000_000;
    let answers = send(server.address(), &pushes(count, at_once, source), CONNECTIONS)?;
    let tasks = answers.iter().filter(|answer| answer.is_accepted()).count() * HOOKS_MAX as usize;
    server.kill()?;
    targets.all_hang(false);
    server.start()?;
    let began = Instant::now();
    let last = [Push { number: count, kind: Kind::GitHub, source: "full".to_owned(), due: Duration::ZERO }];
    let first_after = send(server.address(), &last, 1)?;
    let answered_in = began.elapsed();
    let all = answers.into_iter().chain(first_after).collect();
    let run = Run::end(all, &targets, |_| (0..HOOKS_MAX).collect());
    let note = format!(
        "{tasks} tasks in the queue, store {} MB: listens {} ms after its start, and takes the first push in {} ms",
        server.store_bytes() >> 20,
        server.started_in().as_millis(),
        answered_in.as_millis()
    );
    Ok(vec![run.row("restart with a full queue", server.usage()?, note)])
}

impl Run {
    /// Waits until everything has come that was accepted, or nothing comes any more.
    fn end(answers: Vec<Answer>, targets: &Targets, expected_at: impl Fn(usize) -> Vec<u32>) -> Self {
        let accepted = answers.iter().filter(|answer| answer.is_accepted());
        let expected: HashMap<usize, Vec<u32>> =
            accepted.map(|answer| (answer.push, expected_at(answer.push))).collect();
        let (mut count, mut changed_at) = (0, Instant::now());
        loop {
            let now = targets.count();
            if now != count {
                (count, changed_at) = (now, Instant::now());
                if missing(&expected, &targets.arrivals()) == 0 {
                    break;
                }
            } else if changed_at.elapsed() > SILENCE_MAX {
                break;
            }
            thread::sleep(Duration::from_millis(500));
        }
        Self { answers, arrivals: targets.arrivals(), expected }
    }

    fn row(&self, scenario: &str, usage: Usage, note: String) -> Row {
        let answered: HashMap<usize, &Answer> =
            self.answers.iter().map(|answer| (answer.push, answer)).collect();
        let mut first: HashMap<(usize, u32), Instant> = HashMap::new();
        let ours = self.arrivals.iter().filter(|arrival| self.expected.contains_key(&arrival.push));
        let mut count = 0;
        for arrival in ours {
            count += 1;
            first.entry((arrival.push, arrival.target)).or_insert(arrival.at);
        }
        let lags = first
            .iter()
            .filter_map(|((push, _), at)| Some(at.saturating_duration_since(answered.get(push)?.at)));
        let accepted = self.expected.len();
        let began = self.answers.iter().map(|answer| answer.was_due).min();
        let last_answer = self.answers.iter().map(|answer| answer.at).max();
        let last_arrival = first.values().max().copied();
        let took = |from: Option<Instant>, to: Option<Instant>| match (from, to) {
            (Some(from), Some(to)) => to.saturating_duration_since(from).as_secs_f64(),
            _ => 0.0,
        };
        Row {
            scenario: scenario.to_owned(),
            accepted,
            refused: self.answers.len() - accepted,
            accepted_per_s: by(accepted, took(began, last_answer)),
            answer: Spread::of(self.answers.iter().map(|answer| answer.at - answer.was_due).collect()),
            deliveries: first.len(),
            lag: Spread::of(lags.collect()),
            drained_s: took(last_answer, last_arrival),
            delivered_per_s: by(first.len(), took(began, last_arrival)),
            duplicates: count - first.len(),
            lost: missing(&self.expected, &self.arrivals),
            memory_mb: usage.memory_mb,
            cpu_s: usage.cpu_s,
            cpu_us_each: usage.cpu_s * 1_000_000.0 / by(first.len(), 1.0).max(1.0),
            note,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn by(count: usize, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

fn missing(expected: &HashMap<usize, Vec<u32>>, arrivals: &[Arrival]) -> usize {
    let came: HashSet<(usize, u32)> = arrivals.iter().map(|arrival| (arrival.push, arrival.target)).collect();
    let all = expected.iter().flat_map(|(push, targets)| targets.iter().map(move |target| (*push, *target)));
    all.filter(|delivery| !came.contains(delivery)).count()
}
