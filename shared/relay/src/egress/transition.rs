//! IPv4 addresses inside of IPv6 addresses: what is written as one and reaches the other.
//!
//! Not here: RFC 8215's `64:ff9b:1::/48`, which carries an IPv4 address at a place of its network's choice and is
//! refused as a whole (`special`); and a network's own NAT64 prefix, which cannot be told from any other address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that all have to be harmless for this one to be harmless: what it carries, or itself.
///
/// Known are IPv4-mapped (RFC 4291, `::ffff:a.b.c.d`), IPv4-compatible (`::a.b.c.d`, deprecated), IPv4-translated
/// (RFC 2765, `::ffff:0:a.b.c.d`), NAT64 (RFC 6052, `64:ff9b::a.b.c.d`), 6to4 (RFC 3056, `2002:aabb:ccdd::`), Teredo
/// (RFC 4380: the server's address, and the client's with every bit inverted) and ISATAP (RFC 5214: any prefix, and
/// `0:5efe:a.b.c.d` or `200:5efe:a.b.c.d` behind it; the prefix counts as well).
pub fn meant(address: IpAddr) -> Vec<IpAddr> {
    let IpAddr::V6(v6) = address else { return vec![address] };
    let segments = v6.segments();
    let last = two(segments[6], segments[7]);
    let mut meant = match segments {
        _ if v6 == Ipv6Addr::UNSPECIFIED || v6 == Ipv6Addr::LOCALHOST => vec![address],
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            vec![last.into()]
        }
        [0x2002, high, low, ..] => vec![two(high, low).into()],
        [0x2001, 0, high, low, ..] => {
            vec![two(high, low).into(), two(!segments[6], !segments[7]).into()]
        }
        _ => vec![address],
    };
    if matches!(segments, [_, _, _, _, 0 | 0x200, 0x5efe, ..]) {
        meant.push(last.into());
    }
    meant
}

fn two(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}
