//! Who may do what. Nothing is allowed that no rule allows; the first rule that fits decides.
//!
//! A rule fits by immutable ids, never by names, and it sees a job's arguments as the job will get them. The result says
//! why, for the audit row.
//!
//! Not here: what the rules are and which are valid (`config::commands`), who is linked to whom and what GitLab thinks of
//! them (`app`; the access level comes in as a number).

mod arguments;
mod consent;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use config::commands::{Approval, CommandIntegration, Effect, Rule, Verb};

pub use arguments::{UsageError, usage};
pub use consent::{Asked, ConsentError, consent};

/// Who asks, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The user's immutable id.
    pub user_id: &'a str,
    /// The channel's immutable id.
    pub channel_id: &'a str,
    /// What the linked GitLab user is in the project: GitLab's number, 0 for somebody who is no member. `None` if the
    /// caller is linked to nobody.
    pub access_level: Option<u32>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// Run a job.
    Run {
        /// Its name.
        job: &'a str,
        /// What it will get as `CHAT_INPUT`, letter by letter; empty if there is nothing.
        arguments: &'a str,
    },
    /// One of the commands that have a right of their own.
    Command {
        /// Which.
        verb: Verb,
        /// What stands behind it.
        arguments: &'a str,
    },
}

/// What the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allowed(Permit),
    /// It may not.
    Denied(Denial),
}

/// On what terms it may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The rule that allows it, counted from 1.
    pub rule: usize,
    /// Whose consent is needed first.
    pub approval: Approval,
    /// How long it may be given.
    pub expires_after: Duration,
    /// The arguments by name, where the rule has a schema: with straight quotes, and taken out of them.
    pub arguments: BTreeMap<String, String>,
}

/// Why it may not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Nobody said that it may.
    NoRule,
    /// Nobody said that it may by whoever is linked to nobody, and linked it might be.
    Unlinked,
    /// This rule forbids it, counted from 1.
    Rule(usize),
    /// It may be done, and not like this.
    Usage {
        /// The rule that would allow it, counted from 1.
        rule: usize,
        /// What is wrong with the arguments.
        error: UsageError,
        /// How they should look: `run JOB <name> [name]`.
        usage: String,
    },
}

impl Decision {
    /// Whether it may be done, if need be after somebody's consent.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The rule that decided, counted from 1, if it was one.
    pub fn rule(&self) -> Option<usize> {
        match self {
            Self::Allowed(Permit { rule, .. })
            | Self::Denied(Denial::Rule(rule) | Denial::Usage { rule, .. }) => Some(*rule),
            Self::Denied(Denial::NoRule | Denial::Unlinked) => None,
        }
    }
}

/// The reason, for the audit row.
impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(permit) => match permit.approval {
                Approval::None => write!(formatter, "rule {} allows it", permit.rule),
                Approval::Confirm => {
                    write!(formatter, "rule {} allows it once the caller confirms it", permit.rule)
                }
                Approval::SecondPerson => {
                    write!(formatter, "rule {} allows it once a second person confirms it", permit.rule)
                }
            },
            Self::Denied(denial) => denial.fmt(formatter),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRule => formatter.write_str("no rule allows it"),
            Self::Unlinked => formatter.write_str("no rule allows it to a user who is linked to nobody"),
            Self::Rule(rule) => write!(formatter, "rule {rule} denies it"),
            Self::Usage { rule, error, .. } => write!(formatter, "rule {rule} allows it otherwise: {error}"),
        }
    }
}

/// Whether the command may come from this team: it is none of the others' business that there is a project here.
pub fn knows_team<S>(integration: &CommandIntegration<S>, team_id: &str) -> bool {
    integration.team_ids.is_empty() || integration.team_ids.contains(team_id)
}

