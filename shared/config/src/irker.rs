//! The irker integration, with GitLab's settings
//! (<https://docs.gitlab.com/api/project_integrations/#irker-irc-gateway>).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use payload::Secret;
use serde::{Deserialize, Serialize};

use crate::limits::{CHANNELS_PER_SERVER_MAX, LINES_IN_IRKERD, RECIPIENTS_MAX};
use crate::{
    LineSettings, LineSettingsError, Recipient, RecipientError, Server, Subscription, SubscriptionError,
};

/// A project's way to IRC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Irker<S = Secret> {
    /// Switched off, nothing is queued for it; its settings stay.
    pub active: bool,
    /// The machine that irkerd runs on.
    pub server_host: String,
    /// Its port.
    pub server_port: u16,
    /// Put in front of short recipients when they are configured.
    pub default_irc_uri: Option<Server>,
    /// Who gets each line. Never empty, each once.
    pub recipients: Vec<Recipient<S>>,
    /// How lines are worded and coloured.
    #[serde(flatten)]
    pub lines: LineSettings,
    /// What it wants to hear of.
    pub subscription: Subscription,
    /// How much irkerd is given at a time.
    pub pacing: Pacing,
}

/// How much irkerd is given at a time. It says one line a second on each IRC server, and what it has not said dies
/// with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pacing {
    /// How many lines may wait in irkerd for one IRC server; the rest waits here.
    pub lines_in_irkerd: u32,
    /// Whether pushes that have piled up are told in one line, with their true counts.
    pub coalesce: bool,
}

/// Few enough to lose little, enough for one push of four lines at once.
impl Default for Pacing {
    fn default() -> Self {
        Self { lines_in_irkerd: 5, coalesce: true }
    }
}

/// Why an integration is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IrkerError {
    /// No machine to connect to.
    #[error("server_host names no host")]
    ServerHost,
    /// No port to connect to.
    #[error("server_port is not between 1 and 65535")]
    ServerPort,
    /// The default URI is unusable.
    #[error("default_irc_uri: {0}")]
    DefaultUri(RecipientError),
    /// One or more entries are unusable.
    #[error("{0}")]
    Recipients(RecipientErrors),
    /// Nobody would hear anything.
    #[error("recipients is empty")]
    NoRecipients,
    /// Each line would take minutes.
    #[error("at most {RECIPIENTS_MAX} recipients, and these are {0}")]
    TooManyRecipients(usize),
    /// irkerd would drop the rest.
    #[error(
        "irkerd joins at most {CHANNELS_PER_SERVER_MAX} channels of one IRC server, and these are {count} on {server}"
    )]
    TooManyChannels {
        /// The crowded server.
        server: Server,
        /// How many channels there.
        count: usize,
    },
    /// Nothing would ever be said, or irkerd would hold an hour of lines.
    #[error("lines_in_irkerd is between {} and {}", LINES_IN_IRKERD.start(), LINES_IN_IRKERD.end())]
    LinesInIrkerd,
    /// See [`SubscriptionError`].
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    /// See [`LineSettingsError`].
    #[error(transparent)]
    Lines(#[from] LineSettingsError),
    /// What is shown in a key's place, and no key is stored for it.
    #[error("the key of {0} is the mask that is shown in a key's place, and no key is stored for it")]
    MaskedKey(String),
    /// irkerd would join without the key first, fail, and never try again.
    #[error("{name} on {server} is named twice with different keys")]
    TwoKeys {
        /// The channel.
        name: String,
        /// Its server.
        server: Server,
    },
}

/// All the entries that cannot be used, so that they can be mended in one go.
#[derive(Debug, PartialEq, Eq)]
pub struct RecipientErrors(pub Vec<(String, RecipientError)>);

impl fmt::Display for RecipientErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (entry, error)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}recipient '{entry}': {error}")?;
        }
        Ok(())
    }
}

