//! The dialect of an account and what it omits: every delivered event follows both, and a change
//! delivers every device again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use serde_json::{Value, json};
use sophos_central_simulator::{Fleet, Options};
use support::Workplace;

const ENDPOINTS: u64 = 300;

/// Returns an account with these lines in its config.
fn workplace(config: &str) -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
    work.configure(config, "");
    work
}

#[test]
fn events_have_the_dialect_of_their_account() {
    let work = workplace("dialect = \"ocsf\"");
    work.simulator.fleet(|fleet| {
        fleet.edit(3, |record| {
            record.as_object_mut().unwrap().remove("hostname");
        });
    });
    work.collect(0).says(&["events 300"]);
    let events = work.events();
    for event in &events {
        // Milliseconds, captions, and fields that the receiver does not need.
        assert!(
            event["time"].as_i64().unwrap() > 1_000_000_000_000,
            "{event}"
        );
        assert_eq!(event["metadata"]["product"]["vendor_name"], "Sophos");
        assert_eq!(event["observables"][0]["name"], "device.uid");
        assert_eq!(event["device"].get("desc"), None);
    }
    let named = |event: &&Value| event["device"].get("hostname").is_some();
    assert_eq!(events.iter().filter(named).count(), 299);
    work.forget_events();
    work.collect(0).says(&["events 0"]);
}

/// Values that the API may send and OCSF's validator does not check, through the component in the host.
#[test]
fn the_fields_of_a_device_reach_its_event_in_both_dialects() {
    for (dialect, second) in [("sekoia", 1), ("ocsf", 1_000)] {
        let work = workplace(&format!("dialect = \"{dialect}\""));
        work.simulator.fleet(|fleet| {
            fleet.edit(3, |record| {
                record["hostname"] = "edited".into();
                record["type"] = "mobile".into();
                record["os"] = json!({ "platform": "iOS", "name": "iOS 18.1" });
                record["registeredAt"] = "20250211T130255,004+0000".into();
                record["serialNumber"] = "SN-1".into();
                record["group"] = json!({ "id": "g-1", "name": "Phones" });
                record["associatedPerson"] = json!({ "id": "p-1", "viaLogin": r"CORP\\alice" });
                record["ipv4Addresses"] = json!(["169.254.1.2", "192.0.2.1", "192.0.2.1"]);
                record["ipv6Addresses"] = json!([]);
                record["macAddresses"] = json!([]);
            });
        });
        work.collect(0).says(&["events 300"]);
        let events = work.events();
        let event = events
            .iter()
            .find(|event| event["device"]["hostname"] == "edited")
            .unwrap();
        let device = &event["device"];
        assert_eq!(
            device["first_seen_time"].as_i64().unwrap() / second,
            1_739_278_975
        );
        let interfaces = device["network_interfaces"].as_array().unwrap().len();
        let found = (
            &device["ip"],
            interfaces,
            &device["os"]["type_id"],
            &device["type_id"],
        );
        if dialect == "sekoia" {
            assert_eq!(found, (&json!("169.254.1.2"), 3, &json!(0), &json!(0)));
            continue;
        }
        assert_eq!(found, (&json!("192.0.2.1"), 2, &json!(301), &json!(5)));
        assert_eq!(
            device["owner"],
            json!({ "uid": "p-1", "name": "alice", "domain": "CORP" })
        );
        for (type_id, value) in [
            (31, "p-1"),
            (4, "alice"),
            (33, "g-1"),
            (32, "Phones"),
            (37, "SN-1"),
        ] {
            let observables = event["observables"].as_array().unwrap().iter();
            let found: Vec<_> = observables.filter(|it| it["type_id"] == type_id).collect();
            assert_eq!(found.len(), 1, "{type_id}");
            assert_eq!(found[0]["value"], value);
        }
    }
}

#[test]
fn an_omitted_attribute_is_in_no_event_and_no_device_is_missing() {
    let work = workplace("omit = [\"device.desc\", \"device.network_interfaces\"]");
    work.collect(0).says(&["events 300"]);
    for event in work.events() {
        assert_eq!(event["device"].get("desc"), None);
        assert_eq!(event["device"].get("network_interfaces"), None);
        assert!(event["device"]["hostname"].is_string());
    }
}

#[test]
fn a_changed_dialect_or_omit_delivers_every_device_again() {
    let work = workplace("");
    work.collect(0).says(&["events 300"]);
    for config in [
        "dialect = \"ocsf\"",
        "dialect = \"ocsf\"\nomit = [\"device.owner\"]",
        "",
    ] {
        work.forget_events();
        work.configure(config, "");
        work.collect(0).says(&["events 300"]);
        work.forget_events();
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn an_omit_that_is_impossible_is_reported_with_the_remedy_before_any_request() {
    for (omit, says) in [
        ("device.uid", "no event is complete without it"),
        ("device.groups[].name", "Leave out `device.groups`"),
        ("device.owner", "not an attribute of the dialect `sekoia`"),
    ] {
        let work = workplace(&format!("omit = [\"{omit}\"]"));
        work.collect(2)
            .says(&["asset-host.toml: account.acme.config: `omit`", says]);
        assert_eq!(work.events(), [Value::Null; 0]);
        assert!(work.simulator.requests().is_empty());
    }
}
