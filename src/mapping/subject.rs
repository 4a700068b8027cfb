//! What the rules read: an endpoint, and its lists sorted out for a dialect.

use std::borrow::Cow;
use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::mapping::addresses::{self, Ip};
use crate::mapping::dialect::Dialect;
use crate::mapping::omit::Omit;
use crate::mapping::record::{Node, Record};
use crate::mapping::value::Origin;
use crate::sophos::endpoint::{Endpoint, Group};

/// An endpoint with all that the rules of a dialect need of it.
pub(crate) struct Subject<'a> {
    /// The endpoint, read.
    pub(crate) endpoint: &'a Endpoint<'a>,
    /// All of the endpoint; empty for a dialect that has no need of it.
    pub(crate) record: &'a Record<'a>,
    /// What is left out of the event.
    pub(crate) omit: &'a Omit,
    /// The endpoint's text, where it could not be taken apart.
    pub(crate) untold: Option<&'a str>,
    /// The moment of the mapping.
    pub(crate) now: OffsetDateTime,
    /// `device.network_interfaces`
    pub(crate) interfaces: Vec<Interface<'a>>,
    /// `device.groups`
    pub(crate) groups: Vec<(&'a Group<'a>, Option<usize>)>,
    /// `device.agent_list`
    pub(crate) agents: Vec<Agent<'a>>,
    /// The first of them that is the core agent.
    pub(crate) core_agent: Option<usize>,
    /// The login of the associated person.
    pub(crate) login: Option<Login<'a>>,
    /// `observables`
    pub(crate) observables: Vec<Observable<'a>>,
    /// Whether the event has something to put into `enrichments[0].data`.
    pub(crate) shows_state: bool,
}

/// One entry of `device.network_interfaces`.
pub(crate) struct Interface<'a> {
    /// The position over both lists of addresses.
    pub(crate) position: usize,
    /// The IP address and the entry that it is.
    pub(crate) ip: Option<(Ip<'a>, Origin)>,
    /// The MAC address and the entry that it is.
    pub(crate) mac: Option<(Cow<'a, str>, Origin)>,
    /// The entries that name the same address again.
    pub(crate) repeats: Vec<Origin>,
}

/// The login of a person.
#[derive(Clone)]
pub(crate) struct Login<'a> {
    /// The name of the user, without the domain.
    pub(crate) name: Cow<'a, str>,
    /// The domain, where the login is written as `DOMAIN\user`.
    pub(crate) domain: Option<Cow<'a, str>>,
    /// The sources that tell the login.
    pub(crate) sources: &'static [&'static str],
}

/// One entry of `device.agent_list`: a product that is installed.
pub(crate) struct Agent<'a> {
    /// Its index in `assignedProducts`.
    pub(crate) entry: usize,
    /// `assignedProducts[].code`
    pub(crate) code: Cow<'a, str>,
    /// `assignedProducts[].version`
    pub(crate) version: Option<Cow<'a, str>>,
}

/// One entry of `observables`.
pub(crate) struct Observable<'a> {
    /// `name`: where the value stands in the event.
    pub(crate) name: Cow<'static, str>,
    /// `type_id`
    pub(crate) type_id: i64,
    /// `type`: the caption of `type_id`.
    pub(crate) caption: &'static str,
    /// `value`
    pub(crate) value: Cow<'a, str>,
    /// What of the endpoint the value is.
    pub(crate) origin: Origin,
}

impl<'a> Subject<'a> {
    /// Sorts out the lists of an endpoint. `record` is all of it, where it could be taken apart; the dialect `sekoia`
    /// needs nothing of it.
    pub(crate) fn new(
        endpoint: &'a Endpoint<'a>,
        record: Option<&'a Record<'a>>,
        now: OffsetDateTime,
        dialect: Dialect,
        omit: &'a Omit,
    ) -> Self {
        let mut subject = Self {
            endpoint,
            record: record.unwrap_or(const { &Record::EMPTY }),
            omit,
            untold: record.is_none().then(|| endpoint.json.trim_ascii()),
            now,
            interfaces: Vec::new(),
            groups: groups(endpoint, dialect),
            agents: Vec::new(),
            core_agent: None,
            login: None,
            observables: Vec::new(),
            shows_state: false,
        };
        match dialect {
            Dialect::Sekoia => subject.interfaces = paired_interfaces(endpoint),
            Dialect::Ocsf => {
                subject.interfaces = single_interfaces(endpoint);
                subject.agents = agents(subject.record);
                let is_core = |agent: &Agent<'_>| agent.code.eq_ignore_ascii_case("coreAgent");
                subject.core_agent = subject.agents.iter().position(is_core);
                subject.login = login(endpoint, subject.record);
            }
        }
        subject
    }

