//! `bellhop serve`: the doors open, the queues worked on, until told to stop.
//!
//! Not here: what a handler does (`app`), how a queue hands out tasks (`embedded`).

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use api::Api;
use app::attempts::{AttemptLog, LOG_DAYS, LOG_DAYS_MAX};
use app::egress::Guard;
use app::gitlab_runs::callback;
use app::http_target::Outbound;
use app::queue::{Queue, QueueName};
use app::{Addresses, Causes};
use app::{doors, relay_http, relay_irker, sweep};
use axum::Router;
use config::WebUrl;
use console::Console;
use embedded::{Consumer, Serving};
use relay::egress::Policy;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::house::House;
use crate::listen::listen;
use crate::{Egress, Store, runs, sample};

/// How many irkerds are served at the same time; each of them, one run of deliveries at a time.
const IRKERDS_AT_ONCE: usize = 32;

/// How many deliveries that have piled up for one irkerd are looked at together: as many as SQS hands out.
const IRKER_RUN_MAX: usize = 10;

/// How many HTTP deliveries of one queue are under way at the same time: each may hold a body and wait ten seconds.
const HTTP_AT_ONCE: usize = 64;

/// How long one delivery may take: every step of it has its own, shorter limit; this one is for our own mistakes.
const DELIVERY_MAX: Duration = Duration::from_mins(1);

/// How long deliveries and requests may go on after the order to stop. systemd kills after 90 s.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(25);

/// A user that every machine has, and that may do nothing.
const NOBODY: &str = "nobody";

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: Store,
    /// The address to listen on. Webhooks travel with secrets: put a TLS proxy in front before opening it wide.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    #[command(flatten)]
    egress: Egress,
    /// Where this Bellhop is reached from outside, through the TLS proxy: the beginning of the links that it gives away.
    #[arg(long, value_name = "URL")]
    public_url: Option<WebUrl>,
    /// Who runs jobs on this machine, where Bellhop itself is started as root.
    #[arg(long, value_name = "NAME", default_value = NOBODY)]
    jobs_user: String,
    /// For how many days the log of attempts is kept.
    #[arg(
        long, value_name = "DAYS", default_value_t = LOG_DAYS,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(LOG_DAYS_MAX)),
    )]
    log_days: u16,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let [console, hooks, commands] = std::array::from_fn(|_| options.public_url.clone());
    let addresses = Addresses { console, hooks, commands };
    let log = AttemptLog::for_days(options.log_days);
    let house = House::open_with(&options.store.data, log, addresses)?;
    let guards = Guards { jobs_user: options.jobs_user, ..Guards::new(options.egress.policy()?) };
    let running = Running::start(&house, options.listen, guards).await?;
    let welcome = sample::furnish(&house.app).await?;
    print_welcome(&running.url(), welcome.as_ref())?;
    stop_signal()?.await;
    tracing::info!("stopping: no new requests, deliveries under way are ended");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// What deliveries may connect to, and who jobs run as.
pub(crate) struct Guards {
    pub(crate) irkerds: Guard,
    pub(crate) hooks: Guard,
    pub(crate) jobs_user: String,
}

impl Guards {
    /// A policy, and for irkerds the one of this machine: that is where it runs on one machine. Not for HTTP targets:
    /// irkerd would take what is posted to it for orders.
    pub(crate) fn new(policy: Policy) -> Self {
        let irkerds = policy.clone().allowing(sample::local_irkerd());
        Self { irkerds: Guard::new(irkerds), hooks: Guard::new(policy), jobs_user: NOBODY.to_owned() }
    }
}

/// A house at work.
pub(crate) struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    work: JoinSet<()>,
}

