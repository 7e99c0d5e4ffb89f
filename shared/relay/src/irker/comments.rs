//! What people say: comments and reactions.
//!
//! Not here: how a comment's markup becomes one line of text (`excerpt`).

use payload::{Action, Comment, Emoji, Event};

use super::excerpt::excerpt;
use super::line::{Line, Paint};
use super::parts::{opening, spaced, subject};

pub(super) fn comment(event: &Event, comment: &Comment) -> Line {
    let line = match &comment.action {
        Action::Created => opening(event).words(" commented on "),
        Action::Updated => opening(event).words(" changed a comment on "),
        Action::Deleted => opening(event).words(" deleted a comment on "),
        own => opening(event).words(" ").name(Paint::PLAIN, &spaced(own.as_str())).words(" a comment on "),
    };
    let line = subject(line, event.forge, &comment.subject);
    // What was deleted is not said once more.
    let text = if comment.action == Action::Deleted { String::new() } else { excerpt(&comment.text) };
    let line = if text.is_empty() { line } else { line.words(": ").foreign(Paint::PLAIN, &text) };
    line.maybe_url(" - ", comment.url.as_ref())
}

pub(super) fn emoji(event: &Event, emoji: &Emoji) -> Line {
    let name = |line: Line| line.words(":").name(Paint::NUMBER, &emoji.name).words(":");
    let line = match &emoji.action {
        Action::Revoked => name(opening(event).words(" took back ")).words(" from "),
        _ => name(opening(event).words(" reacted with ")).words(" to "),
    };
    subject(line, event.forge, &emoji.subject).maybe_url(" - ", emoji.url.as_ref())
}
