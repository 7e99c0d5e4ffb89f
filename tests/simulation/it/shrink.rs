//! Makes a plan shorter for as long as the same rule is still broken.
//!
//! Parts are taken away, halves first, then one by one. What is left is not the shortest plan there is, but one from which
//! nothing can be taken away.
//!
//! Not here: what is found (`checker`).

use std::fmt::Write as _;

use crate::checker::Rule;
use crate::defects::Defect;
use crate::faults::Source;
use crate::history::{History, happen};
use crate::plan::Plan;

/// How many plans are tried: a minute's worth.
const TRIES_MAX: usize = 1_500;

/// How many earlier calls are tried for a fault.
const EARLIER_MAX: u32 = 20;

struct Shrinking {
    plan: Plan,
    rule: Rule,
    defect: Option<Defect>,
    tries: usize,
}

/// Gives the shortest plan that was found, and its history as it is told.
pub(crate) fn shrink(plan: &Plan, (rule, defect): (Rule, Option<Defect>)) -> (Plan, History) {
    let struck = happen(plan, (defect, false)).struck;
    let mut shrinking = Shrinking { plan: plan.clone(), rule, defect, tries: 0 };
    shrinking.accept(Plan { faults: Source::List(struck), ..plan.clone() });
    loop {
        let before = weight(&shrinking.plan);
        shrinking.lists();
        shrinking.simplify();
        shrinking.renumber();
        if weight(&shrinking.plan) == before || shrinking.tries >= TRIES_MAX {
            break;
        }
    }
    let history = happen(&shrinking.plan, (defect, true));
    (shrinking.plan, history)
}

/// How many parts a plan has.
pub(crate) fn size(plan: &Plan) -> usize {
    let faults = if let Source::List(list) = &plan.faults { list.len() } else { usize::MAX / 2 };
    let hooks: usize = plan.projects.iter().map(|project| project.hooks.len()).sum();
    faults + plan.doings.len() + plan.spells.len() + plan.outages.len() + plan.projects.len() + hooks
}

/// The same, and how late its faults strike: an earlier one may need fewer doings before it.
fn weight(plan: &Plan) -> (usize, u32) {
    let Source::List(list) = &plan.faults else { return (size(plan), 0) };
    (size(plan), list.iter().map(|struck| struck.number).sum())
}

impl Shrinking {
    /// Takes a plan that breaks the same rule.
    fn accept(&mut self, plan: Plan) -> bool {
        self.tries += 1;
        if self.tries > TRIES_MAX {
            return false;
        }
        let breaks =
            happen(&plan, (self.defect, false)).findings.iter().any(|finding| finding.rule == self.rule);
        if breaks {
            self.plan = plan;
        }
        breaks
    }

    fn lists(&mut self) {
        if let Source::List(list) = self.plan.faults.clone() {
            self.list(list, |plan, list| plan.faults = Source::List(list));
        }
        self.list(self.plan.doings.clone(), |plan, list| plan.doings = list);
        self.list(self.plan.spells.clone(), |plan, list| plan.spells = list);
        self.list(self.plan.outages.clone(), |plan, list| plan.outages = list);
        for project in 0..self.plan.projects.len() {
            let hooks = self.plan.projects[project].hooks.clone();
            self.list(hooks, |plan, list| plan.projects[project].hooks = list);
        }
    }

    /// Takes parts of a list away: half of it, a quarter, and so on.
    fn list<T: Clone>(&mut self, mut list: Vec<T>, set: impl Fn(&mut Plan, Vec<T>)) {
        let mut portion = list.len();
        while portion > 0 {
            let mut from = 0;
            while from < list.len() {
                let shorter: Vec<_> = list
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| !(from..from + portion).contains(place))
                    .collect();
                let shorter: Vec<_> = shorter.into_iter().map(|(_, part)| part.clone()).collect();
                let mut plan = self.plan.clone();
                set(&mut plan, shorter.clone());
                if self.accept(plan) {
                    list = shorter;
                } else {
                    from += portion;
                }
            }
            portion /= 2;
        }
    }

    /// Has each fault strike as early as the rule is still broken by it.
    fn renumber(&mut self) {
        let Source::List(list) = self.plan.faults.clone() else { return };
        for (place, struck) in list.iter().enumerate() {
            for number in 0..struck.number.min(EARLIER_MAX) {
                let mut plan = self.plan.clone();
                if let Source::List(list) = &mut plan.faults {
                    list[place].number = number;
                }
                if self.accept(plan) {
                    break;
                }
            }
        }
    }

    fn simplify(&mut self) {
        let simpler: [fn(&mut Plan); 5] = [
            |plan| plan.is_even = true,
            |plan| plan.projects.truncate(1),
            |plan| plan.is_one_process = false,
            |plan| plan.projects.iter_mut().for_each(|project| project.irkerd = None),
            |plan| plan.projects.iter_mut().for_each(|project| project.coalesce = false),
        ];
        for change in simpler {
            let mut plan = self.plan.clone();
            change(&mut plan);
            if size(&plan) <= size(&self.plan) {
                self.accept(plan);
            }
        }
    }
}

/// What a seed has broken, in the shortest history that could be found.
pub(crate) fn told(seed: u64, (plan, history): &(Plan, History)) -> String {
    let mut told = format!("\nseed {seed} breaks a rule. Its history again, made shorter:\n\n");
    let _ = writeln!(told, "{plan:#?}\n\n{}", history.tale);
    for finding in &history.findings {
        let _ = writeln!(told, "FOUND {:?}: {}", finding.rule, finding.text);
    }
    let _ = writeln!(
        told,
        "\nTo see it again: BELLHOP_SEED={seed} cargo test -p simulation -- a_seed --nocapture"
    );
    told
}
