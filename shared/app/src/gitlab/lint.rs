//! What GitLab makes of the project's configuration, includes from everywhere resolved
//! (<https://docs.gitlab.com/api/lint/>). Nothing is run.

use serde::Deserialize;

use super::{Api, AskError};

/// GitLab's view of `.gitlab-ci.yml` at one commit.
#[derive(Clone, Debug, Deserialize)]
pub struct Linted {
    /// Whether a pipeline could be made of it.
    pub valid: bool,
    /// What is wrong, in GitLab's words.
    #[serde(default)]
    pub errors: Vec<String>,
    /// One file in place of all; `None` if it cannot be read at all.
    #[serde(default)]
    pub merged_yaml: Option<String>,
    /// The jobs that it has.
    #[serde(default)]
    pub jobs: Option<Vec<LintedJob>>,
}

/// A job, as the configuration has it.
#[derive(Clone, Debug, Deserialize)]
pub struct LintedJob {
    /// Its name.
    pub name: String,
    /// The environment that it deploys to, variables in it not expanded.
    #[serde(default)]
    pub environment: Option<String>,
}

impl Api<'_> {
    /// The configuration at a commit, branch or tag.
    pub async fn lint(&self, content_ref: &str) -> Result<Linted, AskError> {
        self.get(&["ci", "lint"], &[("content_ref", content_ref), ("include_jobs", "true")]).await
    }
}
