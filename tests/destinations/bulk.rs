//! `format = "elasticsearch-bulk"`: what the bulk API receives, and what follows from each item of its answers.

use std::collections::BTreeSet;

use serde_json::Value;
use sophos_central_simulator::intake::{Failure, Intake, Options, Route, Takes};
use sophos_central_simulator::{DEFAULT_TENANT, Fault, Fleet, Options as Sophos};

use crate::place::{IMPATIENT, Kind, PATIENT, Place, rejects};
use crate::support::Workplace;

/// The type of error of a field that does not fit the mapping of its index.
const PARSING: &str = "document_parsing_exception";

fn place(config: &str, more: &str) -> (Workplace, Intake, Vec<String>) {
    let intake = Intake::start(Options::new());
    let work = Workplace::new(Sophos::new(Fleet::new(1, 600)));
    work.configure(config, PATIENT);
    work.deliver(&format!("{}\n{more}", Kind::Bulk.keys(intake.url())));
    let all = work.simulator.fleet(|fleet| fleet.ids());
    (work, intake, all)
}

/// Returns whether an event is of one of these devices.
fn of_any(ids: Vec<String>) -> impl Fn(&Value) -> bool + Send + Sync + 'static {
    move |event| ids.iter().any(|id| event["device"]["uid"] == **id)
}

/// Returns the ids of the documents.
fn documents(intake: &Intake) -> Vec<String> {
    intake.documents().into_keys().collect()
}

#[test]
fn an_index_holds_the_last_event_of_each_device() {
    let (work, intake, all) = place("", "");
    work.collect(0).says(&["events 600, rejects 0"]);
    assert_eq!(documents(&intake), all);
    for delivery in intake.requests() {
        let request = &delivery.request;
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/devices/_bulk")
        );
        assert_eq!(request.header("content-type"), Some("application/x-ndjson"));
        assert!(delivery.actions.iter().all(|one| one.kind == "index"));
    }
    work.host(&["collect", "--full"]).expect(0);
    assert_eq!(intake.events().len(), 1200);
    assert_eq!(documents(&intake), all);
}

#[test]
fn a_tenant_may_have_an_index_of_its_own() {
    let (work, intake, all) = place("", "");
    work.edit_config("devices/_bulk", "devices-{source}/_bulk");
    work.collect(0);
    assert_eq!(documents(&intake), all);
    for delivery in intake.requests() {
        assert_eq!(
            delivery.request.path,
            format!("/devices-{DEFAULT_TENANT}/_bulk")
        );
    }
}

