//! Where Bellhop connects to, and where it never does: whoever may configure a target may aim it, and must not reach
//! inside with it (server-side request forgery).
//!
//! The way of every connection that a user can aim: its [`Place`] is read from a URL or a setting, the [`Policy`]
//! judges it before anything is looked up, then judges *every* address that the lookup gave, and the connection goes
//! to one of the judged addresses and to nothing else. So a name whose answers change is judged by the answer that is
//! used.
//!
//! Public is what the registries of the IETF call globally reachable ([`special`]); an IPv6 address that carries an
//! IPv4 address ([`meant`]) is judged by what it carries. Whoever runs Bellhop can open more, by [`Allowance`]s in the
//! form that GitLab's list for outbound requests has
//! (<https://docs.gitlab.com/security/webhooks/#allow-outbound-requests-to-certain-ip-addresses-and-domains>).
//!
//! Not here: the lookup and the connection (`app::egress`). And not known: the machine's own public addresses, and a
//! network's own NAT64 prefix, so a firewall stays a good idea.

mod allowance;
mod place;
mod policy;
mod special;
#[cfg(test)]
mod tests;
mod transition;

pub use allowance::{ALLOWANCES_MAX, Allowance, AllowanceError};
pub use place::{Host, Place, read_url};
pub use policy::{Lookup, Policy, PolicyError};
pub use special::{Special, special};
pub use transition::meant;

/// Why nothing is connected to. For whoever configured the target: it names the host and the port, and never the rest
/// of a URL, which may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Not a URL with a host.
    #[error("this is no http:// or https:// URL with a host")]
    Url,
    /// What one program reads as the end of a host and another one does not.
    #[error("the URL holds a control character or a backslash")]
    Characters,
    /// Neither a name that the DNS can have, nor an address.
    #[error("the host is neither a host name nor an address")]
    Host,
    /// A port that nobody listens on.
    #[error("nothing can be connected to on port 0")]
    PortZero,
    /// There is a list of ports, and this is not on it.
    #[error("port {0} is not open: --egress-port (on AWS: EgressPorts) does not name it")]
    Port(u16),
    /// The host is an address inside, or has one among its addresses.
    #[error("{}", inside(.place, *.special))]
    Inside {
        /// What was aimed at.
        place: Place,
        /// What kind of address it has. Which address is not told: it would map the inside for whoever asks.
        special: Special,
    },
    /// The lookup found the name, and nothing under it.
    #[error("the name {0} has no address")]
    NoAddress(String),
}

fn inside(place: &Place, special: Special) -> String {
    let host = place.host();
    let verb = if matches!(host, Host::Address(_)) { "is" } else { "has" };
    if special == Special::Metadata {
        return format!("{host} {verb} {special}, which hands out credentials");
    }
    format!("{host} {verb} {special}, and --allow-egress (on AWS: AllowEgress) does not open {place}")
}
