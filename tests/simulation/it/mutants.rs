//! The checker finds what is wrong: defects that were put into the ports on purpose.
//!
//! Not here: the defects themselves (`defects`).

use crate::checker::Rule;
use crate::defects::Defect;
use crate::history::happen;
use crate::plan::Plan;
use crate::shrink::{shrink, size};

/// Within so many histories a defect is found.
const SEEDS_MAX: u64 = 300;

/// Of so many findings, one is short. A fault strikes the call of its number, and is another's once there are fewer calls: what
/// hangs on a late one is not made short.
const FINDINGS_MAX: usize = 5;

/// A history of so many parts can be read.
const PARTS_MAX: usize = 12;

/// Where a defect shows, by seed.
fn findings(defect: Defect) -> impl Iterator<Item = (u64, Rule)> {
    (0..SEEDS_MAX).filter_map(move |seed| {
        let history = happen(&Plan::of(seed), (Some(defect), false));
        history.findings.first().map(|finding| (seed, finding.rule))
    })
}

#[test]
fn every_defect_is_found_and_its_history_is_short() {
    for defect in Defect::ALL {
        let short_plan = findings(defect).take(FINDINGS_MAX).find_map(|(seed, rule)| {
            let (plan, history) = shrink(&Plan::of(seed), (rule, Some(defect)));
            let parts = size(&plan);
            println!("{defect:?}\tseed {seed}\t{rule:?}\t{parts} parts");
            assert!(
                history.findings.iter().any(|finding| finding.rule == rule),
                "{defect:?}: the shorter one breaks it, too"
            );
            (parts <= PARTS_MAX).then_some(plan)
        });
        let Some(plan) = short_plan else { panic!("{defect:?} is not found, or not in short") };
        let sound = happen(&plan, (None, false));
        assert_eq!(sound.findings, [], "{defect:?}: without it, the same history is sound");
    }
}
