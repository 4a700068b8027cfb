//! Replicas whose clocks differ.
#![allow(clippy::panic, clippy::indexing_slicing)]

use cluster_tests::place::{Needs, Place};
use cluster_tests::replica::Replica;
use fastrand::Rng;

/// The library of Debian's package `libfaketime`, for the architecture of this machine.
const LIBRARY: &str = "/usr/$LIB/faketime/libfaketime.so.1";

#[test]
fn replicas_whose_clocks_differ_by_a_minute_repeat_nothing_and_work_on_no_account_together() {
    let mut place = Place::new(Needs {
        replicas: 2,
        ..Needs::default()
    });
    place.replicas[1].variables.extend([
        ("LD_PRELOAD", LIBRARY.to_owned()),
        ("FAKETIME", "+60s".to_owned()),
        // Only the time of day differs.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]);
    place.start_replica(0);
    place.start_replica(1);
    let mut rng = Rng::with_seed(1);
    for _ in 0..4 {
        place.wait_until_all_arrived();
        for account in &mut place.accounts {
            account.check_in(&mut rng);
        }
    }
    place.wait_until_all_arrived();
    for account in &place.accounts {
        assert_eq!(place.arrivals.repeats(&account.name), 0, "{}", account.name);
        assert_eq!(account.late_requests(), 0, "{}", account.name);
    }
    let mut names: Vec<_> = place
        .arrivals
        .deliveries
        .iter()
        .map(|one| one.replica.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["replica-1", "replica-2"], "both have delivered");
    place.replicas.iter_mut().for_each(Replica::assert_runs);
    assert_clocks_differ(&place);
}

/// The logs begin with the time of day.
fn assert_clocks_differ(place: &Place) {
    let begin = |index: usize| {
        let log = place.replicas[index].log();
        let text = log.split_whitespace().next().unwrap_or_default().to_owned();
        time::OffsetDateTime::parse(&text, &time::format_description::well_known::Rfc3339)
            .unwrap_or_else(|_| panic!("no time in {log}"))
    };
    let difference = (begin(1) - begin(0)).whole_seconds();
    assert!(
        difference >= 55,
        "libfaketime has no effect: {difference} s"
    );
}
