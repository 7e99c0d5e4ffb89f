//! The git hosts whose webhooks are understood.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A git host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forge {
    /// GitLab, from 2014's to today's (<https://docs.gitlab.com/user/project/integrations/webhook_events/>).
    #[default]
    GitLab,
}

impl fmt::Display for Forge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitLab => formatter.write_str("GitLab"),
        }
    }
}
