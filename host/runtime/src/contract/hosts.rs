//! Lists of hosts, and URLs in the form in which they are compared with them.

use std::collections::HashSet;

use url::{Host, Url};

/// Host names, and domains with every name below them: `hosts` of a manifest or of an account.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Hosts {
    names: HashSet<String>,
    /// Each with a dot before it.
    domains: Vec<String>,
}

impl Hosts {
    /// Reads entries, each a name of two labels or more, or `*.` and such a name.
    ///
    /// # Errors
    ///
    /// The first entry that has neither form.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut hosts = Self::default();
        for entry in entries {
            let (below, name) = match entry.strip_prefix("*.") {
                Some(name) => (true, name),
                None => (false, entry.as_str()),
            };
            let name = listed(name).ok_or_else(|| entry.clone())?;
            if below {
                hosts.domains.push(format!(".{name}"));
            } else {
                hosts.names.insert(name);
            }
        }
        Ok(hosts)
    }

    /// Whether a name, in its normal form, is one of them.
    pub fn contain(&self, name: &str) -> bool {
        self.names.contains(name) || self.domains.iter().any(|domain| name.ends_with(domain))
    }

    /// Whether every name of the others is one of them.
    pub fn cover(&self, others: &Self) -> bool {
        let below = |domain: &String| self.domains.iter().any(|own| domain.ends_with(own));
        others.names.iter().all(|name| self.contain(name)) && others.domains.iter().all(below)
    }
}

/// Whether every name that `entry` stands for is one of those of `wide`, each an entry of a list of hosts; an entry of
/// another form covers nothing and is covered by nothing.
pub fn covers(wide: &str, entry: &str) -> bool {
    let hosts = |entry: &str| Hosts::parse(&[entry.to_owned()]);
    match (hosts(wide), hosts(entry)) {
        (Ok(wide), Ok(entry)) => wide.cover(&entry),
        _ => false,
    }
}

/// The normal form of a name that is listed.
fn listed(text: &str) -> Option<String> {
    // What a person approves is what stands there: no name in disguise.
    if text.contains(['*', '%']) {
        return None;
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => normal_name(&name).filter(|name| name.contains('.')),
        _ => None,
    }
}

/// A name without the dot that may end it; none where a label is empty, or of other letters than names have.
fn normal_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        let letter = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        !label.is_empty() && label.bytes().all(letter)
    };
    name.split('.').all(label).then(|| name.to_owned())
}

/// A URL in the form in which it is judged and sent: that of the WHATWG, without the dot that may end its host.
///
/// `None` for a text that is not a URL with a host, and for a host that is not a name.
pub fn normal(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let name = match url.host() {
        Some(Host::Domain(name)) => Some(normal_name(name)?),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => None,
        None => return None,
    };
    if name.is_some() {
        url.set_host(name.as_deref()).ok()?;
    }
    Some(url)
}
