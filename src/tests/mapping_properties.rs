//! What holds for the mapping of any endpoint, however odd: an event or an error, a valid event, nothing
//! invented, and a fingerprint that distinguishes a change from a heartbeat.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests may stop at the first surprise.

mod common;
mod generate;

use std::collections::HashSet;

use common::{NOW, golden, map, violations};
use generate::endpoint;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use sophos_assets::mapping::read;
use time::Duration;
use time::format_description::well_known::Rfc3339;

/// Every text that an event may hold without having it from its record.
const CONSTANTS: [&str; 20] = [
    "Collect",
    "Discovery",
    "Device Inventory Info",
    "Device Inventory Info: Collect",
    "Informational",
    "Sophos EDR",
    "N/A",
    "1.6.0",
    "compliance",
    "hygiene",
    "Enabled",
    "Disabled",
    "Desktop",
    "Server",
    "Unknown",
    "windows",
    "linux",
    "macos",
    "android",
    "unknown",
];

/// Texts to insert into a broken text.
const FAULTS: [&str; 14] = [
    "", "\"", "\\", "{", "}", "[", "]", ",", ":", "1e", "nul", "\n", "\u{0}", "é",
];

fn is_text(value: Option<&Value>) -> bool {
    value
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty())
}

/// Calls `each` with every scalar in a value.
fn scalars<'v>(value: &'v Value, each: &mut impl FnMut(&'v Value)) {
    match value {
        Value::Object(members) => members.values().for_each(|value| scalars(value, each)),
        Value::Array(entries) => entries.iter().for_each(|value| scalars(value, each)),
        scalar => each(scalar),
    }
}

