//! Input of a size or depth that no API sends: an event or an error, never a crash.
#![allow(clippy::unwrap_used)] // Helpers of tests may stop at the first surprise.

mod common;

use common::{NOW, explain_as, map, map_as};
use sophos_assets::mapping::Mapped;

const DEPTH: usize = 1_000_000;
const MEGABYTE: usize = 1 << 20;

fn endpoint(members: &str) -> String {
    format!(
        r#"{{"id":"example","hostname":"example-workstation","lastSeenAt":"2026-11-20T08:41:07Z",{members}}}"#
    )
}

fn mapped(members: &str) -> Mapped {
    map(&endpoint(members), NOW).unwrap()
}

#[test]
fn any_depth_is_read_past() {
    let plain = mapped(r#""os":null"#);
    let arrays = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let objects = r#"{"name":"#.repeat(DEPTH) + "1" + &"}".repeat(DEPTH);
    for field in [
        "somethingNew",
        "os",
        "group",
        "ipv4Addresses",
        "registeredAt",
    ] {
        for value in [
            &arrays,
            &objects,
            &format!("[{objects}]"),
            &format!(r#"{{"name":{arrays}}}"#),
        ] {
            assert_eq!(mapped(&format!(r#""{field}":{value}"#)), plain, "{field}");
        }
    }
}

#[test]
fn any_depth_without_an_end_is_an_error() {
    for open in ["[", "{", r#"{"name":"#, "[{\"a\":"] {
        let open = open.repeat(DEPTH);
        for text in [
            open.clone(),
            endpoint(&format!(r#""os":{open}"#)),
            endpoint(&format!(r#""group":[{open}"#)),
        ] {
            assert!(map(&text, NOW).is_err());
        }
    }
}

#[test]
fn any_depth_in_the_place_of_a_required_field_is_an_error() {
    let deep = r#"{"id":"#.repeat(DEPTH) + "1" + &"}".repeat(DEPTH);
    let error = map(&deep, NOW).unwrap_err();
    assert_eq!(
        error.message,
        "`id` is an object; a string that is not empty was expected"
    );
}

#[test]
fn any_size_is_read() {
    let plain = mapped(r#""os":null"#);
    let text = "x".repeat(64 * MEGABYTE);
    assert_eq!(mapped(&format!(r#""somethingNew":"{text}""#)), plain);
    assert_eq!(
        mapped(&format!(
            r#""macAddresses":["{text}"],"ipv4Addresses":["{text}"],"registeredAt":"{text}""#
        )),
        plain
    );
    assert_eq!(mapped(&format!(r#""{text}":1"#)), plain);
    assert_eq!(mapped(&(" ".repeat(64 * MEGABYTE) + r#""os":null"#)), plain);
    let named = mapped(&format!(r#""os":{{"name":"{text}"}}"#));
    assert!(named.json.contains(&text));
    assert!(map(&text, NOW).is_err());
    assert!(map(&endpoint(&format!(r#""os":"{text}"#)), NOW).is_err());
}

#[test]
fn any_number_of_entries_is_read_and_a_hundred_thousand_are_mapped() {
    let addresses = vec![r#""192.0.2.10""#; DEPTH].join(",");
    let event = mapped(&format!(r#""ipv4Addresses":[{addresses}]"#)).json;
    assert!(event.contains(r#"{"ip":"192.0.2.10","name":"eth99999"}]"#));
    let groups = vec![r#"{"name":"a"}"#; DEPTH].join(",");
    let event = mapped(&format!(r#""group":[{groups}]"#)).json;
    assert_eq!(event.matches(r#"{"name":"a"}"#).count(), 100_000);

    let members = vec![r#""somethingNew":1"#; DEPTH].join(",");
    assert_eq!(mapped(&members), mapped(r#""os":null"#));
}

/// Quotes and backslashes take twice their room in `raw_data`, and the host has a limit for an event.
#[test]
fn raw_data_is_at_most_half_a_mebibyte() {
    let many = "1,".repeat(10_000);
    let unparsed = |length: usize| {
        let quotes = r#"\""#.repeat(length);
        endpoint(&format!(r#""tags":[{many}1],"text":"{quotes}""#))
    };
    let mapped = map_as("ocsf", &unparsed(100_000)).unwrap();
    assert!(mapped.json.len() > 400_000 && mapped.json.len() < MEGABYTE);
    let error = map_as("ocsf", &unparsed(130_000)).unwrap_err().to_string();
    assert!(error.contains("at most 512 KiB"), "{error}");
}

/// A tree of it would be scanned once for each level, and its event could outgrow a component's memory.
#[test]
fn an_endpoint_longer_than_a_mebibyte_is_rejected_in_ocsf_and_not_explained_in_sekoia() {
    let fits = endpoint(&format!(
        r#""somethingNew":"{}""#,
        "x".repeat(MEGABYTE - 128)
    ));
    assert!(map_as("ocsf", &fits).is_ok());
    assert_ne!(explain_as("sekoia", &fits).unwrap().values, []);
    let long = endpoint(&format!(r#""somethingNew":"{}""#, "x".repeat(MEGABYTE)));
    for error in [
        map_as("ocsf", &long).map(drop),
        explain_as("ocsf", &long).map(drop),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains("longer than 1 MiB"), "{error}");
    }
    let explanation = explain_as("sekoia", &long).unwrap();
    assert_eq!(explanation.event, mapped(r#""os":null"#).json);
    assert_eq!(explanation.values, []);
}

/// Repeated texts must be short, or the result outgrows a component's memory.
#[test]
fn no_long_text_is_multiplied() {
    let long = "x".repeat(MEGABYTE >> 2);
    let cores = vec![r#"{"code":"coreAgent","status":"installed"}"#; 2_000].join(",");
    // Each of the agents repeats the id, which has a bound of its own.
    let longest_id = "x".repeat(126);
    let one_core = format!(r#"{{"id":"{longest_id}","assignedProducts":[{cores}]}}"#);
    assert!(map_as("ocsf", &one_core).unwrap().json.len() < MEGABYTE);

    let ones = vec!["1"; 8_000].join(",");
    let one_name = endpoint(&format!(r#""{long}":[{ones}]"#));
    for dialect in ["sekoia", "ocsf"] {
        let explanation = explain_as(dialect, &one_name).unwrap();
        let reported: usize = explanation.unused.iter().map(String::len).sum();
        assert!(reported < 4 * MEGABYTE, "{dialect}");
        assert!(explanation.values.len() < 8_000, "{dialect}");
    }
}
