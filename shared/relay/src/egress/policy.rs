//! What may be connected to: everything public, and what whoever runs Bellhop has opened.
//!
//! Not here: the lookup between the two judgements (`app::egress`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{ALLOWANCES_MAX, Allowance, AllowanceError, EgressError, Host, Place, Special, meant, special};

/// What a name that means this machine stands for. No resolver is asked, so none can say otherwise.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// What may be connected to. By default: every port of every public address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    allow: Vec<Allowance>,
    /// Empty: every port.
    ports: Vec<u16>,
}

/// What a place needs before it can be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// This name's addresses, which then have to be judged ([`Policy::after_lookup`]).
    Needed(&'a str),
    /// Nothing: these are its addresses, and they are judged.
    Needless(Vec<SocketAddr>),
}

/// Why there is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// An entry opens nothing.
    #[error("'{entry}' cannot be allowed: {why}")]
    Entry {
        /// As it was written.
        entry: String,
        /// What is wrong with it.
        why: AllowanceError,
    },
    /// Each connection looks at all of them.
    #[error("at most {ALLOWANCES_MAX} entries can be allowed, and these are {0}")]
    TooMany(usize),
    /// Not a port.
    #[error("'{0}' is no port between 1 and 65535")]
    Port(String),
}

impl Policy {
    /// Opens these besides what is public; only these ports, if any are named. An allowance that names a port needs no
    /// second leave for it.
    pub fn new(allow: Vec<Allowance>, ports: Vec<u16>) -> Result<Self, PolicyError> {
        if allow.len() > ALLOWANCES_MAX {
            return Err(PolicyError::TooMany(allow.len()));
        }
        if ports.contains(&0) {
            return Err(PolicyError::Port("0".to_owned()));
        }
        Ok(Self { allow, ports })
    }

    /// Reads two lists as they stand in an environment: separated by commas or white space.
    pub fn parse(allow: &str, ports: &str) -> Result<Self, PolicyError> {
        let entry =
            |entry: &str| entry.parse().map_err(|why| PolicyError::Entry { entry: entry.to_owned(), why });
        let port = |port: &str| port.parse().map_err(|_| PolicyError::Port(port.to_owned()));
        let allow = entries(allow).map(entry).collect::<Result<_, _>>()?;
        Self::new(allow, entries(ports).map(port).collect::<Result<_, _>>()?)
    }

    /// The same, and these opened as well.
    #[must_use]
    pub fn allowing(mut self, more: impl IntoIterator<Item = Allowance>) -> Self {
        self.allow.extend(more);
        self
    }

    /// Judges a place before anything is looked up.
    pub fn before_lookup<'a>(&self, place: &'a Place) -> Result<Lookup<'a>, EgressError> {
        match place.host() {
            Host::Address(address) => self.after_lookup(place, &[*address]).map(Lookup::Needless),
            Host::Name(_) if place.host().is_localhost() => {
                // These are ours and no resolver's, so one of the two may be closed.
                let judged = LOOPBACK.map(|address| self.after_lookup(place, &[address]));
                let (open, mut closed): (Vec<_>, Vec<_>) = judged.into_iter().partition(Result::is_ok);
                let open: Vec<_> = open.into_iter().flatten().flatten().collect();
                if open.is_empty() {
                    closed.swap_remove(0).map(Lookup::Needless)
                } else {
                    Ok(Lookup::Needless(open))
                }
            }
            Host::Name(name) => Ok(Lookup::Needed(name)),
        }
    }

    /// Judges the addresses that a lookup gave for a place. One of them that is closed closes the place: it would only
    /// be a matter of time until it is the one that is used.
    pub fn after_lookup(&self, place: &Place, found: &[IpAddr]) -> Result<Vec<SocketAddr>, EgressError> {
        if found.is_empty() {
            return Err(EgressError::NoAddress(place.host().to_string()));
        }
        let mut open = Vec::new();
        for &address in found {
            self.judge(place, address)?;
            let address = SocketAddr::new(address, place.port());
            if !open.contains(&address) {
                open.push(address);
            }
        }
        Ok(open)
    }

    fn judge(&self, place: &Place, address: IpAddr) -> Result<(), EgressError> {
        let inside = |special| EgressError::Inside { place: place.clone(), special };
        let meant = meant(address);
        let openers = |address| self.allow.iter().filter(move |allowance| allowance.opens(place, address));
        // A network that was opened for its services, or a name in somebody else's hands, must not open this as well.
        let is_metadata = |address: &IpAddr| special(*address) == Some(Special::Metadata);
        let mut metadata = meant.iter().chain([&address]).filter(|address| is_metadata(address));
        if metadata.any(|&address| !openers(address).any(Allowance::names_address)) {
            return Err(inside(Special::Metadata));
        }
        let is_open = |address| openers(address).next().is_some();
        if !is_open(address)
            && let Some(special) =
                meant.iter().filter(|address| !is_open(**address)).find_map(|a| special(*a))
        {
            return Err(inside(special));
        }
        let names_port = |address| openers(address).any(Allowance::names_port);
        let is_port_named = || names_port(address) || meant.iter().all(|address| names_port(*address));
        if self.ports.is_empty() || self.ports.contains(&place.port()) || is_port_named() {
            Ok(())
        } else {
            Err(EgressError::Port(place.port()))
        }
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty())
}
