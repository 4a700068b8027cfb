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
mod tests;
