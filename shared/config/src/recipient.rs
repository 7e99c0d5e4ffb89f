//! One IRC URL in irker's `to`: read as GitLab's users write it, checked here once, and spelled on the wire in the
//! one way that irkerd understands.
//!
//! irkerd answers nothing and drops what it cannot use, so everything that could go wrong there is refused here.
//! Its rules, from `class Target` of irkerd 2.23: the path without its leading slashes is the channel, in lower
//! case; a `#fragment` is put behind it, in its own case; `#` is put in front unless it starts with `#`, `&` or
//! `+`; `,isnick` at the end makes it a nick; the query without `key=` is the channel's key; nothing is
//! percent-decoded.
//!
//! Not here: whether the channel exists or lets anybody in. Nobody can know that beforehand.

use std::fmt;

use payload::Secret;
use serde::{Deserialize, Serialize};

use crate::limits::{CHANNEL_BYTES_MAX, KEY_BYTES_MAX};

/// An IRC server, as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Server {
    /// `ircs` rather than `irc`.
    pub tls: bool,
    /// Lower case; an IPv6 address stands in brackets.
    pub host: String,
    /// Never 0.
    pub port: u16,
}

/// A channel or a person on an IRC server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient<S = Secret> {
    /// Where.
    pub server: Server,
    /// With its prefix (`#chan`), or a nick. ASCII letters are lower case: IRC does not tell them apart.
    pub name: String,
    /// Whether `name` is a person's nick.
    pub is_nick: bool,
    /// What lets one into the channel.
    pub key: Option<S>,
}

/// Why an entry is refused. The texts never hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// Something else than `irc:` or `ircs:`.
    #[error("only irc:// and ircs:// URLs are understood")]
    Scheme,
    /// A short name, and no server to put in front of it.
    #[error("a short name needs a default IRC URI")]
    NoDefault,
    /// No host, or one with impossible characters.
    #[error("the URL names no valid host")]
    Host,
    /// irkerd drops the whole line for it.
    #[error("the port is not between 1 and 65535")]
    Port,
    /// The first URL's would be used for the whole server, silently.
    #[error("user and password in the URL are not supported")]
    UserInfo,
    /// Nothing behind the host.
    #[error("the URL names no channel")]
    NoChannel,
    /// IRC's separators and controls.
    #[error(
        "a channel or nick holds no commas, spaces, slashes or control characters (one entry, one channel)"
    )]
    Name,
    /// Longer than ircds allow.
    #[error("a channel or nick has at most {CHANNEL_BYTES_MAX} bytes")]
    NameLength,
    /// Of an empty fragment irkerd takes no notice: it would join another channel.
    #[error("irkerd loses a # at the end of a channel that begins with & or +")]
    LostHash,
    /// Documented by irker, and never built.
    #[error("irkerd does not implement ,isservice")]
    Service,
    /// A nick with a key.
    #[error("a nick has no key")]
    NickKey,
    /// A key that would not survive a URL or an IRC command.
    #[error("a key has 1 to {KEY_BYTES_MAX} printable ASCII characters without space, comma or #")]
    Key,
}

