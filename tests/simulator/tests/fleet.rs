//! Fleets: generated, changed, added to, removed from.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use sophos_central_simulator::{DEFAULT_TENANT, Fleet, Options, RecordSize, Simulator, instant};

use crate::client::Session;

fn text_length(record: &Value) -> usize {
    record.to_string().len()
}

#[test]
fn equal_seeds_give_equal_fleets_and_other_seeds_others() {
    let records = |seed| {
        let fleet = Fleet::new(seed, 50);
        (0..50).map(|index| fleet.record(index)).collect::<Vec<_>>()
    };
    assert_eq!(records(1), records(1));
    let ids = |seed| {
        Fleet::new(seed, 50)
            .ids()
            .into_iter()
            .collect::<BTreeSet<_>>()
    };
    assert!(ids(1).is_disjoint(&ids(2)));
}

#[test]
fn ids_are_uuids_that_ascend_with_the_index_however_large_the_fleet() {
    for size in [1, 2, 1000, 5_000_000] {
        let fleet = Fleet::new(3, size);
        let places = [0, 1, 2, size / 2, size - 2, size - 1]
            .into_iter()
            .filter(|place| *place < size);
        let ids: Vec<String> = places
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|place| fleet.id(place))
            .collect();
        assert!(ids.is_sorted_by(|left, right| left < right), "{ids:?}");
        for id in ids {
            let groups: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert!(id.chars().all(|character| character == '-' || matches!(character, '0'..='9' | 'a'..='f')));
        }
    }
}

#[test]
fn records_are_as_large_and_as_varied_as_real_ones() {
    let fleet = Fleet::new(1, 2000);
    let records: Vec<Value> = (0..2000).map(|index| fleet.record(index)).collect();
    let mean = records.iter().map(text_length).sum::<usize>() / records.len();
    assert!((1200..=1400).contains(&mean), "{mean} bytes");
    let large = Fleet::new(1, 200).with_record_size(RecordSize::Large);
    let mean = (0..200)
        .map(|index| text_length(&large.record(index)))
        .sum::<usize>()
        / 200;
    assert!((4500..=5500).contains(&mean), "{mean} bytes");

    let seen = |what: &dyn Fn(&Value) -> bool| records.iter().any(what);
    for pointer in [
        "/health",
        "/os",
        "/os/name",
        "/os/build",
        "/group",
        "/lastSeenAt",
        "/ipv6Addresses",
        "/cloud",
        "/associatedPerson",
    ] {
        assert!(
            seen(&|record| record.pointer(pointer).is_some()),
            "{pointer} is never there"
        );
        assert!(
            seen(&|record| record.pointer(pointer).is_none()),
            "{pointer} is always there"
        );
    }
    for platform in ["windows", "linux", "macOS"] {
        assert!(
            seen(&|record| record["os"]["platform"] == platform),
            "{platform}"
        );
    }
    for health in ["good", "suspicious", "bad", "unknown"] {
        assert!(
            seen(&|record| record["health"]["overall"] == health),
            "{health}"
        );
    }
    assert!(
        seen(&|record| record["type"] == "server") && seen(&|record| record["type"] == "computer")
    );
    assert!(seen(&|record| record["associatedPerson"] == json!({})));
    assert!(seen(&|record| record["isolation"]["status"] == "isolated"));
    assert!(seen(&|record| record["ipv4Addresses"]
        .as_array()
        .is_some_and(|list| list.len() > 1)));
    let fraction = |record: &Value| record["lastSeenAt"].as_str().map(|text| text.contains('.'));
    assert!(
        seen(&|record| fraction(record) == Some(true))
            && seen(&|record| fraction(record) == Some(false))
    );
    for record in &records {
        assert!(record["hostname"].is_string());
        assert_eq!(record["tenant"]["id"], DEFAULT_TENANT);
        assert!(!record.to_string().contains("null"), "{record}");
    }
}

#[test]
fn generated_times_lie_in_the_thirty_days_before_the_newest() {
    let newest = instant("2026-06-01T00:00:00Z");
    for (fleet, end) in [
        (Fleet::new(1, 500), instant("2026-11-20T00:00:00Z")),
        (Fleet::new(1, 500).seen_until(newest), newest),
    ] {
        let times: Vec<_> = (0..500)
            .filter_map(|index| fleet.last_seen(index))
            .collect();
        assert!(
            times
                .iter()
                .all(|time| *time < end && *time >= end - time::Duration::days(30))
        );
        assert!(times.len() < 500 && times.len() > 480);
    }
}

#[test]
fn the_served_endpoints_are_those_of_the_fleet_that_pass_the_filter() {
    let simulator = Simulator::start(Options::new(Fleet::new(5, 20)));
    let page = Session::of(&simulator)
        .endpoints(&[("view", "full")])
        .unwrap()
        .json();
    for index in 0..20u64 {
        let served = &page["items"][usize::try_from(index).unwrap()];
        assert_eq!(*served, simulator.fleet(|fleet| fleet.record(index)));
        let shown = served["lastSeenAt"].as_str().map(instant);
        assert_eq!(shown, simulator.fleet(|fleet| fleet.last_seen(index)));
    }
}