    /// Whether an attribute of the dialect `ocsf` is not left out.
    pub(crate) fn shows(&self, path: &str) -> bool {
        !self.omit.has(path)
    }

    /// Returns the index of the first interface with an IP address.
    pub(crate) fn first_ip(&self) -> Option<usize> {
        self.interfaces
            .iter()
            .position(|interface| interface.ip.is_some())
    }

    /// Returns the index of the first interface with a routable IP address, else of the first with any.
    pub(crate) fn first_routable_ip(&self) -> Option<usize> {
        let is_routable =
            |interface: &Interface<'_>| interface.ip.is_some_and(|(ip, _)| ip.is_routable());
        let first = self.interfaces.iter().position(is_routable);
        first.or_else(|| self.first_ip())
    }

    /// Returns the index of the first interface with a MAC address.
    pub(crate) fn first_mac(&self) -> Option<usize> {
        self.interfaces
            .iter()
            .position(|interface| interface.mac.is_some())
    }
}

/// Each address with the list that it stands in and its index there, IPv4 first.
fn ip_addresses<'a>(endpoint: &'a Endpoint<'_>) -> impl Iterator<Item = (Option<Ip<'a>>, Origin)> {
    let list = |addresses: &'a [Option<Cow<'_, str>>], source: &'static [&'static str]| {
        let addresses = addresses.iter().enumerate();
        addresses.map(move |(index, address)| {
            let ip = address.as_deref().and_then(addresses::ip);
            (ip, Origin::At(source, index))
        })
    };
    list(&endpoint.ipv4_addresses, &["ipv4Addresses[]"])
        .chain(list(&endpoint.ipv6_addresses, &["ipv6Addresses[]"]))
}

/// The MAC address at an index of its list.
fn mac_address<'a>(endpoint: &'a Endpoint<'_>, index: usize) -> Option<(Cow<'a, str>, Origin)> {
    let mac = endpoint.mac_addresses.get(index)?.as_deref()?;
    Some((addresses::mac(mac)?, Origin::At(&["macAddresses[]"], index)))
}

/// One interface an IP address, with the MAC address of the same position. The position counts over both
/// lists and also names the interface; what is not an address is left out and keeps its position.
fn paired_interfaces<'a>(endpoint: &'a Endpoint<'_>) -> Vec<Interface<'a>> {
    ip_addresses(endpoint)
        .enumerate()
        .filter_map(|(position, (ip, origin))| {
            Some(Interface {
                position,
                ip: Some((ip?, origin)),
                mac: mac_address(endpoint, position),
                repeats: Vec::new(),
            })
        })
        .collect()
}

/// One interface for each address, since the API tells no pairs: the IP addresses, then the MAC addresses.
fn single_interfaces<'a>(endpoint: &'a Endpoint<'_>) -> Vec<Interface<'a>> {
    let mut interfaces = Vec::new();
    let mut ips = BTreeMap::new();
    for (ip, origin) in ip_addresses(endpoint) {
        if let Some(ip) = ip {
            let interface = Interface {
                position: interfaces.len(),
                ip: Some((ip, origin)),
                mac: None,
                repeats: Vec::new(),
            };
            add(&mut interfaces, &mut ips, ip.key(), interface, origin);
        }
    }
    let mut macs = BTreeMap::new();
    for index in 0..endpoint.mac_addresses.len() {
        if let Some((mac, origin)) = mac_address(endpoint, index) {
            let interface = Interface {
                position: interfaces.len(),
                ip: None,
                mac: Some((mac.clone(), origin)),
                repeats: Vec::new(),
            };
            add(&mut interfaces, &mut macs, mac, interface, origin);
        }
    }
    interfaces
}

