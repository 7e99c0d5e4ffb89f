//! `bellhop inspect`: what Bellhop makes of a payload. The tool to reach for when something does not show up.
//!
//! Standard output gets one JSON object for each event in the payload (one, but for Bitbucket's pushes of several
//! refs), always with the same fields ([`Normalised`]). Standard error gets the lines that irkerd would be told.
//!
//! Not here: signatures. Whoever has the file may read it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use config::LineSettings;
use http::{HeaderMap, HeaderName, HeaderValue};
use payload::{Forge, Parsed, Payload};
use relay::Normalised;
use relay::limits::LINE_BYTES_MAX;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NameError;

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
fn inspect<'a>(
    forge: Forge,
    headers: &'a HeaderMap,
    parsed: &'a Parsed,
) -> (Vec<Normalised<'a>>, Vec<String>) {
    let delivery_id = payload::delivery_id(forge, headers);
    match parsed {
        Parsed::Events(events) => {
            let settings = LineSettings::default();
            let lines = events.iter().flat_map(|event| relay::irker::lines(event, &settings));
            let lines = lines.map(|line| line.render(LINE_BYTES_MAX)).collect();
            (events.iter().map(|event| Normalised::of(event, delivery_id)).collect(), lines)
        }
        Parsed::Ignored { reason } => {
            let kind = payload::event_name(forge, headers);
            (vec![Normalised::ignored(forge, kind, delivery_id, reason)], Vec::new())
        }
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
        let body = include_bytes!(
            "../../../tests/fixtures/payloads/octokit-webhooks-examples/github/push/tag-created.json"
        );
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
          "compare_url": "https://github.com/Codertocat/Hello-World/compare/simple-tag",
          "commit_count": null,
          "truncated": null,
          "commits": null,
          "number": null,
          "title": null,
          "url": null,
          "state": null,
          "source_branch": null,
          "target_branch": null,
          "draft": null,
          "commit": null,
          "topic": null,
          "text": null,
          "system": null,
          "emoji": null,
          "trigger": null,
          "duration_s": null,
          "prerelease": null,
          "member": null,
          "group": null,
          "role": null,
          "confidential": false,
          "ignored": null
        }
        [Hello-World] Codertocat created tag simple-tag at 6113728f
        "#);
    }

    #[test]
    fn what_is_ignored_says_why() {
        let shown = check(Forge::GitHub, &[("x-github-event", "create")], br#"{"ref_type":"branch"}"#);
        assert!(shown.contains(r#""ignored": "the push of the same branch"#), "{shown}");
        assert!(shown.contains(r#""kind": "create""#) && shown.contains(r#""actor": null"#), "{shown}");
    }

    #[test]
    fn a_forge_is_named_as_in_the_configuration() {
        assert_eq!(forge("bitbucket-cloud").unwrap(), Forge::BitbucketCloud);
        assert!(forge("sourceforge").unwrap_err().to_string().contains("expected one of `gitlab`, `github`"));
    }
}
