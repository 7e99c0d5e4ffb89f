//! `bellhop inspect`: what Bellhop makes of a payload. The tool to reach for when something does not show up.
//!
//! Standard output gets one JSON object for each event in the payload (one, but for Bitbucket's pushes of several
//! refs), always with the same fields; what the forge does not tell is `null`. Standard error gets the lines that
//! irkerd would be told.
//!
//! Not here: signatures. Whoever has the file may read it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use config::LineSettings;
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Commit, Event, Fact, Forge, Parsed, Payload, RefChange, Repository, Sha};
use relay::limits::LINE_BYTES_MAX;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NameError;
use serde::{Deserialize, Serialize};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Whose payload it is; found out by the headers when left out.
    #[arg(long, value_name = "FORGE", value_parser = forge)]
    forge: Option<Forge>,
    /// A header that came with it; may be repeated. Most forges name the event in one.
    #[arg(long = "header", value_name = "K: V", value_parser = crate::demo::header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The payload; - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

fn forge(name: &str) -> Result<Forge> {
    let read: Result<Forge, NameError> = Forge::deserialize(name.into_deserializer());
    read.map_err(|error| anyhow!("{error}"))
}

pub(crate) fn run(options: Options) -> Result<ExitCode> {
    let body = read(&options.file)?;
    let headers: HeaderMap = options.headers.into_iter().collect();
    let forge = options.forge.unwrap_or_else(|| Forge::recognise(&headers));
    let parsed = payload::parse(forge, Payload { headers: &headers, body: &body })?;
    let (objects, lines) = inspect(forge, &headers, &parsed);
    let mut out = std::io::stdout().lock();
    for object in objects {
        writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?;
    }
    let mut aside = std::io::stderr().lock();
    for line in lines {
        writeln!(aside, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut body = Vec::new();
        std::io::stdin().lock().read_to_end(&mut body).context("cannot read standard input")?;
        return Ok(body);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// The objects, and the lines for irkerd.
fn inspect(forge: Forge, headers: &HeaderMap, parsed: &Parsed) -> (Vec<Inspected>, Vec<String>) {
    let common = || Inspected {
        forge: Some(forge),
        delivery_id: payload::delivery_id(forge, headers).map(str::to_owned),
        ..Inspected::default()
    };
    match parsed {
        Parsed::Events(events) => {
            let settings = LineSettings::default();
            let lines = events.iter().flat_map(|event| relay::irker::lines(event, &settings));
            let lines = lines.map(|line| line.render(LINE_BYTES_MAX)).collect();
            (events.iter().map(|event| common().with(event)).collect(), lines)
        }
        Parsed::Ignored { reason } => {
            let kind = payload::event_name(forge, headers).map(str::to_owned);
            (vec![Inspected { kind, ignored: Some(reason.clone()), ..common() }], Vec::new())
        }
    }
}

/// Everything that can be said of an event, whatever its kind. Fields are added over time, and never taken away.
#[derive(Default, Serialize)]
struct Inspected {
    forge: Option<Forge>,
    /// `push` or `tag`; of an ignored event, the name that the forge gives it.
    kind: Option<String>,
    action: Option<&'static str>,
    delivery_id: Option<String>,
    actor: Option<InspectedActor>,
    repository: Option<InspectedRepository>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    branch: Option<String>,
    tag: Option<String>,
    before: Option<String>,
    after: Option<String>,
    created: Option<bool>,
    deleted: Option<bool>,
    forced: Option<bool>,
    compare_url: Option<String>,
    commit_count: Option<u64>,
    /// Oldest first.
    commits: Option<Vec<InspectedCommit>>,
    number: Option<u64>,
    title: Option<String>,
    url: Option<String>,
    state: Option<String>,
    source_branch: Option<String>,
    target_branch: Option<String>,
    confidential: Option<bool>,
    /// Why nobody is told.
    ignored: Option<String>,
}

#[derive(Serialize)]
struct InspectedActor {
    login: Option<String>,
    name: Option<String>,
    bot: bool,
}

#[derive(Serialize)]
struct InspectedRepository {
    path: Option<String>,
    name: String,
    url: Option<String>,
    default_branch: Option<String>,
    private: Option<bool>,
}

#[derive(Serialize)]
struct InspectedCommit {
    id: String,
    title: String,
    author: String,
    url: Option<String>,
    files: Option<usize>,
}

impl Inspected {
    fn with(self, event: &Event) -> Self {
        let Event { actor, repository, confidential, fact, .. } = event.clone();
        let all = Self {
            actor: Some(InspectedActor { login: actor.login, name: actor.name, bot: actor.bot }),
            repository: repository.map(InspectedRepository::of),
            confidential: Some(confidential),
            ..self
        };
        match fact {
            Fact::Push(push) => Self {
                kind: Some("push".to_owned()),
                reference: Some(format!("refs/heads/{}", push.branch)),
                branch: Some(push.branch),
                forced: push.forced,
                compare_url: push.compare_url,
                commit_count: push.commit_count,
                commits: Some(push.commits.into_iter().map(InspectedCommit::of).collect()),
                ..all
            }
            .between(&push.change),
            Fact::Tag(push) => Self {
                kind: Some("tag".to_owned()),
                reference: Some(format!("refs/tags/{}", push.tag)),
                tag: Some(push.tag),
                title: push.annotation,
                ..all
            }
            .between(&push.change),
            _ => all,
        }
    }

    fn between(self, change: &RefChange) -> Self {
        let (action, before, after) = match change {
            RefChange::Created { after } => ("created", None, Some(after)),
            RefChange::Deleted { before } => ("deleted", before.as_ref(), None),
            RefChange::Updated { before, after } => ("updated", Some(before), Some(after)),
        };
        let full = |id: &Sha| id.full().to_owned();
        Self {
            action: Some(action),
            before: before.map(full),
            after: after.map(full),
            created: Some(matches!(change, RefChange::Created { .. })),
            deleted: Some(matches!(change, RefChange::Deleted { .. })),
            ..self
        }
    }
}

impl InspectedRepository {
    fn of(repository: Repository) -> Self {
        let Repository { name, path, url, default_branch, private } = repository;
        Self { path, name, url, default_branch, private }
    }
}

impl InspectedCommit {
    fn of(commit: Commit) -> Self {
        let Commit { id, title, author, url, files } = commit;
        Self { id: id.full().to_owned(), title, author, url, files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(forge: Forge, headers: &[(&'static str, &str)], body: &[u8]) -> String {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let parsed = payload::parse(forge, Payload { headers: &headers, body }).unwrap();
        let (objects, lines) = inspect(forge, &headers, &parsed);
        let objects: Vec<_> =
            objects.iter().map(|object| serde_json::to_string_pretty(object).unwrap()).collect();
        [objects, lines].concat().join("\n")
    }

    #[test]
    fn a_tag_is_shown_with_every_field_and_its_line() {
        let body = include_bytes!("../../../tests/fixtures/github/tag_created.json");
        let headers = [("x-github-event", "push"), ("x-github-delivery", "72d3162e")];
        insta::assert_snapshot!(check(Forge::GitHub, &headers, body), @r#"
        {
          "forge": "github",
          "kind": "tag",
          "action": "created",
          "delivery_id": "72d3162e",
          "actor": {
            "login": "Codertocat",
            "name": "Codertocat",
            "bot": false
          },
          "repository": {
            "path": "Codertocat/Hello-World",
            "name": "Hello-World",
            "url": "https://github.com/Codertocat/Hello-World",
            "default_branch": "master",
            "private": false
          },
          "ref": "refs/tags/simple-tag",
          "branch": null,
          "tag": "simple-tag",
          "before": null,
          "after": "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
          "created": true,
          "deleted": false,
          "forced": null,
          "compare_url": null,
          "commit_count": null,
          "commits": null,
          "number": null,
          "title": null,
          "url": null,
          "state": null,
          "source_branch": null,
          "target_branch": null,
          "confidential": false,
          "ignored": null
        }
        [Hello-World] Codertocat created tag simple-tag at 6113728f
        "#);
    }

    #[test]
    fn what_is_ignored_says_why() {
        let shown = check(Forge::GitLab, &[("x-gitlab-event", "Issue Hook")], br#"{"object_kind":"issue"}"#);
        assert!(shown.contains(r#""ignored": "events 'Issue Hook' are not relayed""#), "{shown}");
        assert!(shown.contains(r#""kind": "Issue Hook""#) && shown.contains(r#""actor": null"#), "{shown}");
    }

    #[test]
    fn a_forge_is_named_as_in_the_configuration() {
        assert_eq!(forge("bitbucket-cloud").unwrap(), Forge::BitbucketCloud);
        assert!(forge("sourceforge").unwrap_err().to_string().contains("expected one of `gitlab`, `github`"));
    }
}
