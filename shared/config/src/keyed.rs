//! Custom headers of a hook and variables of its URL: names that everybody may see, each with a secret value, as in
//! GitLab (<https://docs.gitlab.com/user/project/integrations/webhooks/#custom-headers> and
//! `#mask-sensitive-portions-of-webhook-urls`).
//!
//! Not here: what becomes of a variable in a URL (`hook_url`), and which headers are Bellhop's own (`relay`).

use payload::Secret;
use serde::{Deserialize, Serialize};

use crate::limits::{HEADER_VALUE_CHARS_MAX, KEY_NAME_BYTES_MAX, KEYED_SECRETS_MAX, URL_VARIABLE_CHARS_MAX};

/// A secret with a name, spelled as in GitLab's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyedSecret<S = Secret> {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: S,
}

/// Why headers or variables are refused. Never says a value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyedSecretsError {
    /// More than GitLab allows.
    #[error("at most {KEYED_SECRETS_MAX}, and these are {0}")]
    TooMany(usize),
    /// Two of one name.
    #[error("'{0}' stands there twice")]
    Twice(String),
    /// No name for a header.
    #[error("'{0}' is no name: letters, then letters and digits, with single -, _ or . in between")]
    HeaderName(String),
    /// A header that frames or routes the request.
    #[error("'{0}' is set by whoever sends the request")]
    Framing(String),
    /// A value that no header can carry.
    #[error(
        "the value of '{0}' has 1 to {HEADER_VALUE_CHARS_MAX} printable ASCII characters, and no space at its ends"
    )]
    HeaderValue(String),
    /// No name for a variable.
    #[error("'{0}' is no name: letters, digits and _, and no digit first")]
    VariableName(String),
    /// A value that would end the URL, or none.
    #[error(
        "the value of '{0}' has 1 to {URL_VARIABLE_CHARS_MAX} characters, none of them a control character"
    )]
    VariableValue(String),
}

/// Headers that say how a request is cut out of its connection, or to whom it goes: setting one of them by hand makes
/// two programs see two different requests (RFC 9110, section 7.6.1; RFC 9112, section 6).
const FRAMING: [&str; 11] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl<S> KeyedSecret<S> {
    /// The same with its secret held another way.
    pub(crate) fn try_map<T, E>(
        self,
        change: &mut impl FnMut(S) -> Result<T, E>,
    ) -> Result<KeyedSecret<T>, E> {
        Ok(KeyedSecret { key: self.key, value: change(self.value)? })
    }
}

impl KeyedSecret {
    /// A name and a value.
    pub fn new(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), value: Secret::new(value) }
    }
}

/// Whether headers are valid. GitLab's rule, which an HTTP header's own is wider than, and no header of [`FRAMING`].
pub(crate) fn check_headers(headers: &[KeyedSecret]) -> Result<(), KeyedSecretsError> {
    check_keys(headers, str::to_ascii_lowercase)?;
    for KeyedSecret { key, value } in headers {
        if !is_header_name(key) {
            return Err(KeyedSecretsError::HeaderName(key.clone()));
        }
        if FRAMING.contains(&key.to_ascii_lowercase().as_str()) {
            return Err(KeyedSecretsError::Framing(key.clone()));
        }
        let text = value.expose();
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text;
        if !(1..=HEADER_VALUE_CHARS_MAX).contains(&text.len()) || !is_printable {
            return Err(KeyedSecretsError::HeaderValue(key.clone()));
        }
    }
    Ok(())
}

/// Whether variables are valid, each for itself.
pub(crate) fn check_variables(variables: &[KeyedSecret]) -> Result<(), KeyedSecretsError> {
    check_keys(variables, str::to_owned)?;
    for KeyedSecret { key, value } in variables {
        if !is_variable_name(key) {
            return Err(KeyedSecretsError::VariableName(key.clone()));
        }
        let text = value.expose();
        let is_sized = (1..=URL_VARIABLE_CHARS_MAX).contains(&text.chars().count());
        if !is_sized || text.chars().any(char::is_control) {
            return Err(KeyedSecretsError::VariableValue(key.clone()));
        }
    }
    Ok(())
}

