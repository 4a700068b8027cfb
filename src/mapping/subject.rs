//! The input of the rules: an endpoint, with its lists prepared for a dialect.

use std::borrow::Cow;
use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::mapping::addresses::{self, Ip};
use crate::mapping::dialect::Dialect;
use crate::mapping::omit::Omit;
use crate::mapping::record::{Node, Record};
use crate::mapping::value::Origin;
use crate::sophos::endpoint::{Endpoint, Group};

/// An endpoint with everything that the rules of a dialect read.
pub(crate) struct Subject<'a> {
    /// The endpoint, read.
    pub(crate) endpoint: &'a Endpoint<'a>,
    /// The tree of the endpoint; empty for a dialect that does not need it.
    pub(crate) record: &'a Record<'a>,
    /// The attributes that are left out of the event.
    pub(crate) omit: &'a Omit,
    /// The endpoint's text, if it could not be parsed into a tree.
    pub(crate) unparsed: Option<&'a str>,
    /// The time of the mapping.
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
    /// The name of the endpoint's tenant, where a listing tells it.
    pub(crate) tenant_name: Option<&'a str>,
    /// Whether the event has a value for `enrichments[0].data`.
    pub(crate) shows_state: bool,
}

/// One entry of `device.network_interfaces`.
pub(crate) struct Interface<'a> {
    /// The position in both lists of addresses together.
    pub(crate) position: usize,
    /// The IP address and its entry.
    pub(crate) ip: Option<(Ip<'a>, Origin)>,
    /// The MAC address and its entry.
    pub(crate) mac: Option<(Cow<'a, str>, Origin)>,
    /// Further entries with the same address.
    pub(crate) repeats: Vec<Origin>,
}

/// The login of a person.
#[derive(Clone)]
pub(crate) struct Login<'a> {
    /// The name of the user, without the domain.
    pub(crate) name: Cow<'a, str>,
    /// The domain, if the login is written as `DOMAIN\user`.
    pub(crate) domain: Option<Cow<'a, str>>,
    /// The sources of the login.
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
    /// `name`: the path of the value in the event.
    pub(crate) name: Cow<'static, str>,
    /// `type_id`
    pub(crate) type_id: i64,
    /// `type`: the caption of `type_id`.
    pub(crate) caption: &'static str,
    /// `value`
    pub(crate) value: Cow<'a, str>,
    /// Where the value comes from.
    pub(crate) origin: Origin,
}

impl<'a> Subject<'a> {
    /// Prepares the lists of an endpoint. `record` is its tree, if it could be parsed into one; the dialect `sekoia`
    /// does not need it.
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
            unparsed: record.is_none().then(|| endpoint.json.trim_ascii()),
            now,
            interfaces: Vec::new(),
            groups: groups(endpoint, dialect),
            agents: Vec::new(),
            core_agent: None,
            login: None,
            observables: Vec::new(),
            tenant_name: None,
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

    /// Returns whether an attribute of the dialect `ocsf` is not left out.
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

/// Returns each address with its list and its index there, IPv4 first.
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

/// Returns the MAC address at an index of its list.
fn mac_address<'a>(endpoint: &'a Endpoint<'_>, index: usize) -> Option<(Cow<'a, str>, Origin)> {
    let mac = endpoint.mac_addresses.get(index)?.as_deref()?;
    Some((addresses::mac(mac)?, Origin::At(&["macAddresses[]"], index)))
}

/// Returns one interface for each IP address, with the MAC address of the same position. The position counts over both
/// lists and also names the interface; an entry that is not an address is left out and keeps its position.
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

/// Returns one interface for each address, since the API does not pair them: the IP addresses, then the MAC addresses.
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

/// Adds an interface, or a further entry to the interface with the same address.
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

/// Returns the groups, each with its index if they are in an array. The receiver of `sekoia` requires a name.
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

/// Returns the installed products that have a code.
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

/// Returns the login of the associated person: `viaLogin`, else a `name` that has the form of a login. A `name` that
/// matches `viaLogin` is a source as well.
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
    /// Splits `DOMAIN\user`. Any other login is a name, also `user@domain`: an identity provider knows the user by all
    /// of it, and the part after the `@` need not be the domain.
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

/// Returns a login with a single backslash. A doubled backslash between domain and user, as in the specification's
/// sample, was escaped twice.
pub(crate) fn single_backslash(name: Cow<'_, str>) -> Cow<'_, str> {
    // A search for one byte is cheap, and most names are not logins.
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
