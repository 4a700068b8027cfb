//! `emit = "changed"`: a device is delivered when more than a heartbeat has changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use serde_json::Value;
use sophos_central_simulator::intake::{self, Failure, Intake};
use sophos_central_simulator::{Fleet, Options};
use support::Workplace;
use time::OffsetDateTime;

const ENDPOINTS: u64 = 1_000;
const CHANGED: u64 = 30;

fn workplace() -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
    emit(&work, "", "changed");
    work
}

fn emit(work: &Workplace, from: &str, to: &str) {
    let line = |emit: &str| match emit {
        "" => "rate_limits = []\n".to_owned(),
        emit => format!("rate_limits = []\nemit = \"{emit}\"\n"),
    };
    work.edit_config(&line(from), &line(to));
}

/// Lets every device check in, renames three in a hundred, and returns the ids of those.
fn check_in(work: &Workplace, name: &str) -> Vec<String> {
    let now = OffsetDateTime::now_utc();
    let mut changed: Vec<_> = work.simulator.fleet(|fleet| {
        for index in 0..ENDPOINTS {
            fleet.check_in(index, now);
        }
        let changed = (0..ENDPOINTS).step_by((ENDPOINTS / CHANGED) as usize + 1);
        changed
            .take(CHANGED as usize)
            .map(|index| {
                fleet.edit(index, |record| {
                    record["hostname"] = format!("{name}-{index}").into()
                });
                fleet.id(index)
            })
            .collect()
    });
    changed.sort();
    changed
}

