//! How long a destination can make a run wait, and that a waiting run can be stopped.

use rustix::process::Signal;
use sophos_central_simulator::intake::Failure;

use crate::place::{IMPATIENT, Kind, PAGE, PATIENT, Place, weathered};
use crate::support::running::Running;

/// Asserts that the run says how long it waits, ends at once when asked to stop, and loses and repeats nothing.
fn waits(failure: Failure, words: &str) {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", PATIENT);
        place.fault(failure.clone());
        let mut running = Running::start(&place.work, &["collect"]);
        running.wait_for(words);
        running.signal(Signal::TERM);
        let (code, log) = running.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("stopped before the end"), "{log}");
        assert_eq!(place.intake.ids(), place.all[..2 * PAGE]);
        place.weathers();
    }
}

#[test]
fn a_rate_limit_of_a_destination_is_waited_for_as_long_as_it_says() {
    waits(Failure::retry_after(429, "600"), "trying again in 600.0 s");
}

#[test]
fn a_rate_limit_without_a_valid_time_is_waited_for_a_minute() {
    waits(Failure::status(429), "trying again in 60.0 s");
    waits(Failure::retry_after(429, "soon"), "trying again in 60.0 s");
}

#[test]
fn a_rate_limit_is_waited_for_at_most_an_hour() {
    waits(
        Failure::retry_after(429, "86400"),
        "trying again in 3600.0 s",
    );
    let far = "Tue, 01 Jan 2999 00:00:00 GMT";
    waits(Failure::retry_after(429, far), "trying again in 3600.0 s");
}

#[test]
fn a_rate_limit_that_is_over_is_not_waited_for() {
    weathered(&Failure::retry_after(429, "0"));
    weathered(&Failure::retry_after(429, "Thu, 20 Nov 2025 12:00:00 GMT"));
}

#[test]
fn a_wait_for_a_rate_limit_does_not_count_towards_the_total() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", IMPATIENT);
        place.fault(Failure::retry_after(429, "1"));
        place
            .weathers()
            .says(&["retries 1", "trying again in 1.0 s"]);
    }
}
