//! What somebody has typed into a hook's form, what it means, and the fields that show it again.
//!
//! Secrets are typed once. Those with a name are shown as `name: ***` ever after, and what comes back so is kept; of the
//! others, an empty field keeps what is stored, and a box takes it away. The URL is a secret as well, as chat services put
//! the password into the path: only its server is shown. A hook that is aimed elsewhere loses its secrets
//! (`HttpHook::moved_to`), so that nobody learns them by aiming it at a server of their own.
//!
//! Not here: which values are valid (`config::hook`), saving.

use app::clock::Chance;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use config::limits::{RATE_LIMIT, TIMEOUT_S};
use config::{HookError, HookFormat, HookId, HttpHook, KeyedSecret, Template};
use payload::Secret;

use crate::field::Field;
use crate::form::{Form, Problems, number};
use crate::keyed::{self, IsStored};
use crate::subscription;

/// How many random bytes a signing token has (<https://github.com/standard-webhooks/standard-webhooks>: 24 to 64).
const SIGNING_TOKEN_BYTES: usize = 32;

/// The forms in which events are sent.
const FORMATS: [(&str, &str); 3] = [
    ("passthrough", "As it came in, byte for byte"),
    ("gitlab", "As GitLab would have told it, whatever forge it came from"),
    ("bellhop", "Bellhop’s own, the same for all forges"),
];

/// What is typed and ticked. Of secrets, only what is new.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a box of the form")]
pub(super) struct Typed {
    name: String,
    description: String,
    active: bool,
    url: String,
    url_variables: String,
    custom_headers: String,
    token: String,
    drop_token: bool,
    hub_secret: String,
    drop_hub_secret: bool,
    signing_token: String,
    drop_signing_tokens: bool,
    /// Whether one is to be made and shown once.
    pub(super) wants_signing_token: bool,
    enable_ssl_verification: bool,
    ordered: bool,
    format: HookFormat,
    template: String,
    timeout_s: String,
    rate_limit: String,
    retry_waits_s: String,
    pub(super) subscription: subscription::Typed,
}

/// The fields, as the page shows them.
pub(super) struct FormFields {
    pub(super) main: Vec<Field>,
    pub(super) secrets: Vec<Field>,
    pub(super) body: Vec<Field>,
    pub(super) pace: Vec<Field>,
    /// Whether they are to be opened, for something in them is wrong.
    pub(super) are_secrets_wrong: bool,
    /// The same of what is sent, and how fast.
    pub(super) is_rest_wrong: bool,
}

/// A new signing token, as Standard Webhooks writes it.
pub(super) fn new_signing_token(chance: &Chance) -> String {
    format!("whsec_{}", STANDARD.encode(chance.bytes::<SIGNING_TOKEN_BYTES>()))
}

/// The server that a hook posts to: all of its URL that everybody may see.
pub(super) fn server(hook: &HttpHook) -> String {
    hook.address().map(|address| address.origin().ascii_serialization()).unwrap_or_default()
}

impl Typed {
    /// A form that nobody has filled yet.
    pub(super) fn new() -> Self {
        Self::of(&HttpHook::to(HookId(0), ""))
    }

    /// As it is stored.
    pub(super) fn of(hook: &HttpHook) -> Self {
        let waits = hook.retry_waits_s.as_ref().map(|waits| match &waits[..] {
            [] => "none".to_owned(),
            waits => waits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        });
        let template = hook.custom_webhook_template.as_ref();
        Self {
            name: hook.name.clone(),
            description: hook.description.clone(),
            active: hook.active,
            url: String::new(),
            url_variables: keyed::masked(&hook.url_variables),
            custom_headers: keyed::masked(&hook.custom_headers),
            token: String::new(),
            drop_token: false,
            hub_secret: String::new(),
            drop_hub_secret: false,
            signing_token: String::new(),
            drop_signing_tokens: false,
            wants_signing_token: false,
            enable_ssl_verification: hook.enable_ssl_verification,
            ordered: hook.ordered,
            format: hook.format,
            template: template.map(|template| template.as_str().to_owned()).unwrap_or_default(),
            timeout_s: hook.timeout_s.to_string(),
            rate_limit: hook.rate_limit.map(|rate| rate.to_string()).unwrap_or_default(),
            retry_waits_s: waits.unwrap_or_default(),
            subscription: subscription::Typed::of(&hook.subscription),
        }
    }

