//! The parts of a log, between the runner's markers: `section_start:{time}:{name}[options]`, a carriage return, and
//! `ESC [ 0 K` (<https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections>).
//!
//! A job may print markers, too, so none of them is believed further than it has to be. What the user typed can hold no
//! control characters (`command`), but `echo -e` makes some of a text that spells them.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The section that a job marks for chat.
const REPLY: &str = "chat_reply";

/// The section of the job's script: its name today, and the one before runner 13.1.
const SCRIPTS: [&str; 2] = ["step_script", "build_script"];

/// What a marker begins with, as the user would have to type it.
const FORGERIES: [&str; 2] = ["section_start:", "section_end:"];

/// Green: a command, before it runs.
const ECHO: &str = "\u{1b}[32;1m$ ";

/// What stands in front of the runner's own lines, and of nothing that a job prints by chance.
const ERASE: &str = "\u{1b}[0K";

/// How the runner's own lines at the end of a log begin.
const ENDINGS: [&str; 4] = [
    "\u{1b}[32;1mJob succeeded",
    "\u{1b}[31;1mERROR: Job failed",
    "\u{1b}[0;33mWARNING: step_script could not run to completion",
    "\u{1b}[36;1mCleaning up project directory",
];

/// The names of both parts of a section are as GitLab reads them (`lib/gitlab/ci/trace/section_parser.rb`).
#[expect(
    clippy::expect_used,
    reason = "the expression is constant, and every test of this module compiles it"
)]
static MARKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"section_(start|end):[0-9]+:([a-zA-Z0-9_.-]+)(?:\[[^\]\r\n]*\])?\r\x1b\[0K")
        .expect("it compiles")
});

/// One marker: where it stands, and what it says.
struct Marker<'a> {
    begin: usize,
    end: usize,
    is_start: bool,
    name: &'a str,
}

fn markers(text: &str) -> impl Iterator<Item = Marker<'_>> {
    MARKER.captures_iter(text).map(|marker: Captures<'_>| {
        let [kind, name] = marker.extract().1;
        let whole = marker.get_match();
        Marker { begin: whole.start(), end: whole.end(), is_start: kind == "start", name }
    })
}

/// What stands in `chat_reply`, if it begins once and then ends once, and if the user did not type what could be either.
/// The rest of the marker's own line is the section's title, as GitLab has it.
pub(super) fn reply<'a>(text: &'a str, arguments: &str) -> Option<&'a str> {
    if FORGERIES.iter().any(|forgery| arguments.contains(forgery)) {
        return None;
    }
    let mut replies = markers(text).filter(|marker| marker.name == REPLY);
    let (start, end) = (replies.next()?, replies.next()?);
    let is_one = start.is_start && !end.is_start && replies.next().is_none();
    is_one.then(|| text[start.end..end.begin].split_once('\n').map_or("", |(_title, rest)| rest))
}

/// What the script and the runner wrote into the script's section.
struct Script {
    text: String,
    /// Whether it begins behind a marker, on its line.
    is_marked: bool,
    /// Whether its end is not marked, so that the runner's last words are in it.
    is_open: bool,
}

impl Script {
    fn of(text: &str) -> Self {
        // The runner's own markers are the first and the last: whatever the job prints stands between them.
        let is_script = |marker: &Marker<'_>| SCRIPTS.contains(&marker.name);
        let start =
            markers(text).find(|marker| is_script(marker) && marker.is_start).map_or(0, |marker| marker.end);
        let end = markers(text)
            .filter(|marker| is_script(marker) && !marker.is_start && marker.begin >= start)
            .last();
        let is_open = end.is_none();
        let script = without_markers(&text[start..end.map_or(text.len(), |marker| marker.begin)]);
        Self { text: script, is_marked: start > 0, is_open }
    }
}

/// The script's commands and what they printed, without the runner's own lines. Of a single command, only what it
/// printed.
pub(super) fn script(text: &str, is_sole_command: bool) -> String {
    let script = Script::of(text);
    let mut lines: Vec<&str> = script.text.lines().collect();
    if script.is_open {
        while lines.last().is_some_and(|line| is_ending(line)) {
            lines.pop();
        }
    }
    // What stands in front of the first command is the runner's; without one, it is the rest of the marker's line.
    let first = lines.iter().position(|line| is_echo(line));
    let skipped = first.map_or(usize::from(script.is_marked), |first| first + usize::from(is_sole_command));
    lines.get(skipped..).unwrap_or_default().join("\n")
}

/// How many commands the script has, `before_script` included.
pub(super) fn count_commands(text: &str) -> usize {
    Script::of(text).text.lines().filter(|line| is_echo(line)).count()
}

fn is_echo(line: &str) -> bool {
    line.trim_start_matches(ERASE).starts_with(ECHO)
}

fn is_ending(line: &str) -> bool {
    let line = line.trim_start_matches(ERASE);
    line.trim().is_empty() || ENDINGS.iter().any(|ending| line.starts_with(ending))
}

/// The text without any markers: what stands behind them on their line stays.
pub(super) fn without_markers(text: &str) -> String {
    MARKER.replace_all(text, "").into_owned()
}
