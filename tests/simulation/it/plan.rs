//! What a history is made of: projects, what people and forges do, the moods of peers, outages, and where faults come from.
//! All of it follows from a seed; and each part can be taken away, to see whether a finding needs it.
//!
//! Not here: the history itself (`history`), and how a plan is made shorter (`shrink`).

use std::time::Duration;

use app::clock::Timestamp;
use app::queue::QueueName;

use crate::dice::{Dice, mix};
use crate::faults::{Call, Source};
use crate::world::BEGIN;

/// A history before it happens.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Queues that count receives, as SQS does, or faults, as the embedded one does.
    pub(crate) is_sqs: bool,
    /// All work in one process, or each invocation in one of many.
    pub(crate) is_one_process: bool,
    pub(crate) projects: Vec<ProjectPlan>,
    pub(crate) doings: Vec<Doing>,
    pub(crate) spells: Vec<Spell>,
    pub(crate) outages: Vec<Outage>,
    pub(crate) faults: Source,
    /// From then on there are no faults by dice.
    pub(crate) calm_at: Timestamp,
    /// Every call takes the same time, and the first of several is always chosen.
    pub(crate) is_even: bool,
}

/// A project, as far as it matters here. Its number is its place, and one.
#[derive(Clone, Debug)]
pub(crate) struct ProjectPlan {
    /// At which irkerd its channel is.
    pub(crate) irkerd: Option<u8>,
    pub(crate) coalesce: bool,
    pub(crate) hooks: Vec<HookPlan>,
    pub(crate) rate_limit: Option<u32>,
    /// Whether it has a slash command, and a GitLab to run jobs at.
    pub(crate) has_commands: bool,
}

/// A hook, as far as it matters here. Its target's host is its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct HookPlan {
    pub(crate) ordered: bool,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) retry_waits_s: Option<Vec<u32>>,
}

/// Something that somebody does at a time.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

/// Projects, events and hooks go by their numbers; whatever a number leads beyond is taken modulo.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A forge tells of an event, so many times at once, and again until it hears a 2xx.
    Event { project: usize, number: u32, copies: u8 },
    /// Somebody saves a project that was changed like this.
    Save { project: usize, change: Change },
    /// The secret of a source is exchanged, with both good in between.
    Rotate { project: usize },
    /// An event is sent again.
    Resend { number: u32 },
    /// All that has not arrived at a hook is sent again.
    Replay { project: usize, hook: usize },
    /// A hook that was switched off is switched on again.
    Enable { project: usize, hook: usize },
    /// All processes are new.
    Deploy,
    /// A text that no Bellhop wrote gets into a queue.
    Poison { queue: QueueName },
    /// Somebody types a command, which arrives so many times.
    Command { project: usize, number: u32, copies: u8, is_cancelled: bool },
}

/// How a project is changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    ToggleHook(usize),
    ToggleOrder(usize),
    MoveIrker(u8),
    ToggleCoalescing,
    /// Nothing but a new revision.
    Nothing,
}

/// How a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// It answers this, with a `Retry-After` in seconds.
    Status(u16, Option<u64>),
    /// It takes no connection.
    Down,
    /// It says nothing within the request's time.
    Hangs {
        takes: bool,
    },
    /// It breaks the connection off.
    Resets {
        takes: bool,
    },
}

/// For how long a peer is in a mood. The last of a list counts.
#[derive(Clone, Debug)]
pub(crate) struct Spell {
    pub(crate) host: String,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) mood: Mood,
}

/// For how long no call of a kind goes well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) of: Call,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// How long after the beginning.
pub(crate) fn at(seconds: u64) -> Timestamp {
    BEGIN + Duration::from_secs(seconds)
}

pub(crate) fn target_host(project: usize, hook: usize) -> String {
    format!("t{project}-{hook}.example.net")
}

pub(crate) fn irkerd_host(irkerd: u8) -> String {
    format!("irkerd{irkerd}.example.net")
}

const IRKERDS: u64 = 2;

impl Plan {
    /// With these projects, and nothing that happens.
    pub(crate) fn quiet(seed: u64, projects: Vec<ProjectPlan>) -> Self {
        Self {
            seed,
            is_sqs: true,
            is_one_process: false,
            projects,
            doings: Vec::new(),
            spells: Vec::new(),
            outages: Vec::new(),
            faults: Source::Dice { seed, of_ten_thousand: 0 },
            calm_at: BEGIN,
            is_even: false,
        }
    }

