//! The texts that bash is given, and the lines around what they print, as GitLab's runner has both (`shells/bash.go`,
//! `common/build.go`).
//!
//! A command stands in its script as it stands in the configuration, and the line that shows it is one quoted word. What
//! the user typed is in neither: it is a variable of the environment.
//!
//! Not here: running them.

/// Each process may have so much memory of its own. The rest of the machine is its operator's to share out (`MemoryMax`
/// of a systemd unit holds for all of it).
pub(super) const MEMORY_KIB_MAX: u64 = 4 * 1024 * 1024;

/// A file may have so many blocks of 512 bytes, or 1 KiB as bash counts: more than any checkout.
const FILE_KIB_MAX: u64 = 4 * 1024 * 1024;

/// What the runner says behind the first line of a command of several.
const COLLAPSED: &str = " # collapsed multi-line command";

/// One shell for all commands: the first that fails ends it, also within a pipe.
pub(super) fn script<'a>(commands: impl IntoIterator<Item = &'a String>) -> String {
    let mut text = format!("ulimit -c 0\nulimit -d {MEMORY_KIB_MAX}\nulimit -f {FILE_KIB_MAX}\n");
    text.push_str("set -o errexit -o pipefail\nset +o noclobber\n");
    for command in commands {
        text.push_str("printf '%s\\n' ");
        text.push_str(&quoted(&echo(command)));
        text.push('\n');
        text.push_str(command);
        text.push('\n');
    }
    text
}

/// A command, as it is shown before it runs.
fn echo(command: &str) -> String {
    let mut lines = command.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { COLLAPSED } else { "" };
    format!("\u{1b}[32;1m$ {first}{more}\u{1b}[0;m")
}

/// One word to a shell, whatever it holds.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
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
    fn a_script_shows_each_command_and_runs_it() {
        let commands = ["echo 'a'".to_owned(), "for x in 1 2; do\n  echo $x\ndone\n".to_owned()];
        let shown = script(&commands).replace('\u{1b}', "ESC");
        insta::assert_snapshot!(shown, @r"
        ulimit -c 0
        ulimit -d 4194304
        ulimit -f 4194304
        set -o errexit -o pipefail
        set +o noclobber
        printf '%s\n' 'ESC[32;1m$ echo '\''a'\''ESC[0;m'
        echo 'a'
        printf '%s\n' 'ESC[32;1m$ for x in 1 2; do # collapsed multi-line commandESC[0;m'
        for x in 1 2; do
          echo $x
        done
        ");
    }
}
