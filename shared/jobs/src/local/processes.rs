//! The end of a job's processes: its group, and those that left it but still carry its mark in their environment.
//!
//! A process that leaves its group and washes its environment as well gets away, until the machine's operator ends it
//! (`systemctl stop` ends all of a unit).

use std::fs;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

/// The variable that all processes of a run have.
pub(super) const MARK: &str = "BELLHOP_RUN";

/// A process may beget another one while it is ended: so often is looked again.
const ROUNDS_MAX: usize = 20;

/// A process group that ends when this is dropped, whatever the reason.
pub(super) struct Group(pub(super) Pid);

impl Drop for Group {
    fn drop(&mut self) {
        // An error means that there is nobody left.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

/// Ends every process whose mark begins so. Blocks for some milliseconds.
pub(super) fn end_marked(mark: &str) {
    for _ in 0..ROUNDS_MAX {
        if marked(mark).map(end).filter(|is_ended| *is_ended).count() == 0 {
            return;
        }
    }
}

fn marked(mark: &str) -> impl Iterator<Item = (Pid, String)> {
    let wanted = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let pids = numbers.filter_map(Pid::from_raw);
    pids.filter(move |pid| carries(*pid, &wanted)).map({
        let mark = mark.to_owned();
        move |pid| (pid, mark.clone())
    })
}

fn carries(pid: Pid, wanted: &str) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|line| line.starts_with(wanted.as_bytes()))
}

/// A number may be another process's by now: held on to first, and looked at again.
fn end((pid, mark): (Pid, String)) -> bool {
    let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    carries(pid, &format!("{MARK}={mark}")) && pidfd_send_signal(held, Signal::KILL).is_ok()
}
