//! Which branches and tags a target hears of.
//!
//! A pattern is a wildcard (`main`, `release/*`: `*` stands for any text, slashes included, as in GitLab's branch
//! filter, and the whole name has to fit) or, between slashes, a regular expression (`/^v\d+/`, which has to fit
//! somewhere; GitLab's are RE2's, and so are these: no look-around, no back-references, time linear in the name).
//!
//! Not here: which ref an event is about (`relay`).

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_COMPILED_BYTES_MAX, PATTERNS_MAX};

/// Which refs to hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefFilter {
    /// Only refs that fit one of these; with none, all refs.
    pub branches: Vec<RefPattern>,
    /// Never refs that fit one of these.
    pub exclude_branches: Vec<RefPattern>,
    /// To which kinds of event this applies.
    pub branch_filter_events: Vec<FilteredKind>,
}

/// A kind of event that belongs to a ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FilteredKind {
    /// By its branch.
    Push,
    /// By its tag.
    TagPush,
    /// By its target branch.
    MergeRequest,
    /// By the branch or tag it runs on. Jobs and deployments as well.
    Pipeline,
}

/// How GitLab reads its filter of a hook's pushes
/// (<https://docs.gitlab.com/user/project/integrations/webhooks/#filter-push-events-by-branch>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BranchFilterStrategy {
    /// As a wildcard.
    #[default]
    Wildcard,
    /// As a regular expression, which GitLab writes without slashes.
    Regex,
    /// Not at all.
    AllBranches,
}

/// Everything, and if it is narrowed, tags are not meant unless they are named.
impl Default for RefFilter {
    fn default() -> Self {
        Self {
            branches: Vec::new(),
            exclude_branches: Vec::new(),
            branch_filter_events: vec![
                FilteredKind::Push,
                FilteredKind::MergeRequest,
                FilteredKind::Pipeline,
            ],
        }
    }
}

/// A wildcard or a regular expression.
#[derive(Clone, Debug)]
pub struct RefPattern {
    text: String,
    matcher: Regex,
}

/// Why a filter is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefFilterError {
    /// Nothing to compare with.
    #[error("a branch pattern has 1 to {PATTERN_BYTES_MAX} bytes")]
    Length,
    /// No regular expression.
    #[error("'{0}' is no regular expression that is understood here (RE2's syntax)")]
    Regex(String),
    /// GitLab's filter and ours.
    #[error("push_events_branch_filter and branches say the same: give one of them")]
    Both,
    /// More than anybody writes by hand.
    #[error("at most {PATTERNS_MAX} branch patterns, and these are {0}")]
    TooMany(usize),
}

