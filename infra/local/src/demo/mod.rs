//! `bellhop demo`: one push on its whole way, in a store that is thrown away, through the same doors and queues as
//! `bellhop serve`.
//!
//! Not here: the peers that stand in for irkerd and for an HTTP target (`peers`), how lines look on a terminal
//! (`show`).

mod peers;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use app::deliveries::{self, DeliveryState};
use app::egress::Guard;
use app::ids::EventId;
use app::projects::{self, Expected};
use config::{
    EventSwitches, HookId, HttpHook, Irker, Project, ProjectId, Recipient, Source, Subscription, Switch,
    TargetId,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Forge, Parsed, Payload, Secret};
use relay::Outcome;
use relay::egress::{Allowance, Policy};

use crate::house::{House, random_text};
use crate::serve::{Guards, Running};

/// The push in GitLab's documentation of 2014: no event header, no `object_kind`.
const PUSH: &[u8] = include_bytes!("push.json");

/// How long a delivery may take to be over: a retry or two.
const ARRIVAL_MAX: Duration = Duration::from_secs(15);

/// How often to look whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const PROJECT: ProjectId = ProjectId(1);
const IRKER: TargetId = TargetId::Irker(PROJECT);
const HOOK: TargetId = TargetId::Hook(PROJECT, HookId(1));

#[derive(clap::Args)]
pub(crate) struct Options {
    /// A real irkerd, instead of the built-in stand-in.
    #[arg(long, value_name = "HOST:PORT")]
    irkerd: Option<String>,
    /// The channel that a real irkerd is to use.
    #[arg(long, value_name = "URI", default_value = "irc://localhost:6667/bellhop-demo")]
    channel: String,
    /// Another payload than the built-in push.
    #[arg(long, value_name = "FILE")]
    payload: Option<PathBuf>,
    /// A header of that payload; may be repeated.
    #[arg(long = "header", value_name = "K: V", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Reads a header as it stands on a command line.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':').context("a header looks like 'Name: value'")?;
    Ok((name.trim().parse()?, value.trim().parse()?))
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let body = match &options.payload {
        Some(file) => std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => PUSH.to_vec(),
    };
    let sink = peers::IrkerSink::start().await?;
    let receiver = peers::Receiver::start().await?;
    let irkerd = options.irkerd.clone().unwrap_or_else(|| sink.address());

    let channel = Recipient::parse(&options.channel, None).context("--channel")?;
    let folder = tempfile::tempdir()?;
    let house = House::open(folder.path())?;
    let secret = random_text::<16>(&house.app.chance);
    let project = project(&secret, &irkerd, channel.clone(), &receiver.url())?;
    projects::save(&house.app, project, Expected::Any).await?;
    // The peers are this program's own, or the irkerd that was asked for.
    let guards = Guards {
        irkerds: open(irkerd.parse().context("--irkerd looks like HOST:PORT")?),
        hooks: open(Allowance::of(receiver.address())),
        jobs_user: String::new(),
    };
    let running = Running::start(&house, ([127, 0, 0, 1], 0).into(), guards).await?;

    let mut headers: HeaderMap = options.headers.into_iter().collect();
    headers.entry("content-type").or_insert(HeaderValue::from_static("application/json"));
    let forge = Forge::recognise(&headers);
    if forge == Forge::GitLab {
        headers.insert("x-gitlab-token", secret.parse()?);
    }
    let parsed = payload::parse(forge, Payload { headers: &headers, body: &body });
    let accepted = show_arrival(&running.url(), headers, body.clone()).await?;
    let has_arrived = match (accepted, parsed) {
        (Some(event), Ok(Parsed::Events(facts))) => {
            show::queued(&event, &[IRKER, HOOK])?;
            let irker = arrival(&house, &event, IRKER).await?;
            let lines = match options.irkerd {
                Some(_) => facts.iter().flat_map(show::lines).collect(),
                None => sink.lines(),
            };
            show::irker(&irkerd, irker.as_ref(), (&lines, &channel))?;
            let hook = arrival(&house, &event, HOOK).await?;
            show::hook(hook.as_ref(), receiver.posted().as_ref(), &body)?;
            is_final(irker.as_ref()) && is_final(hook.as_ref())
        }
        _ => false,
    };
    running.stop().await;
    show::end(has_arrived)?;
    Ok(if has_arrived { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open(allowance: Allowance) -> Guard {
    Guard::new(Policy::default().allowing([allowance]))
}

fn project(secret: &str, irkerd: &str, channel: Recipient, hook: &str) -> Result<Project> {
    let (host, port) = irkerd.rsplit_once(':').context("--irkerd looks like HOST:PORT")?;
    let events = EventSwitches::of(Switch::ALL);
    let project = Project {
        id: PROJECT,
        path: "demo".to_owned().try_into()?,
        source: Source {
            id: "demo".parse()?,
            forge: None,
            secrets: vec![Secret::new(secret)],
            // Whoever tries a payload of a forge that signs cannot sign it for this secret.
            allow_unsigned: true,
        },
        irker: Some(Irker {
            server_host: host.to_owned(),
            server_port: port.parse().context("--irkerd looks like HOST:PORT")?,
            lines: show::line_settings(),
            subscription: Subscription { events, ..Subscription::for_channel() },
            ..Irker::to(vec![channel])
        }),
        hooks: vec![HttpHook {
            name: "demo".to_owned(),
            subscription: Subscription { events, ..Subscription::default() },
            ..HttpHook::to(HookId(1), hook)
        }],
        last_hook: HookId(1),
        rate_limit: None,
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    };
    project.check()?;
    Ok(project)
}

/// Posts the payload through the real door, and shows it and the answer. Gives back the event's name if it was
/// accepted.
async fn show_arrival(url: &str, headers: HeaderMap, body: Vec<u8>) -> Result<Option<EventId>> {
    let url = format!("{url}/hooks/demo");
    show::request(&url, &headers, &body)?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let response = client.post(url).headers(headers).body(body).send().await?;
    let (status, text) = (response.status(), response.text().await?);
    show::answer(status, &text)?;
    let answer: serde_json::Value = serde_json::from_str(&text)?;
    ensure!(!status.is_server_error(), "Bellhop could not take the webhook");
    Ok(answer.get("event").map(|event| serde_json::from_value(event.clone())).transpose()?)
}

/// How the last attempt of a delivery ended, once it is over or time is up.
async fn arrival(house: &House, event: &EventId, target: TargetId) -> Result<Option<Outcome>> {
    let over = async {
        loop {
            let record = deliveries::find(&house.app, event, target).await?;
            if record.as_ref().is_some_and(|record| record.state == DeliveryState::Done) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if let Ok(result) = tokio::time::timeout(ARRIVAL_MAX, over).await {
        result?;
    }
    let record = deliveries::find(&house.app, event, target).await?;
    Ok(record.and_then(|record| record.attempts.into_iter().next_back()).map(|attempt| attempt.outcome))
}

fn is_final(outcome: Option<&Outcome>) -> bool {
    outcome.is_some_and(|outcome| outcome.verdict() == relay::Verdict::Final)
}