impl Server {
    /// Reads `irc[s]://host[:port]`. What follows the host is given back: for a default URI it is dropped, as
    /// GitLab does.
    pub fn parse(url: &str) -> Result<(Self, &str), RecipientError> {
        let (scheme, rest) = url.split_once("://").ok_or(RecipientError::Scheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "irc" => false,
            "ircs" => true,
            _ => return Err(RecipientError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains('@') {
            return Err(RecipientError::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        // irkerd's own defaults.
        let port = port.unwrap_or(if tls { 6697 } else { 6667 });
        Ok((Self { tls, host: host.to_ascii_lowercase(), port }, rest))
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), RecipientError> {
    let host_end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let colon = authority[host_end..].find(':').map_or(authority.len(), |colon| host_end + colon);
    let (host, port) = authority.split_at(colon);
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if !is_address && (host.is_empty() || !host.bytes().all(is_name)) {
        return Err(RecipientError::Host);
    }
    let port = match port.strip_prefix(':') {
        None | Some("") => None,
        Some(digits) => Some(digits.parse().ok().filter(|port| *port != 0).ok_or(RecipientError::Port)?),
    };
    Ok((host, port))
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", if self.tls { "ircs" } else { "irc" }, self.host, self.port)
    }
}

impl Recipient {
    /// Reads one entry: a full URL, or a short name for the default server. `#chan?key=k` is understood as its
    /// writer meant it, though irkerd itself would take the key for a part of the name and show it to everybody.
    pub fn parse(entry: &str, default: Option<&Server>) -> Result<Self, RecipientError> {
        let (server, rest) = if entry.contains("://") {
            let (server, rest) = Server::parse(entry)?;
            (server, rest.trim_start_matches('/'))
        } else if entry.starts_with("irc:") || entry.starts_with("ircs:") {
            return Err(RecipientError::Host);
        } else {
            (default.ok_or(RecipientError::NoDefault)?.clone(), entry)
        };
        let (name, key) = match rest.split_once('?') {
            Some((name, query)) => (name, Some(query.strip_prefix("key=").unwrap_or(query))),
            None => (rest, None),
        };
        let (name, is_nick) = match name.strip_suffix(",isnick") {
            Some(nick) => (nick, true),
            None => (name, false),
        };
        let has_prefix = is_nick || name.starts_with(['#', '&', '+']);
        let name = as_irkerd_lowers(name, is_nick);
        let name = format!("{}{name}", if has_prefix { "" } else { "#" });
        // With the `#` that it is given: it is shown, and sent back, with that.
        check_name(&name)?;
        let key = key.map(check_key).transpose()?;
        if is_nick && key.is_some() {
            return Err(RecipientError::NickKey);
        }
        Ok(Self { server, name, is_nick, key })
    }

    /// Whether its key is what people are shown in a key's place.
    pub fn is_masked(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.expose() == MASK)
    }

    /// The URL as irkerd understands it, key included. The only place where a key leaves its [`Secret`]; the result
    /// goes to irkerd and nowhere else.
    pub fn wire_url(&self) -> String {
        let key = self.key.as_ref().map(|key| format!("?key={}", key.expose())).unwrap_or_default();
        self.wire(&key)
    }
}

impl<S> Recipient<S> {
    /// The same recipient with its key held another way.
    pub fn try_map<T, E>(self, change: &mut impl FnMut(S) -> Result<T, E>) -> Result<Recipient<T>, E> {
        let key = self.key.map(change).transpose()?;
        Ok(Recipient { server: self.server, name: self.name, is_nick: self.is_nick, key })
    }

    /// The URL without its key, such that [`Recipient::parse`] understands it, also with `?key=` and the key behind it.
    pub fn place(&self) -> String {
        let Self { server, name, .. } = self;
        match name.strip_prefix('#') {
            _ if self.is_nick => format!("{server}/{name},isnick"),
            Some(rest) if is_plain(rest) => format!("{server}/{rest}"),
            _ => format!("{server}/{name}"),
        }
    }

    fn wire(&self, query: &str) -> String {
        match self.name.strip_prefix('#').filter(|_| !self.is_nick) {
            // Only as a fragment does the rest reach irkerd untouched: `##chan`, `#a;b`, `#Ünï`. The query stands
            // before it, or it would be taken for a part of it.
            Some(rest) if !is_plain(rest) => format!("{}/{query}#{rest}", self.server),
            None if !self.is_nick => match self.name.split_once('#') {
                Some((name, rest)) => format!("{}/{name}{query}#{rest}", self.server),
                None => format!("{}{query}", self.place()),
            },
            _ => format!("{}{query}", self.place()),
        }
    }
}

/// What people are shown in a key's place, and may send back to mean the key that is stored.
pub const MASK: &str = "***";

const MASKED_QUERY: &str = "?key=***";

/// For people, who may send it back: the key is masked.
impl<S> fmt::Display for Recipient<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = if self.key.is_some() { MASKED_QUERY } else { "" };
        write!(formatter, "{}{query}", self.place())
    }
}

/// Whether a channel's name without its `#` needs no care in a URL.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
}

/// A name as it comes out of irkerd, which has what stands in a URL's path in lower case, letters of all scripts. What is in
/// the fragment stays; there, ASCII alone is lower, since IRC does not tell those letters apart.
fn as_irkerd_lowers(name: &str, is_nick: bool) -> String {
    let is_in_path = is_nick || name.starts_with(['&', '+']);
    let end = if is_in_path { name.find('#').unwrap_or(name.len()) } else { 0 };
    let (path, fragment) = name.split_at(end);
    path.to_lowercase() + &fragment.to_ascii_lowercase()
}

fn check_name(name: &str) -> Result<(), RecipientError> {
    if name.is_empty() || name == "#" {
        return Err(RecipientError::NoChannel);
    }
    if name.ends_with(",isservice") {
        return Err(RecipientError::Service);
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, ',' | '/' | '\u{7}')) {
        return Err(RecipientError::Name);
    }
    if name.len() > CHANNEL_BYTES_MAX {
        return Err(RecipientError::NameLength);
    }
    if name.starts_with(['&', '+']) && name.split_once('#').is_some_and(|(_, fragment)| fragment.is_empty()) {
        return Err(RecipientError::LostHash);
    }
    Ok(())
}

