//! Which addresses a component may be connected to: the layer below the names.
//!
//! A name is anybody's to point anywhere, also at the network that the host stands in. So each address that a
//! name resolves to is judged here, and the connection goes to one that passed. Refused is all that is not an
//! ordinary address of the Internet, by IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>) and of IPv6 address space. The metadata
//! services of clouds are among those: 169.254.169.254 and fe80:: are link-local, 100.100.100.200 is shared
//! space, fd00:ec2::254 is private.
//!
//! An address that holds an IPv4 address within is judged by that one:
//!
//! | form | judged as |
//! |---|---|
//! | IPv4-mapped, `::ffff:10.0.0.1` | `10.0.0.1` and nothing else |
//! | NAT64, `64:ff9b::10.0.0.1` | `10.0.0.1`, and by itself where `allow_addresses` names it |
//! | 6to4, `2002:a00:1::` | itself, and `10.0.0.1` |
//!
//! NAT64 is how a network with IPv6 alone reaches the IPv4 Internet, so that form is no reason for a refusal.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::Url;

/// What is open although it is special.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Networks of addresses in their ordinary form: an IPv4-mapped address counts as its IPv4 address.
    pub networks: Vec<IpNet>,
    /// Whether this very machine is.
    pub loopback: bool,
}

/// A network of addresses that are no ordinary ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// All of them.
    pub network: IpNet,
    /// What they are for.
    pub kind: Kind,
    /// The document that says so.
    pub source: &'static str,
}

/// What special addresses are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// This very machine.
    Loopback,
    /// No address yet, or "this network".
    Unspecified,
    /// A network of one's own.
    Private,
    /// Between a provider and its customers, and some clouds' own services.
    Shared,
    /// One link, and the metadata services of clouds.
    LinkLocal,
    /// Assignments of the IETF's protocols.
    Protocol,
    /// Examples in texts.
    Documentation,
    /// Measurements of devices.
    Benchmarking,
    /// Many receivers at once.
    Multicast,
    /// All receivers at once.
    Broadcast,
    /// Ways from one version of IP to the other.
    Transition,
    /// What is sent there is thrown away.
    Discard,
    /// Not given out.
    Reserved,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8, kind: Kind, source: &'static str) -> Special {
    Special {
        network: IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length),
        kind,
        source,
    }
}

const fn v6(segments: [u16; 8], length: u8, kind: Kind, source: &'static str) -> Special {
    let [a, b, c, d, e, f, g, h] = segments;
    Special {
        network: IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), length),
        kind,
        source,
    }
}

