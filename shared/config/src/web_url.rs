//! The address of a web service that Bellhop is told to trust: `https://host[:port][/path]`, and nothing behind it.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::limits::URL_BYTES_MAX;

/// Such an address, as a browser spells it, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct WebUrl(String);

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address looks like https://host.example.net, with a port and a path if it has them, and nothing behind"
)]
pub struct WebUrlError;

impl WebUrl {
    /// The address itself: append a path that starts with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> Self {
        url.0
    }
}

impl TryFrom<String> for WebUrl {
    type Error = WebUrlError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let url = Url::parse(&text).map_err(|_| WebUrlError)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_web && is_bare && text.len() <= URL_BYTES_MAX {
            Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
        } else {
            Err(WebUrlError)
        }
    }
}

impl std::str::FromStr for WebUrl {
    type Err = WebUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_spelled_in_one_way() {
        for (text, read) in [
            ("https://gitlab.example.net", "https://gitlab.example.net"),
            ("HTTPS://GitLab.example.net/", "https://gitlab.example.net"),
            ("http://localhost:8080/git/", "http://localhost:8080/git"),
        ] {
            assert_eq!(text.parse::<WebUrl>().unwrap().as_str(), read);
        }
        for other in ["", "gitlab.example.net", "ftp://h", "https://u:p@h/", "https://h/?x=1", "https://h/#x"]
        {
            assert_eq!(other.parse::<WebUrl>(), Err(WebUrlError), "{other}");
        }
    }
}
