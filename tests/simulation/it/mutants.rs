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

/// A history of so many parts can be read.
const PARTS_MAX: usize = 12;

fn first_finding(defect: Defect) -> Option<(u64, Rule)> {
    (0..SEEDS_MAX).find_map(|seed| {
        let history = happen(&Plan::of(seed), (Some(defect), false));
        history.findings.first().map(|finding| (seed, finding.rule))
    })
}

#[test]
fn every_defect_is_found_and_its_history_is_short() {
    for defect in Defect::ALL {
        let Some((seed, rule)) = first_finding(defect) else { panic!("{defect:?} is not found") };
        let (plan, history) = shrink(&Plan::of(seed), (rule, Some(defect)));
        let parts = size(&plan);
        println!("{defect:?}\tseed {seed}\t{rule:?}\t{parts} parts");
        assert!(
            history.findings.iter().any(|finding| finding.rule == rule),
            "{defect:?}: the shorter one breaks it, too"
        );
        assert!(parts <= PARTS_MAX, "{defect:?} is found by {plan:#?}");
        let sound = happen(&plan, (None, false));
        assert_eq!(sound.findings, [], "{defect:?}: without it, the same history is sound");
    }
}
