//! A payload as it is kept, and read again at every attempt.
//!
//! Not here: which headers are kept (`payload::kept`), what is made of it for a target (`hook_body`).

use http::{HeaderMap, HeaderName, HeaderValue};

/// The payload as it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// The kept headers, by lower-case name (see `payload::kept`).
    pub headers: Vec<(String, String)>,
    /// The raw bytes.
    pub body: Vec<u8>,
}

impl Original {
    /// A kept header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All of them, as they came in.
    pub(crate) fn header_map(&self) -> HeaderMap {
        let headers = self.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        });
        headers.collect()
    }
}
