//! From a parser's events to a value: Psych's `ToRuby`.
//!
//! Merge keys work in the order of the keys: what `<<` brings overrides the keys before it and is overridden by those
//! behind it. A doubled key's last value wins. Anchors are shared, never copied.
//!
//! Not here: plain scalars (`scalar`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use libyaml_safer::{EventData, Mark, Parser, ScalarStyle};

use super::super::limits::{MERGED_KEYS_MAX, YAML_DEPTH_MAX};
use super::super::value::{Key, Map, Progress, Reference, Value};
use super::{YamlError, scalar};

/// The first document of a text; nothing is nil. `line` is where the text starts in its file.
pub(crate) fn load(text: &str, line: usize) -> Result<Value, YamlError> {
    // A few texts that libyaml refuses or takes make its port panic (`"\x` at the end of a tag, `!a,` in brackets).
    let loaded = std::panic::catch_unwind(|| load_ended(text, line));
    loaded.unwrap_or_else(|_| Err(YamlError::new("found something that cannot be read").at(line, 1)))
}

/// The port reads blocks wrongly that end without a line break, so there always is one; the block has none then.
fn load_ended(text: &str, line: usize) -> Result<Value, YamlError> {
    if text.ends_with('\n') {
        return first_document(text, line, None);
    }
    let last = text.rsplit('\n').next().unwrap_or_default();
    let unended = (!last.trim().is_empty()).then(|| text.matches('\n').count() as u64);
    first_document(&format!("{text}\n"), line, unended)
}

/// `unended` is the last line, from 0, where the line break behind it is not the text's own.
fn first_document(text: &str, line: usize, unended: Option<u64>) -> Result<Value, YamlError> {
    let mut loader = Loader { line, ..Loader::default() };
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    loop {
        let event = parser.parse().map_err(|error| {
            let reason = match error.context() {
                Some(context) => format!("{} {context}", error.problem()),
                None => error.problem().to_owned(),
            };
            let reason = YamlError::new(reason);
            error.problem_mark().map_or(reason.clone(), |mark| loader.at(reason, mark))
        })?;
        let mut data = event.data;
        if let EventData::Scalar { value, style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = &mut data
            && unended.is_some_and(|last| event.end_mark.line > last)
            && value.ends_with('\n')
        {
            value.pop();
        }
        match data {
            EventData::DocumentEnd { .. } | EventData::StreamEnd => break,
            data => loader.take(data, event.start_mark)?,
        }
    }
    Ok(loader.root.unwrap_or(Value::Nil))
}

#[derive(Default)]
struct Loader {
    line: usize,
    root: Option<Value>,
    open: Vec<Frame>,
    anchors: HashMap<String, Anchored>,
    /// How many lists and maps were opened.
    opened: usize,
    merged_keys: usize,
}

/// What an anchor names. Psych names a list or map when it begins, so the last to begin has the name.
enum Anchored {
    /// Being read; the number of its list or map.
    Open(usize),
    /// With its depth.
    Done(Value, usize),
}

/// A scalar as it stands in the text.
struct Written<'a> {
    text: &'a str,
    quoted: bool,
    tag: Option<&'a str>,
}

/// A list or map being read.
struct Frame {
    number: usize,
    kind: Kind,
    anchor: Option<String>,
    is_reference: bool,
    /// How deep the deepest item is, so that aliases cannot build what no text could.
    depth: usize,
}

enum Kind {
    List(Vec<Value>),
    Map { map: Map, key: Option<PendingKey> },
}

/// A key that waits for its value.
struct PendingKey {
    key: Key,
    /// `<<`, not explicitly tagged a string.
    merges: bool,
}

/// A value with what its place needs to know of it.
struct Node {
    value: Value,
    depth: usize,
    form: Form,
}

/// How it stands in the text: `<<` asks.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Scalar,
    List,
    MapOrAlias,
}