impl<S> Irker<S> {
    /// `host:port` of the irkerd: what is served one connection at a time. One irkerd has one such name, however its
    /// host is capitalised.
    pub fn irkerd(&self) -> String {
        let host = self.server_host.trim_matches(['[', ']']).to_ascii_lowercase();
        if host.contains(':') {
            format!("[{host}]:{}", self.server_port)
        } else {
            format!("{host}:{}", self.server_port)
        }
    }

    /// Host and port of the irkerd.
    pub fn place(&self) -> (&str, u16) {
        (&self.server_host, self.server_port)
    }

    /// The same integration with its secrets held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Irker<T>, E> {
        let recipients = self.recipients.into_iter().map(|recipient| recipient.try_map(change));
        Ok(Irker {
            active: self.active,
            recipients: recipients.collect::<Result<_, _>>()?,
            server_host: self.server_host,
            server_port: self.server_port,
            default_irc_uri: self.default_irc_uri,
            lines: self.lines,
            subscription: self.subscription,
            pacing: self.pacing,
        })
    }
}

impl Irker {
    /// GitLab's default for `server_host`.
    pub const SERVER_HOST: &'static str = "localhost";

    /// irker's own port, and so GitLab's default for `server_port`.
    pub const SERVER_PORT: u16 = 6659;

    /// An integration with every setting as by default.
    pub fn to(recipients: Vec<Recipient>) -> Self {
        Self {
            active: true,
            server_host: Self::SERVER_HOST.to_owned(),
            server_port: Self::SERVER_PORT,
            default_irc_uri: None,
            recipients,
            lines: LineSettings::default(),
            subscription: Subscription::for_channel(),
            pacing: Pacing::default(),
        }
    }

    /// Reads recipients as GitLab's form has them: separated by white space, short names completed by the default.
    /// Repeated entries are kept once.
    pub fn parse_recipients(text: &str, default: Option<&Server>) -> Result<Vec<Recipient>, IrkerError> {
        Self::read_recipients(text.split_whitespace(), default)
    }

