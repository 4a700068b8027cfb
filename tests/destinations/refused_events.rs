//! Events that a destination refuses: only they are rejected, with its error code, and they block nothing; a
//! destination that breaks makes no rejects.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sophos_central_simulator::intake::{Delivery, Failure, Intake, Options, Route, TaskStatus};
use sophos_central_simulator::{Fleet, Options as Sophos};

use crate::place::{ENDPOINTS, IMPATIENT, Kind, PATIENT, Place, rejects};
use crate::support::Workplace;

const CODE: &str = "invalid_event";

/// Texts that no log and no reject repeats.
const WORDS: &str = "the hostname is reserved";

/// The places of the bad events among 600: the first of all, and two in one batch.
const BAD: [usize; 3] = [0, 333, 334];

/// Returns 600 endpoints, none delivered yet, in batches of 100.
fn place(kind: Kind) -> (Workplace, Intake, Vec<String>) {
    let intake = Intake::start(Options::new());
    let work = Workplace::new(Sophos::new(Fleet::new(1, 600)));
    work.configure("", PATIENT);
    let batch = match kind {
        Kind::Sekoia => "batch = 100",
        _ => "batch_events = 100",
    };
    work.deliver(&format!("{}\n{batch}", kind.keys(intake.url())));
    let all = work.simulator.fleet(|fleet| fleet.ids());
    (work, intake, all)
}

/// Returns whether a delivery contains one of these.
fn any_of(ids: Vec<String>) -> impl Fn(&Delivery) -> bool + Send + Sync + 'static {
    move |delivery| {
        delivery
            .ids()
            .iter()
            .any(|id| ids.iter().any(|bad| bad == id))
    }
}

