//! `bellhop token`: a new token for the API and the console. It stands alone on standard output, for a script to take.
//!
//! Not here: what a token opens (`app::tokens`), taking one back (the API).

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use app::tokens::{self, NewToken, Scope};
use app::{App, projects};
use clap::ValueEnum;
use config::{ProjectId, ProjectPath};

use crate::AnyStore;

/// The longest life that can be asked for, in days: ten years is for ever.
const DAYS_MAX: i64 = 3_650;

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// What it opens: everything; the projects that are named; or all projects or those that are named, to read.
    #[arg(long, value_enum, default_value = "admin")]
    scope: ScopeName,
    /// A project that it is for; may be repeated.
    #[arg(long = "project", value_name = "PATH")]
    projects: Vec<String>,
    /// What to call it in the list of tokens.
    #[arg(long, value_name = "TEXT", default_value = "bellhop token")]
    name: String,
    /// For how many days it is good; without it, for ever.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=DAYS_MAX))]
    days: Option<u16>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScopeName {
    Admin,
    Maintainer,
    ReadOnly,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let projects = numbers(&app, &options.projects).await?;
    let scope = match options.scope {
        ScopeName::Admin if projects.is_empty() => Scope::Admin,
        ScopeName::Admin => {
            bail!("an admin's token is for all projects: leave out --project, or choose a --scope")
        }
        ScopeName::Maintainer => Scope::Maintainer { projects },
        ScopeName::ReadOnly => Scope::ReadOnly { projects: (!projects.is_empty()).then_some(projects) },
    };
    let life = options.days.map(|days| Duration::from_hours(24 * u64::from(days)));
    let expires_at = life.map(|life| app.clock.now() + life);
    let (secret, _) = tokens::make(&app, NewToken { name: options.name, scope, expires_at }).await?;
    writeln!(std::io::stdout(), "{}", secret.expose())?;
    Ok(ExitCode::SUCCESS)
}

async fn numbers(app: &App, paths: &[String]) -> Result<BTreeSet<ProjectId>> {
    let mut numbers = BTreeSet::new();
    for path in paths {
        let path = ProjectPath::try_from(path.clone())?;
        let number = projects::number_of(app, &path).await?;
        numbers.insert(number.with_context(|| format!("there is no project {path}"))?);
    }
    Ok(numbers)
}
