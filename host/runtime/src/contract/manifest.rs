//! The manifest: what a component says that it is and asks for.
//!
//! It is the word of a component that may be hostile, so it is checked before anything in it is shown or obeyed. The
//! contract publishes the form as a JSON Schema, `wit/manifest.schema.json`; here it is types and the rules in `rules.rs`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod published_tests;
pub mod rules;
pub mod schema;
#[cfg(test)]
pub mod tests;
pub mod values;

use crate::contract::manifest::rules::Faults;
use crate::contract::manifest::schema::Schema;

/// The largest manifest, in bytes: room for every list at its longest. It also bounds the memory that its JSON takes.
pub const MAX_MANIFEST_BYTES: usize = 256 << 10;

/// The fields of the config that the host sets itself, from `--since` and `--until`.
pub const RESERVED: [&str; 2] = ["since", "until"];

/// The format of manifests that is known here.
const VERSION: u64 = 1;

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
    /// The text is longer than any manifest needs to be.
    #[error(
        "the component's manifest has {found} bytes, and {MAX_MANIFEST_BYTES} are allowed: take another build of it"
    )]
    TooLarge {
        /// The length of the text in bytes.
        found: usize,
    },
    /// The manifest does not have the form that the contract demands, or contradicts itself; one line for each fault.
    #[error("the component's manifest breaks the contract; take another build of it\n{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

impl Manifest {
    /// Reads and checks the JSON text that a component's `describe` returns.
    ///
    /// # Errors
    ///
    /// When the text is too large, not JSON, of an unknown format, not of the form that the contract demands, or
    /// contradicts itself.
    pub fn parse(json: &str) -> Result<Self, ManifestError> {
        if json.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge { found: json.len() });
        }
        let value: Value = serde_json::from_str(json).map_err(|error| ManifestError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        // First, as the rest of another format may look like any fault at all.
        match value.get("manifest_version").and_then(Value::as_u64) {
            Some(found) if found != VERSION => return Err(ManifestError::Version { found }),
            _ => {}
        }
        let mut faults = Faults::default();
        let manifest: Self = match serde_path_to_error::deserialize(&value) {
            Ok(manifest) => manifest,
            Err(error) => {
                faults.add(&pointer(error.path()), error.inner());
                return Err(ManifestError::Invalid(faults.0));
            }
        };
        // Types read more than the published schema allows: `null` for what is absent, an array for an object.
        if serde_json::to_value(&manifest).ok().as_ref() != Some(&value) {
            let why = "has a null, or an array in the place of an object, which the contract does not allow";
            faults.add("", why);
        }
        rules::check(&manifest, &mut faults);
        if faults.0.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Invalid(faults.0))
        }
    }

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

    /// Whether a person must set this field of the config.
    pub fn requires(&self, field: &str) -> bool {
        self.config.requires(field)
    }
}

/// Writes the path of a fault as a JSON Pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Map { key } => format!("/{key}"),
            Segment::Seq { index } => format!("/{index}"),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}
