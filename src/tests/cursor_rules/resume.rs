//! Which stored text a walk resumes from, and what a cursor of any content does.

use super::*;

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

#[test]
fn the_announced_number_of_a_walk_is_known_on_each_of_its_pages() {
    let mut cursor = resume(None);
    assert_eq!(cursor.announced(), None);
    cursor.listed(2, Some(5));
    assert_eq!(cursor.announced(), Some(5));
    cursor.turn_page(Some("k")).unwrap();
    let mut cursor = resume(Some(&cursor.into_text().unwrap()));
    cursor.listed(2, None);
    assert_eq!(cursor.announced(), Some(5));
    cursor.turn_page(None).unwrap();
    assert_eq!(cursor.announced(), None);
}
