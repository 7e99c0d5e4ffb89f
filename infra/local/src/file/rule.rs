//! `[[project.command.rule]]`: who may do what with a slash command.

use std::collections::BTreeSet;

use config::commands::{
    AccessLevel, Approval, Argument, ArgumentKind, ArgumentPattern, Effect, JobPattern, Rule, Verb,
};
use config::limits::APPROVAL_EXPIRES_S;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub(super) struct RuleEntry {
    /// What it does when it fits.
    #[serde(default)]
    effect: Effect,
    /// Everybody in the chat.
    #[serde(default)]
    anyone: bool,
    /// Users by immutable id.
    #[serde(default)]
    users: BTreeSet<String>,
    /// Groups of the command.
    #[serde(default)]
    groups: BTreeSet<String>,
    /// Whoever is linked to a member of the GitLab project with this access level or a higher one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<AccessLevel>,
    /// Only in these channels, by immutable id. Left out: everywhere.
    #[serde(default)]
    channels: BTreeSet<String>,
    /// The jobs it lets one run; `*` stands for any text.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    jobs: Vec<JobPattern>,
    /// The other commands it is about.
    #[serde(default)]
    commands: BTreeSet<Verb>,
    /// Only with arguments that this regular expression fits as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    arguments: Option<ArgumentPattern>,
    /// What a job's arguments have to be.
    #[serde(default)]
    schema: Vec<ArgumentEntry>,
    /// Whose consent a job needs before it starts.
    #[serde(default)]
    approval: Approval,
    /// How long it may be given, in seconds.
    #[serde(default = "ten_minutes")]
    #[schemars(range(min = *APPROVAL_EXPIRES_S.start(), max = *APPROVAL_EXPIRES_S.end()))]
    approval_expires_s: u32,
}

/// An argument of a job.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Argument")]
struct ArgumentEntry {
    /// Small letters, digits and `_`.
    name: String,
    /// What it has to be.
    #[serde(rename = "type", default)]
    kind: ArgumentKind,
    /// If there are any, it is one of these.
    #[serde(default)]
    choices: Vec<String>,
    /// Whether the job cannot do without.
    #[serde(default)]
    required: bool,
}

fn ten_minutes() -> u32 {
    Rule::default().approval_expires_s.0
}

impl From<Rule> for RuleEntry {
    fn from(rule: Rule) -> Self {
        let argument =
            |Argument { name, kind, choices, required }| ArgumentEntry { name, kind, choices, required };
        Self {
            effect: rule.effect,
            anyone: rule.anyone,
            users: rule.users,
            groups: rule.groups,
            role: rule.role,
            channels: rule.channels,
            jobs: rule.jobs,
            commands: rule.commands,
            arguments: rule.arguments,
            schema: rule.schema.into_iter().map(argument).collect(),
            approval: rule.approval,
            approval_expires_s: rule.approval_expires_s.0,
        }
    }
}

impl From<RuleEntry> for Rule {
    fn from(entry: RuleEntry) -> Self {
        let argument =
            |ArgumentEntry { name, kind, choices, required }| Argument { name, kind, choices, required };
        let mut rule = Self {
            effect: entry.effect,
            anyone: entry.anyone,
            users: entry.users,
            groups: entry.groups,
            role: entry.role,
            channels: entry.channels,
            jobs: entry.jobs,
            commands: entry.commands,
            arguments: entry.arguments,
            schema: entry.schema.into_iter().map(argument).collect(),
            approval: entry.approval,
            ..Self::default()
        };
        rule.approval_expires_s.0 = entry.approval_expires_s;
        rule
    }
}