impl RefPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, RefFilterError> {
        if text.is_empty() || text.len() > PATTERN_BYTES_MAX {
            return Err(RefFilterError::Length);
        }
        let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let expression = inner.map_or_else(|| wildcard(text), str::to_owned);
        let matcher = RegexBuilder::new(&expression).size_limit(PATTERN_COMPILED_BYTES_MAX).build();
        let matcher = matcher.map_err(|_| RefFilterError::Regex(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether a short name (without `refs/heads/`) fits.
    pub fn fits(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }
}

/// As an expression that fits the same names.
fn wildcard(text: &str) -> String {
    let parts: Vec<_> = text.split('*').map(regex::escape).collect();
    format!(r"\A(?s:{})\z", parts.join(".*"))
}

impl fmt::Display for RefPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl PartialEq for RefPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for RefPattern {}

impl Serialize for RefPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RefPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl RefFilter {
    /// GitLab's `push_events_branch_filter`, which is about pushes to branches alone. Blank stands for all of them.
    pub fn of_gitlab(filter: &str, strategy: BranchFilterStrategy) -> Result<Self, RefFilterError> {
        let pattern = match strategy {
            BranchFilterStrategy::AllBranches => return Ok(Self::default()),
            _ if filter.trim().is_empty() => return Ok(Self::default()),
            BranchFilterStrategy::Wildcard => RefPattern::parse(filter)?,
            BranchFilterStrategy::Regex => RefPattern::parse(&format!("/{filter}/"))?,
        };
        let (exclude_branches, branch_filter_events) = (Vec::new(), vec![FilteredKind::Push]);
        Ok(Self { branches: vec![pattern], exclude_branches, branch_filter_events })
    }

    /// Whether the values are valid.
    pub fn check(&self) -> Result<(), RefFilterError> {
        let count = self.branches.len() + self.exclude_branches.len();
        if count > PATTERNS_MAX { Err(RefFilterError::TooMany(count)) } else { Ok(()) }
    }

    /// Whether an event of this kind, on the ref of this short name, is to be heard of.
    pub fn admits(&self, kind: FilteredKind, name: &str) -> bool {
        let fits = |patterns: &[RefPattern]| patterns.iter().any(|pattern| pattern.fits(name));
        let is_included = self.branches.is_empty() || fits(&self.branches);
        !self.branch_filter_events.contains(&kind) || (is_included && !fits(&self.exclude_branches))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        RefPattern::parse(pattern).unwrap().fits(name)
    }

    #[test]
    fn a_wildcard_fits_whole_names_and_crosses_slashes() {
        assert!(fits("main", "main") && !fits("main", "mainline") && !fits("main", "a/main"));
        assert!(fits("release/*", "release/1.0/rc") && !fits("release/*", "release"));
        assert!(fits("*-stable", "a/b-stable") && fits("a.b", "a.b") && !fits("a.b", "axb"));
    }

    #[test]
    fn a_regular_expression_fits_anywhere() {
        assert!(fits(r"/^v\d+\.\d+$/", "v1.22") && !fits(r"/^v\d+\.\d+$/", "v1"));
        assert!(fits("/feature/", "my/feature/x"));
    }

    #[test]
    fn what_cannot_be_matched_in_linear_time_is_refused() {
        for bad in [r"/(?=look)ahead/", r"/(a)\1/", "/(/", &format!("/{}/", "(a{1000}){1000}")] {
            assert!(matches!(RefPattern::parse(bad), Err(RefFilterError::Regex(_))), "{bad}");
        }
        assert_eq!(RefPattern::parse(""), Err(RefFilterError::Length));
    }

    #[test]
    fn gitlabs_own_filter_is_about_pushes_alone() {
        let filter = |text: &str, strategy| RefFilter::of_gitlab(text, strategy).unwrap();
        let wildcard = filter("release/*", BranchFilterStrategy::Wildcard);
        assert!(
            wildcard.admits(FilteredKind::Push, "release/1") && !wildcard.admits(FilteredKind::Push, "wip")
        );
        assert!(wildcard.admits(FilteredKind::MergeRequest, "wip"));
        let regex = filter("^(main|feature/.+)$", BranchFilterStrategy::Regex);
        assert!(
            regex.admits(FilteredKind::Push, "feature/x") && !regex.admits(FilteredKind::Push, "my/main")
        );
        assert_eq!(filter("main", BranchFilterStrategy::AllBranches), RefFilter::default());
        assert_eq!(filter("", BranchFilterStrategy::Regex), RefFilter::default());
        let broken = RefFilter::of_gitlab("(", BranchFilterStrategy::Regex);
        assert_eq!(broken, Err(RefFilterError::Regex("/(/".to_owned())));
    }

    #[test]
    fn a_filter_applies_to_the_kinds_that_it_names() {
        let filter: RefFilter =
            serde_json::from_str(r#"{"branches":["main","release/*"],"exclude_branches":["release/old*"]}"#)
                .unwrap();
        assert!(filter.admits(FilteredKind::Push, "release/2") && !filter.admits(FilteredKind::Push, "wip"));
        assert!(!filter.admits(FilteredKind::MergeRequest, "release/old-1"));
        assert!(filter.admits(FilteredKind::TagPush, "v1"), "tags are not meant");
        assert!(RefFilter::default().admits(FilteredKind::Push, "anything"));
    }
}
