//! HTTP hooks: GitLab's project webhooks, going out
//! (<https://docs.gitlab.com/api/project_webhooks/>).
//!
//! Not here: what a hook is sent (`relay`), and when again (`relay::schedule`).

use payload::{Secret, SigningKey, SigningKeyError};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::limits::{
    HOOK_DESCRIPTION_CHARS_MAX, HOOK_NAME_CHARS_MAX, RATE_LIMIT, RETRY_WAIT_S, RETRY_WAITS_MAX,
    SECRET_BYTES_MAX, SECRETS_MAX, TIMEOUT_S, TIMEOUT_S_DEFAULT,
};
use crate::{
    HookId, KeyedSecret, KeyedSecretsError, Subscription, SubscriptionError, Template, TemplateError,
    UrlError, hook_url, keyed,
};

/// An HTTP target. What is absent in a stored one is as by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHook<S = Secret> {
    /// Its number in the project.
    pub id: HookId,
    /// What people call it; empty for none.
    pub name: String,
    /// What it is for; empty for none.
    #[serde(default)]
    pub description: String,
    /// Off keeps the settings and sends nothing.
    #[serde(default = "yes")]
    pub active: bool,
    /// Where events are posted; `{name}` stands for a variable. A secret like any other: chat services put the password
    /// into the path. GitLab encrypts it, too.
    pub url: S,
    /// The values for the names in the URL.
    #[serde(default = "Vec::new")]
    pub url_variables: Vec<KeyedSecret<S>>,
    /// Whether the target has to prove that it is the host in the URL.
    #[serde(default = "yes")]
    pub enable_ssl_verification: bool,
    /// Sent as `X-Gitlab-Token`.
    pub token: Option<S>,
    /// What requests are signed with: `whsec_` and base64, as Standard Webhooks has it. All of them sign, so that a
    /// target can change from one to the next.
    #[serde(default = "Vec::new")]
    pub signing_tokens: Vec<S>,
    /// What bodies are signed with for those who know GitHub's `X-Hub-Signature-256`.
    pub hub_secret: Option<S>,
    /// Sent with every request, unless Bellhop has a header of that name to send.
    #[serde(default = "Vec::new")]
    pub custom_headers: Vec<KeyedSecret<S>>,
    /// In what form events are sent.
    #[serde(default)]
    pub format: HookFormat,
    /// What is made of that form before it is sent.
    #[serde(default)]
    pub custom_webhook_template: Option<Template>,
    /// How long an attempt may take, in seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
    /// How many requests a minute it gets at the most.
    #[serde(default)]
    pub rate_limit: Option<u32>,
    /// Whether its events come one at a time, in the order in which they came in. Then one that it does not take keeps
    /// those behind it waiting.
    #[serde(default)]
    pub ordered: bool,
    /// The waits before the second, third, ... attempt, in seconds; `None` for those that all hooks have. With none in
    /// it, there is one attempt.
    #[serde(default)]
    pub retry_waits_s: Option<Vec<u32>>,
    /// What it wants to hear of.
    pub subscription: Subscription,
}

/// In what form a hook is sent events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HookFormat {
    /// The sender's body, byte for byte, with the sender's event headers.
    #[default]
    Passthrough,
    /// As GitLab would have told it, whatever forge it came from.
    Gitlab,
    /// Bellhop's own, the same for all forges.
    Bellhop,
}

/// Why a hook is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// See [`UrlError`].
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Longer than GitLab's columns.
    #[error(
        "a hook's name has at most {HOOK_NAME_CHARS_MAX} characters, its description {HOOK_DESCRIPTION_CHARS_MAX}"
    )]
    Text,
    /// GitLab refuses line breaks as well.
    #[error("a hook's token has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    Token,
    /// Nothing to sign with.
    #[error("a hook's hub_secret has 1 to {SECRET_BYTES_MAX} printable ASCII characters")]
    HubSecret,
    /// See [`SigningKeyError`].
    #[error(transparent)]
    SigningToken(#[from] SigningKeyError),
    /// A header has to hold all signatures.
    #[error("a hook has at most {SECRETS_MAX} signing tokens, and this one has {0}")]
    TooManySigningTokens(usize),
    /// See [`KeyedSecretsError`].
    #[error("custom_headers: {0}")]
    CustomHeaders(KeyedSecretsError),
    /// See [`KeyedSecretsError`].
    #[error("url_variables: {0}")]
    UrlVariables(KeyedSecretsError),
    /// See [`TemplateError`].
    #[error("custom_webhook_template: {0}")]
    Template(#[from] TemplateError),
    /// No time at all, or longer than a batch may take.
    #[error("a hook's timeout is {} to {} seconds", TIMEOUT_S.start(), TIMEOUT_S.end())]
    Timeout,
    /// Nothing would ever be sent.
    #[error("a hook's rate_limit is {} to {} requests a minute", RATE_LIMIT.start(), RATE_LIMIT.end())]
    RateLimit,
    /// A schedule that ends never, or waits longer than a queue can.
    #[error(
        "a hook has at most {RETRY_WAITS_MAX} retry_waits_s, of {} to {} seconds each",
        RETRY_WAIT_S.start(),
        RETRY_WAIT_S.end()
    )]
    RetryWaits,
    /// See [`SubscriptionError`].
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
}

