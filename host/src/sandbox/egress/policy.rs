//! The name layer: whether a request may leave, judged by its method and its URL alone.

use std::collections::HashSet;

use http::Method;
use url::{Host, Origin, Url};

use crate::network::addresses::is_this_machine;
use crate::sandbox::egress::denials::Rule;

/// What one account's component may reach, by name.
#[derive(Debug, Default)]
pub struct Policy {
    asked: Hosts,
    /// What the account leaves of `asked`; none where it leaves all.
    narrowed: Option<Hosts>,
    typed: HashSet<Origin>,
    loopback_http: bool,
}

/// Host names, and domains with every name below them: `hosts` of a manifest or of an account.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Hosts {
    names: HashSet<String>,
    /// Each with a dot before it.
    domains: Vec<String>,
}

/// Why a request may not leave. The texts say who forbids it and what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not https, or http to where only https is allowed.
    #[error("only https is let out to there: the URL must begin with https")]
    Scheme,
    /// It leads to this machine.
    #[error(
        "it leads to this machine; `allow_loopback_http = true` in the account allows that, for tests"
    )]
    Loopback,
    /// Its URL holds a user name or a password.
    #[error(
        "a URL with a user name or a password is never let out; please report this to the maker of the component"
    )]
    Userinfo,
    /// Neither the manifest nor the user asks for that host and port.
    #[error(
        "neither the component's manifest nor a URL in the account's `config` names that host and port; if the API is \
         there, write its URL into the field of `config` that takes it, else report this to the maker of the component"
    )]
    Unlisted,
    /// The manifest asks for the host, and the account's `hosts` leaves it out.
    #[error(
        "the component asks for that host, and `hosts` in the account leaves it out; add it there to allow it"
    )]
    Narrowed,
    /// It is no URL, or its host is no name.
    #[error("its URL is not valid; please report this to the maker of the component")]
    Invalid,
    /// It would open a tunnel, or have its headers sent back.
    #[error(
        "CONNECT and TRACE are never let out; please report this to the maker of the component"
    )]
    Method,
}

impl Denied {
    /// The rule by which it is counted.
    pub fn rule(self) -> Rule {
        match self {
            Self::Scheme => Rule::Scheme,
            Self::Loopback => Rule::Loopback,
            Self::Userinfo => Rule::Userinfo,
            Self::Unlisted | Self::Narrowed => Rule::Host,
            Self::Invalid => Rule::Url,
            Self::Method => Rule::Method,
        }
    }
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
    fn contain(&self, name: &str) -> bool {
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
/// # Errors
///
/// [`Denied::Invalid`] for a text that is no URL with a host, and for a host that is no name.
pub fn normal(text: &str) -> Result<Url, Denied> {
    let mut url = Url::parse(text).map_err(|_| Denied::Invalid)?;
    let name = match url.host() {
        Some(Host::Domain(name)) => Some(normal_name(name).ok_or(Denied::Invalid)?),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => None,
        None => return Err(Denied::Invalid),
    };
    if name.is_some() {
        let set = url.set_host(name.as_deref());
        set.map_err(|_| Denied::Invalid)?;
    }
    Ok(url)
}

impl Policy {
    /// Makes the table of an account: `asked` by the manifest, `narrowed` by the account, `typed` into its config,
    /// in their [`normal`] form.
    pub fn new(asked: Hosts, narrowed: Option<Hosts>, typed: &[Url], loopback_http: bool) -> Self {
        Self {
            asked,
            narrowed,
            typed: typed.iter().map(Url::origin).collect(),
            loopback_http,
        }
    }

    /// Whether a request to `url`, in its [`normal`] form, may leave.
    ///
    /// # Errors
    ///
    /// The reason why it may not.
    pub fn judge(&self, method: &Method, url: &Url) -> Result<(), Denied> {
        // A method is case-sensitive, but a server that is lenient answers `trace` as well.
        let is = |other: Method| method.as_str().eq_ignore_ascii_case(other.as_str());
        if is(Method::CONNECT) || is(Method::TRACE) {
            return Err(Denied::Method);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Denied::Userinfo);
        }
        if is_loopback(url) {
            return match url.scheme() {
                _ if !self.loopback_http => Err(Denied::Loopback),
                "https" | "http" => Ok(()),
                _ => Err(Denied::Scheme),
            };
        }
        self.listed(url)?;
        match url.scheme() {
            "https" => Ok(()),
            _ => Err(Denied::Scheme),
        }
    }

    /// Whether the table lists host and port, whatever the scheme is.
    fn listed(&self, url: &Url) -> Result<(), Denied> {
        if self.typed.contains(&url.origin()) {
            return Ok(());
        }
        let Some(Host::Domain(name)) = url.host() else {
            return Err(Denied::Unlisted);
        };
        if url.port().is_some() || !self.asked.contain(name) {
            return Err(Denied::Unlisted);
        }
        match &self.narrowed {
            Some(narrowed) if !narrowed.contain(name) => Err(Denied::Narrowed),
            _ => Ok(()),
        }
    }
}

/// Whether a URL's host is this machine by its very name or address.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| is_this_machine(host.trim_matches(['[', ']'])))
}
