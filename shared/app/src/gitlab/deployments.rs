//! The way from one environment to another one, as GitLab's own `deploy A to B` finds it
//! (`lib/gitlab/slash_commands/deploy.rb`): of the pipeline that was last deployed to A, the manual job that deploys to B;
//! if several do, the one that is called B.
//!
//! The API shows no job's environment, so the configuration is asked for it, at the same commit. An environment whose
//! name is made of variables is not found that way.

use serde::Deserialize;

use super::jobs::JobRow;
use super::{Api, AskError};

/// A deployment, as the API shows it (<https://docs.gitlab.com/api/deployments/>).
#[derive(Deserialize)]
struct DeploymentRow {
    sha: String,
    /// The job that deployed; `None` if it was not a job.
    deployable: Option<JobRow>,
}

impl Api<'_> {
    /// The job to play; `None` if there is none, or nobody could say which.
    pub async fn way(&self, from: &str, to: &str) -> Result<Option<JobRow>, AskError> {
        let query = [
            ("environment", from),
            ("status", "success"),
            ("order_by", "id"),
            ("sort", "desc"),
            ("per_page", "1"),
        ];
        let last: Vec<DeploymentRow> = self.get(&["deployments"], &query).await?;
        let Some(DeploymentRow { sha, deployable: Some(deployed) }) = last.into_iter().next() else {
            return Ok(None);
        };
        let manual = self.pipeline_jobs(deployed.pipeline.id, Some("manual")).await?;
        if manual.is_empty() {
            return Ok(None);
        }
        let configured = self.lint(&sha).await?.jobs.unwrap_or_default();
        let deploys = |job: &JobRow| {
            let of_name = configured.iter().find(|configured| configured.name == job.name);
            of_name.is_some_and(|configured| configured.environment.as_deref() == Some(to))
        };
        let mut ways: Vec<_> = manual.into_iter().filter(deploys).collect();
        if ways.len() > 1 {
            ways.retain(|job| job.name == to);
        }
        Ok(ways.pop())
    }
}
