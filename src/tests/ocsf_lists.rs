//! The lists of the dialect `ocsf`: observables, interfaces, groups and agents.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests may stop at the first surprise.

mod common;

use std::collections::BTreeSet;

use common::{explain_as, golden, map_as, scalars, strict_violations};
use serde_json::{Value, json};

fn event(endpoint: &Value) -> Value {
    serde_json::from_str(&map_as("ocsf", &endpoint.to_string()).unwrap().json).unwrap()
}

/// An attribute and the `type_id` of its observable, for every attribute of an event that the schema of OCSF 1.6.0
/// marks as an observable, by itself or by its type.
const MARKED: [(&str, i64); 11] = [
    ("/device/uid", 47),
    ("/device/hostname", 1),
    ("/device/ip", 2),
    ("/device/mac", 3),
    ("/device/network_interfaces/*/ip", 2),
    ("/device/network_interfaces/*/mac", 3),
    ("/device/hw_info/serial_number", 37),
    ("/device/groups/*/uid", 33),
    ("/device/groups/*/name", 32),
    ("/device/owner/uid", 31),
    ("/device/owner/name", 4),
];

#[test]
fn every_value_that_the_schema_marks_is_an_observable_once() {
    let mut seen = BTreeSet::new();
    for case in golden("golden") {
        let Ok(mapped) = map_as("ocsf", &case.input) else {
            continue;
        };
        let event: Value = serde_json::from_str(&mapped.json).unwrap();
        if event.get("raw_data").is_some() {
            continue;
        }
        let mut expected = BTreeSet::new();
        for (pointer, value) in scalars(&event) {
            let steps = pointer.split('/').map(|step| {
                if step.parse::<usize>().is_ok() {
                    "*"
                } else {
                    step
                }
            });
            let path = steps.collect::<Vec<_>>().join("/");
            if let Some((path, type_id)) = MARKED.iter().find(|(marked, _)| *marked == path) {
                seen.insert(*path);
                expected.insert((*type_id, value.to_string()));
            }
        }
        let observables = event["observables"].as_array().unwrap();
        let found: Vec<_> = observables
            .iter()
            .map(|it| (it["type_id"].as_i64().unwrap(), it["value"].to_string()))
            .collect();
        assert_eq!(found.len(), expected.len(), "{}: {found:?}", case.name);
        assert_eq!(
            found.into_iter().collect::<BTreeSet<_>>(),
            expected,
            "{}",
            case.name
        );
    }
    assert_eq!(seen.len(), MARKED.len(), "{seen:?}");
}

#[test]
fn many_groups_and_addresses_give_at_most_a_hundred_observables_of_each() {
    let groups: Vec<_> = (0..500).map(|n| json!({ "id": format!("g{n}") })).collect();
    let addresses: Vec<_> = (0..2_000)
        .map(|n| format!("10.0.{}.{}", n / 250, n % 250))
        .collect();
    let event = event(&json!({ "id": "a", "group": groups, "ipv4Addresses": addresses }));
    assert_eq!(event["device"]["groups"].as_array().unwrap().len(), 500);
    assert_eq!(
        event["device"]["network_interfaces"]
            .as_array()
            .unwrap()
            .len(),
        2_000
    );
    let observables = event["observables"].as_array().unwrap();
    let of = |type_id: i64| {
        observables
            .iter()
            .filter(|it| it["type_id"] == type_id)
            .count()
    };
    assert_eq!((of(33), of(2)), (100, 100));
}

