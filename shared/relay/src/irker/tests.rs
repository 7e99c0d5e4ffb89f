//! How every kind of event is told, and that none of them can do harm.

mod hostile;
mod pushes;
mod variants;

use config::{LineSettings, LineStyle, TEMPLATE_KINDS};
use insta::assert_snapshot;
use payload::Event;

use super::{built_in, lines, preview, samples};
use crate::limits::LINE_BYTES_MAX;

/// What a channel reads of an event, in plain text.
fn told(event: &Event, style: LineStyle) -> String {
    let settings = LineSettings { style, ..LineSettings::default() };
    shown(event, &settings)
}

/// What a channel reads of an event. Control characters are shown as `\u{..}`.
fn shown(event: &Event, settings: &LineSettings) -> String {
    let rendered = lines(event, settings).into_iter().map(|line| line.render(LINE_BYTES_MAX));
    rendered.map(|line| line.escape_debug().to_string().replace("\\'", "'")).collect::<Vec<_>>().join("\n")
}

/// All samples.
fn all(style: LineStyle, colorize_messages: bool) -> String {
    let settings = LineSettings { style, colorize_messages, ..LineSettings::default() };
    let events = TEMPLATE_KINDS.map(|kind| samples::of_kind(kind).unwrap());
    events.map(|event| shown(&event, &settings)).join("\n")
}

