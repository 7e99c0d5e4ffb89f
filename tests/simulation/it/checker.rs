//! What must be true of every history, whatever went wrong in it. Each rule looks at what people were told, at what peers
//! heard, and at what is kept, and never at how the product came to it.
//!
//! Not here: commands and runs (`commands`), and what waits (`waiting`).

use std::collections::BTreeMap;

use app::clock::Timestamp;
use app::deliveries::{self, DeliveryRecord, DeliveryState};
use app::events;
use app::ids::EventId;
use app::queue::QueueName;
use config::TargetId;
use relay::Outcome;

use crate::ears::is_leak;
use crate::peers::Asked;
use crate::people::{People, REMEMBERED, Told, mark_of};
use crate::queue::Sent;
use crate::{commands, settings};

/// What is not true that should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: Rule,
    pub(crate) text: String,
}

/// What should be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// A 2xx is a promise.
    Kept,
    /// An accepted event has exactly the deliveries of its project's targets.
    Deliveries,
    /// Each delivery ends, in one state, and where that state says.
    Ended,
    /// What is done has arrived.
    Arrived,
    /// What was never accepted is told nobody.
    Invented,
    /// What arrived comes again only where something went wrong, and under the same id.
    Once,
    /// In the order in which it came in, where order is promised.
    Order,
    /// Nothing waits beyond its time.
    Stuck,
    /// Dead letters are our own faults.
    DeadLetter,
    /// No secret is logged, kept in clear or told.
    Secret,
    /// A sender that proves itself is never turned away.
    Admitted,
    /// A command counts once.
    Command,
    /// A run is never begun twice, and ends.
    Run,
}

/// What is known of one delivery in the end.
struct Kept {
    name: String,
    event: EventId,
    target: TargetId,
    number: u32,
    record: Option<DeliveryRecord>,
    stamp: app::ids::Stamp,
}

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    pub(crate) fn unless(&mut self, holds: bool, rule: Rule, text: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Finding { rule, text: text() });
        }
    }
}

/// Looks at a history that is over.
pub(crate) async fn check(people: &People) -> Vec<Finding> {
    let mut findings = Findings::default();
    let kept = kept(people, &mut findings).await;
    for delivery in &kept {
        ended(people, delivery, &mut findings);
    }
    requests(people, &kept, &mut findings);
    lines(people, &kept, &mut findings);
    order(people, &kept, &mut findings);
    secrets(people, &mut findings);
    for project in people.old_secrets_taken.lock().expect("nobody panics in it").iter() {
        findings
            .unless(false, Rule::Admitted, || format!("project {project} takes a secret whose time is over"));
    }
    people.kept.lock().expect("nobody panics in it").extend(kept.into_iter().filter_map(|kept| kept.record));
    commands::check(people, &mut findings).await;
    findings.0
}

/// All deliveries of all accepted events, held against what their forges were told.
async fn kept(people: &People, findings: &mut Findings) -> Vec<Kept> {
    let app = people.house.app();
    let told = people.told.lock().expect("nobody panics in it").clone();
    let mut kept = Vec::new();
    for told in &told {
        let Told { event, number, accepted, repeated, .. } = told;
        for refusal in &told.refusals {
            let is_ours = ["Store(", "Queue(", "TooLate"].iter().any(|begin| refusal.starts_with(begin));
            let is_idle =
                refusal.starts_with("Ignored") && possible_targets(people, told).contains(&Vec::new());
            findings.unless(is_ours || is_idle, Rule::Admitted, || {
                format!("event {number} is answered {refusal}")
            });
            findings
                .unless(!is_leak(refusal), Rule::Secret, || format!("event {number} is answered {refusal}"));
        }
        // What was kept for two weeks may come again.
        let times = 1 + u32::from(told.last_at.since(told.first_at) >= events::KEPT);
        findings.unless(*accepted <= times, Rule::Kept, || {
            format!("event {number} is accepted {accepted} times")
        });
        let row = events::accepted(&app, event).await.expect("nobody fails the checker");
        let Some(row) = row else {
            let holds = accepted + repeated == 0;
            findings.unless(holds, Rule::Kept, || format!("event {number} had a 2xx, and is not kept"));
            continue;
        };
        let holds = possible_targets(people, told).contains(&row.targets);
        findings.unless(holds, Rule::Deliveries, || format!("event {number} is for {:?}", row.targets));
        for target in row.targets {
            let record = deliveries::find(&app, event, target).await.expect("nobody fails the checker");
            let (name, event, stamp) = (event.delivery_id(target), event.clone(), row.stamp.clone());
            kept.push(Kept { name, event, target, number: *number, record, stamp });
        }
    }
    kept
}