/// Runs with these three refused in some way: exactly they are rejected, all others are delivered once,
/// and the page is confirmed.
#[track_caller]
fn three_of_600(kind: Kind, refuse: impl FnOnce(&Intake, Vec<String>), reason: &str) {
    let (work, intake, all) = place(kind);
    let bad: Vec<_> = BAD.iter().map(|index| all[*index].clone()).collect();
    refuse(&intake, bad.clone());
    let ran = work.collect(1).says(&["events 597, rejects 3", reason]);
    assert!(!ran.stderr.contains(WORDS), "{}", ran.stderr);
    let good: Vec<_> = all.iter().filter(|id| !bad.contains(id)).cloned().collect();
    assert_eq!(intake.ids(), good);
    let rejects = rejects(&work);
    let ids: Vec<_> = rejects
        .iter()
        .map(|reject| reject["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, bad);
    for reject in &rejects {
        assert!(
            reject["reason"].as_str().unwrap().contains(reason),
            "{reject}"
        );
        assert!(!reject.to_string().contains(WORDS), "{reject}");
        assert_eq!(
            reject["source"],
            sophos_central_simulator::DEFAULT_TENANT,
            "{reject}"
        );
        let text = reject.to_string();
        assert!(
            !text.contains("hostname\":") && !text.contains("user"),
            "personal data: {text}"
        );
    }
    // A batch of 100 is bisected at most seven times for each of them, with two requests each time.
    let requests = intake.requests_of(kind.route()).len();
    assert!(requests <= 6 + BAD.len() * 14, "{requests} requests");

    intake.clear();
    work.collect(0).says(&["events 0"]);
    assert!(intake.requests().is_empty());
}

#[test]
fn three_bad_events_among_600_are_rejected_and_no_others() {
    for status in [400, 413, 422] {
        for kind in Kind::ALL {
            three_of_600(
                kind,
                |intake, bad| {
                    let failure = Failure::refusal(status, CODE, WORDS);
                    intake.fault_when(kind.route(), any_of(bad), failure);
                },
                CODE,
            );
        }
    }
}

#[test]
fn a_batch_of_a_failed_task_is_bisected_down_to_the_bad_events() {
    for (end, reason) in [
        (TaskStatus::Failed(WORDS.to_owned()), "FAILED"),
        (TaskStatus::Other("CANCELLED".to_owned()), "CANCELLED"),
    ] {
        three_of_600(
            Kind::Sekoia,
            |intake, bad| intake.task_when(any_of(bad), vec![TaskStatus::Running, end]),
            reason,
        );
    }
}

#[test]
fn a_batch_that_is_too_large_is_bisected_until_it_fits() {
    for kind in Kind::ALL {
        let (work, intake, all) = place(kind);
        intake.fault_when(
            kind.route(),
            |delivery| delivery.request.body.len() > 20_000,
            Failure::status(413),
        );
        work.collect(0).says(&["events 600, rejects 0"]);
        assert_eq!(intake.ids(), all);
    }
}

#[test]
fn words_of_a_destination_and_codes_that_it_was_sent_are_in_no_log_and_no_reject() {
    let (work, intake, all) = place(Kind::Http);
    let hostname = work
        .simulator
        .fleet(|fleet| fleet.record(7)["hostname"].clone());
    let hostname = hostname.as_str().unwrap();
    let words = format!("\u{1b}[31m{WORDS}: {hostname}\n{}", "x".repeat(1 << 15));
    for code in [hostname, "\u{1b}[31m"] {
        intake.clear_faults();
        intake.fault_when(
            Route::Plain,
            any_of(vec![all[7].clone()]),
            Failure::answer(400, &json!({"code": code, "message": words})),
        );
        let ran = work
            .host(&["collect", "--full"])
            .expect(1)
            .says(&["400 Bad Request"]);
        for repeated in ["\u{1b}", hostname, WORDS, "xxxx"] {
            assert!(!ran.stderr.contains(repeated), "{}", ran.stderr);
        }
    }
    let rejects = rejects(&work);
    assert_eq!(rejects.len(), 2);
    for reject in rejects {
        assert_eq!(reject["reason"], "400 Bad Request");
        assert_eq!(reject["id"], *all[7]);
    }
}

#[test]
fn adjacent_bad_events_at_the_beginning_do_not_block_the_rest() {
    for kind in Kind::ALL {
        let (work, intake, all) = place(kind);
        let failure = Failure::refusal(422, CODE, WORDS);
        intake.fault_when(kind.route(), any_of(all[..19].to_vec()), failure);
        work.collect(1).says(&["events 581, rejects 19"]);
        assert_eq!(intake.ids(), all[19..]);
        assert_eq!(rejects(&work).len(), 19);
    }
}

#[test]
fn twenty_refused_events_in_a_row_fail_the_source_until_their_rejects_are_accepted() {
    for kind in Kind::ALL {
        let (work, intake, all) = place(kind);
        let failure = Failure::refusal(422, CODE, WORDS);
        intake.fault_when(kind.route(), any_of(all[..120].to_vec()), failure);
        work.collect(1)
            .says(&["refused 20 events", CODE, "--accept-rejects"]);
        assert!(work.cursor().is_none());
        assert!(rejects(&work).is_empty());
        intake.clear();
        work.host(&["collect", "--accept-rejects"])
            .expect(1)
            .says(&["events 480, rejects 120"]);
        assert_eq!(intake.ids(), all[120..]);
        assert_eq!(rejects(&work).len(), 120);
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn a_destination_that_breaks_during_a_run_makes_no_rejects() {
    // It breaks after one batch, in one page or at the boundary of two.
    for (kind, page_size) in [
        (Kind::Http, 500),
        (Kind::Http, 10),
        (Kind::Sekoia, 500),
        (Kind::Sekoia, 10),
    ] {
        let intake = Intake::start(Options::new());
        let work = Workplace::new(Sophos::new(Fleet::new(1, 300)));
        work.configure(&format!("page_size = {page_size}"), PATIENT);
        let batch = match kind {
            Kind::Sekoia => "batch = 10",
            _ => "batch_events = 10",
        };
        work.deliver(&format!("{}\n{batch}", kind.keys(intake.url())));
        let requests = AtomicUsize::new(0);
        intake.fault_when(
            kind.route(),
            move |_| requests.fetch_add(1, Ordering::Relaxed) > 0,
            Failure::refusal(400, CODE, WORDS),
        );
        let ran = work.collect(1).says(&[CODE, "not confirmed", "rejects 0"]);
        assert!(!ran.stderr.contains("rejected a record"), "{}", ran.stderr);
        assert!(rejects(&work).is_empty());
        assert_eq!(intake.ids().len(), 10);
        let requests = intake.requests_of(kind.route()).len();
        assert!(requests <= 80, "{requests} requests");

        intake.clear_faults();
        work.collect(0).says(&["rejects 0"]);
        let delivered: Vec<_> = intake.deliveries().into_keys().collect();
        assert_eq!(delivered, work.simulator.fleet(|fleet| fleet.ids()));
        assert!(rejects(&work).is_empty());
    }
}

#[test]
fn a_page_of_500_refused_events_takes_tens_of_requests() {
    for kind in Kind::ALL {
        let (work, intake, all) = place(kind);
        let keep = all[500..].to_vec();
        let failure = Failure::refusal(422, CODE, WORDS);
        intake.fault_when(kind.route(), any_of(all[..500].to_vec()), failure);
        work.collect(1).says(&["refused 20 events"]);
        let requests = intake.requests_of(kind.route()).len();
        assert!(requests <= 60, "{requests} requests");
        assert!(rejects(&work).is_empty());

        // An account that accepts these rejects continues with the next page.
        work.host(&["collect", "--accept-rejects"]).expect(1);
        assert_eq!(intake.ids(), keep);
        assert_eq!(rejects(&work).len(), 500);
    }
}

#[test]
fn a_single_refused_event_fails_the_source_until_its_reject_is_accepted() {
    for kind in Kind::ALL {
        let intake = Intake::start(Options::new());
        let work = Workplace::new(Sophos::new(Fleet::new(1, 1)));
        work.configure("", PATIENT);
        work.deliver(&kind.keys(intake.url()));
        intake.fault_always(kind.route(), Failure::refusal(422, CODE, WORDS));
        work.collect(1)
            .says(&["refused 1 events", CODE, "--accept-rejects", "rejects 0"]);
        assert!(work.cursor().is_none());
        assert!(rejects(&work).is_empty());
        work.host(&["collect", "--accept-rejects"])
            .expect(1)
            .says(&["events 0, rejects 1"]);
        assert_eq!(rejects(&work).len(), 1);
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn a_refused_event_at_the_end_is_compared_with_the_last_accepted_one() {
    for kind in Kind::ALL {
        let (work, intake, all) = place(kind);
        let (last, good) = all.split_last().unwrap();
        let failure = Failure::refusal(422, CODE, WORDS);
        intake.fault_when(kind.route(), any_of(vec![last.clone()]), failure);
        work.collect(1).says(&["events 599, rejects 1"]);
        let rejects = rejects(&work);
        assert_eq!(rejects.len(), 1);
        assert_eq!(rejects[0]["id"], *last.as_str());
        let deliveries = intake.deliveries();
        assert_eq!(deliveries.keys().cloned().collect::<Vec<_>>(), good);
        let repeated: Vec<_> = deliveries.iter().filter(|(_, times)| **times > 1).collect();
        assert_eq!(repeated, [(&good[598], &3)]);
    }
}

#[test]
fn a_destination_that_refuses_everything_makes_no_rejects() {
    for kind in Kind::ALL {
        let (work, intake, all) = place(kind);
        let failure = Failure::refusal(422, CODE, WORDS);
        intake.fault_always(kind.route(), failure);
        work.collect(1).says(&[CODE, "not confirmed"]);
        assert!(work.cursor().is_none());
        assert!(intake.events().is_empty());
        intake.clear_faults();
        work.collect(0).says(&["events 600, rejects 0"]);
        assert_eq!(intake.ids(), all);
    }
}

#[test]
fn a_failure_during_bisection_repeats_delivered_events_and_rejects_once() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", IMPATIENT);
        let bad = place.all[120].clone();
        let after = place.all[140].clone();
        // The first half of the third page is bisected down to the bad one; the second half finds the intake down.
        let holds = bad.clone();
        place.intake.fault_when(
            kind.route(),
            move |delivery| delivery.holds(&holds),
            Failure::refusal(422, CODE, WORDS),
        );
        place.intake.fault_when(
            kind.route(),
            move |delivery| delivery.holds(&after),
            Failure::status(500),
        );
        let before_third = place.all[100].clone();
        place.collect(1);
        assert_eq!(place.intake.deliveries().get(&before_third), Some(&1));
        place.intake.clear_faults();
        place.collect(0);
        let deliveries = place.intake.deliveries();
        assert_eq!(
            deliveries.len(),
            ENDPOINTS,
            "what was refused once is taken now"
        );
        assert!(deliveries.values().all(|times| *times <= 2));
        assert!(rejects(&place.work).len() <= 1);
        place.assert_done();
    }
}
