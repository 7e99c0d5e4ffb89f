//! Every word that chat reads, in one place: GitLab's where GitLab has some (`lib/gitlab/slash_commands/presenters`,
//! `lib/gitlab/chat/responder`; their hard line breaks left out), ours in the same tone elsewhere.
//!
//! Not here: what they are sent in, and to whom they are shown (`reply`).

use std::time::Duration;

use config::commands::Approval;

use crate::access::{ConsentError, Denial};
use crate::limits::{ISSUES_FOUND_MAX, RESPONSE_URL_AGE_MAX};
use crate::output::Excerpt;
use crate::{IntakeError, Named, Text};

/// Where GitLab explains all this.
const DOCUMENTATION: &str = "https://docs.gitlab.com/ci/chatops/";

/// What a slash command can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The slash command, such as `/gitlab`.
    pub slash: &'a str,
    /// Whether jobs can be run.
    pub has_jobs: bool,
    /// Whether GitLab's API can be asked.
    pub has_gitlab: bool,
    /// Where people see the project.
    pub project_url: Option<&'a str>,
}

/// What GitLab can do, in its own order.
const GITLAB_USAGES: [&str; 7] = [
    "issue show <id>",
    "issue new <title> *`⇧ Shift`*+*`↵ Enter`* <description>",
    "issue search <your query>",
    "issue move <issue_id> (to)? <project_path>",
    "issue close <id>",
    "issue comment <id> *`⇧ Shift`*+*`↵ Enter`* <comment>",
    "deploy <environment> to <target-environment>",
];

const JOB_USAGES: [&str; 5] =
    ["run <command> <arguments>", "jobs", "status [run]", "cancel <run>", "confirm <run>"];

/// The answer to `help`.
pub fn help(offer: &Offer<'_>) -> Text {
    if !offer.has_jobs && !offer.has_gitlab {
        return Text::of("This chatops integration does not have any commands that can be executed.\n\n")
            .then(footer(offer));
    }
    let gitlab = GITLAB_USAGES.iter().filter(|_| offer.has_gitlab);
    let jobs = JOB_USAGES.iter().filter(|_| offer.has_jobs);
    let link = ["link", "help"].iter().filter(|usage| offer.has_gitlab || **usage != "link");
    let start =
        "*Available commands*\n\nThe following commands are available for this chatops integration:\n\n";
    let mut text = Text::of(start);
    for usage in gitlab.chain(jobs).chain(link) {
        text = text.foreign(offer.slash).words(&format!(" {usage}\n"));
    }
    if offer.has_jobs {
        text = text
            .words("\nIf available, the `run` command is used for running GitLab CI jobs defined in this project's `.gitlab-ci.yml` file. For example, if a job called \"help\" is defined you can run it like so:\n\n")
            .code(&format!("{} run help", offer.slash))
            .words("\n");
    }
    text.words("\n").then(footer(offer))
}

fn footer(offer: &Offer<'_>) -> Text {
    let project = offer.project_url.map(|url| Text::of("*Project*\n\n").then(project_found_at(url)));
    project.map(|text| text.words("\n\n")).unwrap_or_default().words(&format!(
        "*Documentation*\n\nFor more information about GitLab chatops, refer to its documentation: {DOCUMENTATION}."
    ))
}

fn project_found_at(url: &str) -> Text {
    Text::of("The GitLab project for this chatops integration can be found at ")
        .link(url, Some(url))
        .words(".")
}

/// The answer to what is no command.
pub fn unknown(offer: &Offer<'_>) -> Text {
    Text::of("The specified command is not valid.\n\n").then(help(offer))
}

/// The answer to `jobs`.
pub fn jobs(slash: &str, jobs: &[&str]) -> Text {
    if jobs.is_empty() {
        return Text::of("There is no job here that you may run.");
    }
    let start = Text::of("You may run these jobs here:\n");
    jobs.iter().fold(start, |text, job| text.words("\n").code(&format!("{slash} run {job}")))
}

/// A job that is not there, is hidden, or is not for chat.
pub fn not_scheduled(job: &str) -> Text {
    Text::of("The command could not be scheduled. Make sure that your project has a .gitlab-ci.yml that defines a job with the name \"")
        .foreign(job)
        .words("\"")
}

/// A command that the rules deny. GitLab's text, whatever the reason: that stands in the audit row. Whom it would help
/// to be linked is told so by [`connect`].
pub fn denied(denial: &Denial, project_url: Option<&str>) -> Text {
    if let Denial::Usage { error, usage, .. } = denial {
        return Text::of("That does not fit: ").foreign(&error.to_string()).words(".\n\nUsage: ").code(usage);
    }
    let start = "You are not allowed to perform the given chatops command.";
    match project_url {
        None => Text::of(start),
        Some(url) => Text::of(start)
            .words(
                " Most likely you do not have access to the GitLab project for this chatops integration.\n\n",
            )
            .then(project_found_at(url)),
    }
}

