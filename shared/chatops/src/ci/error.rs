//! Why a job cannot be had, in one sentence each.
//!
//! Not here: GitLab's single text for all of them ("could not be scheduled"), which a chat gets to see.

/// Why there is no job to run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CiError {
    /// The configuration is valid and has no such job.
    #[error("no such job: the configuration defines no job named {job:?}")]
    NoSuchJob {
        /// As it was asked for.
        job: String,
    },
    /// Its name starts with a dot: GitLab keeps it for others to extend.
    #[error("the job {job:?} is hidden: its name starts with a dot, so it is only there to be reused")]
    Hidden {
        /// As it was asked for.
        job: String,
    },
    /// The job is there, but not for this pipeline.
    #[error("the job {job:?} is filtered out for chat: {why}")]
    Filtered {
        /// As it was asked for.
        job: String,
        /// Which of its keywords says so.
        why: String,
    },
    /// GitLab's parser or its validation refuses the configuration, this job or another.
    #[error("invalid configuration: {place}: {reason}")]
    Invalid {
        /// GitLab's wording where it has one.
        reason: String,
        /// The file, with line and column where the parser stopped.
        place: String,
    },
    /// Only GitLab can resolve this.
    #[error("invalid configuration here: {place}: {what} cannot be read without GitLab's API")]
    NeedsGitLab {
        /// The keyword and what it names.
        what: String,
        /// The file.
        place: String,
    },
}

impl CiError {
    pub(crate) fn invalid(place: &str, reason: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into(), place: place.to_owned() }
    }
}
