//! Malformed records: each is rejected, and the rest of its page is delivered.

use serde_json::{Value, json};

use crate::walk::{ENDPOINTS, PAGE, Walk};

/// The record in the middle of the third page.
const MALFORMED: u64 = 125;

/// One record of a walk is malformed: it is rejected with this reason, every other one is delivered, the mark
/// advances, and the exit code is 1.
#[track_caller]
fn one_reject(walk: &Walk, words: &[&str]) {
    let summary = format!("pages 5, events {}, rejects 1,", ENDPOINTS - 1);
    walk.work
        .collect(1)
        .says(words)
        .says(&["rejected a record", &summary, "(0 failed"]);
    let mut expected = walk.all();
    expected.remove(MALFORMED as usize);
    assert_eq!(walk.work.ids(), expected);
}

fn edited(change: impl FnOnce(&mut Value)) -> Walk {
    let walk = Walk::new();
    walk.work
        .simulator
        .fleet(|fleet| fleet.edit(MALFORMED, change));
    walk
}

fn id(walk: &Walk) -> String {
    walk.work.simulator.fleet(|fleet| fleet.id(MALFORMED))
}

fn without(record: &mut Value, field: &str) {
    record.as_object_mut().unwrap().remove(field);
}

#[test]
fn a_record_without_hostname_is_rejected_once() {
    for (name, value) in [
        ("missing", None),
        ("null", Some(json!(null))),
        ("empty", Some(json!(""))),
        ("number", Some(json!(5))),
        ("object", Some(json!({"name": "host"}))),
    ] {
        println!("{name}");
        let walk = edited(|record| match value {
            Some(value) => record["hostname"] = value,
            None => without(record, "hostname"),
        });
        one_reject(&walk, &[&id(&walk), "`hostname`"]);
        // It has an id and a time, so the next run recognises it.
        walk.assert_done();
    }
}

#[test]
fn a_rejected_record_is_delivered_after_it_is_corrected() {
    let walk = edited(|record| without(record, "hostname"));
    one_reject(&walk, &["`hostname` is missing"]);
    walk.work.forget_events();
    let id = id(&walk);
    walk.work.simulator.fleet(|fleet| {
        fleet.edit(MALFORMED, |record| {
            record["hostname"] = "example-host".into();
            record["lastSeenAt"] = "2026-11-20T11:30:00.000Z".into();
        });
    });
    walk.work.collect(0).says(&["events 1, rejects 0"]);
    assert_eq!(walk.work.ids(), [id]);
}

#[test]
fn a_record_without_id_is_rejected() {
    for (name, value) in [
        ("missing", None),
        ("null", Some(json!(null))),
        ("empty", Some(json!(""))),
        ("number", Some(json!(5))),
    ] {
        println!("{name}");
        let walk = edited(|record| match value {
            Some(value) => record["id"] = value,
            None => without(record, "id"),
        });
        one_reject(&walk, &["`id`"]);
        walk.assert_done();
    }
}

#[test]
fn an_item_that_is_not_a_record_is_rejected() {
    for bytes in ["5", "null", "\"host\"", "[]", "true"] {
        println!("{bytes}");
        let walk = Walk::new();
        walk.work
            .simulator
            .fleet(|fleet| fleet.replace_bytes(MALFORMED, bytes));
        one_reject(&walk, &["a JSON object was expected"]);
        walk.assert_done();
    }
}

#[test]
fn a_record_that_is_not_utf_8_is_rejected_once() {
    let walk = Walk::new();
    let id = id(&walk);
    let mut bytes = format!(r#"{{"id":"{id}","lastSeenAt":"2026-11-20T11:00:00.125Z","hostname":"#)
        .into_bytes();
    bytes.extend_from_slice(b"\"host\xff\"}");
    walk.work
        .simulator
        .fleet(|fleet| fleet.replace_bytes(MALFORMED, bytes));
    one_reject(&walk, &[&id, "not valid UTF-8"]);
    walk.assert_done();
}

#[test]
fn wrong_types_of_unneeded_fields_have_no_effect() {
    let walk = edited(|record| {
        let kept = ["id", "hostname", "lastSeenAt"];
        for (field, value) in record.as_object_mut().unwrap() {
            if !kept.contains(&field.as_str()) {
                *value = match value {
                    Value::Object(_) => json!([[5], "x"]),
                    Value::Array(_) => json!({"x": null}),
                    _ => json!({"deep": [{}]}),
                };
            }
        }
    });
    walk.weathers(0);
}

#[test]
fn a_record_with_an_id_of_a_kilobyte_is_rejected_once() {
    let walk = edited(|record| record["id"] = "x".repeat(1_100).into());
    one_reject(&walk, &["`id` is too long", "of at most 128 bytes"]);
    let rejects = std::fs::read_to_string(walk.work.path("state.rejects.ndjson")).unwrap();
    assert!(rejects.len() < 1_000, "{rejects}");
    walk.assert_done();
}

/// A record whose event is larger than the host allows.
fn large(record: &mut Value) {
    let address = |number: u32| format!("10.{}.{}.1", number / 256, number % 256);
    record["ipv4Addresses"] = (0..30_000).map(address).collect();
}

#[test]
fn a_record_whose_event_exceeds_a_mebibyte_is_rejected_once() {
    for dialect in ["sekoia", "ocsf"] {
        let walk = edited(large);
        walk.work.edit_config(
            &format!("page_size = {PAGE}"),
            &format!("page_size = {PAGE}\ndialect = \"{dialect}\""),
        );
        one_reject(&walk, &[&id(&walk), "limits.event_bytes", "1 MiB"]);
        walk.assert_done();
    }
}

#[test]
fn a_larger_limit_allows_a_large_event() {
    let walk = edited(large);
    walk.work
        .append("[account.acme.limits]\nevent_bytes = \"8 MiB\"");
    walk.weathers(0);
}

#[test]
fn a_record_with_a_hostname_of_400_kilobytes_does_not_affect_the_others() {
    let walk = edited(|record| record["hostname"] = "h".repeat(300_000).into());
    walk.weathers(0);
    // It occurs three times in the event.
    let walk = edited(|record| record["hostname"] = "h".repeat(400_000).into());
    one_reject(&walk, &[&id(&walk), "limits.event_bytes"]);
    walk.assert_done();
}

#[test]
fn a_page_of_malformed_records_is_rejected_record_by_record() {
    let walk = Walk::new();
    walk.work.simulator.fleet(|fleet| {
        for index in 100..150 {
            fleet.edit(index, |record| record["hostname"] = 5.into());
        }
    });
    let summary = format!("pages 5, events {}, rejects 50,", ENDPOINTS - 50);
    walk.work.collect(1).says(&[&summary]);
    assert_eq!(walk.work.ids().len(), ENDPOINTS as usize - 50);
    walk.assert_done();
}
