//! `bellhop backup` and `bellhop restore`: a copy of the store on this machine, made beside a running server, and a store
//! made of such a copy.
//!
//! Not here: how it is copied (`embedded`). A deployed Bellhop is backed up by DynamoDB: `infra/runbook.md`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use app::backlog::Backlog;
use app::projects;
use app::queue::QueueName;

use crate::house::{House, KEY_FILE, keep_key};
use crate::{Store, apply};

/// The folder within the store's in which a backup is tried out.
const TRIAL: &str = "restoring";

#[derive(clap::Args)]
pub(crate) struct BackupOptions {
    #[command(flatten)]
    store: Store,
    /// The file to write. It is not written over.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct RestoreOptions {
    #[command(flatten)]
    store: Store,
    /// What `bellhop backup` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The sealing key that the store had. Needed, unless it is in the folder already.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(crate) fn back_up(options: &BackupOptions) -> Result<ExitCode> {
    let (folder, file) = (&options.store.data, &options.file);
    embedded::back_up(folder, file)?;
    let bytes = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len();
    let mut out = std::io::stdout().lock();
    writeln!(out, "Written: {}, {bytes} bytes.", file.display())?;
    writeln!(
        out,
        "The sealing key is not in it. Keep a copy of {} somewhere else: without it, no secret in this file can be read.",
        folder.join(KEY_FILE).display()
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn restore(options: RestoreOptions) -> Result<ExitCode> {
    let (folder, file) = (&options.store.data, &options.file);
    let key = key(folder, options.key.as_deref())?;
    let trial = folder.join(TRIAL);
    let tried = try_out(file, &trial, &key).await;
    if trial.exists() {
        fs::remove_dir_all(&trial).with_context(|| format!("cannot remove {}", trial.display()))?;
    }
    let (projects, tasks) = tried?;
    embedded::restore(file, folder)?;
    if !folder.join(KEY_FILE).exists() {
        keep_key(folder, &key).with_context(|| format!("cannot keep the key in {}", folder.display()))?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "Restored: {projects} projects, and {tasks} tasks in the queues.")?;
    writeln!(
        out,
        "What came in after the backup is not there. What was delivered after it is delivered again, under the same ids."
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the key opens what is in the backup: found out on another copy, so that nothing is restored if it does not. Gives
/// how many projects there are, and how many tasks.
async fn try_out(file: &Path, trial: &Path, key: &str) -> Result<(usize, u64)> {
    embedded::restore(file, trial)?;
    keep_key(trial, key).with_context(|| format!("cannot write to {}", trial.display()))?;
    let House { app, store, .. } = House::open(trial)?;
    let listed = apply::all(&app).await?;
    for known in &listed {
        let project = projects::load(&app, known.id).await;
        project.with_context(|| format!("nothing is restored: this key does not fit {}", file.display()))?;
    }
    let (mut tasks, queue) = (0, store.queue());
    for name in QueueName::ALL {
        let depth = queue.depth(name).await?;
        tasks += depth.ready + depth.later + depth.under_way;
    }
    Ok((listed.len(), tasks))
}

/// The key's text: of the file that was named, or that of the folder.
fn key(folder: &Path, named: Option<&Path>) -> Result<String> {
    let kept = folder.join(KEY_FILE);
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read the sealing key {}", path.display()))
    };
    match (named, kept.exists()) {
        (Some(_), true) => bail!("{} is there already: leave out --key, or move it away", kept.display()),
        (Some(named), false) => read(named),
        (None, true) => read(&kept),
        (None, false) => {
            bail!(
                "the secrets in a backup are sealed: name the file with the key that the store had, with --key"
            )
        }
    }
}
