//! `bellhop preview`: how a project's lines look, on made-up events. Nothing is sent.
//!
//! Not here: the events (`relay::irker::preview`), real payloads (`inspect`).

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use config::{LineSettings, ProjectPath, TEMPLATE_KINDS};
use relay::irker::preview;
use relay::limits::LINE_BYTES_MAX;

use crate::{AnyStore, aim, colours};

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: AnyStore,
    /// The project's path.
    #[arg(value_name = "PROJECT", value_parser = aim::path)]
    project: ProjectPath,
    /// Only this kind of event, such as `push` or `merge_request`.
    #[arg(long, value_name = "KIND", value_parser = TEMPLATE_KINDS)]
    kind: Option<String>,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let app = options.store.open().await?;
    let project = aim::project(&app, &options.project).await?;
    let irker = project.irker.with_context(|| format!("project {} has no irker", options.project))?;
    let shown = shown(&irker.lines, options.kind.as_deref(), colours::are_wanted());
    write!(std::io::stdout(), "{shown}")?;
    Ok(ExitCode::SUCCESS)
}

/// Kind by kind; a file, or another program, gets the words without their colours.
fn shown(settings: &LineSettings, kind: Option<&str>, colourful: bool) -> String {
    let settings =
        LineSettings { colorize_messages: settings.colorize_messages && colourful, ..settings.clone() };
    let mut shown = String::new();
    for kind in TEMPLATE_KINDS.iter().filter(|known| kind.is_none_or(|kind| kind == **known)) {
        shown.push_str(kind);
        shown.push('\n');
        for line in preview(kind, &settings) {
            shown.push_str("  ");
            shown.push_str(&colours::on_terminal(&line.render(LINE_BYTES_MAX)));
            shown.push('\n');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_shown_in_the_projects_own_words() {
        let templates = [("issue".to_owned(), "{{ actor }} has an issue".to_owned())].into();
        let settings = LineSettings { templates, ..LineSettings::default() };
        insta::assert_snapshot!(shown(&settings, None, false), @"
        push
          [Diaspora] Ann Author pushed 5 commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088
          Diaspora/main da156088 Ann Author (2 files): Tell of the menu
          Diaspora/main 45790bf8 Ann Author (2 files): Translate the menu
          Diaspora/main 35790bf8 Ann Author (2 files): Test the menu (+2 more)
        tag
          [Diaspora] Ann Author created tag v1.0 at da156088: The first release
        merge_request
          [Diaspora] Ann Author opened merge request !12 (dark-theme -> main): Add a dark theme - https://gitlab.example.com/mike/diaspora/-/merge_requests/12
        issue
          Ann Author has an issue
        comment
          [Diaspora] Ann Author commented on issue #23 (The menu does not close): It closes for me. - https://gitlab.example.com/mike/diaspora/-/issues/23#note_1241
        pipeline
          [Diaspora] pipeline #31 on main passed after 1 min 3 s (Ann Author, da156088) - https://gitlab.example.com/mike/diaspora/-/pipelines/31
        job
          [Diaspora] job test on main failed after 1 min 3 s (Ann Author, da156088) - https://gitlab.example.com/mike/diaspora/-/jobs/377
        deployment
          [Diaspora] deployment #5 of tag v1.0 to production succeeded (Ann Author, da156088) - https://gitlab.example.com/mike/diaspora/-/environments/1
        release
          [Diaspora] Ann Author created release Bellflower (v1.0) - https://gitlab.example.com/mike/diaspora/-/releases/v1.0
        wiki_page
          [Diaspora] Ann Author updated wiki page How to build - https://gitlab.example.com/mike/diaspora/-/wikis/build
        milestone
          [Diaspora] Ann Author closed milestone 1.0 - https://gitlab.example.com/mike/diaspora/-/milestones/3
        emoji
          [Diaspora] Ann Author reacted with :thumbsup: to issue #23 (The menu does not close) - https://gitlab.example.com/mike/diaspora/-/issues/23
        feature_flag
          [Diaspora] Ann Author switched feature flag dark_theme on - https://gitlab.example.com/mike/diaspora/-/feature_flags/6
        member
          [Diaspora] Ann Author added Bob Builder to Mike's projects as Developer - https://gitlab.example.com/mike/diaspora/-/project_members
        other
          [Diaspora] Ann Author: star created - https://gitlab.example.com/mike/diaspora/-/starrers
        ");
    }

    #[test]
    fn one_kind_can_be_asked_for_and_colours_are_for_terminals() {
        let settings = LineSettings { colorize_messages: true, ..LineSettings::default() };
        assert!(shown(&settings, Some("tag"), true).contains("\u{1b}["));
        let plain = shown(&settings, Some("tag"), false);
        assert!(plain.starts_with("tag\n  ") && !plain.contains(['\u{1b}', '\u{3}']), "{plain}");
    }
}