/// Adds an interface, or a further entry to the interface that has the same address.
fn add<'a, A: Ord>(
    interfaces: &mut Vec<Interface<'a>>,
    known: &mut BTreeMap<A, usize>,
    address: A,
    interface: Interface<'a>,
    origin: Origin,
) {
    let at = *known.entry(address).or_insert(interfaces.len());
    match interfaces.get_mut(at) {
        Some(same) => same.repeats.push(origin),
        None => interfaces.push(interface),
    }
}

/// The groups, each with its index where they come as an array. The receiver of `sekoia` wants a name.
fn groups<'a>(endpoint: &'a Endpoint<'a>, dialect: Dialect) -> Vec<(&'a Group<'a>, Option<usize>)> {
    let more = endpoint.more_groups.iter().enumerate();
    std::iter::once((&endpoint.group, None))
        .chain(more.map(|(index, group)| (group, Some(index))))
        .filter(|(group, _)| match dialect {
            Dialect::Sekoia => group.name.is_some(),
            Dialect::Ocsf => group.name.is_some() || group.id.is_some(),
        })
        .collect()
}

/// The products that are installed and have a code.
fn agents<'a>(record: &'a Record<'a>) -> Vec<Agent<'a>> {
    let products = record.at("assignedProducts", 0);
    let agent = |product: Node<'a>| {
        let status = product.text("status")?;
        let is_installed = status.eq_ignore_ascii_case("installed");
        is_installed.then_some(Agent {
            entry: product.index()?,
            code: product.text("code")?,
            version: product.text("version"),
        })
    };
    products
        .into_iter()
        .flat_map(Node::inside)
        .filter_map(agent)
        .collect()
}

/// The login of the associated person: `viaLogin`, else a `name` that is written like one. A `name` that says the same
/// tells it too.
fn login<'a>(endpoint: &'a Endpoint<'_>, record: &'a Record<'a>) -> Option<Login<'a>> {
    let person_name = endpoint.person_name.as_deref();
    let person_name = person_name.map(|name| single_backslash(name.into()));
    let Some(via_login) = record.text("associatedPerson.viaLogin", 0) else {
        let name = person_name.filter(|name| name.contains('\\'))?;
        return Some(Login::new(name, &["associatedPerson.name"]));
    };
    let via_login = single_backslash(via_login);
    let says_all = person_name.as_ref() == Some(&via_login);
    let login = Login::new(via_login, &["associatedPerson.viaLogin"]);
    let says_name = person_name.is_some_and(|name| name == login.name);
    Some(if says_all || says_name {
        let sources = &["associatedPerson.viaLogin", "associatedPerson.name"];
        Login { sources, ..login }
    } else {
        login
    })
}

impl<'a> Login<'a> {
    /// Splits `DOMAIN\user`. Any other login is a name by itself, `user@domain` too: an identity provider knows the
    /// user by all of it, and what follows the `@` need not be the domain.
    fn new(login: Cow<'a, str>, sources: &'static [&'static str]) -> Self {
        let split = |login: &str| {
            let (domain, name) = login.split_once('\\')?;
            let is_split = !domain.is_empty() && !name.is_empty() && !name.contains('\\');
            is_split.then_some(domain.len())
        };
        let (name, domain) = match (split(&login), login) {
            (Some(at), Cow::Borrowed(login)) => {
                let (domain, name) = login.split_at(at);
                (name.trim_start_matches('\\').into(), Some(domain.into()))
            }
            (Some(at), Cow::Owned(mut domain)) => {
                let name = domain.split_off(at);
                let name = name.trim_start_matches('\\').to_owned();
                (name.into(), Some(domain.into()))
            }
            (None, login) => (login, None),
        };
        Self {
            name,
            domain,
            sources,
        }
    }
}

/// A login as a person writes it. A doubled backslash between domain and user, as in the specification's
/// sample, is one that was escaped twice.
pub(crate) fn single_backslash(name: Cow<'_, str>) -> Cow<'_, str> {
    // A search for one byte is cheap, and most names are none of a login.
    if !name.as_bytes().contains(&b'\\') {
        return name;
    }
    match name.split_once(r"\\") {
        Some((domain, user))
            if !domain.is_empty()
                && !user.is_empty()
                && !domain.contains('\\')
                && !user.contains('\\') =>
        {
            Cow::Owned(format!(r"{domain}\{user}"))
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(single_backslash(name.into()), written, "{name}");
        }
    }
}
