//! The use case behind a task for a command that takes a look elsewhere: done once, and answered.
//!
//! A queue may hand a task out twice, and whoever carries it out may die in the middle. So it is written down before it is
//! begun, and once its answer is in the queue. Whoever finds it begun and not answered after a while does it again if that
//! changes nothing, and says so otherwise: nobody opens an issue twice.
//!
//! Not here: GitLab's side (`gitlab::commands`), reading a repository's jobs (`jobs`, which hands their names to
//! [`list_jobs`]), whether the caller may (the door has judged).

use std::time::Duration;

use chatops::access::runnable;
use chatops::grammar::{Instruction, IssueInstruction};
use chatops::{reply, texts};
use config::Project;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::caller::chat_user;
use super::{Asked, ChatError, integration};
use crate::clock::Timestamp;
use crate::gitlab::{Api, commands};
use crate::http_target::Outbound;
use crate::links::{self, StandingError};
use crate::queue::{Answer, Queue, Task};
use crate::store::{item, row};
use crate::table::{Condition, Item, Key, Write};
use crate::{App, Causes, projects};

/// How long somebody else may be at it before they count as dead: longer than any function lives.
const OTHERS_MAX: Duration = Duration::from_mins(15);

/// When to look again whether somebody else is done.
const AGAIN: Duration = Duration::from_mins(1);

/// How long it is remembered that a command was carried out: as long as a queue may hold its task.
const KEPT: Duration = Duration::from_hours(14 * 24);

#[derive(Serialize, Deserialize)]
struct Carried {
    begun_at: Timestamp,
    is_answered: bool,
}

/// Carries a command out that asks GitLab for something.
pub async fn carry_out(
    app: &App,
    (queue, outbound): (&dyn Queue, &Outbound),
    (asked, instruction): (&Asked, &Instruction),
) -> Answer {
    let done = once(app, (queue, outbound), (asked, instruction)).await;
    done.unwrap_or_else(|error| {
        tracing::error!(project = %asked.project, command = %asked.command, error = %Causes(&error), "command.failed");
        Answer::Fault
    })
}

async fn once(
    app: &App,
    (queue, outbound): (&dyn Queue, &Outbound),
    (asked, instruction): (&Asked, &Instruction),
) -> Result<Answer, ChatError> {
    let now = app.clock.now();
    let carried = Carried { begun_at: now, is_answered: false };
    let payload = match app.table.put(kept(asked, &carried), Condition::Absent).await? {
        Write::Done(_) => ask(app, outbound, (asked, instruction)).await?,
        Write::Conflict(None) => return Ok(Answer::Again { after: AGAIN }),
        Write::Conflict(Some(stored)) => match row::<Carried>(&stored)? {
            Carried { is_answered: true, .. } => return Ok(Answer::Done),
            Carried { begun_at, .. } if now.since(begun_at) < OTHERS_MAX => {
                return Ok(Answer::Again { after: AGAIN });
            }
            Carried { .. } if is_harmless(instruction) => ask(app, outbound, (asked, instruction)).await?,
            Carried { .. } => reply::ephemeral(asked.platform, &texts::in_doubt()),
        },
    };
    answer_later(app, queue, asked, &payload).await?;
    let carried = Carried { is_answered: true, ..carried };
    app.table.put(kept(asked, &carried), Condition::Always).await?;
    Ok(Answer::Done)
}

fn kept(asked: &Asked, carried: &Carried) -> Item {
    let key = Key::new(format!("command-seen#{}", asked.id), "carried-out");
    item(key, carried, Some(carried.begun_at + KEPT))
}

/// Whether it may be done twice.
fn is_harmless(instruction: &Instruction) -> bool {
    matches!(instruction, Instruction::Issue(IssueInstruction::Show(_) | IssueInstruction::Search(_)))
}

async fn ask(
    app: &App,
    outbound: &Outbound,
    (asked, instruction): (&Asked, &Instruction),
) -> Result<Value, ChatError> {
    let project = projects::by_id(app, asked.project).await?;
    let Some((project, gitlab)) =
        project.as_deref().and_then(|project| Some((project, project.gitlab.as_ref()?)))
    else {
        return Ok(reply::ephemeral(asked.platform, &texts::not_found()));
    };
    let behalf = links::behalf(app, outbound, (project, &chat_user(asked))).await?;
    let api = Api::new(outbound, gitlab);
    let answer = commands::execute(&api, asked.platform, &behalf, instruction).await;
    Ok(answer.unwrap_or_else(|| reply::ephemeral(asked.platform, &texts::not_found())))
}

/// Has a command answered: by a task of its own, so that a chat that is down holds nothing up.
pub async fn answer_later(
    app: &App,
    queue: &dyn Queue,
    asked: &Asked,
    payload: &Value,
) -> Result<(), ChatError> {
    let task = Task::AnswerV1 {
        asked: Box::new(asked.clone()),
        payload: payload.to_string(),
        queued_at: app.clock.now(),
    };
    Ok(queue.send(vec![task]).await?)
}

/// Answers `jobs` with those of a repository's jobs that the caller may run.
pub async fn list_jobs(
    app: &App,
    (queue, outbound): (&dyn Queue, &Outbound),
    asked: &Asked,
    names: &[&str],
) -> Result<(), ChatError> {
    let project = projects::by_id(app, asked.project).await?;
    let text = match project.as_deref() {
        Some(project) => runnable_text(app, outbound, (project, asked), names).await?,
        None => texts::not_found(),
    };
    answer_later(app, queue, asked, &reply::ephemeral(asked.platform, &text)).await
}

async fn runnable_text(
    app: &App,
    outbound: &Outbound,
    (project, asked): (&Project, &Asked),
    names: &[&str],
) -> Result<chatops::Text, ChatError> {
    let Some(integration) = integration(project, asked) else { return Ok(texts::not_found()) };
    let standing = links::standing(app, outbound, (project, &chat_user(asked)), integration).await;
    let access_level = match standing {
        Ok(standing) => standing.map(|standing| standing.access_level),
        Err(StandingError::Store(error)) => return Err(error.into()),
        Err(error @ StandingError::Ask(_)) => return Ok(texts::unasked(&error.to_string())),
    };
    let caller =
        chatops::access::Caller { user_id: &asked.user.id, channel_id: &asked.channel.id, access_level };
    Ok(texts::jobs(&asked.slash, &runnable(integration, &caller, names)))
}
