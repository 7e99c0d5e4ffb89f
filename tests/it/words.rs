//! What several tests say: a push that is one line on IRC, and that line.

use end_to_end::{Project, Push};
use serde_json::json;

/// John Smith deletes a branch: the shortest of pushes. Authentic, and different for each branch.
pub(crate) fn farewell(branch: &str) -> Push {
    Push::fixture("gitlab-2014/push")
        .with_value("/ref", format!("refs/heads/{branch}"))
        .with_value("/after", "0".repeat(40))
        .with_value("/commits", json!([]))
        .with_value("/total_commits_count", 0)
        .with_token(Project::SECRET)
}

/// How GitLab puts that.
pub(crate) fn said_of(branch: &str) -> String {
    format!("[Diaspora] John Smith has deleted the branch {branch}")
}
