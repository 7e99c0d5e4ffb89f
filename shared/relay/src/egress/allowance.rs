//! One thing that is opened: an address, a network or a name, on one port or on all.
//!
//! Not here: what is open to everybody (`special`), and who may write such an entry: whoever runs Bellhop.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::special::{Block, bits_of};
use super::{Host, Place};

/// How many entries a list may have, and how long one may be, in bytes: GitLab's own limits for its list.
pub const ALLOWANCES_MAX: usize = 1000;
const ALLOWANCE_BYTES_MAX: usize = 255;

/// `10.0.0.0/8`, `10.1.2.3:6659`, `[fd00::]/8:443`, `ci.internal`, `ci.internal:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    what: What,
    /// `None`: every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Block(Block),
    Name(String),
}

/// Why an entry opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowanceError {
    /// Empty, or longer than a name can be.
    #[error("it has 1 to {ALLOWANCE_BYTES_MAX} characters")]
    Length,
    /// A name stands for itself alone.
    #[error("names are taken as they are, without wildcards")]
    Wildcard,
    /// Neither a name nor an address.
    #[error("it is no address, no network and no host name")]
    Host,
    /// `10.1`, `0x7f.1`: one address in the eyes of some, another one or none in those of others.
    #[error("the address is to be written in full: {0}")]
    Spelling(Ipv4Addr),
    /// What stands behind the slash.
    #[error("behind the slash stands how many bits the network has: 0 to 32, or 0 to 128 for IPv6")]
    Bits,
    /// A network by the wrong name: it may be meant to be smaller than it is.
    #[error("the network of that size is {0}")]
    HostBits(String),
    /// What stands behind the colon.
    #[error("the port is not between 1 and 65535")]
    Port,
}

impl Allowance {
    /// One address, one port.
    pub fn of(address: SocketAddr) -> Self {
        let base = address.ip().to_canonical();
        Self { what: What::Block(Block { base, bits: bits_of(base) }), port: Some(address.port()) }
    }

    /// Whether it opens this address of the place. A name opens whatever it has as addresses.
    pub(super) fn opens(&self, place: &Place, address: IpAddr) -> bool {
        self.port.is_none_or(|port| port == place.port())
            && match &self.what {
                What::Block(block) => block.contains(address),
                What::Name(name) => matches!(place.host(), Host::Name(host) if host == name),
            }
    }

    /// Whether it says so of this very port.
    pub(super) fn names_port(&self) -> bool {
        self.port.is_some()
    }

    /// Whether it says so of one address, and not of a network or of a name.
    pub(super) fn names_address(&self) -> bool {
        matches!(&self.what, What::Block(block) if block.is_one_address())
    }
}

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, AllowanceError> {
        if !(1..=ALLOWANCE_BYTES_MAX).contains(&text.len()) {
            return Err(AllowanceError::Length);
        }
        if text.contains('*') {
            return Err(AllowanceError::Wildcard);
        }
        let (host, rest) = split_host(text)?;
        let (bits, port) = match rest.strip_prefix('/').map(|rest| rest.split_once(':')) {
            Some(Some((bits, port))) => (Some(bits), Some(port)),
            Some(None) => (rest.strip_prefix('/'), None),
            None if rest.is_empty() => (None, None),
            None => (None, Some(rest.strip_prefix(':').ok_or(AllowanceError::Host)?)),
        };
        let port = match port {
            Some(port) => Some(number(port).filter(|port| *port != 0).ok_or(AllowanceError::Port)?),
            None => None,
        };
        Ok(Self { what: What::parse(host, bits)?, port })
    }
}

impl What {
    fn parse(host: &str, bits: Option<&str>) -> Result<Self, AllowanceError> {
        match (host.parse::<IpAddr>(), bits) {
            (Ok(address), None) => {
                // Of an IPv4-mapped address, what is judged is the IPv4 address.
                let base = address.to_canonical();
                Ok(Self::Block(Block { base, bits: bits_of(base) }))
            }
            (Ok(base), Some(bits)) => {
                let bits =
                    number(bits).and_then(|bits| u8::try_from(bits).ok()).ok_or(AllowanceError::Bits)?;
                if bits > bits_of(base) {
                    return Err(AllowanceError::Bits);
                }
                let block = Block { base, bits };
                if block.first() == base {
                    return Ok(Self::Block(block));
                }
                let network = Block { base: block.first(), bits };
                Err(AllowanceError::HostBits(Self::Block(network).to_string()))
            }
            (Err(_), Some(_)) => Err(AllowanceError::Host),
            (Err(_), None) => match Host::parse(host) {
                Ok(Host::Name(name)) => Ok(Self::Name(name)),
                Ok(Host::Address(IpAddr::V4(address))) => Err(AllowanceError::Spelling(address)),
                Ok(Host::Address(IpAddr::V6(_))) | Err(_) => Err(AllowanceError::Host),
            },
        }
    }
}

/// The host, and what stands behind it: `/8`, `:80`, `/8:80` or nothing.
fn split_host(text: &str) -> Result<(&str, &str), AllowanceError> {
    if let Some(inner) = text.strip_prefix('[') {
        let (address, rest) = inner.split_once(']').ok_or(AllowanceError::Host)?;
        let is_v6 = address.parse::<Ipv6Addr>().is_ok();
        return if is_v6 { Ok((address, rest)) } else { Err(AllowanceError::Host) };
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((text, ""));
    }
    let end = text.find('/').or_else(|| text.rfind(':')).unwrap_or(text.len());
    Ok(text.split_at(end))
}

/// Digits and nothing else: no sign, no space.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// As it is written, in one of its spellings.
impl fmt::Display for Allowance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(formatter)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let block = match self {
            Self::Name(name) => return name.fmt(formatter),
            Self::Block(block) => block,
        };
        match block.base {
            IpAddr::V4(base) => base.fmt(formatter)?,
            IpAddr::V6(base) => write!(formatter, "[{base}]")?,
        }
        if block.is_one_address() { Ok(()) } else { write!(formatter, "/{}", block.bits) }
    }
}