fn yes() -> bool {
    true
}

fn default_timeout_s() -> u16 {
    TIMEOUT_S_DEFAULT
}

impl<S> HttpHook<S> {
    /// The same hook with its secrets held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<HttpHook<T>, E> {
        let mut keyed = |secrets: Vec<KeyedSecret<S>>| -> Result<Vec<_>, E> {
            secrets.into_iter().map(|secret| secret.try_map(change)).collect()
        };
        Ok(HttpHook {
            id: self.id,
            name: self.name,
            description: self.description,
            active: self.active,
            url_variables: keyed(self.url_variables)?,
            custom_headers: keyed(self.custom_headers)?,
            url: change(self.url)?,
            enable_ssl_verification: self.enable_ssl_verification,
            token: self.token.map(&mut *change).transpose()?,
            signing_tokens: self.signing_tokens.into_iter().map(&mut *change).collect::<Result<_, _>>()?,
            hub_secret: self.hub_secret.map(change).transpose()?,
            format: self.format,
            custom_webhook_template: self.custom_webhook_template,
            timeout_s: self.timeout_s,
            rate_limit: self.rate_limit,
            ordered: self.ordered,
            retry_waits_s: self.retry_waits_s,
            subscription: self.subscription,
        })
    }
}

impl HttpHook {
    /// A hook with every setting as by default.
    pub fn to(id: HookId, url: &str) -> Self {
        Self {
            id,
            name: String::new(),
            description: String::new(),
            active: true,
            url: Secret::new(url),
            url_variables: Vec::new(),
            enable_ssl_verification: true,
            token: None,
            signing_tokens: Vec::new(),
            hub_secret: None,
            custom_headers: Vec::new(),
            format: HookFormat::default(),
            custom_webhook_template: None,
            timeout_s: TIMEOUT_S_DEFAULT,
            rate_limit: None,
            ordered: false,
            retry_waits_s: None,
            subscription: Subscription::default(),
        }
    }

    /// Where events are posted, as an address, variables and all.
    pub fn address(&self) -> Result<Url, UrlError> {
        hook_url::address(&self.url, &self.url_variables)
    }

    /// The same hook, aimed elsewhere. `url_variables` are those of the new URL if they are given with it; the old ones
    /// belong to the old one.
    ///
    /// Whoever may aim a hook need not be who knows its secrets, and must not learn them by having them sent to a server
    /// of his own. So all of them are cleared when the URL changes, or when a variable makes another server of it, as
    /// GitLab does; what is given anew is set afterwards.
    #[must_use]
    pub fn moved_to(self, url: Secret, url_variables: Option<Vec<KeyedSecret>>) -> Self {
        let server = |hook: &Self| hook.address().map(|address| address.origin());
        let before = (self.url.clone(), server(&self));
        let is_new_url = url != self.url;
        let kept = if is_new_url { Vec::new() } else { self.url_variables.clone() };
        let moved = Self { url, url_variables: url_variables.unwrap_or(kept), ..self };
        if before == (moved.url.clone(), server(&moved)) {
            return moved;
        }
        Self {
            token: None,
            signing_tokens: Vec::new(),
            hub_secret: None,
            custom_headers: Vec::new(),
            ..moved
        }
    }

    /// Whether the values are valid.
    pub fn check(&self) -> Result<(), HookError> {
        if self.name.chars().count() > HOOK_NAME_CHARS_MAX
            || self.description.chars().count() > HOOK_DESCRIPTION_CHARS_MAX
        {
            return Err(HookError::Text);
        }
        keyed::check_variables(&self.url_variables).map_err(HookError::UrlVariables)?;
        self.address()?;
        self.check_secrets()?;
        self.custom_webhook_template.as_ref().map_or(Ok(()), Template::check)?;
        if !TIMEOUT_S.contains(&self.timeout_s) {
            return Err(HookError::Timeout);
        }
        if self.rate_limit.is_some_and(|limit| !RATE_LIMIT.contains(&limit)) {
            return Err(HookError::RateLimit);
        }
        let waits = self.retry_waits_s.as_deref().unwrap_or_default();
        if waits.len() > RETRY_WAITS_MAX || waits.iter().any(|wait| !RETRY_WAIT_S.contains(wait)) {
            return Err(HookError::RetryWaits);
        }
        Ok(self.subscription.check()?)
    }

    fn check_secrets(&self) -> Result<(), HookError> {
        let is_unfit = |secret: &Secret| {
            let text = secret.expose();
            let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            !(1..=SECRET_BYTES_MAX).contains(&text.len()) || !is_printable
        };
        if self.token.as_ref().is_some_and(is_unfit) {
            return Err(HookError::Token);
        }
        if self.hub_secret.as_ref().is_some_and(is_unfit) {
            return Err(HookError::HubSecret);
        }
        if self.signing_tokens.len() > SECRETS_MAX {
            return Err(HookError::TooManySigningTokens(self.signing_tokens.len()));
        }
        self.signing_tokens.iter().try_for_each(|token| SigningKey::new(token).map(drop))?;
        keyed::check_headers(&self.custom_headers).map_err(HookError::CustomHeaders)
    }
}

#[cfg(test)]
mod tests;