/// To somebody whom nobody knows yet; `url` is good for ten minutes, and once.
pub fn connect(url: &str) -> Text {
    Text::of(":wave: Hi there! Before I do anything for you, please ")
        .link("connect your GitLab account", Some(url))
        .words(".")
}

/// To somebody who is known already.
pub fn connected(login: &str) -> Text {
    Text::of("You are connected with GitLab as ").foreign(login).words(".")
}

/// The answer to `link` where no GitLab is asked.
pub fn nothing_to_link() -> Text {
    Text::of(
        "There is no GitLab to connect your account with: here, people are named in the rules of access.",
    )
}

/// To a job that would end when nobody can be told any more.
pub fn needs_bot(job: &str, timeout: Duration) -> Text {
    Text::of("The command could not be scheduled. ").foreign(job).words(&format!(
        " may run for {}, and without a bot token, a chat can be answered for {} only.",
        duration(timeout),
        duration(RESPONSE_URL_AGE_MAX)
    ))
}

/// To a request that does not say who wrote it.
pub fn unidentified() -> Text {
    Text::of(":sweat_smile: Couldn't identify you, nor can I authorize you!")
}

/// To a team that has no project here.
pub fn unknown_team() -> Text {
    Text::of("GitLab error: project or alias not found")
}

/// An issue, run or environment that is not there.
pub fn not_found() -> Text {
    Text::of("404 not found! GitLab couldn't find what you were looking for! :boom:")
}

/// To a command that cannot be read.
pub fn refused(error: IntakeError) -> Text {
    match error {
        IntakeError::Unidentified => unidentified(),
        error => Text::of(&error.to_string()),
    }
}

/// To a command whose answer takes a look elsewhere.
pub fn one_moment() -> Text {
    Text::of("One moment, please.")
}

/// To a command of which nobody knows whether it was carried out.
pub fn in_doubt() -> Text {
    Text::of("Nobody knows whether that was done: look before you ask for it again.")
}

/// A run that is queued, for a chat that shows it.
pub fn scheduled(run: &str, url: Option<&str>) -> Text {
    Text::of("Your ChatOps job ").link(&format!("#{run}"), url).words(" has been created!")
}

/// A run that waits for consent.
pub fn waits(slash: &str, run: &str, approval: Approval, expires_after: Duration) -> Text {
    let who = match approval {
        Approval::None | Approval::Confirm => "you confirm it",
        Approval::SecondPerson => "a second person confirms it",
    };
    Text::of(&format!("This job starts once {who} within {}: ", duration(expires_after)))
        .code(&format!("{slash} confirm {run}"))
}

/// Consent that does not count.
pub fn consent_refused(error: &ConsentError) -> Text {
    Text::of(match error {
        ConsentError::Expired => "Too late: the time to confirm this job is over.",
        ConsentError::NotTheCaller => "Only the one who asked for this job can confirm it.",
        ConsentError::SamePerson => "This job has to be confirmed by a second person.",
        ConsentError::Denied(_) => "You are not allowed to perform the given chatops command.",
        ConsentError::CallerDenied(_) => "Whoever asked for this job is not allowed to run it any more.",
    })
}

/// How a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing<'a> {
    /// Waits for consent.
    Waiting,
    /// In the queue, or about to start.
    Queued,
    /// At work, for so long.
    Running(Duration),
    /// Done, and well, after so long.
    Succeeded(Duration),
    /// Done, and not well.
    Failed,
    /// Stopped at its deadline.
    TimedOut,
    /// Stopped, by this user if it was one of the chat's.
    Cancelled(Option<&'a Named>),
    /// Never begun.
    NotStarted,
    /// Nobody knows: the machine that it ran on is gone.
    Lost,
}

/// The answer to `status`.
pub fn status(run: &str, job: &str, doing: Doing<'_>) -> Text {
    let start = Text::default().foreign(job).words(" (#").foreign(run).words(") ");
    match doing {
        Doing::Waiting => start.words("waits to be confirmed."),
        Doing::Queued => start.words("is about to start."),
        Doing::Running(time) => start.words(&format!("has been running for {}.", duration(time))),
        Doing::Succeeded(took) => start.words(&format!("succeeded after {}.", duration(took))),
        Doing::Failed => start.words("failed."),
        Doing::TimedOut => start.words("took too long and was stopped."),
        Doing::Cancelled(by) => start.then(was_cancelled(by)),
        Doing::NotStarted => start.words("could not start."),
        Doing::Lost => start.words("was lost with the machine that it ran on."),
    }
}

/// The same, and what a job that is over printed.
pub fn with_output(status: Text, printed: &Excerpt, url: Option<&str>) -> Text {
    status.words("\n").then(output(printed, url))
}

