//! The rules of the cursor, one test each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;
use serde_json::Value;
use sophos_assets::cursor::{AfterShortWalk, Cursor, Range, Refused, SEEN_BOUND, Stuck, Warning};
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
    cursor.answered(Some(at(0)), at(0), 0, OVERLAP);
    for (id, moment) in seen {
        cursor.saw(id, Some(*moment));
    }
    cursor.listed(seen.len(), None);
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
    cursor.answered(Some(at(0)), at(0), 4_000, OVERLAP);
    cursor.saw("a", Some(at(-1)));
    cursor.turn_page(Some("k")).unwrap();
    let text = cursor.into_text().unwrap();

    let mut cursor = resume(Some(&text));
    cursor.answered(Some(at(600)), at(600), 0, OVERLAP);
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

/// A walk of one page with so many items, none of which has a time; the text after it.
fn page_without_times(text: Option<&str>, items: usize) -> String {
    let mut cursor = resume(text);
    cursor.answered(Some(at(0)), at(0), 0, OVERLAP);
    for _ in 0..items {
        cursor.saw("a", None);
    }
    cursor.listed(items, Some(items as u64));
    cursor.turn_page(None).unwrap();
    cursor.into_text().unwrap()
}

#[test]
fn a_walk_from_the_mark_that_saw_no_time_keeps_the_mark() {
    let old = page(None, &[("a", at(-300))], None);
    for items in [0, 1] {
        let text = page_without_times(Some(&old), items);
        assert_eq!(mark(&text), Some(at(-300)), "{items} items");
        let cursor = resume(Some(&text));
        assert!(cursor.leaves_out("a", Some(at(-300))), "{items} items");
    }
}

#[test]
fn a_walk_over_everything_that_saw_no_time_puts_the_mark_at_the_cap_if_it_had_items() {
    assert_eq!(mark(&page_without_times(None, 1)), Some(at(-120)));
    let text = page_without_times(None, 0);
    assert_eq!(
        mark(&text),
        None,
        "the next walk is one over everything, too"
    );
    assert_eq!(resume(Some(&text)).mark(), None);
}

#[test]
fn the_earlier_of_both_clocks_caps_the_mark() {
    const MONTH: i64 = 30 * 86_400;
    for (date, host, expected, differ) in [
        (Some(at(0)), at(0), -120, false),
        (Some(at(60)), at(0), -120, false),
        (Some(at(0)), at(60), -120, false),
        (Some(at(61)), at(0), -120, true),
        (Some(at(MONTH)), at(0), -120, true),
        (Some(at(0)), at(MONTH), -120, true),
        (Some(at(-MONTH)), at(0), -120 - MONTH, true),
        (None, at(0), -120, false),
    ] {
        let mut cursor = resume(None);
        cursor.answered(date, host, 0, OVERLAP);
        cursor.saw("a", Some(at(2 * MONTH)));
        cursor.turn_page(Some("k")).unwrap();
        let warnings = cursor.warnings().to_vec();
        let expected_warnings: Vec<_> = date
            .filter(|_| differ)
            .map(|api| Warning::ClocksDiffer { api, host })
            .into_iter()
            .collect();
        assert_eq!(warnings, expected_warnings, "{date:?} {host}");

        // The next page of the walk changes and warns of nothing.
        let mut cursor = resume(Some(&cursor.into_text().unwrap()));
        cursor.answered(Some(at(3 * MONTH)), at(0), 0, OVERLAP);
        assert_eq!(cursor.warnings(), []);
        cursor.turn_page(None).unwrap();
        let mark = cursor.query().last_seen_after;
        assert_eq!(mark, Some(at(expected)), "{date:?} {host}");
    }
}

/// A walk of two pages that lists `items` of `announced` items, the last of which was seen at `seen`.
fn listing(text: Option<&str>, items: usize, announced: Option<u64>, seen: i64) -> Cursor {
    let mut cursor = resume(text);
    cursor.answered(Some(at(0)), at(0), 0, OVERLAP);
    cursor.saw("a", Some(at(-900)));
    cursor.listed(1, announced);
    cursor.turn_page(Some("k")).unwrap();
    let mut cursor = resume(Some(&cursor.into_text().unwrap()));
    cursor.saw("b", Some(at(seen)));
    // What the second page announces is not asked for and does not count.
    cursor.listed(items - 1, Some(u64::MAX));
    cursor.turn_page(None).unwrap();
    cursor
}

