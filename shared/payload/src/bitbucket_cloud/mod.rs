//! Bitbucket Cloud's webhooks (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>).
//!
//! Not here: what each kind of event tells (`push`, `item`, `other`).

mod item;
mod other;
mod push;

use serde::Deserialize;

use crate::common::{is_event_name, read, unknown_json};
use crate::field::{Flag, Part, Text};
use crate::{Actor, ParseError, Parsed, Repository};

/// A person, a team, a workspace or an app.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AccountPayload {
    nickname: Text,
    /// Of people until 2019; of teams still.
    username: Text,
    display_name: Text,
    /// `user`, `team`, `app_user` (also as `AppUser`).
    #[serde(rename = "type")]
    kind: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RepositoryPayload {
    name: Text,
    full_name: Text,
    is_private: Flag,
    mainbranch: Part<NamePayload>,
    links: Part<LinksPayload>,
}

/// A branch, a project.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NamePayload {
    name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinksPayload {
    html: Part<LinkPayload>,
    /// Of a commit's status: the commit in the API.
    commit: Part<LinkPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinkPayload {
    href: Text,
}

pub(crate) fn parse(name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    let Some(name) = name.filter(|name| is_event_name(name)) else { return unknown_json(name, json) };
    let parsed = match name.split_once(':') {
        Some(("repo", "push")) => {
            read(json, "a push of Bitbucket Cloud's")?.map_or_else(|ignored| ignored, push::event)
        }
        Some(("issue" | "pullrequest", done)) => {
            read(json, "an issue or a pull request of Bitbucket Cloud's")?
                .map_or_else(|ignored| ignored, |payload| item::event(done, payload))
        }
        _ => read(json, "an event of Bitbucket Cloud's")?
            .map_or_else(|ignored| ignored, |payload| other::event(name, payload)),
    };
    Ok(parsed)
}

fn href(links: Part<LinksPayload>) -> Option<String> {
    links.0?.html.0?.href.0
}

impl AccountPayload {
    fn actor(self) -> Actor {
        let kind = self.kind.0.unwrap_or_default().to_ascii_lowercase();
        Actor {
            login: self.nickname.0.or(self.username.0),
            name: self.display_name.0,
            bot: matches!(kind.as_str(), "app_user" | "appuser"),
        }
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        let path = self.full_name.0;
        let slug = || Some(path.as_deref()?.rsplit('/').next()?.to_owned());
        Some(Repository {
            name: self.name.0.or_else(slug)?,
            url: href(self.links).map(|url| url.trim_end_matches('/').to_owned()),
            default_branch: self.mainbranch.0.and_then(|branch| branch.name.0),
            private: self.is_private.0,
            path,
        })
    }
}

#[cfg(test)]
mod tests;
