//! `bellhop dlq`: the tasks that were set aside after too many faults, which are Bellhop's own and not a target's.
//!
//! Not here: what a target did not take (`log`, `replay`).

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use app::App;
use app::backlog::{Backlog, DeadLetter, PORTION_MAX};
use app::clock::Timestamp;
use app::queue::QueueName;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::{AnyStore, progress, shown};

/// How many dead letters are looked through for one: more than anybody lets gather.
const LOOKED_THROUGH_MAX: usize = 1_000;

/// How many a second may be brought back: no more than one sender does.
const PER_SECOND_MAX: u32 = 100;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// List them, one a line.
    Ls(ListOptions),
    /// Show one, with its task.
    Show(ShowOptions),
    /// Send them to their queues again. What is interrupted is begun again: nothing is lost, and nothing arrives twice.
    Redrive(RedriveOptions),
}

#[derive(clap::Args)]
struct Which {
    #[command(flatten)]
    store: AnyStore,
    /// Only of this queue. Otherwise of all that are within reach.
    #[arg(long, value_name = "irker|http|http-ordered|runs", value_parser = queue)]
    queue: Option<QueueName>,
}

#[derive(clap::Args)]
pub(crate) struct ListOptions {
    #[command(flatten)]
    which: Which,
    /// At most so many of each queue.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// One JSON object a line, with the task.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(crate) struct ShowOptions {
    #[command(flatten)]
    which: Which,
    /// Its id, as `bellhop dlq ls` shows it.
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(clap::Args)]
pub(crate) struct RedriveOptions {
    #[command(flatten)]
    which: Which,
    /// How many a second.
    #[arg(
        long = "rate", value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(PER_SECOND_MAX)),
    )]
    per_second: u32,
}

fn queue(text: &str) -> Result<QueueName> {
    let Some(queue) = QueueName::ALL.into_iter().find(|queue| queue.as_str() == text) else {
        let all: Vec<_> = QueueName::ALL.iter().map(|queue| queue.as_str()).collect();
        bail!("it is one of {}", all.join(", "));
    };
    Ok(queue)
}

pub(crate) async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Ls(options) => list(options).await,
        Command::Show(options) => show(options).await,
        Command::Redrive(options) => redrive(options).await,
    }
}

impl Which {
    async fn open(&self) -> Result<(std::sync::Arc<App>, std::sync::Arc<dyn Backlog>, Vec<QueueName>)> {
        let (app, backlog) = self.store.open_with_backlog().await?;
        let queues = self.queue.map_or_else(|| backlog.queues(), |queue| vec![queue]);
        if queues.is_empty() {
            bail!(
                "no queue is within reach: set BELLHOP_IRKER_QUEUE_URL, BELLHOP_HTTP_QUEUE_URL and so on to the stack's outputs"
            );
        }
        Ok((app, backlog, queues))
    }
}

