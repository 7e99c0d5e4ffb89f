//! Fields as the forges' many versions send them: absent, null, or of another type than their documentation says. Such
//! a field is not there; the event it stands in is not lost for it. Nothing is kept that is not read.
//!
//! Not here: which fields there are, and which of them an event cannot do without.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value of the expected type, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<T>(pub(crate) Option<T>);

/// Never empty: an empty text tells nothing.
pub(crate) type Text = Field<String>;
/// Whole, not negative; seconds lose their fractions.
pub(crate) type Number = Field<u64>;
pub(crate) type Flag = Field<bool>;
/// How long a list is, whatever it holds.
pub(crate) type Length = Field<Elements>;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part<T>(pub(crate) Option<T>);

/// A list of objects, without the elements that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Option<Vec<T>>);

impl<T> Default for Field<T> {
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
        Self(None)
    }
}

impl<T> Field<T> {
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl Text {
    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// What a type makes of each kind of JSON value: nothing, where it does not say.
pub(crate) trait Shape<'de>: Sized {
    fn of_text(_: &str) -> Option<Self> {
        None
    }

    fn of_whole(_: u64) -> Option<Self> {
        None
    }

    fn of_fraction(_: f64) -> Option<Self> {
        None
    }

    fn of_flag(_: bool) -> Option<Self> {
        None
    }

    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl Shape<'_> for String {
    fn of_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn of_whole(number: u64) -> Option<Self> {
        Some(number.to_string())
    }
}

impl Shape<'_> for u64 {
    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn of_whole(number: u64) -> Option<Self> {
        Some(number)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the fraction is to go, the sign is looked at, and `as` ends at the type's bounds"
    )]
    fn of_fraction(number: f64) -> Option<Self> {
        (number >= 0.0).then_some(number as Self)
    }
}

impl Shape<'_> for bool {
    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn of_whole(number: u64) -> Option<Self> {
        Some(number != 0)
    }

    fn of_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

/// A number of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elements(pub(crate) usize);

impl<'de> Shape<'de> for Elements {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Some(Self(count)))
    }
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Shape<'de> for Object<T> {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|part| Some(Self(part)))
    }
}

struct Objects<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Shape<'de> for Objects<T> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut objects = Vec::new();
        while let Some(Part(object)) = list.next_element()? {
            objects.extend(object);
        }
        Ok(Some(Self(objects)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Field(object) = Field::deserialize(deserializer)?;
        Ok(Self(object.map(|Object(part)| part)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Field(objects) = Field::deserialize(deserializer)?;
        Ok(Self(objects.map(|Objects(list)| list)))
    }
}

impl<'de, T: Shape<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor(PhantomData)).map(Self)
    }
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for AnyVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::of_text(text))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(T::of_whole(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).ok().and_then(T::of_whole))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(T::of_fraction(number))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(T::of_flag(flag))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::of_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::of_list(list)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Payload {
        text: Text,
        number: Number,
        flag: Flag,
        part: Part<Box<Payload>>,
        list: List<Payload>,
        length: Length,
    }

    fn check(json: &str) -> String {
        let Payload { text, number, flag, part, list, length } = serde_json::from_str(json).unwrap();
        let within = part.0.map(|part| part.number.0);
        let elements: Option<Vec<_>> = list.0.map(|list| list.into_iter().map(|one| one.number.0).collect());
        format!("{:?} {:?} {:?} {within:?} {elements:?} {:?}", text.0, number.0, flag.0, length.0)
    }

    #[test]
    fn a_field_of_another_type_is_read_where_it_can_be_and_is_absent_where_not() {
        for (json, read) in [
            (
                r#"{"text":"a","number":1,"flag":true,"part":{"number":2},"list":[{"number":3}],"length":[1,"b"]}"#,
                r#"Some("a") Some(1) Some(true) Some(Some(2)) Some([Some(3)]) Some(Elements(2))"#,
            ),
            (
                r#"{"text":5,"number":"6","flag":"false","part":{},"list":[null,{"number":"7"},8,{}],"length":[]}"#,
                r#"Some("5") Some(6) Some(false) Some(None) Some([Some(7), None]) Some(Elements(0))"#,
            ),
            (
                r#"{"text":"","number":49.9,"flag":1,"part":[{"number":1}],"list":{"number":1},"length":2}"#,
                "None Some(49) Some(true) None None None",
            ),
            (
                r#"{"text":{"a":[1]},"number":-1,"flag":[[]],"part":"x","list":true,"length":{"a":1}}"#,
                "None None None None None None",
            ),
            (
                r#"{"text":null,"number":1e300,"flag":null,"part":null,"list":null,"length":null}"#,
                "None Some(18446744073709551615) None None None None",
            ),
            ("{}", "None None None None None None"),
        ] {
            assert_eq!(check(json), read, "{json}");
        }
    }
}