/// Finds the rule that decides.
pub fn decide<S>(
    integration: &CommandIntegration<S>,
    caller: &Caller<'_>,
    subject: &Subject<'_>,
) -> Decision {
    let mut denial = Denial::NoRule;
    for (rule, number) in integration.rules.iter().zip(1..) {
        if !is_about(rule, subject) || !is_here(rule, caller) {
            continue;
        }
        match (knows(integration, rule, caller), rule.effect) {
            (Known::Yes, Effect::Deny) => return Decision::Denied(Denial::Rule(number)),
            (Known::Yes, Effect::Allow) => return allowed(rule, number, subject),
            (Known::OnceLinked, Effect::Allow) => denial = Denial::Unlinked,
            _ => {}
        }
    }
    Decision::Denied(denial)
}

fn allowed(rule: &Rule, number: usize, subject: &Subject<'_>) -> Decision {
    let (approval, arguments) = match subject {
        Subject::Command { .. } => (Approval::None, Ok(BTreeMap::new())),
        Subject::Run { arguments, .. } => (rule.approval, arguments::read(&rule.schema, arguments)),
    };
    match arguments {
        Ok(arguments) => {
            let expires_after = rule.approval_expires_s.into();
            Decision::Allowed(Permit { rule: number, approval, expires_after, arguments })
        }
        Err(error) => {
            let job = if let Subject::Run { job, .. } = subject { job } else { "" };
            Decision::Denied(Denial::Usage { rule: number, error, usage: usage(job, &rule.schema) })
        }
    }
}

/// Those of the jobs that the caller may run in this channel, with some arguments or other.
pub fn runnable<'a, S>(
    integration: &CommandIntegration<S>,
    caller: &Caller<'_>,
    jobs: &[&'a str],
) -> Vec<&'a str> {
    let may_run = |job: &&str| {
        let is_about = |rule: &&Rule| rule.jobs.iter().any(|pattern| pattern.fits(job));
        // A rule that denies some arguments leaves others.
        let decides = |rule: &&Rule| rule.effect == Effect::Allow || rule.arguments.is_none();
        let fits = |rule: &&Rule| is_here(rule, caller) && knows(integration, rule, caller) == Known::Yes;
        let mut rules = integration.rules.iter().filter(is_about).filter(decides).filter(fits);
        rules.next().is_some_and(|rule| rule.effect == Effect::Allow)
    };
    jobs.iter().copied().filter(may_run).collect()
}

/// Whether the caller may see and stop a run: whoever started it may, and whoever may run the same job here.
pub fn may_touch<S>(
    integration: &CommandIntegration<S>,
    caller: &Caller<'_>,
    started_by: &str,
    job: &str,
) -> bool {
    caller.user_id == started_by || !runnable(integration, caller, &[job]).is_empty()
}

/// Whether a rule is about this job or command, with these arguments.
fn is_about(rule: &Rule, subject: &Subject<'_>) -> bool {
    let (is_named, arguments) = match subject {
        Subject::Run { job, arguments } => (rule.jobs.iter().any(|pattern| pattern.fits(job)), arguments),
        Subject::Command { verb, arguments } => (rule.commands.contains(verb), arguments),
    };
    is_named && rule.arguments.as_ref().is_none_or(|pattern| pattern.fits(arguments))
}

fn is_here(rule: &Rule, caller: &Caller<'_>) -> bool {
    rule.channels.is_empty() || rule.channels.contains(caller.channel_id)
}

/// Whether a rule means the caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
    /// It asks for a role, and who is linked to nobody has none.
    OnceLinked,
}

fn knows<S>(integration: &CommandIntegration<S>, rule: &Rule, caller: &Caller<'_>) -> Known {
    let is_member =
        |group: &String| integration.groups.get(group).is_some_and(|users| users.contains(caller.user_id));
    if rule.anyone || rule.users.contains(caller.user_id) || rule.groups.iter().any(is_member) {
        return Known::Yes;
    }
    match (rule.role, caller.access_level) {
        (Some(needed), Some(level)) if level >= needed.number() => Known::Yes,
        (Some(_), None) => Known::OnceLinked,
        _ => Known::No,
    }
}

#[cfg(test)]
mod tests;