impl Running {
    /// Opens the doors at an address and begins to work on the queues.
    pub(crate) async fn start(house: &House, address: SocketAddr, guards: Guards) -> Result<Self> {
        let serving = house.store.serve().await?;
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let mut work = JoinSet::new();
        let outbound = Outbound::new(guards.hooks.clone())?;
        work.spawn(listen(listener, router(house, &outbound), stopped(stopping.clone())));
        work.spawn(relay_irker(house, serving.clone(), stopped(stopping.clone()), guards.irkerds));
        for queue in [QueueName::Http, QueueName::HttpOrdered] {
            let consume = (queue, serving.clone());
            work.spawn(relay_http(house, consume, stopped(stopping.clone()), outbound.clone()));
        }
        let hands = runs::hands(house, (&guards.hooks, &outbound), &guards.jobs_user);
        work.spawn(runs::consume(house, serving, stopped(stopping.clone()), hands));
        work.spawn(each_minute(house, stopped(stopping)));
        Ok(Self { address, stop, work })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets what is under way end, for a time. What does not end is in the queue and is done after the next start.
    pub(crate) async fn stop(mut self) {
        // Nobody listens any more if everything has ended already.
        let _ = self.stop.send(true);
        let all_end = async { while self.work.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_MAX, all_end).await.is_err() {
            tracing::warn!("stopped while requests were still under way");
        }
    }
}

/// All doors.
fn router(house: &House, outbound: &Outbound) -> Router {
    let (app, queue): (_, Arc<dyn Queue>) = (&house.app, Arc::new(house.store.queue()));
    doors::router(Arc::clone(app), Arc::clone(&queue))
        .merge(doors::commands::router(Arc::clone(app), Arc::clone(&queue), outbound.clone()))
        .merge(doors::link::router(Arc::clone(app), outbound.clone()))
        .merge(callback::router(Arc::clone(app), Arc::clone(&queue)))
        .merge(api::router(Api::new(Arc::clone(app), Arc::clone(&queue), outbound.clone())))
        .merge(console::router(Console { app: Arc::clone(app), queue, outbound: outbound.clone() }))
}

fn relay_irker(
    house: &House,
    serving: Serving,
    stop: impl Future<Output = ()> + Send + 'static,
    guard: Guard,
) -> impl Future<Output = ()> + Send + 'static {
    let app = Arc::clone(&house.app);
    let handler = move |run: Vec<embedded::Received>| {
        let (app, guard) = (Arc::clone(&app), guard.clone());
        async move { relay_irker::handle(&app, &guard, &bodies(&run)).await }
    };
    async move { serving.consume(consumer(QueueName::Irker, IRKERDS_AT_ONCE), handler, stop).await }
}

fn relay_http(
    house: &House,
    (queue, serving): (QueueName, Serving),
    stop: impl Future<Output = ()> + Send + 'static,
    outbound: Outbound,
) -> impl Future<Output = ()> + Send + 'static {
    let app = Arc::clone(&house.app);
    let handler = move |run: Vec<embedded::Received>| {
        let (app, outbound) = (Arc::clone(&app), outbound.clone());
        async move { relay_http::handle(&app, &outbound, &bodies(&run)).await }
    };
    async move { serving.consume(consumer(queue, HTTP_AT_ONCE), handler, stop).await }
}

/// Brings back what is due, and carries replays on, each minute.
fn each_minute(
    house: &House,
    stop: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let (app, queue) = (Arc::clone(&house.app), house.store.queue());
    let for_ever = async move {
        loop {
            if let Err(error) = sweep::sweep(&app, &queue).await {
                tracing::error!(error = %Causes(&error), "sweep.failed");
            }
            tokio::time::sleep(sweep::SWEEP_EVERY).await;
        }
    };
    async move {
        tokio::select! {
            () = for_ever => {}
            () = stop => {}
        }
    }
}

fn bodies(run: &[embedded::Received]) -> Vec<&str> {
    run.iter().map(|received| received.body.as_str()).collect()
}

fn consumer(queue: QueueName, concurrency: usize) -> Consumer {
    // One request after the other does not go together within the time of one.
    let run_max = if queue == QueueName::Irker { IRKER_RUN_MAX } else { 1 };
    Consumer { queue, concurrency, run_max, handler_time: DELIVERY_MAX, drain_time: DRAIN_MAX }
}

/// Ends when the order to stop is given.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is an order as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Ends with SIGTERM (systemd, containers) or SIGINT (Ctrl-C).
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// To standard output, so that a script finds the address.
fn print_welcome(url: &str, welcome: Option<&sample::Welcome>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Bellhop listens on {url}")?;
    writeln!(out, "Its page is there as well; `bellhop token` prints a token to sign in with.")?;
    if let Some(sample::Welcome { secret, token }) = welcome {
        writeln!(out, "\nThe store was empty, so this token is yours, shown once: {}", token.expose())?;
        writeln!(out, "And it has a project to try things with. Its webhook is:\n")?;
        writeln!(out, "{}\n", console::sample::curl(url, "demo", secret))?;
        writeln!(out, "Its lines go to irkerd on localhost:6659, for {}.", sample::CHANNEL)?;
        writeln!(
            out,
            "No irkerd there yet? They wait in the queue. `bellhop demo` shows the whole way without one."
        )?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use relay::egress::Place;

    use super::*;

    #[tokio::test]
    async fn irkerds_are_let_out_to_this_machines_irkerd_and_hooks_are_not() {
        let guards = Guards::new(Policy::parse("10.0.3.7:6659", "").unwrap());
        for host in ["localhost", "127.0.0.1", "::1", "10.0.3.7"] {
            let place = Place::new(host, 6659).unwrap();
            assert!(guards.irkerds.resolve(&place).await.is_ok(), "{host}");
            assert_eq!(guards.hooks.resolve(&place).await.is_ok(), host == "10.0.3.7", "{host}");
        }
        for (host, port) in [("localhost", 22), ("127.0.0.2", 6659), ("10.0.3.8", 6659)] {
            let place = Place::new(host, port).unwrap();
            assert!(guards.irkerds.resolve(&place).await.is_err(), "{host}");
        }
    }
}
