//! `[[project.hook]]`: an HTTP target, under the names of GitLab's project webhooks.

use config::limits::{RATE_LIMIT, RETRY_WAIT_S, RETRY_WAITS_MAX, TIMEOUT_S};
use config::{
    BranchFilterStrategy, HookError, HookFormat, HookId, HttpHook, RefFilter, RefFilterError,
    SubscriptionError, Template,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::secret::{KeyedEntry, Written};
use super::subscription::SubscriptionEntry;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Hook")]
pub(super) struct HookEntry {
    /// Its number, as `bellhop targets` shows it. Left out: that of the hook with this name, or else with this URL; or a
    /// new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>", range(min = 1))]
    pub(super) id: Option<HookId>,
    /// What people call it. Keeps its identity when the URL changes.
    #[serde(default)]
    pub(super) name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// False keeps the settings and sends nothing.
    #[serde(default = "yes")]
    active: bool,
    /// Where events are posted; `{name}` stands for a variable.
    pub(super) url: Written,
    /// The values for the names in the URL.
    #[serde(default)]
    url_variables: Vec<KeyedEntry>,
    /// False takes any certificate: anybody on the way can read along.
    #[serde(default = "yes")]
    enable_ssl_verification: bool,
    /// Sent to it as `X-Gitlab-Token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Written>,
    /// Signs each request (Standard Webhooks). GitLab's, which has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signing_token: Option<Written>,
    /// All of them sign, so that you can change from one to the next.
    #[serde(default)]
    signing_tokens: Vec<Written>,
    /// Signs as GitHub does, in `X-Hub-Signature-256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hub_secret: Option<Written>,
    /// Sent with every request.
    #[serde(default)]
    custom_headers: Vec<KeyedEntry>,
    /// In what form events are sent.
    #[serde(default)]
    format: HookFormat,
    /// What is made of that form before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    custom_webhook_template: Option<Template>,
    /// How long an attempt may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = *TIMEOUT_S.start(), max = *TIMEOUT_S.end()))]
    timeout_s: Option<u16>,
    /// How many requests a minute it gets at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = *RATE_LIMIT.start(), max = *RATE_LIMIT.end()))]
    rate_limit: Option<u32>,
    /// One at a time, in order: what it does not take keeps the rest waiting.
    #[serde(default)]
    ordered: bool,
    /// The waits before the second, third, ... attempt, in seconds. Left out: nine attempts within 28 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = RETRY_WAITS_MAX),
        inner(range(min = *RETRY_WAIT_S.start(), max = *RETRY_WAIT_S.end()))
    )]
    retry_waits_s: Option<Vec<u32>>,
    /// GitLab's own filter of branches, of pushes alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    push_events_branch_filter: Option<String>,
    /// How GitLab reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch_filter_strategy: Option<BranchFilterStrategy>,
    #[serde(flatten)]
    wanted: SubscriptionEntry,
}

fn yes() -> bool {
    true
}

impl HookEntry {
    pub(super) fn of(hook: HttpHook<Written>) -> Self {
        let keyed = |list: Vec<_>| list.into_iter().map(KeyedEntry::of).collect();
        Self {
            id: Some(hook.id),
            name: hook.name,
            description: hook.description,
            active: hook.active,
            url: hook.url,
            url_variables: keyed(hook.url_variables),
            enable_ssl_verification: hook.enable_ssl_verification,
            token: hook.token,
            signing_token: None,
            signing_tokens: Written::numbered(hook.signing_tokens),
            hub_secret: hook.hub_secret,
            custom_headers: keyed(hook.custom_headers),
            format: hook.format,
            custom_webhook_template: hook.custom_webhook_template,
            timeout_s: Some(hook.timeout_s),
            rate_limit: hook.rate_limit,
            ordered: hook.ordered,
            retry_waits_s: hook.retry_waits_s,
            push_events_branch_filter: None,
            branch_filter_strategy: None,
            wanted: SubscriptionEntry::of(hook.subscription),
        }
    }

    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Written> {
        let keyed = self.url_variables.iter_mut().chain(&mut self.custom_headers);
        [&mut self.url]
            .into_iter()
            .chain(&mut self.token)
            .chain(&mut self.signing_token)
            .chain(&mut self.signing_tokens)
            .chain(&mut self.hub_secret)
            .chain(keyed.map(|keyed| &mut keyed.value))
    }

    /// Whether this entry, which gives no number, is about a stored hook: by name, or without one by URL.
    pub(super) fn is_about(&self, hook: &HttpHook) -> bool {
        if self.name.is_empty() {
            hook.name.is_empty() && matches!(&self.url, Written::Literal(url) if *url == hook.url)
        } else {
            hook.name == self.name
        }
    }

    /// The hook, under its number. Secrets of the stored one are taken over only where the entry says so, since they
    /// would go to wherever its URL leads now.
    pub(super) fn hook(self, id: HookId, stored: Option<&HttpHook>) -> Result<HttpHook, EntryError> {
        let refs = self.refs().map_err(|error| config::ProjectError::Hook {
            name: self.name.clone(),
            error: HookError::Subscription(SubscriptionError::Refs(error)),
        })?;
        let place = |field: &str| format!("hook '{}': {field}", self.name);
        let none = Vec::new;
        let url = self.url.secret(stored.map(|hook| &hook.url), &place("url"))?;
        let default = HttpHook::to(id, "");
        let variables = stored.map_or_else(none, |hook| hook.url_variables.clone());
        let headers = stored.map_or_else(none, |hook| hook.custom_headers.clone());
        let tokens: Vec<_> = self.signing_token.into_iter().chain(self.signing_tokens).collect();
        let signing = stored.map_or(&[][..], |hook| &hook.signing_tokens);
        let secret = |written: Option<Written>, kept: Option<&payload::Secret>, field| {
            written.map(|written| written.secret(kept, &place(field))).transpose()
        };
        Ok(HttpHook {
            url,
            url_variables: KeyedEntry::keyed(self.url_variables, &variables, &place("url_variables"))?,
            token: secret(self.token, stored.and_then(|hook| hook.token.as_ref()), "token")?,
            signing_tokens: Written::secrets(tokens, signing, &place("signing_tokens"))?,
            hub_secret: secret(
                self.hub_secret,
                stored.and_then(|hook| hook.hub_secret.as_ref()),
                "hub_secret",
            )?,
            custom_headers: KeyedEntry::keyed(self.custom_headers, &headers, &place("custom_headers"))?,
            description: self.description,
            active: self.active,
            enable_ssl_verification: self.enable_ssl_verification,
            format: self.format,
            custom_webhook_template: self.custom_webhook_template,
            timeout_s: self.timeout_s.unwrap_or(default.timeout_s),
            rate_limit: self.rate_limit,
            ordered: self.ordered,
            retry_waits_s: self.retry_waits_s,
            subscription: self.wanted.subscription(refs, Vec::new()),
            name: self.name,
            ..default
        })
    }

    /// GitLab's filter, or ours.
    fn refs(&self) -> Result<RefFilter, RefFilterError> {
        let Some(gitlabs) = &self.push_events_branch_filter else {
            return Ok(self.wanted.refs());
        };
        if self.wanted.names_refs() {
            return Err(RefFilterError::Both);
        }
        RefFilter::of_gitlab(gitlabs, self.branch_filter_strategy.unwrap_or_default())
    }
}
