//! What templates can do, what they cannot, and what is said of a mistake.

use std::collections::BTreeMap;

use config::{LineSettings, TEMPLATE_BYTES_MAX, TEMPLATE_KINDS};
use insta::assert_snapshot;
use payload::{Event, Fact};
use proptest::prelude::*;

use super::context::{COMMIT_FIELDS, FIELDS};
use super::*;
use crate::limits::LINE_BYTES_MAX;

fn settings(kind: &str, template: &str) -> LineSettings {
    let templates = BTreeMap::from([(kind.to_owned(), template.to_owned())]);
    LineSettings { templates, ..LineSettings::default() }
}

/// What a channel reads of an event. Control characters are shown as `\u{..}`.
fn told(event: &Event, template: &str, colours: bool) -> String {
    let kind = if matches!(event.fact, Fact::Other(_)) { "other" } else { event.fact.kind() };
    let lines = lines(event, &settings(kind, template)).unwrap().unwrap();
    let rendered = lines.into_iter().map(|line| line.coloured(colours).render(LINE_BYTES_MAX));
    rendered.map(|line| line.escape_debug().to_string()).collect::<Vec<_>>().join("\n")
}

fn check(kind: &str, template: &str) -> String {
    told(&samples::of_kind(kind).unwrap(), template, false)
}

fn refused(kind: &str, template: &str) -> String {
    check_templates(&settings(kind, template)).unwrap_err().to_string()
}

#[test]
fn a_projects_own_words() {
    assert_snapshot!(check("merge_request", "{{ actor }} {{ action }} {{ reference }} {{ title }} {{ url }}"), @"Ann Author opened !12 Add a dark theme https://gitlab.example.com/mike/diaspora/-/merge_requests/12");
    assert_snapshot!(check("pipeline", "{% if state == 'failed' %}broken{% else %}{{ name }}fine{% endif %} after {{ duration }}"), @"fine after 1 min 3 s");
    assert_snapshot!(check("issue", "{{ title|short(12)|upper }} in {{ branch|default('no branch') }}"), @"THE MENU ... in no branch");
    assert_snapshot!(check("comment", "{{ login }} on {{ noun }} {{ reference }}: {{ text }}"), @"ann on issue #23: It closes for me.");
    assert_snapshot!(check("other", "{{ kind }} {{ action }}"), @"star created");
}

