//! The name layer: checks by method and URL whether a request may leave.

use std::collections::HashSet;

use http::Method;
use url::{Host, Origin, Url};

use crate::contract::hosts::Hosts;
use crate::network::addresses::is_loopback;
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

/// Why a request may not leave. The texts say who forbids it and what to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not https, or http to where only https is allowed.
    #[error("only https is allowed to this host: the URL must begin with https")]
    Scheme,
    /// It leads to this machine.
    #[error(
        "it leads to this machine; `allow_loopback_http = true` in the account allows that, for tests"
    )]
    Loopback,
    /// Its URL holds a user name or a password.
    #[error(
        "a URL with a user name or a password is never allowed; please report this to the maker of the component"
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
        "CONNECT and TRACE are never allowed; please report this to the maker of the component"
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

impl Policy {
    /// Makes the table of an account: `asked` by the manifest, `narrowed` by the account, `typed` into its config,
    /// in their [normal](crate::contract::hosts::normal) form.
    pub fn new(asked: Hosts, narrowed: Option<Hosts>, typed: &[Url], loopback_http: bool) -> Self {
        Self {
            asked,
            narrowed,
            typed: typed.iter().map(Url::origin).collect(),
            loopback_http,
        }
    }

    /// Whether a request to `url`, in its [normal](crate::contract::hosts::normal) form, may leave.
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

#[cfg(test)]
mod tests;