/// The targets that an event may have: by any configuration that somebody may have had in hand.
fn possible_targets(people: &People, told: &Told) -> Vec<Vec<TargetId>> {
    let configured = people.configured[told.project].lock().expect("nobody panics in it");
    let versions = &configured.versions;
    let may_count = |index: &usize| {
        let ended_at = versions.get(index + 1).and_then(|(_, saved_at, _)| *saved_at);
        versions[*index].0 <= told.last_at && ended_at.is_none_or(|at| at + REMEMBERED >= told.first_at)
    };
    (0..versions.len()).filter(may_count).map(|index| settings::targets(&versions[index].2)).collect()
}

/// Whether a delivery is over, and found where its state says.
fn ended(people: &People, kept: &Kept, findings: &mut Findings) {
    let Kept { name, event, target, record, .. } = kept;
    let world = &people.house.world;
    match record.as_ref().map(|record| &record.state) {
        None => findings.unless(false, Rule::Ended, || format!("{name} was never tried")),
        Some(DeliveryState::Waiting { due_at }) => {
            findings.unless(false, Rule::Ended, || format!("{name} waits for {due_at} in no queue"));
        }
        Some(DeliveryState::Parked { .. }) => {
            let rows = world.rows();
            let end = format!("#{event}");
            let is_found = rows
                .of(&format!("parked#{target}"), world.now())
                .any(|row| row.item.key.sort.ends_with(&end));
            findings.unless(is_found, Rule::Ended, || format!("{name} is parked where nobody finds it"));
        }
        Some(DeliveryState::Done) => {}
    }
}

fn is_yes(asked: &Asked) -> bool {
    (200..300).contains(&asked.status)
}