/// The text as an event may write it: as it is, or as the rules for addresses and logins translate it.
fn translations(text: &str) -> [String; 4] {
    let mac: Vec<_> = text
        .to_uppercase()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    let mac: Vec<String> = mac.chunks(2).map(|octet| octet.iter().collect()).collect();
    [
        text.to_owned(),
        text.trim_ascii().to_owned(),
        text.replacen(r"\\", r"\", 1),
        mac.join(":"),
    ]
}

/// A value with every character of its texts and names as an escape.
fn escaped(value: &Value) -> String {
    let text = |text: &str| {
        let units: String = text
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect();
        format!("\"{units}\"")
    };
    match value {
        Value::String(value) => text(value),
        Value::Array(entries) => {
            format!(
                "[{}]",
                entries.iter().map(escaped).collect::<Vec<_>>().join(" ,\n")
            )
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{} :\t{}", text(name), escaped(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join("\r\n, "))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_endpoint_with_id_and_hostname_has_a_valid_event(endpoint in endpoint()) {
        let outcome = map(&endpoint.to_string(), NOW);
        let complete = is_text(endpoint.get("id")) && is_text(endpoint.get("hostname"));
        prop_assert_eq!(outcome.is_ok(), complete, "{:?}", outcome);

        if let Ok(mapped) = outcome {
            prop_assert!(!mapped.json.contains(['\n', '\r']), "{} has a line break", mapped.json);
            let event: Value = serde_json::from_str(&mapped.json).unwrap();
            prop_assert_eq!(violations(&event), [""; 0]);
            prop_assert_eq!(&event["device"]["uid"], &endpoint["id"]);

            let mut known: HashSet<String> = CONSTANTS.map(str::to_owned).into();
            scalars(&endpoint, &mut |scalar| {
                known.extend(scalar.as_str().into_iter().flat_map(translations));
            });
            let mut invented = Vec::new();
            scalars(&event, &mut |scalar| {
                assert!(!scalar.is_null(), "{event} has a null");
                if let Some(text) = scalar.as_str() {
                    assert_ne!(text, "", "{event} has an empty text");
                    let position = text.strip_prefix("eth").and_then(|rest| rest.parse::<u8>().ok());
                    if position.is_none() && !known.contains(text) {
                        invented.push(text);
                    }
                }
            });
            prop_assert_eq!(invented, [""; 0]);
        }
    }

    #[test]
    fn neither_escapes_nor_white_space_change_the_event(endpoint in endpoint()) {
        prop_assert_eq!(map(&escaped(&endpoint), NOW).ok(), map(&endpoint.to_string(), NOW).ok());
    }

    #[test]
    fn the_order_of_the_fields_does_not_change_the_event(endpoint in endpoint()) {
        let members = endpoint.as_object().unwrap().iter().rev();
        let members: Vec<_> = members.map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        let reversed = format!("{{{}}}", members.join(","));
        prop_assert_eq!(map(&reversed, NOW).ok(), map(&endpoint.to_string(), NOW).ok());
    }

    #[test]
    fn a_heartbeat_does_not_change_the_fingerprint(
        endpoint in endpoint(),
        first in 0..4_000_000_000_i64,
        later in 0..4_000_000_000_i64,
    ) {
        let at = |seconds| {
            let mut endpoint = endpoint.clone();
            let moment = NOW + Duration::seconds(seconds);
            endpoint["lastSeenAt"] = moment.format(&Rfc3339).unwrap().into();
            map(&endpoint.to_string(), NOW)
        };
        if let (Ok(first_event), Ok(later_event)) = (at(first), at(later)) {
            prop_assert_eq!(first_event.fingerprint, later_event.fingerprint);
            prop_assert_eq!(first == later, first_event.json == later_event.json);
        }
    }

    #[test]
    fn two_events_share_a_fingerprint_only_if_they_differ_by_the_heartbeat(
        one in endpoint(),
        other in endpoint(),
    ) {
        if let (Ok(one), Ok(other)) = (map(&one.to_string(), NOW), map(&other.to_string(), NOW)) {
            let same = without_heartbeat(&one.json) == without_heartbeat(&other.json);
            prop_assert_eq!(same, one.fingerprint == other.fingerprint);
        }
    }

    #[test]
    fn any_text_is_an_endpoint_or_has_an_error_inside_the_text(text in any::<String>()) {
        check_error(&text);
    }

    #[test]
    fn a_broken_endpoint_is_read_or_has_an_error_inside_the_text(
        endpoint in endpoint(),
        place in any::<Index>(),
        fault in select(FAULTS.to_vec()),
        cut in any::<bool>(),
    ) {
        let text = endpoint.to_string();
        let place = text.floor_char_boundary(place.index(text.len() + 1));
        let (before, after) = text.split_at(place);
        check_error(&format!("{before}{fault}{}", if cut { "" } else { after }));
    }
}

fn without_heartbeat(event: &str) -> Value {
    let mut event: Value = serde_json::from_str(event).unwrap();
    for (parent, name) in [("", "time"), ("/device", "last_seen_time")] {
        let parent = event.pointer_mut(parent).unwrap().as_object_mut();
        parent.unwrap().remove(name);
    }
    event
}

/// Whatever the text, it is read or refused with a place in it.
fn check_error(text: &str) {
    let Err(error) = read(text) else { return };
    let lines: Vec<_> = text.split('\n').collect();
    let line = lines.get(error.line as usize - 1);
    let line = line.unwrap_or_else(|| panic!("{error}: no such line"));
    assert!(
        error.column as usize <= line.len() + 1,
        "{error}: no such column"
    );
    assert_ne!(error.message, "");
}

#[test]
fn the_fingerprint_changes_with_each_mapped_field_only() {
    let sample = golden("golden")
        .into_iter()
        .find(|case| case.name == "specification-sample");
    let sample: Value = serde_json::from_str(&sample.unwrap().input).unwrap();
    let fingerprint = |endpoint: &Value| map(&endpoint.to_string(), NOW).unwrap().fingerprint;

    for (pointer, value) in [
        ("/id", json!("00000000-0000-0000-0000-000000000002")),
        ("/type", json!("server")),
        ("/tenant/id", json!("00000000-0000-0000-0000-000000000011")),
        ("/hostname", json!("example-server")),
        ("/health/overall", json!("unknown")),
        ("/os/platform", json!("linux")),
        ("/os/name", json!("Windows 11 Pro")),
        ("/ipv4Addresses", json!(["192.0.2.11"])),
        ("/ipv6Addresses", json!(["2001:db8::10"])),
        ("/macAddresses", json!([])),
        ("/tamperProtectionEnabled", json!(false)),
        (
            "/associatedPerson/name",
            json!("example-workstation\\other"),
        ),
        ("/group/id", Value::Null),
        ("/group/name", json!("Laptops")),
        ("/registeredAt", json!("2023-06-26T10:28:09.836Z")),
        ("/cloud/provider", json!("aws")),
    ] {
        let mut changed = sample.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert_ne!(fingerprint(&changed), fingerprint(&sample), "{pointer}");
    }

    let mut healthy = sample.clone();
    healthy["health"]["overall"] = json!("good");
    let mut isolated = healthy.clone();
    isolated["isolation"]["status"] = json!("isolated");
    assert_ne!(
        fingerprint(&isolated),
        fingerprint(&healthy),
        "/isolation/status"
    );

    for (pointer, value) in [
        ("/lastSeenAt", json!("2026-01-07T06:26:08.668Z")),
        ("/lastSeenAt", Value::Null),
        ("/os/build", json!(19045)),
        ("/health/threats/status", json!("bad")),
        ("/online", json!(true)),
        ("/mdrManaged", json!(true)),
        (
            "/associatedPerson/id",
            json!("00000000-0000-0000-0000-000000000021"),
        ),
        (
            "/cloud/instanceId",
            json!("00000000-0000-0000-0000-000000000041"),
        ),
    ] {
        let mut changed = sample.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert_eq!(fingerprint(&changed), fingerprint(&sample), "{pointer}");
    }
}

/// Properties of events prove nothing where most of what is generated is refused.
#[test]
fn most_generated_endpoints_can_be_mapped() {
    let mut runner = TestRunner::deterministic();
    let mapped = (0..500)
        .map(|_| endpoint().new_tree(&mut runner).unwrap().current())
        .filter(|endpoint| map(&endpoint.to_string(), NOW).is_ok())
        .count();
    assert!(mapped > 250, "only {mapped} of 500");
}
