//! Every golden event passes the schema of OCSF 1.6.0, and the check would notice if one did not.

mod common;

use common::{NOW, golden, map, violations};
use serde_json::{Value, json};

#[test]
fn every_golden_event_is_valid() {
    for case in golden("golden") {
        let event: Value = serde_json::from_str(&map(&case.input, NOW).unwrap().json).unwrap();
        assert_eq!(violations(&event), [""; 0], "{}", case.name);
    }
}

/// A check that accepts everything proves nothing, so each kind of fault is tried on a good event.
#[test]
fn the_check_finds_faults() {
    let sample = golden("golden")
        .into_iter()
        .find(|case| case.name == "specification-sample");
    let event: Value =
        serde_json::from_str(&map(&sample.unwrap().input, NOW).unwrap().json).unwrap();
    for (pointer, value) in [
        ("/device/desc", Value::Null),
        ("/device/ip", json!("192.0.2.0/24")),
        ("/device/network_interfaces/0/mac", json!("0000.5e00.5301")),
        (
            "/device/network_interfaces/0/mac",
            json!("02:00:5E:FF:FE:00:53:01"),
        ),
        ("/device/type_id", json!(17)),
        ("/device/os", json!({ "name": "Windows 10 Pro" })),
        ("/device/groups/0", json!({})),
        ("/device/region", json!({ "name": "azure" })),
        ("/metadata", json!({ "version": "1.6.0" })),
        ("/severity_id", json!("1")),
        ("/type_uid", json!(500_101)),
        ("/time", json!(1_704_608_768_000_i64)),
        ("/time", json!(1_704_608_768.0)),
    ] {
        let mut faulty = event.clone();
        *faulty.pointer_mut(pointer).unwrap() = value.clone();
        assert_ne!(violations(&faulty), [""; 0], "{pointer}: {value}");
    }
}
