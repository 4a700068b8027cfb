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
    /// Reads entries, each a name of two or more labels, or `*.` and such a name.
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

    /// Returns whether a name, in its normal form, is one of them.
    pub fn contain(&self, name: &str) -> bool {
        self.names.contains(name) || self.domains.iter().any(|domain| name.ends_with(domain))
    }

    /// Returns whether every name of the others is one of them.
    pub fn cover(&self, others: &Self) -> bool {
        let below = |domain: &String| self.domains.iter().any(|own| domain.ends_with(own));
        others.names.iter().all(|name| self.contain(name)) && others.domains.iter().all(below)
    }
}

/// Returns whether one entry of a list of hosts covers every name of another entry. An invalid entry covers nothing and is
/// covered by nothing.
pub fn covers(wide: &str, entry: &str) -> bool {
    let hosts = |entry: &str| Hosts::parse(&[entry.to_owned()]);
    match (hosts(wide), hosts(entry)) {
        (Ok(wide), Ok(entry)) => wide.cover(&entry),
        _ => false,
    }
}

/// Returns the normal form of a listed name.
fn listed(text: &str) -> Option<String> {
    // A person approves the name as it is written, so no other spelling of one is accepted.
    if text.contains(['*', '%']) {
        return None;
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => normal_name(&name).filter(|name| name.contains('.')),
        _ => None,
    }
}

/// Returns a name without a final dot; `None` where a label is empty or has other characters than names have.
fn normal_name(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        let letter = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
        !label.is_empty() && label.bytes().all(letter)
    };
    name.split('.').all(label).then(|| name.to_owned())
}

/// Returns a URL in the form in which it is checked and sent: that of the WHATWG, its host without a final dot.
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
