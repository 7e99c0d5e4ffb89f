//! What is tried against guards like this one, as far as it can be judged without a network. `app`'s use cases try
//! the same on real sockets.

mod aims;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use self::aims::{HOSTILE_ANSWERS, HOSTILE_URLS, NO_URLS, PUBLIC};
use super::*;

fn allowing(allow: &str) -> Policy {
    Policy::parse(allow, "").unwrap()
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// What becomes of a URL whose name, if it has one, has these addresses.
fn check(policy: &Policy, url: &str, answer: &[&str]) -> Result<Vec<SocketAddr>, EgressError> {
    let (_, place) = read_url(url)?;
    match policy.before_lookup(&place)? {
        Lookup::Needless(addresses) => Ok(addresses),
        Lookup::Needed(_) => policy.after_lookup(&place, &addresses(answer)),
    }
}

fn is_open(policy: &Policy, url: &str, answer: &[&str]) -> bool {
    check(policy, url, answer).is_ok()
}

#[test]
fn no_hostile_url_and_no_hostile_answer_gets_anywhere() {
    let policy = Policy::default();
    // The answer would be a good one: nobody gets as far as to ask for it.
    for url in HOSTILE_URLS.iter().chain(&NO_URLS) {
        let judged = check(&policy, url, &["8.8.8.8"]);
        assert!(judged.is_err(), "{url}: {judged:?}");
    }
    for answer in HOSTILE_ANSWERS {
        for url in ["http://ci.example.com/", "https://user:pass@ci.example.com:8443/x?y#z"] {
            let judged = check(&policy, url, answer);
            assert!(judged.is_err(), "{answer:?}: {judged:?}");
        }
    }
    let count = HOSTILE_URLS.len() + NO_URLS.len() + HOSTILE_ANSWERS.len();
    assert!(count >= 200, "{count}");
}

#[test]
fn everything_public_is_open() {
    let policy = Policy::default();
    for address in PUBLIC {
        assert!(is_open(&policy, "https://ci.example.com/", &[address]), "{address}");
        let host = Host::parse(address).unwrap();
        let literal =
            if address.contains(':') { format!("http://[{host}]/") } else { format!("http://{host}/") };
        assert!(is_open(&policy, &literal, &[]), "{literal}");
    }
    for url in [
        "http://example.com/",
        "https://user:pass@example.com:8443/path?query=127.0.0.1#localhost",
        "https://127.0.0.1.example.com/",
        "https://localhost.example.com./",
        "https://notlocalhost/",
        "https://bücher.example/",
        "https://EXAMPLE.com/a b",
        "http://134744072/",
        "http://127.0.0.1@example.com/",
        "http://a_b.example.com/",
    ] {
        assert!(is_open(&policy, url, &["8.8.8.8", "2606:4700::1111"]), "{url}");
    }
}

#[test]
fn what_is_checked_is_what_is_connected_to() {
    let policy = Policy::default();
    let judged = check(&policy, "https://ci.example.com/", &["8.8.8.8", "2606:4700::1111", "8.8.8.8"]);
    assert_eq!(judged.unwrap(), ["8.8.8.8:443".parse().unwrap(), "[2606:4700::1111]:443".parse().unwrap()]);
    assert_eq!(check(&policy, "http://0x08080808:81/", &[]).unwrap(), ["8.8.8.8:81".parse().unwrap()]);
}

#[test]
fn a_refusal_says_why_and_shows_no_secret() {
    let check = |url: &str, answer: &[&str]| {
        let error = check(&Policy::parse("", "80 443").unwrap(), url, answer).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        error
    };
    insta::assert_snapshot!(check("http://u:s3cret@0x7f.1/s3cret", &[]), @"127.0.0.1 is a loopback address, and --allow-egress (on AWS: AllowEgress) does not open 127.0.0.1:80");
    insta::assert_snapshot!(check("http://[::ffff:10.0.0.1]:8080/s3cret", &[]), @"::ffff:10.0.0.1 is a private address, and --allow-egress (on AWS: AllowEgress) does not open [::ffff:10.0.0.1]:8080");
    insta::assert_snapshot!(check("https://CI.example.com./s3cret", &["8.8.8.8", "10.0.0.1"]), @"ci.example.com has a private address, and --allow-egress (on AWS: AllowEgress) does not open ci.example.com:443");
    insta::assert_snapshot!(check("https://ci.example.com/s3cret", &["169.254.169.254"]), @"ci.example.com has the address of a cloud's metadata service, which hands out credentials");
    insta::assert_snapshot!(check("http://169.254.169.254/s3cret", &[]), @"169.254.169.254 is the address of a cloud's metadata service, which hands out credentials");
    insta::assert_snapshot!(check("http://app.localhost/s3cret", &[]), @"app.localhost has a loopback address, and --allow-egress (on AWS: AllowEgress) does not open app.localhost:80");
    insta::assert_snapshot!(check("https://ci.example.com:22/s3cret", &["8.8.8.8"]), @"port 22 is not open: --egress-port (on AWS: EgressPorts) does not name it");
    insta::assert_snapshot!(check("https://ci.example.com/s3cret", &[]), @"the name ci.example.com has no address");
    insta::assert_snapshot!(check("http://ci.example.com:0/s3cret", &[]), @"nothing can be connected to on port 0");
    insta::assert_snapshot!(check("http://s3cret\\@ci.example.com/", &[]), @"the URL holds a control character or a backslash");
    insta::assert_snapshot!(check("ftp://ci.example.com/s3cret", &[]), @"this is no http:// or https:// URL with a host");
    insta::assert_snapshot!(check("http://-s.example.com/s3cret", &[]), @"the host is neither a host name nor an address");
}

#[test]
fn an_address_or_a_network_is_opened_for_whoever_has_it() {
    let policy = allowing("10.1.2.3, 192.168.0.0/16:8080 [fd00::]/8:443 fd12::1");
    for (url, answer) in [
        ("http://10.1.2.3:99/", &[][..]),
        ("http://[::ffff:10.1.2.3]/", &[]),
        ("http://[64:ff9b::10.1.2.3]/", &[]),
        ("http://ci.internal/", &["10.1.2.3"]),
        ("http://ci.internal/", &["10.1.2.3", "8.8.8.8"]),
        ("http://192.168.7.7:8080/", &[]),
        ("https://[fd00:1::1]/", &[]),
        ("http://[fd12::1]:1/", &[]),
    ] {
        assert!(is_open(&policy, url, answer), "{url} {answer:?}");
    }
    for (url, answer) in [
        ("http://10.1.2.4/", &[][..]),
        ("http://ci.internal/", &["10.1.2.3", "10.1.2.4"]),
        ("http://192.168.7.7:8081/", &[]),
        ("http://[fd00:1::1]/", &[]),
        ("http://127.0.0.1/", &[]),
        // ISATAP: what it carries is open, and its prefix is not.
        ("http://[fe80::5efe:10.1.2.3]/", &[]),
    ] {
        assert!(!is_open(&policy, url, answer), "{url} {answer:?}");
    }
}

#[test]
fn a_name_is_opened_with_whatever_addresses_it_has() {
    let policy = allowing("CI.internal.:8080, bücher.internal");
    assert!(is_open(&policy, "http://ci.internal:8080/", &["10.0.0.1", "127.0.0.1", "8.8.8.8"]));
    assert!(is_open(&policy, "http://ci.internal.:8080/", &["10.0.0.1"]));
    assert!(is_open(&policy, "http://BÜCHER.internal/", &["10.0.0.1"]));
    assert!(!is_open(&policy, "http://ci.internal:8081/", &["10.0.0.1"]));
    assert!(!is_open(&policy, "http://a.ci.internal:8080/", &["10.0.0.1"]));
    assert!(!is_open(&policy, "http://10.0.0.1:8080/", &[]));
}

#[test]
fn a_metadata_service_is_opened_by_its_own_address_alone() {
    let wide = allowing("0.0.0.0/0 [::]/0 ci.internal");
    assert!(is_open(&wide, "http://127.0.0.1/", &[]) && is_open(&wide, "http://ci.internal/", &["10.0.0.1"]));
    for address in ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "::ffff:169.254.169.254"] {
        assert!(!is_open(&wide, "http://ci.internal/", &[address]), "{address}");
    }
    let narrow = allowing("169.254.169.254:80");
    assert!(is_open(&narrow, "http://169.254.169.254/", &[]));
    assert!(is_open(&narrow, "http://[::ffff:169.254.169.254]/", &[]));
    assert!(!is_open(&narrow, "http://169.254.169.254:8080/", &[]));
    assert!(!is_open(&narrow, "http://169.254.170.2/", &[]));
}

