//! Who somebody is at GitLab, and what they are in the project
//! (<https://docs.gitlab.com/api/users/>, <https://docs.gitlab.com/api/project_members/>).
//!
//! Not here: which chat user that is (`links`).

use http::Method;
use serde::Deserialize;

use super::{Api, AskError, Call};

/// The state of users and members who may do something.
const ACTIVE: &str = "active";

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// For ever theirs.
    pub id: u64,
    /// The login, without `@`.
    pub username: String,
    /// `active`, `blocked`, `deactivated` ...
    pub state: String,
}

impl User {
    /// Whether they may do anything at all.
    pub fn is_active(&self) -> bool {
        self.state == ACTIVE
    }
}

#[derive(Deserialize)]
struct Member {
    access_level: u32,
    #[serde(default)]
    state: Option<String>,
}

impl Api<'_> {
    /// Whose token this is. Takes the scope `read_user`.
    pub async fn current_user(&self) -> Result<User, AskError> {
        self.json(Call { method: Method::GET, path: &["user"], query: &[], body: None }).await
    }

    /// The project's member with this id: GitLab's number, groups and shares counted in; 0 for somebody who is none, or
    /// is blocked.
    pub async fn access_level(&self, user: u64) -> Result<u32, AskError> {
        self.access_level_in(self.settings.project.as_str(), user).await
    }

    /// The same in another project.
    pub async fn access_level_in(&self, project: &str, user: u64) -> Result<u32, AskError> {
        let path = &["projects", project, "members", "all", &user.to_string()];
        match self.json::<Member>(Call { method: Method::GET, path, query: &[], body: None }).await {
            Ok(member) if member.state.as_deref().is_none_or(|state| state == ACTIVE) => {
                Ok(member.access_level)
            }
            Ok(_) | Err(AskError::NotFound) => Ok(0),
            Err(error) => Err(error),
        }
    }
}
