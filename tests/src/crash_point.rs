//! Where a program dies: at one of its own calls to the system, by the fault injection of `strace`.
//!
//! Between two such calls, nothing that a program does can be seen from outside: neither by a peer, nor in a file. So
//! whoever dies at any of them has died at any line, and the program that dies is the very one that people run.
//!
//! Not here: which calls, and what has to hold afterwards.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{machine_program, skip};

/// A call to die at: it is not made any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// The name of the call, or of several, with commas between.
    pub calls: String,
    /// Only calls on this file.
    pub on: Option<PathBuf>,
    /// At which of a thread's calls by one of these names, from 1.
    pub nth: usize,
}

/// What dies at a point, or is watched. Without it there are no such tests.
#[derive(Clone, Debug)]
pub struct Tracer(PathBuf);

impl Tracer {
    /// `strace`, if the machine has it and lets it do this; otherwise says what is skipped.
    pub fn find(what_it_is_for: &str) -> Option<Self> {
        let Some(strace) = machine_program("strace") else {
            skip(&format!("{what_it_is_for}: it takes strace"));
            return None;
        };
        let tracer = Self(strace);
        let nothing = tracer.wrap(&Command::new("true"), &["-o", "/dev/null", "-e", "trace=none"]).output();
        if !nothing.is_ok_and(|output| output.status.success()) {
            skip(&format!("{what_it_is_for}: strace may not trace here"));
            return None;
        }
        Some(tracer)
    }

    /// The same command, that dies at a point: by `SIGKILL`, and with all of its threads.
    pub fn kills(&self, command: &Command, point: &CrashPoint) -> Command {
        let trace = format!("trace={}", point.calls);
        let inject = format!("inject={}:signal=SIGKILL:when={}", point.calls, point.nth);
        let mut options = vec!["-o", "/dev/null", "-e", &trace, "-e", &inject];
        let on = point.on.as_ref().map(|path| path.to_str().expect("a path in UTF-8"));
        options.extend(on.iter().flat_map(|path| ["-P", path]));
        self.wrap(command, &options)
    }

    /// The same command, whose calls by these names are written to a file, for [`calls_in`].
    pub fn watches(&self, command: &Command, calls: &str, file: &Path) -> Command {
        let file = file.to_str().expect("a path in UTF-8");
        self.wrap(command, &["-o", file, "-e", &format!("trace={calls}")])
    }

    /// The tracer runs beside the program (`-D`), so that it is the program that a test has in its hands.
    fn wrap(&self, command: &Command, options: &[&str]) -> Command {
        let mut wrapped = Command::new(&self.0);
        wrapped.args(["-D", "-f", "-qq"]).args(options).arg("--");
        wrapped.arg(command.get_program()).args(command.get_args());
        wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        wrapped
    }
}

/// Every point to die at in a life that was watched: each call by its number, as often as the busiest thread makes it.
///
/// # Panics
/// If the file was not written by [`Tracer::watches`].
pub fn calls_in(file: &Path) -> Vec<CrashPoint> {
    let text = std::fs::read_to_string(file).expect("read what was watched");
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    for line in text.lines() {
        // 4711 pwrite64(9, "..."..., 4096, 0) = 4096
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            *counts.entry((thread, name)).or_default() += 1;
        }
    }
    let mut most: HashMap<&str, usize> = HashMap::new();
    for ((_, name), count) in counts {
        let entry = most.entry(name).or_default();
        *entry = count.max(*entry);
    }
    let point = |name: &str, nth| CrashPoint { calls: name.to_owned(), on: None, nth };
    let mut points: Vec<_> =
        most.into_iter().flat_map(|(name, most)| (1..=most).map(move |nth| point(name, nth))).collect();
    points.sort_by(|one, other| (&one.calls, one.nth).cmp(&(&other.calls, other.nth)));
    points
}
