//! Page keys that come back, and page keys that the API rejects.

use super::*;

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

/// Returns the cursor after this many first pages of a walk.
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
