//! What the channels and a hook want to hear, in the same words for both.

use std::borrow::Cow;

use config::{EventSwitches, FilteredKind, RefFilter, RefPattern, Subscription, Switch, switches};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What is left over must be event switches: [`switches::strict`] refuses other names.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(super) struct SubscriptionEntry {
    /// Only branches and tags that fit one of these: wildcards, or regular expressions between slashes. Left out: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    branches: Option<Vec<RefPattern>>,
    /// Never those that fit one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    exclude_branches: Option<Vec<RefPattern>>,
    /// To which kinds of event this applies. Left out: all but `tag_push`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch_filter_events: Option<Vec<FilteredKind>>,
    /// Of pipelines, jobs and deployments in which states. Left out: for IRC how they end, for a hook all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Statuses>>")]
    pipeline_statuses: Option<Vec<String>>,
    /// Not of what machines do.
    #[serde(default)]
    mute_bots: bool,
    #[serde(flatten, deserialize_with = "switches::strict")]
    #[schemars(with = "Switches")]
    events: EventSwitches,
}

/// A state of a pipeline, job or deployment.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Status")]
#[expect(dead_code, reason = "only its schema is used")]
enum Statuses {
    Created,
    Pending,
    Running,
    Success,
    Failed,
    Canceled,
    Skipped,
    Manual,
    Scheduled,
}

/// One boolean for each switch.
struct Switches;

impl JsonSchema for Switches {
    fn schema_name() -> Cow<'static, str> {
        "EventSwitches".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let default = EventSwitches::default();
        let switch = |switch: &Switch| {
            let schema = json_schema!({"type": "boolean", "default": default.is_on(*switch)});
            (switch.name().to_owned(), schema.to_value())
        };
        let properties: serde_json::Map<_, _> = Switch::ALL.iter().map(switch).collect();
        json_schema!({"type": "object", "properties": properties})
    }
}

impl SubscriptionEntry {
    pub(super) fn of(subscription: Subscription) -> Self {
        let RefFilter { branches, exclude_branches, branch_filter_events } = subscription.refs;
        Self {
            branches: Some(branches),
            exclude_branches: Some(exclude_branches),
            branch_filter_events: Some(branch_filter_events),
            pipeline_statuses: Some(subscription.statuses),
            mute_bots: subscription.mute_bots,
            events: subscription.events,
        }
    }

    /// What is left out is as by default.
    pub(super) fn refs(&self) -> RefFilter {
        let default = RefFilter::default();
        RefFilter {
            branches: self.branches.clone().unwrap_or_default(),
            exclude_branches: self.exclude_branches.clone().unwrap_or_default(),
            branch_filter_events: self.branch_filter_events.clone().unwrap_or(default.branch_filter_events),
        }
    }

    pub(super) fn names_refs(&self) -> bool {
        self.branches.is_some() || self.exclude_branches.is_some() || self.branch_filter_events.is_some()
    }

    pub(super) fn subscription(self, refs: RefFilter, default_statuses: Vec<String>) -> Subscription {
        Subscription {
            events: self.events,
            refs,
            statuses: self.pipeline_statuses.unwrap_or(default_statuses),
            mute_bots: self.mute_bots,
        }
    }
}
