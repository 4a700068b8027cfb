//! The manifest: what a component says that it is and asks for.
//!
//! It is the word of a component that may be hostile, so it is checked against the contract's published
//! schema, `wit/manifest.schema.json`, before anything in it is shown or obeyed.

use std::collections::BTreeSet;

use jsonschema::{Draft, PatternOptions, Validator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::printable::fault;

mod account;
mod reach;
#[cfg(test)]
pub(crate) mod tests;

pub use account::PLACEHOLDER;

/// The contract's JSON Schema of a manifest.
pub const SCHEMA: &str = include_str!("../../../wit/manifest.schema.json");

/// The fields of the config that the host sets itself, from `--since` and `--until`.
pub const RESERVED: [&str; 2] = ["since", "until"];

/// The format of manifests that is known here.
const VERSION: u64 = 1;

/// A checked manifest. The schema's descriptions of the fields hold here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The JSON Schema of the config: an object with `properties`.
    pub config: Value,
    /// The secrets that the component asks for.
    pub secrets: Vec<Secret>,
    /// The hosts that the component wants to reach by https on port 443, some beginning with `*.`.
    pub hosts: Vec<String>,
    /// How many requests the vendor's API allows.
    pub rate_limits: Vec<RateLimit>,
}

/// Which OCSF events a component makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ocsf {
    /// The version of OCSF.
    pub version: String,
    /// The id of the OCSF class.
    pub class_uid: u32,
}

/// A secret that a component asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct RateLimit {
    /// The number of requests.
    pub requests: u32,
    /// The period's length in seconds.
    pub seconds: u32,
}

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The text is not JSON.
    #[error(
        "the component's manifest is not JSON, line {line}, column {column}: take another build of it"
    )]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The manifest is of a format that is not known here.
    #[error(
        "the component's manifest has format {found}, and this asset-host knows format {VERSION}: upgrade \
         asset-host, or take an older build of the component"
    )]
    Version {
        /// The format.
        found: u64,
    },
    /// The manifest does not fit its schema or contradicts itself; one line for each fault.
    #[error("the component's manifest breaks the contract; take another build of it\n{}", .0.join("\n"))]
    Invalid(Vec<String>),
    /// The program's own copy of the schema is unusable.
    #[error("the schema of manifests that this asset-host was built with is unusable: {0}")]
    Schema(String),
}

impl Manifest {
    /// Reads and checks the JSON text that a component's `describe` returns.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, of an unknown format, does not fit the schema, or contradicts itself.
    pub fn parse(json: &str) -> Result<Self, ManifestError> {
        let value: Value = serde_json::from_str(json).map_err(|error| ManifestError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        // First, as the rest of another format may look like any fault at all.
        match value.get("manifest_version").and_then(Value::as_u64) {
            Some(found) if found != VERSION => return Err(ManifestError::Version { found }),
            _ => {}
        }
        let schema: Value = serde_json::from_str(SCHEMA)
            .map_err(|error| ManifestError::Schema(error.to_string()))?;
        let validator =
            validator(&schema).map_err(|error| ManifestError::Schema(error.to_string()))?;
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| match error.instance_path().as_str() {
                "" => fault(&error.to_string()),
                path => fault(&format!("{path}: {error}")),
            })
            .collect();
        if !faults.is_empty() {
            return Err(ManifestError::Invalid(faults));
        }
        let manifest: Self = serde_json::from_value(value)
            .map_err(|error| ManifestError::Invalid(vec![fault(&error.to_string())]))?;
        match manifest.contradictions() {
            faults if faults.is_empty() => Ok(manifest),
            faults => {
                let faults = faults.iter().map(|text| fault(text)).collect();
                Err(ManifestError::Invalid(faults))
            }
        }
    }

    /// Returns the schema of a field of the config.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.config.get("properties")?.get(name)
    }

    /// Returns the fields of the config that a person sets, with their schemas, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.config
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
            .filter(|(name, schema)| !RESERVED.contains(name) && !is_read_only(schema))
    }

    /// Whether a person must set this field of the config.
    pub fn requires(&self, field: &str) -> bool {
        self.config
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|required| required.iter().any(|name| name == field))
    }

    /// What the schema cannot say: references within the manifest.
    fn contradictions(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        for (index, secret) in self.secrets.iter().enumerate() {
            if !names.insert(&secret.name) {
                faults.push(format!(
                    "/secrets/{index}/name: {:?} comes twice",
                    secret.name
                ));
            }
            if self.field(&secret.name).is_some() {
                faults.push(format!(
                    "/secrets/{index}/name: {:?} is a field of the config as well",
                    secret.name
                ));
            }
            if !self.field(&secret.config_field).is_some_and(is_uri) {
                faults.push(format!(
                    "/secrets/{index}/config_field: {:?} is not a field of the config of format \"uri\"",
                    secret.config_field
                ));
            }
        }
        let properties = self.config.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            if is_read_only(schema) && self.requires(name) {
                faults.push(format!(
                    "/config/required: {name:?} is read-only, so nobody may set it"
                ));
            }
        }
        if let Err(error) = validator(&self.config) {
            faults.push(format!("/config: is not a usable JSON Schema: {error}"));
        }
        faults
    }
}

/// Whether a field of the config, by its schema, takes a URL: where a request may go, or a secret.
pub fn is_uri(field: &Value) -> bool {
    field.get("format").and_then(Value::as_str) == Some("uri")
}

/// Whether a field of the config, by its schema, is the component's own to set, in the config of a source.
fn is_read_only(field: &Value) -> bool {
    field.get("readOnly") == Some(&Value::Bool(true))
}

/// Compiles a schema. Patterns run in linear time, whatever the component put in them, and references lead
/// nowhere else, as the crate is built without its means to fetch files or URLs.
fn validator(schema: &Value) -> Result<Validator, Box<jsonschema::ValidationError<'static>>> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(Box::new)
}
