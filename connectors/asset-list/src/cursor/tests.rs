use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config;

const NOW: &str = "2026-11-25T00:00:00Z";

/// Returns a list of these devices, each with a version.
fn list(devices: &BTreeMap<u8, u8>) -> List {
    let config = json!({"url": "https://cmdb.example.com/", "format": "csv", "id": "id"});
    let config = config::read(&config.to_string()).unwrap();
    // In the order of the versions, which moves rows when they change.
    let mut rows: Vec<_> = devices.iter().map(|(id, version)| (version, id)).collect();
    rows.sort();
    let rows: String = rows
        .iter()
        .map(|(version, id)| format!("{id},{version}\n"))
        .collect();
    List::read(&config, format!("id,v\n{rows}").into_bytes(), None).unwrap()
}

/// Reads a page of two rows as `collect` does. Returns the devices with their versions, the cursor, and whether the walk goes
/// on.
fn page(list: &List, cursor: Option<&str>) -> (Vec<(u8, u8)>, String, bool) {
    let mut cursor = Cursor::resume(cursor, 1, None).unwrap();
    if cursor.knows(&list.digest) {
        cursor.stay(None, NOW);
        return (Vec::new(), cursor.into_text().unwrap(), false);
    }
    let (first, _) = cursor.enter(list, NOW);
    let rows: Vec<_> = list.rows.iter().skip(first).take(2).collect();
    let device = |row: &&crate::list::Row| {
        let record = serde_json::to_value(0).and(Ok(list.record(row).unwrap()));
        let crate::record::Node::Object(members) = record.unwrap() else {
            panic!("no object")
        };
        let number = |at: usize| match &members[at].1 {
            crate::record::Node::Scalar(value) => value.as_str().unwrap().parse().unwrap(),
            other => panic!("{other:?}"),
        };
        (number(0), number(1))
    };
    let found = rows.iter().map(device).collect();
    let more = cursor.turn(list, first + rows.len(), !rows.is_empty());
    (found, cursor.into_text().unwrap(), more)
}

proptest! {
    /// Whatever changes between any two pages, once the list stays as it is one more walk has delivered the newest version of
    /// each device; and no walk goes on for ever.
    #[test]
    fn no_row_is_lost_however_the_list_changes(
        first in prop::collection::btree_map(0..12_u8, 0..3_u8, 1..12),
        changes in prop::collection::vec(prop::collection::btree_map(0..12_u8, 0..9_u8, 0..6), 0..8),
        repeats in prop::collection::vec(any::<bool>(), 20),
    ) {
        let mut devices = first;
        let mut delivered = BTreeMap::new();
        let mut cursor: Option<String> = None;
        let mut changes = changes.into_iter();
        let mut repeats = repeats.into_iter().cycle();
        let mut quiet_walks = 0;
        for _ in 0..100 {
            if let Some(change) = changes.next() {
                devices.extend(change);
            } else if quiet_walks == 2 {
                break;
            }
            let is_quiet = changes.len() == 0;
            let (found, next, more) = page(&list(&devices), cursor.as_deref());
            delivered.extend(found);
            // A host that ends before it has stored the cursor repeats the call.
            if is_quiet || !repeats.next().unwrap() {
                cursor = Some(next);
                quiet_walks += usize::from(is_quiet && !more);
            }
        }
        prop_assert_eq!(quiet_walks, 2);
        prop_assert_eq!(delivered, devices);
    }
}

#[test]
fn a_walk_reads_each_row_once() {
    let list = list(&(0..7).map(|id| (id, 0)).collect());
    let mut cursor = None;
    let mut seen = Vec::new();
    loop {
        let (found, next, more) = page(&list, cursor.as_deref());
        seen.extend(found.into_iter().map(|(id, _)| id));
        cursor = Some(next);
        if !more {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>().len(), 7);
    assert_eq!(page(&list, cursor.as_deref()).0, []);
}

#[test]
fn a_cursor_is_refused_by_what_is_wrong_with_it() {
    let range = Some(Range {
        since: Some(0),
        until: None,
    });
    let stored = Cursor::resume(None, 1, range).unwrap().into_text().unwrap();
    for (text, config, range, refused) in [
        ("", 1, None, Some(Refused::Damaged)),
        ("{}", 1, None, Some(Refused::Damaged)),
        ("{\"version\": 0}", 1, None, Some(Refused::Damaged)),
        ("{\"version\": 1}", 1, None, Some(Refused::Damaged)),
        (
            "{\"version\": 2, \"new\": true}",
            1,
            None,
            Some(Refused::Newer),
        ),
        (stored.as_str(), 1, None, Some(Refused::OtherRange)),
        (stored.as_str(), 1, range, None),
        (stored.as_str(), 2, range, None),
        ("2026-11-25T00:00:00Z", 1, None, None),
        ("2026-11-25T00:00:00Z", 1, range, Some(Refused::OtherRange)),
    ] {
        let result = Cursor::resume(Some(text), config, range);
        assert_eq!(result.err(), refused, "{text}");
    }
}

#[test]
fn a_walk_goes_on_behind_its_last_row_if_rows_before_it_vanish() {
    let devices: BTreeMap<u8, u8> = (0..6).map(|id| (id, 0)).collect();
    let (found, cursor, _) = page(&list(&devices), None);
    assert_eq!(found, [(0, 0), (1, 0)]);
    let fewer = devices.into_iter().filter(|(id, _)| *id > 1).collect();
    let (found, ..) = page(&list(&fewer), Some(&cursor));
    assert_eq!(found, [(2, 0), (3, 0)]);
}
