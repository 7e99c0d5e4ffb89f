//! What must be true of what waits: it is not late, and it is not set aside without five faults of ours.
//!
//! Not here: what must be true in the end (`checker`).

use std::collections::BTreeSet;
use std::time::Duration;

use app::deliveries::{self, DeliveryState};
use app::events;

use crate::checker::{Finding, Findings, Rule};
use crate::people::People;
use crate::queue::name_of;
use crate::world::World;

/// How late an attempt may be that nothing holds up: a lease of a process that died, the longest wait in a queue, and two
/// sweeps.
const LATE_MAX: Duration = Duration::from_mins(40);

/// What was set aside was tried five times, and is a fault of ours.
pub(crate) fn check_dead_letters(world: &World) -> Vec<Finding> {
    let mut findings = Findings::default();
    let tasks = world.tasks();
    for dead in &tasks.dead {
        let Ok(task) = serde_json::from_str(&dead.body) else { continue };
        let name = name_of(&task);
        let is_ours = tasks.faulted.get(&name).copied().unwrap_or_default() >= app::queue::FAULTS_MAX;
        findings.unless(is_ours, Rule::DeadLetter, || format!("{name} is a dead letter of {:?}", dead.queue));
    }
    findings.0
}

/// Nothing that is due, and that nothing holds up, is late.
pub(crate) async fn check_due(people: &People) -> Vec<Finding> {
    let world = &people.house.world;
    let now = world.now();
    // While there is trouble, there is a reason.
    if now < world.calm_at + LATE_MAX {
        return Vec::new();
    }
    let mut findings = Findings::default();
    let app = people.house.app();
    // What is set aside waits for an operator, and is late when it comes back; what is ordered waits for what is before it.
    let held_up: BTreeSet<_> = {
        let tasks = world.tasks();
        let ordered = tasks.sent.iter().filter(|sent| sent.task.queue().is_ordered());
        let set_aside = tasks.dead.iter().filter_map(|held| serde_json::from_str(&held.body).ok());
        let set_aside = set_aside.map(|task| name_of(&task)).chain(tasks.redriven.iter().cloned());
        ordered.map(|sent| name_of(&sent.task)).chain(set_aside).collect()
    };
    let events: Vec<_> =
        people.told.lock().expect("nobody panics in it").iter().map(|told| told.event.clone()).collect();
    for event in events {
        let accepted = events::accepted(&app, &event).await.expect("nobody fails the checker");
        for target in accepted.into_iter().flat_map(|accepted| accepted.targets) {
            let name = event.delivery_id(target);
            let record = deliveries::find(&app, &event, target).await.expect("nobody fails the checker");
            let health = app::targets::health(&app, target).await.expect("nobody fails the checker");
            let is_free = health == relay::breaker::Health::default() && !held_up.contains(&name);
            let Some(DeliveryState::Waiting { due_at }) = record.map(|record| record.state) else { continue };
            findings.unless(!is_free || due_at + LATE_MAX > now, Rule::Stuck, || {
                format!("{name} was due at {due_at}, and it is {now}")
            });
        }
    }
    findings.0
}
