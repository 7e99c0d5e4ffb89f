//! `bellhop log`: what was tried, and how it ended.
//!
//! Not here: what is kept of an attempt (`app::attempts`), the program's own log.

use std::cmp::Reverse;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use app::App;
use app::attempts::{self, Entry, Listing, Wanted};
use config::{ProjectPath, TargetId};

use crate::aim::{self, Aim};
use crate::{AnyStore, shown};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The project's path.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    project: ProjectPath,
    /// Only of this target: `irker`, or a hook's number.
    #[arg(long, alias = "hook", value_name = "irker|N", value_parser = aim::aim)]
    target: Option<Aim>,
    /// Only attempts that will be, or would have to be, made again.
    #[arg(long)]
    failed: bool,
    /// Only these: a status, `successful`, `client_failure`, `server_failure`, or an outcome such as unreachable. May be
    /// repeated.
    #[arg(long = "only", value_name = "WHAT")]
    only: Vec<Wanted>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// One JSON object a line, with headers and bodies.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let project = aim::project(&app, &options.project).await?;
    let wanted: Vec<_> =
        options.only.iter().copied().chain(options.failed.then_some(Wanted::Failed)).collect();
    let mut entries = Vec::new();
    for target in aim::targets(&project, options.target) {
        entries.extend(newest(&app, target, (&wanted, options.limit)).await?);
    }
    entries.sort_by_key(|entry| Reverse(entry.began_at));
    entries.truncate(options.limit);
    let mut out = std::io::stdout().lock();
    for entry in &entries {
        if options.json {
            writeln!(out, "{}", serde_json::to_string(entry)?)?;
        } else {
            writeln!(out, "{}", line(entry))?;
        }
    }
    if entries.is_empty() && !options.json {
        writeln!(out, "Nothing was tried that the log still knows of.")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn newest(app: &App, target: TargetId, (wanted, limit): (&[Wanted], usize)) -> Result<Vec<Entry>> {
    let mut listing = Listing { target, wanted: wanted.to_vec(), limit, after: None };
    let mut entries = Vec::new();
    while entries.len() < limit {
        listing.limit = limit - entries.len();
        let page = attempts::list(app, &listing).await?;
        entries.extend(page.entries);
        listing.after = page.next;
        if listing.after.is_none() {
            break;
        }
    }
    Ok(entries)
}

/// When, where, what, how it ended, how long it took.
pub(crate) fn line(entry: &Entry) -> String {
    let Entry { event, target, attempt, outcome, duration_ms, .. } = entry;
    let at = shown::moment(entry.began_at);
    let which = if entry.is_test { "test".to_owned() } else { format!("attempt {attempt}") };
    format!(
        "{at}  {target}  {event}  {which}  {}  {duration_ms} ms",
        shown::plain(&outcome.to_string(), false)
    )
}
