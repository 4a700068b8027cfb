//! Page keys that repeat or are refused.

use std::collections::BTreeSet;

use serde_json::Value;
use sophos_central_simulator::{Fault, Route};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::stored_cursors::edit_cursor;
use crate::walk::{ENDPOINTS, PAGE, Walk, stopped};

#[test]
fn a_page_that_leads_to_itself_fails_the_source() {
    let fault = Fault::RepeatedKey { back: 0 };
    stopped(
        fault,
        &[
            "returned the key of an earlier page",
            "never end",
            "next run",
        ],
    );
}

#[test]
fn a_page_that_leads_to_the_previous_one_fails_the_source() {
    let walk = Walk::new();
    walk.fault_always(Fault::RepeatedKey { back: 1 });
    let ran = walk.work.collect(1);
    ran.says(&[
        "returned the key of an earlier page",
        "pages 3, events 150",
        "a day old",
    ]);
    assert_eq!(walk.work.ids(), walk.all()[..3 * PAGE]);
    assert_eq!(walk.work.cursor().unwrap()["last_seen_cursor"], walk.mark);
    begins_again_after_a_day(&walk);
}

#[test]
fn a_longer_loop_of_pages_fails_the_source() {
    let walk = Walk::new();
    walk.work
        .edit_config(&format!("page_size = {PAGE}"), "page_size = 10");
    // The third page of 50 is the eleventh of 10; it always leads back to the sixth.
    walk.fault_always(Fault::RepeatedKey { back: 5 });
    walk.work
        .collect(1)
        .says(&["returned the key of an earlier page"]);
    let deliveries = walk.work.deliveries();
    let delivered: BTreeSet<_> = deliveries.keys().cloned().collect();
    assert_eq!(delivered, walk.all()[..110].iter().cloned().collect());
    let most = deliveries.values().max().unwrap();
    assert!(*most <= 3, "a page was delivered {most} times");
    assert_eq!(walk.work.cursor().unwrap()["last_seen_cursor"], walk.mark);
    begins_again_after_a_day(&walk);
}

/// The fault is gone, but the stored walk is still in the loop. When it is a day old, it starts again from
/// the mark and misses nothing.
#[track_caller]
fn begins_again_after_a_day(walk: &Walk) {
    walk.work.simulator.clear_faults();
    walk.work
        .collect(1)
        .says(&["returned the key of an earlier page"]);
    edit_cursor(&walk.work, |cursor| {
        cursor["walk"]["began"] = "2026-01-01T00:00:00.000Z".into();
    });
    walk.work.forget_events();
    walk.work
        .collect(0)
        .says(&[&format!("events {ENDPOINTS},")]);
    walk.assert_all_once();
}

#[test]
fn a_refused_page_key_restarts_the_walk_from_the_mark() {
    for code in [400, 404, 410] {
        let walk = Walk::new();
        walk.fault(Fault::status(code));
        let events = format!(
            "events {}, rejects 0, retries 0",
            2 * PAGE + ENDPOINTS as usize
        );
        walk.work.collect(0).says(&[&events]);

        let deliveries = walk.work.deliveries();
        for (place, id) in walk.all().iter().enumerate() {
            let expected = if place < 2 * PAGE { 2 } else { 1 };
            assert_eq!(deliveries.get(id), Some(&expected), "{code}: {id}");
        }
        let requests = walk.work.simulator.requests_of(Route::Endpoints);
        assert_eq!(requests.len(), 8, "{code}");
        assert_eq!(requests[3].query("pageFromKey"), None, "{code}");
        for request in &requests {
            let after = request.query("lastSeenAfter").map(Value::from);
            assert_eq!(after.as_ref(), Some(&walk.mark), "{code}");
        }
        walk.assert_done();
    }
}

#[test]
fn a_page_key_refused_four_times_fails_the_source() {
    for code in [400, 404, 410] {
        let walk = Walk::new();
        walk.fault_always(Fault::status(code));
        walk.work.collect(1).says(&[
            "refused the key of its own next page four times",
            "half an hour",
        ]);
        let cursor = walk.work.cursor().unwrap();
        assert_eq!(cursor["last_seen_cursor"], walk.mark, "{code}");
        assert_eq!(cursor["walk"]["page_key"], *walk.third_key, "{code}");
        let deliveries = walk.work.deliveries();
        assert_eq!(deliveries.len(), 2 * PAGE, "{code}");
        assert!(deliveries.values().all(|times| *times == 4), "{code}");

        walk.work.forget_events();
        walk.work.simulator.clear_faults();
        walk.work.collect(0);
        assert_eq!(walk.work.ids(), walk.all()[2 * PAGE..], "{code}");
        walk.assert_done();
    }
}

/// The page keys of the API expire within seconds, and every run so far broke off on the third page.
#[test]
fn a_page_key_that_expires_between_interrupted_runs_does_not_block_the_source() {
    let walk = Walk::impatient();
    for run in 0..3 {
        walk.work.simulator.clear_faults();
        if run > 0 {
            let died = Fault::status(400);
            walk.work.simulator.fault(Route::Endpoints, 1, died);
        }
        walk.fault_always(Fault::status(503));
        walk.work.collect(1).says(&["(503)"]);
        let cursor = walk.work.cursor().unwrap();
        assert_eq!(cursor["walk"]["page_key"], *walk.third_key, "run {run}");
    }
    walk.work.simulator.clear_faults();
    let died = Fault::status(400);
    walk.work.simulator.fault(Route::Endpoints, 1, died);
    walk.work.forget_events();
    walk.work.collect(0);
    walk.assert_all_once();
}

#[test]
fn a_walk_that_failed_at_a_page_key_restarts_half_an_hour_later() {
    let walk = Walk::new();
    walk.fault_always(Fault::status(400));
    let says = &["refused the key of its own next page four times"];
    walk.work.collect(1).says(says);
    walk.work.collect(1).says(says);
    edit_cursor(&walk.work, |cursor| {
        let began = OffsetDateTime::now_utc() - Duration::minutes(31);
        cursor["walk"]["began"] = began.format(&Rfc3339).unwrap().into();
    });
    walk.work.simulator.clear_faults();
    let died = Fault::status(400);
    walk.work.simulator.fault(Route::Endpoints, 1, died);
    walk.work.forget_events();
    walk.work.collect(0);
    walk.assert_all_once();
}

#[test]
fn a_refused_first_page_does_not_count_as_a_refused_key() {
    for code in [400, 404, 410] {
        let walk = Walk::new();
        let fault = Fault::status(code);
        walk.work.simulator.fault(Route::Endpoints, 1, fault);
        let answered = format!("responded with {code}");
        walk.work
            .collect(1)
            .says(&[&answered, "Check the URL", "events 0, rejects 0, retries 0"]);
        assert_eq!(walk.work.cursor().unwrap()["last_seen_cursor"], walk.mark);
        walk.work.collect(0);
        walk.assert_all_once();
    }
}