/// The special networks; of those that hold an address, the first says what it is. 64:ff9b::/96 is none of
/// them, see the module.
const SPECIAL: [Special; 41] = [
    v4(0, 0, 0, 0, 8, Kind::Unspecified, "RFC 791"),
    v4(10, 0, 0, 0, 8, Kind::Private, "RFC 1918"),
    v4(100, 64, 0, 0, 10, Kind::Shared, "RFC 6598"),
    v4(127, 0, 0, 0, 8, Kind::Loopback, "RFC 1122"),
    v4(169, 254, 0, 0, 16, Kind::LinkLocal, "RFC 3927"),
    v4(172, 16, 0, 0, 12, Kind::Private, "RFC 1918"),
    v4(192, 0, 0, 0, 24, Kind::Protocol, "RFC 6890"),
    v4(192, 0, 2, 0, 24, Kind::Documentation, "RFC 5737"),
    v4(192, 88, 99, 0, 24, Kind::Transition, "RFC 7526"),
    v4(192, 168, 0, 0, 16, Kind::Private, "RFC 1918"),
    v4(198, 18, 0, 0, 15, Kind::Benchmarking, "RFC 2544"),
    v4(198, 51, 100, 0, 24, Kind::Documentation, "RFC 5737"),
    v4(203, 0, 113, 0, 24, Kind::Documentation, "RFC 5737"),
    v4(224, 0, 0, 0, 4, Kind::Multicast, "RFC 5771"),
    v4(255, 255, 255, 255, 32, Kind::Broadcast, "RFC 919"),
    v4(240, 0, 0, 0, 4, Kind::Reserved, "RFC 1112"),
    v6([0; 8], 128, Kind::Unspecified, "RFC 4291"),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, Kind::Loopback, "RFC 4291"),
    // IPv4-compatible.
    v6([0; 8], 96, Kind::Transition, "RFC 4291"),
    // IPv4-translated.
    v6(
        [0, 0, 0, 0, 0xffff, 0, 0, 0],
        96,
        Kind::Transition,
        "RFC 2765",
    ),
    // NAT64 of one's own network.
    v6(
        [0x64, 0xff9b, 1, 0, 0, 0, 0, 0],
        48,
        Kind::Transition,
        "RFC 8215",
    ),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, Kind::Discard, "RFC 6666"),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, Kind::Discard, "RFC 9780"),
    // Teredo.
    v6(
        [0x2001, 0, 0, 0, 0, 0, 0, 0],
        32,
        Kind::Transition,
        "RFC 4380",
    ),
    v6(
        [0x2001, 2, 0, 0, 0, 0, 0, 0],
        48,
        Kind::Benchmarking,
        "RFC 5180",
    ),
    // ORCHID, ORCHIDv2, and the tags of drones.
    v6(
        [0x2001, 0x10, 0, 0, 0, 0, 0, 0],
        28,
        Kind::Protocol,
        "RFC 4843",
    ),
    v6(
        [0x2001, 0x20, 0, 0, 0, 0, 0, 0],
        28,
        Kind::Protocol,
        "RFC 7343",
    ),
    v6(
        [0x2001, 0x30, 0, 0, 0, 0, 0, 0],
        28,
        Kind::Protocol,
        "RFC 9374",
    ),
    v6(
        [0x2001, 0, 0, 0, 0, 0, 0, 0],
        23,
        Kind::Protocol,
        "RFC 2928",
    ),
    v6(
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0],
        32,
        Kind::Documentation,
        "RFC 3849",
    ),
    // 6to4.
    v6(
        [0x2002, 0, 0, 0, 0, 0, 0, 0],
        16,
        Kind::Transition,
        "RFC 3056",
    ),
    v6(
        [0x3fff, 0, 0, 0, 0, 0, 0, 0],
        20,
        Kind::Documentation,
        "RFC 9637",
    ),
    // Segment identifiers.
    v6(
        [0x5f00, 0, 0, 0, 0, 0, 0, 0],
        16,
        Kind::Protocol,
        "RFC 9602",
    ),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Kind::Private, "RFC 4193"),
    v6(
        [0xfe80, 0, 0, 0, 0, 0, 0, 0],
        10,
        Kind::LinkLocal,
        "RFC 4291",
    ),
    // Site-local, the private addresses of old.
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Kind::Private, "RFC 3879"),
    v6(
        [0xff00, 0, 0, 0, 0, 0, 0, 0],
        8,
        Kind::Multicast,
        "RFC 4291",
    ),
    // All else outside of 2000::/3, from which alone the addresses of the Internet are given out.
    v6([0; 8], 3, Kind::Reserved, "RFC 4291"),
    v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2, Kind::Reserved, "RFC 4291"),
    v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 2, Kind::Reserved, "RFC 4291"),
    v6([0xc000, 0, 0, 0, 0, 0, 0, 0], 2, Kind::Reserved, "RFC 4291"),
];

/// NAT64 for everybody (RFC 6052).
const NAT64: IpNet = IpNet::new_assert(
    IpAddr::V6(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0)),
    96,
);

impl Allowed {
    /// Whether an address may be connected to.
    ///
    /// # Errors
    ///
    /// The special network that it, or the IPv4 address within it, belongs to.
    pub fn judge(&self, address: IpAddr) -> Result<(), Special> {
        let address = address.to_canonical();
        if !NAT64.contains(&address) {
            self.judge_alone(address)?;
        }
        match within(address) {
            Some(address) => self.judge_alone(address.into()),
            None => Ok(()),
        }
    }

    fn judge_alone(&self, address: IpAddr) -> Result<(), Special> {
        if self.networks.iter().any(|open| open.contains(&address)) {
            return Ok(());
        }
        match SPECIAL
            .iter()
            .find(|special| special.network.contains(&address))
        {
            Some(special) if !(self.loopback && special.kind == Kind::Loopback) => Err(*special),
            _ => Ok(()),
        }
    }
}

/// The IPv4 address within a NAT64 or 6to4 address.
fn within(address: IpAddr) -> Option<Ipv4Addr> {
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

/// Whether a URL's host, IPv6 addresses without brackets, is this very machine by its name or address.
pub fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// Whether a URL's host is this machine by its very name or address.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| is_this_machine(host.trim_matches(['[', ']'])))
}

/// `loopback (127.0.0.0/8, RFC 1122)`
impl fmt::Display for Special {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} ({}, {})",
            self.kind, self.network, self.source
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Private => "private",
            Self::Shared => "shared address space",
            Self::LinkLocal => "link-local",
            Self::Protocol => "of a protocol",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Transition => "IPv4 transition",
            Self::Discard => "discard-only",
            Self::Reserved => "reserved",
        })
    }
}

#[cfg(test)]
mod tests;
