//! `bellhop`: every function in one process on one machine, on an embedded store, with no account anywhere.
//!
//! Not here: what the functions do (`app`), how things are kept (`embedded`).

mod aim;
mod apply;
mod backup;
mod ci;
mod colours;
mod demo;
mod dlq;
mod doctor;
mod export;
mod file;
mod house;
mod inspect;
mod listen;
mod log;
mod preview;
mod progress;
mod receive;
mod references;
mod replay;
mod reseal;
mod resend;
mod runs;
mod sample;
mod schema;
mod seats;
mod serve;
mod shown;
mod tail;
mod targets;
mod test;
mod test_hook;
mod test_irker;
mod token;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use app::backlog::Backlog;
use app::queue::Queue;
use app::{App, Causes};
use clap::{Parser, Subcommand};
use relay::egress::{Allowance, Policy, PolicyError};
use tracing_subscriber::EnvFilter;

use crate::house::House;

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
    /// Make the store's projects as a file says, also beside a running server.
    Apply(apply::Options),
    /// Write the store's projects as such a file.
    Export(export::Options),
    /// Print the JSON Schema of such files, for editors.
    Schema,
    /// Try a project's targets: one harmless line to every recipient on IRC, or a sample event to a hook.
    Test(test::Options),
    /// Show one push on its way from the webhook to IRC and to an HTTP target, in a temporary store.
    Demo(demo::Options),
    /// Show what Bellhop makes of a payload: the event as JSON, and the lines irkerd would be told.
    Inspect(inspect::Options),
    /// Show how a project's lines look on IRC, on made-up events.
    Preview(preview::Options),
    /// Show the attempts to deliver a project's events, newest first.
    Log(log::Options),
    /// Send an event again, under the same ids.
    Resend(resend::Options),
    /// Send many deliveries again, such as all that failed since a time.
    Replay(replay::Options),
    /// Follow deliveries as they are made, of a project or of all.
    Tail(tail::Options),
    /// Look at the tasks that were set aside after too many faults, and bring them back.
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Look for what is wrong with this Bellhop, and say what to do.
    Doctor(doctor::Options),
    /// Copy the store of this machine to a file, also beside a running server.
    Backup(backup::BackupOptions),
    /// Make a store of such a copy, in a folder that has none.
    Restore(backup::RestoreOptions),
    /// Seal all secrets anew, with the newest sealing key.
    Reseal(reseal::Options),
    /// Show how a project's targets fare.
    Targets(targets::Options),
    /// Switch a hook on again that Bellhop has switched off.
    Enable(targets::EnableOptions),
    /// Make a token for the API and the console, and print it; also beside a running server.
    Token(token::Options),
    /// Be a target: print every request that comes in.
    Receive(receive::Options),
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

/// A store on this machine, or of a deployed Bellhop.
#[derive(clap::Args)]
struct AnyStore {
    #[command(flatten)]
    store: Store,
    /// The DynamoDB table of a deployed Bellhop, instead of a store on this machine. `BELLHOP_SEALING_KEY` holds the
    /// key, and `BELLHOP_IRKER_QUEUE_URL`, `BELLHOP_HTTP_QUEUE_URL` and `BELLHOP_HTTP_ORDERED_QUEUE_URL` the queues for
    /// what is to be sent; region and credentials are found as by any AWS tool.
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME", conflicts_with = "data")]
    table: Option<String>,
}

impl AnyStore {
    async fn open(&self) -> anyhow::Result<Arc<App>> {
        Ok(self.open_with_queue().await?.0)
    }

    /// With its queues, or why they are out of reach.
    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::unused_async, reason = "with AWS, there is something to wait for")
    )]
    async fn open_with_queue(&self) -> anyhow::Result<(Arc<App>, anyhow::Result<Arc<dyn Queue>>)> {
        #[cfg(feature = "aws")]
        if let Some(table) = &self.table {
            let queue = aws::open_queue().await.map(|queue| Arc::new(queue) as Arc<dyn Queue>);
            return Ok((aws::open_table(table).await?, queue.map_err(anyhow::Error::from)));
        }
        let House { app, store, .. } = House::open(&self.store.data)?;
        Ok((app, Ok(Arc::new(store.queue()))))
    }

    /// Whether a server runs on it; unknown of a deployed one, which has none.
    fn is_served(&self) -> anyhow::Result<Option<bool>> {
        #[cfg(feature = "aws")]
        if self.table.is_some() {
            return Ok(None);
        }
        Ok(Some(House::open(&self.store.data)?.store.is_served()?))
    }

    /// With what waits in its queues, and what was set aside there.
    #[cfg_attr(
        not(feature = "aws"),
        expect(clippy::unused_async, reason = "with AWS, there is something to wait for")
    )]
    async fn open_with_backlog(&self) -> anyhow::Result<(Arc<App>, Arc<dyn Backlog>)> {
        #[cfg(feature = "aws")]
        if let Some(table) = &self.table {
            let app = aws::open_table(table).await?;
            return Ok((Arc::clone(&app), Arc::new(aws::open_backlog(app).await)));
        }
        let House { app, store, .. } = House::open(&self.store.data)?;
        Ok((app, Arc::new(store.queue())))
    }
}

/// What may be connected to.
#[derive(clap::Args)]
struct Egress {
    /// Let irkerds and HTTP targets be inside: ADDRESS, NETWORK/BITS or HOST, each with :PORT or for every port. May be
    /// repeated. Open anyway: all that is public, and port 6659 of this machine for irkerd.
    #[arg(long = "allow-egress", value_name = "CIDR|HOST[:PORT]")]
    allow: Vec<Allowance>,
    /// Connect to this port of public addresses only; may be repeated. Without it, to every port.
    #[arg(long = "egress-port", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    ports: Vec<u16>,
}

impl Egress {
    fn policy(self) -> Result<Policy, PolicyError> {
        Policy::new(self.allow, self.ports)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve(cli.serve));
    // Commands talk to somebody who looks at them; the log would be in the way.
    start_log(if matches!(command, Command::Serve(_) | Command::Apply(_)) { "info" } else { "error" });
    let result = match command {
        Command::Serve(options) => serve::run(options).await,
        Command::Apply(options) => apply::run(options).await,
        Command::Export(options) => export::run(options).await,
        Command::Schema => schema::run(),
        Command::Test(options) => test::run(options).await,
        Command::Demo(options) => demo::run(options).await,
        Command::Inspect(options) => inspect::run(options),
        Command::Preview(options) => preview::run(options).await,
        Command::Log(options) => log::run(options).await,
        Command::Resend(options) => resend::run(options).await,
        Command::Replay(options) => replay::run(options).await,
        Command::Tail(options) => tail::run(options).await,
        Command::Dlq(command) => dlq::run(command).await,
        Command::Doctor(options) => doctor::run(options).await,
        Command::Backup(options) => backup::back_up(&options),
        Command::Restore(options) => backup::restore(options).await,
        Command::Reseal(options) => reseal::run(options).await,
        Command::Targets(options) => targets::run(options).await,
        Command::Enable(options) => targets::enable(options).await,
        Command::Token(options) => token::run(options).await,
        Command::Receive(options) => receive::run(options).await,
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
    eprintln!("bellhop: {}", Causes(error.as_ref()));
}

/// One event a line, to standard error; `RUST_LOG` says which.
fn start_log(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    log.with_ansi(io::stderr().is_terminal()).init();
}