#[test]
fn endpoints_can_check_in_and_be_edited_removed_and_added() {
    let mut fleet = Fleet::new(1, 4);
    let before = fleet.record(2);
    fleet.check_in(2, instant("2026-11-20T06:00:00.1239Z"));
    let mut expected = before.clone();
    expected["lastSeenAt"] = json!("2026-11-20T06:00:00.123Z");
    assert_eq!(fleet.record(2), expected);
    assert_eq!(
        fleet.last_seen(2),
        Some(instant("2026-11-20T06:00:00.123Z"))
    );

    fleet.edit(2, |record| record["hostname"] = json!(17));
    fleet.check_in(2, instant("2026-11-20T07:00:00Z"));
    expected["hostname"] = json!(17);
    expected["lastSeenAt"] = json!("2026-11-20T07:00:00.000Z");
    assert_eq!(fleet.record(2), expected);

    fleet.remove(2);
    fleet.check_in(2, instant("2026-11-20T08:00:00Z"));
    fleet.edit(2, |record| record["hostname"] = json!("back"));
    assert_eq!(
        (fleet.len(), fleet.record(2), fleet.last_seen(2)),
        (3, Value::Null, None)
    );

    let ids = fleet.ids();
    // One id before all others, one behind.
    let first =
        fleet.add(json!({"id": "00000000-0000-4000-8000-000000000000", "hostname": "first"}));
    let last = fleet.add(json!({"hostname": "no id"}));
    assert_eq!((first, last), (4, 5));
    let listed = fleet.ids();
    assert_eq!(
        (listed.first(), listed.last()),
        (Some(&fleet.id(4)), Some(&fleet.id(5)))
    );
    assert_eq!(listed[1..4], ids);
}

#[test]
fn a_record_can_consist_of_any_bytes() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    simulator.fleet(|fleet| fleet.replace_bytes(1, *b"{\"id\":\"\xff\"}"));
    let page = Session::of(&simulator).endpoints(&[]).unwrap();
    assert!(
        page.body
            .windows(10)
            .any(|bytes| bytes == b"{\"id\":\"\xff\"}")
    );
    assert_eq!(simulator.fleet(|fleet| fleet.len()), 3);
}

#[test]
fn a_late_check_in_appears_after_the_given_number_of_requests() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    let moment = instant("2026-11-20T06:00:00Z");
    simulator.fleet(|fleet| fleet.check_in_later(1, moment, 2));
    simulator.before(2, move |fleet| fleet.check_in_later(2, moment, 1));
    let mut session = Session::of(&simulator);
    let mut seen = || {
        let after = [("lastSeenAfter", "2026-11-20T00:00:00Z")];
        session.endpoints(&after).unwrap().ids().len()
    };
    assert_eq!([seen(), seen(), seen(), seen()], [0, 0, 1, 2]);
}

#[test]
fn the_fleet_can_change_before_a_request_and_before_each() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 9)));
    let mut next = 0;
    simulator.before_each(move |fleet| {
        fleet.check_in(next, instant("2026-11-20T06:00:00Z"));
        next += 1;
    });
    simulator.before(3, |fleet| {
        fleet.check_in(8, instant("2026-11-20T06:00:00Z"))
    });
    let mut session = Session::of(&simulator);
    // Other routes do not count.
    session.get("/whoami/v1", &[]).unwrap();
    let mut seen = || {
        session
            .endpoints(&[("lastSeenAfter", "2026-11-20T00:00:00Z")])
            .unwrap()
            .ids()
            .len()
    };
    assert_eq!([seen(), seen(), seen(), seen()], [1, 2, 4, 5]);
}

#[test]
fn a_fleet_of_millions_is_served_from_any_page() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3_000_000)));
    let id = simulator.fleet(|fleet| fleet.id(2_999_998));
    let key = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        json!([id]).to_string(),
    );
    let page = Session::of(&simulator)
        .endpoints(&[("pageFromKey", &key)])
        .unwrap();
    assert_eq!(page.ids().len(), 2);
    assert_eq!(page.next_key(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is removed, added and checked in, a walk shows what fits, once, in the order of ids.
    #[test]
    fn a_walk_is_the_sorted_and_filtered_fleet(
        size in 0u64..40,
        removed in proptest::collection::btree_set(0u64..60, 0..10),
        added in proptest::collection::btree_set(any::<u128>(), 0..20),
        checked_in in proptest::collection::btree_set(0u64..60, 0..20),
        page_size in 1usize..9,
        filtered: bool,
    ) {
        let mut fleet = Fleet::new(9, size);
        for number in &added {
            let hex = format!("{number:032x}");
            let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
            fleet.add(json!({"id": id, "hostname": "added"}));
        }
        let total = size + u64::try_from(added.len()).unwrap();
        for index in removed.iter().filter(|index| **index < total) {
            fleet.remove(*index);
        }
        for index in checked_in.iter().filter(|index| **index < total) {
            fleet.check_in(*index, instant("2026-11-21T00:00:00Z"));
        }
        let expected: BTreeSet<String> = (0..total)
            .filter(|index| !removed.contains(index) && (!filtered || checked_in.contains(index)))
            .map(|index| fleet.id(index))
            .collect();

        let simulator = Simulator::start(Options::new(fleet));
        let page_size = page_size.to_string();
        let mut query = vec![("pageSize", page_size.as_str())];
        if filtered {
            query.push(("lastSeenAfter", "2026-11-20T12:00:00Z"));
        }
        let walked = Session::of(&simulator).walk_ids(&query);
        prop_assert_eq!(walked, expected.into_iter().collect::<Vec<_>>());
    }
}
