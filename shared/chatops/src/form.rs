//! The body of a slash command: `application/x-www-form-urlencoded`
//! (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>), read strictly: text that is not UTF-8 is refused
//! rather than mended, since what was typed reaches the job byte by byte.
//!
//! Not here: what the fields mean (`command`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use crate::limits::{BODY_BYTES_MAX, FIELDS_MAX};

/// The fields, by name.
#[derive(Debug)]
pub(crate) struct Form(BTreeMap<String, String>);

/// Why a body is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Endless.
    #[error("The request has more than {BODY_BYTES_MAX} bytes or {FIELDS_MAX} fields.")]
    TooLarge,
    /// Not text.
    #[error("The request is not UTF-8.")]
    NotText,
    /// Two values for one name: nobody knows which one another reader believes.
    #[error("The request names a field twice.")]
    Repeated,
}

impl Form {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, FormError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(FormError::TooLarge);
        }
        let mut fields = BTreeMap::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = equals.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
            if fields.len() == FIELDS_MAX {
                return Err(FormError::TooLarge);
            }
            if fields.insert(decode(name)?, decode(value)?).is_some() {
                return Err(FormError::Repeated);
            }
        }
        Ok(Self(fields))
    }

    /// The value of a field, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn decode(encoded: &[u8]) -> Result<String, FormError> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| FormError::NotText)?;
    Ok(Cow::into_owned(decoded))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(body: &[u8]) -> Result<Option<String>, FormError> {
        Form::parse(body).map(|form| form.get("text").map(str::to_owned))
    }

    #[test]
    fn what_was_typed_is_read_byte_by_byte() {
        assert_eq!(
            text(b"a=1&text=run+echo+%24%28id%29%3B+1%2B1%0Ay&b"),
            Ok(Some("run echo $(id); 1+1\ny".into()))
        );
        assert_eq!(text(b"text="), Ok(Some(String::new())));
        assert_eq!(text(b"text=a=b%zz%"), Ok(Some("a=b%zz%".into())));
        assert_eq!(text(b""), Ok(None));
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused() {
        assert_eq!(text(b"text=a&text=b"), Err(FormError::Repeated));
        assert_eq!(text(b"text=a&te%78t=b"), Err(FormError::Repeated));
        assert_eq!(text(b"text=%ff"), Err(FormError::NotText));
        assert_eq!(text(b"text=\xff"), Err(FormError::NotText));
    }

    #[test]
    fn an_endless_form_is_refused() {
        let fields = |count: usize| (0..count).map(|n| format!("f{n}=x")).collect::<Vec<_>>().join("&");
        assert_eq!(text(fields(64).as_bytes()), Ok(None));
        assert_eq!(text(fields(65).as_bytes()), Err(FormError::TooLarge));
        assert_eq!(text(&vec![b'x'; BODY_BYTES_MAX + 1]), Err(FormError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Form::parse(&body);
        }

        #[test]
        fn every_text_comes_back_as_it_was_sent(typed in "\\PC*|[\\s\\S]{0,40}") {
            let encoded = typed.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            prop_assert_eq!(text(format!("text={encoded}").as_bytes()), Ok(Some(typed)));
        }
    }
}
