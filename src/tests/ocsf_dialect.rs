//! The dialect `ocsf`: every event passes the strict schemas of OCSF 1.6.0, and the rules that those cannot express.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests may stop at the first surprise.

mod common;
mod generate;

use common::{explain_as, golden, map_as, scalars, strict_violations};
use generate::endpoint;
use proptest::prelude::*;
use serde_json::{Value, json};

fn event(endpoint: &Value) -> Value {
    serde_json::from_str(&map_as("ocsf", &endpoint.to_string()).unwrap().json).unwrap()
}

/// The fullest of the golden inputs.
fn laptop() -> Value {
    let mut cases = golden("golden").into_iter();
    let case = cases.find(|case| case.name == "record-of-a-laptop-in-full-view");
    serde_json::from_str(&case.unwrap().input).unwrap()
}

#[test]
fn every_golden_event_is_strictly_valid() {
    let mut clouds = 0;
    for case in golden("golden").into_iter().chain(golden("golden/refused")) {
        if let Ok(mapped) = map_as("ocsf", &case.input) {
            let event: Value = serde_json::from_str(&mapped.json).unwrap();
            assert_eq!(strict_violations(&event), [""; 0], "{}", case.name);
            clouds += usize::from(event.get("cloud").is_some());
        }
    }
    assert!(clouds > 2, "the cloud variant was tried on {clouds} events");
}

/// A check that accepts everything proves nothing, so faults are tried on a good event.
#[test]
fn the_check_finds_faults() {
    let event = event(&laptop());
    assert_eq!(strict_violations(&event), [""; 0]);
    for (pointer, value) in [
        ("/time", json!(1_795_164_067)),
        ("/time", json!(1_795_164_067_318.0)),
        ("/device/os/type", json!("windows")),
        ("/device/risk_level", json!("High")),
        ("/device/hostname", Value::Null),
        ("/device/network_interfaces/0/ip", json!("192.0.2.0/24")),
        ("/metadata/profiles", json!(["cloud"])),
        ("/observables/0/value", json!("another")),
        ("/observables/0/name", json!("device.uid_alt")),
    ] {
        let mut faulty = event.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match faulty.pointer_mut(parent).unwrap() {
            Value::Array(entries) => entries[name.parse::<usize>().unwrap()] = value.clone(),
            parent => parent[name] = value.clone(),
        }
        assert_ne!(strict_violations(&faulty), [""; 0], "{pointer}: {value}");
    }
}

/// Rules about values that a schema cannot express, one per line.
#[test]
fn the_values_mean_what_the_endpoint_says() {
    let event = event(&laptop());
    for (pointer, value) in [
        ("/time", json!(1_795_164_067_318_i64)),
        ("/timezone_offset", json!(0)),
        ("/metadata/original_time", json!("2026-11-20T08:41:07.318Z")),
        (
            "/metadata/tenant_uid",
            json!("11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01"),
        ),
        ("/metadata/product/vendor_name", json!("Sophos")),
        ("/device/os/version", json!("10.0.22631")),
        ("/device/os/build", json!("22631")),
        ("/device/os/type", json!("Windows")),
        ("/device/hw_info/serial_number", json!("SN-EXAMPLE-1")),
        ("/device/first_seen_time", json!(1_739_278_975_004_i64)),
        ("/device/owner/name", json!("ida")),
        ("/device/owner/domain", json!("EXAMPLE")),
        ("/device/owner/full_name", json!("Ida Lund")),
        ("/device/agent_list/0/name", json!("coreAgent")),
        (
            "/device/agent_list/0/policies/0/name",
            json!("Tamper Protection"),
        ),
        ("/device/agent_list/0/policies/0/is_applied", json!(true)),
        ("/device/risk_level_id", json!(1)),
        ("/enrichments/0/name", json!("device.is_compliant")),
        ("/enrichments/0/value", json!("true")),
        ("/enrichments/0/data/health/overall", json!("good")),
        ("/enrichments/0/data/isolation/status", json!("notIsolated")),
        ("/unmapped/assignedProducts/0/code", json!("ztna")),
        ("/unmapped/online", json!(true)),
    ] {
        assert_eq!(event.pointer(pointer), Some(&value), "{pointer}");
    }
    for absent in [
        "/device/desc",
        "/device/region",
        "/device/org/name",
        "/metadata/product/version",
        "/device/network_interfaces/0/name",
        "/device/network_interfaces/0/mac",
        "/device/owner/type_id",
        "/raw_data",
    ] {
        assert_eq!(event.pointer(absent), None, "{absent}");
    }
}

