//! Checks where an account lets its component send requests: the hosts that it allows, and the URLs in its config.

use crate::config::account::Account;
use crate::config::problem::Problem;
use crate::contract::hosts::{Hosts, normal};
use crate::contract::manifest::Manifest;
use crate::network::addresses::is_loopback;

/// Checks that the component asks for the hosts that an account allows.
pub(super) fn check_hosts(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    let asked = Hosts::parse(&manifest.hosts).unwrap_or_default();
    for entry in account.hosts.iter().flatten() {
        let why = match Hosts::parse(std::slice::from_ref(entry)) {
            Err(_) => format!(
                "{entry:?} is not a valid host: write a name such as \"id.example.com\", or \"*.example.com\" for every \
                 name below it, without scheme, port or path"
            ),
            Ok(host) if !asked.cover(&host) => format!(
                "the component does not ask for {entry:?}: remove it, or write some of what it asks for ({}) or \
                 names below. URLs in [account.{}.config] are allowed without this",
                manifest.hosts.join(", "),
                account.name
            ),
            Ok(_) => continue,
        };
        problems.push(Problem::new(format!("account.{}.hosts", account.name), why));
    }
}

/// Checks the URLs that the user typed into fields of the format `uri`: each must be https, except those of this machine,
/// and contain no user name. A field that `problems` name already is skipped.
pub(super) fn check_urls(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    for (field, value) in &account.config {
        let Some(schema) = manifest.field(field).filter(|schema| schema.is_uri()) else {
            continue;
        };
        let why = match value.as_str().and_then(normal) {
            None => "must be a URL",
            Some(url) if url.scheme() != "https" && !is_loopback(&url) => "must begin with https",
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                "must contain no user name and no password"
            }
            Some(_) => continue,
        };
        let key = account.key("config", field);
        if problems.iter().all(|problem| problem.key != key) {
            let example = schema.default.as_ref().and_then(|default| default.as_str());
            let example = example.unwrap_or("https://api.example.com");
            problems.push(Problem::new(key, format_args!("{why}, as in {example}")));
        }
    }
}
