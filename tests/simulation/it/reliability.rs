//! Promises of reliability, each tried by a history that is made for it. They are found by their numbers: `test_14_...` is
//! test 14 of the list in `tests/REPORT.md`.
//!
//! Not here: what thousands of other histories try as well (`seeds`).

use std::collections::BTreeMap;
use std::time::Duration;

use app::clock::Chance;
use app::queue::QueueName;
use relay::Patience;
use relay::schedule::{Retry, Schedule, Tried};

use crate::dice::Dice;
use crate::faults::{Call, Fault, Source, Struck};
use crate::history::{History, happen};
use crate::peers::Asked;
use crate::people::Told;
use crate::plan::{
    Change, HookPlan, Mood, Outage, Plan, ProjectPlan, Spell, What, at, irkerd_host, target_host,
};

const HOUR: u64 = 3_600;

/// A project with hooks, and no channel.
fn hooks(count: usize) -> ProjectPlan {
    let hooks = vec![HookPlan::default(); count];
    ProjectPlan { irkerd: None, coalesce: false, hooks, rate_limit: None, has_commands: false }
}

/// A project with a channel, and no hooks.
fn channel() -> ProjectPlan {
    ProjectPlan { irkerd: Some(0), ..hooks(0) }
}

fn event(number: u32) -> What {
    What::Event { project: 0, number, copies: 1 }
}

/// The first hook's target, or an irkerd, is in a mood between two seconds.
fn spell(host: String, (from, until): (u64, u64), mood: Mood) -> Spell {
    Spell { host, from: at(from), until: at(until), mood }
}

/// A history in which all rules hold.
fn sound(plan: &Plan) -> History {
    let history = happen(plan, (None, false));
    assert_eq!(history.findings, []);
    history
}

fn yes(history: &History) -> Vec<&Asked> {
    history.book.requests.iter().filter(|asked| asked.status == 200).collect()
}

#[test]
fn test_01_a_receiver_that_is_killed_at_any_moment_loses_nothing() {
    for point in 0..1_000 {
        let mut dice = Dice::new(point);
        let mut plan = Plan::quiet(point, vec![hooks(1)]);
        (0..10).for_each(|number| plan.add(0, event(number)));
        let mut struck = || Struck {
            call: *dice.pick(&[Call::Read, Call::Write, Call::Send]),
            number: u32::try_from(dice.below(30)).expect("it is small"),
            fault: *dice.pick(&[Fault::CrashBefore, Fault::CrashAfter]),
        };
        plan.faults = Source::List((0..5).map(|_| struck()).collect());
        let history = sound(&plan);
        assert_eq!(history.report.get("events_accepted"), 10, "point {point}");
    }
}

#[test]
fn test_02_while_the_queue_is_out_nobody_is_told_that_an_event_is_kept_and_all_come_again() {
    let mut plan = Plan::quiet(2, vec![hooks(1)]);
    (0..20).for_each(|number| plan.add(u64::from(number) * 10, event(number)));
    plan.outages.push(Outage { of: Call::Send, from: at(0), until: at(300) });
    let history = sound(&plan);
    assert!(history.report.get("answers_not_2xx") >= 20);
    assert!(history.told.iter().all(|told| told.slowest < Duration::from_secs(3)));
    assert!(history.told.iter().all(|told| told.last_at > at(300)), "no 2xx before");
    assert_eq!(yes(&history).len(), 20);
}

#[test]
fn test_05_a_hundred_copies_at_once_are_one_event() {
    let mut plan = Plan::quiet(5, vec![hooks(1)]);
    for number in 0..100 {
        plan.add(u64::from(number) * 5, What::Event { project: 0, number, copies: 100 });
    }
    let history = sound(&plan);
    let answers = |told: &Told| (told.accepted, told.repeated);
    assert!(
        history.told.iter().all(|told| answers(told) == (1, 99)),
        "one is accepted, all others are known"
    );
    assert_eq!(yes(&history).len(), 100);
}

#[test]
fn test_06_tasks_that_come_twice_and_crashes_after_the_post_repeat_no_more_than_they_must() {
    let mut plan = Plan::quiet(6, vec![hooks(1)]);
    (0..50).for_each(|number| plan.add(u64::from(number) * 30, event(number)));
    let doubles = (0..60).map(|number| Struck { call: Call::Send, number, fault: Fault::Double });
    let crashes =
        (0..10).map(|number| Struck { call: Call::Http, number: number * 5, fault: Fault::CrashAfter });
    plan.faults = Source::List(doubles.chain(crashes).collect());
    let history = sound(&plan);
    let mut heard: BTreeMap<&str, usize> = BTreeMap::new();
    for asked in yes(&history) {
        *heard.entry(&asked.id).or_default() += 1;
    }
    assert_eq!(heard.len(), 50, "each at least once, under its one id");
    // Two copies that are under way at once may both be posted, and a crash after a post repeats it.
    let extras = heard.values().sum::<usize>() - 50;
    assert!(extras <= 50 + 10, "{heard:?}");
}

