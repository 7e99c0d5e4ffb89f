//! `bellhop`: every function in one process on one machine, on an embedded store, with no account anywhere.
//!
//! Not here: what the functions do (`app`), how things are kept (`embedded`).

mod apply;
mod ci;
mod demo;
mod file;
mod house;
mod inspect;
mod listen;
mod sample;
mod serve;
mod test_irker;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Carries what happens in git to the people it concerns.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Take webhooks in and relay them (what happens without a command).
    Serve(serve::Options),
    /// Load projects from a TOML file into the store, also beside a running server.
    Apply(apply::Options),
    /// Say one harmless line to every recipient of a project, through the running server, and show what irkerd did.
    Test(test_irker::Options),
    /// Show one push on its way from the webhook to IRC and to an HTTP target, in a temporary store.
    Demo(demo::Options),
    /// Show what Bellhop makes of a payload: the event as JSON, and the lines irkerd would be told.
    Inspect(inspect::Options),
    /// Show a job of a `.gitlab-ci.yml` as GitLab resolves it for a chat command.
    Ci(ci::Options),
}

/// Where everything is kept.
#[derive(clap::Args)]
struct Store {
    /// The folder of the store: made if it is not there, readable by its owner only.
    #[arg(long, value_name = "DIR", default_value = "bellhop-data")]
    data: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    // These talk to somebody who looks at them; the log would be in the way.
    log(if matches!(command, Command::Demo(_) | Command::Test(_)) { "error" } else { "info" });
    let result = match command {
        Command::Serve(options) => serve::run(options).await,
        Command::Apply(options) => apply::run(options).await,
        Command::Test(options) => test_irker::run(options).await,
        Command::Demo(options) => demo::run(options).await,
        Command::Inspect(options) => inspect::run(options),
        Command::Ci(options) => ci::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// One line that says what went wrong, outermost first.
#[expect(clippy::print_stderr, reason = "whoever typed the command reads this, with or without a log")]
fn complain(error: &anyhow::Error) {
    eprintln!("bellhop: {error:#}");
}

/// One event a line, to standard error; `RUST_LOG` says which.
fn log(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    log.with_ansi(io::stderr().is_terminal()).init();
}
