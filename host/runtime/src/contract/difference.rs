//! What a component asks for beyond what was approved.

use std::fmt;

use crate::contract::hosts::covers;
use crate::contract::permissions::{Bound, Permissions};

/// What a component asks for beyond what was approved: at least one of the three lists has an entry.
///
/// It is displayed as lines for people, without a line break at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The hosts that no approved host covers.
    pub hosts: Vec<String>,
    /// The secrets that are new or go elsewhere: name, the approved place, and the new one.
    pub secrets: Vec<(String, Option<Bound>, Bound)>,
    /// The fields of the config that are set, take a URL now, and were not approved as such.
    pub url_fields: Vec<String>,
    /// The approved component and the one that asks: name and version, SHA-256.
    pub components: [(String, String); 2],
}

impl Difference {
    /// Compares what a component asks for with what was approved; `None` where it asks for no more.
    pub fn between(approved: &Permissions, asks: &Permissions) -> Option<Self> {
        let is_new_host = |host: &&String| !approved.hosts.iter().any(|known| covers(known, host));
        let more = |(name, bound): (&String, &Bound)| {
            let known = approved.secrets.get(name);
            let same = known.is_some_and(|known| {
                // A default that is gone sends the secret nowhere.
                known.config_field == bound.config_field
                    && (bound.default_origin.is_none()
                        || bound.default_origin == known.default_origin)
            });
            (!same).then(|| (name.clone(), known.cloned(), bound.clone()))
        };
        let difference = Self {
            hosts: asks.hosts.iter().filter(is_new_host).cloned().collect(),
            secrets: asks.secrets.iter().filter_map(more).collect(),
            url_fields: asks
                .opened
                .difference(&approved.url_fields)
                .cloned()
                .collect(),
            components: [approved, asks].map(|asks| (asks.component(), asks.sha256.clone())),
        };
        let none = difference.hosts.is_empty()
            && difference.secrets.is_empty()
            && difference.url_fields.is_empty();
        (!none).then_some(difference)
    }

    /// Returns what is more, one line each, such as `+ host evil.example`.
    pub fn more(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for host in &self.hosts {
            lines.push(format!("+ host {host}"));
        }
        for (name, approved, asked) in &self.secrets {
            lines.push(match approved {
                None => format!("+ secret {name}, to {asked}"),
                Some(approved) => format!("~ secret {name}: from {approved} to {asked}"),
            });
        }
        for field in &self.url_fields {
            lines.push(format!(
                "+ the URL that the account sets in {field}, which was not approved as a URL"
            ));
        }
        lines
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.more() {
            writeln!(formatter, "  {line}")?;
        }
        let [(approved, old), (asking, new)] = &self.components;
        writeln!(formatter, "  approved: {approved}, sha256 {old}")?;
        write!(formatter, "  asking:   {asking}, sha256 {new}")
    }
}

#[cfg(test)]
mod tests;