#[test]
fn every_kind_in_compact_style() {
    assert_snapshot!(all(LineStyle::Compact, false), @"
    [Diaspora] Ann Author pushed 5 commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088
    Diaspora/main da156088 Ann Author (2 files): Tell of the menu
    Diaspora/main 45790bf8 Ann Author (2 files): Translate the menu
    Diaspora/main 35790bf8 Ann Author (2 files): Test the menu (+2 more)
    [Diaspora] Ann Author created tag v1.0 at da156088: The first release
    [Diaspora] Ann Author opened merge request !12 (dark-theme -> main): Add a dark theme - https://gitlab.example.com/mike/diaspora/-/merge_requests/12
    [Diaspora] Ann Author opened issue #23: The menu does not close - https://gitlab.example.com/mike/diaspora/-/issues/23
    [Diaspora] Ann Author commented on issue #23 (The menu does not close): It closes for me. - https://gitlab.example.com/mike/diaspora/-/issues/23#note_1241
    [Diaspora] pipeline #31 on main passed after 1 min 3 s (Ann Author, da156088) - https://gitlab.example.com/mike/diaspora/-/pipelines/31
    [Diaspora] job test on main failed after 1 min 3 s (Ann Author, da156088) - https://gitlab.example.com/mike/diaspora/-/jobs/377
    [Diaspora] deployment #5 of tag v1.0 to production succeeded (Ann Author, da156088) - https://gitlab.example.com/mike/diaspora/-/environments/1
    [Diaspora] Ann Author created release Bellflower (v1.0) - https://gitlab.example.com/mike/diaspora/-/releases/v1.0
    [Diaspora] Ann Author updated wiki page How to build - https://gitlab.example.com/mike/diaspora/-/wikis/build
    [Diaspora] Ann Author closed milestone 1.0 - https://gitlab.example.com/mike/diaspora/-/milestones/3
    [Diaspora] Ann Author reacted with :thumbsup: to issue #23 (The menu does not close) - https://gitlab.example.com/mike/diaspora/-/issues/23
    [Diaspora] Ann Author switched feature flag dark_theme on - https://gitlab.example.com/mike/diaspora/-/feature_flags/6
    [Diaspora] Ann Author added Bob Builder to Mike's projects as Developer - https://gitlab.example.com/mike/diaspora/-/project_members
    [Diaspora] Ann Author: star created - https://gitlab.example.com/mike/diaspora/-/starrers
    ");
}

#[test]
fn every_kind_in_compact_style_and_colour() {
    assert_snapshot!(all(LineStyle::Compact, true), @r"
    [\u{3}04Diaspora\u{f}] Ann Author pushed \u{2}5\u{f} commits to \u{3}05main\u{f}: \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088\u{f}
    \u{3}04Diaspora\u{f}/\u{3}05main\u{f} \u{3}14da156088\u{f} Ann Author (\u{3}122 files\u{f}): Tell of the menu
    \u{3}04Diaspora\u{f}/\u{3}05main\u{f} \u{3}1445790bf8\u{f} Ann Author (\u{3}122 files\u{f}): Translate the menu
    \u{3}04Diaspora\u{f}/\u{3}05main\u{f} \u{3}1435790bf8\u{f} Ann Author (\u{3}122 files\u{f}): Test the menu (+2 more)
    [\u{3}04Diaspora\u{f}] Ann Author created tag \u{3}05v1.0\u{f} at \u{3}14da156088\u{f}: The first release
    [\u{3}04Diaspora\u{f}] Ann Author opened merge request \u{2}!12\u{f} (\u{3}05dark-theme\u{f} -> \u{3}05main\u{f}): Add a dark theme - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/merge_requests/12\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author opened issue \u{2}#23\u{f}: The menu does not close - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/issues/23\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author commented on issue \u{2}#23\u{f} (The menu does not close): It closes for me. - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/issues/23#note_1241\u{f}
    [\u{3}04Diaspora\u{f}] pipeline \u{2}#31\u{f} on \u{3}05main\u{f} \u{3}03passed\u{f} after 1 min 3 s (Ann Author, \u{3}14da156088\u{f}) - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/pipelines/31\u{f}
    [\u{3}04Diaspora\u{f}] job \u{2}test\u{f} on \u{3}05main\u{f} \u{3}04failed\u{f} after 1 min 3 s (Ann Author, \u{3}14da156088\u{f}) - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/jobs/377\u{f}
    [\u{3}04Diaspora\u{f}] deployment \u{2}#5\u{f} of tag \u{3}05v1.0\u{f} to \u{2}production\u{f} \u{3}03succeeded\u{f} (Ann Author, \u{3}14da156088\u{f}) - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/environments/1\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author created release \u{2}Bellflower\u{f} (\u{3}05v1.0\u{f}) - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/releases/v1.0\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author updated wiki page \u{2}How to build\u{f} - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/wikis/build\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author closed milestone \u{2}1.0\u{f} - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/milestones/3\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author reacted with :\u{2}thumbsup\u{f}: to issue \u{2}#23\u{f} (The menu does not close) - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/issues/23\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author switched feature flag \u{2}dark_theme\u{f} \u{3}03on\u{f} - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/feature_flags/6\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author added Bob Builder to \u{3}04Mike's projects\u{f} as Developer - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/project_members\u{f}
    [\u{3}04Diaspora\u{f}] Ann Author: star created - \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/starrers\u{f}
    ");
}

#[test]
fn gitlabs_style_is_for_pushes_and_tags() {
    let told = |kind: &str, style| told(&samples::of_kind(kind).unwrap(), style);
    assert_snapshot!([told("push", LineStyle::GitLab), told("tag", LineStyle::GitLab)].join("\n"), @"
    [Diaspora] Ann Author pushed 5 new commits to main: https://gitlab.example.com/mike/diaspora/-/compare/95790bf8...da156088
    Diaspora/main 15790bf8 Ann Author (2 files): Draw the menu
    Diaspora/main 25790bf8 Ann Author (2 files): Close the menu
    Diaspora/main 35790bf8 Ann Author (2 files): Test the menu
    [Diaspora] Ann Author has created a new tag v1.0 at da156088: The first release
    ");
    for kind in &TEMPLATE_KINDS[2..] {
        assert_eq!(told(kind, LineStyle::GitLab), told(kind, LineStyle::Compact), "{kind}");
    }
}

#[test]
fn a_preview_is_the_sample_as_it_would_be_told() {
    let settings = LineSettings { colorize_messages: true, ..LineSettings::default() };
    for kind in TEMPLATE_KINDS {
        assert_eq!(preview(kind, &settings), lines(&samples::of_kind(kind).unwrap(), &settings));
        assert!(!preview(kind, &settings).is_empty());
    }
    assert!(preview("star", &settings).is_empty());
}

#[test]
fn a_template_that_fails_makes_way_for_the_built_in_words() {
    let broken = "{{ nobody_knows }}".to_owned();
    let settings =
        LineSettings { templates: [("issue".to_owned(), broken)].into(), ..LineSettings::default() };
    let event = samples::of_kind("issue").unwrap();
    assert_eq!(lines(&event, &settings), built_in(&event, &settings));
}
