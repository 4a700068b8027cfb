//! Where the mark rises to, and which devices are left out after it.

use super::*;

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

/// Returns the cursor after a walk of one page with this many items, none of which has a time.
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
    // Later pages do not request a total, so theirs does not count.
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