#[test]
fn localhost_is_this_machine_whatever_a_resolver_says() {
    let policy = allowing("127.0.0.1:6659");
    let judged = check(&policy, "http://localhost:6659/", &["8.8.8.8"]);
    assert_eq!(judged.unwrap(), ["127.0.0.1:6659".parse().unwrap()]);
    assert!(!is_open(&policy, "http://localhost:22/", &["8.8.8.8"]));
    let judged = check(&allowing("localhost:6659"), "http://LocalHost:6659/", &[]);
    assert_eq!(judged.unwrap(), ["127.0.0.1:6659".parse().unwrap(), "[::1]:6659".parse().unwrap()]);
    assert!(!is_open(&allowing("localhost"), "http://app.localhost/", &[]));
}

#[test]
fn a_list_of_ports_closes_all_others_but_those_that_are_allowed_by_name() {
    let policy = Policy::parse("10.0.0.1:6659 10.0.0.2", "443").unwrap();
    assert!(is_open(&policy, "https://ci.example.com/", &["8.8.8.8"]));
    assert!(is_open(&policy, "http://10.0.0.1:6659/", &[]));
    assert!(is_open(&policy, "https://10.0.0.2/", &[]));
    assert!(!is_open(&policy, "http://ci.example.com/", &["8.8.8.8"]));
    assert!(!is_open(&policy, "http://ci.example.com:6659/", &["8.8.8.8"]));
    assert!(!is_open(&policy, "http://10.0.0.2/", &[]));
}

