//! What irkerd is told: lines of text for IRC, cleaned and cut, and the JSON that carries them.
//!
//! Not here: the connection to irkerd (`app::irkerd`), and any promise that a line is seen: irkerd answers nothing.

mod coalesce;
mod line;
mod pace;
mod push;
mod wire;

pub use coalesce::{Waiting, summary, together};
pub use line::Line;
pub use pace::Pace;
pub use wire::{Request, requests};

use payload::{Event, Fact};

/// The lines for an event, in GitLab's words and, if asked for, in GitLab's colours.
pub fn lines(event: &Event, colorize: bool) -> Vec<Line> {
    let lines = match &event.fact {
        Fact::Push(change) => push::branch(event, change),
        Fact::Tag(change) => push::tag(event, change),
        _ => Vec::new(),
    };
    lines.into_iter().map(|line| line.coloured(colorize)).collect()
}