    /// As it came in.
    pub(super) fn read(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            name: text("name"),
            description: text("description"),
            active: form.is_on("active"),
            url: text("url"),
            url_variables: form.lines("url_variables"),
            custom_headers: form.lines("custom_headers"),
            token: text("token"),
            drop_token: form.is_on("drop_token"),
            hub_secret: text("hub_secret"),
            drop_hub_secret: form.is_on("drop_hub_secret"),
            signing_token: text("signing_token"),
            drop_signing_tokens: form.is_on("drop_signing_tokens"),
            wants_signing_token: form.is_on("make_signing_token"),
            enable_ssl_verification: form.is_on("enable_ssl_verification"),
            ordered: form.is_on("ordered"),
            format: match form.text("format") {
                "gitlab" => HookFormat::Gitlab,
                "bellhop" => HookFormat::Bellhop,
                _ => HookFormat::Passthrough,
            },
            template: form.lines("custom_webhook_template"),
            timeout_s: text("timeout_s"),
            rate_limit: text("rate_limit"),
            retry_waits_s: text("retry_waits_s"),
            subscription: subscription::Typed::read(form),
        }
    }

    /// What it makes of a hook; what is wrong is noted.
    pub(super) fn hook(&self, before: HttpHook, problems: &mut Problems) -> Option<HttpHook> {
        let variables =
            problems.take("url_variables", keyed::read(&self.url_variables, &before.url_variables));
        let headers =
            problems.take("custom_headers", keyed::read(&self.custom_headers, &before.custom_headers));
        let timeout_s = problems.take("timeout_s", number(&self.timeout_s, &between(&TIMEOUT_S)));
        let rate_limit = given(&self.rate_limit).map(|rate| number(rate, &between(&RATE_LIMIT))).transpose();
        let rate_limit = problems.take("rate_limit", rate_limit);
        let waits = problems.take("retry_waits_s", waits(&self.retry_waits_s));
        let subscription = self.subscription.subscription(problems);
        let url = if self.url.is_empty() { before.url.clone() } else { Secret::new(self.url.as_str()) };
        let template = (!self.template.trim().is_empty()).then(|| Template::new(self.template.clone()));
        let variables = own_variables(variables?, (&url, &before));
        let moved = before.moved_to(url, Some(variables));
        let hook = HttpHook {
            name: self.name.clone(),
            description: self.description.clone(),
            active: self.active,
            token: changed(moved.token.clone(), &self.token, self.drop_token),
            hub_secret: changed(moved.hub_secret.clone(), &self.hub_secret, self.drop_hub_secret),
            signing_tokens: self.signing_tokens(&moved),
            custom_headers: kept_headers(headers?, &moved),
            enable_ssl_verification: self.enable_ssl_verification,
            ordered: self.ordered,
            format: self.format,
            custom_webhook_template: template,
            timeout_s: timeout_s?,
            rate_limit: rate_limit?,
            retry_waits_s: waits?,
            subscription,
            ..moved
        };
        if let Err(error) = hook.check() {
            problems.add(field_of(&error), error);
        }
        Some(hook)
    }

    fn signing_tokens(&self, moved: &HttpHook) -> Vec<Secret> {
        let kept = if self.drop_signing_tokens { Vec::new() } else { moved.signing_tokens.clone() };
        kept.into_iter().chain(given(&self.signing_token).map(Secret::new)).collect()
    }

    /// `stored` is the hook as it is, for what is said of its secrets.
    pub(super) fn fields(&self, stored: Option<&HttpHook>, problems: &Problems) -> FormFields {
        let judged = |fields: Vec<Field>| -> Vec<Field> {
            fields.into_iter().map(|field| field.judged(problems)).collect()
        };
        let (secrets, body, pace) =
            (judged(self.secret_fields(stored)), judged(self.body_fields()), judged(self.pace_fields()));
        FormFields {
            main: judged(self.main_fields(stored)),
            are_secrets_wrong: secrets.iter().any(Field::is_wrong),
            is_rest_wrong: body.iter().chain(&pace).any(Field::is_wrong),
            secrets,
            body,
            pace,
        }
    }

    fn main_fields(&self, stored: Option<&HttpHook>) -> Vec<Field> {
        let url = Field::text("url", "URL", &self.url).like("https://example.com/hook");
        let url = match stored {
            Some(hook) => url.hint(format!(
                "Empty keeps the one on {}. Another one takes the hook’s secrets away: they belong to the old place.",
                server(hook)
            )),
            None => url.hint("Where events are posted. {name} stands for a variable of the URL.").required(),
        };
        vec![
            Field::check("active", "Active", self.active),
            Field::text("name", "Name", &self.name),
            Field::text("description", "Description", &self.description),
            url,
            Field::check("enable_ssl_verification", "Verify the certificate", self.enable_ssl_verification)
                .hint("Without it, whoever is on the way can read along, secrets included."),
        ]
    }

    fn secret_fields(&self, stored: Option<&HttpHook>) -> Vec<Field> {
        let is_set = |is: bool| if is { "Set. Empty keeps it." } else { "Not set." };
        let (token, hub, signing) = stored.map_or((false, false, 0), |hook| {
            (hook.token.is_some(), hook.hub_secret.is_some(), hook.signing_tokens.len())
        });
        let mut fields = vec![
            Field::secret("signing_token", "Signing token to add").hint(format!(
                "whsec_ and base64. Requests are signed with all of them, as Standard Webhooks has it. Set: {signing}."
            )),
            Field::check("make_signing_token", "Make a new signing token", self.wants_signing_token)
                .hint("It is shown once, when the changes are saved."),
        ];
        if signing > 0 {
            fields.push(Field::check(
                "drop_signing_tokens",
                "Remove the signing tokens that are set",
                self.drop_signing_tokens,
            ));
        }
        fields.push(Field::secret("hub_secret", "Secret for X-Hub-Signature-256").hint(is_set(hub)));
        if hub {
            fields.push(Field::check("drop_hub_secret", "Remove it", self.drop_hub_secret));
        }
        fields.push(Field::secret("token", "Token, sent as X-Gitlab-Token").hint(is_set(token)));
        if token {
            fields.push(Field::check("drop_token", "Remove the token", self.drop_token));
        }
        let one_a_line = "One a line, name: value. *** stands for the value that is stored.";
        fields.push(
            Field::area("custom_headers", "Custom headers", &self.custom_headers, 2)
                .like("X-Api-Key: secret")
                .hint(one_a_line),
        );
        fields.push(
            Field::area("url_variables", "Variables of the URL", &self.url_variables, 2)
                .like("key: secret")
                .hint(one_a_line),
        );
        fields
    }

    fn body_fields(&self) -> Vec<Field> {
        let format = match self.format {
            HookFormat::Passthrough => "passthrough",
            HookFormat::Gitlab => "gitlab",
            HookFormat::Bellhop => "bellhop",
        };
        vec![
            Field::choice("format", "Format", format, &FORMATS),
            Field::area("custom_webhook_template", "Template", &self.template, 4)
                .hint("Any JSON made of that form: {{user_name}}, {{commits.0.title}}, {{commits}}. Empty to send it as it is."),
        ]
    }

    fn pace_fields(&self) -> Vec<Field> {
        vec![
            Field::check("ordered", "One event after the other", self.ordered)
                .hint("In the order in which they came in. One that fails holds up those behind it."),
            Field::number("timeout_s", "Seconds for an answer", &self.timeout_s, &TIMEOUT_S),
            Field::number("rate_limit", "Requests a minute", &self.rate_limit, &RATE_LIMIT)
                .hint("What is more waits. Empty for no limit."),
            Field::text("retry_waits_s", "Waits before further attempts, in seconds", &self.retry_waits_s)
                .like("5 60 300")
                .hint(
                    "Empty for the usual schedule, nine attempts within 28 hours; none for a single attempt.",
                ),
        ]
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn between<T: std::fmt::Display>(bounds: &std::ops::RangeInclusive<T>) -> String {
    format!("{} to {}", bounds.start(), bounds.end())
}

/// Another one, or none, or what is there.
fn changed(stored: Option<Secret>, typed: &str, is_dropped: bool) -> Option<Secret> {
    if !typed.is_empty() {
        Some(Secret::new(typed))
    } else if is_dropped {
        None
    } else {
        stored
    }
}

/// The variables of a URL. Those that are stored belong to the server that they were meant for: one that is aimed elsewhere,
/// by another URL or by another variable, does not get them.
fn own_variables(
    typed: Vec<(KeyedSecret, IsStored)>,
    (url, before): (&Secret, &HttpHook),
) -> Vec<KeyedSecret> {
    let url_variables = typed.iter().map(|(variable, _)| variable.clone()).collect();
    let aimed = HttpHook { url: url.clone(), url_variables, ..before.clone() };
    let is_elsewhere = *url != before.url || server(&aimed) != server(before);
    let own = typed.into_iter().filter(|(_, is_stored)| !is_elsewhere || !is_stored.0);
    own.map(|(variable, _)| variable).collect()
}

/// A hook that was aimed elsewhere has lost its headers; those that were masked are not brought back.
fn kept_headers(headers: Vec<(KeyedSecret, IsStored)>, moved: &HttpHook) -> Vec<KeyedSecret> {
    let is_kept = |header: &KeyedSecret| moved.custom_headers.iter().any(|kept| kept.key == header.key);
    headers
        .into_iter()
        .filter(|(header, is_stored)| !is_stored.0 || is_kept(header))
        .map(|(header, _)| header)
        .collect()
}

fn waits(text: &str) -> Result<Option<Vec<u32>>, String> {
    match text {
        "" => Ok(None),
        "none" => Ok(Some(Vec::new())),
        text => text.split_whitespace().map(|wait| number(wait, "1 on")).collect::<Result<_, _>>().map(Some),
    }
}

/// Beside which field an error of the whole is said.
pub(super) fn field_of(error: &HookError) -> &'static str {
    match error {
        HookError::Url(_) => "url",
        HookError::Text => "name",
        HookError::Token => "token",
        HookError::HubSecret => "hub_secret",
        HookError::SigningToken(_) | HookError::TooManySigningTokens(_) => "signing_token",
        HookError::CustomHeaders(_) => "custom_headers",
        HookError::UrlVariables(_) => "url_variables",
        HookError::Template(_) => "custom_webhook_template",
        HookError::Timeout => "timeout_s",
        HookError::RateLimit => "rate_limit",
        HookError::RetryWaits => "retry_waits_s",
        HookError::Subscription(_) => "branches",
    }
}
