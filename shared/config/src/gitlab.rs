//! The GitLab that a project is on, where its API may be asked: for issues and deployments from chat, for the standing of
//! a member, for includes that only GitLab can read, and for running jobs there.
//!
//! Not here: asking (`app`).

use payload::Secret;
use serde::{Deserialize, Serialize};

use crate::ProjectPath;
use crate::limits::SECRET_BYTES_MAX;
use crate::web_url::{WebUrl, WebUrlError};

/// A project on a GitLab, and a key to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitLab<S = Secret> {
    /// Where GitLab is, such as `https://gitlab.example.net`, with the path it lives under if there is one.
    pub url: WebUrl,
    /// The project's path there.
    pub project: ProjectPath,
    /// An access token of scope `api`, best a project access token with the role Developer or Maintainer
    /// (<https://docs.gitlab.com/user/project/settings/project_access_tokens/>).
    pub token: S,
}

/// Why a GitLab is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitLabError {
    /// See [`WebUrlError`].
    #[error("gitlab: {0}")]
    Url(WebUrlError),
    /// An empty or endless one, or one that no header can carry.
    #[error("gitlab: a token has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    Token,
}

impl<S> GitLab<S> {
    /// The same with its token held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<GitLab<T>, E> {
        Ok(GitLab { url: self.url, project: self.project, token: change(self.token)? })
    }

    /// Where people see the project.
    pub fn project_url(&self) -> String {
        format!("{}/{}", self.url.as_str(), self.project)
    }
}

impl GitLab {
    /// Whether the values are valid.
    pub fn check(&self) -> Result<(), GitLabError> {
        let text = self.token.expose();
        let is_usable =
            (1..=SECRET_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_usable { Ok(()) } else { Err(GitLabError::Token) }
    }
}
