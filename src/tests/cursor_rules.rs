//! The rules of the cursor, one test each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;
use serde_json::Value;
use sophos_assets::cursor::{Cursor, Range, Refused, SEEN_BOUND, Stuck};
use sophos_assets::timestamp::Timestamp;

/// The version of the mapping.
const MAPPING: u32 = 1;

const TENANT: &str = "11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01";
const OVERLAP: i64 = 120_000;

/// Milliseconds on a day of the tests, from so many seconds after noon.
fn at(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z")
        .unwrap()
        .plus_millis(seconds * 1000)
}

fn resume(text: Option<&str>) -> Cursor {
    Cursor::resume(text, TENANT, None, MAPPING, at(0)).unwrap()
}

/// One page with these devices, answered at noon without delay; the text after it.
fn page(text: Option<&str>, seen: &[(&str, Timestamp)], next_key: Option<&str>) -> String {
    let mut cursor = resume(text);
    cursor.answered(at(0), 0, OVERLAP);
    for (id, moment) in seen {
        cursor.saw(id, Some(*moment));
    }
    cursor.turn_page(next_key).unwrap();
    cursor.into_text().unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn mark(text: &str) -> Option<Timestamp> {
    resume(Some(text)).query().last_seen_after
}

#[test]
fn the_first_walk_has_no_filter_and_the_next_one_begins_at_the_mark() {
    assert_eq!(resume(None).query().last_seen_after, None);
    let text = page(None, &[("a", at(-500)), ("b", at(-300))], None);
    assert_eq!(mark(&text), Some(at(-300)));
    assert_eq!(json(&text)["last_seen_cursor"], "2026-11-20T11:55:00.000Z");
}

#[test]
fn the_mark_rises_with_the_last_page_only() {
    let first = page(None, &[("a", at(-300))], Some("k"));
    assert_eq!(json(&first).get("last_seen_cursor"), None);
    let query = resume(Some(&first)).query();
    assert_eq!(
        (query.last_seen_after, query.page_from_key.as_deref()),
        (None, Some("k"))
    );

    let last = page(Some(&first), &[("b", at(-500))], None);
    assert_eq!(mark(&last), Some(at(-300)));
    assert_eq!(resume(Some(&last)).query().page_from_key, None);
}

#[test]
fn the_mark_is_capped_by_the_first_answer_less_its_duration_and_the_overlap() {
    let mut cursor = resume(None);
    cursor.answered(at(0), 4_000, OVERLAP);
    cursor.saw("a", Some(at(-1)));
    cursor.turn_page(Some("k")).unwrap();
    let text = cursor.into_text().unwrap();

    let mut cursor = resume(Some(&text));
    cursor.answered(at(600), 0, OVERLAP);
    cursor.turn_page(None).unwrap();
    assert_eq!(cursor.query().last_seen_after, Some(at(-124)));
}

#[test]
fn the_mark_never_falls() {
    let old = page(None, &[("a", at(-200))], None);
    let text = page(Some(&old), &[("b", at(-900))], None);
    assert_eq!(mark(&text), Some(at(-200)));

    let ahead = at(900).to_string();
    let text = page(Some(&ahead), &[("b", at(-900))], None);
    assert_eq!(mark(&text), Some(at(900)), "nor to the cap");
}

#[test]
fn a_walk_that_saw_no_readable_time_puts_the_mark_at_the_cap() {
    let text = page(None, &[], None);
    assert_eq!(mark(&text), Some(at(-120)));
    let mut cursor = resume(None);
    cursor.answered(at(0), 0, OVERLAP);
    cursor.saw("a", None);
    cursor.turn_page(None).unwrap();
    assert_eq!(cursor.query().last_seen_after, Some(at(-120)));
}

#[test]
fn exactly_what_was_seen_at_or_after_the_mark_is_left_out() {
    let text = page(
        None,
        &[("a", at(-500)), ("b", at(-60)), ("c", at(-120))],
        None,
    );
    assert_eq!(mark(&text), Some(at(-120)));
    let cursor = resume(Some(&text));
    assert!(cursor.leaves_out("b", Some(at(-60))));
    assert!(cursor.leaves_out("c", Some(at(-120))));
    assert!(!cursor.leaves_out("b", Some(at(-59))), "it has checked in");
    assert!(
        !cursor.leaves_out("a", Some(at(-500))),
        "a full walk brings it again"
    );
    assert!(!cursor.leaves_out("b", None));
    assert!(!cursor.leaves_out("d", Some(at(-60))));
}

#[test]
fn past_the_bound_the_newest_are_kept() {
    let ids: Vec<_> = (0..SEEN_BOUND + 10).map(|n| format!("{n:05}")).collect();
    let seen: Vec<_> = ids
        .iter()
        .zip(0..)
        .map(|(id, n)| (id.as_str(), at(-119).plus_millis(n)))
        .collect();
    let text = page(None, &seen, None);
    assert_eq!(json(&text)["seen"].as_object().unwrap().len(), SEEN_BOUND);
    let cursor = resume(Some(&text));
    assert!(!cursor.leaves_out(seen[9].0, Some(seen[9].1)));
    assert!(cursor.leaves_out(seen[10].0, Some(seen[10].1)));
}

#[test]
fn more_than_the_bound_on_the_mark_itself_move_it_by_a_millisecond() {
    for (tied, expected) in [
        (SEEN_BOUND, at(-300)),
        (SEEN_BOUND + 1, at(-300).plus_millis(1)),
    ] {
        let ids: Vec<_> = (0..tied).map(|n| format!("{n:05}")).collect();
        let mut seen: Vec<_> = ids.iter().map(|id| (id.as_str(), at(-300))).collect();
        let half = seen.split_off(tied / 2);
        let text = page(Some(&page(None, &seen, Some("k"))), &half, None);
        assert_eq!(mark(&text), Some(expected), "{tied}");
    }
}

#[test]
fn a_page_key_that_comes_back_is_found_whatever_the_loops_length() {
    for (lead, length) in [(0, 1), (1, 1), (0, 2), (3, 5), (20, 7)] {
        let key = |page: usize| {
            let place = if page < lead {
                page
            } else {
                lead + (page - lead) % length
            };
            format!("key-{place}")
        };
        let mut text = None;
        let mut pages = 0;
        loop {
            let mut cursor = resume(text.as_deref());
            cursor.answered(at(0), 0, OVERLAP);
            match cursor.turn_page(Some(&key(pages))) {
                Ok(more) => assert!(more),
                Err(why) => {
                    assert_eq!(why, Stuck::KeyCameBack);
                    break;
                }
            }
            text = Some(cursor.into_text().unwrap());
            pages += 1;
            assert!(pages <= 3 * (lead + length) + 2, "{lead} {length}");
        }
    }
}

#[test]
fn keys_that_do_not_come_back_are_no_loop() {
    let mut text = None;
    for page_number in 0..3_000 {
        text = Some(page(text.as_deref(), &[], Some(&format!("{page_number}"))));
    }
    assert!(
        text.unwrap().len() < 1_000,
        "the cursor does not grow with the pages"
    );
}

#[test]
fn a_refused_key_begins_the_walk_again_once() {
    let first = page(Some(&at(-900).to_string()), &[("a", at(-10))], Some("k"));
    let mut cursor = resume(Some(&first));
    cursor.key_refused(at(1)).unwrap();
    let text = cursor.into_text().unwrap();
    let query = resume(Some(&text)).query();
    assert_eq!(
        (query.last_seen_after, query.page_from_key),
        (Some(at(-900)), None)
    );

    let again = page(Some(&text), &[("a", at(-10))], Some("k"));
    assert_eq!(
        resume(Some(&again)).key_refused(at(2)),
        Err(Stuck::KeyRefusedAgain)
    );

    let ended = page(Some(&again), &[], None);
    let next = page(Some(&ended), &[], Some("k"));
    assert_eq!(
        resume(Some(&next)).key_refused(at(3)),
        Ok(()),
        "the next walk may again"
    );
}

#[test]
fn a_walk_older_than_a_day_begins_again_from_the_mark() {
    let text = page(Some(&at(-900).to_string()), &[], Some("k"));
    let key = |seconds| {
        let cursor = Cursor::resume(Some(&text), TENANT, None, MAPPING, at(seconds)).unwrap();
        assert_eq!(cursor.query().last_seen_after, Some(at(-900)));
        cursor.query().page_from_key
    };
    assert_eq!(key(86_399).as_deref(), Some("k"));
    assert_eq!(key(86_400), None);
    assert_eq!(key(-86_399).as_deref(), Some("k"));
    assert_eq!(
        key(-86_400),
        None,
        "it was begun under a clock that ran ahead"
    );
}

#[test]
fn another_version_of_the_mapping_walks_everything() {
    let text = page(None, &[("a", at(-300))], None);
    let mut other = json(&text);
    other["mapping_version"] = 0.into();
    let cursor = resume(Some(&other.to_string()));
    assert_eq!(cursor.query().last_seen_after, None);
    assert!(!cursor.leaves_out("a", Some(at(-300))));
}

#[test]
fn a_time_is_taken_for_a_mark() {
    let cursor = resume(Some(" 2026-11-20T13:00:00.0009+01:00\n"));
    assert_eq!(cursor.query().last_seen_after, Some(at(0)));
}

#[test]
fn a_cursor_that_is_not_the_sources_own_is_refused() {
    let good = page(None, &[("a", at(-300))], Some("k"));
    let with = |field: &str, value: Value| {
        let mut cursor = json(&good);
        cursor[field] = value;
        cursor.to_string()
    };
    for (text, why) in [
        (String::new(), Refused::Damaged),
        ("{}".to_owned(), Refused::Damaged),
        ("null".to_owned(), Refused::Damaged),
        (good[..good.len() / 2].to_owned(), Refused::Damaged),
        (with("walk", 5.into()), Refused::Damaged),
        (with("version", "1".into()), Refused::Damaged),
        (with("version", 0.into()), Refused::Damaged),
        (with("version", 2.into()), Refused::Newer),
        (with("version", u64::MAX.into()), Refused::Newer),
        (with("tenant", "another".into()), Refused::OtherTenant),
    ] {
        assert_eq!(
            Cursor::resume(Some(&text), TENANT, None, MAPPING, at(0)).unwrap_err(),
            why,
            "{text}"
        );
    }
    assert!(Cursor::resume(Some(&good), &TENANT.to_uppercase(), None, MAPPING, at(0)).is_ok());
}

#[test]
fn a_range_has_its_own_filters_and_no_mark() {
    let range = Range {
        since: Some(at(-900)),
        until: Some(at(-100)),
    };
    let mut cursor = Cursor::resume(None, TENANT, Some(range), MAPPING, at(0)).unwrap();
    let query = cursor.query();
    assert_eq!(
        (query.last_seen_after, query.last_seen_before),
        (Some(at(-900)), Some(at(-100)))
    );
    cursor.answered(at(0), 0, OVERLAP);
    cursor.saw("a", Some(at(-500)));
    cursor.turn_page(Some("k")).unwrap();
    let text = cursor.into_text().unwrap();

    let mut cursor = Cursor::resume(Some(&text), TENANT, Some(range), MAPPING, at(0)).unwrap();
    assert_eq!(cursor.query().page_from_key.as_deref(), Some("k"));
    cursor.turn_page(None).unwrap();
    assert_eq!(cursor.mark(), None);

    for (field, value) in [
        ("last_seen_cursor", at(-500).to_string().into()),
        ("seen", serde_json::json!({"a": at(-500).millis()})),
    ] {
        let mut cursor = json(&text);
        cursor[field] = value;
        let refused = Cursor::resume(
            Some(&cursor.to_string()),
            TENANT,
            Some(range),
            MAPPING,
            at(0),
        );
        assert_eq!(refused.unwrap_err(), Refused::Damaged, "{field}");
    }

    let other = Range {
        until: None,
        ..range
    };
    for range in [None, Some(other)] {
        let refused = Cursor::resume(Some(&text), TENANT, range, MAPPING, at(0)).unwrap_err();
        assert_eq!(refused, Refused::OtherRange);
    }
    let time = at(0).to_string();
    let refused = Cursor::resume(Some(&time), TENANT, Some(range), MAPPING, at(0)).unwrap_err();
    assert_eq!(refused, Refused::OtherRange);
}

proptest! {
    #[test]
    fn any_text_is_a_cursor_or_refused(text in any::<String>()) {
        let _ = Cursor::resume(Some(&text), TENANT, None, MAPPING, at(0));
    }

    #[test]
    fn any_numbers_in_a_cursor_are_survived(
        moment in any::<i64>(), pages in any::<u64>(), tied in any::<u64>(), overlap in any::<i64>(),
        duration in any::<i64>(),
    ) {
        let text = serde_json::json!({
            "version": 1, "mapping_version": MAPPING, "tenant": TENANT,
            "seen": {"a": moment},
            "walk": {"began": at(0), "seen": [["b", moment]], "pages": pages, "tied": tied, "page_key": "k"},
        });
        let mut cursor = resume(Some(&text.to_string()));
        cursor.answered(at(0), duration, overlap);
        cursor.saw("a", Some(Timestamp::from_millis(moment)));
        cursor.turn_page(Some("l")).unwrap();
        let mut cursor = resume(Some(&cursor.into_text().unwrap()));
        cursor.turn_page(None).unwrap();
        cursor.into_text().unwrap();
    }
}
