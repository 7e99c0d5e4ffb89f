//! `bellhop doctor`: whether everything that deliveries need is there, from where the doctor stands, and what to do where
//! it is not. Nothing is sent to anybody: irkerd sees an empty connection, and of HTTP targets only the names are looked
//! up.
//!
//! Not here: each check (`checks`), whether a target takes a delivery (`test`).

mod checks;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use app::Causes;
use config::WebUrl;
use serde::Serialize;

use crate::serve::Guards;
use crate::{AnyStore, Egress, shown};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    #[command(flatten)]
    egress: Egress,
    /// Where this Bellhop is reached from outside: is it Bellhop that answers there?
    #[arg(long, value_name = "URL")]
    public_url: Option<WebUrl>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    verdict: Verdict,
    /// What was looked at.
    what: String,
    /// How it is.
    state: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Well,
    /// Nothing is lost by it, yet.
    Doubtful,
    /// Deliveries suffer.
    Bad,
}

impl Finding {
    fn well(what: impl Into<String>, state: impl Into<String>) -> Self {
        Self { verdict: Verdict::Well, what: what.into(), state: state.into(), advice: None }
    }

    fn doubtful(what: impl Into<String>, state: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Doubtful, advice: Some(advice.into()), ..Self::well(what, state) }
    }

    fn bad(what: impl Into<String>, state: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, ..Self::doubtful(what, state, advice) }
    }

    fn in_words(&self) -> String {
        let sign = match self.verdict {
            Verdict::Well => "ok ",
            Verdict::Doubtful => " ? ",
            Verdict::Bad => "BAD",
        };
        let line = shown::plain(&format!("{}: {}", self.what, self.state), false);
        let advice = self.advice.iter().map(|advice| format!("\n      {}", shown::plain(advice, false)));
        format!("{sign} {line}{}", advice.collect::<String>())
    }
}

/// Ends with 0 if nothing is bad.
pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let mut told = Told { json: options.json, is_bad: false };
    let guards = Guards::new(options.egress.policy()?);
    let (app, backlog) = match options.store.open_with_backlog().await {
        Ok(opened) => opened,
        Err(error) => {
            told.tell(&[Finding::bad(
                "store",
                Causes(error.as_ref()).to_string(),
                "nothing works without it",
            )])?;
            return Ok(ExitCode::FAILURE);
        }
    };
    told.tell(&options.store.is_served()?.map(checks::served).into_iter().collect::<Vec<_>>())?;
    let (findings, projects) = checks::store(&app).await;
    told.tell(&findings)?;
    told.tell(&checks::queues(backlog.as_ref()).await)?;
    told.tell(&checks::irkerds(&guards.irkerds, &projects).await)?;
    told.tell(&checks::hooks(&guards.hooks, &projects).await)?;
    told.tell(&checks::targets(&app, &projects).await)?;
    if let Some(url) = &options.public_url {
        told.tell(&[checks::public_url(url).await])?;
    }
    Ok(if told.is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Says what is found as it is found: some checks take their time.
struct Told {
    json: bool,
    is_bad: bool,
}

impl Told {
    fn tell(&mut self, findings: &[Finding]) -> Result<()> {
        let mut out = std::io::stdout().lock();
        for finding in findings {
            self.is_bad |= finding.verdict == Verdict::Bad;
            let line = if self.json { serde_json::to_string(finding)? } else { finding.in_words() };
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}
