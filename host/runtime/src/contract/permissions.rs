//! The permissions that a component asks for, to be compared with those that a person approved.
//!
//! The first run of an account approves what its component asks for by then, and records it in the state. From then on a
//! component that asks for more does not run for that account until a person approves it; one that asks for the same or
//! less does, whatever its build.
//!
//! What counts is what the component alone decides: the hosts that it names, the secrets that it requires and where they
//! go by its own defaults, and which fields of the config hold URLs, since a URL in such a field opens its origin. What the
//! operator types needs no approval.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::contract::manifest::Manifest;

/// The permissions that a component asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// The SHA-256 of the component's file, 64 hex digits in lower case.
    pub sha256: String,
    /// The component's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The hosts of its manifest, some beginning with `*.`.
    pub hosts: BTreeSet<String>,
    /// Where each secret goes, by the secret's name.
    pub secrets: BTreeMap<String, Bound>,
    /// The fields of the config that take URLs.
    pub url_fields: BTreeSet<String>,
    /// Those of them that the account sets. They are the account's, so they are not recorded.
    #[serde(skip)]
    pub opened: BTreeSet<String>,
}

/// Where a secret goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The field of the config to whose origin only it may go.
    pub config_field: String,
    /// The origin of the field's default, where the account sets no other; `None` without a default.
    pub default_origin: Option<String>,
}

impl Permissions {
    /// Returns what the component with this digest and manifest asks for. `config` is that of the account for which it
    /// runs; empty without an account.
    pub fn of(sha256: &str, manifest: &Manifest, config: &Map<String, Value>) -> Self {
        let fields = manifest.config.properties.iter().flatten();
        let url_fields: BTreeSet<String> = fields
            .filter(|(_, schema)| schema.is_uri())
            .map(|(field, _)| field.clone())
            .collect();
        let is_set = |field: &&String| config.contains_key(*field);
        let bound = |config_field: &str| Bound {
            config_field: config_field.to_owned(),
            default_origin: default_origin(manifest, config_field),
        };
        Self {
            sha256: sha256.to_owned(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            hosts: manifest.hosts.iter().cloned().collect(),
            secrets: manifest
                .secrets
                .iter()
                .map(|secret| (secret.name.clone(), bound(&secret.config_field)))
                .collect(),
            opened: url_fields.iter().filter(is_set).cloned().collect(),
            url_fields,
        }
    }

    /// Returns the component's name and version.
    pub fn component(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// All on one line: `hosts id.example; secret key, to the URL in token_url (https://id.example)`.
impl fmt::Display for Permissions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        match hosts.as_slice() {
            [] => formatter.write_str("no host")?,
            hosts => write!(formatter, "hosts {}", hosts.join(", "))?,
        }
        if self.secrets.is_empty() {
            formatter.write_str("; no secret")?;
        }
        for (name, bound) in &self.secrets {
            write!(formatter, "; secret {name}, to {bound}")?;
        }
        Ok(())
    }
}

/// As a phrase: `the URL in token_url (https://id.example)`.
impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the URL in {}", self.config_field)?;
        match &self.default_origin {
            Some(origin) => write!(formatter, " ({origin})"),
            None => Ok(()),
        }
    }
}

/// Returns the origin of the default of a field of the config.
fn default_origin(manifest: &Manifest, field: &str) -> Option<String> {
    let text = manifest.field(field)?.default.as_ref()?.as_str()?;
    let origin = Url::parse(text).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