    /// The history of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(mix(seed ^ 0x5EED));
        let projects: Vec<_> = (0..dice.between(1, 2)).map(|_| project(&mut dice)).collect();
        // Mostly minutes, sometimes hours: what piles up, and what waits.
        let lasts_s = *dice.pick(&[30, 120, 600, 3_600, 20_000]);
        let mut plan = Self::quiet(seed, projects);
        plan.is_sqs = dice.below(2) == 0;
        plan.is_one_process = dice.one_in(4);
        plan.calm_at = at(lasts_s + 60);
        plan.faults = Source::Dice { seed, of_ten_thousand: *dice.pick(&[0, 50, 100, 200, 400, 800]) };
        let events = dice.between(1, 8);
        for number in 0..events {
            let copies = if dice.one_in(4) { dice.between(2, 4) } else { 1 };
            let what = What::Event {
                project: number_below(&mut dice, 2),
                number: small(number),
                copies: small(copies),
            };
            plan.add(dice.below(lasts_s), what);
        }
        for number in 0..dice.below(5) {
            let what = doing(&mut dice, events, small(number));
            let is_command = matches!(what, What::Command { .. });
            plan.projects.iter_mut().for_each(|project| project.has_commands |= is_command);
            plan.add(dice.below(lasts_s), what);
        }
        for _ in 0..dice.below(5) {
            plan.spells.push(spell(&mut dice, lasts_s));
        }
        if dice.one_in(8) {
            let of = *dice.pick(&[Call::Read, Call::Write, Call::Send]);
            let from = dice.below(lasts_s);
            plan.outages.push(Outage { of, from: at(from), until: at(from + dice.between(5, 300)) });
        }
        plan.doings.sort_by_key(|doing| doing.at);
        plan
    }

    pub(crate) fn add(&mut self, seconds: u64, what: What) {
        self.doings.push(Doing { at: at(seconds), what });
    }
}

fn small<T: TryFrom<u64>>(number: u64) -> T {
    T::try_from(number).unwrap_or_else(|_| panic!("{number} is small"))
}

fn number_below(dice: &mut Dice, end: u64) -> usize {
    small(dice.below(end))
}

fn project(dice: &mut Dice) -> ProjectPlan {
    let hooks = (0..dice.below(4)).map(|_| HookPlan {
        ordered: dice.one_in(3),
        rate_limit: dice.one_in(6).then_some(6),
        retry_waits_s: dice.one_in(6).then(|| vec![1, 10, 600]),
    });
    let hooks: Vec<_> = hooks.collect();
    let irkerd = (hooks.is_empty() || dice.below(3) > 0).then(|| small(dice.below(IRKERDS)));
    ProjectPlan {
        irkerd,
        coalesce: dice.one_in(3),
        hooks,
        rate_limit: dice.one_in(10).then_some(30),
        has_commands: false,
    }
}

fn doing(dice: &mut Dice, events: u64, number: u32) -> What {
    let (project, hook) = (number_below(dice, 2), number_below(dice, 3));
    match dice.below(12) {
        0 => What::Save { project, change: Change::ToggleHook(hook) },
        1 => What::Save { project, change: Change::ToggleOrder(hook) },
        2 => What::Save { project, change: Change::MoveIrker(small(dice.below(IRKERDS))) },
        3 => What::Save { project, change: *dice.pick(&[Change::ToggleCoalescing, Change::Nothing]) },
        4 => What::Rotate { project },
        5 => What::Resend { number: small(dice.below(events)) },
        6 => What::Replay { project, hook },
        7 => What::Enable { project, hook },
        8 => What::Deploy,
        9 => What::Poison { queue: *dice.pick(&QueueName::ALL) },
        _ => {
            What::Command { project, number, copies: small(dice.between(1, 3)), is_cancelled: dice.one_in(3) }
        }
    }
}

fn spell(dice: &mut Dice, lasts_s: u64) -> Spell {
    let host = if dice.one_in(3) {
        irkerd_host(small(dice.below(IRKERDS)))
    } else {
        target_host(number_below(dice, 2), number_below(dice, 3))
    };
    let takes = dice.one_in(2);
    let retry_after_s = dice.one_in(3).then(|| dice.between(1, 4_000));
    let mood = match dice.below(8) {
        0 => Mood::Down,
        1 => Mood::Hangs { takes },
        2 => Mood::Resets { takes },
        3 => Mood::Status(410, None),
        4 => Mood::Status(404, None),
        5 => Mood::Status(429, retry_after_s),
        _ => Mood::Status(503, retry_after_s),
    };
    let from = dice.below(lasts_s);
    let lasts = *dice.pick(&[2, 20, 100, 1_000, 4_000]);
    Spell { host, from: at(from), until: at(from + lasts), mood }
}
