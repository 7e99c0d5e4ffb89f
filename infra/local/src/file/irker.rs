//! `[project.irker]`: the way to IRC.

use std::collections::BTreeMap;

use config::limits::LINES_IN_IRKERD;
use config::{
    COMMITS_SHOWN_MAX, Irker, IrkerError, LineSettings, LineStyle, MASK, Pacing, Recipient, Server,
    Subscription,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::secret::Written;
use super::subscription::SubscriptionEntry;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Irker")]
pub(super) struct IrkerEntry {
    /// False keeps the settings and says nothing.
    #[serde(default = "yes")]
    active: bool,
    /// Where irkerd runs.
    #[serde(default = "localhost")]
    server_host: String,
    /// Its port.
    #[serde(default = "irker_port")]
    #[schemars(range(min = 1))]
    server_port: u16,
    /// Stands before recipients that are short names, such as `ircs://irc.libera.chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_irc_uri: Option<String>,
    /// Who gets each line: `#chan`, `chan?key=KEY`, `nick,isnick` or full URLs, in a list or in one text between spaces.
    recipients: Recipients,
    /// Whose words pushes are told in.
    #[serde(default)]
    style: LineStyle,
    /// How many commits of one push get a line of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = COMMITS_SHOWN_MAX))]
    max_commits: Option<usize>,
    /// Whether lines carry mIRC colours.
    #[serde(default)]
    colorize_messages: bool,
    /// How many lines irkerd may hold for one IRC server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = *LINES_IN_IRKERD.start(), max = *LINES_IN_IRKERD.end()))]
    lines_in_irkerd: Option<u32>,
    /// Whether pushes that have piled up are told in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coalesce: Option<bool>,
    #[serde(flatten)]
    wanted: SubscriptionEntry,
    /// Your own words, by kind of event.
    #[serde(default)]
    templates: BTreeMap<String, String>,
}

/// Recipients, each apart from its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Texts", into = "Vec<String>")]
struct Recipients(Vec<RecipientEntry>);

#[derive(Clone, Debug)]
struct RecipientEntry {
    place: String,
    key: Option<Written>,
}

/// As GitLab's form has them, or as a list.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "recipients in a list, or in one text between spaces")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

fn localhost() -> String {
    Irker::SERVER_HOST.to_owned()
}

fn irker_port() -> u16 {
    Irker::SERVER_PORT
}

fn yes() -> bool {
    true
}

impl JsonSchema for Recipients {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Recipients".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Texts::json_schema(generator)
    }
}

impl TryFrom<Texts> for Recipients {
    type Error = super::secret::WrittenError;

    fn try_from(texts: Texts) -> Result<Self, Self::Error> {
        let texts: Vec<String> = match texts {
            Texts::One(text) => text.split_whitespace().map(str::to_owned).collect(),
            Texts::Many(texts) => texts,
        };
        texts.iter().map(|text| RecipientEntry::read(text)).collect::<Result<_, _>>().map(Self)
    }
}

impl From<Recipients> for Vec<String> {
    fn from(recipients: Recipients) -> Self {
        recipients.0.iter().map(RecipientEntry::text).collect()
    }
}

impl RecipientEntry {
    fn read(text: &str) -> Result<Self, super::secret::WrittenError> {
        // irker's own spelling of a key goes without `key=`.
        let Some((place, query)) = text.split_once('?') else {
            return Ok(Self { place: text.to_owned(), key: None });
        };
        let key = Written::read(query.strip_prefix("key=").unwrap_or(query))?;
        Ok(Self { place: place.to_owned(), key: Some(key) })
    }

    fn text(&self) -> String {
        let key = self.key.as_ref().map(|key| format!("?key={}", key.text()));
        format!("{}{}", self.place, key.unwrap_or_default())
    }

    /// As [`Irker::read_recipients`] reads it.
    fn entry(self) -> Result<String, EntryError> {
        let key = match self.key {
            None => String::new(),
            // The mask stands for it, until the stored recipients are looked at.
            Some(Written::Stored(_)) => format!("?key={MASK}"),
            Some(written) => {
                let place = format!("irker: recipients: {}", self.place);
                format!("?key={}", written.secret(None, &place)?.expose())
            }
        };
        Ok(format!("{}{key}", self.place))
    }
}

impl IrkerEntry {
    pub(super) fn of(irker: Irker<Written>) -> Self {
        let recipient =
            |recipient: Recipient<Written>| RecipientEntry { place: recipient.place(), key: recipient.key };
        Self {
            active: irker.active,
            server_host: irker.server_host,
            server_port: irker.server_port,
            default_irc_uri: irker.default_irc_uri.map(|server| server.to_string()),
            recipients: Recipients(irker.recipients.into_iter().map(recipient).collect()),
            style: irker.lines.style,
            max_commits: Some(irker.lines.max_commits),
            colorize_messages: irker.lines.colorize_messages,
            lines_in_irkerd: Some(irker.pacing.lines_in_irkerd),
            coalesce: Some(irker.pacing.coalesce),
            wanted: SubscriptionEntry::of(irker.subscription),
            templates: irker.lines.templates,
        }
    }

    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Written> {
        self.recipients.0.iter_mut().filter_map(|recipient| recipient.key.as_mut())
    }

    /// The integration; the keys that are kept are those of the stored one.
    pub(super) fn irker(self, stored: Option<&Irker>) -> Result<Irker, EntryError> {
        let default = self.default_irc_uri.as_deref().map(Server::parse).transpose();
        let default = default.map_err(IrkerError::DefaultUri)?.map(|(server, _)| server);
        let entries = self.recipients.0.into_iter().map(RecipientEntry::entry);
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let mut recipients = Irker::read_recipients(entries.iter().map(String::as_str), default.as_ref())?;
        if let Some(stored) = stored {
            Irker::unmask(&mut recipients, &stored.recipients);
        }
        let (channel, pacing, lines) =
            (Subscription::for_channel(), Pacing::default(), LineSettings::default());
        let refs = self.wanted.refs();
        Ok(Irker {
            active: self.active,
            recipients,
            default_irc_uri: default,
            server_host: self.server_host,
            server_port: self.server_port,
            lines: LineSettings {
                style: self.style,
                max_commits: self.max_commits.unwrap_or(lines.max_commits),
                colorize_messages: self.colorize_messages,
                templates: self.templates,
            },
            subscription: self.wanted.subscription(refs, channel.statuses),
            pacing: Pacing {
                lines_in_irkerd: self.lines_in_irkerd.unwrap_or(pacing.lines_in_irkerd),
                coalesce: self.coalesce.unwrap_or(pacing.coalesce),
            },
        })
    }
}
