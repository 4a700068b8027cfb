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
use sophos_assets::mapping::{self, Explanation, MapError, Mapped, Mapping};
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
    /// The name, which says the rule.
    pub name: String,
    /// The text of `NAME.input.json`.
    pub input: String,
    /// `NAME.expected.json`.
    pub expected: PathBuf,
}

impl Golden {
    /// The config of an event in the dialect `ocsf`: that of `NAME.config.json`, or its name alone.
    pub fn config(&self) -> String {
        let config = self
            .expected
            .with_file_name(format!("{}.config.json", self.name));
        fs::read_to_string(config).unwrap_or_else(|_| "ocsf".to_owned())
    }
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

/// The event of an endpoint in a dialect, or as a config says.
pub fn map_as(how: &str, endpoint_json: &str) -> Result<Mapped, MapError> {
    Mapping::of(how)?.map(&mapping::read(endpoint_json)?, NOW)
}

/// The event of an endpoint in a dialect, or as a config says, with its reasons.
pub fn explain_as(how: &str, endpoint_json: &str) -> Result<Explanation, MapError> {
    Mapping::of(how)?.explain(&mapping::read(endpoint_json)?, NOW)
}

/// Every scalar in a value with the JSON Pointer to it, in order.
pub fn scalars(value: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect_scalars(value, String::new(), &mut found);
    found
}

fn collect_scalars<'v>(value: &'v Value, at: String, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect_scalars(value, format!("{at}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                collect_scalars(value, format!("{at}/{index}"), found);
            }
        }
        scalar => found.push((at, scalar)),
    }
}

fn validator(name: &str) -> Validator {
    let path = tests().join(format!(
        "ocsf/ocsf-1.6.0-device-inventory-info.{name}schema.json"
    ));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// What OCSF 1.6.0 refuses in an event by the strict schema, with the cloud profile where the event has it,
/// and by what no schema can say; empty for a good one.
pub fn strict_violations(event: &Value) -> Vec<String> {
    static PLAIN: LazyLock<Validator> = LazyLock::new(|| validator("strict."));
    static CLOUD: LazyLock<Validator> = LazyLock::new(|| validator("cloud.strict."));
    let has_cloud = event.pointer("/metadata/profiles") == Some(&serde_json::json!(["cloud"]));
    let schema = if has_cloud { &CLOUD } else { &PLAIN };
    let mut found: Vec<_> = schema
        .iter_errors(event)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    for pointer in [
        "/time",
        "/device/first_seen_time",
        "/device/created_time",
        "/device/last_seen_time",
    ] {
        if event.pointer(pointer).is_some_and(|time| !time.is_i64()) {
            found.push(format!("{pointer} is no integer"));
        }
    }
    let observables = event["observables"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    for observable in observables {
        let name = observable["name"].as_str().unwrap();
        let pointer = format!("/{}", name.replace(['.', '['], "/").replace(']', ""));
        if event.pointer(&pointer) != Some(&observable["value"]) {
            found.push(format!("the observable {name} is not what stands there"));
        }
    }
    found
}

/// Returns the violations of OCSF 1.6.0 and of the `sekoia` dialect in an event; empty for a valid one.
///
/// The specification leaves an absent `os.name` absent, where OCSF requires one: the only exception.
pub fn violations(event: &Value) -> Vec<String> {
    static SCHEMA: LazyLock<Validator> = LazyLock::new(|| validator(""));
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

    // Rules that a JSON Schema cannot express.
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
