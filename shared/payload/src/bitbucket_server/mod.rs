//! The webhooks of Bitbucket Server and Data Center
//! (<https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html>).
//!
//! Not here: what each kind of event tells (`push`, `pull_request`, `other`).

mod other;
mod pull_request;
mod push;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::common::{ignored, is_event_name, read, unknown_json};
use crate::field::{Flag, List, Part, Text};
use crate::{Actor, ParseError, Parsed, Repository};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccountPayload {
    name: Text,
    display_name: Text,
    /// `NORMAL`, or `SERVICE` for what acts by an access key or a token of a project.
    #[serde(rename = "type")]
    kind: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RepositoryPayload {
    slug: Text,
    name: Text,
    project: Part<ProjectPayload>,
    public: Flag,
    links: Part<LinksPayload>,
    /// What it was forked from.
    origin: Part<Box<RepositoryPayload>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProjectPayload {
    /// `TEST`, or `~jane` for a person's own repositories.
    key: Text,
}

/// Absent in old versions, or `{"self":[null]}`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LinksPayload {
    #[serde(rename = "self")]
    pages: List<LinkPayload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinkPayload {
    href: Text,
}

/// The event's name once more, for requests whose header is lost.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Envelope {
    event_key: Text,
}

pub(crate) fn parse(name: Option<&str>, json: &[u8]) -> Result<Parsed, ParseError> {
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return named(name, json);
    }
    match read::<Envelope>(json, "an event of Bitbucket Server's")?.map(|envelope| envelope.event_key.0) {
        Ok(Some(name)) => named(&name, json),
        Ok(None) => unknown_json(None, json),
        Err(ignored) => Ok(ignored),
    }
}

fn named(name: &str, json: &[u8]) -> Result<Parsed, ParseError> {
    if !is_event_name(name) {
        return unknown_json(Some(name), json);
    }
    let parsed = match name {
        "repo:refs_changed" => {
            read(json, "a push of Bitbucket Server's")?.map_or_else(|ignored| ignored, push::event)
        }
        "mirror:repo_synchronized" => read::<IgnoredAny>(json, "JSON")?
            .map_or_else(|ignored| ignored, |_| ignored("a mirror repeats what the pushes have told")),
        _ if name.starts_with("pr:") => read(json, "a pull request of Bitbucket Server's")?
            .map_or_else(|ignored| ignored, |payload| pull_request::event(&name["pr:".len()..], payload)),
        _ => read(json, "an event of Bitbucket Server's")?
            .map_or_else(|ignored| ignored, |payload| other::event(name, payload)),
    };
    Ok(parsed)
}

fn href(links: Part<LinksPayload>) -> Option<String> {
    links.0?.pages.0?.into_iter().find_map(|page| page.href.0)
}

impl AccountPayload {
    fn actor(self) -> Actor {
        let bot = self.kind.as_deref() == Some("SERVICE");
        Actor { login: self.name.0, name: self.display_name.0, bot }
    }
}

impl RepositoryPayload {
    fn repository(self) -> Option<Repository> {
        let path = self.project.0.and_then(|project| project.key.0).zip(self.slug.as_deref());
        let url = href(self.links);
        Some(Repository {
            path: path.map(|(key, slug)| format!("{key}/{slug}")),
            // The page that is linked lists the files.
            url: url.map(|url| url.strip_suffix("/browse").unwrap_or(&url).trim_end_matches('/').to_owned()),
            name: self.name.0.or(self.slug.0)?,
            default_branch: None,
            private: self.public.0.map(|public| !public),
        })
    }
}

#[cfg(test)]
mod tests;
