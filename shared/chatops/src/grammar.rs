//! What a command's text means.
//!
//! GitLab's commands are read as its regular expressions read them (`lib/gitlab/slash_commands/*.rb`; the tests hold
//! them beside this), what they let pass included: `issue close 12abc` closes 12, `too` stands for `to`. Ours are
//! `jobs`, `status`, `cancel`, `confirm` and `link`.
//!
//! Different from GitLab on purpose: white space in front of a command, and nothing but white space behind a job, is
//! not there; an issue without a title and a comment without a word are not valid commands.
//!
//! Not here: whether there is such a job, issue or run, and who may touch it.

use config::commands::Verb;

use crate::limits::{DEPLOYMENT_BYTES_MAX, JOB_BYTES_MAX, RUN_BYTES_MAX};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Show what can be done.
    Help,
    /// Show what the caller may run.
    Jobs,
    /// Run a job.
    Run {
        /// Its name: no white space, never empty.
        job: String,
        /// What becomes `CHAT_INPUT`: as typed, line breaks and all. `None` if there is nothing.
        arguments: Option<String>,
    },
    /// Show how a run is doing; without an id, the latest of the caller's.
    Status {
        /// Its id.
        run: Option<String>,
    },
    /// Stop a run.
    Cancel {
        /// Its id.
        run: String,
    },
    /// Consent to a run that waits for it.
    Confirm {
        /// Its id.
        run: String,
    },
    /// Connect the caller's account with GitLab's.
    Link,
    /// Do something with an issue.
    Issue(IssueInstruction),
    /// Deploy what is in one environment to another one.
    Deploy {
        /// The environment to take it from.
        from: String,
        /// The environment to take it to.
        to: String,
    },
    /// None of these.
    Unknown,
}

/// What is to be done with an issue. Issues go by the number that their project gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueInstruction {
    /// Show it.
    Show(u64),
    /// Open one.
    New {
        /// One line, never empty.
        title: String,
        /// All the other lines; may be empty.
        description: String,
    },
    /// Find some.
    Search(String),
    /// Close it.
    Close(u64),
    /// Move it to another project.
    Move {
        /// Which.
        issue: u64,
        /// The project's full path.
        to: String,
    },
    /// Comment on it.
    Comment {
        /// Which.
        issue: u64,
        /// Never empty.
        body: String,
    },
}

impl Instruction {
    /// What the rules of access have to allow besides jobs, and the arguments that they see: `12`, `A title`,
    /// `a query`, `12 to group/project`, `staging to production`.
    pub fn verb_and_arguments(&self) -> Option<(Verb, String)> {
        match self {
            Self::Issue(instruction) => Some(match instruction {
                IssueInstruction::Show(issue) => (Verb::IssueShow, issue.to_string()),
                IssueInstruction::New { title, .. } => (Verb::IssueNew, title.clone()),
                IssueInstruction::Search(query) => (Verb::IssueSearch, query.clone()),
                IssueInstruction::Close(issue) => (Verb::IssueClose, issue.to_string()),
                IssueInstruction::Move { issue, to } => (Verb::IssueMove, format!("{issue} to {to}")),
                IssueInstruction::Comment { issue, .. } => (Verb::IssueComment, issue.to_string()),
            }),
            Self::Deploy { from, to } => Some((Verb::Deploy, format!("{from} to {to}"))),
            _ => None,
        }
    }
}

/// Reads a text. Never fails: what is no command is [`Instruction::Unknown`], the empty text as well.
pub fn parse(text: &str) -> Instruction {
    let text = text.trim_start_matches(is_space);
    // GitLab's test is no more than this.
    if text.starts_with("help") {
        return Instruction::Help;
    }
    let (verb, rest) = word(text);
    let alone = |instruction| rest.is_empty().then_some(instruction);
    let instruction = match verb {
        "jobs" => alone(Instruction::Jobs),
        "link" => alone(Instruction::Link),
        "run" => run_job(rest),
        "status" if rest.is_empty() => Some(Instruction::Status { run: None }),
        "status" => run_id(rest).map(|run| Instruction::Status { run: Some(run) }),
        "cancel" => run_id(rest).map(|run| Instruction::Cancel { run }),
        "confirm" => run_id(rest).map(|run| Instruction::Confirm { run }),
        "issue" => issue(rest).map(Instruction::Issue),
        "deploy" => deploy(rest),
        _ => None,
    };
    instruction.unwrap_or(Instruction::Unknown)
}

