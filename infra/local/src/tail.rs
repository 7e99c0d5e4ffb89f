//! `bellhop tail`: attempts as they end, until it is stopped.
//!
//! The log is asked, target by target, no more often than [`QUERIES_PER_SECOND`]: with many targets a round takes longer,
//! and nothing is missed.
//!
//! Not here: looking back (`log`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use app::App;
use app::attempts::{self, Entry};
use app::clock::Timestamp;
use app::projects;
use config::{ProjectPath, TargetId};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{AnyStore, aim, log};

/// A round takes at least so long.
const ROUND_MIN: Duration = Duration::from_secs(1);

/// How many targets are asked a second.
const QUERIES_PER_SECOND: u32 = 50;

/// How long after its beginning an attempt may be written: the longest that a batch of them takes.
const WRITTEN_WITHIN: Duration = Duration::from_mins(2);

/// How many attempts of one target are shown of one round; the log has them all.
const SHOWN_MAX: usize = 100;

/// After how long projects and targets that came meanwhile are noticed.
const LOOK_EVERY: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// Only of this project.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    project: Option<ProjectPath>,
    /// Begin with what was tried since then: 90m, 2h or 3d for so long ago, or a time such as 2026-01-02T03:04Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// One JSON object a line, with headers and bodies.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let now = app.clock.now();
    let since = options.since.as_deref().map(|text| aim::moment(text, now)).transpose()?.unwrap_or(now);
    let mut followed = Followed { since, seen: BTreeMap::new() };
    let mut targets = targets(&app, options.project.as_ref()).await?;
    let mut looked_at = Instant::now();
    loop {
        let began = Instant::now();
        if looked_at.elapsed() >= LOOK_EVERY {
            targets = self::targets(&app, options.project.as_ref()).await?;
            looked_at = began;
        }
        let mut new = followed.round(&app, &targets).await?;
        new.sort_by_key(|entry| entry.began_at);
        let mut out = std::io::stdout().lock();
        for entry in &new {
            let line = if options.json { serde_json::to_string(entry)? } else { log::line(entry) };
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        drop(out);
        sleep_until(began + ROUND_MIN).await;
    }
}

async fn targets(app: &App, project: Option<&ProjectPath>) -> Result<Vec<TargetId>> {
    if let Some(path) = project {
        return Ok(aim::targets(&aim::project(app, path).await?, None));
    }
    let mut targets = Vec::new();
    for listed in crate::apply::all(app).await? {
        if let Some(project) = projects::load(app, listed.id).await? {
            targets.extend(aim::targets(&project, None));
        }
    }
    Ok(targets)
}

/// What was shown already.
struct Followed {
    since: Timestamp,
    /// By target, the names of attempts that began within [`WRITTEN_WITHIN`].
    seen: BTreeMap<TargetId, BTreeSet<String>>,
}

impl Followed {
    /// Asks for each target once.
    async fn round(&mut self, app: &App, targets: &[TargetId]) -> Result<Vec<Entry>> {
        let mut new = Vec::new();
        for target in targets {
            // What began earlier is written by now, and was seen.
            let window = Timestamp(app.clock.now().0.saturating_sub(millis(WRITTEN_WITHIN)));
            let since = if self.seen.contains_key(target) { self.since.max(window) } else { self.since };
            let found = attempts::since(app, *target, (since, SHOWN_MAX)).await?;
            let known = self.seen.entry(*target).or_default();
            let ids: BTreeSet<String> = found.iter().map(Entry::id).collect();
            new.extend(found.into_iter().filter(|entry| !known.contains(&entry.id())));
            *known = ids;
            sleep(Duration::from_secs(1) / QUERIES_PER_SECOND).await;
        }
        Ok(new)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
