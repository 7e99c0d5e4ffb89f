//! A project's own words: templates in the language of Jinja, rendered by `minijinja` in a sandbox.
//!
//! A template may print, choose (`if`) and go through the commits of a push (`for`); nothing else of the language is let
//! in ([`language`] reads the syntax tree), since one `{{ "x" * 99999999 }}` takes as much memory as it says, and neither
//! fuel nor a limit on the output sees it. What remains is bounded by [`FUEL`] and [`OUTPUT_BYTES_MAX`].
//!
//! Texts are cleaned before a template sees them. Colours are marked with code points that no clean text holds, and
//! become a line's colours after rendering: so no payload can colour, and without colours the marks are gone.
//!
//! Not here: what a template knows of an event (`context`), and what is told instead when one fails (`irker::lines`).

mod context;
mod language;
#[cfg(test)]
mod tests;

use std::io;

use config::{LineSettings, LineSettingsError};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter};
use payload::{Event, Fact};

use super::line::{Line, Paint, prefix};
use super::samples;

/// How many steps a rendering may take; a step is about one operator. A line for each of twenty commits takes some
/// hundred.
const FUEL: u64 = 10_000;

/// The longest output, in bytes: the lines below, each as long as one can be.
const OUTPUT_BYTES_MAX: usize = LINES_MAX * 512;

/// How many lines one template may make: one for each commit that can be shown, and some around them. irkerd sends one a
/// second.
const LINES_MAX: usize = 24;

/// The first of the code points that mark where a colour begins, one for each colour. They are no characters, and
/// cleaned out of all text.
const BEGINS: char = '\u{fdd0}';

/// Marks where a colour ends.
const ENDS: char = '\u{fdef}';

/// Why a template is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Something that has nothing to do with the language.
    #[error("{0}")]
    Settings(LineSettingsError),
    /// Not the language of templates.
    #[error("the template for {kind} cannot be read, in line {line}: {reason}")]
    Syntax {
        /// Whose template.
        kind: String,
        /// Counted from 1.
        line: usize,
        /// The engine's words.
        reason: String,
    },
    /// A name that means nothing.
    #[error("the template for {kind} asks in line {line} for '{name}', and there is no such {what}")]
    Unknown {
        /// Whose template.
        kind: String,
        /// Counted from 1.
        line: usize,
        /// The name.
        name: String,
        /// What it should be the name of: a field, a field of a commit, a filter.
        what: &'static str,
    },
    /// A part of the language that is not let in.
    #[error("the template for {kind} uses {what} in line {line}, which templates here do not have")]
    Forbidden {
        /// Whose template.
        kind: String,
        /// Counted from 1.
        line: usize,
        /// The part.
        what: &'static str,
    },
    /// It cannot be rendered.
    #[error("the template for {kind} cannot be rendered{place}: {reason}", place = in_line(*.line))]
    Rendering {
        /// Whose template.
        kind: String,
        /// Counted from 1; the engine does not always tell.
        line: Option<usize>,
        /// In words for people.
        reason: String,
    },
}

fn in_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(", in line {line}"))
}

/// Whether the templates can be used: their language, every name in them, and a rendering of two events of their kind,
/// one that tells all there is and one that tells nothing.
pub fn check_templates(settings: &LineSettings) -> Result<(), TemplateError> {
    settings.check().map_err(TemplateError::Settings)?;
    for (kind, source) in &settings.templates {
        for context in samples::of_kind(kind).iter().map(|event| context::of(event, settings.max_commits)) {
            render(kind, source, context)?;
        }
        render(kind, source, context::silent(kind))?;
    }
    Ok(())
}

/// The lines of the project's own template, if it has one for events of this kind. A template may decide to say nothing.
pub(super) fn lines(event: &Event, settings: &LineSettings) -> Option<Result<Vec<Line>, TemplateError>> {
    // The forge names what is `Other`, and may name it as it likes.
    let kind = if matches!(event.fact, Fact::Other(_)) { "other" } else { event.fact.kind() };
    let source = settings.templates.get(kind)?;
    Some(render(kind, source, context::of(event, settings.max_commits)))
}

fn render(kind: &str, source: &str, context: Value) -> Result<Vec<Line>, TemplateError> {
    language::check(kind, source)?;
    let failed = |error: Error| failed(kind, &error);
    let environment = environment();
    let template = environment.template_from_str(source).map_err(failed)?;
    let mut output = Output::default();
    template.render_captured_to(context, &mut output).map_err(failed)?;
    let text = String::from_utf8_lossy(&output.0);
    let lines = text.lines().map(marked).filter(|line| !line.is_blank());
    Ok(lines.take(LINES_MAX).collect())
}

