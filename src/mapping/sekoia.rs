//! The `sekoia` dialect: OCSF 1.6.0 in the shape that the Sekoia.io receiver takes.
//!
//! Source of each rule is the specification's mapping table; `docs/mapping.md` lists all of them, with what
//! departs from the table or from OCSF and why. Words of the API are compared without case, since it
//! writes `macOS` where its documentation says `macos`.

use std::borrow::Cow;
use std::iter::once;

use time::OffsetDateTime;

use super::addresses;
use crate::ocsf::{
    self, Device, Enrichment, EnrichmentData, Event, Group, Metadata, NetworkInterface,
    OperatingSystem, Organization, Product,
};
use crate::sophos::endpoint::{self, Endpoint};

/// The event for an endpoint; `now` is its time where the endpoint tells none.
pub fn event<'a>(endpoint: &'a Endpoint<'_>, now: OffsetDateTime) -> Event<'a> {
    let time = endpoint
        .last_seen_at
        .or(endpoint.registered_at)
        .unwrap_or(now);
    Event {
        activity_id: 2,
        activity_name: "Collect",
        category_name: "Discovery",
        category_uid: 5,
        class_name: "Device Inventory Info",
        class_uid: ocsf::CLASS_UID,
        type_name: "Device Inventory Info: Collect",
        type_uid: 500_102,
        severity: "Informational",
        severity_id: 1,
        time: time.unix_timestamp(),
        metadata: Metadata {
            product: Product {
                name: "Sophos EDR",
                version: "N/A",
            },
            version: ocsf::VERSION,
        },
        device: device(endpoint),
        enrichments: [Enrichment {
            name: "compliance",
            value: "hygiene",
            data: EnrichmentData {
                firewall_status: endpoint
                    .tamper_protection
                    .map(|enabled| if enabled { "Enabled" } else { "Disabled" }),
            },
        }],
    }
}

fn device<'a>(endpoint: &'a Endpoint<'_>) -> Device<'a> {
    let (kind, type_id) = device_type(endpoint.kind.as_deref());
    let network_interfaces = network_interfaces(endpoint);
    let healthy = is_healthy(endpoint.health.as_deref());
    let registered = endpoint.registered_at.map(OffsetDateTime::unix_timestamp);
    Device {
        uid: &endpoint.id,
        hostname: &endpoint.hostname,
        name: &endpoint.hostname,
        desc: endpoint.person_name.as_deref().map(login),
        kind,
        type_id,
        os: operating_system(endpoint),
        ip: network_interfaces.first().map(|interface| interface.ip),
        network_interfaces,
        groups: once(&endpoint.group)
            .chain(&endpoint.more_groups)
            .filter_map(group)
            .collect(),
        org: endpoint
            .tenant_id
            .as_deref()
            .map(|id| Organization { uid: id, name: id }),
        region: endpoint.cloud_provider.as_deref(),
        is_managed: true,
        is_compliant: healthy,
        is_trusted: is_trusted(
            endpoint.isolation.as_deref(),
            healthy,
            endpoint.tamper_protection,
        ),
        first_seen_time: registered,
        created_time: registered,
        last_seen_time: endpoint.last_seen_at.map(OffsetDateTime::unix_timestamp),
    }
}

fn device_type(kind: Option<&str>) -> (&'static str, u8) {
    match kind {
        Some(word) if word.eq_ignore_ascii_case("computer") => ("Desktop", 2),
        Some(word) if word.eq_ignore_ascii_case("server") => ("Server", 1),
        _ => ("Unknown", 0),
    }
}

fn operating_system<'a>(endpoint: &'a Endpoint<'_>) -> OperatingSystem<'a> {
    const PLATFORMS: [(&str, u16); 4] = [
        ("windows", 100),
        ("linux", 200),
        ("macos", 300),
        ("android", 201),
    ];
    let (kind, type_id) = endpoint
        .os_platform
        .as_deref()
        .and_then(|platform| {
            PLATFORMS
                .into_iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(platform))
        })
        .unwrap_or(("unknown", 0));
    OperatingSystem {
        name: endpoint.os_name.as_deref(),
        kind,
        type_id,
    }
}

/// `is_compliant`, and half of `is_trusted`.
fn is_healthy(overall: Option<&str>) -> Option<bool> {
    match overall {
        Some(word) if word.eq_ignore_ascii_case("good") => Some(true),
        Some(word)
            if word.eq_ignore_ascii_case("bad") || word.eq_ignore_ascii_case("suspicious") =>
        {
            Some(false)
        }
        _ => None,
    }
}