#[test]
fn an_entry_is_read_and_written_in_the_same_way() {
    for (entry, written) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3/32:80", "10.1.2.3:80"),
        ("10.0.0.0/8:6659", "10.0.0.0/8:6659"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("fd00::1", "[fd00::1]"),
        ("fd00::/8", "[fd00::]/8"),
        ("fd00::/8:443", "[fd00::]/8:443"),
        ("[fd00::]/8:443", "[fd00::]/8:443"),
        ("[::1]:6659", "[::1]:6659"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("CI.Internal.", "ci.internal"),
        ("ci.internal:8080", "ci.internal:8080"),
        ("bücher.example", "xn--bcher-kva.example"),
    ] {
        let allowance: Allowance = entry.parse().unwrap();
        assert_eq!(allowance.to_string(), written, "{entry}");
        assert_eq!(written.parse(), Ok(allowance), "{entry}");
    }
}

#[test]
fn an_entry_that_is_not_understood_is_refused() {
    let check = |entry: &str| entry.parse::<Allowance>().unwrap_err().to_string();
    insta::assert_snapshot!(check(""), @"it has 1 to 255 characters");
    insta::assert_snapshot!(check("*.example.com"), @"names are taken as they are, without wildcards");
    insta::assert_snapshot!(check("10.0.0.0/33"), @"behind the slash stands how many bits the network has: 0 to 32, or 0 to 128 for IPv6");
    insta::assert_snapshot!(check("10.1.2.3/8"), @"the network of that size is 10.0.0.0/8");
    insta::assert_snapshot!(check("fd00::1/8:443"), @"the network of that size is [fd00::]/8");
    insta::assert_snapshot!(check("10.1"), @"the address is to be written in full: 10.0.0.1");
    insta::assert_snapshot!(check("ci.internal:0"), @"the port is not between 1 and 65535");
    insta::assert_snapshot!(check("http://ci.internal/"), @"it is no address, no network and no host name");
    for entry in [
        "10.0.0.0/",
        "10.0.0.0/+8",
        "h/8",
        "h:",
        "h:+1",
        "h:65536",
        "[::1",
        "[::1]80",
        "[h]",
        "a b",
        "-x",
        "::1%lo",
    ] {
        assert!(entry.parse::<Allowance>().is_err(), "{entry}");
    }
    assert_eq!("a".repeat(256).parse::<Allowance>(), Err(AllowanceError::Length));
    insta::assert_snapshot!(Policy::parse("10.0.0.1,h:x", "").unwrap_err(), @"'h:x' cannot be allowed: the port is not between 1 and 65535");
    insta::assert_snapshot!(Policy::parse("", "80,https").unwrap_err(), @"'https' is no port between 1 and 65535");
    insta::assert_snapshot!(Policy::parse(&"h ".repeat(1001), "").unwrap_err(), @"at most 1000 entries can be allowed, and these are 1001");
    assert!(Policy::parse(&"h ".repeat(1000), "80\n443").is_ok());
}

/// Every way to put an IPv4 address into an IPv6 address that is judged by it alone.
fn carriers(carried: Ipv4Addr) -> [Ipv6Addr; 7] {
    let bits = u128::from(carried.to_bits());
    let on = |prefix: u128| Ipv6Addr::from_bits(prefix | bits);
    [
        carried.to_ipv6_mapped(),
        on(0xffff_0000 << 32),
        on(0x0064_ff9b << 96),
        Ipv6Addr::from_bits(0x2002 << 112 | bits << 80 | 1),
        // Teredo, by way of the server 8.8.8.8.
        Ipv6Addr::from_bits(0x2001_0000_0808_0808 << 64 | u128::from(!carried.to_bits())),
        // ISATAP on a public prefix.
        on(0x2606_4700 << 96 | 0x5efe << 32),
        on(0x2606_4700 << 96 | 0x0200_5efe << 32),
    ]
}

proptest! {
    #[test]
    fn an_ipv4_address_is_judged_the_same_in_every_dress(
        bits in prop_oneof![
            any::<u32>(),
            (0..=255_u32, any::<u32>()).prop_map(|(low, high)| 0x7f00_0000 | (high & 0xff_ff00) | low),
            (0..=0xffff_u32).prop_map(|low| 0xa9fe_0000 | low),
            (0..=0xff_ffff_u32).prop_map(|low| 0x0a00_0000 | low),
        ],
        allow in prop_oneof![Just(""), Just("10.0.0.0/9 127.0.0.0/8:80 169.254.0.0/16")],
    ) {
        let carried = Ipv4Addr::from_bits(bits);
        let policy = allowing(allow);
        let judged = is_open(&policy, "http://ci.example.com/", &[&carried.to_string()]);
        for carrier in carriers(carried) {
            prop_assert!(meant(carrier.into()).contains(&carried.into()), "{carrier}");
            let judged_again = is_open(&policy, "http://ci.example.com/", &[&carrier.to_string()]);
            prop_assert_eq!(judged, judged_again, "{} in {}", carried, carrier);
        }
        // The deprecated form shares its block with `::` and `::1`.
        let compatible = Ipv6Addr::from_bits(u128::from(bits));
        prop_assert_eq!(judged, is_open(&policy, "http://ci.example.com/", &[&compatible.to_string()]));
    }

    #[test]
    fn only_global_unicast_is_public(bits in any::<u128>()) {
        let address = IpAddr::from(Ipv6Addr::from_bits(bits));
        if meant(address) == [address] && bits >> 125 != 1 {
            prop_assert!(special(address).is_some(), "{address}");
        }
    }

    #[test]
    fn nothing_that_is_typed_brings_the_guard_down(text in ".{0,60}") {
        let _ = read_url(&text);
        let _ = Host::parse(&text);
        let _ = Policy::parse(&text, &text);
        if let Ok(allowance) = text.parse::<Allowance>() {
            prop_assert_eq!(allowance.to_string().parse(), Ok(allowance));
        }
    }

    #[test]
    fn an_address_is_judged_the_same_in_every_spelling(bits in any::<u32>()) {
        let [a, b, c, d] = bits.to_be_bytes();
        let judged = check(&Policy::default(), &format!("http://{a}.{b}.{c}.{d}/"), &[]);
        for spelling in [
            format!("{bits}"),
            format!("{bits:#x}"),
            format!("0{bits:o}"),
            format!("{a:#x}.{b}.{c:#x}.{d}"),
            format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("{a}.{}", bits & 0xff_ffff),
            format!("{a}.{b}.{}.", bits & 0xffff),
        ] {
            prop_assert_eq!(&judged, &check(&Policy::default(), &format!("http://{spelling}/"), &[]), "{}", spelling);
        }
    }
}
