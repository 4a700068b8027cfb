//! Incomplete listings, and answers with a wrong `Date`: the mark never passes a device that was not seen.

use serde_json::{Value, json};
use sophos_central_simulator::{Clock, Fault, Fleet, Options, Route, instant};
use time::{Duration, OffsetDateTime};

use crate::support::{QUICK, Workplace};
use crate::walk::{ENDPOINTS, PAGE, Walk};

const CLOCKS_DIFFER: &str = "The clocks differ";

/// Returns a page that says that there is nothing.
fn nothing() -> Fault {
    Fault::json(&json!({"items": [], "pages": {"size": PAGE, "items": 0}}))
}

/// Makes a page say that it is the last one.
fn last() -> Fault {
    Fault::edit(|page| {
        page["pages"].as_object_mut().unwrap().remove("nextKey");
    })
}

fn mark(work: &Workplace) -> Value {
    work.cursor().unwrap()["last_seen_cursor"].clone()
}

#[test]
fn one_answer_without_items_hides_nothing_from_the_next_walk() {
    let walk = Walk::new();
    walk.work.simulator.fault(Route::Endpoints, 1, nothing());
    walk.work.collect(0).says(&["pages 1, events 0"]);
    assert_eq!(mark(&walk.work), walk.mark);
    walk.work.collect(0);
    walk.assert_all_once();
}

#[test]
fn a_first_answer_without_items_hides_nothing_from_the_next_walk() {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
    work.simulator.fault(Route::Endpoints, 1, nothing());
    work.collect(0).says(&["events 0"]);
    assert_eq!(mark(&work), Value::Null);
    work.collect(0).says(&[&format!("events {ENDPOINTS},")]);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));
    work.collect(0).says(&["events 0"]);
}

#[test]
fn the_first_device_of_an_empty_tenant_is_delivered_even_if_it_was_seen_long_ago() {
    let work = Workplace::new(Options::new(Fleet::new(1, 0)));
    for _ in 0..2 {
        work.collect(0).says(&["pages 1, events 0"]);
    }
    let device = json!({
        "id": "00000000-0000-4000-8000-000000000001",
        "hostname": "example-host",
        "lastSeenAt": "2026-01-01T00:00:00.000Z",
    });
    work.simulator.fleet(|fleet| fleet.add(device));
    work.collect(0).says(&["events 1,"]);
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_date_a_month_ahead_hides_no_device_and_is_warned_about_once_per_walk() {
    let work = Workplace::new(Options {
        clock: Clock::Offset(Duration::days(30)),
        ..Options::new(Fleet::new(1, ENDPOINTS))
    });
    work.configure(&format!("page_size = {PAGE}"), QUICK);
    // A device whose clock is ahead moves the mark up to the cap.
    work.simulator.fleet(|fleet| {
        fleet.check_in(0, OffsetDateTime::now_utc() + Duration::days(20));
    });
    let ran = work.collect(0);
    assert_eq!(
        ran.stderr.matches(CLOCKS_DIFFER).count(),
        1,
        "{}",
        ran.stderr
    );

    work.forget_events();
    work.simulator
        .configure(|options| options.clock = Clock::Real);
    let id = work.simulator.fleet(|fleet| {
        fleet.check_in(1, OffsetDateTime::now_utc());
        fleet.id(1)
    });
    let ran = work.collect(0);
    assert_eq!(work.ids(), [id]);
    assert!(!ran.stderr.contains(CLOCKS_DIFFER), "{}", ran.stderr);
}

#[test]
fn a_listing_that_ends_early_is_repeated() {
    let walk = Walk::new();
    walk.fault(last());
    walk.work.collect(0).says(&[
        "WARN",
        "The listing ended after 150 of the 250 endpoints",
        "the next run repeats the same walk",
        "events 150,",
    ]);
    assert_eq!(walk.work.ids(), walk.all()[..3 * PAGE]);
    assert_eq!(mark(&walk.work), walk.mark);

    walk.work.collect(0);
    let deliveries = walk.work.deliveries();
    assert_eq!(deliveries.keys().cloned().collect::<Vec<_>>(), walk.all());
    assert!(deliveries.values().all(|times| *times <= 2));
    walk.assert_done();
}

#[test]
fn a_listing_that_lacks_few_devices_is_not_repeated() {
    let walk = Walk::new();
    walk.work.simulator.before(5, |fleet| {
        for index in 240..250 {
            fleet.remove(index);
        }
    });
    let ran = walk.work.collect(0).says(&["events 240,"]);
    assert!(!ran.stderr.contains("The listing ended"), "{}", ran.stderr);
    assert_ne!(mark(&walk.work), walk.mark);
}

/// With `emit = "changed"`, the repeated walk delivers only what was missing.
#[test]
fn a_full_walk_that_ends_early_is_repeated_in_full() {
    let work = Workplace::new(Options {
        clock: Clock::Fixed(instant("2026-11-20T12:00:00Z")),
        ..Options::new(Fleet::new(1, ENDPOINTS))
    });
    work.configure(&format!("page_size = {PAGE}"), QUICK);
    work.edit_config("rate_limits = []", "rate_limits = []\nemit = \"changed\"");
    for full in [&["collect"][..], &["collect", "--full"]] {
        work.forget_events();
        work.simulator.fault(Route::Endpoints, 2, last());
        work.host(full)
            .expect(0)
            .says(&["ended after 100 of the 250 endpoints", "events 100,"]);
        let all = work.simulator.fleet(|fleet| fleet.ids());
        assert_eq!(work.ids(), all[..2 * PAGE]);
        assert_eq!(mark(&work), Value::Null);

        work.simulator.clear_requests();
        work.collect(0).says(&["pages 5, events 150,"]);
        for request in work.simulator.requests_of(Route::Endpoints) {
            assert_eq!(request.query("lastSeenAfter"), None);
        }
        assert_eq!(work.ids(), all);
        assert_ne!(mark(&work), Value::Null);
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn after_three_listings_that_end_early_the_mark_advances_with_a_warning() {
    let walk = Walk::new();
    let key = walk.third_key.clone();
    walk.work.simulator.fault_when(
        Route::Endpoints,
        move |request| request.query("pageFromKey") == Some(&key),
        last(),
    );
    for _ in 0..2 {
        walk.work.collect(0).says(&["repeats the same walk"]);
        assert_eq!(mark(&walk.work), walk.mark);
    }
    walk.work.collect(0).says(&[
        "WARN",
        "ended after 150 of the 250 endpoints",
        "So did the walks before",
    ]);
    assert_eq!(mark(&walk.work), "2026-11-20T11:00:00.149Z");
    // Devices before the mark come with the next full walk.
    walk.work.simulator.clear_faults();
    walk.work.host(&["collect", "--full"]).expect(0);
    let delivered: Vec<_> = walk.work.deliveries().into_keys().collect();
    assert_eq!(delivered, walk.all());
}

#[test]
fn only_the_first_page_of_a_walk_requests_the_total() {
    let walk = Walk::new();
    walk.work.collect(0);
    let requests = walk.work.simulator.requests_of(Route::Endpoints);
    let totals: Vec<_> = requests
        .iter()
        .map(|request| request.query("pageTotal"))
        .collect();
    assert_eq!(totals, [Some("true"), None, None, None, None]);
}
