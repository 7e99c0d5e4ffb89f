//! What a newcomer finds in an empty store: a project to try things with, and a token for the page.
//!
//! Not here: the push to try it with (`console::sample`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Result;
use app::App;
use app::projects;
use app::tokens::{self, NewToken, Scope};
use config::{EventSwitches, HookId, Irker, LineSettings, Project, ProjectId, Source, Subscription, Switch};
use payload::Secret;
use relay::egress::Allowance;

use crate::house::random_text;

/// Where the sample project's lines go.
pub(crate) const CHANNEL: &str = "irc://localhost:6667/bellhop";

/// Where irkerd is if it is on this machine, in the two spellings that all others come down to.
pub(crate) fn local_irkerd() -> impl Iterator<Item = Allowance> {
    [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()]
        .into_iter()
        .map(|address| Allowance::of(SocketAddr::new(address, Irker::SERVER_PORT)))
}

/// What is shown this once.
pub(crate) struct Welcome {
    /// The project's secret.
    pub(crate) secret: String,
    /// An admin's token.
    pub(crate) token: Secret,
}

/// Makes both if no project was ever made.
pub(crate) async fn furnish(app: &App) -> Result<Option<Welcome>> {
    if !projects::none_yet(app).await? {
        return Ok(None);
    }
    let secret = make_project(app).await?;
    let new = NewToken { name: "first".to_owned(), scope: Scope::Admin, expires_at: None };
    let (token, _) = tokens::make(app, new).await?;
    Ok(Some(Welcome { secret, token }))
}

async fn make_project(app: &App) -> Result<String> {
    let secret = random_text::<16>(&app.chance);
    let project = Project {
        id: ProjectId(0),
        path: "demo".to_owned().try_into()?,
        source: Source {
            id: "demo".parse()?,
            forge: None,
            secrets: vec![Secret::new(secret.as_str())],
            allow_unsigned: false,
        },
        irker: Some(Irker {
            lines: LineSettings { colorize_messages: true, ..LineSettings::default() },
            subscription: Subscription {
                events: EventSwitches::of(Switch::ALL),
                ..Subscription::for_channel()
            },
            ..Irker::to(Irker::parse_recipients(CHANNEL, None)?)
        }),
        hooks: Vec::new(),
        last_hook: HookId(0),
        rate_limit: None,
        commands: Vec::new(),
        jobs: None,
        gitlab: None,
    };
    projects::create(app, project).await?;
    Ok(secret)
}
