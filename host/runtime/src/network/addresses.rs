//! Which addresses a component may connect to: the check below that of host names.
//!
//! Anybody can point a name at any address, also at the network that the host stands in. So each address that a name
//! resolves to is checked here, and the connection goes to one that passed. Rejected is every address that is not an
//! ordinary one of the Internet, by IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>) and of IPv6 address space. The metadata services of
//! clouds are among those: 169.254.169.254 and fe80:: are link-local, 100.100.100.200 is shared space, fd00:ec2::254 is
//! private.
//!
//! An address that holds an IPv4 address within is checked by that one:
//!
//! | form | checked as |
//! |---|---|
//! | IPv4-mapped, `::ffff:10.0.0.1` | `10.0.0.1` and nothing else |
//! | NAT64, `64:ff9b::10.0.0.1` | `10.0.0.1`; allowed, too, if `allow_addresses` has the NAT64 address |
//! | 6to4, `2002:a00:1::` | itself, and `10.0.0.1` |
//!
//! A network with IPv6 alone reaches the IPv4 Internet by NAT64, so that form is not rejected by itself.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::Url;

/// What a component may connect to although it is special.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedAddresses {
    /// Networks of addresses in their ordinary form: an IPv4-mapped address counts as its IPv4 address.
    pub networks: Vec<IpNet>,
    /// Whether this machine is allowed.
    pub loopback: bool,
}

/// A network of addresses that are not ordinary ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialNetwork {
    /// Its addresses.
    pub network: &'static str,
    /// What they are for, as people read it.
    pub purpose: &'static str,
    /// The document that says so.
    pub source: &'static str,
}

const LOOPBACK: &str = "loopback";
const PRIVATE: &str = "private";
const DOCUMENTATION: &str = "documentation";
const TRANSITION: &str = "IPv4 transition";
const PROTOCOL: &str = "of a protocol";
const RESERVED: &str = "reserved";

const fn special(
    network: &'static str,
    purpose: &'static str,
    source: &'static str,
) -> SpecialNetwork {
    SpecialNetwork {
        network,
        purpose,
        source,
    }
}

/// The special networks. Where several hold an address, the first one gives its purpose. 64:ff9b::/96 is not among them,
/// see the module.
const SPECIAL: [SpecialNetwork; 41] = [
    special("0.0.0.0/8", "unspecified", "RFC 791"),
    special("10.0.0.0/8", PRIVATE, "RFC 1918"),
    special("100.64.0.0/10", "shared address space", "RFC 6598"),
    special("127.0.0.0/8", LOOPBACK, "RFC 1122"),
    special("169.254.0.0/16", "link-local", "RFC 3927"),
    special("172.16.0.0/12", PRIVATE, "RFC 1918"),
    special("192.0.0.0/24", PROTOCOL, "RFC 6890"),
    special("192.0.2.0/24", DOCUMENTATION, "RFC 5737"),
    special("192.88.99.0/24", TRANSITION, "RFC 7526"),
    special("192.168.0.0/16", PRIVATE, "RFC 1918"),
    special("198.18.0.0/15", "benchmarking", "RFC 2544"),
    special("198.51.100.0/24", DOCUMENTATION, "RFC 5737"),
    special("203.0.113.0/24", DOCUMENTATION, "RFC 5737"),
    special("224.0.0.0/4", "multicast", "RFC 5771"),
    special("255.255.255.255/32", "broadcast", "RFC 919"),
    special("240.0.0.0/4", RESERVED, "RFC 1112"),
    special("::/128", "unspecified", "RFC 4291"),
    special("::1/128", LOOPBACK, "RFC 4291"),
    // IPv4-compatible.
    special("::/96", TRANSITION, "RFC 4291"),
    // IPv4-translated.
    special("::ffff:0:0:0/96", TRANSITION, "RFC 2765"),
    // NAT64 of one's own network.
    special("64:ff9b:1::/48", TRANSITION, "RFC 8215"),
    special("100::/64", "discard-only", "RFC 6666"),
    special("100:0:0:1::/64", "discard-only", "RFC 9780"),
    // Teredo.
    special("2001::/32", TRANSITION, "RFC 4380"),
    special("2001:2::/48", "benchmarking", "RFC 5180"),
    // ORCHID, ORCHIDv2, and the tags of drones.
    special("2001:10::/28", PROTOCOL, "RFC 4843"),
    special("2001:20::/28", PROTOCOL, "RFC 7343"),
    special("2001:30::/28", PROTOCOL, "RFC 9374"),
    special("2001::/23", PROTOCOL, "RFC 2928"),
    special("2001:db8::/32", DOCUMENTATION, "RFC 3849"),
    // 6to4.
    special("2002::/16", TRANSITION, "RFC 3056"),
    special("3fff::/20", DOCUMENTATION, "RFC 9637"),
    // Segment identifiers.
    special("5f00::/16", PROTOCOL, "RFC 9602"),
    special("fc00::/7", PRIVATE, "RFC 4193"),
    special("fe80::/10", "link-local", "RFC 4291"),
    // Site-local, the private addresses of old.
    special("fec0::/10", PRIVATE, "RFC 3879"),
    special("ff00::/8", "multicast", "RFC 4291"),
    // All else outside of 2000::/3, from which alone the addresses of the Internet are assigned.
    special("::/3", RESERVED, "RFC 4291"),
    special("4000::/2", RESERVED, "RFC 4291"),
    special("8000::/2", RESERVED, "RFC 4291"),
    special("c000::/2", RESERVED, "RFC 4291"),
];

