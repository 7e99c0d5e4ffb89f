//! The words for what was done and where things stand, the same for all forges: GitLab's, as its API has them, since
//! most readers know them from there. A word that only one forge has stays its own (`Other`).
//!
//! Not here: which field of a payload holds the word (one module per forge), and words for people (`relay`).

use std::fmt;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Made: a comment, a wiki page, a release, a branch.
    Created,
    /// Opened for the first time.
    Opened,
    /// Changed in a way that has no word of its own here.
    Updated,
    /// Ended, for now.
    Closed,
    /// Opened again.
    Reopened,
    /// A merge request reached its target branch.
    Merged,
    /// Gone.
    Deleted,
    /// New commits came to a merge request.
    NewCommits,
    /// A reviewer agrees.
    Approved,
    /// A reviewer takes the approval back.
    Unapproved,
    /// A reviewer wants changes.
    ChangesRequested,
    /// A reviewer has said something, neither for nor against.
    Reviewed,
    /// A merge request became a draft.
    Drafted,
    /// A draft became ready to be merged.
    Ready,
    /// A release is out.
    Published,
    /// An emoji was given.
    Awarded,
    /// An emoji was taken back.
    Revoked,
    /// Somebody joined.
    Added,
    /// Somebody left, or was made to leave.
    Removed,
    /// The forge's own word, as it is sent.
    Other(String),
}

impl Action {
    /// Reads a forge's word.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "create" | "created" => Self::Created,
            "open" | "opened" => Self::Opened,
            "update" | "updated" | "edited" | "modified" => Self::Updated,
            "close" | "closed" => Self::Closed,
            "reopen" | "reopened" => Self::Reopened,
            "merge" | "merged" => Self::Merged,
            "delete" | "deleted" => Self::Deleted,
            // GitHub; Gitea.
            "synchronize" | "synchronized" => Self::NewCommits,
            // GitLab says `approval` where more of them are needed.
            "approved" | "approval" => Self::Approved,
            "unapproved" | "unapproval" => Self::Unapproved,
            "changes_requested" => Self::ChangesRequested,
            "reviewed" => Self::Reviewed,
            "converted_to_draft" => Self::Drafted,
            "ready_for_review" => Self::Ready,
            "published" => Self::Published,
            "award" | "awarded" => Self::Awarded,
            "revoke" | "revoked" => Self::Revoked,
            "added" => Self::Added,
            "removed" => Self::Removed,
            // GitLab's system hooks and Bitbucket Cloud, where the others say that it is done.
            "rename" => Self::Other("renamed".to_owned()),
            "transfer" => Self::Other("transferred".to_owned()),
            "fork" => Self::Other("forked".to_owned()),
            own => Self::Other(own.to_owned()),
        }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Merged => "merged",
            Self::Deleted => "deleted",
            Self::NewCommits => "new_commits",
            Self::Approved => "approved",
            Self::Unapproved => "unapproved",
            Self::ChangesRequested => "changes_requested",
            Self::Reviewed => "reviewed",
            Self::Drafted => "drafted",
            Self::Ready => "ready",
            Self::Published => "published",
            Self::Awarded => "awarded",
            Self::Revoked => "revoked",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Other(own) => own,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Where a thing stands that is opened and closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Work goes on.
    Opened,
    /// Ended without being merged, if it is a merge request.
    Closed,
    /// In the target branch.
    Merged,
    /// Being merged.
    Locked,
    /// The forge's own word, lower case: `active`, `dismissed`.
    Other(String),
}

impl State {
    /// Reads a forge's word, in whatever case.
    pub(crate) fn of(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            // Bitbucket's issues are `new` until somebody takes them.
            "open" | "opened" | "new" => Self::Opened,
            // Bitbucket's word for a pull request that was turned down.
            "closed" | "declined" => Self::Closed,
            "merged" => Self::Merged,
            "locked" => Self::Locked,
            own => Self::Other(own.to_owned()),
        }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Merged => "merged",
            Self::Locked => "locked",
            Self::Other(own) => own,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Where a pipeline, a job or a deployment stands
/// (<https://docs.gitlab.com/api/pipelines/#list-project-pipelines>).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Known, and nothing more.
    Created,
    /// Waiting for its turn, a machine or a leave.
    Pending,
    /// Under way.
    Running,
    /// Ended well.
    Success,
    /// Ended badly: an error, a failure, a time-out.
    Failed,
    /// Ended by somebody.
    Canceled,
    /// Left out.
    Skipped,
    /// Waiting for somebody to start it.
    Manual,
    /// To start later.
    Scheduled,
    /// The forge's own word, lower case: `neutral`, `stale`.
    Other(String),
}

impl Status {
    /// Reads a forge's word, in whatever case.
    pub fn of(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            "created" => Self::Created,
            "pending"
            | "queued"
            | "waiting"
            | "waiting_for_resource"
            | "waiting_for_callback"
            | "preparing"
            | "requested" => Self::Pending,
            "running" | "in_progress" | "inprogress" => Self::Running,
            "success" | "successful" => Self::Success,
            "failed" | "failure" | "error" | "timed_out" | "startup_failure" => Self::Failed,
            "canceled" | "cancelled" | "stopped" | "canceling" => Self::Canceled,
            "skipped" => Self::Skipped,
            "manual" | "action_required" => Self::Manual,
            "scheduled" => Self::Scheduled,
            own => Self::Other(own.to_owned()),
        }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Skipped => "skipped",
            Self::Manual => "manual",
            Self::Scheduled => "scheduled",
            Self::Other(own) => own,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forges_words_for_one_thing_are_one_word() {
        for (words, one) in [
            (&["open", "opened"][..], "opened"),
            (&["update", "edited", "modified"], "updated"),
            (&["synchronize", "synchronized"], "new_commits"),
            (&["auto_merge_enabled"], "auto_merge_enabled"),
        ] {
            assert!(words.iter().all(|word| Action::of(word).as_str() == one), "{words:?}");
        }
        for (words, one) in [
            (&["SUCCESSFUL", "success"][..], "success"),
            (&["failure", "FAILED", "error"], "failed"),
            (&["INPROGRESS", "in_progress"], "running"),
            (&["cancelled", "STOPPED"], "canceled"),
            (&["queued", "waiting_for_callback"], "pending"),
            (&["neutral"], "neutral"),
        ] {
            assert!(words.iter().all(|word| Status::of(word).as_str() == one), "{words:?}");
        }
        assert_eq!(State::of("OPEN"), State::Opened);
        assert_eq!(State::of("DECLINED"), State::Closed);
        assert_eq!(State::of("active"), State::Other("active".to_owned()));
    }
}
