//! What is aimed at: a host and a port, read from a URL or from settings in the one way that everything after it uses.
//!
//! Addresses have many spellings (`2130706433`, `0x7f.1`, `127.1`, full-width digits); the WHATWG's host parser, which
//! the HTTP client uses as well, makes one of them all, and that one is judged.
//!
//! Not here: whether the host may be reached (`policy`).

use std::fmt;
use std::net::IpAddr;

use url::Url;

use super::EgressError;

/// The longest name in the DNS, and the longest label of one, in bytes (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Who is aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name for the DNS: lower case, internationalised labels as `xn--...`, no dot at the end.
    Name(String),
    /// An address, which needs no DNS.
    Address(IpAddr),
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: Host,
    port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(formatter),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

/// `host:port`, as an [`super::Allowance`] is written.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Host::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]:{}", self.port),
            _ => write!(formatter, "{}:{}", self.host, self.port),
        }
    }
}

impl Host {
    /// Reads a name or an address in any spelling; an IPv6 address with or without brackets.
    pub fn parse(text: &str) -> Result<Self, EgressError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if bare.contains(':') {
            return bare.parse().map(|v6| Self::Address(IpAddr::V6(v6))).map_err(|_| EgressError::Host);
        }
        let host = url::Host::parse(bare).map_err(|_| EgressError::Host)?;
        Self::of(&host)
    }

    fn of<S: AsRef<str>>(host: &url::Host<S>) -> Result<Self, EgressError> {
        match host {
            url::Host::Domain(name) => checked_name(name.as_ref()).map(Self::Name),
            url::Host::Ipv4(address) => Ok(Self::Address((*address).into())),
            url::Host::Ipv6(address) => Ok(Self::Address((*address).into())),
        }
    }

    /// Whether it is this machine by its name: RFC 6761 gives `localhost` and all beneath it to the loopback.
    pub(super) fn is_localhost(&self) -> bool {
        let Self::Name(name) = self else { return false };
        name == "localhost" || name.ends_with(".localhost")
    }
}

impl Place {
    /// From settings.
    pub fn new(host: &str, port: u16) -> Result<Self, EgressError> {
        Self::at(Host::parse(host)?, port)
    }

    /// From a URL that is posted to, or got.
    pub fn of(url: &Url) -> Result<Self, EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Url);
        }
        let host = url.host().ok_or(EgressError::Url)?;
        Self::at(Host::of(&host)?, url.port_or_known_default().ok_or(EgressError::Url)?)
    }

    fn at(host: Host, port: u16) -> Result<Self, EgressError> {
        if port == 0 { Err(EgressError::PortZero) } else { Ok(Self { host, port }) }
    }

    /// Who.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Never 0.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Reads the URL of an HTTP target, and where it aims. User and password in it are the target's (Basic
/// authentication), as with GitLab, and are never mistaken for its host.
pub fn read_url(text: &str) -> Result<(Url, Place), EgressError> {
    // A URL's parser drops line breaks and tabs and makes slashes of backslashes. Nobody means either.
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return Err(EgressError::Characters);
    }
    let url = Url::parse(text).map_err(|_| EgressError::Url)?;
    let place = Place::of(&url)?;
    Ok((url, place))
}

/// A URL's host may hold more than a name in the DNS can. One that begins with a letter or a digit is no option to any
/// program.
fn checked_name(name: &str) -> Result<String, EgressError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_name = name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.split('.').all(is_label);
    if is_name { Ok(name.to_ascii_lowercase()) } else { Err(EgressError::Host) }
}