#[test]
fn a_duplicate_address_is_a_single_interface() {
    let endpoint = json!({
        "id": "a",
        "ipv4Addresses": ["192.0.2.1", "192.0.2.1", "192.0.2.2"],
        "ipv6Addresses": ["2001:db8::1", "2001:DB8:0::1", "192.0.2.2"],
        "macAddresses": ["00:00:5E:00:53:01", "00-00-5e-00-53-01"],
    });
    let text = endpoint.to_string();
    let interfaces = event(&endpoint)["device"]["network_interfaces"].clone();
    let interfaces: Vec<_> = interfaces
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            it.get("ip")
                .or(it.get("mac"))
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        interfaces,
        ["192.0.2.1", "192.0.2.2", "2001:db8::1", "00:00:5E:00:53:01"]
    );

    // The duplicate entry of an address belongs to the interface, and is not under `unmapped`.
    let explanation = explain_as("ocsf", &text).unwrap();
    let sources: Vec<_> = explanation
        .values
        .iter()
        .find(|value| value.path == "/device/network_interfaces/1/ip")
        .unwrap()
        .sources
        .iter()
        .map(|source| &*source.pointer)
        .collect();
    assert_eq!(sources, ["/ipv4Addresses/2", "/ipv6Addresses/2"]);
    assert!(
        !explanation.event.contains("unmapped"),
        "{}",
        explanation.event
    );
    let omit = r#"{"dialect":"ocsf","omit":["device.network_interfaces"]}"#;
    let event = map_as(omit, &text).unwrap().json;
    assert!(
        event.contains("192.0.2.1") && !event.contains("192.0.2.2"),
        "{event}"
    );

    // The specification's table has an interface for each.
    let named = r#"{"id":"a","hostname":"b","ipv4Addresses":["192.0.2.1","192.0.2.1"]}"#;
    assert_eq!(
        map_as("sekoia", named)
            .unwrap()
            .json
            .matches("\"eth")
            .count(),
        2
    );
}

#[test]
fn the_address_of_the_device_is_the_first_routable_one() {
    for (ipv4, ipv6, ip, in_sekoia) in [
        (
            &["169.254.1.2", "192.0.2.1"][..],
            &[][..],
            "192.0.2.1",
            "169.254.1.2",
        ),
        (
            &["192.0.2.1", "198.51.100.1"],
            &["2001:db8::1"],
            "192.0.2.1",
            "192.0.2.1",
        ),
        (
            &["169.254.1.2"],
            &["fe80::1", "2001:db8::1"],
            "2001:db8::1",
            "169.254.1.2",
        ),
        (
            &["127.0.0.1", "0.0.0.0", "10.0.0.1"],
            &[],
            "10.0.0.1",
            "127.0.0.1",
        ),
        (&[], &["::1", "fe80::1%eth0", "fd00::1"], "fd00::1", "::1"),
        (&["169.254.1.2"], &["fe80::1"], "169.254.1.2", "169.254.1.2"),
        (&["n/a"], &["fe80::1"], "fe80::1", "fe80::1"),
    ] {
        let endpoint =
            json!({ "id": "a", "hostname": "b", "ipv4Addresses": ipv4, "ipv6Addresses": ipv6 });
        let event = event(&endpoint);
        assert_eq!(event["device"]["ip"], ip, "{endpoint}");
        assert_eq!(strict_violations(&event), [""; 0], "{endpoint}");
        let sekoia = map_as("sekoia", &endpoint.to_string()).unwrap().json;
        let sekoia: Value = serde_json::from_str(&sekoia).unwrap();
        assert_eq!(sekoia["device"]["ip"], in_sekoia, "{endpoint}");
    }
}

/// The API never sends several core agents; the endpoint is still one agent.
#[test]
fn the_id_and_the_policy_belong_to_the_first_core_agent() {
    let core = json!({ "code": "coreAgent", "status": "installed" });
    let event = event(&json!({
        "id": "a",
        "tamperProtectionEnabled": true,
        "assignedProducts": [{ "code": "xdr", "status": "installed" }, core, core],
    }));
    let agents = event["device"]["agent_list"].as_array().unwrap();
    let has = |name: &str| {
        agents
            .iter()
            .map(|agent| agent.get(name).is_some())
            .collect::<Vec<_>>()
    };
    assert_eq!(has("uid"), [false, true, false]);
    assert_eq!(has("policies"), [false, true, false]);
}