fn check_key(key: &str) -> Result<Secret, RecipientError> {
    let is_safe = |byte: u8| byte.is_ascii_graphic() && !b",#".contains(&byte);
    if key.is_empty() || key.len() > KEY_BYTES_MAX || !key.bytes().all(is_safe) {
        return Err(RecipientError::Key);
    }
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str) -> Result<String, RecipientError> {
        let (default, _) = Server::parse("irc://irc.example.net:6697/ignored").unwrap();
        Recipient::parse(entry, Some(&default)).map(|recipient| recipient.wire_url())
    }

    #[test]
    fn entries_as_gitlabs_users_write_them() {
        for (entry, wire) in [
            ("chan", "irc://irc.example.net:6697/chan"),
            ("#chan", "irc://irc.example.net:6697/chan"),
            ("#Chan", "irc://irc.example.net:6697/chan"),
            ("chan?key=pw", "irc://irc.example.net:6697/chan?key=pw"),
            ("chan?pw", "irc://irc.example.net:6697/chan?key=pw"),
            ("nick,isnick", "irc://irc.example.net:6697/nick,isnick"),
            ("irc://irc.other.net/chan", "irc://irc.other.net:6667/chan"),
            ("IRCS://Irc.Other.Net/#chan", "ircs://irc.other.net:6697/chan"),
            ("ircs://[::1]:7000/chan", "ircs://[::1]:7000/chan"),
            ("&local", "irc://irc.example.net:6697/&local"),
        ] {
            assert_eq!(check(entry).as_deref(), Ok(wire), "{entry}");
        }
    }

    #[test]
    fn a_key_never_becomes_a_part_of_the_name() {
        assert_eq!(check("#chan?key=pw").as_deref(), Ok("irc://irc.example.net:6697/chan?key=pw"));
        assert_eq!(check("irc://h/#chan?key=pw").as_deref(), Ok("irc://h:6667/chan?key=pw"));
        assert_eq!(check("##chan?key=pw").as_deref(), Ok("irc://irc.example.net:6697/?key=pw##chan"));
        // Found by a machine: irkerd took the key for a part of the channel's name, which everybody reads.
        assert_eq!(check("&#b?key=pw").as_deref(), Ok("irc://irc.example.net:6697/&?key=pw#b"));
        assert_eq!(check("+a#B#c?key=pw").as_deref(), Ok("irc://irc.example.net:6697/+a?key=pw#b#c"));
    }

    #[test]
    fn names_that_gitlab_rejects_reach_irkerd_untouched() {
        assert_eq!(check("##chan").as_deref(), Ok("irc://irc.example.net:6697/##chan"));
        assert_eq!(check("#ch[1]").as_deref(), Ok("irc://irc.example.net:6697/#ch[1]"));
        assert_eq!(check("#Ünï").as_deref(), Ok("irc://irc.example.net:6697/#Ünï"));
        // irkerd has these in lower case, whatever they are told in: only what stands behind a `#` stays as it is.
        assert_eq!(check("&Ünï#Ö").as_deref(), Ok("irc://irc.example.net:6697/&ünï#Ö"));
        assert_eq!(check("Ünï,isnick").as_deref(), Ok("irc://irc.example.net:6697/ünï,isnick"));
    }

    #[test]
    fn what_irkerd_would_drop_in_silence_is_refused_aloud() {
        for (entry, error) in [
            ("http://h/#c", RecipientError::Scheme),
            ("irc:#x", RecipientError::Host),
            ("irc:///x", RecipientError::Host),
            ("irc://ho st/x", RecipientError::Host),
            ("irc://h:0/x", RecipientError::Port),
            ("irc://h:99999/x", RecipientError::Port),
            ("irc://u:p@h/x", RecipientError::UserInfo),
            ("irc://h", RecipientError::NoChannel),
            ("irc://h/", RecipientError::NoChannel),
            ("#", RecipientError::NoChannel),
            ("a,b", RecipientError::Name),
            ("//other.host/#x", RecipientError::Name),
            ("a\rQUIT", RecipientError::Name),
            ("watch,isservice", RecipientError::Service),
            ("nick,isnick?key=k", RecipientError::NickKey),
            ("&chan#", RecipientError::LostHash),
            ("+chan#", RecipientError::LostHash),
            ("chan?key=", RecipientError::Key),
            ("chan?key=a,b", RecipientError::Key),
            ("chan?key=a#b", RecipientError::Key),
        ] {
            assert_eq!(check(entry), Err(error), "{entry}");
        }
        assert_eq!(check(&"c".repeat(64)), Err(RecipientError::NameLength), "with its # it has 65");
        assert_eq!(Recipient::parse("chan", None), Err(RecipientError::NoDefault));
    }

    #[test]
    fn a_recipient_shows_everything_but_its_key() {
        let recipient = Recipient::parse("irc://h/chan?key=hunter2", None).unwrap();
        assert_eq!(recipient.to_string(), "irc://h:6667/chan?key=***");
        assert!(!format!("{recipient:?}").contains("hunter2"));
    }

    #[test]
    fn what_people_are_shown_can_be_read_again() {
        for entry in ["chan", "##Chan", "#ch[1]", "#Ünï", "&local", "+modeless", "nick,isnick"] {
            let default = Server::parse("ircs://h:7000").unwrap().0;
            let recipient = Recipient::parse(entry, Some(&default)).unwrap();
            assert_eq!(Recipient::parse(&recipient.to_string(), None).unwrap(), recipient, "{entry}");
            if !recipient.is_nick {
                let keyed = Recipient::parse(&format!("{}?key=k", recipient.place()), None).unwrap();
                assert_eq!((keyed.name, keyed.key.is_some()), (recipient.name, true), "{entry}");
            }
        }
    }
}