/// The templates that the README shows.
#[test]
fn the_readme_is_true() {
    let readme = include_str!("../../../../../README.md");
    let quoted =
        |from: &str, to: &str| readme.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    assert_snapshot!(check("merge_request", &quoted("merge_request = \"", "\"\n")), @"Ann Author opened !12 Add a dark theme - https://gitlab.example.com/mike/diaspora/-/merge_requests/12");
    assert_snapshot!(check("push", &quoted("push = \"\"\"", "\"\"\"")), @"
    Diaspora/main: 5 by Ann Author
    da156088 Tell of the menu
    45790bf8 Translate the menu
    35790bf8 Test the menu
    ");
    let listed = quoted("The filters are", "An address");
    for filter in filters() {
        assert!(listed.contains(&format!("`{filter}")), "{filter}");
    }
}

#[test]
fn one_line_for_each_commit() {
    let template = "{{ actor }}: {{ count }} on {{ branch }}\n\
        {% for commit in commits %}\n{{ loop.index }}/{{ loop.length }} {{ commit.short_id }} {{ commit.title }}\n{% endfor %}\n\
        {% if more %}and {{ more }} more{% endif %}; {{ commits[0].author }}, {{ commits|length }}";
    assert_snapshot!(check("push", template), @"
    Ann Author: 5 on main
    1/3 da156088 Tell of the menu
    2/3 45790bf8 Translate the menu
    3/3 35790bf8 Test the menu
    and 2 more; Ann Author, 3
    ");
}

#[test]
fn colours_are_there_if_they_are_wanted() {
    let template =
        "[{{ project|red }}] {{ state|state }} {{ branch|brown }} {{ number|bold }}: {{ url|url }}";
    let event = samples::of_kind("pipeline").unwrap();
    assert_snapshot!(told(&event, template, true), @r"[\u{3}04Diaspora\u{f}] \u{3}03success\u{f} \u{3}05main\u{f} \u{2}31\u{f}: \u{3}02\u{1f}https://gitlab.example.com/mike/diaspora/-/pipelines/31\u{f}");
    assert_snapshot!(told(&event, template, false), @"[Diaspora] success main 31: https://gitlab.example.com/mike/diaspora/-/pipelines/31");
    for (name, _) in paints() {
        assert_eq!(check("issue", &format!("{{{{ title|{name} }}}}")), "The menu does not close");
    }
}

#[test]
fn an_address_at_the_end_is_kept_whole() {
    let mut event = samples::of_kind("issue").unwrap();
    let Fact::Issue(item) = &mut event.fact else { panic!() };
    item.title = Some("é".repeat(99));
    let told = told(
        &event,
        "{% for c in commits %}{% endfor %}{{ title }}{{ title }}{{ title }} {{ url|url }}",
        false,
    );
    assert!(told.ends_with("... https://gitlab.example.com/mike/diaspora/-/issues/23"), "{told}");
}

#[test]
fn a_template_may_decide_to_say_nothing() {
    assert_eq!(check("issue", "{% if action == 'closed' %}{{ title }}{% endif %}"), "");
    assert_eq!(check_templates(&settings("issue", "")), Ok(()));
}

#[test]
fn every_field_can_be_asked_for_of_every_kind() {
    let printed = FIELDS.into_iter().filter(|field| *field != "commits").collect::<Vec<_>>().join(" }}{{ ");
    let commit: String = COMMIT_FIELDS.map(|field| format!("{{{{ c.{field} }}}}")).concat();
    let template = format!("{{{{ {printed} }}}}{{% for c in commits %}}{commit}{{% endfor %}}");
    for kind in TEMPLATE_KINDS {
        assert_eq!(check_templates(&settings(kind, &template)), Ok(()), "{kind}");
    }
}

#[test]
fn a_typo_is_told_when_it_is_saved() {
    assert_snapshot!(refused("issue", "{{ titel }}"), @"the template for issue asks in line 1 for 'titel', and there is no such field");
    assert_snapshot!(refused("issue", "ok\n{% if title == 'never' %}{{ title|gren }}{% endif %}"), @"the template for issue asks in line 2 for 'gren', and there is no such filter");
    assert_snapshot!(refused("push", "{% for c in commits %}{{ c.sha }}{% endfor %}"), @"the template for push asks in line 1 for 'sha', and there is no such field of a commit");
    assert_snapshot!(refused("push", "{% for c in commits %}{% endfor %}{{ c.title }}"), @"the template for push asks in line 1 for 'c', and there is no such field");
    assert_snapshot!(refused("issue", "{{ title.upper }}"), @"the template for issue asks in line 1 for 'upper', and there is no such field");
    assert_snapshot!(refused("issue", "{{ title"), @"the template for issue cannot be read, in line 1: unexpected end of input, expected end of variable block");
    assert_snapshot!(refused("issue", "{% if title %}"), @"the template for issue cannot be read, in line 1: unexpected end of input, expected end of block");
    assert_snapshot!(refused("isue", "{{ title }}"), @"templates: there is no kind of event 'isue' (there are: push, tag, merge_request, issue, comment, pipeline, job, deployment, release, wiki_page, milestone, emoji, feature_flag, member, other)");
}

#[test]
fn what_would_fail_on_another_event_is_told_as_well() {
    assert_snapshot!(refused("push", "{{ commits[0].title }}"), @"the template for push cannot be rendered, in line 1: undefined value");
    assert_snapshot!(refused("issue", "{{ title|short }}"), @"the template for issue cannot be rendered, in line 1: missing argument");
    assert_snapshot!(refused("issue", "{{ title|short('x') }}"), @"the template for issue cannot be rendered, in line 1: cannot convert string to usize");
    assert_eq!(
        check_templates(&settings("push", "{% if commits %}{{ commits[0].title }}{% endif %}")),
        Ok(())
    );
}

#[test]
fn what_can_build_or_call_is_not_let_in() {
    for template in [
        "{{ 'x' * 99999999 }}",
        "{{ title ~ title }}",
        "{{ title + title }}",
        "{{ 2 ** 9 }}",
        "{% set a = title %}",
        "{% set a %}{{ title }}{% endset %}",
        "{% with a = title %}{{ a }}{% endwith %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape true %}x{% endautoescape %}",
        "{% do title() %}",
        "{% for a in commits recursive %}{{ loop(commits) }}{% endfor %}",
        "{% for a in commits %}{{ loop.cycle('a', 'b') }}{% endfor %}",
        "{% for a in title %}{{ a }}{% endfor %}",
        "{% for a in [title, title] %}{{ a }}{% endfor %}",
        "{% for a, b in commits %}{{ a }}{% endfor %}",
        "{{ title.upper() }}",
        "{{ title is defined }}",
        "{{ {'a': title} }}",
        "{{ (title, title) }}",
        "{{ commits }}",
        "{{ commits[0] }}",
        "{{ commits|upper }}",
        "{{ title|short(bytes_max=3) }}",
        "{{ title[0] }}",
    ] {
        let error = refused("push", template);
        assert!(error.contains("which templates here do not have"), "{template}: {error}");
    }
    for template in
        ["{% include 'x' %}", "{% macro a() %}{% endmacro %}", "{% extends 'x' %}", "{% import 'x' as y %}"]
    {
        let error = refused("push", template);
        assert!(error.contains("cannot be read"), "{template}: {error}");
    }
    assert_snapshot!(refused("push", "\n{{ 'x' * 99999999 }}"), @"the template for push uses arithmetic in line 2, which templates here do not have");
}

#[test]
fn time_and_size_have_an_end() {
    let loops = |count: usize, body: &str| {
        format!("{}{body}{}", "{% for c in commits %}".repeat(count), "{% endfor %}".repeat(count))
    };
    assert_snapshot!(refused("push", &loops(9, "")), @"the template for push cannot be rendered, in line 1: it takes more than 10000 steps");
    assert_snapshot!(refused("push", &loops(2, &"x".repeat(4000))), @"the template for push cannot be rendered: it makes more than 12288 bytes");
    assert_snapshot!(refused("push", &format!("{{{{ title{} }}}}", "|upper".repeat(60))), @"the template for push uses too much nesting in line 1, which templates here do not have");
    assert_snapshot!(refused("push", &"x".repeat(TEMPLATE_BYTES_MAX + 1)), @"templates: the template for push has more than 4096 bytes");
    let many = check("push", &"line\n".repeat(100));
    assert_eq!(many.lines().count(), LINES_MAX);
}

#[test]
fn no_text_can_forge_a_colour_or_a_line() {
    let mut event = samples::of_kind("issue").unwrap();
    let Fact::Issue(item) = &mut event.fact else { panic!() };
    item.title = Some("a\u{fdd0}b\u{fdef}\u{3}04c\nQUIT\r{{ actor }}%(x)s".to_owned());
    assert_snapshot!(told(&event, "{{ title|green }} {{ title[:3] }}", true), @r"\u{3}03ab04c QUIT {{ actor }}%(x)s\u{f} ab0");
    // Nor can a template's own text.
    assert_snapshot!(told(&event, "\u{1}ACTION\u{3}04 \u{fdd9}x{{ (number|red)[:1] }}y", false), @"ACTION04 xy");
}

proptest! {
    #[test]
    fn any_template_is_survived(template in "(\\{\\{|\\}\\}|\\{%|%\\}|\\{#|#\\}| |for c in commits|endfor|if|endif|else|title|c\\.|commits|\\||short|\\(|\\)|[a-z0-9\"'~*+\\[\\]:.,\\n\u{fdd0}é]){0,40}") {
        for kind in ["push", "issue"] {
            let _ = check_templates(&settings(kind, &template));
            let event = samples::of_kind(kind).unwrap();
            if let Some(Ok(lines)) = lines(&event, &settings(kind, &template)) {
                prop_assert!(lines.len() <= LINES_MAX);
                for line in lines {
                    let rendered = line.coloured(false).render(LINE_BYTES_MAX);
                    prop_assert!(rendered.len() <= LINE_BYTES_MAX);
                    prop_assert!(!rendered.contains(char::is_control), "{rendered:?}");
                }
            }
        }
    }
}
