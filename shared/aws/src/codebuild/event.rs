//! The end of a build as EventBridge puts it into the queue of runs
//! (<https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>): it becomes the task that has
//! the run looked at, before any consumer sees it.

use std::borrow::Cow;

use app::ids::RunId;
use app::queue::Task;
use config::ProjectId;
use serde_json::Value;

/// What the queue's consumer understands: the item as it is, or the task in place of the event. An event of a build that is
/// no run of ours stays as it is, and the consumer will say that it cannot be read.
pub fn as_task(item: &str) -> Cow<'_, str> {
    if !item.contains("aws.codebuild") {
        return Cow::Borrowed(item);
    }
    let task = serde_json::from_str(item).ok().and_then(|event| task(&event));
    let written = task.and_then(|task| serde_json::to_string(&task).ok());
    written.map_or(Cow::Borrowed(item), Cow::Owned)
}

fn task(event: &Value) -> Option<Task> {
    if event["source"] != "aws.codebuild" || event["detail-type"] != "CodeBuild Build State Change" {
        return None;
    }
    // `bucket/runs/7/0123456789ab-….zip`, as `source::key` has it.
    let location = event["detail"]["additional-information"]["source"]["location"].as_str()?;
    let (_, place) = location.split_once("/runs/")?;
    let (project, rest) = place.split_once('/')?;
    let (run, _) = rest.split_once('-')?;
    let run: RunId = run.parse().ok()?;
    Some(Task::RunJobV1 { run, project: ProjectId(project.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(location: &str) -> String {
        json!({
            "version": "0",
            "source": "aws.codebuild",
            "detail-type": "CodeBuild Build State Change",
            "detail": {
                "build-status": "SUCCEEDED",
                "project-name": "bellhop-jobs",
                "additional-information": {"source": {"type": "S3", "location": location}},
            },
        })
        .to_string()
    }

    #[test]
    fn the_end_of_a_build_has_its_run_looked_at() {
        let told = event("bucket/runs/7/0123456789ab-00112233445566778899aabbccddeeff.zip");
        assert_eq!(as_task(&told), r#"{"task":"run_job_v1","run":"0123456789ab","project":7}"#);
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let task = r#"{"task":"run_job_v1","run":"0123456789ab","project":7}"#;
        assert_eq!(as_task(task), task);
        for location in
            ["bucket/other.zip", "bucket/runs/x/0123456789ab-0.zip", "bucket/runs/7/nothing-0.zip"]
        {
            let told = event(location);
            assert_eq!(as_task(&told), told);
        }
        assert_eq!(as_task("aws.codebuild {"), "aws.codebuild {");
    }
}
