//! A pipeline made by GitLab's API, in the name of the project's token.
//!
//! The pipeline learns what is asked for as inputs (`chat_job`, `chat_input`, `chat_channel`, `chat_user_id`, which its
//! configuration has to declare) or as variables (`CHAT_JOB`, ...). Its rules have to leave the one job over that is asked
//! for, or the others run as well.

use config::jobs::PassAs;
use serde_json::{Value, json};

use super::{GitLabRuns, Held, journal, refused};
use crate::executor::{ExecutorError, Order, Started};
use crate::gitlab::{Api, AskError};

impl GitLabRuns {
    pub(super) async fn start_by_pipeline(
        &self,
        api: &Api<'_>,
        order: &Order,
        pass_as: PassAs,
    ) -> Result<Started, ExecutorError> {
        let reference = match reference(order) {
            Some(reference) => reference,
            None => default_branch(api).await?,
        };
        if let Some(begun) = journal::about_to_begin(&self.app, order).await? {
            return Ok(begun);
        }
        let made = match api.create_pipeline(body(order, &reference, pass_as)).await {
            Ok(made) => made,
            Err(error) => {
                if !error.may_have_had_effect() {
                    journal::not_begun(&self.app, order).await;
                }
                return Err(refused(error));
            }
        };
        // Its own page is the better one, and its number makes its webhook known. Neither is needed.
        let jobs = api.pipeline_jobs(made.id, None).await.unwrap_or_default();
        let job = jobs.into_iter().find(|job| job.name == order.job);
        let since = self.app.clock.now();
        let held = Held {
            pipeline: made.id,
            job: order.job.clone(),
            since,
            deadline: since + order.timeout,
            url: job.as_ref().map_or(made.web_url, |job| job.web_url.clone()),
        };
        Ok(journal::begun(&self.app, order, &held, job.map(|job| job.id)).await)
    }
}

fn reference(order: &Order) -> Option<String> {
    let configured = || order.project.jobs.as_ref().and_then(|jobs| jobs.repository.reference.clone());
    order.found.as_ref().map(|found| found.reference.clone()).or_else(configured)
}

async fn default_branch(api: &Api<'_>) -> Result<String, ExecutorError> {
    match api.default_branch().await {
        Ok(Some(branch)) => Ok(branch),
        Ok(None) => Err(ExecutorError::Refused { reason: "the repository at GitLab is empty".to_owned() }),
        Err(error) if error.is_passing() => Err(ExecutorError::Unavailable(Box::new(error))),
        Err(AskError::NotFound) => {
            Err(ExecutorError::Refused { reason: "GitLab does not show the project to its token".to_owned() })
        }
        Err(error) => Err(ExecutorError::Refused { reason: error.to_string() }),
    }
}

fn body(order: &Order, reference: &str, pass_as: PassAs) -> Value {
    let told = [
        ("chat_job", &order.job),
        ("chat_input", &order.input),
        ("chat_channel", &order.channel_id),
        ("chat_user_id", &order.user_id),
    ];
    match pass_as {
        PassAs::Inputs => {
            let inputs: serde_json::Map<_, _> =
                told.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            json!({"ref": reference, "inputs": inputs})
        }
        PassAs::Variables => {
            let variable = |(name, value): &(&str, &String)| {
                // GitLab's runner would put variables in place of $NAME, and makes $ of $$.
                json!({"key": name.to_ascii_uppercase(), "value": value.replace('$', "$$")})
            };
            json!({"ref": reference, "variables": told.iter().map(variable).collect::<Vec<_>>()})
        }
    }
}