#[test]
fn test_07_an_id_that_has_expired_and_is_still_stored_is_new() {
    let mut plan = Plan::quiet(7, vec![hooks(1)]);
    plan.add(0, event(1));
    plan.add(60, event(1));
    plan.add(15 * 24 * HOUR, event(1));
    let history = sound(&plan);
    assert_eq!(history.told.len(), 1, "the same id");
    assert_eq!((history.told[0].accepted, history.told[0].repeated), (2, 1));
    assert_eq!(yes(&history).len(), 2);
}

#[test]
fn test_08_one_poisoned_task_of_ten_is_a_dead_letter_and_holds_nobody_up() {
    for (is_sqs, queue) in
        [(false, QueueName::Http), (true, QueueName::Http), (false, QueueName::HttpOrdered)]
    {
        let ordered = HookPlan { ordered: queue.is_ordered(), ..HookPlan::default() };
        let mut plan = Plan::quiet(8, vec![ProjectPlan { hooks: vec![ordered], ..hooks(1) }]);
        plan.is_sqs = is_sqs;
        plan.add(0, What::Poison { queue });
        (0..9).for_each(|number| plan.add(0, event(number)));
        let history = sound(&plan);
        assert_eq!(yes(&history).len(), 9);
        assert_eq!(history.report.get("dead_letters_left"), 1);
    }
}

#[test]
fn test_09_what_targets_do_never_makes_a_dead_letter() {
    let moods = [
        Mood::Status(404, None),
        Mood::Status(410, None),
        Mood::Status(429, Some(30)),
        Mood::Status(500, None),
        Mood::Status(503, Some(4_000)),
        Mood::Hangs { takes: false },
        Mood::Hangs { takes: true },
        Mood::Resets { takes: false },
        Mood::Down,
        Mood::Well,
    ];
    for is_sqs in [true, false] {
        let mut plan = Plan::quiet(9, vec![hooks(moods.len())]);
        plan.is_sqs = is_sqs;
        for (hook, mood) in moods.iter().enumerate() {
            plan.spells.push(spell(target_host(0, hook), (0, 300 * 24 * HOUR), *mood));
        }
        (0..200).for_each(|number| plan.add(u64::from(number), event(number)));
        let history = sound(&plan);
        assert_eq!(history.report.get("dead_letters_left"), 0);
        assert_eq!(history.report.get("deliveries_done") + history.report.get("deliveries_parked"), 2_000);
        assert!(history.report.get("deliveries_parked") >= 1_400);
    }
}

#[test]
fn test_11_no_attempt_comes_early_and_a_herd_is_spread() {
    let mut plan = Plan::quiet(11, vec![hooks(1)]);
    plan.spells.push(spell(target_host(0, 0), (0, 20 * HOUR), Mood::Status(503, None)));
    plan.add(0, event(1));
    let history = sound(&plan);
    let times: Vec<_> = history.book.requests.iter().map(|asked| asked.at).collect();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    let planned = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map(Duration::from_secs);
    assert_eq!(gaps.len(), planned.len());
    for (gap, planned) in gaps.iter().zip(planned) {
        // A tenth of it, and a sweep of each minute.
        let latest = planned.mul_f64(1.1) + Duration::from_secs(125);
        assert!((planned..latest).contains(gap), "{gap:?} instead of {planned:?}");
    }

    let (chance, mut seconds) = (Chance::seeded(11), BTreeMap::new());
    for _ in 0..10_000 {
        let tried = Tried { attempts: 4, age: Duration::ZERO };
        let retry = Retry { at_least: None, patience: Patience::Full };
        let wait = Schedule::Http.wait(tried, retry, chance.fraction()).expect("there is a fifth attempt");
        *seconds.entry(wait.as_secs()).or_insert(0) += 1;
    }
    assert!(seconds.values().all(|count| *count <= 200), "at most 2 % in any second: {seconds:?}");
}

#[test]
fn test_12_a_delivery_may_be_tried_far_more_than_sixteen_times() {
    let mut plan = Plan::quiet(12, vec![channel()]);
    plan.spells.push(spell(irkerd_host(0), (0, 40 * 60), Mood::Down));
    plan.add(0, event(1));
    let history = sound(&plan);
    assert!(history.report.get("attempts") > 40, "{}", history.report);
    assert_eq!(history.book.lines.len(), 1);
}

