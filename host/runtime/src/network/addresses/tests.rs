//! Which addresses are special, to the bit, and what allows them.

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn purpose(allowed: &AllowedAddresses, text: &str) -> Option<&'static str> {
    allowed
        .check(address(text))
        .err()
        .map(|special| special.purpose)
}

#[test]
fn each_special_range_ends_where_its_registry_says() {
    // First and last address of a range with its purpose, then what is just before and just behind it.
    for (first, last, inside, before, behind) in [
        (
            "0.0.0.0",
            "0.255.255.255",
            "unspecified",
            None,
            Some(("1.0.0.0", None)),
        ),
        (
            "10.0.0.0",
            "10.255.255.255",
            PRIVATE,
            Some(("9.255.255.255", None)),
            Some(("11.0.0.0", None)),
        ),
        (
            "100.64.0.0",
            "100.127.255.255",
            "shared address space",
            Some(("100.63.255.255", None)),
            Some(("100.128.0.0", None)),
        ),
        (
            "127.0.0.0",
            "127.255.255.255",
            LOOPBACK,
            Some(("126.255.255.255", None)),
            Some(("128.0.0.0", None)),
        ),
        (
            "169.254.0.0",
            "169.254.255.255",
            "link-local",
            Some(("169.253.255.255", None)),
            Some(("169.255.0.0", None)),
        ),
        (
            "172.16.0.0",
            "172.31.255.255",
            PRIVATE,
            Some(("172.15.255.255", None)),
            Some(("172.32.0.0", None)),
        ),
        (
            "192.0.0.0",
            "192.0.0.255",
            PROTOCOL,
            Some(("191.255.255.255", None)),
            Some(("192.0.1.0", None)),
        ),
        (
            "192.0.2.0",
            "192.0.2.255",
            DOCUMENTATION,
            Some(("192.0.1.255", None)),
            Some(("192.0.3.0", None)),
        ),
        (
            "192.88.99.0",
            "192.88.99.255",
            TRANSITION,
            Some(("192.88.98.255", None)),
            Some(("192.88.100.0", None)),
        ),
        (
            "192.168.0.0",
            "192.168.255.255",
            PRIVATE,
            Some(("192.167.255.255", None)),
            Some(("192.169.0.0", None)),
        ),
        (
            "198.18.0.0",
            "198.19.255.255",
            "benchmarking",
            Some(("198.17.255.255", None)),
            Some(("198.20.0.0", None)),
        ),
        (
            "198.51.100.0",
            "198.51.100.255",
            DOCUMENTATION,
            Some(("198.51.99.255", None)),
            Some(("198.51.101.0", None)),
        ),
        (
            "203.0.113.0",
            "203.0.113.255",
            DOCUMENTATION,
            Some(("203.0.112.255", None)),
            Some(("203.0.114.0", None)),
        ),
        (
            "224.0.0.0",
            "239.255.255.255",
            "multicast",
            Some(("223.255.255.255", None)),
            Some(("240.0.0.0", Some(RESERVED))),
        ),
        (
            "240.0.0.0",
            "255.255.255.254",
            RESERVED,
            Some(("239.255.255.255", Some("multicast"))),
            Some(("255.255.255.255", Some("broadcast"))),
        ),
        (
            "255.255.255.255",
            "255.255.255.255",
            "broadcast",
            Some(("255.255.255.254", Some(RESERVED))),
            None,
        ),
        (
            "::",
            "::",
            "unspecified",
            None,
            Some(("::1", Some(LOOPBACK))),
        ),
        (
            "::1",
            "::1",
            LOOPBACK,
            Some(("::", Some("unspecified"))),
            Some(("::2", Some(TRANSITION))),
        ),
        (
            "::2",
            "::ffff:ffff",
            TRANSITION,
            Some(("::1", Some(LOOPBACK))),
            Some(("::1:0:0", Some(RESERVED))),
        ),
        (
            "::ffff:0:0:0",
            "::ffff:0:ffff:ffff",
            TRANSITION,
            Some(("::fffe:ffff:ffff:ffff", Some(RESERVED))),
            Some(("::ffff:1:0:0", Some(RESERVED))),
        ),
        (
            "64:ff9b:1::",
            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
            TRANSITION,
            Some(("64:ff9b:0:ffff:ffff:ffff:ffff:ffff", Some(RESERVED))),
            Some(("64:ff9b:2::", Some(RESERVED))),
        ),
        (
            "100::",
            "100::ffff:ffff:ffff:ffff",
            "discard-only",
            Some(("ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(RESERVED))),
            Some(("100:0:0:1::", Some("discard-only"))),
        ),
        (
            "100:0:0:1::",
            "100:0:0:1:ffff:ffff:ffff:ffff",
            "discard-only",
            Some(("100::ffff:ffff:ffff:ffff", Some("discard-only"))),
            Some(("100:0:0:2::", Some(RESERVED))),
        ),
        (
            "2001::",
            "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
            TRANSITION,
            Some(("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None)),
            Some(("2001:1::", Some(PROTOCOL))),
        ),
        (
            "2001:2::",
            "2001:2:0:ffff:ffff:ffff:ffff:ffff",
            "benchmarking",
            Some(("2001:1:ffff:ffff:ffff:ffff:ffff:ffff", Some(PROTOCOL))),
            Some(("2001:2:1::", Some(PROTOCOL))),
        ),
        (
            "2001:10::",
            "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff",
            PROTOCOL,
            Some(("2001:f:ffff:ffff:ffff:ffff:ffff:ffff", Some(PROTOCOL))),
            Some(("2001:40::", Some(PROTOCOL))),
        ),
        (
            "2001:1::",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            PROTOCOL,
            Some(("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Some(TRANSITION))),
            Some(("2001:200::", None)),
        ),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            DOCUMENTATION,
            Some(("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", None)),
            Some(("2001:db9::", None)),
        ),
        (
            "2002:808:808::",
            "2002:808:808:ffff:ffff:ffff:ffff:ffff",
            TRANSITION,
            Some(("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None)),
            Some(("2003::", None)),
        ),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            DOCUMENTATION,
            Some(("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None)),
            Some(("3fff:1000::", None)),
        ),
        (
            "5f00::",
            "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            PROTOCOL,
            Some(("5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(RESERVED))),
            Some(("5f01::", Some(RESERVED))),
        ),
        (
            "fc00::",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            PRIVATE,
            Some(("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(RESERVED))),
            Some(("fe00::", Some(RESERVED))),
        ),
        (
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "link-local",
            Some(("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(RESERVED))),
            Some(("fec0::", Some(PRIVATE))),
        ),
        (
            "fec0::",
            "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            PRIVATE,
            Some((
                "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                Some("link-local"),
            )),
            Some(("ff00::", Some("multicast"))),
        ),
        (
            "ff00::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "multicast",
            Some(("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Some(PRIVATE))),
            None,
        ),
        (
            "4000::",
            "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            RESERVED,
            Some(("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None)),
            Some(("5f00::", Some(PROTOCOL))),
        ),
    ] {
        let nothing = AllowedAddresses::default();
        for edge in [first, last] {
            assert_eq!(purpose(&nothing, edge), Some(inside), "{edge}");
        }
        for (neighbour, expected) in before.into_iter().chain(behind) {
            assert_eq!(purpose(&nothing, neighbour), expected, "{neighbour}");
        }
    }
}

#[test]
fn an_ipv4_address_within_an_ipv6_address_is_checked() {
    let judge = |networks: &[&str], text| {
        let networks = networks.iter().map(|text| text.parse().unwrap()).collect();
        purpose(
            &AllowedAddresses {
                networks,
                loopback: false,
            },
            text,
        )
    };
    for (networks, text, expected) in [
        (&[][..], "::ffff:8.8.8.8", None),
        (&[], "::ffff:127.0.0.1", Some(LOOPBACK)),
        (&[], "::ffff:169.254.169.254", Some("link-local")),
        (&["10.0.0.0/8"], "::ffff:10.1.2.3", None),
        // The IPv6 network with the same bits is another one.
        (&["::ffff:0:0/96"], "::ffff:10.1.2.3", Some(PRIVATE)),
        (&[], "64:ff9b::8.8.8.8", None),
        (&[], "64:ff9b::10.1.2.3", Some(PRIVATE)),
        (&[], "64:ff9b::127.0.0.1", Some(LOOPBACK)),
        (&["10.0.0.0/8"], "64:ff9b::10.1.2.3", None),
        (&["64:ff9b::/96"], "64:ff9b::10.1.2.3", Some(PRIVATE)),
        (&[], "2002:808:808::1", Some(TRANSITION)),
        (&["2002::/16"], "2002:808:808::1", None),
        (&["2002::/16"], "2002:a01:203::1", Some(PRIVATE)),
        (&["2002::/16", "10.0.0.0/8"], "2002:a01:203::1", None),
    ] {
        assert_eq!(judge(networks, text), expected, "{networks:?} {text}");
    }
}

#[test]
fn the_loopback_flag_allows_loopback_only() {
    let allowed = AllowedAddresses {
        networks: Vec::new(),
        loopback: true,
    };
    for open in ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(purpose(&allowed, open), None, "{open}");
    }
    for special in SPECIAL
        .iter()
        .filter(|special| special.purpose != LOOPBACK && !special.contains(address("::1")))
    {
        let first = special.network.parse::<IpNet>().unwrap().network();
        assert!(allowed.check(first).is_err(), "{special}");
    }
}

#[test]
fn a_rejection_says_what_the_address_is() {
    let special = AllowedAddresses::default()
        .check(address("10.0.0.1"))
        .unwrap_err();
    assert_eq!(special.to_string(), "private (10.0.0.0/8, RFC 1918)");
}

#[test]
fn this_machine_is_recognised_by_its_names_and_addresses() {
    for host in [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
    ] {
        assert!(is_this_machine(host), "{host}");
    }
    for host in [
        "",
        "localhost.example",
        "notlocalhost",
        "192.0.2.1",
        "::2",
        "0.0.0.0",
    ] {
        assert!(!is_this_machine(host), "{host}");
    }
}

fn networks() -> impl Strategy<Value = Vec<IpNet>> {
    let network = (any::<u32>(), 0..=32_u8)
        .prop_map(|(bits, length)| IpNet::new_assert(Ipv4Addr::from_bits(bits).into(), length));
    proptest::collection::vec(network, 0..3)
}

proptest! {
    #[test]
    fn a_mapped_address_is_checked_as_its_ipv4_address(
        bits: u32,
        networks in networks(),
        loopback: bool,
    ) {
        let v4 = Ipv4Addr::from_bits(bits);
        let allowed = AllowedAddresses { networks, loopback };
        let judged = allowed.check(v4.into());
        prop_assert_eq!(allowed.check(v4.to_ipv6_mapped().into()), judged);
        let nat64 = Ipv6Addr::from_bits((0x0064_ff9b << 96) | u128::from(bits));
        prop_assert_eq!(allowed.check(nat64.into()), judged);
    }

    #[test]
    fn an_allowed_network_allows_its_addresses_and_changes_nothing_else(
        bits: u32,
        networks in networks(),
        loopback: bool,
    ) {
        let v4 = IpAddr::V4(Ipv4Addr::from_bits(bits));
        let opens = networks.iter().any(|network| network.contains(&v4));
        let without = AllowedAddresses { networks: Vec::new(), loopback }.check(v4);
        let with = AllowedAddresses { networks, loopback }.check(v4);
        prop_assert_eq!(with, if opens { Ok(()) } else { without });
    }
}

#[test]
fn every_network_of_the_table_is_valid_and_written_as_it_is_shown() {
    for special in SPECIAL {
        let network: IpNet = special.network.parse().unwrap();
        assert_eq!(network.trunc().to_string(), special.network);
    }
}
