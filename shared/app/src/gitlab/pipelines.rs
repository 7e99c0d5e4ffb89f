//! Pipelines of the project (<https://docs.gitlab.com/api/pipelines/>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::jobs::JobRow;
use super::{Api, AskError};

/// How many jobs of a pipeline are looked at: GitLab's largest page.
const JOBS_MAX: &str = "100";

/// A pipeline that was made.
#[derive(Clone, Debug, Deserialize)]
pub struct PipelineRow {
    /// Its number, on all of this GitLab.
    pub id: u64,
    /// Its page.
    pub web_url: String,
}

#[derive(Deserialize)]
struct ProjectRow {
    default_branch: Option<String>,
}

impl Api<'_> {
    /// The branch that a chat's pipelines run on; `None` in an empty repository.
    pub async fn default_branch(&self) -> Result<Option<String>, AskError> {
        Ok(self.get::<ProjectRow>(&[], &[]).await?.default_branch)
    }

    /// Makes one. The body has `ref`, and `inputs` or `variables`.
    pub async fn create_pipeline(&self, body: Value) -> Result<PipelineRow, AskError> {
        self.post(&["pipeline"], body).await
    }

    /// Stops it and all its jobs. What is over is left as it is.
    pub async fn cancel_pipeline(&self, id: u64) -> Result<(), AskError> {
        self.post::<Value>(&["pipelines", &id.to_string(), "cancel"], json!({})).await.map(drop)
    }

    /// Its jobs, of each the latest try; those of one status, such as `manual`, or all.
    pub async fn pipeline_jobs(&self, pipeline: u64, status: Option<&str>) -> Result<Vec<JobRow>, AskError> {
        let mut query = vec![("per_page", JOBS_MAX)];
        query.extend(status.map(|status| ("scope[]", status)));
        self.get(&["pipelines", &pipeline.to_string(), "jobs"], &query).await
    }
}
