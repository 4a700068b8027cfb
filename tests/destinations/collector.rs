//! `format = "splunk-hec"`: what Splunk's collector receives, and what follows from its codes.

use serde_json::{Value, json};
use sophos_central_simulator::intake::{API_KEY, Failure, Intake, Options, Route};
use sophos_central_simulator::{Fleet, Options as Sophos};

use crate::place::{Kind, PATIENT, Place, rejects};
use crate::support::Workplace;

fn place(config: &str) -> (Workplace, Intake, Vec<String>) {
    let intake = Intake::start(Options::new());
    let work = Workplace::new(Sophos::new(Fleet::new(1, 600)));
    work.configure(config, PATIENT);
    work.deliver(&Kind::Collector.keys(intake.url()));
    let all = work.simulator.fleet(|fleet| fleet.ids());
    (work, intake, all)
}

#[test]
fn each_event_has_its_time_in_seconds_in_either_dialect() {
    for (config, a_second) in [("", 1.0), ("dialect = \"ocsf\"", 1000.0)] {
        let (work, intake, all) = place(config);
        work.collect(0).says(&["events 600, rejects 0"]);
        assert_eq!(intake.ids(), all);
        for delivery in intake.requests() {
            let request = &delivery.request;
            assert_eq!(request.path, "/services/collector/event");
            assert_eq!(request.header("content-type"), Some("application/json"));
            assert_eq!(
                request.header("authorization"),
                Some(format!("Splunk {API_KEY}").as_str())
            );
            for envelope in serde_json::Deserializer::from_slice(&request.body).into_iter() {
                let envelope: Value = envelope.unwrap();
                let time = envelope["time"].as_f64().unwrap();
                let expected = envelope["event"]["time"].as_f64().unwrap() / a_second;
                assert!((time - expected).abs() < 0.000_5, "{time} {expected}");
                assert!((1e9..1e10).contains(&time), "{time}");
            }
        }
    }
}

#[test]
fn an_invalid_event_is_a_reject_and_all_others_are_taken_once() {
    for bad in [&[0][..], &[333, 334], &[7, 499]] {
        let (work, intake, all) = place("");
        let ids: Vec<_> = bad.iter().map(|index| all[*index].clone()).collect();
        let refused = ids.clone();
        intake.item_when(
            move |event| refused.iter().any(|id| event["device"]["uid"] == **id),
            u64::MAX,
            400,
            "invalid",
        );
        work.collect(1).says(&["400 Bad Request (6)"]);
        let good: Vec<_> = all.iter().filter(|id| !ids.contains(id)).cloned().collect();
        assert_eq!(
            intake.ids(),
            good,
            "no event before the invalid one is sent again"
        );
        let rejects = rejects(&work);
        let rejected: Vec<_> = rejects
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(rejected, ids);
        assert_eq!(rejects[0]["reason"], "400 Bad Request (6)");
        // What follows the invalid event is sent once more.
        assert_eq!(
            intake.requests().len(),
            2 + bad.iter().filter(|bad| **bad != 499).count()
        );
        intake.clear();
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn a_token_that_splunk_does_not_know_fails_the_source_with_the_remedy() {
    let (work, intake, all) = place("");
    intake.configure(|options| options.api_key = "another token".to_owned());
    let ran = work
        .collect(1)
        .says(&["403 Forbidden (4)", "prefix = \"Splunk \""]);
    assert!(!ran.stderr.contains(API_KEY));
    assert_eq!(intake.requests().len(), 1);
    intake.configure(|options| *options = Options::new());
    work.edit_config("prefix = \"Splunk \"", "prefix = \"Bearer \"");
    work.collect(1)
        .says(&["401 Unauthorized (3)", "prefix = \"Splunk \""]);
    work.edit_config("prefix = \"Bearer \"", "prefix = \"Splunk \"");
    work.collect(0);
    assert_eq!(intake.ids(), all);
}

#[test]
fn a_code_that_only_the_operator_can_change_fails_the_page_with_the_remedy() {
    for (status, code, text, remedy) in [
        (403, 1, "Token disabled", "enabled"),
        (400, 7, "Incorrect index", "write to the index"),
        (
            400,
            10,
            "Data channel is missing",
            "turn off indexer acknowledgment",
        ),
        (
            400,
            11,
            "Invalid data channel",
            "turn off indexer acknowledgment",
        ),
        (
            400,
            14,
            "ACK is disabled",
            "turn off indexer acknowledgment",
        ),
    ] {
        let place = Place::new(Kind::Collector, "", PATIENT);
        let body = json!({"text": text, "code": code, "invalid-event-number": 1});
        place.fault_always(Failure::answer(status, &body));
        place.fails(&[&format!("({code})"), remedy]);
        assert_eq!(place.intake.requests_of(Route::Collector).len(), 3);
        assert!(rejects(&place.work).is_empty());
        place.goes_on();
    }
}
