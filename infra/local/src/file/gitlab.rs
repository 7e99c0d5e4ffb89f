//! `[project.gitlab]`: the GitLab that a project is on.

use config::{GitLab, ProjectPath, WebUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::secret::Written;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GitLab")]
pub(super) struct GitLabEntry {
    /// Where GitLab is, such as `https://gitlab.example.net`.
    #[schemars(with = "String")]
    url: WebUrl,
    /// The project's path there. Left out: the same as here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    project: Option<ProjectPath>,
    /// An access token of scope `api`, best a project access token.
    pub(super) token: Written,
}

impl GitLabEntry {
    pub(super) fn of(gitlab: GitLab<Written>) -> Self {
        Self { url: gitlab.url, project: Some(gitlab.project), token: gitlab.token }
    }

    /// The settings of a project of this path; a token that is kept is the stored one.
    pub(super) fn gitlab(self, path: &ProjectPath, stored: Option<&GitLab>) -> Result<GitLab, EntryError> {
        Ok(GitLab {
            url: self.url,
            project: self.project.unwrap_or_else(|| path.clone()),
            token: self.token.secret(stored.map(|gitlab| &gitlab.token), "gitlab: token")?,
        })
    }
}
