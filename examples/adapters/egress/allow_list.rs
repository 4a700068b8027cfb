//! The hosts and origins that may be reached. A host's name is compared as it is sent: what is written in another way
//! than that, such as an address in octal or a user name before the host, is refused.

use std::collections::BTreeSet;

/// The hosts and origins that may be reached.
#[derive(Default)]
pub(crate) struct AllowList {
    origins: BTreeSet<Origin>,
    /// Names below which every name may be reached, with the dot before them: `.example.com`.
    suffixes: BTreeSet<String>,
}

/// Where a request goes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    scheme: &'static str,
    host: String,
    port: u16,
}

impl AllowList {
    /// Adds a host (by https on port 443), the hosts below a name (`*.example.com`), or the origin of a URL. Plain http
    /// is only for this machine.
    pub(crate) fn add(&mut self, entry: &str) -> Result<(), String> {
        let invalid = || format!("{entry:?} is neither a host nor a URL of https");
        if let Some(name) = entry.strip_prefix("*.") {
            let origin = Origin::new("https", name).ok_or_else(invalid)?;
            self.suffixes.insert(format!(".{}", origin.host));
            return Ok(());
        }
        let (scheme, rest) = entry.split_once("://").unwrap_or(("https", entry));
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let origin = Origin::new(scheme, authority).ok_or_else(invalid)?;
        self.origins.insert(origin);
        Ok(())
    }

    /// Returns whether a request may leave.
    pub(crate) fn allows(&self, scheme: &str, authority: &str) -> bool {
        let Some(origin) = Origin::new(scheme, authority) else {
            return false;
        };
        let below = |suffix: &String| {
            let name = origin.host.strip_suffix(suffix.as_str());
            name.is_some_and(|name| !name.is_empty())
        };
        let is_default = origin.scheme == "https" && origin.port == 443;
        self.origins.contains(&origin) || is_default && self.suffixes.iter().any(below)
    }
}

impl Origin {
    /// Returns an origin; `None` if the host is not a plain name or address, or if it is neither https nor this machine.
    fn new(scheme: &str, authority: &str) -> Option<Self> {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let host = host.to_ascii_lowercase();
        let (scheme, default) = match scheme.to_ascii_lowercase().as_str() {
            "https" => ("https", 443),
            "http" if is_this_machine(&host) => ("http", 80),
            _ => return None,
        };
        let is_plain = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => is_name(&host),
        };
        let port = port.unwrap_or(default);
        is_plain.then_some(Self { scheme, host, port })
    }
}

/// Returns whether every label of a name is letters, digits and `-`.
fn is_name(host: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    host.split('.')
        .all(|label| !label.is_empty() && label.chars().all(is_part))
}

fn is_this_machine(host: &str) -> bool {
    let v4 = host.parse::<std::net::Ipv4Addr>();
    host == "localhost" || host == "[::1]" || v4.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AllowList {
        let mut list = AllowList::default();
        for entry in entries {
            list.add(entry).unwrap();
        }
        list
    }

    #[test]
    fn a_request_leaves_only_to_what_is_listed() {
        let list = list(&[
            "id.example.com",
            "*.eu.example.com",
            "https://cmdb.example.net:8443/export?format=csv",
            "http://127.0.0.1:8080",
            "https://[::1]:1234",
        ]);
        for (scheme, authority, expected) in [
            ("https", "id.example.com", true),
            ("https", "id.example.com:443", true),
            ("https", "ID.Example.COM", true),
            ("https", "id.example.com:8443", false),
            ("http", "id.example.com", false),
            ("http", "id.example.com:443", false),
            ("https", "id.example.com.", false),
            ("https", "user@id.example.com", false),
            ("https", "id.example.com@evil.example", false),
            ("https", "id.example.com%2eevil.example", false),
            ("https", "evil-id.example.com", false),
            ("https", "x.id.example.com", false),
            ("https", "a.eu.example.com", true),
            ("https", "a.b.eu.example.com", true),
            ("https", "eu.example.com", false),
            ("https", ".eu.example.com", false),
            ("https", "evileu.example.com", false),
            ("https", "a.eu.example.com:444", false),
            ("https", "cmdb.example.net:8443", true),
            ("https", "cmdb.example.net", false),
            ("http", "127.0.0.1:8080", true),
            ("http", "127.0.0.1", false),
            ("https", "127.0.0.1:8080", false),
            ("http", "0177.0.0.1:8080", false),
            ("http", "localhost:8080", false),
            ("https", "[::1]:1234", true),
            ("https", "[::1]", false),
            ("https", "", false),
            ("https", "id.example.com:", false),
            ("ftp", "id.example.com", false),
        ] {
            assert_eq!(
                list.allows(scheme, authority),
                expected,
                "{scheme}://{authority}"
            );
        }
    }

    #[test]
    fn an_entry_that_would_allow_more_than_it_says_is_refused() {
        for entry in [
            "",
            "*",
            "*.",
            "http://api.example.com",
            "https://user@api.example.com",
            "ftp://api.example.com",
            "api.*.example.com",
            "https://",
            "https://api.example.com:99999",
        ] {
            assert!(AllowList::default().add(entry).is_err(), "{entry:?}");
        }
    }
}
