//! GitHub's webhooks (<https://docs.github.com/webhooks/webhook-events-and-payloads>), and the pushes of the forges that
//! took their shape over: Gitea, Forgejo, Gogs.
//!
//! Not here: the other events of those forges.

pub(crate) mod account;
mod comment;
mod deployment;
mod frame;
pub(crate) mod item;
mod member;
mod merge_request;
mod other;
mod push;
mod run;

use crate::common::{confidential, happened, is_event_name, unknown_json};
use crate::{Fact, Forge, ParseError, Parsed};
use frame::{Frame, Stop};

/// Reads any event of GitHub, and the pushes of its kin.
pub(crate) fn parse(forge: Forge, name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    match name {
        Some(name @ ("push" | "create" | "delete")) => push::parse(forge, name, json),
        Some(name) if forge == Forge::GitHub && is_event_name(name) => match event(name, json) {
            Ok(parsed) | Err(Stop::Ignored(parsed)) => Ok(parsed),
            Err(Stop::Invalid(error)) => Err(error),
        },
        _ => unknown_json(name, json),
    }
}

fn event(name: &str, json: &[u8]) -> Result<Parsed, Stop> {
    let frame = Frame::read(json)?;
    let fact = match name {
        "pull_request" => merge_request::changed(&frame, json)?,
        "pull_request_review" => merge_request::reviewed(&frame, json)?,
        "issues" => item::issue(&frame, json)?,
        "milestone" => item::milestone(&frame, json)?,
        "release" => item::release(&frame, json)?,
        "gollum" => return Ok(told(&frame, item::wiki_pages(json)?)),
        "issue_comment" | "commit_comment" | "pull_request_review_comment" | "discussion_comment" => {
            comment::comment(name, &frame, json)?
        }
        // What GitHub's own Actions do is told by both of each pair, as a star is by `star` and by `watch`, its older name
        // (<https://github.com/github/docs/issues/27129>). One subscribes to each by itself: to drop one would leave some
        // with nothing, and who hears both can untick one. What comes with one subscription is told once (`release`).
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
            let (other, is_confidential) = other::other(other, &frame, json)?;
            let told = told(&frame, vec![Fact::Other(other)]);
            return Ok(if is_confidential { confidential(told) } else { told });
        }
    };
    Ok(told(&frame, vec![fact]))
}

fn told(frame: &Frame, facts: Vec<Fact>) -> Parsed {
    happened(Forge::GitHub, &frame.actor, frame.repository.as_ref(), facts)
}

#[cfg(test)]
mod tests;
