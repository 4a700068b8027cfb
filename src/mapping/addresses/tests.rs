use super::*;

#[test]
fn an_ip_address_is_written_unchanged() {
    for text in [
        "192.0.2.10",
        "0.0.0.0",
        "255.255.255.255",
        "2001:db8::1",
        "2001:DB8::A",
        "2001:0db8:0000:0000:0000:0000:0000:0001",
        "::",
        "::1",
        "2001:db8::",
        "::ffff:192.0.2.10",
        "64:ff9b::192.0.2.10",
        "fe80::1c2d:3e4f:5a6b:7c8d%eth0",
        "fe80::1%12",
    ] {
        for padded in [text, &format!(" {text}\t")] {
            assert_eq!(ip(padded).map(|ip| ip.text), Some(text));
        }
    }
}

#[test]
fn other_texts_are_not_ip_addresses() {
    for text in [
        "",
        " ",
        "n/a",
        "example-workstation",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.010",
        "192.0.2.10:443",
        "192.0.2.0/24",
        "2001:db8::/32",
        "[2001:db8::1]",
        "2001:db8",
        "192.0.2.10%eth0",
        "fe80::1%",
        "fe80::1%eth 0",
        "fe80::1%\u{e9}th0",
        "2001:0db8:0000:0000:0000:0000:0000:0001%12",
        "0000:0000:0000:0000:0000:ffff:192.000.002.010",
        "0000:0000:0000:0000:0000:ffff:192.0.2.100",
    ] {
        assert!(ip(text).is_none(), "{text}");
    }
}

#[test]
fn spellings_of_one_ip_address_have_one_key() {
    let key = |text| ip(text).unwrap().key();
    for (one, other, is_one) in [
        ("192.0.2.10", " 192.0.2.10 ", true),
        ("2001:DB8::A", "2001:db8:0:0:0:0:0:a", true),
        ("fe80::1%eth0", "FE80::1%eth0", true),
        ("fe80::1%eth0", "fe80::1%eth1", false),
        ("fe80::1%eth0", "fe80::1", false),
        ("192.0.2.10", "::ffff:192.0.2.10", false),
        ("192.0.2.10", "192.0.2.11", false),
    ] {
        assert_eq!(key(one) == key(other), is_one, "{one} {other}");
    }
}

#[test]
fn link_local_loopback_and_unspecified_addresses_are_not_routable() {
    for (text, is_routable) in [
        ("192.0.2.10", true),
        ("10.0.0.1", true),
        ("169.253.255.255", true),
        ("169.254.0.1", false),
        ("127.0.0.1", false),
        ("0.0.0.0", false),
        ("2001:db8::1", true),
        ("fd00::1", true),
        ("fec0::1", true),
        ("fe80::1%eth0", false),
        ("febf::1", false),
        ("::1", false),
        ("::", false),
        ("::ffff:192.0.2.10", true),
        ("::ffff:169.254.0.1", false),
        ("::ffff:127.0.0.1", false),
    ] {
        assert_eq!(ip(text).unwrap().is_routable(), is_routable, "{text}");
    }
}

#[test]
fn a_mac_address_in_any_form_becomes_upper_case_with_colons() {
    for text in [
        "00:00:5E:00:53:AF",
        "00:00:5e:00:53:af",
        "00-00-5e-00-53-AF",
        "00.00.5e.00.53.af",
        "0000.5e00.53af",
        "0000:5E00:53AF",
        "00005e-0053af",
        "00005E0053AF",
        " 00:00:5e:00:53:af\n",
    ] {
        assert_eq!(mac(text).as_deref(), Some("00:00:5E:00:53:AF"), "{text}");
    }
}

#[test]
fn other_texts_are_not_mac_addresses() {
    for text in [
        "",
        "-",
        ":::::",
        "n/a",
        "00:00:5E:00:53",
        "00:00:5E:00:53:0",
        "00:00:5E:00:53:0G",
        "00:00:5E:00:53:01:",
        "00:00-5E:00-53:01",
        "000:05E:005:301",
        "0:0:5E:0:53:1",
        "00005E00530",
        "00 00 5E 00 53 01",
        "00:00:5E:00:53:é",
        "02:00:5E:FF:FE:00:53:01",
        "02-00-5e-ff-fe-00-53-01",
        "0200.5eff.fe00.5301",
        "02005EFFFE005301",
    ] {
        assert_eq!(mac(text), None, "{text}");
    }
}
