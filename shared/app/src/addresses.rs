//! Where this Bellhop is reached from outside, and from where.

use std::net::IpAddr;

use config::WebUrl;
use http::{Extensions, HeaderMap};

/// The beginnings of links that are given away. On one machine all are the same; on AWS each function has a URL of its own.
/// What is not known is not linked to, and what needs a link says so.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Of the web console: logs of runs, linking of accounts.
    pub console: Option<WebUrl>,
    /// Of the door for webhooks: what a forge's settings are given.
    pub hooks: Option<WebUrl>,
    /// Of the door for slash commands: what a chat's settings are given, and what a forge calls back.
    pub commands: Option<WebUrl>,
}

/// Where a request comes from, among its extensions: put there by whoever takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Who asks. Behind a proxy on this machine, that is whom the proxy names last; whoever else names somebody is not
    /// believed.
    pub fn of(extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let Self(peer) = *extensions.get::<Self>()?;
        let named = || {
            let last = headers.get_all("x-forwarded-for").iter().next_back()?;
            last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        };
        Some(peer).filter(|peer| !peer.is_loopback()).or_else(named).or(Some(peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded: Option<&str>) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ClientAddress(peer.parse().unwrap()));
        let headers = forwarded.map(|named| ("x-forwarded-for".parse().unwrap(), named.parse().unwrap()));
        ClientAddress::of(&extensions, &headers.into_iter().collect()).unwrap().to_string()
    }

    #[test]
    fn a_proxy_on_this_machine_is_believed_and_nobody_else() {
        assert_eq!(of("127.0.0.1", Some("192.0.2.9, 192.0.2.1")), "192.0.2.1");
        assert_eq!(of("127.0.0.1", Some("nonsense")), "127.0.0.1");
        assert_eq!(of("127.0.0.1", None), "127.0.0.1");
        assert_eq!(of("192.0.2.7", Some("192.0.2.1")), "192.0.2.7");
    }
}
