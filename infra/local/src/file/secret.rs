//! A secret as the file has it: in clear, as a reference to where it is, or as `keep`, the one that is stored.
//!
//! | text | means |
//! |---|---|
//! | `env:NAME` | what this environment variable holds |
//! | `file:PATH` | what this file holds, without the end of its last line; from the configuration's own folder on |
//! | `secretsmanager:ID`, `secretsmanager:ID#KEY` | a secret of AWS Secrets Manager by name or ARN, or a value of it if it is JSON |
//! | `keep`, `keep:N` | the one that is stored in this place, or as the Nth of this list |
//! | `literal:TEXT` | the text behind it, whatever it begins with |
//! | anything else | itself |
//!
//! Not here: looking up what a reference names (`references`).

use std::borrow::Cow;
use std::fmt;

use config::{KeyedSecret, MASK};
use payload::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::EntryError;

const ENV: &str = "env:";
const FILE: &str = "file:";
const SECRETS_MANAGER: &str = "secretsmanager:";
const LITERAL: &str = "literal:";
const KEEP: &str = "keep";

/// See the head of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Literal(Secret),
    Reference(Reference),
    /// The one that is stored: in this place, or under this number, counted from 1.
    Stored(Option<usize>),
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reference {
    /// An environment variable.
    Environment(String),
    /// A file.
    File(String),
    /// AWS Secrets Manager.
    SecretsManager {
        /// Name or ARN.
        id: String,
        /// Which value of an object.
        key: Option<String>,
    },
}

/// A text that says neither a secret nor where one is. Never says the text, which may hold one.
#[derive(Debug, thiserror::Error)]
#[error(
    "a secret is written as itself, env:NAME, file:PATH, secretsmanager:ID or keep; write literal: before one that begins like those"
)]
pub(crate) struct WrittenError;

impl Written {
    pub(super) fn read(text: &str) -> Result<Self, WrittenError> {
        let reference = |reference| Ok(Self::Reference(reference));
        if let Some(literal) = text.strip_prefix(LITERAL) {
            Ok(Self::Literal(Secret::new(literal)))
        } else if let Some(name) = text.strip_prefix(ENV) {
            // What no program can be given in its environment.
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(WrittenError);
            }
            reference(Reference::Environment(name.to_owned()))
        } else if let Some(path) = text.strip_prefix(FILE) {
            if path.is_empty() || path.contains('\0') {
                return Err(WrittenError);
            }
            reference(Reference::File(path.to_owned()))
        } else if let Some(place) = text.strip_prefix(SECRETS_MANAGER) {
            let (id, key) = place.split_once('#').map_or((place, None), |(id, key)| (id, Some(key)));
            if id.is_empty() || key == Some("") {
                return Err(WrittenError);
            }
            let (id, key) = (id.to_owned(), key.map(str::to_owned));
            reference(Reference::SecretsManager { id, key })
        } else if text == KEEP || text == MASK {
            Ok(Self::Stored(None))
        } else if let Some(number) = text.strip_prefix(KEEP).and_then(|rest| rest.strip_prefix(':')) {
            let number = number.parse().ok().filter(|number| *number > 0);
            number.map(|number| Self::Stored(Some(number))).ok_or(WrittenError)
        } else {
            Ok(Self::Literal(Secret::new(text)))
        }
    }

    /// As it is read again. In clear, if it is so.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Literal(secret) => {
                let text = secret.expose();
                let is_plain = matches!(Self::read(text), Ok(Self::Literal(read)) if read == *secret);
                if is_plain { text.to_owned() } else { format!("{LITERAL}{text}") }
            }
            Self::Reference(reference) => reference.to_string(),
            Self::Stored(None) => KEEP.to_owned(),
            Self::Stored(Some(number)) => format!("{KEEP}:{number}"),
        }
    }

    /// The secret, once what it refers to is found, or the one that is stored in this place.
    pub(super) fn secret(self, stored: Option<&Secret>, place: &str) -> Result<Secret, EntryError> {
        let kept = match self {
            Self::Literal(secret) => return Ok(secret),
            Self::Stored(None) => stored.cloned(),
            Self::Stored(Some(_)) | Self::Reference(_) => None,
        };
        kept.ok_or_else(|| EntryError::NothingToKeep(place.to_owned()))
    }

    /// The same of a list.
    pub(super) fn secrets(
        list: Vec<Self>,
        stored: &[Secret],
        place: &str,
    ) -> Result<Vec<Secret>, EntryError> {
        let secret = |(index, written)| match written {
            Self::Stored(Some(number)) => Self::Stored(None).secret(stored.get(number - 1), place),
            other => other.secret(stored.get(index), place),
        };
        list.into_iter().enumerate().map(secret).collect()
    }

    /// A list in which each of those that are kept has its number.
    pub(super) fn numbered(list: Vec<Self>) -> Vec<Self> {
        let numbered = |(index, written)| match written {
            Self::Stored(None) => Self::Stored(Some(index + 1)),
            other => other,
        };
        list.into_iter().enumerate().map(numbered).collect()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "{ENV}{name}"),
            Self::File(path) => write!(formatter, "{FILE}{path}"),
            Self::SecretsManager { id, key: None } => write!(formatter, "{SECRETS_MANAGER}{id}"),
            Self::SecretsManager { id, key: Some(key) } => write!(formatter, "{SECRETS_MANAGER}{id}#{key}"),
        }
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl JsonSchema for Written {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "A secret: in clear, or env:NAME, file:PATH, secretsmanager:ID, secretsmanager:ID#KEY; or keep, the one that is stored; or literal:TEXT, whatever the text begins with.",
        })
    }
}

