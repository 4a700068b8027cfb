//! `device`, but for its lists and times.

use crate::mapping::dialect::Dialect::{Ocsf, Sekoia};
use crate::mapping::rule::{Make, Rule, always, rule};
use crate::mapping::rules::words::{
    device_type, is_healthy, is_trusted, os_type, risk, sekoia_device_type, sekoia_os_type,
};
use crate::mapping::subject::{Subject, single_backslash};
use crate::mapping::value::{Made, Value, boolean, from_nothing, integer, text};

/// Which device it is.
pub(crate) const IDENTITY: &[Rule] = &[
    rule("device.uid", &["id"], "as it is", |subject, _| {
        Some(text(&*subject.endpoint.id))
    })
    .required(),
    rule(
        "device.instance_uid",
        &["cloud.instanceId"],
        "as it is",
        |subject, _| subject.record.text("cloud.instanceId", 0).map(text),
    )
    .only(Ocsf),
    rule("device.hostname", &["hostname"], "as it is", hostname).required_by(&[Sekoia]),
    rule("device.name", &["hostname"], "as it is", hostname),
    rule(
        "device.desc",
        &["associatedPerson.name"],
        "as it is; a doubled backslash between domain and user becomes one",
        |subject, _| {
            let name = subject.endpoint.person_name.as_deref()?;
            Some(text(single_backslash(name.into())))
        },
    )
    .only(Sekoia),
    rule(
        "device.type",
        &["type"],
        "computer is Desktop, server is Server, else Unknown",
        |subject, _| Some(text(sekoia_device_type(kind(subject)).0)),
    )
    .only(Sekoia),
    rule(
        "device.type_id",
        &["type"],
        "computer is 2, server is 1, else 0",
        |subject, _| Some(integer(sekoia_device_type(kind(subject)).1)),
    )
    .only(Sekoia)
    .required(),
    rule(
        "device.type",
        &["type"],
        "the caption of type_id, for 99 the word as it is",
        |subject, _| {
            Some(match kind(subject) {
                Some(word) => text(device_type(word).map_or(word, |known| known.0)),
                None => from_nothing(Value::Text("Unknown".into())),
            })
        },
    )
    .only(Ocsf),
    rule(
        "device.type_id",
        &["type"],
        "server is 1, computer or desktop 2, laptop 3, tablet 4, mobile 5, securityVm or virtual 6, iot 7, browser \
         8, firewall 9, switch 10, hub 11, router 12, ids 13, ips 14, loadBalancer 15; another word is 99 (Other), \
         unknown or none is 0",
        |subject, _| {
            Some(match kind(subject) {
                Some(word) => integer(device_type(word).map_or(99, |known| known.1)),
                None => from_nothing(Value::Integer(0)),
            })
        },
    )
    .only(Ocsf)
    .required(),
];

