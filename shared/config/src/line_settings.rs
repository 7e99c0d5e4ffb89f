//! How the lines for IRC are worded.
//!
//! Not here: the wording itself, and whether a template can be rendered (`relay::irker`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many commits of a push are shown unless a project says otherwise: GitLab's own number for irker.
const COMMITS_SHOWN: usize = 3;

/// The most commits of a push that can be asked for: what GitLab's payload holds. Each is a line, and irkerd sends one
/// line a second.
pub const COMMITS_SHOWN_MAX: usize = 20;

/// The longest template, in bytes: GitLab's own limit for a webhook's template
/// (<https://docs.gitlab.com/user/project/integrations/webhooks/#custom-webhook-template>).
pub const TEMPLATE_BYTES_MAX: usize = 4096;

/// The kinds of event that a template can be written for: the words of [`payload::Fact::kind`], and `other` for all that
/// has no kind of its own.
pub const TEMPLATE_KINDS: [&str; 15] = [
    "push",
    "tag",
    "merge_request",
    "issue",
    "comment",
    "pipeline",
    "job",
    "deployment",
    "release",
    "wiki_page",
    "milestone",
    "emoji",
    "feature_flag",
    "member",
    "other",
];

/// How a project's lines are worded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Rows outlive upgrades in both directions: what is absent is as by default, what is unknown is left alone.
#[serde(default)]
pub struct LineSettings {
    /// Whose words a push is told in.
    pub style: LineStyle,
    /// How many commits of one push get a line of their own: 0 to [`COMMITS_SHOWN_MAX`].
    pub max_commits: usize,
    /// Whether lines carry mIRC colours.
    pub colorize_messages: bool,
    /// The project's own words, by [kind](TEMPLATE_KINDS).
    pub templates: BTreeMap<String, String>,
}

/// Whose words a push is told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LineStyle {
    /// As GitLab's irker integration, byte for byte.
    GitLab,
    /// One line for one commit, the newest commits of many.
    #[default]
    Compact,
}

/// Why settings are refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineSettingsError {
    /// More lines than anybody reads.
    #[error("max_commits is at most {COMMITS_SHOWN_MAX}, and this is {0}")]
    TooManyCommits(usize),
    /// A template that would never be used.
    #[error("templates: there is no kind of event '{0}' (there are: {kinds})", kinds = TEMPLATE_KINDS.join(", "))]
    UnknownKind(String),
    /// Longer than [`TEMPLATE_BYTES_MAX`].
    #[error("templates: the template for {0} has more than {TEMPLATE_BYTES_MAX} bytes")]
    TemplateLength(String),
}

impl Default for LineSettings {
    fn default() -> Self {
        Self {
            style: LineStyle::default(),
            max_commits: COMMITS_SHOWN,
            colorize_messages: false,
            templates: BTreeMap::new(),
        }
    }
}

impl LineSettings {
    /// Whether the values are within their bounds. Whether a template can be rendered, `relay::irker::check_templates`
    /// tells.
    pub fn check(&self) -> Result<(), LineSettingsError> {
        if self.max_commits > COMMITS_SHOWN_MAX {
            return Err(LineSettingsError::TooManyCommits(self.max_commits));
        }
        for (kind, template) in &self.templates {
            if !TEMPLATE_KINDS.contains(&kind.as_str()) {
                return Err(LineSettingsError::UnknownKind(kind.clone()));
            }
            if template.len() > TEMPLATE_BYTES_MAX {
                return Err(LineSettingsError::TemplateLength(kind.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<LineSettings, String> {
        let settings: LineSettings = serde_json::from_str(json).map_err(|error| error.to_string())?;
        settings.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn an_old_row_and_a_newer_one_are_read() {
        let settings = check(r#"{"style":"gitlab","of_tomorrow":1}"#).unwrap();
        assert_eq!(settings, LineSettings { style: LineStyle::GitLab, ..LineSettings::default() });
        assert_eq!(check("{}"), Ok(LineSettings::default()));
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let json = r#"{"style":"compact","max_commits":0,"colorize_messages":true,"templates":{"push":"{{ title }}"}}"#;
        assert_eq!(serde_json::to_string(&check(json).unwrap()).unwrap(), json);
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        assert!(check(r#"{"max_commits":20}"#).is_ok());
        insta::assert_snapshot!(check(r#"{"max_commits":21}"#).unwrap_err(), @"max_commits is at most 20, and this is 21");
        insta::assert_snapshot!(check(r#"{"templates":{"mergerequest":""}}"#).unwrap_err(), @"templates: there is no kind of event 'mergerequest' (there are: push, tag, merge_request, issue, comment, pipeline, job, deployment, release, wiki_page, milestone, emoji, feature_flag, member, other)");
        let long = format!(r#"{{"templates":{{"push":"{}"}}}}"#, "x".repeat(TEMPLATE_BYTES_MAX + 1));
        insta::assert_snapshot!(check(&long).unwrap_err(), @"templates: the template for push has more than 4096 bytes");
        assert!(check(r#"{"style":"loud"}"#).unwrap_err().contains("expected `gitlab` or `compact`"));
    }
}
