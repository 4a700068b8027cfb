//! The `observables` of an event in the dialect `ocsf`: its values that a search starts from.

use std::borrow::Cow;

use super::dialect::Dialect;
use super::omit::Omit;
use super::rule::Origin;
use super::subject::Subject;

/// The most of one event: an endpoint with more addresses still has all of them in its interfaces.
const MOST: usize = 100;

/// One entry of `observables`.
pub struct Observable<'a> {
    /// `name`: where the value stands in the event.
    pub name: Cow<'static, str>,
    /// `type_id`
    pub type_id: i64,
    /// `type`: the caption of `type_id`.
    pub caption: &'static str,
    /// `value`
    pub value: Cow<'a, str>,
    /// What of the endpoint the value is.
    pub origin: Origin,
}

/// The observables of an event: each value once, and none that `omit` leaves out of the event.
pub fn of<'a>(subject: &Subject<'a>) -> Vec<Observable<'a>> {
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
    let interfaces = &subject.interfaces;
    let first_ip = interfaces
        .iter()
        .position(|interface| interface.ip.is_some());
    let first_mac = interfaces
        .iter()
        .position(|interface| interface.mac.is_some());
    for (index, interface) in interfaces.iter().enumerate().take(MOST) {
        if let Some((ip, origin)) = interface.ip {
            let path = if first_ip == Some(index) {
                "device.ip"
            } else {
                "device.network_interfaces[].ip"
            };
            found.add(path, index, (2, "IP Address"), ip.into(), origin);
        }
        if let Some((mac, origin)) = &interface.mac {
            let path = if first_mac == Some(index) {
                "device.mac"
            } else {
                "device.network_interfaces[].mac"
            };
            found.add(path, index, (3, "MAC Address"), mac.clone(), *origin);
        }
    }
    if let Some((login, source)) = subject.login.clone() {
        found.add(
            "device.owner.name",
            0,
            (4, "User Name"),
            login,
            Origin::At(source, 0),
        );
    }
    found.observables
}

struct Found<'a, 'o> {
    observables: Vec<Observable<'a>>,
    omit: &'o Omit,
}

impl<'a> Found<'a, '_> {
    /// Adds the value of the attribute at `path`, where `[]` is the entry of the index.
    fn add(
        &mut self,
        path: &'static str,
        index: usize,
        (type_id, caption): (i64, &'static str),
        value: Cow<'a, str>,
        origin: Origin,
    ) {
        let is_known = |known: &Observable<'_>| known.type_id == type_id && known.value == value;
        if value.is_empty()
            || self.omit.has_path(path, Dialect::Ocsf)
            || self.observables.iter().any(is_known)
        {
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