#[test]
fn a_walk_is_short_where_more_items_are_missing_than_ten_and_one_in_a_hundred() {
    for (items, announced, is_short) in [
        (100, None, false),
        (100, Some(0), false),
        (100, Some(100), false),
        (100, Some(111), false),
        (100, Some(112), true),
        (1_000, Some(1_020), false),
        (1_000, Some(1_021), true),
        (100, Some(u64::MAX), true),
    ] {
        let cursor = listing(None, items, announced, -300);
        let mark = (!is_short).then(|| at(-300));
        assert_eq!(
            cursor.query().last_seen_after,
            mark,
            "{items} {announced:?}"
        );
        assert_eq!(cursor.warnings().len(), usize::from(is_short));
    }
}

#[test]
fn a_short_walk_is_repeated_twice_and_then_the_mark_rises_all_the_same() {
    for first in [None, Some(at(-900).to_string())] {
        let began_from = first.as_deref().map(|_| at(-900));
        let mut text = first;
        for (walk, then) in [
            (1, AfterShortWalk::Repeated),
            (2, AfterShortWalk::Repeated),
            (3, AfterShortWalk::MarkRisen),
            (4, AfterShortWalk::MarkRisen),
        ] {
            let cursor = listing(text.as_deref(), 100, Some(250), -300 + walk);
            let warning = Warning::EndedEarly {
                items: 100,
                announced: 250,
                then,
            };
            assert_eq!(cursor.warnings(), [warning], "walk {walk}");
            let expected = match then {
                AfterShortWalk::Repeated => began_from,
                _ => Some(at(-300 + walk)),
            };
            assert_eq!(cursor.query().last_seen_after, expected, "walk {walk}");
            assert!(cursor.leaves_out("b", Some(at(-300 + walk))), "walk {walk}");
            text = Some(cursor.into_text().unwrap());
        }
        // One that is not short ends the row.
        let whole = listing(text.as_deref(), 250, Some(250), -200);
        assert_eq!(whole.warnings(), []);
        let text = whole.into_text().unwrap();
        let cursor = listing(Some(&text), 100, Some(250), -100);
        assert_eq!(cursor.query().last_seen_after, Some(at(-200)));
    }
}

