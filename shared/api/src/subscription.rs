//! What a target wants to hear of, in the same words for hooks and channels.

use config::{BranchFilterStrategy, FilteredKind, RefFilter, RefPattern, Subscription, Switch};
use serde_json::{Map, Value, json};

use crate::fields::{Field, Fields, Kind, field, switches};
use crate::refusal::Refusal;

/// The fields that say it.
pub(crate) fn fields() -> impl Iterator<Item = Field> {
    switches().chain([
        field("push_events_branch_filter", Kind::Text, "GitLab's: only pushes to such branches."),
        field(
            "branch_filter_strategy",
            Kind::Choice(&["wildcard", "regex", "all_branches"]),
            "GitLab's: how to read that.",
        ),
        field(
            "branches",
            Kind::Texts,
            "Only of these branches and tags: wildcards, or /regular expressions/.",
        ),
        field("exclude_branches", Kind::Texts, "Never of these."),
        field(
            "branch_filter_events",
            Kind::Json,
            "To what that applies: push, tag_push, merge_request, pipeline.",
        ),
        field("pipeline_statuses", Kind::Texts, "Of pipelines, jobs and deployments in these states."),
        field("mute_bots", Kind::Flag, "Not of what machines do."),
    ])
}

/// Changes what is said, and leaves the rest.
pub(crate) fn change(said: &Fields, subscription: &mut Subscription) -> Result<(), Refusal> {
    for switch in Switch::ALL {
        if let Some(on) = said.flag(switch.name()) {
            subscription.events = subscription.events.with(*switch, on);
        }
    }
    let is_gitlabs = said.has("push_events_branch_filter") || said.has("branch_filter_strategy");
    if is_gitlabs {
        let (known, strategy) = gitlabs(&subscription.refs);
        let filter = said.text("push_events_branch_filter").map_or(known, str::to_owned);
        let strategy = match said.text("branch_filter_strategy") {
            Some("regex") => BranchFilterStrategy::Regex,
            Some("all_branches") => BranchFilterStrategy::AllBranches,
            Some(_) => BranchFilterStrategy::Wildcard,
            None => strategy,
        };
        subscription.refs = RefFilter::of_gitlab(&filter, strategy)
            .map_err(|error| Refusal::Unprocessable(format!("Invalid branch filter given: {error}")))?;
    }
    let patterns = |name: &str| -> Result<Option<Vec<RefPattern>>, Refusal> {
        let Some(texts) = said.texts(name) else { return Ok(None) };
        let patterns = texts.iter().map(|text| RefPattern::parse(text)).collect::<Result<_, _>>();
        patterns
            .map(Some)
            .map_err(|error| Refusal::Unprocessable(format!("Invalid branch filter given: {error}")))
    };
    if let Some(branches) = patterns("branches")? {
        subscription.refs.branches = branches;
    }
    if let Some(branches) = patterns("exclude_branches")? {
        subscription.refs.exclude_branches = branches;
    }
    if let Some(events) = said.json::<Vec<FilteredKind>>("branch_filter_events")? {
        subscription.refs.branch_filter_events = events;
    }
    if let Some(statuses) = said.texts("pipeline_statuses") {
        subscription.statuses = statuses;
    }
    subscription.mute_bots = said.flag("mute_bots").unwrap_or(subscription.mute_bots);
    Ok(())
}

/// A filter as GitLab would say it: nothing, if it cannot.
fn gitlabs(refs: &RefFilter) -> (String, BranchFilterStrategy) {
    let [only] = &refs.branches[..] else { return (String::new(), BranchFilterStrategy::Wildcard) };
    if refs.branch_filter_events != [FilteredKind::Push] || !refs.exclude_branches.is_empty() {
        return (String::new(), BranchFilterStrategy::Wildcard);
    }
    let text = only.to_string();
    match text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
        Some(inner) => (inner.to_owned(), BranchFilterStrategy::Regex),
        None => (text, BranchFilterStrategy::Wildcard),
    }
}

/// A switch for each kind of event.
pub(crate) fn show_events(subscription: &Subscription) -> Map<String, Value> {
    let switches = Switch::ALL.iter();
    switches.map(|switch| (switch.name().to_owned(), subscription.events.is_on(*switch).into())).collect()
}

/// The rest of it.
pub(crate) fn show_filters(subscription: &Subscription) -> Map<String, Value> {
    let (filter, strategy) = gitlabs(&subscription.refs);
    let shown = json!({
        "push_events_branch_filter": filter,
        "branch_filter_strategy": strategy,
        "branches": subscription.refs.branches,
        "exclude_branches": subscription.refs.exclude_branches,
        "branch_filter_events": subscription.refs.branch_filter_events,
        "pipeline_statuses": subscription.statuses,
        "mute_bots": subscription.mute_bots,
    });
    match shown {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
