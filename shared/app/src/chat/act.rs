//! What each command does at the door: an answer, and what has to be kept of it.
//!
//! All of it can be done again without harm: a run is made under a name that was kept before, steps of runs are made once,
//! and a task that comes twice is carried out once.
//!
//! Not here: runs that are there already (`touch`), carrying out what takes a look elsewhere (`carry_out`).

use chatops::access::{Decision, Denial, Permit, Subject, decide};
use chatops::grammar::Instruction;
use chatops::texts::Offer;
use chatops::{Text, reply, texts};
use config::commands::Approval;
use config::{CommandIntegration, Project};
use serde_json::Value;

use super::{Asked, ChatError, caller, touch, words};
use crate::App;
use crate::audit::{Arguments, Entry};
use crate::http_target::Outbound;
use crate::ids::RunId;
use crate::links::{self, ChatUser};
use crate::queue::{Queue, Task};
use crate::runs::{self, Consent, Run, State};
use crate::table::Item;

/// Where a command is dealt with: what it is about, and all that is at hand.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) app: &'a App,
    pub(crate) queue: &'a dyn Queue,
    pub(crate) outbound: &'a Outbound,
    pub(crate) project: &'a Project,
    pub(crate) integration: &'a CommandIntegration,
    pub(crate) asked: &'a Asked,
}

/// A command that was dealt with.
pub(crate) struct Done {
    pub(crate) reply: Value,
    pub(crate) entry: Entry,
    /// What is kept besides, in the same call as the audit row.
    pub(crate) rows: Vec<Item>,
}

/// What becomes of a command, and what the audit says of it.
pub(crate) struct Verdict {
    pub(crate) reply: Value,
    pub(crate) is_allowed: bool,
    pub(crate) decision: String,
    pub(crate) outcome: &'static str,
    pub(crate) run: Option<RunId>,
    pub(crate) rows: Vec<Item>,
}

impl Verdict {
    /// An answer that everybody may have.
    pub(crate) fn answered(reply: Value) -> Self {
        Self::allowed(reply, "everybody may", "answered")
    }

    pub(crate) fn allowed(reply: Value, decision: &str, outcome: &'static str) -> Self {
        let (decision, rows) = (decision.to_owned(), Vec::new());
        Self { reply, is_allowed: true, decision, outcome, run: None, rows }
    }

    pub(crate) fn denied(reply: Value, decision: &str) -> Self {
        Self { is_allowed: false, ..Self::allowed(reply, decision, "denied") }
    }

    pub(crate) fn of_run(self, run: &RunId) -> Self {
        Self { run: Some(run.clone()), ..self }
    }
}

/// Does what was commanded. `run` is the name of the run, if it makes one; `text`, what was typed.
pub(crate) async fn act(
    desk: &Desk<'_>,
    run: &RunId,
    instruction: &Instruction,
    text: &str,
) -> Result<Done, ChatError> {
    let (project, asked) = (desk.project, desk.asked);
    let (what, arguments) = described(instruction, text);
    let verdict = match instruction {
        Instruction::Help => desk.offer(texts::help),
        Instruction::Jobs if project.jobs.is_some() => desk.carry_out(text, "everybody may").await?,
        Instruction::Run { job, arguments } if project.jobs.is_some() => {
            run_job(desk, run, (job, arguments.as_deref().unwrap_or_default())).await?
        }
        Instruction::Status { run } => touch::status(desk, run.as_deref()).await?,
        Instruction::Cancel { run } => touch::cancel(desk, run).await?,
        Instruction::Confirm { run } => touch::confirm(desk, run).await?,
        Instruction::Link => link(desk).await?,
        Instruction::Issue(_) | Instruction::Deploy { .. } if project.gitlab.is_some() => {
            ask_gitlab(desk, instruction, text).await?
        }
        _ => desk.offer(texts::unknown),
    };
    let entry = Entry {
        at: asked.at,
        command: asked.command.clone(),
        platform: asked.platform,
        team_id: asked.team_id.clone(),
        channel: asked.channel.clone(),
        user: asked.user.clone(),
        what,
        arguments: Arguments::of(desk.app, project, arguments),
        is_allowed: verdict.is_allowed,
        decision: verdict.decision,
        run: verdict.run,
        outcome: verdict.outcome.to_owned(),
    };
    Ok(Done { reply: verdict.reply, entry, rows: verdict.rows })
}

/// What a command is called in the audit, and what was typed behind that.
fn described<'a>(instruction: &'a Instruction, text: &'a str) -> (String, &'a str) {
    match instruction {
        Instruction::Help => ("help".to_owned(), ""),
        Instruction::Jobs => ("jobs".to_owned(), ""),
        Instruction::Run { job, arguments } => {
            (format!("run {job}"), arguments.as_deref().unwrap_or_default())
        }
        Instruction::Status { run } => ("status".to_owned(), run.as_deref().unwrap_or_default()),
        Instruction::Cancel { run } => ("cancel".to_owned(), run),
        Instruction::Confirm { run } => ("confirm".to_owned(), run),
        Instruction::Link => ("link".to_owned(), ""),
        Instruction::Issue(_) | Instruction::Deploy { .. } => {
            let verb = instruction.verb_and_arguments().map(|(verb, _)| verb.to_string());
            (verb.unwrap_or_default(), text)
        }
        Instruction::Unknown => ("unknown".to_owned(), text),
    }
}

