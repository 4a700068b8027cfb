//! Delivered events are OCSF: every event of a large and unusual fleet passes the published schema and is one
//! compact JSON object on a line of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};
use sophos_central_simulator::{Fleet, Options, RecordSize};
use support::{Workplace, compact};

/// OCSF 1.6.0, Device Inventory Info.
fn schema() -> Validator {
    let schema = include_str!("ocsf/ocsf-1.6.0-device-inventory-info.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

/// Returns what the schema refuses in an event, with one exception: the specification leaves an absent
/// `os.name` absent, where OCSF requires one.
fn violations(schema: &Validator, mut event: Value) -> Vec<String> {
    if let Some(os) = event["device"]["os"].as_object_mut() {
        os.entry("name").or_insert_with(|| "absent".into());
    }
    let place =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    schema.iter_errors(&event).map(place).collect()
}

/// Returns the endpoints of the golden files, each with an id of its own: one for each unusual shape of the API.
fn odd_records() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".input.json"))
        .collect();
    paths.sort();
    paths
        .iter()
        // Some contain what a `Value` cannot, such as half a surrogate pair.
        .filter_map(|path| {
            serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).ok()
        })
        .enumerate()
        .map(|(number, mut record)| {
            record["id"] = format!("odd-{number}").into();
            record
        })
        .collect()
}

#[test]
fn every_event_of_an_unusual_fleet_is_valid_on_one_line() {
    for size in [RecordSize::Normal, RecordSize::Large] {
        let mut fleet = Fleet::new(7, 2_000).with_record_size(size);
        let odd = odd_records();
        assert!(odd.len() > 50, "{} odd records", odd.len());
        for record in odd {
            fleet.add(record);
        }
        fleet.edit(3, |record| {
            record["os"] = json!({ "platform": "windows", "isServer": false })
        });
        fleet.edit(4, |record| {
            record["hostname"] = "line\nbreak\u{2028}\u{0}\"\\ £ 𝄞".into()
        });
        let ids = fleet.ids();

        let work = Workplace::new(Options::new(fleet));
        work.collect(0)
            .says(&[&format!("events {}, rejects 0", ids.len())]);

        let text = std::fs::read_to_string(work.path("events.ndjson")).unwrap();
        assert!(text.ends_with('\n'));
        let lines: Vec<_> = text.split_terminator('\n').collect();
        assert_eq!(lines.len(), ids.len());
        let schema = schema();
        let mut without_name = 0;
        for line in lines {
            assert!(line.starts_with('{'), "{line}");
            assert_eq!(line, compact(line));
            let event: Value = serde_json::from_str(line).unwrap();
            without_name += usize::from(event.pointer("/device/os/name").is_none());
            assert_eq!(violations(&schema, event), [""; 0], "{line}");
        }
        assert!(without_name > 0, "the exception was not needed");
        assert_eq!(work.ids(), {
            let mut sorted = ids;
            sorted.sort();
            sorted
        });
    }
}

/// A check that accepts everything proves nothing.
#[test]
fn the_schema_check_finds_invalid_events() {
    let work = Workplace::new(Options::new(Fleet::new(7, 1)));
    work.collect(0);
    let event = work.events().remove(0);
    let schema = schema();
    assert_eq!(violations(&schema, event.clone()), [""; 0]);
    for (pointer, value) in [
        ("/device/type_id", json!(17)),
        ("/device/os", json!({ "name": "Windows 10 Pro" })),
        ("/metadata", json!({ "version": "1.6.0" })),
        ("/severity_id", json!("1")),
        ("/time", json!("2026-11-20T08:00:00Z")),
        ("/class_uid", json!(5002)),
    ] {
        let mut faulty = event.clone();
        *faulty.pointer_mut(pointer).unwrap() = value;
        assert_ne!(violations(&schema, faulty), [""; 0], "{pointer}");
    }
}
