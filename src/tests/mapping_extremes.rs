//! Input of a size or depth that no API sends: an event or an error, never a crash.
#![allow(clippy::unwrap_used)] // Helpers of tests may stop at the first surprise.

mod common;

use common::{NOW, map};
use sophos_assets::mapping::{Mapped, identify};

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
            identify(&text);
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
fn any_number_of_entries_is_mapped() {
    let addresses = vec![r#""192.0.2.10""#; DEPTH].join(",");
    let event = mapped(&format!(r#""ipv4Addresses":[{addresses}]"#)).json;
    assert!(event.contains(r#"{"ip":"192.0.2.10","name":"eth999999"}]"#));

    let members = vec![r#""somethingNew":1"#; DEPTH].join(",");
    assert_eq!(mapped(&members), mapped(r#""os":null"#));
}
