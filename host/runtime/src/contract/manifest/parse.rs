//! Reads and checks a manifest.

use serde_json::Value;
use serde_path_to_error::Segment;

use crate::contract::manifest::faults::Faults;
use crate::contract::manifest::{Manifest, rules};

/// The most bytes of a manifest: room for every list at its longest. It also limits the memory that its JSON takes.
pub const MAX_MANIFEST_BYTES: usize = 256 << 10;

/// The format of manifests that is known here.
const VERSION: u64 = 1;

/// Why a text is not a valid manifest.
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
    /// The manifest is of an unknown format.
    #[error(
        "the component's manifest has format {found}, and this asset-host knows format {VERSION}: upgrade \
         asset-host, or use an older build of the component"
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
        // First, since the rest of another format may look like any fault.
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
            let why =
                "has a null, or an array in place of an object, which the contract does not allow";
            faults.add("", why);
        }
        rules::check(&manifest, &mut faults);
        if faults.0.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Invalid(faults.0))
        }
    }
}

/// Returns the path of a fault as a JSON Pointer.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .map(|segment| match segment {
            Segment::Map { key } => format!("/{key}"),
            Segment::Seq { index } => format!("/{index}"),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}
