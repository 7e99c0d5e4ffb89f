//! HTTP hooks: GitLab's project webhooks, going out
//! (<https://docs.gitlab.com/api/project_webhooks/>).

use payload::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::limits::{SECRET_BYTES_MAX, URL_BYTES_MAX};
use crate::{HookId, Subscription, SubscriptionError};

/// An HTTP target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHook<S = Secret> {
    /// Its number in the project.
    pub id: HookId,
    /// What people call it; empty for none.
    pub name: String,
    /// Where events are posted. A secret like any other: chat services put the password into the path. GitLab
    /// encrypts it, too.
    pub url: S,
    /// Sent as `X-Gitlab-Token`.
    pub token: Option<S>,
    /// What it wants to hear of.
    pub subscription: Subscription,
}

/// Why a hook is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// Something that cannot be posted to.
    #[error("a hook's url starts with http:// or https:// and names a host")]
    Url,
    /// What one program reads as the end of a host and another one does not.
    #[error("a hook's url holds no control characters and no backslashes")]
    UrlCharacters,
    /// Longer than any server reads.
    #[error("a hook's url has at most {URL_BYTES_MAX} bytes")]
    UrlLength,
    /// GitLab refuses line breaks as well.
    #[error("a hook's token has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    Token,
    /// See [`SubscriptionError`].
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
}

impl<S> HttpHook<S> {
    /// The same hook with its secrets held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<HttpHook<T>, E> {
        Ok(HttpHook {
            id: self.id,
            name: self.name,
            url: change(self.url)?,
            token: self.token.map(change).transpose()?,
            subscription: self.subscription,
        })
    }
}

impl HttpHook {
    /// A hook with every setting as by default.
    pub fn to(id: HookId, url: &str) -> Self {
        let (name, subscription) = (String::new(), Subscription::default());
        Self { id, name, url: Secret::new(url), token: None, subscription }
    }

    /// Where events are posted, as an address.
    pub fn address(&self) -> Result<Url, HookError> {
        if self.url.expose().len() > URL_BYTES_MAX {
            return Err(HookError::UrlLength);
        }
        if self.url.expose().chars().any(|c| c.is_control() || c == '\\') {
            return Err(HookError::UrlCharacters);
        }
        let url = Url::parse(self.url.expose()).map_err(|_| HookError::Url)?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if is_web { Ok(url) } else { Err(HookError::Url) }
    }

    /// Whether the values are valid.
    pub fn check(&self) -> Result<(), HookError> {
        self.address()?;
        let is_sendable = |token: &Secret| {
            let text = token.expose();
            (1..=SECRET_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        if self.token.as_ref().is_some_and(|token| !is_sendable(token)) {
            return Err(HookError::Token);
        }
        Ok(self.subscription.check()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, token: Option<&str>) -> Result<(), HookError> {
        HttpHook { token: token.map(Secret::new), ..HttpHook::to(HookId(1), url) }.check()
    }

    #[test]
    fn a_hook_posts_to_the_web_and_nowhere_else() {
        assert_eq!(check("https://ci.example.com/build?x=1", Some("token")), Ok(()));
        assert_eq!(check("ci.example.com", None), Err(HookError::Url));
        assert_eq!(check("ftp://example.com/", None), Err(HookError::Url));
        assert_eq!(check("mailto:someone@example.com", None), Err(HookError::Url));
        assert_eq!(check("http://example.com\\@inside/", None), Err(HookError::UrlCharacters));
        assert_eq!(check("http://exam\nple.com/", None), Err(HookError::UrlCharacters));
        assert_eq!(check(&format!("http://h/{}", "x".repeat(3000)), None), Err(HookError::UrlLength));
    }

    #[test]
    fn a_token_cannot_break_out_of_its_header() {
        assert_eq!(check("http://h/", Some("a\r\nX-Evil: 1")), Err(HookError::Token));
        assert_eq!(check("http://h/", Some("")), Err(HookError::Token));
    }
}
