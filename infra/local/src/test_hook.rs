//! `bellhop test --hook`: a sample event to a hook, at once, and what it answers.
//!
//! Not here: the samples (`relay::samples`).

use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use app::App;
use app::attempts::Answer;
use app::egress::Guard;
use app::http_target::Outbound;
use app::test_hook;
use config::{HookId, ProjectPath, Switch};
use relay::egress::Policy;
use relay::redact::Body;

use crate::{aim, shown};

/// How much of an answer's body is shown: what fits on a screen. The log has more.
const SHOWN_CHARS_MAX: usize = 1_000;

/// Reads a switch by its name, with or without its ending.
pub(crate) fn switch(text: &str) -> Result<Switch> {
    let named = Switch::named(text).or_else(|| Switch::named(&format!("{text}_events")));
    let Some(switch) = named else {
        let all: Vec<_> = Switch::ALL.iter().map(|switch| switch.name()).collect();
        bail!("it is one of {}", all.join(", "));
    };
    Ok(switch)
}

pub(crate) async fn run(
    app: &App,
    policy: Policy,
    path: &ProjectPath,
    (hook, switch): (HookId, Switch),
) -> Result<ExitCode> {
    let project = aim::project(app, path).await?;
    let outbound = Outbound::new(Guard::new(policy))?;
    let tested = test_hook::run(app, &outbound, &project, (hook, switch)).await?;
    let entry = &tested.entry;
    let mut out = std::io::stdout().lock();
    let outcome = shown::plain(&entry.outcome.to_string(), false);
    writeln!(out, "{switch}: {outcome}, after {} ms", entry.duration_ms)?;
    if let Some(answer) = &entry.answer {
        write!(out, "{}", in_words(answer))?;
    }
    if tested.is_enabled_again {
        writeln!(out, "The hook is executable again.")?;
    }
    Ok(if entry.outcome.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// An answer's head, a line each, and the beginning of its body.
fn in_words(answer: &Answer) -> String {
    let mut words = String::new();
    for (name, value) in &answer.headers {
        // Writing to memory does not fail.
        let _ = writeln!(words, "  {name}: {}", shown::plain(value, false));
    }
    let (body, is_longer) = match &answer.body {
        Body::Text(text) => {
            let start: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            let is_longer = answer.is_cut || start.len() < text.len();
            (shown::plain(&start, true), is_longer)
        }
        Body::Base64(_) | Body::Oversize { .. } => ("(not text)".to_owned(), false),
    };
    for line in body.lines() {
        let _ = writeln!(words, "  {line}");
    }
    if is_longer {
        words.push_str("  ...\n");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_named_as_in_the_configuration() {
        assert_eq!(switch("note").unwrap(), Switch::Note);
        assert_eq!(switch("tag_push_events").unwrap(), Switch::TagPush);
        assert!(switch("x").unwrap_err().to_string().starts_with("it is one of push_events, "));
    }

    #[test]
    fn an_answer_is_shown_without_what_a_terminal_obeys() {
        let answer = |body, is_cut| Answer {
            headers: vec![("server".to_owned(), "a\u{1b}[31m".to_owned())],
            body,
            is_cut,
        };
        insta::assert_snapshot!(in_words(&answer(Body::Text("one\ntwo\u{7}".to_owned()), true)), @r"
          server: a\u{1b}[31m
          one
          two\u{7}
          ...
        ");
        insta::assert_snapshot!(in_words(&answer(Body::Base64("H4s=".to_owned()), true)), @r"
          server: a\u{1b}[31m
          (not text)
        ");
    }
}
