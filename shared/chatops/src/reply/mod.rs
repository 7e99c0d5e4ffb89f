//! The JSON that chat is answered with, in GitLab's shapes: Slack gets a text, Mattermost an attachment
//! (`lib/gitlab/chat/responder/{slack,mattermost}.rb`).
//!
//! Different from GitLab on purpose: a failure shows its exit code and its last lines, success without output says so,
//! links do not unfold, and nobody is called but, in Slack, the one who ran the job.
//!
//! Not here: the words (`texts`), posting, and what is done when the chat does not take a reply (`app`).

pub mod issue;

use std::time::Duration;

use config::commands::Platform;
use serde_json::{Map, Value, json};

use crate::limits::{PROGRESS_AFTER, PROGRESS_POSTS_MAX, RESPONSE_URL_AGE_MAX, RESPONSE_URL_POSTS_MAX};
use crate::output::Excerpt;
use crate::{Named, Text, texts};

/// Mattermost's colours of GitLab's attachments.
const SUCCESS_COLOUR: &str = "#00c100";
const FAILURE_COLOUR: &str = "#e40303";

/// A run, as chat gets to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its job.
    pub job: &'a str,
    /// Who asked for it.
    pub caller: &'a Named,
    /// Where its log can be read, if it can.
    pub url: Option<&'a str>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending<'a> {
    /// Well.
    Succeeded {
        /// What it answers; see [`output::reply`](crate::output::reply).
        output: &'a Excerpt,
        /// How long it ran.
        took: Duration,
    },
    /// With an exit code other than 0, or without one.
    Failed {
        /// The code, if it is known.
        exit_code: Option<i32>,
        /// See [`output::last_lines`](crate::output::last_lines).
        last_lines: &'a Excerpt,
    },
    /// At its deadline.
    TimedOut {
        /// How long it might have run.
        limit: Duration,
        /// See [`output::last_lines`](crate::output::last_lines).
        last_lines: &'a Excerpt,
    },
    /// By somebody's will.
    Cancelled {
        /// Whose, if it was somebody in the chat.
        by: Option<&'a Named>,
    },
    /// Before it began.
    NotStarted {
        /// Why, in one sentence for people, which may quote foreign text.
        reason: &'a str,
    },
    /// Unseen: the machine that it ran on is gone.
    Lost,
}

/// How a result gets to the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the address that came with the command.
    ResponseUrl,
    /// By a bot: see [`by_bot`].
    Bot,
}

/// The way that is open `age` after the command and so many posts to its address; `None` if there is none, and only
/// `status` tells.
pub fn way(age: Duration, posts: u32, has_bot: bool) -> Option<Way> {
    if age < RESPONSE_URL_AGE_MAX && posts < RESPONSE_URL_POSTS_MAX {
        return Some(Way::ResponseUrl);
    }
    has_bot.then_some(Way::Bot)
}

/// Whether to tell that a run goes on, `age` after the command and so many such posts.
pub fn is_time_for_progress(age: Duration, posts: u32) -> bool {
    (PROGRESS_AFTER..RESPONSE_URL_AGE_MAX).contains(&age) && posts < PROGRESS_POSTS_MAX
}

/// An answer that only the caller sees.
pub fn ephemeral(platform: Platform, text: &Text) -> Value {
    let text = text.render(platform);
    payload(platform, json!({"response_type": "ephemeral", "text": text}))
}

/// An answer that the channel sees.
pub fn in_channel(platform: Platform, text: &Text) -> Value {
    let text = text.render(platform);
    payload(platform, json!({"response_type": "in_channel", "text": text}))
}

/// The first answer to `run`. Slack shows the typed command because of it, and nothing else.
pub fn scheduled(platform: Platform, run: &Run<'_>) -> Value {
    match platform {
        Platform::Slack => json!({"response_type": "in_channel", "text": ""}),
        Platform::Mattermost => ephemeral(platform, &texts::scheduled(run.id, run.url)),
    }
}

/// The first answer to a command whose answer takes a look elsewhere.
pub fn taken(platform: Platform) -> Value {
    match platform {
        Platform::Slack => json!({"response_type": "in_channel", "text": ""}),
        Platform::Mattermost => ephemeral(platform, &texts::one_moment()),
    }
}

