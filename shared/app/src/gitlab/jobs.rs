//! Jobs of the project's pipelines (<https://docs.gitlab.com/api/jobs/>).

use serde::Deserialize;
use serde_json::json;

use super::{Api, AskError};

/// A job, as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct JobRow {
    /// Its number, on all of this GitLab.
    pub id: u64,
    /// As it is written in `.gitlab-ci.yml`.
    pub name: String,
    /// `created`, `pending`, `running`, `success`, `failed`, `canceled`, `skipped`, `manual` ...
    pub status: String,
    /// Its page.
    pub web_url: String,
    /// When it began to run; `None` if it never did.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// How long it ran, in seconds.
    pub duration: Option<f64>,
    /// Why it failed, in one word of GitLab's such as `script_failure`.
    pub failure_reason: Option<String>,
    /// What it is a part of.
    pub pipeline: PipelinePart,
}

/// The pipeline of a job.
#[derive(Clone, Debug, Deserialize)]
pub struct PipelinePart {
    /// Its number, on all of this GitLab.
    pub id: u64,
}

impl Api<'_> {
    /// One.
    pub async fn job(&self, id: u64) -> Result<JobRow, AskError> {
        self.get(&["jobs", &id.to_string()], &[]).await
    }

    /// What one has printed so far, at most the kept part of a log. May lag behind its end.
    pub async fn trace(&self, id: u64) -> Result<Vec<u8>, AskError> {
        self.get_log(&["jobs", &id.to_string(), "trace"]).await
    }

    /// Starts one that waits for somebody's hand.
    pub async fn play_job(&self, id: u64) -> Result<JobRow, AskError> {
        self.post(&["jobs", &id.to_string(), "play"], json!({})).await
    }
}
