//! Golden files and the OCSF schema, for the tests of the mapping.
// Helpers of tests may stop at the first surprise; clippy grants it only to what is marked as a test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
// Each test crate uses a part.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;
use sophos_assets::mapping::{self, MapError, Mapped, Mapping};
use time::{Duration, OffsetDateTime};

/// The clock of the golden files: 2026-11-25T00:00:00Z.
pub const NOW: OffsetDateTime =
    OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(1_795_564_800));

/// The folder `tests/` of the repository.
pub fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests")
}

/// An input with the file beside it that says what comes of it.
pub struct Golden {
    /// The name, which tells the rule.
    pub name: String,
    /// The text of `NAME.input.json`.
    pub input: String,
    /// `NAME.expected.json`.
    pub expected: PathBuf,
}

/// The golden files in a folder of `tests/`, by name.
pub fn golden(folder: &str) -> Vec<Golden> {
    let folder = tests().join(folder);
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path
                .file_name()?
                .to_str()?
                .strip_suffix(".input.json")?
                .to_owned();
            let expected = path.with_file_name(format!("{name}.expected.json"));
            Some(Golden {
                input: fs::read_to_string(&path).unwrap(),
                name,
                expected,
            })
        })
        .collect();
    assert!(
        !found.is_empty(),
        "{} holds no golden files",
        folder.display()
    );
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// The event of an endpoint.
pub fn map(endpoint_json: &str, now: OffsetDateTime) -> Result<Mapped, MapError> {
    Mapping::default().map(&mapping::read(endpoint_json)?, now)
}

/// What OCSF 1.6.0 and the `sekoia` dialect refuse in an event; empty for a good one.
///
/// The specification leaves an absent `os.name` absent, where OCSF requires one: the only exception.
pub fn violations(event: &Value) -> Vec<String> {
    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
        let path = tests().join("ocsf/ocsf-1.6.0-device-inventory-info.schema.json");
        let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    let mut named = event.clone();
    if let Some(os) = named
        .pointer_mut("/device/os")
        .and_then(Value::as_object_mut)
    {
        os.entry("name").or_insert_with(|| "absent".into());
    }
    let mut found: Vec<_> = SCHEMA
        .iter_errors(&named)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();

    // What a JSON Schema cannot say.
    let number = |pointer: &str| event.pointer(pointer).and_then(Value::as_i64);
    let type_uid = number("/class_uid")
        .zip(number("/activity_id"))
        .map(|(class, activity)| class * 100 + activity);
    if number("/type_uid") != type_uid || type_uid.is_none() {
        found.push("type_uid is not class_uid × 100 + activity_id".to_owned());
    }
    for pointer in [
        "/time",
        "/device/first_seen_time",
        "/device/created_time",
        "/device/last_seen_time",
    ] {
        // Year 0 to year 9999 in seconds; the present in milliseconds lies far beyond.
        let seconds = -62_167_219_200..=253_402_300_799;
        if let Some(time) = event.pointer(pointer)
            && !time.as_i64().is_some_and(|time| seconds.contains(&time))
        {
            found.push(format!(
                "{pointer} is {time}, not a whole number of seconds"
            ));
        }
    }
    found
}
