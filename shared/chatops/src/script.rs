//! The text that a bash is given to run a job's commands, as GitLab's runner makes it (`shells/bash.go`).
//!
//! A command stands in it as it stands in the configuration, and the line that shows it is one quoted word. What the user
//! typed is in neither: it is a variable of the environment.
//!
//! Not here: running it, and the lines around what it prints (the executors).

/// What the runner says behind the first line of a command of several.
const COLLAPSED: &str = " # collapsed multi-line command";

/// One shell for all commands: the first that fails ends it, also within a pipe.
pub fn script<'a>(commands: impl IntoIterator<Item = &'a String>) -> String {
    let mut text = "set -o errexit -o pipefail\nset +o noclobber\n".to_owned();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_shows_each_command_and_runs_it() {
        let commands = ["echo 'a'".to_owned(), "for x in 1 2; do\n  echo $x\ndone\n".to_owned()];
        let shown = script(&commands).replace('\u{1b}', "ESC");
        insta::assert_snapshot!(shown, @r"
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
