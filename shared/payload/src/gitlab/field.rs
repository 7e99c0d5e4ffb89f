//! Fields as GitLab's many versions send them: absent, null, or of another type than today's documentation says. Such
//! a field is not there; the event it stands in is not lost for it.
//!
//! Not here: which fields there are, and which of them an event cannot do without.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value of the expected type, if there is one.
pub(super) struct Field<T>(pub(super) Option<T>);

/// Never empty: an empty text tells nothing.
pub(super) type Text = Field<String>;
/// Whole, not negative; seconds lose their fractions.
pub(super) type Number = Field<u64>;
pub(super) type Flag = Field<bool>;
pub(super) type Part<T> = Field<Object<T>>;
/// Without the elements that are of another type.
pub(super) type List<T> = Field<Vec<T>>;

/// A JSON object.
pub(super) struct Object<T>(pub(super) T);

impl<T> Part<T> {
    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|Object(part)| part)
    }

    pub(super) fn take(self) -> Option<T> {
        self.0.map(|Object(part)| part)
    }
}

impl<T> Field<T> {
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// What a type makes of each kind of JSON value: nothing, where it does not say.
pub(super) trait Shape<'de>: Sized {
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

impl<'de, T: Deserialize<'de>> Shape<'de> for Object<T> {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|part| Some(Self(part)))
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for Vec<T> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut elements = Self::new();
        while let Some(Field(element)) = list.next_element::<Field<T>>()? {
            elements.extend(element);
        }
        Ok(Some(elements))
    }
}

/// An element that only counts.
impl Shape<'_> for IgnoredAny {
    fn of_text(_: &str) -> Option<Self> {
        Some(Self)
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

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Payload {
        text: Text,
        number: Number,
        flag: Flag,
        part: Part<Inner>,
        list: List<Object<Inner>>,
    }

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Inner {
        id: Number,
    }

    fn check(json: &str) -> String {
        let Payload { text, number, flag, part, list } = serde_json::from_str(json).unwrap();
        let id = part.take().and_then(|inner| inner.id.0);
        let ids: Option<Vec<_>> =
            list.0.map(|list| list.into_iter().map(|Object(inner)| inner.id.0).collect());
        format!("{:?} {:?} {:?} {id:?} {ids:?}", text.0, number.0, flag.0)
    }

    #[test]
    fn a_field_of_another_type_is_read_where_it_can_be_and_is_absent_where_not() {
        let as_documented = r#"{"text":"a","number":1,"flag":true,"part":{"id":2},"list":[{"id":3}]}"#;
        insta::assert_snapshot!(check(as_documented), @r#"Some("a") Some(1) Some(true) Some(2) Some([Some(3)])"#);
        insta::assert_snapshot!(check(r#"{"text":5,"number":"6","flag":"false","list":[null,{"id":"7"},8,{}]}"#), @r#"Some("5") Some(6) Some(false) None Some([Some(7), None])"#);
        insta::assert_snapshot!(check(r#"{"text":"","number":49.9,"flag":1,"part":[{"id":1}],"list":{"id":1}}"#), @"None Some(49) Some(true) None None");
        insta::assert_snapshot!(check(r#"{"text":{"a":[1]},"number":-1,"flag":[[]],"part":"x","list":true}"#), @"None None None None None");
        insta::assert_snapshot!(check(r#"{"text":null,"number":1e300,"flag":null,"part":null,"list":null}"#), @"None Some(18446744073709551615) None None None");
        insta::assert_snapshot!(check("{}"), @"None None None None None");
    }
}
