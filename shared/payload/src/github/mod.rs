//! GitHub's webhooks (<https://docs.github.com/webhooks/webhook-events-and-payloads>), and the pushes of the forges that
//! took their shape over: Gitea, Forgejo, Gogs.
//!
//! Not here: the other events of those forges.

pub(crate) mod account;
mod comment;
mod deployment;
mod frame;
mod item;
pub(crate) mod lenient;
mod member;
mod merge_request;
mod moment;
mod other;
mod push;
mod run;

use crate::common::{ignored, unknown_json};
use crate::{Event, Fact, Forge, ParseError, Parsed};
use frame::{Frame, Stop};

/// Reads any event of GitHub, and the pushes of its kin.
pub(crate) fn parse(forge: Forge, name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    match name {
        Some(name @ ("push" | "create" | "delete")) => push::parse(forge, name, json),
        Some(name) if forge == Forge::GitHub && is_name(name) => match event(name, json) {
            Ok(parsed) | Err(Stop::Ignored(parsed)) => Ok(parsed),
            Err(Stop::Invalid(error)) => Err(error),
        },
        _ => unknown_json(name, json),
    }
}

/// Whether GitHub could call an event so: it comes from a header, and people are shown it.
fn is_name(name: &str) -> bool {
    /// The longest so far has 37.
    const CHARS_MAX: usize = 64;
    let is_of_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() <= CHARS_MAX && name.bytes().all(is_of_one)
}

fn event(name: &str, json: &[u8]) -> Result<Parsed, Stop> {
    let frame = Frame::read(json)?;
    let fact = match name {
        "pull_request" => merge_request::changed(&frame, json)?,
        "pull_request_review" => merge_request::reviewed(&frame, json)?,
        "issues" => item::issue(&frame, json)?,
        "milestone" => item::milestone(&frame, json)?,
        "release" => item::release(&frame, json)?,
        "gollum" => return item::wiki_pages(json).map(|pages| told(&frame, pages, false)),
        "issue_comment"
        | "commit_comment"
        | "pull_request_review_comment"
        | "pull_request_review_thread"
        | "discussion_comment" => comment::comment(name, &frame, json)?,
        "workflow_run" | "check_suite" => Fact::Pipeline(run::run(name, &frame, json)?),
        "workflow_job" | "check_run" => Fact::Job(run::run(name, &frame, json)?),
        "status" => Fact::Job(run::commit_status(json)?),
        "deployment" | "deployment_status" | "deployment_review" | "deployment_protection_rule" => {
            deployment::deployment(&frame, json)?
        }
        "member" => member::of_repository(&frame, json)?,
        "membership" => member::of_team(&frame, json)?,
        "organization" if member::is_told(&frame) => member::of_organization(&frame, json)?,
        other => {
            let (other, confidential) = other::other(other, &frame, json)?;
            return Ok(told(&frame, vec![Fact::Other(other)], confidential));
        }
    };
    Ok(told(&frame, vec![fact], false))
}

fn told(frame: &Frame, facts: Vec<Fact>, confidential: bool) -> Parsed {
    if facts.is_empty() {
        return ignored("an event about nothing");
    }
    let event = |fact| Event {
        forge: Forge::GitHub,
        actor: frame.actor.clone(),
        repository: frame.repository.clone(),
        confidential,
        fact,
    };
    Parsed::Events(facts.into_iter().map(event).collect())
}

#[cfg(test)]
mod tests;