/// `device.os`
pub(crate) const OPERATING_SYSTEM: &[Rule] = &[
    rule("device.os.name", &["os.name"], "as it is", |subject, _| {
        subject.endpoint.os_name.as_deref().map(text)
    })
    .only(Sekoia),
    rule(
        "device.os.type",
        &["os.platform"],
        "the word in lower case where it is windows, linux, macos or android, else unknown",
        |subject, _| Some(text(sekoia_os_type(platform(subject)).0)),
    )
    .only(Sekoia)
    .required(),
    rule(
        "device.os.type_id",
        &["os.platform"],
        "windows is 100, linux is 200, macos is 300, android is 201, else 0",
        |subject, _| Some(integer(sekoia_os_type(platform(subject)).1)),
    )
    .only(Sekoia)
    .required(),
    rule(
        "device.os.name",
        &["os.name", "os.platform"],
        "os.name, else the platform's word",
        |subject, _| {
            let endpoint = subject.endpoint;
            let name: (_, &[_]) = match endpoint.os_name.as_deref() {
                Some(name) => (name, &["os.name"]),
                None => (endpoint.os_platform.as_deref()?, &["os.platform"]),
            };
            Some(Made::at(Value::Text(name.0.into()), name.1, 0))
        },
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.os.type",
        &["os.platform"],
        "the caption of type_id, for 99 the word as it is",
        |subject, _| match platform(subject) {
            Some(word) => Some(text(os_type(word).map_or(word, |known| known.0))),
            None => has_os(subject).then(|| from_nothing(Value::Text("Unknown".into()))),
        },
    )
    .only(Ocsf),
    rule(
        "device.os.type_id",
        &["os.platform"],
        "windows is 100, windowsMobile 101, linux 200, android 201, macos 300, ios 301, ipados 302, solaris 400, aix \
         401, hpux or hp-ux 402; another word is 99 (Other), unknown or none is 0",
        |subject, _| match platform(subject) {
            Some(word) => Some(integer(os_type(word).map_or(99, |known| known.1))),
            None => has_os(subject).then(|| from_nothing(Value::Integer(0))),
        },
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.os.version",
        &["os.majorVersion", "os.minorVersion", "os.build"],
        "the numbers with dots between, as far as they are known and os has a name",
        |subject, _| {
            let parts = ["os.majorVersion", "os.minorVersion", "os.build"];
            let known = parts.iter().map_while(|part| subject.record.integer(part));
            let known: Vec<_> = known.collect();
            let sources: &[&str] = match known.len() {
                0 => return None,
                1 => &["os.majorVersion"],
                2 => &["os.majorVersion", "os.minorVersion"],
                _ => &["os.majorVersion", "os.minorVersion", "os.build"],
            };
            has_os(subject)
                .then(|| Made::at(Value::Text(known.join(".").into()), sources, 0))
        },
    )
    .only(Ocsf),
    rule(
        "device.os.build",
        &["os.build"],
        "the number as a text, where os has a name",
        |subject, _| {
            let build = subject.record.integer("os.build")?;
            has_os(subject).then(|| text(build))
        },
    )
    .only(Ocsf),
];

/// The address of the device, and its hardware.
pub(crate) const ADDRESSES: &[Rule] = &[
    rule(
        "device.ip",
        &["ipv4Addresses[]", "ipv6Addresses[]"],
        "the first IPv4 address, else the first IPv6 address; what is not an address does not count",
        |subject, _| device_ip(subject, subject.first_ip()?),
    )
    .only(Sekoia),
    rule(
        "device.ip",
        &["ipv4Addresses[]", "ipv6Addresses[]"],
        "the first address, IPv4 before IPv6, that is neither link-local (APIPA) nor loopback nor unspecified, else \
         the first of those; what is not an address does not count",
        |subject, _| device_ip(subject, subject.first_routable_ip()?),
    )
    .only(Ocsf),
    rule(
        "device.mac",
        &["macAddresses[]"],
        "the first MAC address, in upper case with colons",
        |subject, _| {
            let interface = subject.interfaces.get(subject.first_mac()?)?;
            let (mac, origin) = interface.mac.as_ref()?;
            Some(Made {
                origin: *origin,
                ..text(&**mac)
            })
        },
    )
    .only(Ocsf),
    rule(
        "device.hw_info.serial_number",
        &["serialNumber"],
        "as it is",
        |subject, _| subject.record.text("serialNumber", 0).map(text),
    )
    .only(Ocsf),
];