#[test]
fn test_14_a_target_that_is_down_for_an_hour_is_left_in_peace_and_gets_all_of_it_gently() {
    const EVENTS: u32 = 1_800;
    let mut plan = Plan::quiet(14, vec![hooks(1)]);
    plan.spells.push(spell(target_host(0, 0), (0, HOUR), Mood::Status(503, None)));
    (0..EVENTS).for_each(|number| plan.add(u64::from(number) * 4, event(number)));
    let history = sound(&plan);
    let failed = history.book.requests.iter().filter(|asked| asked.status == 503).count();
    // Four that are let pass, those under way with the fourth, and one after each rest of 1, 2, 4 ... minutes.
    assert!(failed <= 12, "{failed}");
    let mut minutes: BTreeMap<u64, u64> = BTreeMap::new();
    for asked in yes(&history) {
        *minutes.entry(asked.at.since(at(0)).as_secs() / 60).or_default() += 1;
    }
    let first = *minutes.keys().next().expect("it comes back");
    for (minute, count) in &minutes {
        // What comes in anew, fifteen a minute, and what has waited: sixteen, then twice as many each minute.
        let doublings = u32::try_from((minute - first).min(10)).expect("it is small");
        assert!(*count <= 2 * 15 + 16 * 2_u64.pow(doublings) + 16, "minute {minute}: {minutes:?}");
    }
    assert_eq!(yes(&history).len(), EVENTS as usize);
}

#[test]
fn test_18_a_secret_is_exchanged_under_load_and_nobody_is_turned_away() {
    let mut plan = Plan::quiet(18, vec![hooks(1)]);
    (0..600).for_each(|number| plan.add(u64::from(number), event(number)));
    plan.add(100, What::Rotate { project: 0 });
    plan.add(320, What::Rotate { project: 0 });
    // The old one is tried when it has ended, and must be refused: see `people::rotate`.
    let history = sound(&plan);
    assert_eq!(history.report.get("answers_not_2xx"), 0);
    assert_eq!(yes(&history).len(), 600);
}

/// A history of hours with every kind of trouble, an edit of the settings and a deployment each hour.
fn soak(seed: u64, hours: u64) -> Plan {
    let mut dice = Dice::new(seed);
    let ordered = HookPlan { ordered: true, ..HookPlan::default() };
    let one = ProjectPlan {
        has_commands: true,
        irkerd: Some(0),
        hooks: vec![HookPlan::default(), ordered],
        ..hooks(0)
    };
    let other = ProjectPlan { irkerd: Some(1), coalesce: true, ..hooks(2) };
    let mut plan = Plan::quiet(seed, vec![one, other]);
    plan.faults = Source::Dice { seed, of_ten_thousand: 500 };
    plan.calm_at = at(hours * HOUR);
    let mut number = 0;
    for hour in 0..hours {
        let second = |dice: &mut Dice| hour * HOUR + dice.below(HOUR);
        for _ in 0..15 {
            let copies = if dice.one_in(5) { 2 } else { 1 };
            let project = usize::from(dice.one_in(2));
            plan.add(second(&mut dice), What::Event { project, number, copies });
            number += 1;
        }
        let change = *dice.pick(&[Change::Nothing, Change::ToggleCoalescing, Change::ToggleHook(0)]);
        plan.add(second(&mut dice), What::Save { project: usize::from(dice.one_in(2)), change });
        plan.add(second(&mut dice), What::Deploy);
        plan.add(
            second(&mut dice),
            What::Command { project: 0, number, copies: 2, is_cancelled: dice.one_in(3) },
        );
        let hosts = [target_host(0, 0), target_host(0, 1), target_host(1, 0), irkerd_host(0), irkerd_host(1)];
        let host = dice.pick(&hosts).clone();
        let mood = *dice.pick(&[Mood::Status(503, None), Mood::Down, Mood::Hangs { takes: true }]);
        let from = second(&mut dice);
        plan.spells.push(spell(host, (from, from + dice.between(10, 1_200)), mood));
    }
    plan.doings.sort_by_key(|doing| doing.at);
    plan
}

#[test]
fn test_20_three_days_of_chaos_and_nothing_is_lost_stuck_or_out_of_order() {
    let history = sound(&soak(20, 72));
    println!("{}", history.report);
    assert_eq!(history.report.get("events_accepted"), 72 * 15);
    assert!(history.report.get("crashes") > 100);
}

#[test]
fn a_day_of_chaos_on_one_machine() {
    let plan = Plan { is_one_process: true, is_sqs: false, ..soak(24, 24) };
    let history = sound(&plan);
    assert!(history.report.get("simulated_seconds") >= 24 * HOUR);
    assert_eq!(history.report.get("events_accepted"), 24 * 15);
}