/// What HTTP targets heard, held against what is kept.
fn requests(people: &People, kept: &[Kept], findings: &mut Findings) {
    let world = &people.house.world;
    let (book, tasks) = (world.book(), world.tasks());
    let mut by_id: BTreeMap<&str, Vec<&Asked>> = BTreeMap::new();
    for asked in book.requests.iter().filter(|asked| asked.host.starts_with('t')) {
        by_id.entry(&asked.id).or_default().push(asked);
    }
    let known: BTreeMap<&str, &Kept> = kept.iter().map(|kept| (kept.name.as_str(), kept)).collect();
    for (id, heard) in &by_id {
        let Some(kept) = known.get(id) else {
            findings.unless(false, Rule::Invented, || format!("{id} was posted, and never accepted"));
            continue;
        };
        let mark = mark_of(kept.number);
        let is_whole = heard.iter().all(|asked| contains(&asked.body, mark.as_bytes()));
        findings.unless(is_whole, Rule::Arrived, || format!("{id} was posted with another's body"));
        for (index, pair) in heard.windows(2).enumerate() {
            let [first, second] = pair else { continue };
            let is_explained = !is_yes(first)
                || !first.is_known
                || first.by.is_disturbed()
                || second.by.is_disturbed()
                || tasks.may_come_twice(id)
                || second.at.since(first.at) >= events::KEPT
                || was_asked_again(people, kept, second.at);
            if is_yes(first) && is_explained {
                world.counts.lock().expect("nobody panics in it").duplicates += 1;
            }
            findings.unless(is_explained, Rule::Once, || {
                format!(
                    "{id} had arrived by {} #{}, and came again (request {})",
                    first.by.role,
                    first.by.number,
                    index + 2
                )
            });
        }
    }
    for kept in kept.iter().filter(|kept| matches!(kept.target, TargetId::Hook(..))) {
        let Some(record) = &kept.record else { continue };
        let yes = by_id.get(kept.name.as_str()).into_iter().flatten().filter(|asked| is_yes(asked)).count();
        let last = record.attempts.last().map(|attempt| &attempt.outcome);
        if record.state == DeliveryState::Done && last != Some(&Outcome::Gone) {
            findings.unless(yes > 0, Rule::Arrived, || format!("{} is done, and never arrived", kept.name));
        }
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// Whether somebody asked for a delivery once more, before then.
fn was_asked_again(people: &People, kept: &Kept, before: Timestamp) -> bool {
    let asked_again = people.asked_again.lock().expect("nobody panics in it");
    asked_again.iter().any(|asked| {
        asked.target == kept.target
            && asked.at <= before
            && asked.event.as_ref().is_none_or(|event| *event == kept.event)
    })
}

/// What irkerds heard, held against what is kept.
fn lines(people: &People, kept: &[Kept], findings: &mut Findings) {
    let world = &people.house.world;
    let (book, tasks) = (world.book(), world.tasks());
    let irker: Vec<_> = kept.iter().filter(|kept| matches!(kept.target, TargetId::Irker(_))).collect();
    for heard in &book.lines {
        let is_told = heard.text.contains("mark");
        let is_known = irker.iter().any(|kept| heard.text.contains(&mark_of(kept.number)));
        findings.unless(!is_told || is_known, Rule::Invented, || format!("never accepted: {}", heard.text));
    }
    for kept in irker {
        let Some(record) = &kept.record else { continue };
        let mark = mark_of(kept.number);
        let heard: Vec<_> = book.lines.iter().filter(|line| line.text.contains(&mark)).collect();
        let last = record.attempts.last().map(|attempt| &attempt.outcome);
        // One that is told for many is in a line without marks.
        let is_summed_up = book.lines.iter().any(|line| !line.text.contains("mark"));
        if record.state == DeliveryState::Done && last == Some(&Outcome::HandedOver) {
            let is_told = !heard.is_empty() || is_summed_up;
            findings
                .unless(is_told, Rule::Arrived, || format!("{} is done, and no irkerd heard it", kept.name));
        }
        for pair in heard.windows(2) {
            let [first, second] = pair else { continue };
            let is_explained = first.text != second.text
                || !first.is_known
                || first.by.is_disturbed()
                || second.by.is_disturbed()
                || tasks.may_come_twice(&kept.name)
                || was_asked_again(people, kept, second.at)
                || has_moved(people, kept.target);
            findings.unless(is_explained, Rule::Once, || {
                format!("said once more at {}: {}", second.irkerd, second.text.trim_end())
            });
        }
    }
}

/// Whether the settings of a project's irker were changed: then what is half said is said anew.
fn has_moved(people: &People, target: TargetId) -> bool {
    let TargetId::Irker(project) = target else { return false };
    people.configured.iter().any(|configured| {
        let configured = configured.lock().expect("nobody panics in it");
        let mut irkers = configured.versions.iter().map(|(_, _, version)| &version.irker);
        configured.versions[0].2.id == project && irkers.any(|irker| *irker != configured.versions[0].2.irker)
    })
}

/// Within a group of an ordered queue, what comes first arrives first.
fn order(people: &People, kept: &[Kept], findings: &mut Findings) {
    let world = &people.house.world;
    let (book, tasks) = (world.book(), world.tasks());
    let mut groups: BTreeMap<(QueueName, &str), Vec<(u64, &Kept)>> = BTreeMap::new();
    for kept in kept {
        let sent = |queue: QueueName| {
            let is_it = move |sent: &&Sent| sent.task.queue() == queue && counts(sent, kept);
            tasks.sent.iter().filter(is_it)
        };
        let is_parked = kept
            .record
            .as_ref()
            .is_none_or(|record| record.state != DeliveryState::Done || record.begun_after > 0);
        let is_late =
            is_parked || tasks.redriven.contains(&kept.name) || was_asked_again(people, kept, world.now());
        let first = sent(QueueName::Irker).chain(sent(QueueName::HttpOrdered)).min_by_key(|sent| sent.seq);
        // What was in two queues had two orders.
        let is_elsewhere = sent(QueueName::Http).next().is_some();
        if let Some(first) = first.filter(|_| !is_late && !is_elsewhere) {
            groups.entry((first.task.queue(), &first.group)).or_default().push((first.seq, kept));
        }
    }
    for ((_, group), mut deliveries) in groups {
        deliveries.sort_by_key(|(seq, _)| *seq);
        let arrived_at = |kept: &Kept| match kept.target {
            TargetId::Hook(..) => {
                book.requests.iter().position(|asked| asked.id == kept.name && is_yes(asked))
            }
            TargetId::Irker(_) => {
                let mark = mark_of(kept.number);
                book.lines.iter().position(|line| line.text.contains(&mark))
            }
        };
        let arrived: Vec<_> =
            deliveries.iter().filter_map(|(_, kept)| Some((arrived_at(kept)?, kept.number))).collect();
        for pair in arrived.windows(2) {
            let [(first_at, first), (second_at, second)] = pair else { continue };
            findings.unless(first_at < second_at, Rule::Order, || {
                format!("at {group}, event {second} came before event {first}")
            });
        }
    }
}

/// Whether a task is a delivery's, and not void.
fn counts(sent: &Sent, kept: &Kept) -> bool {
    sent.task.delivery().is_some_and(|delivery| {
        delivery.event == kept.event && delivery.target == kept.target && delivery.stamp == kept.stamp
    })
}

/// No row and no task holds a secret in clear.
fn secrets(people: &People, findings: &mut Findings) {
    let world = &people.house.world;
    for (key, stored) in &world.rows().rows {
        let shown = || format!("{} {}: {}", key.partition, key.sort, stored.item.document);
        findings.unless(!is_leak(&stored.item.document), Rule::Secret, shown);
        let blob = stored.item.blob.as_deref().unwrap_or_default();
        findings.unless(!contains(blob, settings::PLANTED.as_bytes()), Rule::Secret, shown);
    }
    for sent in &world.tasks().sent {
        let body = serde_json::to_string(&sent.task).expect("tasks serialise");
        findings.unless(!is_leak(&body), Rule::Secret, || body.clone());
    }
}
