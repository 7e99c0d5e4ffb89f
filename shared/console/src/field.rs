//! A field of a form: its label, its hint and its problem, tied together so that a screen reader says all three.
//!
//! Not here: whole forms, and what a field means.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::form::Problems;

/// A field.
#[derive(Clone, Debug, Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    /// Its id on the page, and its name in the form.
    id: String,
    label: String,
    control: Control,
    hint: String,
    problem: Option<String>,
    is_required: bool,
}

/// A template of its own, which has escaped its text already.
impl HtmlSafe for Field {}

/// What one types, ticks or chooses.
#[derive(Clone, Debug)]
enum Control {
    Text {
        value: String,
        placeholder: &'static str,
    },
    /// Never shown again.
    Secret,
    Date {
        value: String,
    },
    Number {
        value: String,
        min: String,
        max: String,
    },
    Area {
        value: String,
        rows: usize,
        placeholder: &'static str,
    },
    Check {
        is_on: bool,
    },
    /// Value, label.
    Choice {
        value: String,
        options: Vec<(String, String)>,
    },
}

impl Field {
    fn new(id: &str, label: &str, control: Control) -> Self {
        let (hint, problem, is_required) = (String::new(), None, false);
        Self { id: id.to_owned(), label: label.to_owned(), control, hint, problem, is_required }
    }

    /// One line.
    pub(crate) fn text(id: &str, label: &str, value: impl Into<String>) -> Self {
        Self::new(id, label, Control::Text { value: value.into(), placeholder: "" })
    }

    /// One line that is not shown.
    pub(crate) fn secret(id: &str, label: &str) -> Self {
        Self::new(id, label, Control::Secret)
    }

    /// A day.
    pub(crate) fn date(id: &str, label: &str, value: impl Into<String>) -> Self {
        Self::new(id, label, Control::Date { value: value.into() })
    }

    /// A whole number.
    pub(crate) fn number<T: ToString>(
        id: &str,
        label: &str,
        value: impl Into<String>,
        bounds: &std::ops::RangeInclusive<T>,
    ) -> Self {
        let (min, max) = (bounds.start().to_string(), bounds.end().to_string());
        Self::new(id, label, Control::Number { value: value.into(), min, max })
    }

    /// Many lines.
    pub(crate) fn area(id: &str, label: &str, value: impl Into<String>, rows: usize) -> Self {
        Self::new(id, label, Control::Area { value: value.into(), rows, placeholder: "" })
    }

    /// A box to tick.
    pub(crate) fn check(id: &str, label: &str, is_on: bool) -> Self {
        Self::new(id, label, Control::Check { is_on })
    }

    /// One of some, each a value and its label.
    pub(crate) fn choice(id: &str, label: &str, value: impl Into<String>, options: &[(&str, &str)]) -> Self {
        let options = options.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned()));
        Self::new(id, label, Control::Choice { value: value.into(), options: options.collect() })
    }

    /// What helps to fill it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// What it might look like.
    pub(crate) fn like(mut self, example: &'static str) -> Self {
        match &mut self.control {
            Control::Text { placeholder, .. } | Control::Area { placeholder, .. } => *placeholder = example,
            _ => {}
        }
        self
    }

    /// It may not be empty.
    pub(crate) fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// What is wrong with it, if anything is.
    pub(crate) fn judged(self, problems: &Problems) -> Self {
        Self { problem: problems.of(&self.id), ..self }
    }

    /// Whether something is wrong with it.
    pub(crate) fn is_wrong(&self) -> bool {
        self.problem.is_some()
    }

    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        let problem = self.problem.is_some().then(|| format!("{}-problem", self.id));
        hint.into_iter().chain(problem).collect::<Vec<_>>().join(" ")
    }
}
