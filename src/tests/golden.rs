//! The golden files: one for each rule of the mapping and for each odd shape of the API, named after it.
//!
//! `tests/golden/NAME.input.json` is an endpoint, `NAME.expected.json` its event and `NAME.ocsf.json` the one in
//! the dialect `ocsf`, compared value for value and in the order of the keys.
//! `NAME.config.json` is the config for the dialect `ocsf`, where one matters. What must be refused lies in
//! `refused/`, with the error beside it: the one of `map`, and what the dialect `ocsf` makes of it.
//! An event that shows the clock, which stands at 2026-11-25T00:00:00Z here, has `clock` in its name.
//! With `UPDATE_GOLDEN=1` the expected files are written anew: read the difference before you commit it.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests may stop at the first surprise.

mod common;

use std::env;
use std::fs;
use std::path::Path;

use common::{Golden, NOW, golden, map, map_as};
use serde_json::{Deserializer, Serializer, Value, json};
use sophos_assets::mapping::MapError;

/// The JSON text with line breaks, in its own order: `serde_json::Value` would sort it.
fn pretty(json: &str) -> String {
    let mut written = Vec::new();
    let mut serializer = Serializer::pretty(&mut written);
    serde_transcode::transcode(&mut Deserializer::from_str(json), &mut serializer).unwrap();
    String::from_utf8(written).unwrap() + "\n"
}

fn error(error: &MapError) -> String {
    let MapError {
        message,
        line,
        column,
    } = error;
    json!({ "error": { "column": column, "line": line, "message": message } }).to_string()
}

/// The events in the dialect `ocsf`, in addition to those of `map`.
fn ocsf(cases: Vec<Golden>) -> Vec<Golden> {
    let beside = |case: Golden| Golden {
        expected: case
            .expected
            .with_file_name(format!("{}.ocsf.json", case.name)),
        ..case
    };
    cases.into_iter().map(beside).collect()
}

fn compare(cases: &[Golden], outcome: impl Fn(&Golden) -> String) {
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    let different: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            let outcome = pretty(&outcome(case));
            if update {
                fs::write(&case.expected, &outcome).unwrap();
            }
            let expected = fs::read_to_string(&case.expected).unwrap_or_default();
            (outcome != expected)
                .then(|| format!("{}\nexpected:\n{expected}\ngot:\n{outcome}", case.name))
        })
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_golden_endpoint_becomes_its_event() {
    compare(&golden("golden"), |case| match map(&case.input, NOW) {
        Ok(mapped) => mapped.json,
        Err(error) => panic!("{}: {error}", case.name),
    });
}

#[test]
fn every_golden_refusal_returns_its_error() {
    compare(&golden("golden/refused"), |case| {
        match map(&case.input, NOW) {
            Ok(mapped) => panic!("{}: not refused, but mapped to {}", case.name, mapped.json),
            Err(refused) => error(&refused),
        }
    });
}

#[test]
fn every_golden_endpoint_becomes_its_event_in_ocsf() {
    compare(&ocsf(golden("golden")), |case| {
        match map_as(&case.config(), &case.input) {
            Ok(mapped) => mapped.json,
            Err(error) => panic!("{}: {error}", case.name),
        }
    });
}

/// An endpoint without a host name is delivered there.
#[test]
fn endpoints_refused_in_sekoia_have_their_event_or_error_in_ocsf() {
    compare(&ocsf(golden("golden/refused")), |case| {
        match map_as("ocsf", &case.input) {
            Ok(mapped) => mapped.json,
            Err(refused) => error(&refused),
        }
    });
}

#[test]
fn no_expected_file_is_without_an_input() {
    for folder in ["golden", "golden/refused"] {
        let cases = golden(folder).into_iter().chain(ocsf(golden(folder)));
        let inputs: Vec<_> = cases.map(|case| case.expected).collect();
        for entry in fs::read_dir(common::tests().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy();
            let is_given = name.ends_with(".input.json") || name.ends_with(".config.json");
            let is_expected = !is_given && path.is_file();
            assert!(!is_expected || inputs.contains(&path), "{}", path.display());
        }
    }
}

#[test]
fn only_those_named_after_it_show_the_clock() {
    for case in golden("golden") {
        let now = map(&case.input, NOW).unwrap().json;
        let later = map(&case.input, NOW + time::Duration::HOUR).unwrap().json;
        assert_eq!(now != later, case.name.contains("clock"), "{}", case.name);
    }
}

/// Values that mean the same in a fleet: absent, `null`, `""`, `{}`, or a container of those.
#[test]
fn empty_is_absent() {
    let event = |name: &str| {
        let path = common::tests().join(format!("golden/{name}.expected.json"));
        read(&path)
    };
    for name in [
        "fields-null",
        "fields-of-empty-text",
        "fields-of-empty-object",
        "fields-holding-null",
        "fields-holding-empty-text",
        "fields-of-other-types",
    ] {
        assert_eq!(event(name), event("fields-absent"), "{name}");
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
