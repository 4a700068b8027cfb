//! Recognizes network addresses, and writes them as events do.
//!
//! OCSF sets the limits: a text that its types `ip_t` and `mac_t` reject would make the whole event invalid.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The maximum length of OCSF's `ip_t`.
const MAX_IP: usize = 40;

/// Between the digits of a MAC address: `00:00:5E`, `00-00-5E`, `0000.5E00`.
const SEPARATORS: [char; 3] = [':', '-', '.'];

/// Six octets of two digits and five separators.
const MAX_MAC: usize = 17;

/// An IP address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ip<'a> {
    /// The address without white space around it, otherwise unchanged.
    pub(crate) text: &'a str,
    /// The parsed address, without the zone.
    address: IpAddr,
    /// The zone; empty if there is none.
    zone: &'a str,
}

impl<'a> Ip<'a> {
    /// Returns a key that is equal for two spellings of one address.
    pub(crate) fn key(self) -> (IpAddr, &'a str) {
        (self.address, self.zone)
    }

    /// Returns whether other networks may reach a device under the address: it is neither link-local (APIPA among
    /// them), nor loopback, nor unspecified.
    pub(crate) fn is_routable(self) -> bool {
        match self.address.to_canonical() {
            IpAddr::V4(ip) => !(ip.is_link_local() || ip.is_loopback() || ip.is_unspecified()),
            IpAddr::V6(ip) => {
                !(ip.is_unicast_link_local() || ip.is_loopback() || ip.is_unspecified())
            }
        }
    }
}

/// Parses an IP address. Returns `None` if `ip_t` would reject it.
///
/// IPv6 may be in any form, with an embedded IPv4 address and with a zone (`fe80::1%eth0`, `fe80::1%12`), up to 40
/// characters in total. A network (`192.0.2.0/24`) and an IPv4 address with a leading zero, which some read as octal,
/// are not addresses.
pub(crate) fn ip(text: &str) -> Option<Ip<'_>> {
    let text = text.trim_ascii();
    if text.len() > MAX_IP {
        return None;
    }
    let (address, zone): (IpAddr, _) = if text.as_bytes().contains(&b':') {
        let (address, zone) = match text.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (text, None),
        };
        let is_zone =
            |zone: &str| !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_graphic());
        if !zone.is_none_or(is_zone) {
            return None;
        }
        let address: Ipv6Addr = address.parse().ok()?;
        (address.into(), zone.unwrap_or_default())
    } else {
        let address: Ipv4Addr = text.parse().ok()?;
        (address.into(), "")
    };
    Some(Ip {
        text,
        address,
        zone,
    })
}

/// Returns a MAC address (EUI-48) in upper case with colons. The text may have any form: twelve digits in equal groups
/// of two, four, six or all, with colons, hyphens or dots between, and white space around.
///
/// Returns `None` for any other text, also for an EUI-64: `mac_t` takes six octets.
pub(crate) fn mac(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim_ascii();
    if is_canonical(text) {
        return Some(Cow::Borrowed(text));
    }
    if text.len() > MAX_MAC {
        return None;
    }
    let separator = text
        .chars()
        .find(|character| SEPARATORS.contains(character));
    let is_separator = |character| Some(character) == separator;
    let group = text.find(is_separator).unwrap_or(text.len());
    if group % 2 != 0 || text.split(is_separator).any(|digits| digits.len() != group) {
        return None;
    }

    let mut mac = String::with_capacity(MAX_MAC);
    for digit in text.chars().filter(|&character| !is_separator(character)) {
        if !digit.is_ascii_hexdigit() {
            return None;
        }
        if mac.len() % 3 == 2 {
            mac.push(':');
        }
        mac.push(digit.to_ascii_uppercase());
    }
    (mac.len() == MAX_MAC).then_some(Cow::Owned(mac))
}

/// Returns whether a MAC address already has the form of an event, as most addresses of the API do.
fn is_canonical(text: &str) -> bool {
    let is_right = |(at, byte): (usize, u8)| match at % 3 {
        2 => byte == b':',
        _ => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
    };
    text.len() == MAX_MAC && text.bytes().enumerate().all(is_right)
}

#[cfg(test)]
mod tests {
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
}
