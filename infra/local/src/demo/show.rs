//! How the demonstration looks: one step after the other, in words.

use std::io::{Write, stdout};

use anyhow::Result;
use app::ids::EventId;
use config::{LineSettings, LineStyle, Recipient, TargetId};
use http::{HeaderMap, StatusCode};
use payload::Event;
use relay::Outcome;
use relay::limits::LINE_BYTES_MAX;

use super::peers::Posted;
use crate::colours;

/// What is shown of a request's headers: those that say something here.
const HEADERS: [&str; 11] = [
    "content-type",
    "user-agent",
    "x-event-key",
    "x-forgejo-event",
    "x-gitea-event",
    "x-github-event",
    "x-gitlab-event",
    "x-gogs-event",
    "idempotency-key",
    "webhook-id",
    "webhook-attempt",
];

pub(super) fn request(url: &str, headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "1. A webhook comes in")?;
    writeln!(out, "     POST {url}")?;
    show_headers(&mut out, headers)?;
    if headers.contains_key("x-gitlab-token") {
        writeln!(out, "     x-gitlab-token: ***")?;
    }
    writeln!(out, "     {} bytes", body.len())?;
    Ok(())
}

pub(super) fn answer(status: StatusCode, text: &str) -> Result<()> {
    writeln!(stdout(), "   Bellhop answers {} {text}", status.as_u16())?;
    Ok(())
}

pub(super) fn queued(event: &EventId, targets: &[TargetId]) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "\n2. It is kept and queued, one delivery per target")?;
    for target in targets {
        writeln!(out, "     {}", event.delivery_id(*target))?;
    }
    Ok(())
}

pub(super) fn irker(
    irkerd: &str,
    outcome: Option<&Outcome>,
    (lines, to): (&[String], &Recipient),
) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "\n3. irkerd at {irkerd}: {}", in_words(outcome))?;
    for line in lines {
        writeln!(
            out,
            "     {}",
            if colours::are_wanted() { colours::on_terminal(line) } else { line.clone() }
        )?;
    }
    writeln!(out, "   for {to}")?;
    Ok(())
}

pub(super) fn hook(outcome: Option<&Outcome>, posted: Option<&Posted>, sent: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "\n4. The HTTP target: {}", in_words(outcome))?;
    if let Some(Posted { headers, body }) = posted {
        show_headers(&mut out, headers)?;
        let same = if body == sent { "byte for byte as they came in" } else { "not as they came in" };
        writeln!(out, "     {} bytes, {same}", body.len())?;
    }
    Ok(())
}

pub(super) fn end(has_arrived: bool) -> Result<()> {
    let verdict = if has_arrived { "All arrived." } else { "Not everything arrived." };
    writeln!(stdout(), "\n{verdict}")?;
    Ok(())
}

/// An event's lines as they are rendered for irkerd.
pub(super) fn lines(event: &Event) -> Vec<String> {
    let lines = relay::irker::lines(event, &line_settings());
    lines.iter().map(|line| line.render(LINE_BYTES_MAX)).collect()
}

/// As GitLab's users know them.
pub(super) fn line_settings() -> LineSettings {
    let colorize_messages = colours::are_wanted();
    LineSettings { style: LineStyle::GitLab, colorize_messages, ..LineSettings::default() }
}

fn in_words(outcome: Option<&Outcome>) -> String {
    outcome.map_or_else(|| "nothing happened yet".to_owned(), ToString::to_string)
}

fn show_headers(out: &mut impl Write, headers: &HeaderMap) -> Result<()> {
    for name in HEADERS {
        if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
            writeln!(out, "     {name}: {value}")?;
        }
    }
    Ok(())
}