#[test]
fn a_cloud_is_the_profile_and_the_instance() {
    let mut endpoint = laptop();
    endpoint["cloud"] = json!({ "provider": "aws", "instanceId": "i-0abc" });
    let with_cloud = event(&endpoint);
    assert_eq!(with_cloud["metadata"]["profiles"], json!(["cloud"]));
    assert_eq!(with_cloud["cloud"], json!({ "provider": "aws" }));
    assert_eq!(with_cloud["device"]["instance_uid"], "i-0abc");
    endpoint["cloud"] = json!({ "instanceId": "i-0abc" });
    let without = event(&endpoint);
    assert_eq!(without["metadata"].get("profiles"), None);
    assert_eq!(without.get("cloud"), None);
    assert_eq!(without["device"]["instance_uid"], "i-0abc");
}

#[test]
fn the_same_event_has_the_same_uid_and_another_one_another() {
    let uid = |endpoint: &Value| {
        event(endpoint)["metadata"]["uid"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let laptop = laptop();
    assert_eq!(uid(&laptop), uid(&laptop));
    let parts: Vec<_> = uid(&laptop).split('-').map(str::to_owned).collect();
    assert!(parts[2].starts_with('8') && parts[3].starts_with(['8', '9', 'a', 'b']));
    for (name, value) in [
        ("lastSeenAt", json!("2026-11-20T08:41:07.319Z")),
        ("group", json!({ "name": "Another" })),
        ("somethingNew", json!(1)),
    ] {
        let mut other = laptop.clone();
        other[name] = value;
        assert_ne!(uid(&other), uid(&laptop), "{name}");
    }
}

/// An endpoint with more than a receiver can read is kept in one text, or rejected if it is too large for that.
#[test]
fn an_endpoint_that_cannot_be_parsed_is_kept_as_raw_data() {
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let text = format!(r#"{{"id":"a","odd":"\ud800","huge":1e999,"deep":{deep}}}"#);
    let mapped = map_as("ocsf", &text).unwrap();
    let event: Value = serde_json::from_str(&mapped.json).unwrap();
    assert_eq!(strict_violations(&event), [""; 0]);
    assert_eq!(event["unmapped"]["odd"], r"\ud800");
    assert_eq!(event["unmapped"]["huge"], "1e999");
    assert!(
        mapped.json.contains(r#""[[[[[[[[1]]]]]]]]""#),
        "{}",
        mapped.json
    );

    let many = format!(r#"{{"id":"a","tags":[{}1]}}"#, "1,\n".repeat(10_000));
    let mapped = map_as("ocsf", &many).unwrap();
    let event: Value = serde_json::from_str(&mapped.json).unwrap();
    assert_eq!(strict_violations(&event), [""; 0]);
    assert_eq!(event["raw_data"], many.as_str());
    assert!(!mapped.json.contains('\n'));
    assert_eq!(explain_as("ocsf", &many).unwrap().event, mapped.json);
}

/// A name of which half a surrogate pair, or a quote, is left stands as it is written, and one that is empty or
/// looks like a path is no other.
#[test]
fn an_odd_name_does_not_hide_other_fields() {
    let text = r#"{
        "id": "a", "": { "id": "b", "hostname": "c" }, "os.name": "d", "ipv4Addresses[]": "192.0.2.1",
        "os": { "name": "e", "": { "name": "f" } }, "a/b~c": { "\u0000": "g" }, "\ud800\"": "h\ud800\""
    }"#;
    let event: Value = serde_json::from_str(&map_as("ocsf", text).unwrap().json).unwrap();
    assert_eq!(
        event["unmapped"],
        json!({
            "": { "id": "b", "hostname": "c" },
            "os.name": "d",
            "ipv4Addresses[]": "192.0.2.1",
            "os": { "": { "name": "f" } },
            "a/b~c": { "\u{0}": "g" },
            "\\ud800\\\"": "h\\ud800\\\"",
        })
    );
}

/// Which of two values under one name is meant, readers do not agree on: both are kept.
#[test]
fn a_duplicate_name_loses_no_value() {
    for text in [
        r#"{"id":"a","id":"b"}"#,
        r#"{"id":"a","serialNumber":"b","serialNumber":null}"#,
        r#"{"id":"a","hostname":"b","hostname":{"c":"d"}}"#,
        r#"{"id":"a","os":{"name":"b","na\u006de":"c"}}"#,
    ] {
        let event: Value = serde_json::from_str(&map_as("ocsf", text).unwrap().json).unwrap();
        assert_eq!(strict_violations(&event), [""; 0], "{text}");
        assert_eq!(event["raw_data"], text);
    }
}

/// A login is not a full name, and appears once.
#[test]
fn a_name_equal_to_the_login_is_not_a_full_name() {
    for (person, owner) in [
        (
            json!({ "viaLogin": r"EXAMPLE\ida", "name": r"EXAMPLE\\ida" }),
            json!({ "name": "ida", "domain": "EXAMPLE" }),
        ),
        (
            json!({ "viaLogin": r"EXAMPLE\\ida", "name": "ida" }),
            json!({ "name": "ida", "domain": "EXAMPLE" }),
        ),
        (
            json!({ "viaLogin": "ida", "name": "ida" }),
            json!({ "name": "ida" }),
        ),
        (
            json!({ "viaLogin": "ida", "name": "Ida Lund" }),
            json!({ "name": "ida", "full_name": "Ida Lund" }),
        ),
        (
            json!({ "id": "b", "name": r"EXAMPLE\ida" }),
            json!({ "uid": "b", "name": "ida", "domain": "EXAMPLE" }),
        ),
    ] {
        let event = event(&json!({ "id": "a", "associatedPerson": person }));
        assert_eq!(event["device"]["owner"], owner);
        assert_eq!(event.get("unmapped"), None, "{event}");
    }
}

#[test]
fn the_owner_is_named_without_the_domain_and_the_observable_follows() {
    for (login, name, domain) in [
        (r"CORP\alice", "alice", Some("CORP")),
        (r"HOST\\alice", "alice", Some("HOST")),
        (r"corp.example\alice", "alice", Some("corp.example")),
        // A user principal name is one name, and what follows the `@` need not be the domain.
        ("alice@corp.example", "alice@corp.example", None),
        (
            r"CORP\alice@corp.example",
            "alice@corp.example",
            Some("CORP"),
        ),
        ("alice", "alice", None),
        // Not of the form `DOMAIN\user`: the login stays as it is.
        (r"CORP\", r"CORP\", None),
        (r"\alice", r"\alice", None),
        (r"\\server\alice", r"\\server\alice", None),
        (r"CORP\\\alice", r"CORP\\\alice", None),
        (r"CORP\unit\alice", r"CORP\unit\alice", None),
    ] {
        let event = event(&json!({ "id": "a", "associatedPerson": { "viaLogin": login } }));
        let owner = &event["device"]["owner"];
        assert_eq!(owner["name"], name, "{login}");
        assert_eq!(
            owner.get("domain").and_then(Value::as_str),
            domain,
            "{login}"
        );
        let observables = event["observables"].as_array().unwrap();
        let user = observables.iter().find(|it| it["type_id"] == 4).unwrap();
        assert_eq!(user["value"], name, "{login}");
    }
}

#[test]
fn a_word_that_ocsf_has_a_value_for_is_never_other() {
    for (platform, caption, number) in [
        ("windows", "Windows", 100),
        ("macOS", "macOS", 300),
        ("iOS", "iOS", 301),
        ("ios", "iOS", 301),
        ("iPadOS", "iPadOS", 302),
        ("Solaris", "Solaris", 400),
        ("windowsMobile", "Windows Mobile", 101),
        ("aix", "AIX", 401),
        ("hpux", "HP-UX", 402),
        ("unknown", "Unknown", 0),
        ("templeOS", "templeOS", 99),
    ] {
        let event = event(&json!({ "id": "a", "os": { "platform": platform } }));
        let os = &event["device"]["os"];
        assert_eq!(
            (&os["type"], &os["type_id"]),
            (&json!(caption), &json!(number))
        );
    }
    for (kind, caption, number) in [
        ("computer", "Desktop", 2),
        ("securityVm", "Virtual", 6),
        ("mobile", "Mobile", 5),
        ("Tablet", "Tablet", 4),
        ("loadBalancer", "Load Balancer", 15),
        ("unknown", "Unknown", 0),
        ("toaster", "toaster", 99),
    ] {
        let event = event(&json!({ "id": "a", "type": kind }));
        let device = &event["device"];
        assert_eq!(
            (&device["type"], &device["type_id"]),
            (&json!(caption), &json!(number))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_endpoint_with_an_id_has_a_strictly_valid_event(endpoint in endpoint()) {
        let outcome = map_as("ocsf", &endpoint.to_string());
        let has_id = endpoint["id"].as_str().is_some_and(|id| !id.is_empty());
        prop_assert_eq!(outcome.is_ok(), has_id, "{:?}", outcome);
        if let Ok(mapped) = outcome {
            prop_assert!(!mapped.json.contains(['\n', '\r']));
            let event: Value = serde_json::from_str(&mapped.json).unwrap();
            prop_assert_eq!(strict_violations(&event), [""; 0], "{}", event);
            for (pointer, scalar) in scalars(&event) {
                prop_assert!(!scalar.is_null() && scalar != "", "{} is empty", pointer);
            }
        }
    }

    #[test]
    fn a_heartbeat_does_not_change_the_fingerprint(
        endpoint in endpoint(),
        times in any::<(u32, u32)>(),
    ) {
        let at = |seconds: u32| {
            let mut endpoint = endpoint.clone();
            let year = 2000 + seconds % 50;
            endpoint["lastSeenAt"] = format!("{year}-01-07T06:26:08.{}Z", seconds % 1000).into();
            map_as("ocsf", &endpoint.to_string())
        };
        if let (Ok(one), Ok(other)) = (at(times.0), at(times.1)) {
            prop_assert_eq!(one.fingerprint, other.fingerprint);
        }
    }
}