/// The answer to `status` of somebody who never ran anything.
pub fn no_runs() -> Text {
    Text::of("You have not run anything here yet.")
}

/// The answer to `cancel`.
pub fn cancelling(run: &str) -> Text {
    Text::of("Stopping #").foreign(run).words(".")
}

/// The answer to `cancel` or `confirm` of a run that is over.
pub fn over(run: &str) -> Text {
    Text::of("#").foreign(run).words(" is over already.")
}

/// A run that has not ended after a while.
pub fn still_running(job: &str, running_for: Duration) -> Text {
    Text::default().foreign(job).words(&format!(" is still running, for {} now.", duration(running_for)))
}

/// What a job printed, as much as fits.
pub fn output(output: &Excerpt, url: Option<&str>) -> Text {
    let text = Text::default().output(&output.text);
    if output.left_out_bytes == 0 {
        return text;
    }
    text.words("\n").link("The output is too large to be sent back directly!", url)
}

/// A job that succeeded without a word.
pub fn no_output(took: Duration) -> Text {
    Text::of(&format!("done, no output, {}", duration(took)))
}

/// A job that failed.
pub fn failed(exit_code: Option<i32>, url: Option<&str>) -> Text {
    let text = Text::default().link("Sorry, the build failed!", url);
    exit_code.map(|code| text.clone().words(&format!(" Exit code {code}."))).unwrap_or(text)
}

/// A job that was stopped at its deadline.
pub fn timed_out(limit: Duration, url: Option<&str>) -> Text {
    let label = format!("Sorry, the build took longer than {} and was stopped!", duration(limit));
    Text::default().link(&label, url)
}

/// A job that somebody stopped.
pub fn cancelled(job: &str, by: Option<&Named>) -> Text {
    Text::default().foreign(job).words(" ").then(was_cancelled(by))
}

fn was_cancelled(by: Option<&Named>) -> Text {
    match by {
        Some(by) => Text::of("was cancelled by ").foreign(&by.name).words("."),
        None => Text::of("was cancelled."),
    }
}

/// A job whose end nobody saw.
pub fn lost(job: &str) -> Text {
    Text::of("Sorry, nobody knows how ")
        .foreign(job)
        .words(" ended: the machine that it ran on is gone. It may have done all, a part or nothing.")
}

/// A run that nobody consented to in time.
pub fn expired(job: &str) -> Text {
    Text::of("Nobody confirmed ").foreign(job).words(" in time: it does not start.")
}

/// A job that never began. The reason is one sentence for people.
pub fn not_started(job: &str, reason: &str) -> Text {
    Text::of("Sorry, ").foreign(job).words(" could not start: ").foreign(reason)
}

/// A deployment that GitLab started.
pub fn deployment_started(from: &str, to: &str, url: &str) -> Text {
    Text::of("Deployment started from ")
        .foreign(from)
        .words(" to ")
        .foreign(to)
        .words(". ")
        .link("Follow its progress", Some(url))
        .words(".")
}

/// A deployment for which there is no job, or more than one.
pub fn deployment_not_found() -> Text {
    Text::of("Couldn't find a deployment manual action.")
}

/// A deployment that GitLab refused. The reason is GitLab's.
pub fn deployment_not_started(reason: &str) -> Text {
    Text::of("Couldn't start the deployment: ").foreign(reason)
}

/// An issue that there is nothing to close of.
pub fn already_closed(issue: u64) -> Text {
    Text::of(&format!("Issue #{issue} is already closed."))
}

/// Something that GitLab refused. The reasons are GitLab's.
pub fn unsuccessful(reasons: &[&str]) -> Text {
    let start = Text::of("The action was not successful, because:");
    reasons.iter().fold(start, |text, reason| text.words("\n- ").foreign(reason))
}

/// Something that GitLab could not be asked. The reason is one sentence without its full stop.
pub fn unasked(reason: &str) -> Text {
    Text::of("That did not work: ").foreign(reason).words(".")
}

/// The answer to `link` where Bellhop does not know its own address.
pub fn no_link() -> Text {
    Text::of("Your account cannot be connected: this Bellhop does not know its own address.")
}

/// The head of a list of issues.
pub fn issues_found(count: usize) -> Text {
    Text::of(&match count {
        1 => "Here is the only issue I found:".to_owned(),
        0..ISSUES_FOUND_MAX => format!("Here are the {count} issues I found:"),
        _ => format!("Here are the first {ISSUES_FOUND_MAX} issues I found:"),
    })
}

/// `12 s`, `3 min 5 s`, `2 h 10 min`: the two largest units.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, min, 0) => format!("{min} min"),
        (0, min, s) => format!("{min} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, min, _) => format!("{h} h {min} min"),
    }
}

#[cfg(test)]
mod tests;
