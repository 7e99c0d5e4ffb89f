//! Values as they come. A field is absent, null or of another type than its documentation says, and the event is still
//! worth telling: such a field counts as absent. Nothing is kept that is not read.
//!
//! Not here: which fields there are.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, number or truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told<T>(pub(crate) Option<T>);

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part<T>(pub(crate) Option<T>);

/// A list of objects; what is not an object is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Told<String> {
    /// The text, unless it is empty.
    pub(crate) fn some(self) -> Option<String> {
        self.0.filter(|text| !text.is_empty())
    }

    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

impl Told<bool> {
    pub(crate) fn is_true(&self) -> bool {
        self.0 == Some(true)
    }
}

impl<'de> Deserialize<'de> for Told<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match any::<IgnoredAny, _>(deserializer)? {
            Any::Text(text) => Some(text),
            Any::Number(number) => Some(number.to_string()),
            _ => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Told<u64> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match any::<IgnoredAny, _>(deserializer)? {
            Any::Text(text) => text.parse().ok(),
            Any::Number(number) => Some(number),
            _ => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Told<bool> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match any::<IgnoredAny, _>(deserializer)? {
            Any::Truth(truth) => Some(truth),
            // GitHub's first webhooks.
            Any::Number(number) => Some(number != 0),
            _ => None,
        }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match any(deserializer)? {
            Any::Object(object) => Some(object),
            _ => None,
        }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match any(deserializer)? {
            Any::List(list) => list,
            _ => Self::default(),
        })
    }
}

/// Any JSON, of which only objects of one type are read further.
enum Any<T> {
    Text(String),
    Number(u64),
    Truth(bool),
    Object(T),
    List(List<T>),
    /// Null, or a number that counts nothing.
    Nothing,
}

fn any<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Any<T>, D::Error> {
    deserializer.deserialize_any(AnyVisitor(PhantomData))
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AnyVisitor<T> {
    type Value = Any<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Any<T>, E> {
        Ok(Any::Truth(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Any<T>, E> {
        Ok(Any::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Any<T>, E> {
        Ok(Any::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Any<T>, E> {
        Ok(Any::Nothing)
    }

    fn visit_str<E>(self, text: &str) -> Result<Any<T>, E> {
        Ok(Any::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Any<T>, E> {
        Ok(Any::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Any<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Any::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Any<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(Part(element)) = seq.next_element()? {
            list.extend(element);
        }
        Ok(Any::List(List(list)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Thing {
        text: Told<String>,
        number: Told<u64>,
        truth: Told<bool>,
        list: List<Thing>,
        part: Part<Box<Thing>>,
    }

    fn check(json: &str) -> Thing {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_of_another_type_counts_as_absent() {
        for other in ["null", "-1", "1.5", "[]", "{}", r#"[1, null, "x", []]"#] {
            let odd = check(&format!(r#"{{"text": {other}, "number": {other}, "truth": {other}}}"#));
            assert_eq!(odd, Thing::default(), "{other}");
        }
        for other in ["null", "7", "true", r#""text""#, r#"[null, "x", 3]"#] {
            let odd = check(&format!(r#"{{"part": {other}, "list": {other}, "unknown": {other}}}"#));
            assert_eq!(odd, Thing::default(), "{other}");
        }
    }

    #[test]
    fn what_means_the_same_is_read() {
        assert_eq!(check(r#"{"number": "23"}"#), check(r#"{"number": 23}"#));
        assert_eq!(check(r#"{"text": "23"}"#), check(r#"{"text": 23}"#));
        assert_eq!(check(r#"{"truth": true}"#), check(r#"{"truth": 1}"#));
        let nested = check(r#"{"list": [{"text": "a"}, null], "part": {"text": "b"}}"#);
        assert_eq!(nested.list.0[0].text.as_deref(), Some("a"));
        assert_eq!(nested.part.0.unwrap().text.as_deref(), Some("b"));
    }
}
