//! The archive that a build begins with. It may hold secrets: the bucket is private and encrypted, its key cannot be
//! guessed, a build may read but not list, and the archive goes with the run, or after two days.

use std::io::Write;
use std::time::Duration;

use app::App;
use app::clock::Timestamp;
use app::executor::{ExecutorError, Files, Found, Order};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use chatops::ci::Job;
use chatops::script::script;
use tempfile::NamedTempFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{CodeBuild, Held, refused, unavailable};

/// The largest archive, in bytes: it stands on a function's disk of 1 GiB, beside the checkout and what was received. A
/// shallow checkout is far smaller.
const ARCHIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// How long S3 may take for it: a function has two minutes for all it does.
const TRY_MAX: Duration = Duration::from_mins(1);

const RUN: &str = include_str!("../../../../infra/codebuild/run.sh");

/// How much of the signature makes a key unguessable, in hexadecimal digits: 128 bits.
const KEY_DIGITS: usize = 32;

/// What is in the bucket of an earlier start.
pub(super) enum Kept {
    Nothing,
    Since(Timestamp),
}

/// `runs/7/0123456789ab-….zip`: the same for every start of a run. Only [`super::event`] reads it.
pub(super) fn key(app: &App, order: &Order) -> String {
    let run = order.run.to_string();
    let signature = app.sealer.sign("codebuild source", &run);
    format!("runs/{}/{run}-{}.zip", order.project.id, &signature[..KEY_DIGITS])
}

/// With time for a large archive. S3's own host names have the bucket's name in them, which no stand-in for AWS has.
pub(super) fn settings(shared: &aws_types::SdkConfig) -> aws_sdk_s3::Config {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY_MAX).operation_timeout(TRY_MAX);
    aws_sdk_s3::config::Builder::from(shared)
        .force_path_style(shared.endpoint_url().is_some())
        .timeout_config(timeouts.build())
        .build()
}

impl CodeBuild {
    pub(super) async fn kept(&self, key: &str) -> Result<Kept, ExecutorError> {
        let asked = self.objects.head_object().bucket(&self.place.bucket).key(key).send().await;
        match asked {
            Ok(object) => {
                let at = object.last_modified().and_then(|at| at.to_millis().ok()).unwrap_or_default();
                Ok(Kept::Since(Timestamp(at)))
            }
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => {
                Ok(Kept::Nothing)
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Makes the archive and leaves it in the bucket.
    pub(super) async fn keep(&self, key: &str, order: &Order, found: &Found) -> Result<(), ExecutorError> {
        let (files, job) = (found.files.clone(), found.job.clone());
        let variables = found.variables.clone();
        let made = tokio::task::spawn_blocking(move || archive(&*files, &job, &variables)).await;
        let (archive, bytes) = made
            .map_err(unavailable)?
            .map_err(|error| refused(&format!("the commit could not be packed: {error}")))?;
        if bytes > ARCHIVE_BYTES_MAX {
            return Err(refused("the repository is too large for CodeBuild's archive"));
        }
        tracing::info!(run = %order.run, bytes, "codebuild.archived");
        let body = ByteStream::from_path(archive.path()).await.map_err(unavailable)?;
        let put = self
            .objects
            .put_object()
            .bucket(&self.place.bucket)
            .key(key)
            .server_side_encryption(ServerSideEncryption::Aes256)
            .body(body);
        put.send().await.map(drop).map_err(unavailable)
    }

    /// After the end. What is not deleted goes by the bucket's own rule.
    pub(super) async fn forget(&self, held: &Held) {
        let deleted = self.objects.delete_object().bucket(&self.place.bucket).key(&held.source).send().await;
        if let Err(error) = deleted {
            tracing::warn!(error = %app::Causes(&error), "an archive was not deleted");
        }
    }
}

/// Everything that a build needs, as CodeBuild unpacks it, and how many bytes that is. The commit's files are a tar within:
/// it keeps links and modes. Blocks.
fn archive(
    files: &dyn Files,
    job: &Job,
    variables: &[(String, String)],
) -> Result<(NamedTempFile, u64), Box<dyn std::error::Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    files.check_out(folder.path())?;
    let mut told = Vec::new();
    for (name, value) in variables {
        // No variable of an environment can hold a zero byte.
        told.extend(name.bytes().chain([b'=']).chain(value.bytes()).filter(|byte| *byte != 0));
        told.push(0);
    }
    let after_script = if job.after_script.is_empty() { String::new() } else { script(&job.after_script) };
    let mut file = NamedTempFile::new()?;
    let mut archive = ZipWriter::new(&mut file);
    for (name, content) in [
        ("run.sh", RUN.as_bytes()),
        ("script.sh", script(job.before_script.iter().chain(&job.script)).as_bytes()),
        ("after_script.sh", after_script.as_bytes()),
        ("retries", job.retry.to_string().as_bytes()),
        ("variables", &told),
    ] {
        archive.start_file(name, SimpleFileOptions::default())?;
        archive.write_all(content)?;
    }
    archive.start_file("work.tar", SimpleFileOptions::default())?;
    let mut work = tar::Builder::new(&mut archive);
    work.follow_symlinks(false);
    work.append_dir_all(".", folder.path())?;
    work.into_inner()?;
    archive.finish()?;
    let bytes = file.as_file().metadata()?.len();
    Ok((file, bytes))
}

#[cfg(test)]
mod tests;
