//! `bellhop replay`: many deliveries again. Whatever ends this program, the replay goes on with the server's sweep, or
//! with `--go-on`.
//!
//! Not here: which deliveries those are (`app::replay`). The server that runs beside this does the sending.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow};
use app::App;
use app::ids::Stamp;
use app::queue::Queue;
use app::replay::{self, Order, PER_SECOND_MAX, Replay, Which};
use config::ProjectPath;

use crate::AnyStore;
use crate::aim::{self, Aim};

/// How many of the deliveries a dry run names.
const NAMED_MAX: usize = 5;

/// The longest sleep between two steps, so that the progress is seen to move.
const SLEEP_MAX: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The project's path.
    #[arg(value_name = "PROJECT", value_parser = aim::path, required_unless_present = "go_on")]
    project: Option<ProjectPath>,
    /// Only of this target: `irker`, or a hook's number. Otherwise of all.
    #[arg(long, alias = "hook", value_name = "irker|N", value_parser = aim::aim)]
    target: Option<Aim>,
    /// What was last tried at this time or later: 90m, 2h or 3d for so long ago, or a time such as 2026-01-02T03:04Z.
    #[arg(long, value_name = "TIME", required_unless_present = "go_on")]
    since: Option<String>,
    /// And at this time or earlier. Now if left out.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What has not arrived (failed), what is parked, or all.
    #[arg(long = "state", value_name = "failed|parked|all", default_value = "failed")]
    which: Which,
    /// Only say how many that would be.
    #[arg(long)]
    dry_run: bool,
    /// How many a second.
    #[arg(
        long = "rate", value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(PER_SECOND_MAX)),
    )]
    per_second: u32,
    /// Go on with a replay that was begun.
    #[arg(long, value_name = "ID", conflicts_with_all = ["project", "since", "until", "target", "dry_run"])]
    go_on: Option<Stamp>,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let (app, queue) = options.store.open_with_queue().await?;
    let queue = queue.ok();
    if let Some(id) = &options.go_on {
        return carry_on(&app, queue.as_deref(), replay::find(&app, id).await?).await;
    }
    let order = order(&app, &options).await?;
    if options.dry_run {
        let found = replay::look(&app, order, NAMED_MAX).await?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} would be sent again", deliveries(found.count as u64))?;
        for (event, target) in &found.first {
            writeln!(out, "  {}", event.delivery_id(*target))?;
        }
        if found.count > found.first.len() {
            writeln!(out, "  ...")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let replay = replay::begin(&app, order).await?;
    writeln!(std::io::stdout(), "Replay {} (if this is interrupted: bellhop replay --go-on {0})", replay.id)?;
    carry_on(&app, queue.as_deref(), replay).await
}

async fn order(app: &App, options: &Options) -> Result<Order> {
    let now = app.clock.now();
    let path = options.project.as_ref().ok_or_else(|| anyhow!("of which project?"))?;
    let project = aim::project(app, path).await?;
    let moment = |text: &Option<String>| text.as_ref().map(|text| aim::moment(text, now)).transpose();
    Ok(Order {
        targets: aim::targets(&project, options.target),
        which: options.which,
        since: moment(&options.since)?.unwrap_or(now),
        until: moment(&options.until)?.unwrap_or(now),
        per_second: options.per_second,
    })
}

/// Until it is over; where the queue is out of reach, that is the sweep's work, and this is said.
async fn carry_on(app: &App, queue: Option<&dyn Queue>, mut replay: Replay) -> Result<ExitCode> {
    let is_watched = std::io::stderr().is_terminal();
    let Some(queue) = queue else {
        let state =
            if replay.is_over() { "it is over" } else { "the function sweep carries it on, each minute" };
        writeln!(std::io::stdout(), "{} sent again so far; {state}", deliveries(replay.sent))?;
        return Ok(ExitCode::SUCCESS);
    };
    while !replay.is_over() {
        tokio::time::sleep(replay.wait(app.clock.now()).min(SLEEP_MAX)).await;
        replay = replay::step(app, queue, &replay.id).await?;
        if is_watched {
            write!(std::io::stderr(), "\r{} sent again", deliveries(replay.sent))?;
        }
    }
    if is_watched {
        writeln!(std::io::stderr())?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} queued again", deliveries(replay.sent))?;
    if replay.forgotten > 0 {
        writeln!(out, "{} left out: the event is not kept any more", deliveries(replay.forgotten))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn deliveries(count: u64) -> String {
    if count == 1 { "1 delivery".to_owned() } else { format!("{count} deliveries") }
}
