//! What chat is told of a job's log.
//!
//! The log is what GitLab's runner writes, and our own executors write alike: sections between markers, each command in
//! green behind `$ ` before it runs (`common/build.go` and `shells/bash.go` of gitlab-runner). Of it, the reply is
//!
//! 1. what stands in the section `chat_reply`, if there is exactly one (<https://docs.gitlab.com/ci/chatops/>),
//! 2. else, if the job is a single command, what that printed,
//! 3. else the commands, behind `$ `, and what they printed.
//!
//! Secrets are hidden in the log as a whole, before anything is taken out of it, and once more in what is left when it is
//! clean, before it is cut: neither a write's end nor a colour nor the cut can let a part of one through.
//!
//! Different from GitLab on purpose: the runner's own lines and the echo of a single command do not show.
//!
//! Not here: secrets that a job encodes before it prints them, as GitLab does not know them either; a log that was
//! already cut when it came in (whoever cuts it masks it first).

mod clean;
mod cut;
mod mask;
mod sections;
mod timestamps;

use payload::Secret;

use crate::limits::{LAST_LINES_BYTES_MAX, LAST_LINES_MAX, OUTPUT_BYTES_MAX};
use mask::Mask;

/// A job's log, and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    /// The bytes as written, all of them.
    pub bytes: &'a [u8],
    /// What nobody may see.
    pub secrets: &'a [Secret],
    /// What the user typed behind the job's name. A text that looks like a marker must not become one.
    pub arguments: &'a str,
    /// Whether the job is one command and has no `before_script`.
    pub is_sole_command: bool,
}

/// A part of a log that may be shown: no secret, no control character but line breaks and tabs, a bounded number of
/// bytes, no half of a character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The text; empty if nothing was printed.
    pub text: String,
    /// How many bytes of it had to be left out.
    pub left_out_bytes: usize,
}

/// The reply of a job that succeeded: at most [`OUTPUT_BYTES_MAX`] bytes, if need be its head and its tail.
pub fn reply(log: &Log<'_>) -> Excerpt {
    let text = shown(log, |text| {
        let section = sections::reply(text, log.arguments).map(str::to_owned);
        section.unwrap_or_else(|| sections::script(text, log.is_sole_command))
    });
    cut::head_and_tail(&text, OUTPUT_BYTES_MAX)
}

/// The last lines of a job that failed, in at most [`LAST_LINES_BYTES_MAX`] bytes.
pub fn last_lines(log: &Log<'_>) -> Excerpt {
    let text = shown(log, |text| sections::script(text, log.is_sole_command));
    cut::last_lines(&text, LAST_LINES_MAX, LAST_LINES_BYTES_MAX)
}

/// Whether a log is that of a job with one command and no `before_script`, for whoever has nothing but the log.
pub fn has_sole_command(log: &[u8]) -> bool {
    sections::count_commands(&timestamps::strip(&String::from_utf8_lossy(log))) == 1
}

/// All that may be shown, for the page behind the link: the runner's lines, too, and as long as it is.
pub fn whole(log: &Log<'_>) -> String {
    shown(log, sections::without_markers)
}

/// A part of the log, masked, cleaned, and masked again.
fn shown(log: &Log<'_>, part: impl FnOnce(&str) -> String) -> String {
    let mask = Mask::new(log.secrets);
    let text = timestamps::strip(&String::from_utf8_lossy(log.bytes));
    let part = part(&mask.hide(&text));
    mask.hide(clean::clean(&part).trim_end().trim_start_matches('\n'))
}

#[cfg(test)]
mod tests;