fn failed(kind: &str, error: &Error) -> TemplateError {
    let reason = match error.kind() {
        ErrorKind::OutOfFuel => format!("it takes more than {FUEL} steps"),
        ErrorKind::WriteFailure => format!("it makes more than {OUTPUT_BYTES_MAX} bytes"),
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    TemplateError::Rendering { kind: kind.to_owned(), line: error.line(), reason }
}

/// The engine with what it may do.
fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // What an event does not tell is nothing to read.
    environment.set_formatter(
        |output, state, value| {
            if value.is_none() { Ok(()) } else { escape_formatter(output, state, value) }
        },
    );
    for (index, name) in paints().map(|(name, _)| name).enumerate() {
        environment.add_filter(name, move |value: &Value| painted(index, &text(value)));
    }
    environment.add_filter("state", |value: &Value| {
        let word = text(value);
        match paint_of_state(&word) {
            Some(index) => painted(index, &word),
            None => word,
        }
    });
    environment.add_filter("short", |value: &Value, bytes_max: usize| shortened(&text(value), bytes_max));
    environment.add_filter("upper", |value: &Value| text(value).to_uppercase());
    environment.add_filter("lower", |value: &Value| text(value).to_lowercase());
    environment.add_filter("default", |value: &Value, instead: &Value| {
        if value.is_none() || value.as_str() == Some("") { instead.clone() } else { value.clone() }
    });
    environment.add_filter("length", |value: &Value| value.len().unwrap_or_default());
    environment
}

/// The filters that [`environment`] has.
fn filters() -> impl Iterator<Item = &'static str> {
    paints().map(|(name, _)| name).chain(["state", "short", "upper", "lower", "default", "length"])
}

/// The paints that a template may use, in the order of their marks.
fn paints() -> impl Iterator<Item = (&'static str, Paint)> {
    Paint::BY_NAME.into_iter().chain([("url", Paint::URL)])
}

/// The paint of a state or a status, by its name among [`paints`].
fn paint_of_state(word: &str) -> Option<usize> {
    let name = match word {
        "opened" | "merged" | "success" | "active" | "on" => "green",
        "closed" | "failed" | "inactive" | "off" => "red",
        "running" => "lightblue",
        "created" | "pending" | "manual" | "scheduled" | "locked" => "orange",
        "canceled" | "skipped" => "grey",
        _ => return None,
    };
    paints().position(|(paint, _)| paint == name)
}

fn text(value: &Value) -> String {
    if value.is_none() { String::new() } else { value.to_string() }
}

fn shortened(text: &str, bytes_max: usize) -> String {
    const DOTS: &str = "...";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    format!("{}{DOTS}", prefix(text, bytes_max.saturating_sub(DOTS.len())))
}

/// Nothing in no colour is nothing: an address that is not told leaves no mark.
fn painted(index: usize, text: &str) -> String {
    match u32::try_from(index).ok().and_then(|index| char::from_u32(u32::from(BEGINS) + index)) {
        Some(begins) if !text.is_empty() => format!("{begins}{text}{ENDS}"),
        _ => text.to_owned(),
    }
}

/// A line out of a rendered one: what stands between marks is painted.
fn marked(text: &str) -> Line {
    let mut line = Line::default();
    let mut paint = Paint::PLAIN;
    let mut rest = text.trim();
    while let Some(at) = rest.find(|c| (BEGINS..=ENDS).contains(&c)) {
        line = piece(line, paint, &rest[..at]);
        let mark = rest[at..].chars().next().unwrap_or(ENDS);
        let index = (u32::from(mark) - u32::from(BEGINS)) as usize;
        paint = paints().nth(index).map_or(Paint::PLAIN, |(_, paint)| paint);
        rest = &rest[at + mark.len_utf8()..];
    }
    piece(line, paint, rest)
}

/// What holds a space is no address, though it be painted as one.
fn piece(line: Line, paint: Paint, text: &str) -> Line {
    if paint == Paint::URL && !text.contains(' ') { line.url("", text) } else { line.foreign(paint, text) }
}

/// What is rendered, up to its limit.
#[derive(Default)]
struct Output(Vec<u8>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