fn is_trusted(
    isolation: Option<&str>,
    healthy: Option<bool>,
    tamper_protection: Option<bool>,
) -> Option<bool> {
    if isolation.is_some_and(|status| status.eq_ignore_ascii_case("isolated")) {
        return Some(false);
    }
    match healthy {
        Some(true) if tamper_protection == Some(true) => Some(true),
        Some(false) => Some(false),
        _ => None,
    }
}

/// One interface an address: IPv4 first, then IPv6, with the MAC address of the same position. The
/// position counts over both lists and also names the interface; what is no address is left out and keeps
/// its position.
fn network_interfaces<'a>(endpoint: &'a Endpoint<'_>) -> Vec<NetworkInterface<'a>> {
    let addresses = endpoint
        .ipv4_addresses
        .iter()
        .chain(&endpoint.ipv6_addresses);
    let mut interfaces: Vec<_> = addresses
        .enumerate()
        .filter_map(|(position, address)| {
            let mac = endpoint
                .mac_addresses
                .get(position)
                .and_then(Option::as_deref);
            Some(NetworkInterface {
                hostname: None,
                ip: addresses::ip(address.as_deref()?)?,
                mac: mac.and_then(addresses::mac),
                name: format!("eth{position}"),
            })
        })
        .collect();
    if let Some(first) = interfaces.first_mut() {
        first.hostname = Some(&endpoint.hostname);
    }
    interfaces
}

/// A group needs a name; its id may be missing.
fn group<'a>(group: &'a endpoint::Group<'_>) -> Option<Group<'a>> {
    Some(Group {
        uid: group.id.as_deref(),
        name: group.name.as_deref()?,
    })
}

/// A login as the API writes it. A doubled backslash between domain and user, as in the specification's
/// sample, is one that was escaped twice.
fn login(name: &str) -> Cow<'_, str> {
    match name.split_once(r"\\") {
        Some((domain, user))
            if !domain.is_empty()
                && !user.is_empty()
                && !domain.contains('\\')
                && !user.contains('\\') =>
        {
            Cow::Owned(format!(r"{domain}\{user}"))
        }
        _ => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_trusted_by_isolation_then_health_then_tamper_protection() {
        const YES: Option<bool> = Some(true);
        const NO: Option<bool> = Some(false);
        for isolation in [None, Some("notIsolated"), Some("isolating")] {
            for (health, tamper_protection, trusted) in [
                (YES, YES, YES),
                (YES, NO, None),
                (YES, None, None),
                (NO, YES, NO),
                (NO, NO, NO),
                (NO, None, NO),
                (None, YES, None),
                (None, NO, None),
                (None, None, None),
            ] {
                assert_eq!(is_trusted(isolation, health, tamper_protection), trusted);
                assert_eq!(is_trusted(Some("isolated"), health, tamper_protection), NO);
            }
        }
    }

    #[test]
    fn health_words_count_without_case() {
        for (word, healthy) in [
            ("good", Some(true)),
            ("Good", Some(true)),
            ("bad", Some(false)),
            ("suspicious", Some(false)),
            ("unknown", None),
            ("goodish", None),
        ] {
            assert_eq!(is_healthy(Some(word)), healthy, "{word}");
        }
        assert_eq!(is_healthy(None), None);
    }

    #[test]
    fn a_doubled_backslash_between_domain_and_user_is_one() {
        for (name, written) in [
            (r"EXAMPLE\\ida", r"EXAMPLE\ida"),
            (r"EXAMPLE\ida", r"EXAMPLE\ida"),
            ("Ida Lund", "Ida Lund"),
            (r"\\ida", r"\\ida"),
            (r"EXAMPLE\\", r"EXAMPLE\\"),
            (r"EXAMPLE\\\ida", r"EXAMPLE\\\ida"),
            (r"EXAMPLE\\\\ida", r"EXAMPLE\\\\ida"),
            (r"\\server\share", r"\\server\share"),
            (r"EXAMPLE\unit\\ida", r"EXAMPLE\unit\\ida"),
            (r"EXAMPLE\\ida\home", r"EXAMPLE\\ida\home"),
        ] {
            assert_eq!(login(name), written, "{name}");
        }
    }
}
