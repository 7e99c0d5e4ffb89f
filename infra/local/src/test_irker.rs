//! `bellhop test`: one harmless line to every recipient of a project, and what irkerd did with it.
//!
//! Not here: the test itself. It goes through the queue to the server that runs on this store (`app::test_irker`).

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use app::queue::Queue;
use app::test_irker::{self, RecipientReport, Report};
use app::{App, ids};
use config::ProjectPath;
use relay::Outcome;

use crate::aim;

/// How long the report is waited for: a test takes milliseconds, and where irkerd hangs, some ten seconds.
const REPORT_MAX: Duration = Duration::from_secs(30);

/// How often to look whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(crate) async fn run(app: &App, queue: &dyn Queue, path: &ProjectPath) -> Result<ExitCode> {
    let project = aim::project(app, path).await?;
    let test = test_irker::ask(app, queue, &project).await.with_context(|| format!("project {path}"))?;
    let report = report(app, &test, REPORT_MAX).await?;
    let mut out = std::io::stdout().lock();
    for line in lines(report.as_ref()) {
        writeln!(out, "{line}")?;
    }
    Ok(if report.as_ref().is_some_and(is_success) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn report(app: &App, test: &ids::Stamp, patience: Duration) -> Result<Option<Report>> {
    let start = Instant::now();
    loop {
        let report = test_irker::report(app, test).await?;
        if report.is_some() || start.elapsed() >= patience {
            return Ok(report);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn is_success(report: &Report) -> bool {
    report.recipients.iter().all(|tried| tried.outcome == Outcome::HandedOver)
}

/// What people read.
fn lines(report: Option<&Report>) -> Vec<String> {
    let Some(report) = report else {
        return vec![format!(
            "No report came within {} s: no server runs on this store (`bellhop serve`), or earlier deliveries still \
             wait for this irkerd. The test stays in the queue for {} minutes.",
            REPORT_MAX.as_secs(),
            test_irker::WAITED_FOR_MAX.as_secs() / 60,
        )];
    };
    let mut lines = vec![format!("irkerd at {}:", report.irkerd)];
    lines.extend(report.recipients.iter().map(line));
    if report.recipients.iter().any(|tried| tried.outcome == Outcome::HandedOver) {
        lines.push(
            "irkerd does not tell whether a channel let it in: look there for \"test from Bellhop\"."
                .to_owned(),
        );
    }
    lines
}

fn line(RecipientReport { recipient, outcome, duration_ms }: &RecipientReport) -> String {
    match outcome {
        Outcome::HandedOver => format!("  {recipient}: handed over to irkerd in {duration_ms} ms"),
        other => format!("  {recipient}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use app::clock::Timestamp;
    use insta::assert_snapshot;

    use super::*;
    use crate::House;

    fn report(outcomes: Vec<Outcome>) -> Report {
        let recipients = ["irc://h:6667/chan?key=***", "irc://h:6667/nick,isnick"].into_iter().zip(outcomes);
        let tried = |(recipient, outcome)| RecipientReport {
            recipient: String::from(recipient),
            outcome,
            duration_ms: 7,
        };
        Report {
            at: Timestamp(0),
            irkerd: "localhost:6659".to_owned(),
            recipients: recipients.map(tried).collect(),
        }
    }

    fn check(outcomes: Vec<Outcome>) -> (bool, String) {
        let report = report(outcomes);
        (is_success(&report), lines(Some(&report)).join("\n"))
    }

    #[test]
    fn a_test_that_irkerd_took_sends_people_to_the_channel() {
        let (is_success, shown) = check(vec![Outcome::HandedOver; 2]);
        assert!(is_success);
        assert_snapshot!(shown, @r#"
        irkerd at localhost:6659:
          irc://h:6667/chan?key=***: handed over to irkerd in 7 ms
          irc://h:6667/nick,isnick: handed over to irkerd in 7 ms
        irkerd does not tell whether a channel let it in: look there for "test from Bellhop".
        "#);
    }

    #[test]
    fn a_test_that_did_not_reach_everybody_is_no_success() {
        let (is_success, shown) =
            check(vec![Outcome::HandedOver, Outcome::Unknown { reason: "the connection was reset".into() }]);
        assert!(!is_success);
        assert_snapshot!(shown, @r#"
        irkerd at localhost:6659:
          irc://h:6667/chan?key=***: handed over to irkerd in 7 ms
          irc://h:6667/nick,isnick: no answer: the connection was reset
        irkerd does not tell whether a channel let it in: look there for "test from Bellhop".
        "#);
    }

    #[test]
    fn an_irkerd_that_is_not_there_is_said_so_without_sending_anybody_anywhere() {
        let (is_success, shown) = check(vec![Outcome::Unreachable { reason: "nobody is there".into() }; 2]);
        assert!(!is_success);
        assert_snapshot!(shown, @"
        irkerd at localhost:6659:
          irc://h:6667/chan?key=***: not reached: nobody is there
          irc://h:6667/nick,isnick: not reached: nobody is there
        ");
    }

    #[test]
    fn no_report_is_explained() {
        assert_snapshot!(lines(None).join("\n"), @"No report came within 30 s: no server runs on this store (`bellhop serve`), or earlier deliveries still wait for this irkerd. The test stays in the queue for 5 minutes.");
    }

    #[tokio::test]
    async fn nobody_works_on_the_store_and_nobody_waits_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::open(folder.path()).unwrap();
        let test = ids::Stamp::new(&house.app.chance);
        assert_eq!(super::report(&house.app, &test, Duration::ZERO).await.unwrap(), None);
    }
}