/// What is posted while a run takes its time; once at the most.
pub fn progress(platform: Platform, run: &Run<'_>, running_for: Duration) -> Value {
    let text = Text::default().caller(run.caller).words(": ");
    in_channel(platform, &text.then(texts::still_running(run.job, running_for)))
}

/// What is posted when a run has ended.
pub fn finished(platform: Platform, run: &Run<'_>, ending: Ending<'_>) -> Value {
    match platform {
        Platform::Slack => {
            let text = Text::default().caller(run.caller).words(": ").then(said(run, ending));
            in_channel(platform, &text)
        }
        Platform::Mattermost => attachment(run, ending),
    }
}

/// The same payload for a bot to post, where there is no `response_url` any more: Slack's `chat.postMessage`,
/// Mattermost's `POST /api/v4/posts`.
pub fn by_bot(platform: Platform, channel_id: &str, payload: &Value) -> Value {
    let part = |name: &str| payload.get(name).cloned().unwrap_or_default();
    match platform {
        Platform::Slack => json!({
            "channel": channel_id,
            "text": part("text"),
            "unfurl_links": false,
            "unfurl_media": false,
        }),
        Platform::Mattermost => {
            let mut props: Map<String, Value> = part("props").as_object().cloned().unwrap_or_default();
            props.insert("attachments".to_owned(), payload.get("attachments").cloned().unwrap_or(json!([])));
            let text = part("text").as_str().unwrap_or_default().to_owned();
            json!({"channel_id": channel_id, "message": text, "props": props})
        }
    }
}

/// The words for an ending, and what it printed.
fn said(run: &Run<'_>, ending: Ending<'_>) -> Text {
    match ending {
        Ending::Succeeded { output, took } if output.text.is_empty() => texts::no_output(took),
        Ending::Succeeded { output, .. } => texts::output(output, run.url),
        Ending::Failed { exit_code, last_lines } => with_lines(texts::failed(exit_code, run.url), last_lines),
        Ending::TimedOut { limit, last_lines } => with_lines(texts::timed_out(limit, run.url), last_lines),
        Ending::Cancelled { by } => texts::cancelled(run.job, by),
        Ending::NotStarted { reason } => texts::not_started(run.job, reason),
        Ending::Lost => texts::lost(run.job),
    }
}

fn with_lines(text: Text, last_lines: &Excerpt) -> Text {
    if last_lines.text.is_empty() { text } else { text.words("\n").output(&last_lines.text) }
}

fn attachment(run: &Run<'_>, ending: Ending<'_>) -> Value {
    let platform = Platform::Mattermost;
    let is_success = matches!(ending, Ending::Succeeded { .. });
    let (colour, end) =
        if is_success { (SUCCESS_COLOUR, " completed successfully") } else { (FAILURE_COLOUR, " failed!") };
    let text = Text::of("ChatOps job started by ").caller(run.caller).words(end);
    let id = Text::default().link(&format!("#{}", run.id), run.url);
    let mut fields = vec![
        json!({"short": true, "title": "ID", "value": id.render(platform)}),
        json!({"short": true, "title": "Name", "value": Text::default().foreign(run.job).render(platform)}),
    ];
    let title = if is_success { "Output" } else { "Reason" };
    fields.push(json!({"short": false, "title": title, "value": said(run, ending).render(platform)}));
    let attachment = json!({"color": colour, "text": text.render(platform), "fields": fields});
    payload(platform, json!({"response_type": "in_channel", "attachments": [attachment]}))
}

/// With what keeps foreign text from calling people and from showing pictures.
fn payload(platform: Platform, mut payload: Value) -> Value {
    match platform {
        Platform::Slack => {
            payload["unfurl_links"] = false.into();
            payload["unfurl_media"] = false.into();
        }
        Platform::Mattermost => {
            payload["props"] = json!({"disable_mentions": true});
            payload["skip_slack_parsing"] = true.into();
        }
    }
    payload
}

#[cfg(test)]
mod tests;
