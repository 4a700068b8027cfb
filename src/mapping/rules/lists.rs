//! The lists of the event: `device.network_interfaces`, `device.groups` and `observables`.

use std::borrow::Cow;

use crate::mapping::dialect::Dialect::{Ocsf, Sekoia};
use crate::mapping::rule::{Make, Rule, always, rule};
use crate::mapping::subject::{Observable, Subject};
use crate::mapping::value::{Made, Value, made, text};

/// `device.network_interfaces`
pub(crate) const INTERFACES: &[Rule] = &[
    rule(
        "device.network_interfaces[].hostname",
        &["hostname"],
        "on the first interface only",
        |subject, index| (index == 0).then(|| text(&*subject.endpoint.hostname)),
    )
    .only(Sekoia),
    rule(
        "device.network_interfaces[].ip",
        &["ipv4Addresses[]", "ipv6Addresses[]"],
        "an interface for each address, IPv4 first, without white space around it; what is not an address is left \
         out and keeps its position",
        ip,
    )
    .only(Sekoia)
    .required(),
    rule(
        "device.network_interfaces[].mac",
        &["macAddresses[]"],
        "the MAC address at the same position over both lists of addresses, in upper case with colons",
        mac,
    )
    .only(Sekoia),
    rule(
        "device.network_interfaces[].name",
        &["ipv4Addresses[]", "ipv6Addresses[]"],
        "eth and the position of the address over both lists",
        |subject, index| {
            let interface = subject.interfaces.get(index)?;
            Some(Made {
                origin: interface.ip?.1,
                ..text(interface_name(interface.position))
            })
        },
    )
    .only(Sekoia),
    rule(
        "device.network_interfaces[].ip",
        &["ipv4Addresses[]", "ipv6Addresses[]"],
        "an interface for each different address, IPv4 first, without white space around it; an entry that is \
         not an address is left to unmapped",
        ip,
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.network_interfaces[].mac",
        &["macAddresses[]"],
        "an interface for each different MAC address, after the IP addresses, in upper case with colons: the API \
         does not pair them",
        mac,
    )
    .only(Ocsf)
    .required(),
    always("device.network_interfaces[].type", Make::Text("Unknown")).only(Ocsf),
    always("device.network_interfaces[].type_id", Make::Integer(0)).only(Ocsf),
];

/// `device.groups`
pub(crate) const GROUPS: &[Rule] = &[
    rule(
        "device.groups[].uid",
        &["group.id", "group[].id"],
        "as it is; one object or an array of them, only those with a name",
        group_id,
    )
    .only(Sekoia),
    rule(
        "device.groups[].name",
        &["group.name", "group[].name"],
        "as it is; one object or an array of them",
        group_name,
    )
    .only(Sekoia)
    .required(),
    rule(
        "device.groups[].uid",
        &["group.id", "group[].id"],
        "as it is; one object or an array of them",
        group_id,
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.groups[].name",
        &["group.name", "group[].name"],
        "as it is",
        group_name,
    )
    .only(Ocsf)
    .required(),
];

const OBSERVED: &[&str] = &[
    "id",
    "hostname",
    "ipv4Addresses[]",
    "ipv6Addresses[]",
    "macAddresses[]",
    "serialNumber",
    "group.id",
    "group[].id",
    "group.name",
    "group[].name",
    "associatedPerson.id",
    "associatedPerson.viaLogin",
    "associatedPerson.name",
];

/// `observables`
pub(crate) const OBSERVABLES: &[Rule] = &[
    rule(
        "observables[].name",
        OBSERVED,
        "the path of the value in the event; one for each attribute that OCSF marks as an observable: the id, the \
         host name, each address, the serial number, each group's id and name, and the owner's id and name; each \
         value once, of at most a hundred interfaces and a hundred groups",
        |subject, index| observable(subject, index, |it| Value::Text((&*it.name).into())),
    )
    .only(Ocsf)
    .required(),
    rule(
        "observables[].type",
        OBSERVED,
        "the caption of type_id",
        |subject, index| observable(subject, index, |it| Value::Text(it.caption.into())),
    )
    .only(Ocsf),
    rule(
        "observables[].type_id",
        OBSERVED,
        "47 for the id, 1 for the host name, 2 for an IP address, 3 for a MAC address, 37 for the serial number, 33 \
         for the id of a group, 32 for its name, 31 for the id of the owner, 4 for the name",
        |subject, index| observable(subject, index, |it| Value::Integer(it.type_id)),
    )
    .only(Ocsf)
    .required(),
    rule(
        "observables[].value",
        OBSERVED,
        "the value in the event",
        |subject, index| observable(subject, index, |it| Value::Text((&*it.value).into())),
    )
    .only(Ocsf)
    .required(),
];

/// Returns `eth` and a number; a constant for the few that nearly every endpoint has.
fn interface_name(position: usize) -> Cow<'static, str> {
    match ["eth0", "eth1", "eth2", "eth3", "eth4", "eth5"].get(position) {
        Some(name) => Cow::Borrowed(name),
        None => format!("eth{position}").into(),
    }
}

fn ip<'a>(subject: &'a Subject<'a>, index: usize) -> Option<Made<'a>> {
    let interface = subject.interfaces.get(index)?;
    let (ip, origin) = interface.ip?;
    Some(Made {
        origin,
        repeats: &interface.repeats,
        ..text(ip.text)
    })
}

fn mac<'a>(subject: &'a Subject<'a>, index: usize) -> Option<Made<'a>> {
    let interface = subject.interfaces.get(index)?;
    let (mac, origin) = interface.mac.as_ref()?;
    Some(Made {
        origin: *origin,
        repeats: &interface.repeats,
        ..text(&**mac)
    })
}

fn group_id<'a>(subject: &'a Subject<'a>, index: usize) -> Option<Made<'a>> {
    let (group, entry) = *subject.groups.get(index)?;
    of_group(group.id.as_deref()?, entry, &["group.id"], &["group[].id"])
}

fn group_name<'a>(subject: &'a Subject<'a>, index: usize) -> Option<Made<'a>> {
    let (group, entry) = *subject.groups.get(index)?;
    of_group(
        group.name.as_deref()?,
        entry,
        &["group.name"],
        &["group[].name"],
    )
}

/// Returns a text of the only group, or of an entry if they are in an array.
fn of_group<'a>(
    value: &'a str,
    entry: Option<usize>,
    alone: &'static [&'static str],
    in_array: &'static [&'static str],
) -> Option<Made<'a>> {
    let value = Value::Text(value.into());
    Some(match entry {
        Some(entry) => Made::at(value, in_array, entry),
        None => Made::at(value, alone, 0),
    })
}

fn observable<'a>(
    subject: &'a Subject<'a>,
    index: usize,
    value: impl FnOnce(&'a Observable<'a>) -> Value<'a>,
) -> Option<Made<'a>> {
    let observable = subject.observables.get(index)?;
    Some(Made {
        origin: observable.origin,
        ..made(value(observable))
    })
}
