//! Which addresses are not public, and why: the special-purpose registries of IANA
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>, RFC 6890), multicast, and what no registry knows:
//! the addresses under which clouds hand out credentials.
//!
//! Stricter than the registries in one thing: the anycast addresses in `192.0.0.0/24` and `2001::/23` are globally
//! reachable by the letter, and in truth reach the nearest device that speaks a protocol of its own (PCP, TURN).
//!
//! Not here: IPv4 addresses inside of IPv6 addresses (`transition`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// A cloud's metadata service: whoever may ask it for anything has the machine's credentials.
    Metadata,
    /// This machine. The Lambda Runtime API is here, too.
    Loopback,
    /// All of this machine's addresses at once; to connect to it is to connect to this machine.
    Unspecified,
    /// `0.0.0.0/8`: this network.
    ThisNetwork,
    /// RFC 1918.
    Private,
    /// RFC 6598: between a provider's network and its customers'.
    Shared,
    /// RFC 3927, RFC 4291: the neighbours on the wire.
    LinkLocal,
    /// RFC 3879: deprecated, and still routed where it is set up.
    SiteLocal,
    /// RFC 4193: IPv6's private addresses.
    UniqueLocal,
    /// RFC 5771, RFC 4291.
    Multicast,
    /// RFC 919.
    Broadcast,
    /// RFC 5737, RFC 3849, RFC 9637: for books.
    Documentation,
    /// RFC 2544, RFC 5180: for measuring devices.
    Benchmarking,
    /// RFC 6890: for protocols' own use, not for hosts.
    Protocol,
    /// RFC 8215: a network's own translation to IPv4. Where in it the IPv4 address stands is that network's choice,
    /// so nobody outside can tell what it reaches.
    Translation,
    /// RFC 9602: instructions to routers.
    SegmentRouting,
    /// RFC 6666: thrown away.
    Discard,
    /// Nobody's yet.
    Reserved,
}

/// For people, as in "10.0.0.1 is ...".
impl fmt::Display for Special {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Loopback => "a loopback address",
            Self::Unspecified => "the unspecified address",
            Self::ThisNetwork => "an address of 'this network'",
            Self::Private => "a private address",
            Self::Shared => "an address of a provider's inside (CGNAT)",
            Self::LinkLocal => "a link-local address",
            Self::SiteLocal => "a site-local address",
            Self::UniqueLocal => "a unique local address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Protocol => "an address for a protocol's own use",
            Self::Translation => "an address of a local translation to IPv4",
            Self::SegmentRouting => "an address for routers",
            Self::Discard => "an address for what is thrown away",
            Self::Reserved => "a reserved address",
        })
    }
}

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) base: IpAddr,
    pub(super) bits: u8,
}

impl Block {
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                masked_v4(base, self.bits) == masked_v4(address, self.bits)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                masked_v6(base, self.bits) == masked_v6(address, self.bits)
            }
            _ => false,
        }
    }

    /// The block's first address.
    pub(super) fn first(&self) -> IpAddr {
        match self.base {
            IpAddr::V4(base) => masked_v4(base, self.bits).into(),
            IpAddr::V6(base) => masked_v6(base, self.bits).into(),
        }
    }

    /// Whether one address is all of it.
    pub(super) fn is_one_address(&self) -> bool {
        self.bits == bits_of(self.base)
    }
}

/// How many bits an address of this family has.
pub(super) fn bits_of(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked_v4(address: Ipv4Addr, bits: u8) -> Ipv4Addr {
    let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
    Ipv4Addr::from_bits(address.to_bits() & mask)
}

fn masked_v6(address: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

/// One address each. AWS (also for containers and pods), Google, Azure, Oracle, Alibaba, Scaleway, `OpenStack`.
/// Azure's 168.63.129.16 looks public and is not.
const METADATA: [IpAddr; 12] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 42, 42)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
    IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

/// The first block that holds an address says what it is.
const BLOCKS: [(Block, Special); 33] = [
    (v4([0, 0, 0, 0], 32), Special::Unspecified),
    (v4([0, 0, 0, 0], 8), Special::ThisNetwork),
    (v4([10, 0, 0, 0], 8), Special::Private),
    (v4([100, 64, 0, 0], 10), Special::Shared),
    (v4([127, 0, 0, 0], 8), Special::Loopback),
    (v4([169, 254, 0, 0], 16), Special::LinkLocal),
    (v4([172, 16, 0, 0], 12), Special::Private),
    (v4([192, 0, 0, 0], 24), Special::Protocol),
    (v4([192, 0, 2, 0], 24), Special::Documentation),
    // The deprecated way to the nearest 6to4 relay.
    (v4([192, 88, 99, 0], 24), Special::Protocol),
    (v4([192, 168, 0, 0], 16), Special::Private),
    (v4([198, 18, 0, 0], 15), Special::Benchmarking),
    (v4([198, 51, 100, 0], 24), Special::Documentation),
    (v4([203, 0, 113, 0], 24), Special::Documentation),
    (v4([224, 0, 0, 0], 4), Special::Multicast),
    (v4([255, 255, 255, 255], 32), Special::Broadcast),
    (v4([240, 0, 0, 0], 4), Special::Reserved),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Special::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Special::Loopback),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Special::Translation),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), Special::Discard),
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), Special::Benchmarking),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Special::Documentation),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Special::Protocol),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Special::Documentation),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Special::SegmentRouting),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Special::UniqueLocal),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Special::LinkLocal),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Special::SiteLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Special::Multicast),
    // All that is left outside of 2000::/3, from which alone addresses are given out.
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 3), Special::Reserved),
    (v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2), Special::Reserved),
    (v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 1), Special::Reserved),
];

const fn v4(base: [u8; 4], bits: u8) -> Block {
    Block { base: IpAddr::V4(Ipv4Addr::from_octets(base)), bits }
}

const fn v6(base: [u16; 8], bits: u8) -> Block {
    Block { base: IpAddr::V6(Ipv6Addr::from_segments(base)), bits }
}

/// What an address is, if it is not public. Judges the address as it stands: see [`super::meant`] for what it may
/// carry.
pub fn special(address: IpAddr) -> Option<Special> {
    if METADATA.contains(&address) {
        return Some(Special::Metadata);
    }
    BLOCKS.iter().find(|(block, _)| block.contains(address)).map(|(_, special)| *special)
}
