//! The use case behind a task that tells chat something: one post, by the address that came with the command while that
//! lives, then by a bot.
//!
//! A post is tried again for a day, each time after as long as it has been tried already. If a crash comes between a post
//! and the note that it was made, it is made twice: that is better than not at all.
//!
//! Not here: what is said (`words`, `chatops::reply`), how connections are made and guarded (`http_target`).

use std::time::Duration;

use chatops::ResponseUrl;
use chatops::reply::{Way, by_bot, way};
use config::commands::{Chat, Platform};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use payload::Secret;
use relay::{HttpRequest, Outcome};
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, News, integration, words};
use crate::clock::Timestamp;
use crate::http_target::{Exchange, Outbound};
use crate::ids::RunId;
use crate::queue::Answer;
use crate::runs::{self, Run, Step};
use crate::seal::SealError;
use crate::{App, Causes, StoreError, projects};

/// Where Slack's bots post (<https://docs.slack.dev/reference/methods/chat.postMessage>).
const SLACK_BOT_URL: &str = "https://slack.com/api/chat.postMessage";

/// Where Mattermost's bots post, below its origin (<https://developers.mattermost.com/api-documentation/#/operations/CreatePost>).
const MATTERMOST_BOT_PATH: &str = "/api/v4/posts";

/// What Slack says in a 200 when it is worth asking again.
const SLACK_PASSING_ERRORS: [&str; 6] = [
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
];

/// How long a chat may take over a post.
const POST_TIME_MAX: Duration = Duration::from_secs(10);

/// The shortest and the longest wait between two tries of a post. A hiccup is over in seconds, and half an hour is all
/// that there is.
const WAIT_MIN: Duration = Duration::from_secs(2);
/// See [`WAIT_MIN`].
const WAIT_MAX: Duration = Duration::from_mins(5);

/// After this long, nobody waits for an answer any more.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);

/// What came of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Posted {
    /// The chat has it.
    Taken(Way),
    /// It did not work now.
    Later { reason: String, at_least: Duration },
    /// It will never work.
    Lost { reason: String },
}

/// Tells chat some news of a run.
pub async fn tell_run(
    app: &App,
    outbound: &Outbound,
    (run, news): (&RunId, News),
    queued_at: Timestamp,
) -> Answer {
    let told = tell(app, outbound, (run, news), queued_at).await;
    told.unwrap_or_else(|error| {
        tracing::error!(%run, ?news, error = %Causes(&error), "reply.failed");
        Answer::Fault
    })
}

async fn tell(
    app: &App,
    outbound: &Outbound,
    (id, news): (&RunId, News),
    queued_at: Timestamp,
) -> Result<Answer, StoreError> {
    let Some(run) = runs::find(app, id).await? else { return Ok(Answer::Done) };
    if run.told.contains(&news) {
        return Ok(Answer::Done);
    }
    let Some(payload) = words::news(app, &run, news) else { return Ok(Answer::Done) };
    let posted = post(app, outbound, (&run.asked, run.posts), &payload).await?;
    log(&run.asked, Some(&run), &posted);
    if let Posted::Taken(way) = posted {
        note(app, id, news, way).await?;
    }
    Ok(answer_for(app, &posted, queued_at))
}

/// Notes that a run was told of. If others go on writing, it stays unsaid: nothing worse comes of it than a repetition.
async fn note(app: &App, id: &RunId, news: News, way: Way) -> Result<(), StoreError> {
    let step = runs::change(app, id, |run| {
        run.told.push(news);
        run.posts += u32::from(way == Way::ResponseUrl);
        Ok::<(), std::convert::Infallible>(())
    });
    match step.await? {
        Step::Made(_) | Step::Missing => Ok(()),
        Step::Refused(_, never) => match never {},
    }
}

/// Posts the answer to a command that was carried out.
pub async fn answer(
    app: &App,
    outbound: &Outbound,
    (asked, payload): (&Asked, &str),
    queued_at: Timestamp,
) -> Answer {
    let Ok(payload) = serde_json::from_str(payload) else {
        tracing::error!(command = %asked.command, "an answer is no JSON");
        return Answer::Fault;
    };
    match post(app, outbound, (asked, 0), &payload).await {
        Ok(posted) => {
            log(asked, None, &posted);
            answer_for(app, &posted, queued_at)
        }
        Err(error) => {
            tracing::error!(command = %asked.command, error = %Causes(&error), "reply.failed");
            Answer::Fault
        }
    }
}

/// One wide event for one try.
fn log(asked: &Asked, run: Option<&Run>, posted: &Posted) {
    let run = run.map(|run| run.id.to_string());
    let (project, command) = (asked.project, &asked.command);
    match posted {
        Posted::Taken(way) => tracing::info!(%project, %command, run, ?way, "reply.posted"),
        Posted::Later { reason, .. } => tracing::warn!(%project, %command, run, reason, "reply.put_off"),
        Posted::Lost { reason } => tracing::warn!(%project, %command, run, reason, "reply.lost"),
    }
}

