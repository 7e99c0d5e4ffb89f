//! The texts that bash is given on this machine, and the lines around what they print, as GitLab's runner has them
//! (`common/build.go`).
//!
//! Not here: the commands in them (`chatops::script`), running them.

/// Each process may have so much memory of its own. The rest of the machine is its operator's to share out (`MemoryMax`
/// of a systemd unit holds for all of it).
pub(super) const MEMORY_KIB_MAX: u64 = 4 * 1024 * 1024;

/// A file may have so many blocks of 512 bytes, or 1 KiB as bash counts: more than any checkout.
const FILE_KIB_MAX: u64 = 4 * 1024 * 1024;

/// One shell for all commands, within this machine's limits.
pub(super) fn script<'a>(commands: impl IntoIterator<Item = &'a String>) -> String {
    let limits = format!("ulimit -c 0\nulimit -d {MEMORY_KIB_MAX}\nulimit -f {FILE_KIB_MAX}\n");
    limits + &chatops::script::script(commands)
}

pub(super) fn section_start(name: &str, title: &str, now_s: i64) -> String {
    format!("section_start:{now_s}:{name}\r\u{1b}[0K\u{1b}[0K\u{1b}[36;1m{title}\u{1b}[0;m\u{1b}[0;m\n")
}

pub(super) fn section_end(name: &str, now_s: i64) -> String {
    format!("section_end:{now_s}:{name}\r\u{1b}[0K")
}

pub(super) fn succeeded() -> String {
    "\u{1b}[32;1mJob succeeded\u{1b}[0;m\n".to_owned()
}

pub(super) fn failed(reason: &str) -> String {
    format!("\u{1b}[31;1mERROR: Job failed: {reason}\u{1b}[0;m\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_this_machines_limits() {
        insta::assert_snapshot!(script(&["echo a".to_owned()]).replace('\u{1b}', "ESC"), @r"
        ulimit -c 0
        ulimit -d 4194304
        ulimit -f 4194304
        set -o errexit -o pipefail
        set +o noclobber
        printf '%s\n' 'ESC[32;1m$ echo aESC[0;m'
        echo a
        ");
    }
}
