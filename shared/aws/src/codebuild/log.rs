//! What a build has printed, from `CloudWatch` Logs: one event is one line. What CodeBuild itself says stands before and
//! behind what the job's own script prints, and is left out.

use app::executor::{ExecutorError, LOG_BYTES_MAX};
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsError;
use aws_sdk_codebuild::types::Build;

use super::{CodeBuild, unavailable};

/// How many pages are read: of a log in the largest size, each has a megabyte.
const PAGES_MAX: usize = 64;

/// CodeBuild's own words.
const OWN: &str = "[Container] ";

/// What `infra/codebuild/run.sh` says between two tries: as with GitLab, only the last one counts.
const AGAIN: &str = "[Bellhop] tries again";

impl CodeBuild {
    /// At most [`LOG_BYTES_MAX`] of it; nothing if there is none yet.
    pub(super) async fn log(&self, build: &Build) -> Result<Vec<u8>, ExecutorError> {
        let place = build.logs().and_then(|logs| logs.group_name().zip(logs.stream_name()));
        let Some((group, stream)) = place else { return Ok(Vec::new()) };
        let (mut log, mut token) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let page = self
                .logs
                .get_log_events()
                .log_group_name(group)
                .log_stream_name(stream)
                .start_from_head(true)
                .set_next_token(token.clone())
                .send()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(GetLogEventsError::is_resource_not_found_exception) =>
                {
                    return Ok(Vec::new());
                }
                Err(error) => return Err(unavailable(error)),
            };
            for message in page.events().iter().filter_map(|event| event.message()) {
                push(&mut log, message);
            }
            // The last page names itself as the next one.
            if log.len() >= LOG_BYTES_MAX || page.next_forward_token == token {
                break;
            }
            token = page.next_forward_token;
        }
        log.truncate(LOG_BYTES_MAX);
        Ok(log)
    }
}

fn push(log: &mut Vec<u8>, line: &str) {
    if line.starts_with(OWN) {
        return;
    }
    if line.trim_end() == AGAIN {
        log.clear();
        return;
    }
    log.extend_from_slice(line.as_bytes());
    if !line.ends_with('\n') {
        log.push(b'\n');
    }
}