/// A secret with a name: of a header, or of a variable.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Keyed")]
pub(super) struct KeyedEntry {
    /// Its name.
    key: String,
    /// Its value.
    pub(super) value: Written,
}

impl KeyedEntry {
    pub(super) fn of(keyed: KeyedSecret<Written>) -> Self {
        Self { key: keyed.key, value: keyed.value }
    }

    /// All of a list. One that is kept is the stored one of its name.
    pub(super) fn keyed(
        list: Vec<Self>,
        stored: &[KeyedSecret],
        place: &str,
    ) -> Result<Vec<KeyedSecret>, EntryError> {
        let keyed = |Self { key, value }| {
            let known = stored.iter().find(|stored| stored.key == key).map(|stored| &stored.value);
            let value = value.secret(known, &format!("{place}: {key}"))?;
            Ok(KeyedSecret { key, value })
        };
        list.into_iter().map(keyed).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literal(text: &str) -> Written {
        Written::Literal(Secret::new(text))
    }

    #[test]
    fn a_secret_is_itself_or_says_where_it_is() {
        let read = |text: &str| Written::read(text).unwrap();
        assert_eq!(read("hunter2"), literal("hunter2"));
        assert_eq!(read("literal:env:X"), literal("env:X"));
        assert_eq!(read("environment"), literal("environment"));
        assert_eq!(read("keep"), Written::Stored(None));
        assert_eq!(read("keep:2"), Written::Stored(Some(2)));
        assert_eq!(read("keeper"), literal("keeper"));
        assert_eq!(read("env:TOKEN"), Written::Reference(Reference::Environment("TOKEN".into())));
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:bellhop-AbCdEf";
        assert_eq!(
            read(&format!("secretsmanager:{arn}#token")),
            Written::Reference(Reference::SecretsManager { id: arn.into(), key: Some("token".into()) })
        );
        for wrong in ["env:", "env:A=B", "file:", "secretsmanager:", "secretsmanager:a#", "keep:", "keep:0"] {
            assert!(Written::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_kept_is_found_by_its_place_or_its_number() {
        let stored = ["a", "b"].map(Secret::new);
        let kept = |list: &[&str]| {
            let list = list.iter().map(|text| Written::read(text).unwrap()).collect();
            Written::secrets(list, &stored, "secrets").map_err(|error| error.to_string())
        };
        assert_eq!(kept(&["keep", "keep"]).unwrap(), stored);
        assert_eq!(kept(&["new", "keep:1"]).unwrap(), ["new", "a"].map(Secret::new));
        insta::assert_snapshot!(kept(&["keep:3"]).unwrap_err(), @"secrets: nothing is stored that could be kept: write the secret, or where it is");
    }

    proptest! {
        #[test]
        fn whatever_a_secret_is_it_is_read_again(text in "(literal:|env:|file:|keep:?|secretsmanager:)?[ -~]{0,20}") {
            let written = literal(&text);
            prop_assert_eq!(Written::read(&written.text()).unwrap(), written);
        }
    }
}
