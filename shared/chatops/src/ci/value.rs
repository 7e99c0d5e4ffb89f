//! A value of a configuration, as Ruby holds it after `YAML.safe_load` and `deep_symbolize_keys`.
//!
//! Lists and maps are shared, as Psych shares what aliases name: an alias costs a pointer, however much it stands for.
//!
//! Not here: where values come from (`yaml`), which of them GitLab takes where (`entry`).

use std::cell::RefCell;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use indexmap::{Equivalent, IndexMap};

use super::limits::YAML_BYTES_MAX;

/// A map in the order of its file: the order decides which of two wins, and what is said first.
pub(crate) type Map = IndexMap<Key, Value>;

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Nil,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Rc<str>),
    /// `:name`, which Psych makes a Ruby symbol.
    Symbol(Rc<str>),
    List(Rc<Vec<Value>>),
    Map(Rc<Map>),
    /// `!reference`, until `reference` puts what it names in its place. It stays where GitLab does not look.
    Reference(Rc<Reference>),
}

/// What `!reference` was given, and how far it is resolved: one for all places that share it.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) given: Value,
    pub(crate) progress: RefCell<Progress>,
}

#[derive(Debug)]
pub(crate) enum Progress {
    New,
    /// Being resolved: whoever meets it again goes in circles.
    Open,
    Done(Value),
}

/// A key: almost always a name; whatever else YAML allows stays what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kind: KeyKind,
    pub(crate) text: Rc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum KeyKind {
    Name,
    Int,
    Float,
    Bool,
    Nil,
    /// A list or a map.
    Complex,
}

/// A key to look up by its name.
struct Name<'a>(&'a str);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        str::hash(&self.text, state);
    }
}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        KeyKind::Name.hash(state);
        self.0.hash(state);
    }
}

impl Equivalent<Key> for Name<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.kind == KeyKind::Name && *key.text == *self.0
    }
}

impl Key {
    pub(crate) fn name(text: &str) -> Self {
        Self { kind: KeyKind::Name, text: text.into() }
    }

    pub(crate) fn is_name(&self) -> bool {
        self.kind == KeyKind::Name
    }

    /// The value as a key, after `deep_symbolize_keys`.
    pub(crate) fn of(value: &Value) -> Self {
        let kind = match value {
            Value::Text(_) | Value::Symbol(_) => KeyKind::Name,
            Value::Int(_) => KeyKind::Int,
            Value::Float(_) => KeyKind::Float,
            Value::Bool(_) => KeyKind::Bool,
            Value::Nil => KeyKind::Nil,
            Value::List(_) | Value::Map(_) | Value::Reference(_) => KeyKind::Complex,
        };
        Self { kind, text: value.to_text().into() }
    }
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(items))
    }

    pub(crate) fn map(map: Map) -> Self {
        Self::Map(Rc::new(map))
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Ruby's `nil` and `false`.
    pub(crate) fn is_falsy(&self) -> bool {
        matches!(self, Self::Nil | Self::Bool(false))
    }

    /// Rails' `blank?`.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) => true,
            Self::Text(text) => text.chars().all(char::is_whitespace),
            Self::Symbol(name) => name.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// A Ruby `String` or `Symbol`: what GitLab's `validate_string` takes.
    pub(crate) fn is_string(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Symbol(_))
    }

    pub(crate) fn as_text(&self) -> Option<&Rc<str>> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The value under a name; of anything but a map, nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.as_map().and_then(|map| get(map, name))
    }

    /// The same, where `nil` counts as nothing.
    pub(crate) fn present(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_nil())
    }

    /// Ruby's `to_s`, and `inspect` for lists and maps.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Text(text) | Self::Symbol(text) => text.to_string(),
            _ => {
                let mut out = String::new();
                self.inspect_into(&mut out, YAML_BYTES_MAX);
                out
            }
        }
    }

    /// Ruby's `inspect` for an error, so cut where it gets long.
    pub(crate) fn inspect(&self) -> String {
        const TOLD_BYTES_MAX: usize = 200;
        let mut out = String::new();
        self.inspect_into(&mut out, TOLD_BYTES_MAX);
        out
    }

    fn inspect_into(&self, out: &mut String, max: usize) {
        if out.len() > max {
            return;
        }
        match self {
            Self::Nil => out.push_str("nil"),
            Self::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
            Self::Int(number) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "{number}");
            }
            Self::Float(number) => out.push_str(&float(*number)),
            Self::Text(text) => {
                let _ = write!(out, "{text:?}");
            }
            Self::Symbol(name) => {
                let _ = write!(out, ":{name}");
            }
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    item.inspect_into(out, max);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push('{');
                for (index, (key, value)) in map.iter().enumerate() {
                    let _ = write!(out, "{}{}: ", if index == 0 { "" } else { ", " }, key.text);
                    value.inspect_into(out, max);
                }
                out.push('}');
            }
            Self::Reference(_) => out.push_str("!reference"),
        }
    }
}

/// The value under a name.
pub(crate) fn get<'a>(map: &'a Map, name: &str) -> Option<&'a Value> {
    map.get(&Name(name))
}

/// Takes a name out; the others keep their order.
pub(crate) fn remove(map: &mut Map, name: &str) {
    map.shift_remove(&Name(name));
}

/// Ruby's `Float#to_s`: the shortest digits that read back, in exponents from 10^16 and below 10^-4.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}{point}e{sign}{exponent:0>2}");
    }
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// Rails' `deep_merge`: maps are merged, everything else is replaced, new keys come last.
pub(crate) fn deep_merge(into: &mut Map, other: &Map) {
    for (key, value) in other {
        match (into.get_mut(key), value) {
            (Some(Value::Map(mine)), Value::Map(theirs)) => {
                // The same map twice is itself: what aliases share stays shared.
                if !Rc::ptr_eq(mine, theirs) {
                    deep_merge(Rc::make_mut(mine), theirs);
                }
            }
            (Some(mine), _) => *mine = value.clone(),
            (None, _) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
