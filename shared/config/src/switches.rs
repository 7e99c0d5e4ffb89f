//! Which events a target gets: one switch a kind, under GitLab's names
//! (<https://docs.gitlab.com/api/project_webhooks/#add-a-webhook-to-a-project>).
//!
//! Not here: which event belongs to which switch (`relay`).

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the switches, each with its name and meaning. The order is GitLab's form's, and is stored nowhere.
macro_rules! switches {
    ($($(#[$meaning:meta])* $switch:ident = $name:literal,)*) => {
        /// One kind of event that a target gets, or does not get.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Switch {
            $($(#[$meaning])* $switch,)*
        }

        impl Switch {
            /// All of them, in the order in which people are shown them.
            pub const ALL: &[Self] = &[$(Self::$switch,)*];

            /// Its name, such as `push_events`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$switch => $name,)*
                }
            }
        }
    };
}

switches! {
    /// Pushes to branches.
    Push = "push_events",
    /// New, moved and deleted tags.
    TagPush = "tag_push_events",
    /// Issues and other work items.
    Issues = "issues_events",
    /// Those that not every reader of the project may see.
    ConfidentialIssues = "confidential_issues_events",
    /// Merge requests (pull requests), reviews included.
    MergeRequests = "merge_requests_events",
    /// Comments.
    Note = "note_events",
    /// Those that not every reader of the project may see.
    ConfidentialNote = "confidential_note_events",
    /// Jobs, checks and commit statuses.
    Job = "job_events",
    /// Pipelines and workflow runs.
    Pipeline = "pipeline_events",
    /// Pages of the wiki.
    WikiPage = "wiki_page_events",
    /// Deployments.
    Deployment = "deployment_events",
    /// Releases.
    Releases = "releases_events",
    /// Milestones.
    Milestone = "milestone_events",
    /// Reactions.
    Emoji = "emoji_events",
    /// Feature flags.
    FeatureFlag = "feature_flag_events",
    /// Who joins, changes role and leaves.
    Member = "member_events",
    /// A group's projects.
    Project = "project_events",
    /// A group's subgroups.
    Subgroup = "subgroup_events",
    /// Project access tokens that are about to expire.
    ResourceAccessToken = "resource_access_token_events",
    /// Deploy tokens that are about to expire.
    ResourceDeployToken = "resource_deploy_token_events",
    /// Vulnerabilities.
    Vulnerability = "vulnerability_events",
    /// Ours: everything that has no switch of its own, such as stars, forks and labels.
    Other = "other_events",
}

impl Switch {
    /// The switch of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|switch| switch.name() == name)
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The switches of one target.
///
/// Serialised, it is one boolean for each switch. Rows outlive upgrades in both directions: what is absent is as by
/// default, and what is unknown is left alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EventSwitches(u32);

/// GitLab's: pushes only.
impl Default for EventSwitches {
    fn default() -> Self {
        Self::of(&[Switch::Push])
    }
}

impl EventSwitches {
    /// Those that are named, and no others.
    pub fn of(on: &[Switch]) -> Self {
        on.iter().fold(Self(0), |switches, switch| switches.with(*switch, true))
    }

    /// The same, with one switch turned.
    #[must_use]
    pub fn with(self, switch: Switch, on: bool) -> Self {
        let bit = 1 << switch as u32;
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }

    /// Whether a switch is on.
    pub fn is_on(self, switch: Switch) -> bool {
        self.0 & (1 << switch as u32) != 0
    }
}

impl fmt::Debug for EventSwitches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(Switch::ALL.iter().filter(|switch| self.is_on(**switch))).finish()
    }
}

impl Serialize for EventSwitches {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Switch::ALL.iter().map(|switch| (switch.name(), self.is_on(*switch))))
    }
}

impl<'de> Deserialize<'de> for EventSwitches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Switches { strict: false })
    }
}

/// For `#[serde(flatten, deserialize_with)]` of what people write: a name that is no switch is a mistake.
pub fn strict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventSwitches, D::Error> {
    deserializer.deserialize_map(Switches { strict: true })
}

struct Switches {
    strict: bool,
}

impl<'de> Visitor<'de> for Switches {
    type Value = EventSwitches;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("event switches")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventSwitches, A::Error> {
        let mut switches = EventSwitches::default();
        while let Some(name) = map.next_key::<String>()? {
            match Switch::named(&name) {
                Some(switch) => switches = switches.with(switch, map.next_value()?),
                // The name alone: what stands behind it may be a secret in the wrong place.
                None if self.strict => return Err(A::Error::custom(format!("unknown field `{name}`"))),
                None => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(switches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_in_gitlab() {
        let read: EventSwitches =
            serde_json::from_str(r#"{"issues_events":true,"of_tomorrow":[1]}"#).unwrap();
        assert_eq!(read, EventSwitches::of(&[Switch::Push, Switch::Issues]));
        let off: EventSwitches = serde_json::from_str(r#"{"push_events":false}"#).unwrap();
        assert_eq!(off, EventSwitches::of(&[]));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let switches = EventSwitches::of(&[Switch::Other, Switch::ConfidentialNote]);
        let written = serde_json::to_string(&switches).unwrap();
        assert!(written.contains(r#""push_events":false"#), "{written}");
        assert_eq!(serde_json::from_str::<EventSwitches>(&written).unwrap(), switches);
    }

    #[test]
    fn a_slip_of_the_pen_is_told_without_its_value() {
        let slip = strict(&mut serde_json::Deserializer::from_str(r#"{"tokenn":"s3cret"}"#)).unwrap_err();
        assert!(slip.to_string().starts_with("unknown field `tokenn`"), "{slip}");
    }
}
