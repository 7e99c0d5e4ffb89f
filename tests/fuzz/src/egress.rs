//! Addresses that a user aims: nothing that is not public is connected to, by a judgement that is not the guard's own.

use std::net::{IpAddr, Ipv4Addr};

use config::WebUrl;
use relay::egress::{Allowance, Host, Lookup, Place, Policy, read_url};

/// An input is a URL, a host, or an entry of the list of what is opened.
pub(crate) fn egress(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((url, place)) = read_url(&text) {
        assert!(matches!(url.scheme(), "http" | "https"), "{url}");
        judged(&place);
        assert_eq!(Place::of(&url).as_ref(), Ok(&place), "{url}");
    }
    if let Ok(host) = Host::parse(&text) {
        let place = Place::new(&host.to_string(), 80).expect("what was read is read again");
        assert_eq!(place.host(), &host, "{text:?}");
        judged(&place);
    }
    if let Ok(url) = WebUrl::try_from(text.to_string()) {
        let again = url.as_str();
        assert!(again.starts_with("http") && !again.chars().any(char::is_whitespace), "{again:?}");
    }
    if let Ok(allowance) = text.parse::<Allowance>() {
        assert_eq!(allowance.to_string().parse().as_ref(), Ok(&allowance), "{text:?}");
    }
    // A list is good as a whole, or refused.
    let _ = Policy::parse(&text, "");
}

fn judged(place: &Place) {
    let Ok(lookup) = Policy::default().before_lookup(place).map(|lookup| match lookup {
        Lookup::Needed(name) => {
            assert!(name.parse::<IpAddr>().is_err(), "{name} is an address, and would not be judged");
            Vec::new()
        }
        Lookup::Needless(addresses) => addresses,
    }) else {
        return;
    };
    for address in lookup {
        assert!(!is_inside(address.ip()), "{place} would be connected to");
    }
}

/// The worst of what is inside, by another list than the guard's.
fn is_inside(address: IpAddr) -> bool {
    let v4 = |v4: Ipv4Addr| {
        v4.is_loopback()
            || v4.is_private()
            || v4.is_link_local()
            || v4.is_unspecified()
            || v4.is_broadcast()
            || v4.is_multicast()
            || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
    };
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => {
            let segments = address.segments();
            let embedded = |first: usize| {
                Ipv4Addr::from_bits((u32::from(segments[first]) << 16) | u32::from(segments[first + 1]))
            };
            address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some_and(v4)
                || (segments[..2] == [0x64, 0xff9b] && v4(embedded(6)))
                || (segments[0] == 0x2002 && v4(embedded(1)))
        }
    }
}
