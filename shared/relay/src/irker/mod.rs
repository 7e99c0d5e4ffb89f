//! What irkerd is told: lines of text for IRC, cleaned and cut, and the JSON that carries them.
//!
//! Not here: the connection to irkerd (`app::irkerd`), and any promise that a line is seen: irkerd answers nothing.

mod clean;
mod coalesce;
mod comments;
mod compact;
mod excerpt;
mod gitlab;
mod items;
mod line;
mod pace;
mod parts;
mod runs;
mod samples;
mod template;
#[cfg(test)]
mod tests;
mod wire;

pub use coalesce::{Waiting, summary, together};
pub use line::Line;
pub use pace::Pace;
pub use template::{TemplateError, check_templates};
pub use wire::{Request, requests};

use config::{LineSettings, LineStyle};
use parts::Noun;
use payload::{Event, Fact};

/// The lines for an event, as a project wants them worded. A template that fails here, though it was checked when it was
/// saved, makes way for the built-in words: no event is lost to it.
pub fn lines(event: &Event, settings: &LineSettings) -> Vec<Line> {
    let lines = match template::lines(event, settings) {
        Some(Ok(lines)) => lines,
        None | Some(Err(_)) => built_in(event, settings),
    };
    lines.into_iter().map(|line| line.coloured(settings.colorize_messages)).collect()
}

/// The lines for a made-up event of a [kind](config::TEMPLATE_KINDS): how the settings look. Empty for what is no kind.
pub fn preview(kind: &str, settings: &LineSettings) -> Vec<Line> {
    samples::of_kind(kind).map_or_else(Vec::new, |event| lines(&event, settings))
}

/// In our own words, or GitLab's.
fn built_in(event: &Event, settings: &LineSettings) -> Vec<Line> {
    let is_gitlab = settings.style == LineStyle::GitLab;
    let line = match &event.fact {
        Fact::Push(push) if is_gitlab => return gitlab::branch(event, push, settings.max_commits),
        Fact::Push(push) => return compact::branch(event, push, settings.max_commits),
        Fact::Tag(push) if is_gitlab => gitlab::tag(event, push),
        Fact::Tag(push) => compact::tag(event, push),
        Fact::MergeRequest(request) => items::merge_request(event, request),
        Fact::Issue(item) => items::issue(event, item),
        Fact::Comment(comment) => comments::comment(event, comment),
        Fact::Pipeline(run) => runs::pipeline(event, run),
        Fact::Job(run) => runs::job(event, run),
        Fact::Deployment(deployment) => runs::deployment(event, deployment),
        Fact::Release(release) => items::release(event, release),
        Fact::WikiPage(item) => items::named(event, item, Noun::WIKI_PAGE),
        Fact::Milestone(item) => items::named(event, item, Noun::MILESTONE),
        Fact::Emoji(emoji) => comments::emoji(event, emoji),
        Fact::FeatureFlag(item) => items::feature_flag(event, item),
        Fact::Member(member) => items::member(event, member),
        Fact::Other(other) => items::other(event, other),
    };
    vec![line]
}
