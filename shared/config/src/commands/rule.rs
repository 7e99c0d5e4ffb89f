//! One rule of access: who, where, what, and with whose consent.
//!
//! Not here: finding the rule that decides (`chatops::access`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::argument;
use super::{Argument, ArgumentPattern, JobPattern};
use crate::limits::{APPROVAL_EXPIRES_S, ARGUMENTS_MAX, CHAT_LIST_MAX};

/// A rule. It fits if the caller, the channel, the job or command, and the arguments all do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// What it does when it fits.
    pub effect: Effect,
    /// Everybody in the chat. Said aloud, since it is rarely meant.
    pub anyone: bool,
    /// Users by immutable id.
    pub users: BTreeSet<String>,
    /// Groups of [`CommandIntegration::groups`](super::CommandIntegration::groups).
    pub groups: BTreeSet<String>,
    /// Whoever is linked to a member of the GitLab project with this access level or a higher one.
    pub role: Option<AccessLevel>,
    /// Only in these channels, by immutable id. With none, everywhere.
    pub channels: BTreeSet<String>,
    /// The jobs it lets one `run`.
    pub jobs: Vec<JobPattern>,
    /// The other commands it is about.
    pub commands: BTreeSet<Verb>,
    /// Only with such arguments.
    pub arguments: Option<ArgumentPattern>,
    /// What a job's arguments have to be. Does not say whether the rule fits: what is wrong is answered with the usage.
    pub schema: Vec<Argument>,
    /// Whose consent a job needs before it starts.
    pub approval: Approval,
    /// How long it may be given, in seconds.
    pub approval_expires_s: ApprovalExpiry,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Permits.
    #[default]
    Allow,
    /// Forbids, whatever the rules behind it say.
    Deny,
}

/// Whose consent a job needs, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody's.
    #[default]
    None,
    /// The caller's own, once more.
    Confirm,
    /// That of somebody else who may run the same.
    SecondPerson,
}

/// How long consent may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApprovalExpiry(pub u32);

/// Ten minutes: long enough to fetch a colleague, too short to be forgotten.
impl Default for ApprovalExpiry {
    fn default() -> Self {
        Self(600)
    }
}

impl From<ApprovalExpiry> for Duration {
    fn from(expiry: ApprovalExpiry) -> Self {
        Self::from_secs(expiry.0.into())
    }
}

/// A member's standing in a GitLab project (<https://docs.gitlab.com/api/access_requests/#valid-access-levels>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    /// 10.
    Guest,
    /// 15.
    Planner,
    /// 20.
    Reporter,
    /// 30: may run pipelines.
    Developer,
    /// 40.
    Maintainer,
    /// 50.
    Owner,
}

impl AccessLevel {
    /// The number that GitLab's API gives.
    pub fn number(self) -> u32 {
        match self {
            Self::Guest => 10,
            Self::Planner => 15,
            Self::Reporter => 20,
            Self::Developer => 30,
            Self::Maintainer => 40,
            Self::Owner => 50,
        }
    }
}

/// A command other than `run` that needs permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// `issue show`.
    IssueShow,
    /// `issue new` and `issue create`.
    IssueNew,
    /// `issue search`.
    IssueSearch,
    /// `issue move`.
    IssueMove,
    /// `issue close`.
    IssueClose,
    /// `issue comment`.
    IssueComment,
    /// `deploy A to B`.
    Deploy,
}

/// As it is typed.
impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::IssueShow => "issue show",
            Self::IssueNew => "issue new",
            Self::IssueSearch => "issue search",
            Self::IssueMove => "issue move",
            Self::IssueClose => "issue close",
            Self::IssueComment => "issue comment",
            Self::Deploy => "deploy",
        })
    }
}

/// Why a rule is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It would fit nobody, or everybody by mistake.
    #[error("it names nobody: users, groups, a role, or anyone = true")]
    Nobody,
    /// Two things at once.
    #[error("anyone = true leaves nothing for users, groups and role to say")]
    AnyoneAndSome,
    /// A group that is written nowhere.
    #[error("there is no group '{0}'")]
    NoSuchGroup(String),
    /// It would fit nothing.
    #[error("it names neither jobs nor commands")]
    Nothing,
    /// More than anybody keeps by hand.
    #[error("it has at most {CHAT_LIST_MAX} job patterns, and these are {0}")]
    TooManyJobs(usize),
    /// Consent or a schema of something that has no run.
    #[error("approval and schema are about jobs, and it names none")]
    NoJobs,
    /// Consent to what is forbidden.
    #[error("a rule that denies has no use for approval and schema")]
    Denied,
    /// Nobody could make it, or everybody would forget it.
    #[error("approval_expires_s is from {} to {}", APPROVAL_EXPIRES_S.start(), APPROVAL_EXPIRES_S.end())]
    Expiry,
    /// More than a command line takes.
    #[error("a schema has at most {ARGUMENTS_MAX} arguments, and this one has {0}")]
    TooManyArguments(usize),
    /// No name, or one that is there already.
    #[error("'{0}' is no name of an argument, or there twice: small letters, digits and _")]
    ArgumentName(String),
    /// Choices that could never be chosen.
    #[error("the choices of '{0}' are not of its type, or empty, or too many")]
    Choices(String),
    /// What has to be there stands behind what may be left out.
    #[error("'{0}' is required and stands behind one that is not")]
    ArgumentOrder(String),
}

impl Rule {
    pub(super) fn check(&self, groups: &BTreeMap<String, BTreeSet<String>>) -> Result<(), RuleError> {
        let names_some = !self.users.is_empty() || !self.groups.is_empty() || self.role.is_some();
        match (self.anyone, names_some) {
            (false, false) => return Err(RuleError::Nobody),
            (true, true) => return Err(RuleError::AnyoneAndSome),
            _ => {}
        }
        if let Some(unknown) = self.groups.iter().find(|group| !groups.contains_key(*group)) {
            return Err(RuleError::NoSuchGroup(unknown.clone()));
        }
        if self.jobs.is_empty() && self.commands.is_empty() {
            return Err(RuleError::Nothing);
        }
        if self.jobs.len() > CHAT_LIST_MAX {
            return Err(RuleError::TooManyJobs(self.jobs.len()));
        }
        let is_demanding = self.approval != Approval::None || !self.schema.is_empty();
        if is_demanding && self.jobs.is_empty() {
            return Err(RuleError::NoJobs);
        }
        if is_demanding && self.effect == Effect::Deny {
            return Err(RuleError::Denied);
        }
        if !APPROVAL_EXPIRES_S.contains(&self.approval_expires_s.0) {
            return Err(RuleError::Expiry);
        }
        argument::check(&self.schema)
    }
}