async fn list(options: ListOptions) -> Result<ExitCode> {
    let (_app, backlog, queues) = options.which.open().await?;
    let mut out = std::io::stdout().lock();
    let mut is_empty = true;
    for queue in queues {
        for dead in backlog.dead_letters(queue, options.limit).await? {
            is_empty = false;
            if options.json {
                writeln!(out, "{}", whole(&dead))?;
            } else {
                writeln!(out, "{}", line(&dead))?;
            }
        }
    }
    if is_empty && !options.json {
        writeln!(out, "Nothing is set aside.")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(options: ShowOptions) -> Result<ExitCode> {
    let (_app, backlog, queues) = options.which.open().await?;
    for queue in queues {
        let letters = backlog.dead_letters(queue, LOOKED_THROUGH_MAX).await?;
        if let Some(dead) = letters.iter().find(|dead| dead.id == options.id) {
            writeln!(std::io::stdout(), "{:#}", whole(dead))?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    bail!("nothing of this id is set aside; `bellhop dlq ls` shows what is")
}

async fn redrive(options: RedriveOptions) -> Result<ExitCode> {
    let (app, backlog, queues) = options.which.open().await?;
    let began_at = app.clock.now();
    let mut out = std::io::stdout().lock();
    for queue in queues {
        let count = usize::try_from(backlog.depth(queue).await?.dead).unwrap_or(usize::MAX);
        let bar = progress::bar("sent again", count);
        let sent =
            bring_back(backlog.as_ref(), queue, (began_at, options.per_second), |sent| bar.inc(sent)).await;
        bar.finish_and_clear();
        let sent = sent?;
        if sent > 0 {
            writeln!(out, "{}: {sent} sent again", queue.as_str())?;
        }
        let left = backlog.depth(queue).await?.dead;
        if left > 0 {
            writeln!(out, "{}: {left} left, or set aside anew", queue.as_str())?;
        } else if sent == 0 {
            writeln!(out, "{}: nothing is set aside", queue.as_str())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Until there is nothing more of what was set aside before it began.
async fn bring_back(
    backlog: &dyn Backlog,
    queue: QueueName,
    (began_at, per_second): (Timestamp, u32),
    told: impl Fn(u64),
) -> Result<usize> {
    let portion = PORTION_MAX.min(usize::try_from(per_second).unwrap_or(PORTION_MAX));
    let mut sent = 0;
    loop {
        // From here, and not from its end: to send takes time, too.
        let begins = Instant::now();
        let redriven = backlog.redrive(queue, (portion, began_at)).await?;
        sent += redriven.sent;
        told(redriven.sent as u64);
        if redriven.is_over {
            return Ok(sent);
        }
        let sent_now = u32::try_from(redriven.sent).unwrap_or(u32::MAX);
        sleep_until(begins + Duration::from_secs(1) * sent_now / per_second).await;
    }
}

/// When, which queue, which task, why.
fn line(dead: &DeadLetter) -> String {
    let DeadLetter { queue, id, tries, .. } = dead;
    let task: Value = serde_json::from_str(&dead.body).unwrap_or_default();
    let kind = task["task"].as_str().unwrap_or("not understood");
    let target = task["delivery"]["target"].as_str().map(|target| format!(" to {target}"));
    let reason = dead.reason.as_deref().map(|reason| format!("  {reason}"));
    let (target, reason) = (target.unwrap_or_default(), reason.unwrap_or_default());
    let shown = format!("{queue}  {id}  {kind}{target}  {tries} tries{reason}");
    format!("{}  {}", shown::moment(dead.at), shown::plain(&shown, false))
}

/// With the task as JSON, if it is.
fn whole(dead: &DeadLetter) -> Value {
    let task = serde_json::from_str(&dead.body).unwrap_or_else(|_| Value::String(dead.body.clone()));
    let DeadLetter { queue, id, tries, reason, at, .. } = dead;
    json!({"queue": queue, "id": id, "tries": tries, "reason": reason, "at": at, "task": task})
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use app::backlog::{Depth, Redriven};
    use app::queue::QueueError;
    use async_trait::async_trait;
    use tokio::time::sleep;

    use super::*;

    /// A queue that takes its time, and so many that were set aside.
    struct Slow {
        left: AtomicUsize,
        takes: Duration,
    }

    #[async_trait]
    impl Backlog for Slow {
        fn queues(&self) -> Vec<QueueName> {
            vec![QueueName::Http]
        }

        async fn depth(&self, _: QueueName) -> Result<Depth, QueueError> {
            Ok(Depth::default())
        }

        async fn dead_letters(&self, _: QueueName, _: usize) -> Result<Vec<DeadLetter>, QueueError> {
            Ok(Vec::new())
        }

        async fn redrive(
            &self,
            _: QueueName,
            (limit, _): (usize, Timestamp),
        ) -> Result<Redriven, QueueError> {
            sleep(self.takes).await;
            let left = self.left.load(Ordering::Relaxed);
            let sent = limit.min(left);
            self.left.store(left - sent, Ordering::Relaxed);
            Ok(Redriven { sent, is_over: sent == left })
        }
    }

    async fn seconds(takes_ms: u64, per_second: u32) -> f64 {
        let queue = Slow { left: AtomicUsize::new(10_000), takes: Duration::from_millis(takes_ms) };
        let began = Instant::now();
        let sent = bring_back(&queue, QueueName::Http, (Timestamp(0), per_second), |_| {}).await.unwrap();
        assert_eq!(sent, 10_000);
        began.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_at_fifty_a_second_take_two_hundred_seconds_however_long_a_queue_takes() {
        for takes_ms in [0, 50, 150] {
            let seconds = seconds(takes_ms, 50).await;
            assert!((198.0..=202.0).contains(&seconds), "{seconds} s at {takes_ms} ms each");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slower_than_the_rate_is_not_hurried_afterwards() {
        let seconds = seconds(250, 50).await;
        assert!((249.0..=251.0).contains(&seconds), "{seconds} s");
    }

    fn dead(body: &str) -> DeadLetter {
        DeadLetter {
            queue: "http",
            id: "x.7-hook-1.1".to_owned(),
            body: body.to_owned(),
            tries: 5,
            reason: Some("panicked".to_owned()),
            at: Timestamp(1_700_000_000_000),
        }
    }

    #[test]
    fn a_dead_letter_is_one_line_whatever_it_holds() {
        let task = r#"{"task": "relay_http_v1", "delivery": {"target": "7-hook-1"}}"#;
        insta::assert_snapshot!(line(&dead(task)), @"2023-11-14 22:13:20Z  http  x.7-hook-1.1  relay_http_v1 to 7-hook-1  5 tries  panicked");
        insta::assert_snapshot!(line(&dead("\u{1b}[2J")), @"2023-11-14 22:13:20Z  http  x.7-hook-1.1  not understood  5 tries  panicked");
        assert_eq!(whole(&dead(task))["task"]["task"], "relay_http_v1");
        assert_eq!(whole(&dead("no JSON"))["task"], "no JSON");
    }
}