fn check_keys(keyed: &[KeyedSecret], name: impl Fn(&str) -> String) -> Result<(), KeyedSecretsError> {
    if keyed.len() > KEYED_SECRETS_MAX {
        return Err(KeyedSecretsError::TooMany(keyed.len()));
    }
    let mut seen = std::collections::BTreeSet::new();
    match keyed.iter().find(|KeyedSecret { key, .. }| !seen.insert(name(key))) {
        Some(twice) => Err(KeyedSecretsError::Twice(twice.key.clone())),
        None => Ok(()),
    }
}

/// `^[A-Za-z]+[0-9]*(?:[._-][A-Za-z0-9]+)*$`, as in GitLab.
fn is_header_name(name: &str) -> bool {
    let mut parts = name.split(['.', '_', '-']);
    let first = parts.next().unwrap_or_default();
    let after_letters = first.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let is_first_fit = after_letters.len() < first.len() && after_letters.bytes().all(|b| b.is_ascii_digit());
    let is_rest_fit = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.len() <= KEY_NAME_BYTES_MAX && is_first_fit && parts.all(is_rest_fit)
}

/// `^[A-Za-z_][A-Za-z0-9_]*$`, as in GitLab.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.len() <= KEY_NAME_BYTES_MAX
        && name.bytes().next().is_some_and(|first| is_part(first) && !first.is_ascii_digit())
        && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key: &str, value: &str) -> Result<(), KeyedSecretsError> {
        check_headers(&[KeyedSecret::new(key, value)])
    }

    fn variable(key: &str, value: &str) -> Result<(), KeyedSecretsError> {
        check_variables(&[KeyedSecret::new(key, value)])
    }

    #[test]
    fn a_header_has_a_name_as_in_gitlab() {
        for good in ["Authorization", "X-Env", "X-1", "a1.b_c-2", "A"] {
            assert_eq!(header(good, "x"), Ok(()), "{good}");
        }
        for bad in ["", "1X", "X-", "-X", "X--Y", "X Y", "X:Y", "Ünï", "A1b", "X\r\nY", &"a".repeat(256)] {
            assert_eq!(header(bad, "x"), Err(KeyedSecretsError::HeaderName(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn a_header_cannot_split_or_redirect_the_request() {
        for value in ["", "a\r\nX-Evil: 1", " a", "a ", "ü", &"x".repeat(2049)] {
            assert_eq!(header("X-Env", value), Err(KeyedSecretsError::HeaderValue("X-Env".to_owned())));
        }
        assert_eq!(header("X-Env", &"x".repeat(2048)), Ok(()));
        for framing in ["Host", "content-length", "Transfer-Encoding"] {
            assert_eq!(header(framing, "1"), Err(KeyedSecretsError::Framing(framing.to_owned())));
        }
    }

    #[test]
    fn a_variable_has_a_name_and_a_value_as_in_gitlab() {
        assert_eq!(variable("_token2", "p%20/ü"), Ok(()));
        for bad in ["", "2a", "a-b", "a.b", "ä"] {
            assert_eq!(variable(bad, "x"), Err(KeyedSecretsError::VariableName(bad.to_owned())));
        }
        for bad in ["", "a\nb", &"x".repeat(101)] {
            assert_eq!(variable("a", bad), Err(KeyedSecretsError::VariableValue("a".to_owned())));
        }
    }

    #[test]
    fn each_name_stands_once_and_there_are_twenty_at_most() {
        let headers = [KeyedSecret::new("X-Env", "a"), KeyedSecret::new("x-env", "b")];
        assert_eq!(check_headers(&headers), Err(KeyedSecretsError::Twice("x-env".to_owned())));
        assert_eq!(
            check_variables(&headers),
            Err(KeyedSecretsError::VariableName("X-Env".to_owned())),
            "names of variables differ by case"
        );
        let many: Vec<_> = (0..21).map(|n| KeyedSecret::new(&format!("a{n}"), "x")).collect();
        assert_eq!(check_headers(&many), Err(KeyedSecretsError::TooMany(21)));
        assert_eq!(check_variables(&many[1..]), Ok(()));
    }
}
