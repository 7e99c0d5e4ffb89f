//! Defects that are put into the ports on purpose, to see that the checker finds them. A test that cannot fail says nothing.
//!
//! Not here: who looks for them (`checker`), and the tests that have them found (`mutants`).

use app::table::Key;

/// One defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A queue that loses the last of several tasks, and says that all are durable.
    QueueLoses,
    /// A table that answers *done* to a delivery's record, and keeps nothing.
    PutForgets,
    /// A queue that hands out what is behind a head that waits.
    QueueOvertakes,
    /// A consumer that says *done* of a task before it is handled.
    AnswersEarly,
    /// A consumer that hands a task to two of its kind, though nothing went wrong.
    HandlesTwice,
    /// A way out that says that a target took what never reached it.
    SaysDelivered,
    /// A log that is told a secret.
    LogsSecret,
    /// A receiver that answers before anything is kept.
    AnswersBeforeKept,
    /// A sweep that never comes.
    NoSweep,
    /// An executor that is asked to begin a run once more, as if it were for the first time.
    BeginsTwice,
}

impl Defect {
    pub(crate) const ALL: [Self; 10] = [
        Self::QueueLoses,
        Self::PutForgets,
        Self::QueueOvertakes,
        Self::AnswersEarly,
        Self::HandlesTwice,
        Self::SaysDelivered,
        Self::LogsSecret,
        Self::AnswersBeforeKept,
        Self::NoSweep,
        Self::BeginsTwice,
    ];
}

/// Whether a delivery's record lives there.
pub(crate) fn is_record(key: &Key) -> bool {
    key.partition.starts_with("event#") && key.sort.starts_with("delivery#")
}
