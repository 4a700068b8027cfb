//! A destination that is down, slow, breaks off, or does not speak HTTP.

use sophos_central_simulator::intake::{Failure, Intake, Options, Takes};
use sophos_central_simulator::{DeadAddress, Fault};

use crate::place::{HASTY, IMPATIENT, Kind, Place, given_up, weathered};

/// Asserts that nothing reaches a destination at this address, and nothing is lost.
#[track_caller]
fn down(kind: Kind, tables: &str, url: &str) {
    let place = Place::new(kind, "", tables);
    let intake = place.intake.url();
    let before = place.work.cursor();
    place.work.edit_config(intake, url);
    let host = url.split_once("//").unwrap().1;
    place.collect(1).says(&[host]);
    assert_eq!(place.work.cursor(), before);
    assert!(place.intake.requests().is_empty());
    place.work.edit_config(url, intake);
    place.weathers();
}

#[test]
fn a_destination_that_refuses_connections_is_retried_and_reported() {
    for kind in Kind::ALL {
        down(kind, IMPATIENT, DeadAddress::refusing().url());
    }
}

#[test]
fn a_destination_that_does_not_react() {
    for kind in Kind::ALL {
        down(kind, HASTY, DeadAddress::silent().url());
    }
}

#[test]
fn a_destination_whose_certificate_nobody_has_signed() {
    let stranger = Intake::start(Options {
        https: true,
        ..Options::new()
    });
    for kind in Kind::ALL {
        down(kind, IMPATIENT, stranger.url());
    }
    assert!(stranger.requests().is_empty());
}

#[test]
fn a_connection_that_ends_before_the_answer_is_retried() {
    for fault in [Fault::Close, Fault::Reset] {
        weathered(&Failure::of(fault.clone()));
        given_up(IMPATIENT, &Failure::of(fault), &[]);
    }
}

#[test]
fn a_connection_that_ends_in_the_answer_is_retried() {
    // The events are accepted, but the host cannot know.
    given_up(IMPATIENT, &Failure::of(Fault::Truncate), &[]);
    weathered(&Failure::of(Fault::Truncate).takes(Takes::Nothing));
}

#[test]
fn a_lost_answer_repeats_at_most_one_page() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", crate::place::PATIENT);
        place.fault(Failure::of(Fault::Close).takes(Takes::All));
        place.collect(0);
        let deliveries = place.intake.deliveries();
        assert_eq!(deliveries.keys().cloned().collect::<Vec<_>>(), place.all);
        let twice: Vec<_> = deliveries
            .iter()
            .filter(|(_, times)| **times == 2)
            .map(|(id, _)| id.clone())
            .collect();
        assert_eq!(
            twice,
            place.all[2 * crate::place::PAGE..3 * crate::place::PAGE]
        );
        place.assert_done();
    }
}

#[test]
fn a_response_that_is_late_or_stalls_is_given_up() {
    for fault in [Fault::Stall, Fault::StallInBody] {
        // Accepted or not, it is not confirmed.
        for takes in [Takes::All, Takes::Nothing] {
            given_up(HASTY, &Failure::of(fault.clone()).takes(takes), &[]);
        }
    }
}

#[test]
fn a_response_that_is_not_http_is_given_up() {
    for bytes in [
        &b"SSH-2.0-example\r\n"[..],
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-le",
    ] {
        given_up(IMPATIENT, &Failure::of(Fault::Wire(bytes.to_vec())), &[]);
    }
}
