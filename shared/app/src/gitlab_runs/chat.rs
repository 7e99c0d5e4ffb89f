//! A run handed over to GitLab's own slash command: a true pipeline of the source `chat` with one job, in the name of the
//! user that GitLab knows by its own list of connected accounts.
//!
//! GitLab would answer chat when the job has ended. It is given an address of ours in the chat's place, which works once
//! and tells no more than *look now*: what came of it is then asked of GitLab, by its own certificate.

use chatops::reply::ephemeral;
use chatops::texts;
use payload::Secret;

use super::{GitLabRuns, Held, callback, journal, refused};
use crate::executor::{ExecutorError, Order, Started};
use crate::gitlab::chat::{ChatAnswer, ChatCommand};
use crate::gitlab::{Api, AskError};
use crate::queue::Task;
use crate::{Causes, runs};

/// How many characters of GitLab's own words are passed on.
const REASON_CHARS_MAX: usize = 300;

/// GitLab's words to somebody it does not know.
const CONNECT: &str = "connect your GitLab account";

/// What GitLab made of a command.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    /// A job of this number.
    Job(u64),
    /// Nothing: the caller has to connect an account at this address first.
    Connect(String),
    /// Nothing, and why.
    Refused(String),
}

impl GitLabRuns {
    pub(super) async fn start_by_chat(
        &self,
        api: Api<'_>,
        order: &Order,
        token: &Secret,
    ) -> Result<Started, ExecutorError> {
        if let Some(begun) = journal::about_to_begin(&self.app, order).await? {
            return Ok(begun);
        }
        let handed_over = self.hand_over(api, order, token).await;
        let told = match handed_over {
            Ok(answer) => told(&answer, order),
            Err(error @ ExecutorError::InDoubt) => return Err(error),
            Err(error) => {
                journal::not_begun(&self.app, order).await;
                return Err(error);
            }
        };
        match told {
            Told::Job(id) => self.begun(order, id).await,
            Told::Connect(url) => {
                journal::not_begun(&self.app, order).await;
                self.pass_on(order, &url).await;
                let reason = "GitLab does not know who you are there yet, and has sent you an address to connect your account";
                Err(ExecutorError::Refused { reason: reason.to_owned() })
            }
            Told::Refused(reason) => {
                journal::not_begun(&self.app, order).await;
                Err(ExecutorError::Refused { reason })
            }
        }
    }

    async fn hand_over(
        &self,
        api: Api<'_>,
        order: &Order,
        token: &Secret,
    ) -> Result<ChatAnswer, ExecutorError> {
        let refuse = |reason: &str| ExecutorError::Refused { reason: reason.to_owned() };
        let response_url = callback::address(&self.app, order)
            .await
            .map_err(|error| ExecutorError::Unavailable(Box::new(error)))?
            .ok_or_else(|| {
                refuse("this Bellhop does not know its own address, which GitLab has to call back")
            })?;
        let mut text = format!("run {}", order.job);
        if !order.input.is_empty() {
            text.push(' ');
            text.push_str(&order.input);
        }
        let command = ChatCommand {
            token: token.expose(),
            team: (&order.team_id, &order.team_id),
            channel_id: &order.channel_id,
            user: (&order.user_id, &order.user_name),
            text: &text,
            response_url: &response_url,
        };
        api.hand_over(command).await.map_err(|error| match error {
            // GitLab gives the same answer to a wrong token and to an unknown project.
            AskError::NotFound => refuse("GitLab does not know the slash command's token, or the project"),
            error => refused(error),
        })
    }

    async fn begun(&self, order: &Order, job: u64) -> Result<Started, ExecutorError> {
        // It runs: from here on, whatever goes wrong is no reason to begin it again.
        let row = self.api(&order.project)?.job(job).await.map_err(|error| {
            tracing::error!(run = %order.run, job, error = %Causes(&error), "a job that GitLab made is not seen");
            ExecutorError::InDoubt
        })?;
        let since = self.app.clock.now();
        let held = Held {
            pipeline: row.pipeline.id,
            job: row.name,
            since,
            deadline: since + order.timeout,
            url: row.web_url,
        };
        Ok(journal::begun(&self.app, order, &held, Some(job)).await)
    }

    /// To the caller alone: whoever opens the address becomes the chat user at GitLab.
    async fn pass_on(&self, order: &Order, url: &str) {
        let told = async {
            let Some(run) = runs::find(&self.app, &order.run).await? else { return Ok(()) };
            let payload = ephemeral(run.asked.platform, &texts::connect(url)).to_string();
            let asked = Box::new(run.asked);
            let task = Task::AnswerV1 { asked, payload, queued_at: self.app.clock.now() };
            self.queue.send(vec![task]).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(run = %order.run, error = %Causes(&*error), "a caller was not told how to connect");
        }
    }
}

/// Reads GitLab's answer (`lib/gitlab/chat/responder/mattermost.rb`, `lib/gitlab/slash_commands/presenters`).
fn told(answer: &ChatAnswer, order: &Order) -> Told {
    let attached = answer.attachments.iter().filter_map(|attachment| attachment["text"].as_str());
    let texts: Vec<_> = answer.text.as_deref().into_iter().chain(attached).collect();
    if let Some(id) = texts.iter().find_map(|text| job_number(text)) {
        return Told::Job(id);
    }
    let text = texts.join(" ");
    let gitlab = order.project.gitlab.as_ref().map(|gitlab| gitlab.url.as_str()).unwrap_or_default();
    if text.contains(CONNECT)
        && let Some(url) = address_below(&text, gitlab)
    {
        return Told::Connect(url.to_owned());
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let reason: String = words.join(" ").chars().take(REASON_CHARS_MAX).collect();
    let reason = reason.trim_end_matches('.');
    Told::Refused(if reason.is_empty() {
        "GitLab says nothing".to_owned()
    } else {
        format!("GitLab says: {reason}")
    })
}

/// `[#12](https://...)`.
fn job_number(text: &str) -> Option<u64> {
    let rest = text.split_once("[#")?.1;
    let (digits, rest) = rest.split_once(']')?;
    rest.starts_with('(').then(|| digits.parse().ok())?
}

/// The first address that begins with GitLab's own.
fn address_below<'t>(text: &'t str, gitlab: &str) -> Option<&'t str> {
    let start = text.find(&format!("{gitlab}/"))?;
    let rest = &text[start..];
    let end = rest.find(|c: char| c.is_whitespace() || ")>|\"".contains(c)).unwrap_or(rest.len());
    Some(&rest[..end])
}