#[test]
fn in_ocsf_an_index_holds_every_event_once() {
    let (work, intake, _) = place("dialect = \"ocsf\"", "");
    work.collect(0).says(&["events 600, rejects 0"]);
    let uids: BTreeSet<_> = intake
        .events()
        .iter()
        .map(|event| event["metadata"]["uid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(uids.len(), 600);
    assert_eq!(documents(&intake), uids.into_iter().collect::<Vec<_>>());
}

#[test]
fn without_its_id_an_event_of_ocsf_is_that_of_its_device() {
    let (work, intake, all) = place("dialect = \"ocsf\"\nomit = [\"metadata.uid\"]", "");
    work.collect(0);
    assert_eq!(documents(&intake), all);
}

#[test]
fn a_batch_whose_answer_is_lost_is_there_once() {
    for (config, format) in [
        ("", "elasticsearch-bulk"),
        ("", "elasticsearch-bulk-create"),
        ("dialect = \"ocsf\"", "elasticsearch-bulk"),
        ("dialect = \"ocsf\"", "elasticsearch-bulk-create"),
    ] {
        let (work, intake, all) = place(config, "batch_bytes = 10000000");
        work.edit_config("\"elasticsearch-bulk\"", &format!("{format:?}"));
        let lost = Failure::of(Fault::Close).takes(Takes::All);
        intake.fault(Route::Bulk, 1, lost);
        work.collect(0)
            .says(&["events 600, rejects 0", "retries 1"]);
        let devices: BTreeSet<_> = intake
            .documents()
            .into_values()
            .map(|event| event["device"]["uid"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(devices.into_iter().collect::<Vec<_>>(), all, "{format}");
        assert_eq!(intake.documents().len(), 600, "{format}");
        let kind = match format {
            "elasticsearch-bulk" => "index",
            _ => "create",
        };
        let requests = intake.requests();
        assert_eq!(requests.len(), 3);
        for delivery in &requests {
            assert!(delivery.actions.iter().all(|one| one.kind == kind));
        }
        // What the first request has added is not added again.
        let added = if kind == "create" { 600 } else { 1100 };
        assert_eq!(intake.events().len(), added, "{format}");
    }
}

#[test]
fn events_that_the_index_refuses_are_rejects_and_cost_no_further_request() {
    let (work, intake, all) = place("", "");
    let bad: Vec<_> = [0, 333, 334]
        .iter()
        .map(|index| all[*index].clone())
        .collect();
    intake.item_when(of_any(bad.clone()), u64::MAX, 400, PARSING);
    let ran = work.collect(1).says(&["events 597, rejects 3", PARSING]);
    assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    let good: Vec<_> = all.iter().filter(|id| !bad.contains(id)).cloned().collect();
    assert_eq!(intake.ids(), good);
    assert_eq!(intake.requests().len(), 2);
    let rejects = rejects(&work);
    let ids: Vec<_> = rejects
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, bad);
    for reject in &rejects {
        assert_eq!(reject["reason"], format!("400 Bad Request ({PARSING})"));
    }
    intake.clear();
    work.collect(0).says(&["events 0"]);
    assert!(intake.requests().is_empty());
}

#[test]
fn only_the_events_that_a_full_queue_lets_out_are_sent_again() {
    for status in [429, 503] {
        let (work, intake, all) = place("", "");
        let late = all[100..140].to_vec();
        let later = all[139..140].to_vec();
        intake.item_when(
            of_any(late.clone()),
            40,
            status,
            "es_rejected_execution_exception",
        );
        intake.item_when(
            of_any(later.clone()),
            1,
            status,
            "es_rejected_execution_exception",
        );
        intake.item_when(of_any(all[120..121].to_vec()), u64::MAX, 400, PARSING);
        work.collect(1)
            .says(&["events 599, rejects 1", "retries 2", "for 40 of 500 events"]);
        let requests = intake.requests();
        let sent: Vec<_> = requests.iter().map(|one| one.ids().len()).collect();
        assert_eq!(sent, [500, 40, 1, 100]);
        assert_eq!(requests[1].ids(), late);
        assert_eq!(requests[2].ids(), later);
        let mut good = all.clone();
        good.remove(120);
        assert_eq!(intake.ids(), good, "each is taken, once");
    }
}

#[test]
fn a_queue_that_stays_full_for_one_event_fails_the_page() {
    let place = Place::new(Kind::Bulk, "", IMPATIENT);
    let one = place.all[120..121].to_vec();
    place.intake.item_when(
        of_any(one),
        u64::MAX,
        429,
        "es_rejected_execution_exception",
    );
    place.fails(&[
        "429 Too Many Requests (es_rejected_execution_exception)",
        "for 1 of 50 events",
        "trying again did not help",
    ]);
    place.intake.clear_items();
    place.goes_on();
}

#[test]
fn an_index_that_may_not_be_written_to_fails_the_page_and_makes_no_reject() {
    for (status, error, remedy) in [
        (403, "security_exception", "may write there"),
        (404, "index_not_found_exception", "right address"),
        (409, "version_conflict_engine_exception", "set `format`"),
    ] {
        let place = Place::new(Kind::Bulk, "", PATIENT);
        let third = place.all[100..150].to_vec();
        place
            .intake
            .item_when(of_any(third), u64::MAX, status, error);
        place.fails(&[&format!("{status} "), error, remedy]);
        assert!(rejects(&place.work).is_empty());
        place.intake.clear_items();
        place.goes_on();
    }
}

#[test]
fn a_mapping_that_fits_no_event_makes_no_rejects() {
    // All of them, or all but those that have made the mapping.
    for (first, says) in [(0, "refused 20 events"), (7, "refused 493 events")] {
        let (work, intake, all) = place("", "");
        intake.item_when(of_any(all[first..].to_vec()), u64::MAX, 400, PARSING);
        work.collect(1).says(&[says, PARSING, "--accept-rejects"]);
        assert!(rejects(&work).is_empty());
        intake.clear_items();
        work.collect(0).says(&["events 600"]);
        assert_eq!(documents(&intake), all);
    }
}

#[test]
fn a_type_of_error_that_repeats_an_event_is_not_kept() {
    let (work, intake, all) = place("", "");
    let hostname = work
        .simulator
        .fleet(|fleet| fleet.record(7)["hostname"].clone());
    let hostname = hostname.as_str().unwrap();
    intake.item_when(of_any(vec![all[7].clone()]), u64::MAX, 400, hostname);
    let ran = work.collect(1).says(&["400 Bad Request"]);
    assert!(!ran.stderr.contains(hostname), "{}", ran.stderr);
    assert_eq!(rejects(&work)[0]["reason"], "400 Bad Request");
}