    /// The same, of entries that stand apart already.
    pub fn read_recipients<'a>(
        entries: impl IntoIterator<Item = &'a str>,
        default: Option<&Server>,
    ) -> Result<Vec<Recipient>, IrkerError> {
        let mut recipients: Vec<Recipient> = Vec::new();
        let mut errors = Vec::new();
        for entry in entries {
            match Recipient::parse(entry, default) {
                Ok(recipient) if recipients.contains(&recipient) => {}
                Ok(recipient) => recipients.push(recipient),
                // What stands behind the question mark may be a key.
                Err(error) => errors.push((entry.split('?').next().unwrap_or_default().to_owned(), error)),
            }
        }
        if errors.is_empty() { Ok(recipients) } else { Err(IrkerError::Recipients(RecipientErrors(errors))) }
    }

    /// Puts the stored keys in the place of masked ones: whoever is shown a mask may send it back.
    pub fn unmask(recipients: &mut [Recipient], stored: &[Recipient]) {
        for recipient in recipients {
            let is_same = |other: &&Recipient| {
                (&other.server, &other.name, other.is_nick)
                    == (&recipient.server, &recipient.name, recipient.is_nick)
            };
            if recipient.is_masked()
                && let Some(known) = stored.iter().find(is_same)
            {
                recipient.key.clone_from(&known.key);
            }
        }
    }

    /// Whether the values are valid, each alone and together.
    pub fn check(&self) -> Result<(), IrkerError> {
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if self.server_host.is_empty() || !self.server_host.bytes().all(is_host) {
            return Err(IrkerError::ServerHost);
        }
        if self.server_port == 0 {
            return Err(IrkerError::ServerPort);
        }
        if !LINES_IN_IRKERD.contains(&self.pacing.lines_in_irkerd) {
            return Err(IrkerError::LinesInIrkerd);
        }
        self.subscription.check()?;
        self.lines.check()?;
        match self.recipients.len() {
            0 => return Err(IrkerError::NoRecipients),
            1..=RECIPIENTS_MAX => {}
            count => return Err(IrkerError::TooManyRecipients(count)),
        }
        let mut channels: BTreeMap<(&str, u16), BTreeSet<&str>> = BTreeMap::new();
        for recipient in &self.recipients {
            let Server { host, port, .. } = &recipient.server;
            let joined = channels.entry((host, *port)).or_default();
            if recipient.is_masked() {
                return Err(IrkerError::MaskedKey(recipient.to_string()));
            }
            if !joined.insert(&recipient.name) {
                let (name, server) = (recipient.name.clone(), recipient.server.clone());
                return Err(IrkerError::TwoKeys { name, server });
            }
            // irkerd sends a JOIN for a nick as well.
            if joined.len() > CHANNELS_PER_SERVER_MAX {
                return Err(IrkerError::TooManyChannels {
                    server: recipient.server.clone(),
                    count: joined.len(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recipients: &str) -> Result<usize, String> {
        let (default, _) = Server::parse("irc://irc.example.net/").unwrap();
        let recipients = Irker::parse_recipients(recipients, Some(&default));
        let irker = Irker::to(recipients.map_err(|error| error.to_string())?);
        irker.check().map_err(|error| error.to_string())?;
        Ok(irker.recipients.len())
    }

    #[test]
    fn recipients_are_separated_by_white_space_and_kept_once() {
        assert_eq!(check("#one two\n\tIRC://irc.example.net:6667/ONE  nick,isnick"), Ok(3));
        assert_eq!(check(""), Err("recipients is empty".to_owned()));
    }

    #[test]
    fn every_bad_entry_is_named_and_no_key_is_shown() {
        insta::assert_snapshot!(
            check("#good a,b http://h/#c irc://h:0/chan?key=hunter2").unwrap_err(),
            @"recipient 'a,b': a channel or nick holds no commas, spaces, slashes or control characters (one entry, one channel); recipient 'http://h/#c': only irc:// and ircs:// URLs are understood; recipient 'irc://h:0/chan': the port is not between 1 and 65535"
        );
    }

    #[test]
    fn nineteen_channels_on_one_server_are_too_many_and_on_two_servers_are_not() {
        let channels = |count: usize| (0..count).map(|n| format!("c{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(check(&channels(18)), Ok(18));
        insta::assert_snapshot!(check(&channels(19)).unwrap_err(), @"irkerd joins at most 18 channels of one IRC server, and these are 19 on irc://irc.example.net:6667");
        assert_eq!(check(&format!("{} irc://other.example.net/c", channels(18))), Ok(19));
    }

    #[test]
    fn one_irkerd_has_one_name() {
        let named = |host: &str| {
            Irker { server_host: host.to_owned(), ..Irker::to(Vec::<Recipient>::new()) }.irkerd()
        };
        assert_eq!(named("LocalHost"), "localhost:6659");
        assert_eq!(named("[FD00::1]"), named("fd00::1"));
    }

    #[test]
    fn a_key_that_was_shown_masked_may_be_sent_back() {
        let read = |text: &str| Irker::parse_recipients(text, None).unwrap();
        let stored = read("irc://h/a?key=hunter2 irc://h/b");
        let mut sent_back = read(&stored.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        Irker::unmask(&mut sent_back, &stored);
        assert_eq!(sent_back, stored);
        let mut elsewhere = read("irc://other/a?key=***");
        Irker::unmask(&mut elsewhere, &stored);
        insta::assert_snapshot!(Irker::to(elsewhere).check().unwrap_err(), @"the key of irc://other:6667/a?key=*** is the mask that is shown in a key's place, and no key is stored for it");
    }

    #[test]
    fn one_channel_with_and_without_a_key_is_a_mistake() {
        insta::assert_snapshot!(check("chan chan?key=k").unwrap_err(), @"#chan on irc://irc.example.net:6667 is named twice with different keys");
    }
}