/// NAT64 for everybody (RFC 6052).
const NAT64: IpNet = IpNet::new_assert(
    IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0)),
    96,
);

impl AllowedAddresses {
    /// Checks whether a component may connect to an address.
    ///
    /// # Errors
    ///
    /// The special network that the address, or the IPv4 address within it, belongs to.
    pub fn check(&self, address: IpAddr) -> Result<(), SpecialNetwork> {
        let address = address.to_canonical();
        if !NAT64.contains(&address) {
            self.check_outer(address)?;
        }
        match ipv4_within(address) {
            Some(address) => self.check_outer(address.into()),
            None => Ok(()),
        }
    }

    /// Checks an address, whatever address it holds within.
    fn check_outer(&self, address: IpAddr) -> Result<(), SpecialNetwork> {
        if self
            .networks
            .iter()
            .any(|network| network.contains(&address))
        {
            return Ok(());
        }
        match SPECIAL.iter().find(|special| special.contains(address)) {
            Some(special) if !(self.loopback && special.purpose == LOOPBACK) => Err(*special),
            _ => Ok(()),
        }
    }
}

/// Returns the IPv4 address within a NAT64 or 6to4 address.
fn ipv4_within(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else {
        return None;
    };
    let bits = if NAT64.contains(&address) {
        v6.to_bits()
    } else if v6.segments().first() == Some(&0x2002) {
        v6.to_bits() >> 80
    } else {
        return None;
    };
    Some(Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32))
}

/// Returns whether a URL's host, IPv6 addresses without brackets, is this machine by its name or address.
pub fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Returns whether a URL's host is this machine by its name or address.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| is_this_machine(host.trim_matches(['[', ']'])))
}

impl SpecialNetwork {
    fn contains(&self, address: IpAddr) -> bool {
        let network = self.network.parse::<IpNet>();
        // All networks of the table are valid, as a test shows; one that is not would hold every address.
        network.map_or(true, |network| network.contains(&address))
    }
}

/// `loopback (127.0.0.0/8, RFC 1122)`
impl fmt::Display for SpecialNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            network,
            purpose,
            source,
        } = self;
        write!(formatter, "{purpose} ({network}, {source})")
    }
}

#[cfg(test)]
mod tests;
