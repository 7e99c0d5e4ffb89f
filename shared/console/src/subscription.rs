//! The part of a target's form that says what it hears of: the same for channels and for hooks.
//!
//! Not here: what else a target has.

use config::{EventSwitches, FilteredKind, RefFilter, RefPattern, Subscription, Switch};

use crate::field::Field;
use crate::form::{Form, Problems};

/// The states of pipelines, jobs and deployments, with GitLab's words.
const STATUSES: [&str; 9] =
    ["success", "failed", "canceled", "running", "pending", "created", "skipped", "manual", "scheduled"];

/// The kinds of event that patterns of branches apply to, with the names of their boxes.
const FILTERED: [(FilteredKind, &str, &str); 4] = [
    (FilteredKind::Push, "filter_push", "Pushes, by their branch"),
    (FilteredKind::TagPush, "filter_tag_push", "Tags, by their name"),
    (FilteredKind::MergeRequest, "filter_merge_request", "Merge requests, by their target branch"),
    (FilteredKind::Pipeline, "filter_pipeline", "Pipelines, jobs and deployments, by their branch or tag"),
];

/// The fields, as a page shows them.
pub(crate) struct Fields {
    /// One box for each kind of event.
    pub(crate) switches: Vec<Field>,
    /// Patterns.
    pub(crate) branches: Vec<Field>,
    /// To what they apply.
    pub(crate) filtered: Vec<Field>,
    /// States.
    pub(crate) statuses: Vec<Field>,
    /// Machines.
    pub(crate) bots: Field,
    /// Whether the filters are to be opened, for something in them is wrong.
    pub(crate) is_wrong: bool,
}

/// What somebody has typed and ticked.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    switches: EventSwitches,
    branches: String,
    exclude_branches: String,
    filtered: Vec<FilteredKind>,
    statuses: Vec<String>,
    mute_bots: bool,
}

/// What people call a kind of event.
pub(crate) fn label(switch: Switch) -> &'static str {
    match switch {
        Switch::Push => "Push",
        Switch::TagPush => "Tag push",
        Switch::Issues => "Issue",
        Switch::ConfidentialIssues => "Confidential issue",
        Switch::MergeRequests => "Merge request",
        Switch::Note => "Comment",
        Switch::ConfidentialNote => "Confidential comment",
        Switch::Job => "Job",
        Switch::Pipeline => "Pipeline",
        Switch::WikiPage => "Wiki page",
        Switch::Deployment => "Deployment",
        Switch::Releases => "Release",
        Switch::Milestone => "Milestone",
        Switch::Emoji => "Emoji",
        Switch::FeatureFlag => "Feature flag",
        Switch::Member => "Member",
        Switch::Project => "Project of a group",
        Switch::Subgroup => "Subgroup",
        Switch::ResourceAccessToken => "Access token expires",
        Switch::ResourceDeployToken => "Deploy token expires",
        Switch::Vulnerability => "Vulnerability",
        Switch::Other => "Anything else",
    }
}

fn one_a_line(patterns: &[RefPattern]) -> String {
    patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Typed {
    /// As it is stored.
    pub(crate) fn of(subscription: &Subscription) -> Self {
        let Subscription { events, refs, statuses, mute_bots } = subscription;
        Self {
            switches: *events,
            branches: one_a_line(&refs.branches),
            exclude_branches: one_a_line(&refs.exclude_branches),
            filtered: refs.branch_filter_events.clone(),
            statuses: statuses.clone(),
            mute_bots: *mute_bots,
        }
    }

    /// As it came in.
    pub(crate) fn read(form: &Form) -> Self {
        let is_on = |switch: &&Switch| form.is_on(switch.name());
        let on: Vec<_> = Switch::ALL.iter().filter(is_on).copied().collect();
        let filtered = FILTERED.iter().filter(|(_, name, _)| form.is_on(name)).map(|(kind, ..)| *kind);
        let statuses = STATUSES.iter().filter(|status| form.is_on(&format!("status_{status}")));
        Self {
            switches: EventSwitches::of(&on),
            branches: form.lines("branches"),
            exclude_branches: form.lines("exclude_branches"),
            filtered: filtered.collect(),
            statuses: statuses.map(|status| (*status).to_owned()).collect(),
            mute_bots: form.is_on("mute_bots"),
        }
    }

    /// What it means; what is wrong is noted.
    pub(crate) fn subscription(&self, problems: &mut Problems) -> Subscription {
        let mut patterns = |field: &str, text: &str| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let parsed = lines.map(RefPattern::parse).collect::<Result<Vec<_>, _>>();
            problems.take(field, parsed).unwrap_or_default()
        };
        let refs = RefFilter {
            branches: patterns("branches", &self.branches),
            exclude_branches: patterns("exclude_branches", &self.exclude_branches),
            branch_filter_events: self.filtered.clone(),
        };
        let (events, statuses, mute_bots) = (self.switches, self.statuses.clone(), self.mute_bots);
        let subscription = Subscription { events, refs, statuses, mute_bots };
        problems.take("branches", subscription.check());
        subscription
    }

    pub(crate) fn fields(&self, problems: &Problems) -> Fields {
        let switch =
            |switch: &Switch| Field::check(switch.name(), label(*switch), self.switches.is_on(*switch));
        let filtered = |(kind, name, label): &(FilteredKind, &str, &str)| {
            Field::check(name, label, self.filtered.contains(kind))
        };
        let status = |status: &&str| {
            let is_on = self.statuses.iter().any(|wanted| wanted == status);
            Field::check(&format!("status_{status}"), status, is_on)
        };
        let branches = Field::area("branches", "Only these branches", &self.branches, 3)
            .like("main\nrelease/*")
            .hint("One a line: a name with * for any text, or a regular expression between slashes, such as /^v\\d+/. Empty for all.");
        let excluded = Field::area("exclude_branches", "Never these branches", &self.exclude_branches, 3);
        let branches = vec![branches.judged(problems), excluded.judged(problems)];
        Fields {
            is_wrong: branches.iter().any(Field::is_wrong),
            switches: Switch::ALL.iter().map(switch).collect(),
            branches,
            filtered: FILTERED.iter().map(filtered).collect(),
            statuses: STATUSES.iter().map(status).collect(),
            bots: Field::check("mute_bots", "Not what machines do", self.mute_bots),
        }
    }

    /// Whether a kind of event is switched on.
    pub(crate) fn is_on(&self, switch: Switch) -> bool {
        self.switches.is_on(switch)
    }
}
