//! A plan happens: everybody does what is planned, until nothing is left to be done.
//!
//! All of it in one thread, in the order of simulated time, so that a plan happens in the same way each time.
//!
//! Not here: what must be true in the end (`checker`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::subscriber::with_default;

use crate::checker::{self, Finding, Rule};
use crate::defects::Defect;
use crate::ears::Ears;
use crate::faults::{Faults, Struck};
use crate::house::House;
use crate::peers::{Book, Peers};
use crate::people::{People, Told};
use crate::plan::Plan;
use crate::pump::{next_sweep, pump, sweeper};
use crate::report::Report;
use crate::waiting;
use crate::world::{BEGIN, Setting, World};

/// How long after the last trouble everything is over: a delivery is given up after a week, and its target may be left alone
/// for a day.
const REST_MAX: Duration = Duration::from_hours(9 * 24);

/// How long people may take for what they have begun: they try again every five minutes.
const PEOPLE_MAX: Duration = Duration::from_hours(24);

/// How often somebody looks whether all is over; more and more rarely.
const LOOK: [Duration; 2] = [Duration::from_secs(1), Duration::from_mins(10)];

/// What happened.
pub(crate) struct History {
    pub(crate) findings: Vec<Finding>,
    /// The faults that the dice threw, or the list had.
    pub(crate) struck: Vec<Struck>,
    pub(crate) report: Report,
    /// What peers heard.
    pub(crate) book: Book,
    /// What forges were told.
    pub(crate) told: Vec<Told>,
    /// As people read it, if it was to be told.
    pub(crate) tale: String,
}

/// Has a plan happen.
pub(crate) fn happen(plan: &Plan, (defect, is_told): (Option<Defect>, bool)) -> History {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let ears = Ears::default();
    let mut history = with_default(ears.clone(), || {
        runtime.expect("a runtime without IO").block_on(within(plan, (defect, is_told)))
    });
    for line in ears.leaks.lock().expect("nobody panics in it").drain(..) {
        history.findings.push(Finding { rule: Rule::Secret, text: format!("the log says: {line}") });
    }
    history
}

async fn within(plan: &Plan, (defect, is_told): (Option<Defect>, bool)) -> History {
    let world = World::new(Setting {
        faults: Faults::new(plan.faults.clone()),
        calm_at: plan.calm_at,
        outages: plan.outages.clone(),
        noise: plan.seed,
        is_even: plan.is_even,
        is_sqs: plan.is_sqs,
        defect,
        is_told,
    });
    world.tasks().overtakes = defect == Some(Defect::QueueOvertakes);
    let peers = Peers { world: Arc::clone(&world), spells: Arc::new(plan.spells.clone()) };
    let house = House::new(&world, peers, (plan.seed, plan.is_one_process));
    let people = People::new(Arc::clone(&house), plan);
    people.begin().await;
    if defect == Some(Defect::LogsSecret) {
        tracing::info!(secret = %crate::settings::source_secret(0, 0), "a defect");
    }
    let mut loops = JoinSet::new();
    loops.spawn(pump(Arc::clone(&house)));
    loops.spawn(sweeper(Arc::clone(&house)));
    let mut doings = JoinSet::new();
    for doing in &plan.doings {
        let (people, doing, now) = (Arc::clone(&people), doing.clone(), world.now());
        doings.spawn(async move {
            sleep(doing.at.since(now)).await;
            people.make(doing.what).await;
        });
    }
    let mut findings = Vec::new();
    let last = plan.doings.iter().map(|doing| doing.at).max().unwrap_or(BEGIN).max(plan.calm_at);
    let ended = timeout(last.since(world.now()) + PEOPLE_MAX, async {
        while let Some(ended) = doings.join_next().await {
            if let Err(error) = ended {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    });
    if ended.await.is_err() {
        findings.push(Finding {
            rule: Rule::Stuck,
            text: "a forge, or an operator, gets no good answer".to_owned(),
        });
    }
    findings.extend(come_to_rest(&world, &people).await);
    loops.shutdown().await;
    findings.extend(checker::check(&people).await);
    let struck = std::mem::take(&mut world.faults.lock().expect("nobody panics in it").struck);
    let report = Report::of(&people, &struck, &findings);
    let tale =
        world.tale.as_ref().map(|tale| std::mem::take(&mut *tale.lock().expect("nobody panics in it")));
    let book = std::mem::take(&mut *world.book());
    let told = std::mem::take(&mut *people.told.lock().expect("nobody panics in it"));
    History { findings, struck, report, book, told, tale: tale.unwrap_or_default() }
}

/// Waits until nothing is left to be done; what was set aside is brought back once.
async fn come_to_rest(world: &World, people: &People) -> Vec<Finding> {
    let mut findings = Vec::new();
    let deadline = world.now().max(world.calm_at) + REST_MAX;
    let (mut pause, mut is_redriven) = (LOOK[0], false);
    while world.now() < deadline {
        let is_quiet = world.busy.load(Ordering::Relaxed) == 0
            && world.tasks().held.is_empty()
            && (next_sweep(world).is_none() || world.defect == Some(Defect::NoSweep));
        if is_quiet && !is_redriven && world.now() < world.troubled_until() {
            // Nobody brings anything back before it is mended.
            sleep(world.troubled_until().since(world.now())).await;
            continue;
        }
        if is_quiet && !is_redriven {
            findings.extend(waiting::check_dead_letters(world));
            is_redriven = true;
            if people.redrive() > 0 {
                world.tell(|| "what was set aside is brought back".to_owned());
                world.stirred.notify_one();
                continue;
            }
        }
        if is_quiet {
            return findings;
        }
        findings.extend(waiting::check_due(people).await);
        if !findings.is_empty() {
            return findings;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LOOK[1]);
    }
    let (held, busy) = (world.tasks().held.len(), world.busy.load(Ordering::Relaxed));
    let text = format!(
        "it does not come to rest: {held} tasks are queued, {busy} invocations under way, a sweep is due at {:?}",
        next_sweep(world)
    );
    findings.push(Finding { rule: Rule::Stuck, text });
    findings
}
