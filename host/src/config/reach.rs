//! How far a component reaches for an account: `hosts`, `allow_addresses`, `ca_file`, `allow_loopback_http`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use crate::config::{Problem, file};

/// What the account says about the component's way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Which of the hosts that the component asks for it may reach, in the forms of a manifest; none for all of
    /// them.
    pub hosts: Option<Vec<String>>,
    /// Addresses that it may reach although they are private or otherwise special.
    pub allow_addresses: Vec<IpNet>,
    /// A PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether it may go to this very machine, by http as well as https: for tests and demos.
    pub allow_loopback_http: bool,
}

impl Reach {
    /// Checks the keys of the table `key`; `ca_file` is relative to `folder`.
    pub(super) fn check(
        key: &str,
        table: &file::Account,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut allow_addresses = Vec::new();
        for text in &table.allow_addresses {
            // One address is a network of its own.
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            match text.parse::<IpNet>().or_else(|_| address()) {
                Ok(network) => allow_addresses.push(network),
                Err(_) => problems.push(Problem::new(
                    format!("{key}.allow_addresses"),
                    format_args!("{text:?} is no network: write an address or a network such as \"10.0.0.0/8\""),
                )),
            }
        }
        Self {
            hosts: table.hosts.clone(),
            allow_addresses,
            ca_file: ca_file(key, table.ca_file.clone(), folder, problems),
            allow_loopback_http: table.allow_loopback_http,
        }
    }
}

/// Checks `ca_file` of the table `key`.
pub(super) fn ca_file(
    key: &str,
    path: Option<PathBuf>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Option<PathBuf> {
    let path = path?;
    if path.as_os_str().is_empty() {
        problems.push(Problem::new(
            format!("{key}.ca_file"),
            "is empty: name a PEM file of certificate authorities, or leave the key out",
        ));
    }
    Some(folder.join(path))
}