/// The owner of the device.
pub(crate) const OWNER: &[Rule] = &[
    rule("device.org.uid", &["tenant.id"], "as it is", tenant).required(),
    rule(
        "device.org.name",
        &["tenant.id"],
        "the id: the API does not return the tenant's name",
        tenant,
    )
    .only(Sekoia)
    .required(),
    rule(
        "device.org.name",
        &["tenant.id"],
        "the name that the listing of a partner or an organization gives the tenant, at most 256 characters of it; a \
         tenant's own credential is not told it",
        |subject, _| subject.tenant_name.map(text),
    )
    .only(Ocsf),
    rule(
        "device.owner.uid",
        &["associatedPerson.id"],
        "as it is",
        |subject, _| subject.record.text("associatedPerson.id", 0).map(text),
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.owner.name",
        &["associatedPerson.viaLogin", "associatedPerson.name"],
        "viaLogin, else a name with a backslash; of a login DOMAIN\\user what follows the one or two backslashes",
        |subject, _| {
            let login = subject.login.as_ref()?;
            Some(Made::at(Value::Text((&*login.name).into()), login.sources, 0))
        },
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.owner.domain",
        &["associatedPerson.viaLogin", "associatedPerson.name"],
        "of a login DOMAIN\\user what precedes the backslash",
        |subject, _| {
            let login = subject.login.as_ref()?;
            let domain = login.domain.as_deref()?;
            Some(Made::at(Value::Text(domain.into()), login.sources, 0))
        },
    )
    .only(Ocsf),
    rule(
        "device.owner.full_name",
        &["associatedPerson.name"],
        "as it is, where it is no login and the owner has an id or a login beside it",
        |subject, _| {
            let name = subject.endpoint.person_name.as_deref()?;
            let login = subject.login.as_ref();
            let is_login = login.is_some_and(|login| login.sources.contains(&"associatedPerson.name"));
            let has_more =
                login.is_some() || subject.record.text("associatedPerson.id", 0).is_some();
            // A value that is left out must not appear under `unmapped`.
            let is_omitted = !subject.shows("device.owner.full_name");
            (!is_login && (has_more || is_omitted)).then(|| text(name))
        },
    )
    .only(Ocsf),
];

/// The state of the device: `is_managed` to `risk_level_id`.
pub(crate) const STATE: &[Rule] = &[
    rule(
        "device.region",
        &["cloud.provider"],
        "as it is",
        |subject, _| subject.endpoint.cloud_provider.as_deref().map(text),
    )
    .only(Sekoia),
    always("device.is_managed", Make::True),
    rule(
        "device.is_compliant",
        &["health.overall"],
        "good is true, bad and suspicious are false, else left out",
        |subject, _| Some(boolean(health(subject)?)),
    ),
    rule(
        "device.is_trusted",
        &["isolation.status", "health.overall", "tamperProtectionEnabled"],
        "isolated is false; else good health with tamper protection on is true; else bad and suspicious health \
         is false; else left out",
        |subject, _| {
            let isolation = subject.endpoint.isolation.as_deref();
            let tamper_protection = subject.endpoint.tamper_protection;
            is_trusted(isolation, health(subject), tamper_protection).map(boolean)
        },
    ),
    rule(
        "device.risk_level",
        &["health.overall"],
        "good is Low, suspicious is Medium, bad is High, else left out; health itself is in the enrichment",
        |subject, _| Some(text(risk(subject.endpoint.health.as_deref()?)?.0)),
    )
    .only(Ocsf),
    rule(
        "device.risk_level_id",
        &["health.overall"],
        "good is 1, suspicious is 2, bad is 3, else left out",
        |subject, _| Some(integer(risk(subject.endpoint.health.as_deref()?)?.1)),
    )
    .only(Ocsf),
];

fn hostname<'a>(subject: &'a Subject<'a>, _: usize) -> Option<Made<'a>> {
    let hostname = &*subject.endpoint.hostname;
    (!hostname.is_empty()).then(|| text(hostname))
}

fn tenant<'a>(subject: &'a Subject<'a>, _: usize) -> Option<Made<'a>> {
    subject.endpoint.tenant_id.as_deref().map(text)
}

/// Returns whether the event has `device.os`, which requires a name.
fn has_os(subject: &Subject<'_>) -> bool {
    subject.endpoint.os_name.is_some() || subject.endpoint.os_platform.is_some()
}

/// Returns `device.ip`, as the interface of this index has it.
fn device_ip<'a>(subject: &'a Subject<'a>, index: usize) -> Option<Made<'a>> {
    let (ip, origin) = subject.interfaces.get(index)?.ip?;
    Some(Made {
        origin,
        ..text(ip.text)
    })
}

fn kind<'a>(subject: &'a Subject<'_>) -> Option<&'a str> {
    subject.endpoint.kind.as_deref()
}

fn platform<'a>(subject: &'a Subject<'_>) -> Option<&'a str> {
    subject.endpoint.os_platform.as_deref()
}

fn health(subject: &Subject<'_>) -> Option<bool> {
    subject.endpoint.health.as_deref().and_then(is_healthy)
}
