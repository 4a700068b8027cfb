//! Draws the records of a generated fleet.
//!
//! A record is computed from the fleet's seed and its place, so that a fleet of millions needs no memory. The shapes
//! and the spread of present and missing fields follow captures of the real API. Two fields are always there, `id` and
//! `hostname`; an endpoint without them is made with [`Fleet::edit`](crate::Fleet::edit).

use fastrand::Rng;

use crate::record::{
    Cloud, Encryption, Health, Id, Isolation, Named, Os, Packages, Person, Product, Record,
    Service, Services, Status, Tag, Volume,
};
use crate::uuid::uuid;
use crate::vocabulary as words;

/// The size of a generated record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordSize {
    /// About 1.3 KB, the mean of real `view=full` records.
    #[default]
    Normal,
    /// About 5 KB: more products, services and tags.
    Large,
}

/// The properties of an endpoint before its record is drawn.
pub(crate) struct Given<'a> {
    /// The endpoint's id.
    pub(crate) id: &'a str,
    /// The tenant that it belongs to.
    pub(crate) tenant: &'a str,
    /// Its place in the fleet, which is part of the host name.
    pub(crate) index: u64,
    /// `lastSeenAt` as the API writes it, or none.
    pub(crate) last_seen_at: Option<&'a str>,
    /// The size of the record.
    pub(crate) size: RecordSize,
}

/// Draws the record; equal input and an equally seeded `rng` give equal records.
pub(crate) fn draw<'a>(given: &Given<'a>, rng: &mut Rng) -> Record<'a> {
    let machine = words::pick(rng, words::MACHINES);
    let large = given.size == RecordSize::Large;
    let windows = machine.platform == "windows";
    let hostname = format!("{}-{:06}", machine.prefix, given.index);
    Record {
        id: given.id,
        kind: if machine.is_server {
            "server"
        } else {
            "computer"
        },
        tenant: Id { id: given.tenant },
        health: (!one_in(rng, 100)).then(|| health(rng, large)),
        os: (!one_in(rng, 200)).then(|| Os {
            is_server: machine.is_server,
            platform: machine.platform,
            name: (!one_in(rng, 100)).then_some(machine.name),
            major_version: machine.version.map(|version| version.0),
            minor_version: machine.version.map(|version| version.1),
            build: machine.version.map(|version| version.2),
        }),
        ipv4_addresses: (!one_in(rng, 50)).then(|| several(rng, ipv4)),
        ipv6_addresses: (!one_in(rng, 5)).then(|| {
            if one_in(rng, 3) {
                Vec::new()
            } else {
                several(rng, ipv6)
            }
        }),
        mac_addresses: (!one_in(rng, 50)).then(|| several(rng, mac)),
        group: (!one_in(rng, 4)).then(|| group(rng)),
        associated_person: person(rng, machine.is_server, &hostname),
        tamper_protection_supported: (!one_in(rng, 10)).then_some(true),
        tamper_protection_enabled: (!one_in(rng, 25)).then(|| !one_in(rng, 12)),
        assigned_products: products(rng, large),
        last_seen_at: given.last_seen_at,
        registered_at: words::past_moment(rng),
        last_os_update_at: (!one_in(rng, 6)).then(|| words::past_moment(rng)),
        last_agent_update_at: (!one_in(rng, 6)).then(|| words::past_moment(rng)),
        serial_number: (!one_in(rng, 5)).then(|| format!("PF{:06X}", rng.u32(..0x0100_0000))),
        cloned: one_in(rng, 200),
        encryption: (!machine.is_server && !one_in(rng, 8)).then(|| encryption(rng, windows)),
        cloud: (machine.is_server && one_in(rng, 2)).then(|| cloud(rng)),
        lockdown: machine.is_server.then(|| Status {
            status: words::pick(rng, words::LOCKDOWN),
        }),
        online: one_in(rng, 2),
        isolation: (!one_in(rng, 20)).then(|| isolation(rng)),
        mdr_managed: one_in(rng, 3),
        packages: (large || one_in(rng, 2)).then(|| packages(rng)),
        tags: (0..if large {
            12
        } else {
            usize::from(one_in(rng, 3))
        })
            .map(|place| tag(rng, place))
            .collect(),
        hostname,
    }
}

fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.u32(..n) == 0
}

/// One address mostly, sometimes up to four.
fn several(rng: &mut Rng, one: fn(&mut Rng) -> String) -> Vec<String> {
    let count = if one_in(rng, 4) { rng.usize(2..=4) } else { 1 };
    (0..count).map(|_| one(rng)).collect()
}

fn ipv4(rng: &mut Rng) -> String {
    format!(
        "{}.{}",
        words::pick(rng, &["192.0.2", "198.51.100", "203.0.113"]),
        rng.u8(1..255)
    )
}

