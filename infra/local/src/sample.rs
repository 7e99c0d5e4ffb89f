//! The project that a newcomer finds in an empty store, and the push to try it with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Result;
use app::App;
use app::projects;
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

/// Small enough for a command line.
const PUSH: &str = r#"{"object_kind":"push","ref":"refs/heads/main","user_name":"Ada",
  "before":"95790bf891e76fee5e1747ab589903a6a1f80f22","after":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
  "project":{"name":"Demo","web_url":"https://gitlab.example.com/demo"},"total_commits_count":1,
  "commits":[{"id":"da1560886d4f094c3e6c9ef40349f7d38b5d27d7","message":"Hello, IRC","author":{"name":"Ada"}}]}"#;

/// Makes the project if no project was ever made. Gives back its secret, to be shown this once.
pub(crate) async fn make_project(app: &App) -> Result<Option<String>> {
    if !projects::none_yet(app).await? {
        return Ok(None);
    }
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
    Ok(Some(secret))
}

/// The command that posts a push. Each time it is run it is a new event: the key differs.
pub(crate) fn curl(url: &str, secret: &str) -> String {
    format!(
        "curl {url}/hooks/demo \\\n  \
         -H 'Content-Type: application/json' -H 'X-Gitlab-Event: Push Hook' \\\n  \
         -H 'X-Gitlab-Token: {secret}' -H \"Idempotency-Key: $(date +%s%N)\" \\\n  \
         -d '{PUSH}'"
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use payload::{Forge, Parsed, Payload};

    use super::*;

    #[test]
    fn the_sample_push_is_an_event() {
        let parsed =
            payload::parse(Forge::GitLab, Payload { headers: &HeaderMap::new(), body: PUSH.as_bytes() });
        assert!(matches!(parsed, Ok(Parsed::Events(_))));
        assert!(!PUSH.contains('\''), "it stands between quotes on a command line");
    }
}
