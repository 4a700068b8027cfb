//! `collect` without `--every`, as one replica among others.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cluster_tests::place::{Needs, Place};

/// One server, one account, and one process that collects it once.
fn once() -> Needs {
    Needs {
        servers: 1,
        replicas: 1,
        flags: &[],
        accounts: 1,
        ..Needs::default()
    }
}

#[track_caller]
fn assert_all_arrived(place: &mut Place) {
    place.arrivals.receive();
    assert_eq!(place.arrivals.missing(&place.accounts[0]), 0);
}

#[test]
fn a_command_that_takes_the_account_over_delays_a_run_and_does_not_end_it() {
    let mut place = Place::new(once());
    place.accounts[0].hold(3);
    place.start_replica(0);
    place.accounts[0].wait_until_held();
    let operator = place.replica("operator", &place.servers.urls());
    let approved = operator.run(&["approve"]);
    assert!(approved.status.success(), "{approved:?}");
    place.accounts[0].release();
    assert_eq!(place.replicas[0].end(), Some(0));
    let log = place.replicas[0].log();
    assert!(log.contains("was taken over"), "{log}");
    assert_all_arrived(&mut place);
}

#[test]
fn a_run_of_an_account_that_is_not_in_order_ends_each_time() {
    let mut place = Place::new(once());
    let right = place.replicas[0].variables.len();
    let short = ("TEST_CLIENT_SECRET", "short".to_owned());
    place.replicas[0].variables.push(short);
    for _ in 0..2 {
        place.start_replica(0);
        assert_eq!(place.replicas[0].end(), Some(2));
    }
    place.replicas[0].variables.truncate(right);
    place.start_replica(0);
    assert_eq!(place.replicas[0].end(), Some(0));
    assert_all_arrived(&mut place);
}
