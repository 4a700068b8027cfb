//! The `observables` of an event in the dialect `ocsf`: the values that searches start from.

use std::borrow::Cow;

use crate::mapping::omit::Omit;
use crate::mapping::subject::{Observable, Subject};
use crate::mapping::value::Origin;

/// The maximum number of interfaces, and of groups, among the observables of one event; the lists of the device contain
/// all of them.
const MAX_ENTRIES: usize = 100;

/// Returns the observables of an event: each value once, without those that `omit` leaves out of the event.
pub(crate) fn of<'a>(subject: &Subject<'a>) -> Vec<Observable<'a>> {
    let mut found = Found {
        observables: Vec::new(),
        omit: subject.omit,
    };
    let endpoint = subject.endpoint;
    found.add(
        "device.uid",
        0,
        (47, "Device Object: uid"),
        (&*endpoint.id).into(),
        Origin::At(&["id"], 0),
    );
    found.add(
        "device.hostname",
        0,
        (1, "Hostname"),
        (&*endpoint.hostname).into(),
        Origin::At(&["hostname"], 0),
    );
    found.add_interfaces(subject);
    let serial_number = subject.record.text("serialNumber", 0);
    found.add(
        "device.hw_info.serial_number",
        0,
        (37, "Serial Number"),
        serial_number.unwrap_or_default(),
        Origin::At(&["serialNumber"], 0),
    );
    found.add_groups(subject);
    let owner_uid = subject.record.text("associatedPerson.id", 0);
    found.add(
        "device.owner.uid",
        0,
        (31, "User Object: uid"),
        owner_uid.unwrap_or_default(),
        Origin::At(&["associatedPerson.id"], 0),
    );
    if let Some(login) = subject.login.clone() {
        found.add(
            "device.owner.name",
            0,
            (4, "User Name"),
            login.name,
            Origin::At(login.sources, 0),
        );
    }
    found.observables
}

struct Found<'a, 'o> {
    observables: Vec<Observable<'a>>,
    omit: &'o Omit,
}

impl<'a> Found<'a, '_> {
    fn add_interfaces(&mut self, subject: &Subject<'a>) {
        let device_ip = subject.first_routable_ip();
        let device_mac = subject.first_mac();
        for (index, interface) in subject.interfaces.iter().enumerate().take(MAX_ENTRIES) {
            if let Some((ip, origin)) = interface.ip {
                let path = if device_ip == Some(index) {
                    "device.ip"
                } else {
                    "device.network_interfaces[].ip"
                };
                self.add(path, index, (2, "IP Address"), ip.text.into(), origin);
            }
            if let Some((mac, origin)) = &interface.mac {
                let path = if device_mac == Some(index) {
                    "device.mac"
                } else {
                    "device.network_interfaces[].mac"
                };
                self.add(path, index, (3, "MAC Address"), mac.clone(), *origin);
            }
        }
    }

    fn add_groups(&mut self, subject: &Subject<'a>) {
        for (index, (group, entry)) in subject.groups.iter().enumerate().take(MAX_ENTRIES) {
            let origin = |alone, in_array| match entry {
                Some(entry) => Origin::At(in_array, *entry),
                None => Origin::At(alone, 0),
            };
            for (path, kind, value, origin) in [
                (
                    "device.groups[].uid",
                    (33, "Group Object: uid"),
                    &group.id,
                    origin(&["group.id"], &["group[].id"]),
                ),
                (
                    "device.groups[].name",
                    (32, "Group Object: name"),
                    &group.name,
                    origin(&["group.name"], &["group[].name"]),
                ),
            ] {
                let value = value.as_deref().unwrap_or_default();
                self.add(path, index, kind, value.into(), origin);
            }
        }
    }

    /// Adds the value of the attribute at `path`, with the index in place of `[]`.
    fn add(
        &mut self,
        path: &'static str,
        index: usize,
        (type_id, caption): (i64, &'static str),
        value: Cow<'a, str>,
        origin: Origin,
    ) {
        let is_known = |known: &Observable<'_>| known.type_id == type_id && known.value == value;
        if value.is_empty() || self.omit.has(path) || self.observables.iter().any(is_known) {
            return;
        }
        self.observables.push(Observable {
            name: if path.contains('[') {
                path.replace("[]", &format!("[{index}]")).into()
            } else {
                path.into()
            },
            type_id,
            caption,
            value,
            origin,
        });
    }
}
