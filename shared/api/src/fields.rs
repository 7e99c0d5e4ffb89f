//! The fields that a request may have, and how each is read: leniently, as GitLab reads them. The same list is what the
//! OpenAPI document says of them.
//!
//! Not here: what a value means.

use config::{KeyedSecret, Switch};
use payload::Secret;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A text that is never shown again.
    Secret,
    /// Yes or no.
    Flag,
    /// A whole number from one to another.
    Number(i64, i64),
    /// One of some words.
    Choice(&'static [&'static str]),
    /// A list of texts, or one text with commas.
    Texts,
    /// A list of texts that are never shown again.
    Secrets,
    /// A list of names, each with a secret value.
    Keyed,
    /// Whatever its owner reads.
    Json,
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_required: bool,
    pub(crate) about: &'static str,
}

/// A field that may be left out.
pub(crate) const fn field(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, is_required: false, about }
}

impl Field {
    /// The same, and it must be there.
    pub(crate) const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }
}

/// A field for each kind of event.
pub(crate) fn switches() -> impl Iterator<Item = Field> {
    Switch::ALL.iter().map(|switch| field(switch.name(), Kind::Flag, "Whether to hear of such events."))
}

impl Kind {
    /// The value as it should have been written; `None` if it is nothing of the kind.
    fn read(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::Text | Self::Secret, text @ Value::String(_)) => Some(text),
            (Self::Text | Self::Secret, Value::Number(number)) => Some(number.to_string().into()),
            (Self::Flag, flag @ Value::Bool(_)) => Some(flag),
            (Self::Flag, Value::Number(number)) => match number.as_i64() {
                Some(0) => Some(false.into()),
                Some(1) => Some(true.into()),
                _ => None,
            },
            (Self::Flag, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" | "on" | "yes" => Some(true.into()),
                "false" | "f" | "0" | "off" | "no" | "" => Some(false.into()),
                _ => None,
            },
            (Self::Number(least, most), value) => {
                let number = match value {
                    Value::Number(number) => number.as_i64(),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                number.filter(|number| (least..=most).contains(number)).map(Value::from)
            }
            (Self::Choice(words), Value::String(text)) => {
                words.contains(&text.as_str()).then_some(Value::String(text))
            }
            (Self::Texts | Self::Secrets, Value::Array(list)) => {
                list.into_iter().map(|value| Self::Text.read(value)).collect()
            }
            (Self::Texts, Value::String(text)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Some(parts.map(Value::from).collect())
            }
            (Self::Secrets, Value::String(text)) => Some(json!([text])),
            (Self::Keyed, Value::Array(list)) => list.into_iter().map(keyed).collect(),
            (Self::Json, Value::String(text)) => serde_json::from_str(&text).ok(),
            (Self::Json, value) => Some(value),
            _ => None,
        }
    }

    /// How it is described.
    pub(crate) fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Secret => json!({"type": "string", "writeOnly": true}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Choice(words) => json!({"type": "string", "enum": words}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Secrets => json!({"type": "array", "items": {"type": "string"}, "writeOnly": true}),
            Self::Keyed => json!({
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["key", "value"],
                    "properties": {"key": {"type": "string"}, "value": {"type": "string", "writeOnly": true}},
                },
            }),
            Self::Json => json!({}),
        }
    }
}

fn keyed(value: Value) -> Option<Value> {
    let Value::Object(mut map) = value else { return None };
    let key = Kind::Text.read(map.remove("key")?)?;
    let value = Kind::Text.read(map.remove("value")?)?;
    Some(json!({"key": key, "value": value}))
}

/// What a request said, each value of its kind. What it said besides is left out, as GitLab does.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn read(declared: &[Field], mut said: Map<String, Value>) -> Result<Self, Refusal> {
        let mut read = Map::new();
        for field in declared {
            match said.remove(field.name) {
                None | Some(Value::Null) if field.is_required => return Err(Refusal::Missing(field.name)),
                None | Some(Value::Null) => {}
                Some(value) => {
                    let value = field.kind.read(value).ok_or(Refusal::Invalid(field.name))?;
                    read.insert(field.name.to_owned(), value);
                }
            }
        }
        Ok(Self(read))
    }

    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A secret; an empty one takes back what was there: `Some(None)`.
    #[expect(clippy::option_option, reason = "not said, taken back, and said are three things")]
    pub(crate) fn secret(&self, name: &str) -> Option<Option<Secret>> {
        self.text(name).map(|text| (!text.is_empty()).then(|| Secret::new(text)))
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A number within the bounds of its field, which are those of its type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        self.0.get(name)?.as_i64()?.try_into().ok()
    }

    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.0.get(name)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    pub(crate) fn secrets(&self, name: &str) -> Option<Vec<Secret>> {
        self.texts(name).map(|texts| texts.into_iter().map(Secret::new).collect())
    }

    pub(crate) fn keyed(&self, name: &str) -> Option<Vec<KeyedSecret>> {
        let list = self.0.get(name)?.as_array()?;
        let read = |entry: &Value| Some(KeyedSecret::new(entry["key"].as_str()?, entry["value"].as_str()?));
        Some(list.iter().filter_map(read).collect())
    }

    /// What only its owner can read. What is wrong with it is not told, since the text would quote it.
    pub(crate) fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        serde_json::from_value(value.clone()).map(Some).map_err(|_| Refusal::Invalid(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_gitlab_reads_them() {
        let fields = [field("a", Kind::Flag, ""), field("n", Kind::Number(1, 9), "")];
        let flag = |value: Value| {
            let said = json!({"a": value}).as_object().unwrap().clone();
            Fields::read(&fields, said).ok().map(|read| read.flag("a"))
        };
        for (value, read) in [
            (json!(true), Some(Some(true))),
            (json!("1"), Some(Some(true))),
            (json!(0), Some(Some(false))),
            (json!("off"), Some(Some(false))),
            (json!(null), Some(None)),
            (json!("maybe"), None),
            (json!(2), None),
            (json!([]), None),
        ] {
            assert_eq!(flag(value.clone()), read, "{value}");
        }
        let said = json!({"n": "7", "else": 1}).as_object().unwrap().clone();
        assert_eq!(Fields::read(&fields, said).unwrap().number::<u16>("n"), Some(7));
        let said = json!({"n": 10}).as_object().unwrap().clone();
        assert!(Fields::read(&fields, said).is_err());
    }
}