impl Desk<'_> {
    /// An answer for the caller alone.
    pub(crate) fn tell(&self, text: &Text) -> Value {
        reply::ephemeral(self.asked.platform, text)
    }

    pub(crate) fn chat_user(&self) -> ChatUser {
        caller::chat_user(self.asked)
    }

    fn project_url(&self) -> Option<String> {
        self.project.gitlab.as_ref().map(config::GitLab::project_url)
    }

    /// What this command can do, as part of an answer.
    fn offer(&self, words: impl FnOnce(&Offer<'_>) -> Text) -> Verdict {
        let project_url = self.project_url();
        Verdict::answered(self.tell(&words(&Offer {
            slash: &self.asked.slash,
            has_jobs: self.project.jobs.is_some(),
            has_gitlab: self.project.gitlab.is_some(),
            project_url: project_url.as_deref(),
        })))
    }

    /// Has a command carried out that takes longer than a chat waits.
    async fn carry_out(&self, text: &str, decision: &str) -> Result<Verdict, ChatError> {
        let task = Task::CarryOutV1 { asked: Box::new(self.asked.clone()), text: text.to_owned() };
        self.queue.send(vec![task]).await?;
        Ok(Verdict::allowed(reply::taken(self.asked.platform), decision, "queued"))
    }

    /// The answer to what the rules deny. Whom it would help to be linked is invited.
    async fn deny(&self, denial: Denial) -> Result<Verdict, ChatError> {
        let invitation = match denial {
            Denial::Unlinked => links::invite(self.app, &self.chat_user()).await?,
            _ => None,
        };
        let text = match invitation {
            Some(url) => texts::connect(&url),
            None => texts::denied(&denial, self.project_url().as_deref()),
        };
        Ok(Verdict::denied(self.tell(&text), &Decision::Denied(denial).to_string()))
    }
}

/// Makes a run, if the rules allow it, and queues it, or has it wait for consent.
async fn run_job(desk: &Desk<'_>, id: &RunId, (job, arguments): (&str, &str)) -> Result<Verdict, ChatError> {
    let standing = match caller::standing(desk, desk.asked).await? {
        Ok(standing) => standing,
        Err(text) => return Ok(Verdict::denied(desk.tell(&text), "GitLab did not say who the caller is")),
    };
    let subject = Subject::Run { job, arguments };
    let decision = decide(desk.integration, &standing.caller(desk.asked), &subject);
    let why = decision.to_string();
    let permit = match decision {
        Decision::Allowed(permit) => permit,
        Decision::Denied(denial) => return desk.deny(denial).await,
    };
    let run = new_run(desk, id, (job, arguments), &permit);
    let run = runs::create(desk.app, &run).await?.unwrap_or(run);
    let mut rows = Vec::from(runs::pointers(&run));
    let (reply, outcome) = if let State::Waiting { consent, until } = &run.state {
        rows.push(runs::waiting(&run, *until));
        let text = words::waits(&run, *consent, permit.expires_after);
        let is_for_others = *consent == Consent::SecondPerson;
        let show = if is_for_others { reply::in_channel } else { reply::ephemeral };
        (show(desk.asked.platform, &text), "waits")
    } else {
        let task = Task::RunJobV1 { run: run.id.clone(), project: desk.project.id };
        desk.queue.send(vec![task]).await?;
        (scheduled(&run), "queued")
    };
    Ok(Verdict { rows, ..Verdict::allowed(reply, &why, outcome).of_run(&run.id) })
}

fn new_run(desk: &Desk<'_>, id: &RunId, (job, arguments): (&str, &str), permit: &Permit) -> Run {
    let mut run = Run::new(id.clone(), desk.asked.clone(), job, arguments);
    let consent = match permit.approval {
        Approval::None => return run,
        Approval::Confirm => Consent::Caller,
        Approval::SecondPerson => Consent::SecondPerson,
    };
    run.state = State::Waiting { consent, until: desk.asked.at + permit.expires_after };
    run
}

/// The first answer to a run that is queued.
pub(crate) fn scheduled(run: &Run) -> Value {
    let id = run.id.to_string();
    let shown = reply::Run { id: &id, job: &run.job, caller: &run.asked.user, url: None };
    reply::scheduled(run.asked.platform, &shown)
}

/// Has GitLab asked, if the rules allow it.
async fn ask_gitlab(desk: &Desk<'_>, instruction: &Instruction, text: &str) -> Result<Verdict, ChatError> {
    let standing = match caller::standing(desk, desk.asked).await? {
        Ok(standing) => standing,
        Err(text) => return Ok(Verdict::denied(desk.tell(&text), "GitLab did not say who the caller is")),
    };
    let Some((verb, arguments)) = instruction.verb_and_arguments() else {
        return Ok(desk.offer(texts::unknown));
    };
    let subject = Subject::Command { verb, arguments: &arguments };
    match decide(desk.integration, &standing.caller(desk.asked), &subject) {
        Decision::Denied(denial) => desk.deny(denial).await,
        decision @ Decision::Allowed(_) => desk.carry_out(text, &decision.to_string()).await,
    }
}

/// Gives out an address that connects the caller's account with GitLab's.
async fn link(desk: &Desk<'_>) -> Result<Verdict, ChatError> {
    let who = desk.chat_user();
    let text = if desk.project.gitlab.is_none() {
        texts::nothing_to_link()
    } else if let Some(linked) = links::linked(desk.app, desk.project, &who).await? {
        texts::connected(&linked.username)
    } else {
        match links::invite(desk.app, &who).await? {
            Some(url) => texts::connect(&url),
            None => texts::no_link(),
        }
    };
    Ok(Verdict::answered(desk.tell(&text)))
}