impl Loader {
    fn take(&mut self, event: EventData, mark: Mark) -> Result<(), YamlError> {
        match event {
            EventData::Scalar { anchor, tag, value, quoted_implicit, .. } => {
                let written = Written { text: &value, quoted: quoted_implicit, tag: tag.as_deref() };
                let value = self.scalar(&written, mark)?;
                // A `!reference` has no anchor in Psych, whatever the text says.
                if !matches!(value, Value::Reference(_)) {
                    self.anchors.extend(anchor.map(|anchor| (anchor, Anchored::Done(value.clone(), 0))));
                }
                let tagged_text = tag.as_deref() == Some("tag:yaml.org,2002:str");
                self.place(Node { value, depth: 0, form: Form::Scalar }, tagged_text, mark)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.open(Kind::List(Vec::new()), (anchor, tag), mark)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.open(Kind::Map { map: Map::new(), key: None }, (anchor, tag), mark)
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.close(mark),
            EventData::Alias { anchor } => {
                let (value, depth) = match self.anchors.get(&anchor) {
                    Some(Anchored::Done(value, depth)) => (value.clone(), *depth),
                    // Inside of itself: endlessly deep, as GitLab finds out by counting.
                    Some(Anchored::Open(_)) => return Err(YamlError::too_big()),
                    None => return Err(self.at(YamlError::new(format!("Unknown alias: {anchor}")), mark)),
                };
                self.place(Node { value, depth, form: Form::MapOrAlias }, false, mark)
            }
            _ => Ok(()),
        }
    }

    fn scalar(&self, written: &Written<'_>, mark: Mark) -> Result<Value, YamlError> {
        let Written { text, quoted, tag } = *written;
        match tag {
            Some("!reference") => Ok(reference(Value::text(text))),
            _ if quoted => Ok(Value::text(text)),
            Some("!str" | "!ruby/string" | "tag:yaml.org,2002:str") => Ok(Value::text(text)),
            Some("!ruby/sym" | "!ruby/symbol") => Ok(Value::Symbol(text.into())),
            Some(tag) if tag.starts_with("!ruby/") => Err(self.disallowed(tag, mark)),
            tag => {
                let value = scalar::resolve(text).map_err(|class| self.disallowed(class.0, mark))?;
                let is_float = matches!(tag, Some("!float" | "tag:yaml.org,2002:float"));
                Ok(if is_float { as_float(value) } else { value })
            }
        }
    }

    fn disallowed(&self, class: &str, mark: Mark) -> YamlError {
        self.at(YamlError::new(format!("Tried to load unspecified class: {class}")), mark)
    }

    fn at(&self, error: YamlError, mark: Mark) -> YamlError {
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        error.at(number(mark.line).saturating_add(self.line), number(mark.column).saturating_add(1))
    }

    fn open(
        &mut self,
        kind: Kind,
        named: (Option<String>, Option<String>),
        mark: Mark,
    ) -> Result<(), YamlError> {
        if self.open.len() >= YAML_DEPTH_MAX {
            return Err(YamlError::too_big());
        }
        let (anchor, tag) = named;
        let tag = tag.unwrap_or_default();
        if tag.starts_with("!ruby/") || tag == "!set" || tag == "tag:yaml.org,2002:set" {
            return Err(self.disallowed(&tag, mark));
        }
        let is_reference = tag == "!reference";
        self.opened += 1;
        let number = self.opened;
        if let Some(anchor) = anchor.as_ref().filter(|_| !is_reference) {
            self.anchors.insert(anchor.clone(), Anchored::Open(number));
        }
        self.open.push(Frame { number, kind, anchor, is_reference, depth: 0 });
        Ok(())
    }

    fn close(&mut self, mark: Mark) -> Result<(), YamlError> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let (value, form) = match frame.kind {
            Kind::List(items) => (Value::list(items), Form::List),
            Kind::Map { map, .. } => (Value::map(map), Form::MapOrAlias),
        };
        let depth = frame.depth + 1;
        if depth > YAML_DEPTH_MAX {
            return Err(YamlError::too_big());
        }
        if frame.is_reference {
            return self.place(Node { value: reference(value), depth, form: Form::Scalar }, false, mark);
        }
        if let Some(anchor) = frame.anchor
            && matches!(self.anchors.get(&anchor), Some(Anchored::Open(number)) if *number == frame.number)
        {
            self.anchors.insert(anchor, Anchored::Done(value.clone(), depth));
        }
        self.place(Node { value, depth, form }, false, mark)
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node, tagged_text: bool, mark: Mark) -> Result<(), YamlError> {
        let Some(frame) = self.open.last_mut() else {
            self.root = Some(node.value);
            return Ok(());
        };
        frame.depth = frame.depth.max(node.depth);
        match &mut frame.kind {
            Kind::List(items) => items.push(node.value),
            Kind::Map { key: key @ None, .. } => {
                let is_text = matches!(&node.value, Value::Text(text) if &**text == "<<");
                *key = Some(PendingKey { key: Key::of(&node.value), merges: is_text && !tagged_text });
            }
            Kind::Map { map, key: key @ Some(_) } => {
                let Some(PendingKey { key, merges }) = key.take() else { return Ok(()) };
                if merges {
                    self.merged_keys += merge(map, key, node);
                } else {
                    map.insert(key, node.value);
                }
            }
        }
        if self.merged_keys > MERGED_KEYS_MAX {
            return Err(self.at(YamlError::too_big(), mark));
        }
        Ok(())
    }
}

/// What `<<` does; how many keys it copied.
fn merge(map: &mut Map, key: Key, node: Node) -> usize {
    match (&node.value, node.form) {
        (Value::Map(other), Form::MapOrAlias) => {
            let other = Rc::clone(other);
            extend(map, &other)
        }
        // Of several, the first wins; one that is no map spoils them all.
        (Value::List(others), Form::List) if others.iter().all(|other| other.as_map().is_some()) => {
            let mut merged = Map::new();
            let mut copied = 0;
            for other in others.iter().rev().filter_map(Value::as_map) {
                copied += extend(&mut merged, other);
            }
            copied + extend(map, &merged)
        }
        _ => {
            map.insert(key, node.value);
            0
        }
    }
}

/// Ruby's `merge!`.
fn extend(map: &mut Map, other: &Map) -> usize {
    for (key, value) in other {
        map.insert(key.clone(), value.clone());
    }
    other.len()
}

fn reference(given: Value) -> Value {
    Value::Reference(Rc::new(Reference { given, progress: RefCell::new(Progress::New) }))
}

fn as_float(value: Value) -> Value {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "what Ruby's Float() does, too")]
        Value::Int(number) => Value::Float(number as f64),
        other => other,
    }
}
