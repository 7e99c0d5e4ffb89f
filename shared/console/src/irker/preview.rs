//! How the lines would look with what is typed now: the events that are switched on, made up.
//!
//! Not here: the made-up events (`relay::irker`), colours on a page (`irc`).

use config::{LineSettings, Switch};
use relay::irker;
use relay::limits::LINE_BYTES_MAX;

use crate::irc::IrcLine;
use crate::subscription::{Typed, label};

/// The kinds of line, with the switch that each belongs to.
pub(super) const KINDS: [(&str, Switch); 15] = [
    ("push", Switch::Push),
    ("tag", Switch::TagPush),
    ("merge_request", Switch::MergeRequests),
    ("issue", Switch::Issues),
    ("comment", Switch::Note),
    ("pipeline", Switch::Pipeline),
    ("job", Switch::Job),
    ("deployment", Switch::Deployment),
    ("release", Switch::Releases),
    ("wiki_page", Switch::WikiPage),
    ("milestone", Switch::Milestone),
    ("emoji", Switch::Emoji),
    ("feature_flag", Switch::FeatureFlag),
    ("member", Switch::Member),
    ("other", Switch::Other),
];

/// The lines of each kind that is switched on.
#[derive(Debug)]
pub(super) struct Preview {
    pub(super) kinds: Vec<KindLines>,
}

/// The lines for one kind of event.
#[derive(Debug)]
pub(super) struct KindLines {
    pub(super) label: &'static str,
    pub(super) lines: Vec<IrcLine>,
}

impl Preview {
    pub(super) fn of(settings: &LineSettings, subscription: &Typed) -> Self {
        let on = KINDS.iter().filter(|(_, switch)| subscription.is_on(*switch));
        let kind = |(kind, switch): &(&str, Switch)| {
            let lines = irker::preview(kind, settings);
            let lines = lines.iter().map(|line| IrcLine::of(&line.render(LINE_BYTES_MAX)));
            KindLines { label: label(*switch), lines: lines.collect() }
        };
        Self { kinds: on.map(kind).collect() }
    }
}