#[test]
fn only_changed_devices_are_sent_if_every_device_checks_in() {
    let work = workplace();
    work.collect(0).says(&["events 1000"]);
    for name in ["first", "second"] {
        work.forget_events();
        let changed = check_in(&work, name);
        work.collect(0).says(&["events 30", "unchanged 970"]);
        assert_eq!(work.ids(), changed);
    }
    // Nothing has checked in, so no fingerprint is read.
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_failed_delivery_is_sent_again() {
    let work = workplace();
    work.collect(0);
    work.forget_events();
    let changed = check_in(&work, "new");
    // A full disk, under the same path.
    std::fs::remove_file(work.path("events.ndjson")).unwrap();
    std::os::unix::fs::symlink("/dev/full", work.path("events.ndjson")).unwrap();
    work.collect(1).says(&["no room to write"]);
    std::fs::remove_file(work.path("events.ndjson")).unwrap();
    work.collect(0).says(&["unchanged 970"]);
    assert_eq!(work.ids(), changed);
    work.forget_events();
    work.collect(0);
    assert_eq!(work.ids(), [""; 0]);
}

#[test]
fn a_full_walk_and_a_range_send_everything() {
    let work = workplace();
    work.collect(0);
    // A range finds every device that was ever seen.
    let seen = |fleet: &mut Fleet| {
        (0..ENDPOINTS)
            .filter(|index| fleet.last_seen(*index).is_some())
            .count()
    };
    let seen = work.simulator.fleet(seen);
    for (args, found) in [
        (&["collect", "--full"][..], ENDPOINTS as usize),
        (&["collect", "--since", "2000-01-01T00:00:00Z"], seen),
    ] {
        work.forget_events();
        work.host(args).expect(0);
        assert_eq!(work.ids().len(), found);
    }
    work.forget_events();
    let changed = check_in(&work, "after");
    work.collect(0);
    assert_eq!(work.ids(), changed);
}

#[test]
fn a_dry_run_reports_what_it_would_send_and_stores_nothing() {
    let work = workplace();
    work.collect(0);
    work.forget_events();
    let changed = check_in(&work, "dry");
    work.host(&["collect", "--dry-run"])
        .expect(0)
        .says(&["events 30", "unchanged 970"]);
    assert_eq!(work.ids(), [""; 0]);
    work.collect(0);
    assert_eq!(work.ids(), changed);
}

#[test]
fn a_device_that_changes_during_a_full_run_is_sent_again() {
    let work = workplace();
    let original = work.simulator.fleet(|fleet| fleet.record(0));
    work.collect(0);
    emit(&work, "changed", "seen");
    check_in(&work, "other");
    work.forget_events();
    work.collect(0).says(&["events 1000"]);
    emit(&work, "seen", "changed");
    // The device is as it was when its fingerprint was last stored; the receiver has another state.
    work.simulator.fleet(|fleet| {
        fleet.edit(0, |record| {
            record["hostname"] = original["hostname"].clone()
        });
        fleet.check_in(0, OffsetDateTime::now_utc());
    });
    work.forget_events();
    work.collect(0);
    assert_eq!(work.ids(), [work.simulator.fleet(|fleet| fleet.id(0))]);
}

#[test]
fn events_that_arrive_in_a_failed_delivery_do_not_count_as_confirmed() {
    let work = Workplace::new(Options::new(Fleet::new(1, 40)));
    emit(&work, "", "changed");
    let intake = Intake::start(intake::Options::default());
    let url = intake.url().to_owned();
    work.deliver(&format!(
        "to = \"http\"\nurl = \"{url}/in\"\nbatch_events = 10"
    ));
    work.collect(0);
    let (first, last) = work.simulator.fleet(|fleet| (fleet.id(0), fleet.id(39)));
    let good = work
        .simulator
        .fleet(|fleet| fleet.record(0)["hostname"].clone());

    // The device changes for a while. This arrives, and then the delivery of its page fails.
    rename(&work, 0, "another".into());
    rename(&work, 39, "last".into());
    let refused = last.clone();
    intake.fault_when(
        intake::Route::Plain,
        move |delivery| delivery.holds(&refused),
        Failure::status(403),
    );
    work.edit_config("batch_events = 10", "batch_events = 1");
    intake.clear();
    work.collect(1);
    assert_eq!(intake.deliveries().get(&first), Some(&1));

    rename(&work, 0, good);
    intake.clear_faults();
    intake.clear();
    work.collect(0);
    let mut both = vec![first, last];
    both.sort();
    assert_eq!(intake.ids(), both);
}

fn rename(work: &Workplace, index: u64, name: Value) {
    work.simulator.fleet(|fleet| {
        fleet.edit(index, |record| record["hostname"] = name);
        fleet.check_in(index, OffsetDateTime::now_utc());
    });
}

#[test]
fn another_destination_gets_every_device_that_is_seen() {
    let work = workplace();
    work.collect(0);
    work.edit_config("path = \"events.ndjson\"", "path = \"other.ndjson\"");
    let changed = check_in(&work, "new");
    assert_eq!(changed.len() as u64, CHANGED);
    work.collect(0)
        .says(&["another destination than in the last run", "events 1000"]);
    check_in(&work, "newer");
    work.collect(0).says(&["events 30", "unchanged 970"]);
}

#[test]
fn refused_devices_do_not_block_the_others() {
    let work = Workplace::new(Options::new(Fleet::new(1, 40)));
    emit(&work, "", "changed");
    let intake = Intake::start(intake::Options::default());
    work.deliver(&format!("to = \"http\"\nurl = \"{}/in\"", intake.url()));
    let ids = work.simulator.fleet(|fleet| fleet.ids());
    let refused = ids[..15].to_vec();
    intake.fault_when(
        intake::Route::Plain,
        move |delivery| refused.iter().any(|id| delivery.holds(id)),
        Failure::status(422),
    );
    work.collect(1).says(&["events 25", "rejects 15"]);
    // Everything checks in and nothing has changed: what was refused is not sent again.
    for _ in 0..2 {
        work.simulator.fleet(|fleet| {
            for index in 0..40 {
                fleet.check_in(index, OffsetDateTime::now_utc());
            }
        });
        work.collect(0).says(&["events 0", "unchanged 40"]);
    }
    // One of them changes now and is sent. The destination accepts another device, which shows that it works.
    rename(&work, 0, "mended".into());
    rename(&work, 39, "taken".into());
    work.collect(1).says(&["events 1", "rejects 1"]);
}
