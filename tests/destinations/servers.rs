//! What the formats of Elasticsearch, OpenSearch and Splunk have in common: the second walk of a fleet meets a fault.

use serde_json::json;
use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Takes};

use crate::place::{IMPATIENT, Kind, PATIENT, Place};

#[test]
fn a_server_that_is_busy_or_answers_nothing_is_asked_again() {
    for kind in Kind::SERVERS {
        for failure in [
            Failure::status(503),
            Failure::retry_after(429, "0"),
            Failure::answer(503, &json!({"text": "Server is busy", "code": 9})),
            Failure::of(Fault::Reset),
        ] {
            let place = Place::new(kind, "", PATIENT);
            place.fault(failure);
            place.weathers().says(&["retries 1"]);
        }
    }
}

#[test]
fn a_server_that_stays_busy_fails_the_source_and_the_next_run_goes_on() {
    for kind in Kind::SERVERS {
        for code in [429, 503] {
            let place = Place::new(kind, "", IMPATIENT);
            place.fault_always(match code {
                429 => Failure::retry_after(429, "0"),
                _ => Failure::status(code),
            });
            place.fails(&[&code.to_string(), "trying again did not help"]);
            place.goes_on();
        }
    }
}

#[test]
fn a_success_of_another_form_confirms_nothing() {
    for kind in Kind::SERVERS {
        for failure in [
            Failure::answer(200, &json!({})),
            Failure::answer(200, &json!({"errors": false, "items": []})),
            Failure::answer(200, &json!({"accepted": 50})).takes(Takes::Half),
            Failure::answer(200, &json!({"text": "HEC is healthy", "code": 17})),
            Failure::of(Fault::html()),
            Failure::of(Fault::garbage()),
            Failure::status(204),
        ] {
            let place = Place::new(kind, "", IMPATIENT);
            place.fault_always(failure);
            place.fails(&[", but its "]);
            place.goes_on();
        }
    }
}

#[test]
fn bodies_of_servers_are_compressed_and_within_their_limit() {
    const BYTES: usize = 20_000;
    for kind in Kind::SERVERS {
        let more = format!("gzip = true\nbatch_bytes = {BYTES}");
        let place = Place::new(kind, &more, PATIENT);
        place.weathers();
        let requests = place.intake.requests();
        for delivery in &requests {
            let request = &delivery.request;
            assert_eq!(request.header("content-encoding"), Some("gzip"));
            assert!(delivery.sent_bytes < request.body.len() / 2);
            assert!(request.body.len() <= BYTES, "{}", request.body.len());
        }
        let total: usize = requests.iter().map(|one| one.request.body.len()).sum();
        assert!(requests.len() <= 5 + total / (BYTES - 3_000));
    }
}