fn ipv6(rng: &mut Rng) -> String {
    let host = rng.u64(..);
    let group = |shift: u32| (host >> shift) & 0xffff;
    let prefix = if one_in(rng, 6) {
        "2001:db8:0:1"
    } else {
        "fe80:"
    };
    format!(
        "{prefix}:{:x}:{:x}:{:x}:{:x}",
        group(48) | 0x1000,
        group(32),
        group(16),
        group(0)
    )
}

fn mac(rng: &mut Rng) -> String {
    format!("00:00:5E:00:53:{:02X}", rng.u8(..))
}

fn health(rng: &mut Rng, large: bool) -> Health {
    let overall = words::pick(rng, words::HEALTH);
    let count = if large { words::SERVICES.len() } else { 2 };
    let services = words::SERVICES.iter().take(count);
    Health {
        overall,
        threats: (!one_in(rng, 50)).then_some(Status { status: overall }),
        services: (!one_in(rng, 50)).then(|| Services {
            status: words::pick(rng, words::HEALTH),
            service_details: (!one_in(rng, 20)).then(|| {
                services
                    .map(|name| Service {
                        name: (*name).to_owned(),
                        status: words::pick(rng, words::SERVICE_STATUS),
                    })
                    .collect()
            }),
        }),
    }
}

fn group(rng: &mut Rng) -> Named {
    let name = words::pick(rng, words::GROUPS);
    // One group has one id in the whole fleet, so the id is drawn from its name alone.
    let seed = name.bytes().fold(7u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    Named {
        id: uuid(&mut Rng::with_seed(seed)),
        name,
    }
}

fn person(rng: &mut Rng, is_server: bool, hostname: &str) -> Option<Person> {
    if one_in(rng, 10) {
        return None;
    }
    if is_server || one_in(rng, 10) {
        return Some(Person {
            id: None,
            name: None,
            via_login: None,
        });
    }
    let (first, last) = (
        words::pick(rng, words::FIRST_NAMES),
        words::pick(rng, words::LAST_NAMES),
    );
    Some(Person {
        id: Some(uuid(rng)),
        name: Some(if one_in(rng, 3) {
            format!("{hostname}\\{}", first.to_lowercase())
        } else {
            format!("{first} {last}")
        }),
        via_login: (!one_in(rng, 8)).then(|| format!("{hostname}\\{}", first.to_lowercase())),
    })
}

fn products(rng: &mut Rng, large: bool) -> Vec<Product> {
    let count = if large {
        words::PRODUCTS.len()
    } else {
        rng.usize(2..=3)
    };
    let known = words::PRODUCTS
        .iter()
        .take(count)
        .map(|code| (*code).to_owned())
        .collect::<Vec<_>>();
    let more = (0..if large { 26 } else { 0 }).map(|place| format!("additionalProduct{place:02}"));
    known
        .into_iter()
        .chain(more)
        .map(|code| {
            let installed = !one_in(rng, 5);
            Product {
                code,
                version: (installed && !one_in(rng, 10))
                    .then(|| format!("2026.{}.{}.{}.0", rng.u8(1..4), rng.u8(..10), rng.u8(1..60))),
                status: if installed {
                    "installed"
                } else {
                    "notInstalled"
                },
            }
        })
        .collect()
}

fn encryption(rng: &mut Rng, windows: bool) -> Encryption {
    let status = words::pick(rng, words::ENCRYPTION);
    let volume = |rng: &mut Rng| Volume {
        volume_id: format!(
            "\\\\?\\Volume{{{:08x}-0000-0000-0000-100000000000}}\\",
            rng.u32(..)
        ),
        status,
    };
    Encryption {
        volumes: (windows && !one_in(rng, 10)).then(|| {
            if one_in(rng, 10) {
                Vec::new()
            } else {
                vec![volume(rng)]
            }
        }),
        overall_status: status,
    }
}

fn cloud(rng: &mut Rng) -> Cloud {
    let provider = words::pick(rng, &["aws", "azure", "gcp"]);
    Cloud {
        provider,
        instance_id: (!one_in(rng, 10)).then(|| match provider {
            "aws" => format!("i-{:017x}", rng.u64(..)),
            "gcp" => rng.u64(1 << 60..).to_string(),
            _ => uuid(rng),
        }),
    }
}

fn isolation(rng: &mut Rng) -> Isolation {
    let isolated = one_in(rng, 100);
    let admin = isolated && !one_in(rng, 3);
    Isolation {
        status: if isolated { "isolated" } else { "notIsolated" },
        admin_isolated: admin,
        self_isolated: isolated && !admin,
    }
}

fn packages(rng: &mut Rng) -> Packages {
    Packages {
        protection: Status {
            status: words::pick(rng, words::PACKAGE),
        },
        encryption: Status {
            status: words::pick(rng, words::PACKAGE),
        },
    }
}

fn tag(rng: &mut Rng, place: usize) -> Tag {
    let key = words::TAG_KEYS
        .get(place % words::TAG_KEYS.len())
        .copied()
        .unwrap_or("site");
    let value = words::pick(rng, words::TAG_VALUES);
    Tag {
        key: key.to_owned(),
        value: value.to_owned(),
        display_string: format!("{key}: {value}"),
    }
}
