//! The manifest: what a component says that it is and asks for.
//!
//! The component may be hostile, so its manifest is checked before anything in it is shown or used. The contract publishes
//! the form as a JSON Schema, `wit/manifest.schema.json`; here it is types and the rules in `rules.rs`.

use serde::{Deserialize, Serialize};

mod faults;
pub mod parse;
pub mod pattern;
mod rules;
pub mod schema;
#[cfg(test)]
pub mod tests;
pub mod values;

use crate::contract::manifest::schema::Schema;

/// The fields of the config that the host sets, from `--since` and `--until`.
pub const RESERVED: [&str; 2] = ["since", "until"];

/// A checked manifest. The published schema describes the fields in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format of the manifest: 1.
    pub manifest_version: u64,
    /// The component's name.
    pub name: String,
    /// The component's version by Semantic Versioning.
    pub version: String,
    /// Who makes the product whose devices are collected.
    pub vendor: String,
    /// The product whose devices are collected.
    pub product: String,
    /// What the component collects, on one line of any length.
    pub description: String,
    /// Which OCSF events the component makes.
    pub ocsf: Ocsf,
    /// The dialects in which the component writes events; at least one, the default first.
    pub dialects: Vec<String>,
    /// The schema of the config: an object with `properties`.
    pub config: Schema,
    /// The secrets that the component asks for.
    pub secrets: Vec<Secret>,
    /// The hosts that the component wants to reach by https on port 443, some beginning with `*.`.
    pub hosts: Vec<String>,
    /// How many requests the vendor's API allows.
    pub rate_limits: Vec<RateLimit>,
}

/// Which OCSF events a component makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ocsf {
    /// The version of OCSF.
    pub version: String,
    /// The id of the OCSF class.
    pub class_uid: u32,
}

/// A secret that a component asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The name by which the component asks for it.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// Where a person finds it.
    pub description: String,
    /// The field of the config to whose origin alone the secret may go.
    pub config_field: String,
}

/// How many requests the vendor's API allows in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The number of requests.
    pub requests: u32,
    /// The period's length in seconds.
    pub seconds: u32,
}

impl Manifest {
    /// Returns the schema of a field of the config.
    pub fn field(&self, name: &str) -> Option<&Schema> {
        self.config.field(name)
    }

    /// Returns the fields of the config that a person sets, with their schemas, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.config
            .properties
            .iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
            .filter(|(name, schema)| !RESERVED.contains(name) && !schema.is_read_only())
    }

    /// Returns whether a person must set this field of the config.
    pub fn requires(&self, field: &str) -> bool {
        self.config.requires(field)
    }
}