/// `\Arun\s+(?<command>\S+)(\s+(?<arguments>.+))?\z` over all lines.
fn run_job(rest: &str) -> Option<Instruction> {
    let (job, arguments) = word(rest);
    if job.is_empty() || job.len() > JOB_BYTES_MAX {
        return None;
    }
    let arguments = (!arguments.is_empty()).then(|| arguments.to_owned());
    Some(Instruction::Run { job: job.to_owned(), arguments })
}

/// One word that may name a run, with or without the `#` that it is shown with.
fn run_id(rest: &str) -> Option<String> {
    let (word, rest) = word(rest);
    let id = word.strip_prefix('#').unwrap_or(word);
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (rest.is_empty() && is_plain && (1..=RUN_BYTES_MAX).contains(&id.len())).then(|| id.to_owned())
}

fn issue(rest: &str) -> Option<IssueInstruction> {
    let (verb, rest) = word(rest);
    match verb {
        "show" => Some(IssueInstruction::Show(number(rest)?.0)),
        "close" => Some(IssueInstruction::Close(number(rest)?.0)),
        "new" | "create" => {
            let (title, description) = rest.split_once('\n').unwrap_or((rest, ""));
            let (title, description) = (title.trim(), description.trim_start_matches('\n').trim_end());
            let (title, description) = (title.to_owned(), description.to_owned());
            (!title.is_empty()).then_some(IssueInstruction::New { title, description })
        }
        "search" => {
            let query = rest.lines().next().unwrap_or_default().trim_end();
            (!query.is_empty()).then(|| IssueInstruction::Search(query.to_owned()))
        }
        "move" => {
            let (issue, rest) = number(rest)?;
            let rest = rest.strip_prefix(is_space)?.trim_start_matches(is_space);
            let (first, second) = word(rest);
            let path = if first == "to" && !second.is_empty() { word(second).0 } else { first };
            (!path.is_empty()).then(|| IssueInstruction::Move { issue, to: path.to_owned() })
        }
        "comment" => {
            let (issue, body) = number(rest)?;
            let body = body.trim().to_owned();
            (!body.is_empty()).then_some(IssueInstruction::Comment { issue, body })
        }
        _ => None,
    }
}

/// `\Adeploy\s+(?<from>\S+.*)\s+to+\s+(?<to>\S+.*)\z`: the last `to` divides.
fn deploy(rest: &str) -> Option<Instruction> {
    let rest = rest.trim_end_matches(is_space);
    if rest.len() > DEPLOYMENT_BYTES_MAX {
        return None;
    }
    let spaces = rest.char_indices().filter(|(_, c)| is_space(*c)).map(|(at, _)| at);
    for at in spaces.collect::<Vec<_>>().into_iter().rev() {
        let (from, rest) = rest.split_at(at);
        let (middle, to) = word(rest.trim_start_matches(is_space));
        let is_to =
            middle.strip_prefix('t').is_some_and(|os| !os.is_empty() && os.bytes().all(|o| o == b'o'));
        let from = from.trim_end_matches(is_space);
        if is_to && ![from, to].iter().any(|name| name.is_empty() || name.contains('\n')) {
            return Some(Instruction::Deploy { from: from.to_owned(), to: to.to_owned() });
        }
    }
    None
}

/// `#?(?<iid>\d+)`, and what stands behind it.
fn number(text: &str) -> Option<(u64, &str)> {
    let text = text.strip_prefix('#').unwrap_or(text);
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// The first word, and what stands behind the white space behind it: untouched but for that.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(is_space).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_start_matches(is_space))
}

/// Ruby's `\s`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

#[cfg(test)]
mod tests;
