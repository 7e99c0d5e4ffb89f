//! Hears every line that is logged in a history, and looks for planted secrets in it. Formats nothing that is not looked at.
//!
//! Not here: rows and answers (`checker`).

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::settings::{PLANTED, PLANTED_IN_BASE64};

/// What was heard.
#[derive(Clone, Default)]
pub(crate) struct Ears {
    /// Lines with a secret in them.
    pub(crate) leaks: Arc<Mutex<Vec<String>>>,
}

/// Whether a text holds a planted secret, in clear or in base64.
pub(crate) fn is_leak(text: &str) -> bool {
    text.contains(PLANTED) || PLANTED_IN_BASE64.iter().any(|part| text.contains(part))
}

struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push_str(value);
        self.0.push(' ');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Ears {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = Line(String::new());
        attributes.record(&mut line);
        self.hear(line);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.hear(line);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.hear(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Ears {
    fn hear(&self, Line(line): Line) {
        if is_leak(&line) {
            self.leaks.lock().expect("nobody panics in it").push(line);
        }
    }
}