fn answer_for(app: &App, posted: &Posted, queued_at: Timestamp) -> Answer {
    let Posted::Later { at_least, .. } = posted else { return Answer::Done };
    let tried_for = app.clock.now().since(queued_at);
    if tried_for >= GIVEN_UP_AFTER {
        return Answer::Done;
    }
    Answer::Again { after: tried_for.clamp(WAIT_MIN, WAIT_MAX).max(*at_least) }
}

/// Posts a payload by the way that is open. `posts` is how many the command's address took before.
async fn post(
    app: &App,
    outbound: &Outbound,
    (asked, posts): (&Asked, u32),
    payload: &Value,
) -> Result<Posted, StoreError> {
    let project = projects::by_id(app, asked.project).await?;
    let Some(integration) = project.as_deref().and_then(|project| integration(project, asked)) else {
        return Ok(Posted::Lost { reason: "the slash command is not configured any more".to_owned() });
    };
    let (chat, bot_token) = (&integration.chat, integration.chat.bot_token());
    let age = app.clock.now().since(asked.at);
    let mut lost = "the command's address for answers is dead, and there is no bot token".to_owned();
    if way(age, posts, bot_token.is_some()) == Some(Way::ResponseUrl) {
        match by_response_url(app, outbound, (asked, chat), payload).await? {
            Posted::Lost { reason } => lost = reason,
            posted => return Ok(posted),
        }
    }
    match bot_token {
        Some(token) => {
            let payload = by_bot(asked.platform, &asked.channel.id, payload);
            Ok(by_the_bot(outbound, (chat, token), &payload).await)
        }
        None => Ok(Posted::Lost { reason: lost }),
    }
}

async fn by_response_url(
    app: &App,
    outbound: &Outbound,
    (asked, chat): (&Asked, &Chat),
    payload: &Value,
) -> Result<Posted, SealError> {
    let url = asked.response_url(app)?;
    // It was the chat's own when it came in; the chat may have moved since.
    if let Err(error) = ResponseUrl::parse(url.expose(), chat) {
        return Ok(Posted::Lost { reason: error.to_string() });
    }
    let exchange = outbound.post(request(url, None, payload)).await;
    Ok(judge(&exchange.outcome, Way::ResponseUrl))
}

async fn by_the_bot(outbound: &Outbound, (chat, token): (&Chat, &Secret), payload: &Value) -> Posted {
    let url = match chat {
        Chat::SlackSlashCommands(_) => SLACK_BOT_URL.to_owned(),
        Chat::MattermostSlashCommands(mattermost) => {
            format!("{}{MATTERMOST_BOT_PATH}", mattermost.origin.as_str())
        }
    };
    let exchange = outbound.post(request(Secret::new(url), Some(token), payload)).await;
    match (chat.platform(), exchange.outcome.status()) {
        (Platform::Slack, Some(200..300)) => judge_slack(&exchange),
        _ => judge(&exchange.outcome, Way::Bot),
    }
}

fn request(url: Secret, bearer: Option<&Secret>, payload: &Value) -> HttpRequest {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    // A token that is no header's value was refused when it was configured.
    let bearer = bearer.and_then(|token| HeaderValue::try_from(format!("Bearer {}", token.expose())).ok());
    if let Some(mut bearer) = bearer {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    let body = payload.to_string().into_bytes();
    HttpRequest { url, headers, body, timeout: POST_TIME_MAX, verify_tls: true }
}

fn judge(outcome: &Outcome, way: Way) -> Posted {
    let reason = outcome.to_string();
    match outcome {
        Outcome::Delivered { .. } => Posted::Taken(way),
        Outcome::Refused { status: 408 | 425 | 429 | 500.., retry_after_s } => {
            let at_least = Duration::from_secs(retry_after_s.unwrap_or(0)).min(WAIT_MAX);
            Posted::Later { reason, at_least }
        }
        // An address that is used up or expired, or a payload that the chat does not take.
        Outcome::Refused { .. } => Posted::Lost { reason },
        _ => Posted::Later { reason, at_least: Duration::ZERO },
    }
}

/// Slack says in the body whether it took a post.
#[derive(Default, Deserialize)]
struct SlackSays {
    ok: bool,
    #[serde(default)]
    error: String,
}

fn judge_slack(exchange: &Exchange) -> Posted {
    let body = exchange.answer.as_ref().map(|answer| &answer.body[..]).unwrap_or_default();
    // The beginning of a long answer is no JSON any more, and `"ok":true` stands at its beginning.
    let says: SlackSays = serde_json::from_slice(body).unwrap_or_else(|_| SlackSays {
        ok: body.starts_with(b"{\"ok\":true"),
        error: "an answer that is not Slack's".to_owned(),
    });
    let reason = format!("Slack's bot: {}", says.error);
    match says {
        SlackSays { ok: true, .. } => Posted::Taken(Way::Bot),
        SlackSays { error, .. } if SLACK_PASSING_ERRORS.contains(&&*error) => {
            Posted::Later { reason, at_least: Duration::ZERO }
        }
        SlackSays { .. } => Posted::Lost { reason },
    }
}
