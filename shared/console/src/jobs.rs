//! Who executes what slash commands run, with the risk in words.
//!
//! Not here: changing it. That takes the configuration's file or the API, on purpose: it decides who runs programs where.

use config::jobs::Executor;

/// What an executor means for those who run Bellhop.
pub(crate) fn in_words(executor: &Executor) -> &'static str {
    match executor {
        Executor::Local => {
            "Jobs run on Bellhop's own machine: whoever may push to the repository's branch runs programs there."
        }
        Executor::Codebuild => {
            "Jobs run on AWS CodeBuild, each in a container of its own: whoever may push to the repository's branch runs \
             programs there, with the role of its project."
        }
        Executor::GitlabChat { .. } => {
            "GitLab runs the jobs, by its own ChatOps: its rules count as well, and what is typed is handed on to it."
        }
        Executor::GitlabPipeline { .. } => {
            "GitLab runs the jobs in a pipeline, in the name of whoever the project's token belongs to."
        }
    }
}
