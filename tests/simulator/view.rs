//! The `view` parameter: how much of a record is shown.

use serde_json::Value;

const BASIC: &[&str] = &["id", "type", "tenant", "hostname"];

/// The fields of `full` that `summary` lacks; the real API's split is not published, this one only makes them differ.
const FULL_ONLY: &[&str] = &[
    "lastOsUpdateAt",
    "lastAgentUpdateAt",
    "serialNumber",
    "cloned",
    "encryption",
    "isolation",
    "mdrManaged",
    "packages",
    "tags",
];

/// A view of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// Id, type, tenant and host name.
    Basic,
    /// The default of the API.
    #[default]
    Summary,
    /// Everything.
    Full,
}

impl View {
    /// Returns the view that a query names.
    pub(crate) fn named(name: &str) -> Option<View> {
        match name {
            "basic" => Some(View::Basic),
            "summary" => Some(View::Summary),
            "full" => Some(View::Full),
            _ => None,
        }
    }

    /// Returns what the view shows of a full record. A value that is not an object is shown as it is.
    pub(crate) fn of(self, mut record: Value) -> Value {
        if let Some(fields) = record.as_object_mut() {
            fields.retain(|field, _| match self {
                View::Basic => BASIC.contains(&field.as_str()),
                View::Summary => !FULL_ONLY.contains(&field.as_str()),
                View::Full => true,
            });
        }
        record
    }
}
