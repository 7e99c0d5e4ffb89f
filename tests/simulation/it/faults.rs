//! What may go wrong at a port, and when it does.
//!
//! A fault is named by the kind of its call and the number of that call in the history. So it can be thrown by dice, or
//! come from a list: what the dice threw in a history is a list that can be made shorter.
//!
//! Not here: what a fault does, which is the ports' (`table`, `queue`, `peers`).

use std::collections::BTreeMap;
use std::fmt;

use crate::dice::{Dice, mix};

/// The kinds of calls that leave a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Read,
    Write,
    Send,
    /// A queue hands tasks out.
    HandOut,
    /// A queue is told what became of a task.
    Answer,
    Http,
    Irker,
    Execute,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nothing was done, and the caller is told so or left in doubt.
    ErrorBefore,
    /// It was done, and the caller is left in doubt.
    ErrorAfter,
    /// A part of it was done.
    Part,
    /// It was done, the answer was lost, and the adapter did it again: so the second answer is heard.
    Twice,
    /// The process dies before.
    CrashBefore,
    /// The process dies when it is done.
    CrashAfter,
    /// It takes so many seconds.
    Slow(u8),
    /// A lease that ends while its work is under way; a page that is shorter than it need be.
    Short,
    /// The queue keeps a task twice.
    Double,
}

impl Call {
    /// What may go wrong with it.
    fn menu(self) -> &'static [Fault] {
        use Fault::{CrashAfter, CrashBefore, Double, ErrorAfter, ErrorBefore, Part, Short, Slow, Twice};
        match self {
            Self::Read => &[ErrorBefore, CrashBefore, CrashAfter, Slow(2), Slow(45), Short],
            Self::Write => {
                &[ErrorBefore, ErrorAfter, Twice, Part, CrashBefore, CrashAfter, Slow(2), Slow(45)]
            }
            Self::Send => {
                &[ErrorBefore, ErrorAfter, Part, Double, Double, CrashBefore, CrashAfter, Slow(3), Slow(45)]
            }
            Self::HandOut => &[Short],
            Self::Answer => &[ErrorBefore],
            Self::Http | Self::Execute => &[ErrorBefore, ErrorAfter, CrashBefore, CrashAfter, Slow(5)],
            Self::Irker => &[ErrorBefore, ErrorAfter, CrashBefore, CrashAfter, Slow(2)],
        }
    }
}

/// A fault that has struck, or is to strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Struck {
    pub(crate) call: Call,
    /// Which of the calls of its kind, from 0.
    pub(crate) number: u32,
    pub(crate) fault: Fault,
}

impl fmt::Display for Struck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} at {:?} call {}", self.fault, self.call, self.number)
    }
}

/// Where faults come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// So many in ten thousand calls.
    Dice { seed: u64, of_ten_thousand: u64 },
    /// These.
    List(Vec<Struck>),
}

/// The faults of a history.
#[derive(Debug)]
pub(crate) struct Faults {
    source: Source,
    calls: BTreeMap<Call, u32>,
    pub(crate) struck: Vec<Struck>,
}

impl Faults {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, calls: BTreeMap::new(), struck: Vec::new() }
    }

    /// What becomes of the next call of a kind. While `is_calm`, only what a list says.
    pub(crate) fn next(&mut self, call: Call, is_calm: bool) -> Option<Fault> {
        let count = self.calls.entry(call).or_default();
        let number = *count;
        *count += 1;
        let fault = match &self.source {
            Source::Dice { of_ten_thousand: 0, .. } => None,
            Source::Dice { .. } if is_calm => None,
            Source::Dice { seed, of_ten_thousand } => {
                let thrown = mix(seed ^ mix((call as u64) << 32 | u64::from(number)));
                (thrown % 10_000 < *of_ten_thousand).then(|| *Dice::new(thrown).pick(call.menu()))
            }
            Source::List(list) => {
                let found = list.iter().find(|struck| (struck.call, struck.number) == (call, number));
                found.map(|struck| struck.fault)
            }
        }?;
        self.struck.push(Struck { call, number, fault });
        Some(fault)
    }
}