#[test]
fn a_short_walk_over_a_range_is_reported_and_not_repeated() {
    let range = Some(Range {
        since: Some(at(-900)),
        until: None,
    });
    let mut cursor = Cursor::resume(None, TENANT, range, MAPPING, at(0)).unwrap();
    cursor.listed(5, Some(250));
    assert_eq!(cursor.turn_page(None), Ok(false));
    let warning = Warning::EndedEarly {
        items: 5,
        announced: 250,
        then: AfterShortWalk::RangeOver,
    };
    assert_eq!(cursor.warnings(), [warning]);
    let text = cursor.into_text().unwrap();
    assert!(Cursor::resume(Some(&text), TENANT, range, MAPPING, at(0)).is_ok());
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
fn a_repeated_page_key_is_found_in_a_loop_of_any_length() {
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
            cursor.answered(Some(at(0)), at(0), 0, OVERLAP);
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
fn distinct_page_keys_are_not_a_loop() {
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
fn a_refused_key_begins_the_walk_again_three_times() {
    let first = page(Some(&at(-900).to_string()), &[("a", at(-10))], Some("k"));
    let mut text = first;
    for refusal in 1..=3 {
        let mut cursor = resume(Some(&text));
        cursor.key_refused(at(refusal)).unwrap();
        let again = cursor.into_text().unwrap();
        let query = resume(Some(&again)).query();
        assert_eq!(
            (query.last_seen_after, query.page_from_key),
            (Some(at(-900)), None)
        );
        text = page(Some(&again), &[("a", at(-10))], Some("k"));
    }
    let mut cursor = resume(Some(&text));
    assert_eq!(cursor.key_refused(at(4)), Err(Stuck::KeyRefusedAgain));

    let ended = page(Some(&text), &[], None);
    let next = page(Some(&ended), &[], Some("k"));
    assert_eq!(
        resume(Some(&next)).key_refused(at(5)),
        Ok(()),
        "the next walk may again"
    );
}

/// The text after a walk's first pages, so many of them.
fn pages(text: &str, count: usize) -> String {
    (1..=count).fold(text.to_owned(), |text, number| {
        page(Some(&text), &[], Some(&format!("k{number}")))
    })
}

fn refuse(text: &str) -> Result<String, Stuck> {
    let mut cursor = resume(Some(text));
    cursor.key_refused(at(0))?;
    Ok(cursor.into_text().unwrap())
}

#[test]
fn a_page_beyond_the_refused_one_sets_the_count_back() {
    let mark = at(-900).to_string();
    let mut text = refuse(&pages(&mark, 2)).unwrap();
    text = refuse(&pages(&text, 2)).unwrap();
    text = refuse(&pages(&text, 2)).unwrap();
    assert_eq!(refuse(&pages(&text, 2)), Err(Stuck::KeyRefusedAgain));
    assert_eq!(refuse(&pages(&text, 1)), Err(Stuck::KeyRefusedAgain));

    text = refuse(&pages(&text, 3)).unwrap();
    // From here on the third page is the one to pass, also where an earlier one is refused meanwhile.
    text = refuse(&pages(&text, 1)).unwrap();
    text = refuse(&pages(&text, 2)).unwrap();
    assert_eq!(refuse(&pages(&text, 3)), Err(Stuck::KeyRefusedAgain));
    assert!(refuse(&pages(&text, 4)).is_ok());
}

#[test]
fn refusals_that_are_half_an_hour_old_do_not_count() {
    let mut text = pages(&at(-900).to_string(), 1);
    for _ in 1..=3 {
        text = pages(&refuse(&text).unwrap(), 1);
    }
    for (seconds, verdict) in [
        (1_799, Err(Stuck::KeyRefusedAgain)),
        (1_800, Ok(())),
        (-1_799, Err(Stuck::KeyRefusedAgain)),
        (-1_800, Ok(())),
    ] {
        let mut cursor = resume(Some(&text));
        assert_eq!(cursor.key_refused(at(seconds)), verdict, "{seconds}");
    }
}

#[test]
fn of_an_id_that_is_too_long_a_hash_is_remembered() {
    let long = "x".repeat(1_100);
    let text = page(None, &[(&long, at(-60)), ("b", at(-300))], None);
    assert!(!text.contains("xxx"), "{text}");
    let cursor = resume(Some(&text));
    assert!(cursor.leaves_out(&long, Some(at(-60))));
    assert!(!cursor.leaves_out(&long, Some(at(-59))));
    assert!(!cursor.leaves_out(&format!("{long}y"), Some(at(-60))));
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
    cursor.answered(Some(at(0)), at(0), 0, OVERLAP);
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
        cursor.answered(Some(at(0)), at(0), duration, overlap);
        cursor.saw("a", Some(Timestamp::from_millis(moment)));
        cursor.turn_page(Some("l")).unwrap();
        let mut cursor = resume(Some(&cursor.into_text().unwrap()));
        cursor.turn_page(None).unwrap();
        cursor.into_text().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// The host's limit is 1 MiB. Each walk brings more devices than a cursor remembers, and all of them after the
    /// mark, so that both lists of a cursor are full.
    #[test]
    fn a_cursor_stays_below_its_limit_whatever_the_ids_are(
        sample in prop_oneof![any::<String>(), "[\u{1}\u{7f}\"\\\\a]{0,30}"],
        times in 1_usize..40,
        key in "[\u{1}a]{0,4000}",
    ) {
        let sample = sample.repeat(times);
        let ids: Vec<_> = (0..SEEN_BOUND + 100).map(|n| format!("{n:05}{sample}")).collect();
        let ids: Vec<_> = ids.iter().map(|id| (id.as_str(), at(-60))).collect();
        let full = page(None, &ids, None);
        let walking = page(Some(&full), &ids, Some(&format!("{key}k")));
        for text in [full, walking] {
            prop_assert!(text.len() < 1 << 20, "{} bytes", text.len());
        }
    }
}
