//! Answers that confirm nothing, by their status or their content.

use serde_json::json;
use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Intake, Options, Route, Takes};

use crate::place::{IMPATIENT, Kind, PATIENT, Place, given_up, weathered};

#[test]
fn a_server_error_is_retried_until_the_total() {
    for code in [500, 502, 503, 504] {
        given_up(IMPATIENT, &Failure::status(code), &[&code.to_string()]);
    }
}

#[test]
fn a_temporary_server_error_is_retried() {
    for code in [500, 503] {
        weathered(&Failure::status(code));
    }
    for kind in Kind::ALL {
        let place = Place::new(kind, "", PATIENT);
        for nth in [2, 3, 4, 5] {
            place.intake.fault(kind.route(), nth, Failure::status(503));
        }
        place.weathers().says(&["retries 4"]);
    }
}

#[test]
fn retries_of_a_failed_delivery_are_counted() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", PATIENT);
        for (nth, code) in [(3, 503), (4, 503), (5, 403)] {
            place.intake.fault(kind.route(), nth, Failure::status(code));
        }
        place.fails(&["403"]).says(&["retries 2"]);
        place.goes_on();
    }
}

#[test]
fn other_refusals_stop_at_once_with_the_destinations_error_code() {
    for status in [401, 403, 404, 405, 409, 410, 451] {
        for kind in Kind::ALL {
            let place = Place::new(kind, "", PATIENT);
            let (code, message) = ("source_closed", "this source was closed");
            place.fault_always(Failure::refusal(status, code, message));
            let ran = place.fails(&[&status.to_string(), code]);
            assert!(!ran.stderr.contains(message), "{}", ran.stderr);
            assert_eq!(place.intake.requests_of(kind.route()).len(), 3, "{status}");
            place.goes_on();
        }
    }
}

#[test]
fn a_refusal_without_an_error_code_is_reported_by_its_status() {
    for body in [
        &b""[..],
        b"<html><body>Forbidden</body></html>",
        b"\xff\x00\x1b[31m",
    ] {
        let failure = Failure::of(Fault::Status {
            code: 403,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: Some(body.to_vec()),
        });
        given_up(PATIENT, &failure, &["403"]);
    }
}

#[test]
fn a_wrong_key_fails_the_source_and_is_not_shown() {
    let place = Place::new(Kind::Sekoia, "", PATIENT);
    let before = place.work.cursor();
    place
        .intake
        .configure(|options| options.api_key = "another key".to_owned());
    place.collect(1).says(&["401", "see that the key"]);
    assert_eq!(place.work.cursor(), before);
    assert_eq!(place.intake.requests().len(), 1);
    place.intake.configure(|options| *options = Options::new());
    place.intake.clear();
    place.weathers();
}

#[test]
fn a_redirect_of_a_destination_is_not_followed() {
    let elsewhere = Intake::start(Options::new());
    for code in [301, 302, 303, 307, 308] {
        let headers = vec![("location".to_owned(), format!("{}/events", elsewhere.url()))];
        let failure = Failure::of(Fault::Status {
            code,
            headers,
            body: None,
        });
        given_up(PATIENT, &failure, &[&code.to_string()]);
    }
    assert_eq!(elsewhere.connections(), 0, "a secret might go with it");
}

/// The answer to the third page has a good status only: the run reports its content, and nothing is confirmed.
#[track_caller]
fn not_believed(kind: Kind, failure: Failure, words: &str) {
    let place = Place::new(kind, "", IMPATIENT);
    place.fault_always(failure);
    place.fails(&[words]);
    place.goes_on();
}

#[test]
fn an_error_in_a_successful_answer_confirms_nothing() {
    const WORDS: &str = "the quota is used up";
    for kind in Kind::ALL {
        for (body, words) in [
            (json!({"error": WORDS}), "`error` is there"),
            (
                json!({"error": {"type": "quota", "reason": WORDS}}),
                "(quota)",
            ),
            (json!({"errors": [WORDS]}), "errors"),
            (
                json!({"success": false, "message": WORDS}),
                "`success` is false",
            ),
            (
                json!({"status": "error", "message": WORDS}),
                "`status` is error",
            ),
        ] {
            not_believed(kind, Failure::answer(200, &body), words);
        }
    }
    // Splunk's event collector.
    let body = json!({"text": WORDS, "code": 9});
    not_believed(Kind::Http, Failure::answer(200, &body), "`code` is 9");
    // The platform's own form of an error.
    let body = json!({"code": "quota", "message": WORDS});
    not_believed(Kind::Sekoia, Failure::answer(200, &body), "(quota)");
}

#[test]
fn a_web_page_instead_of_an_answer_confirms_nothing() {
    // A proxy's login page.
    for kind in Kind::ALL {
        not_believed(kind, Failure::of(Fault::html()), "HTML");
    }
}

#[test]
fn an_answer_that_is_not_json_confirms_nothing() {
    not_believed(Kind::Sekoia, Failure::of(Fault::garbage()), "JSON");
}

#[test]
fn an_answer_that_accepted_half_confirms_nothing() {
    let bulk: Vec<_> = (0..50)
        .map(|index| match index % 2 {
            0 => json!({"create": {"status": 201}}),
            _ => json!({"create": {"status": 429, "error": {"reason": "the queue is full"}}}),
        })
        .collect();
    // The intake counts: {"accepted": 25, "rejected": 25}.
    not_believed(Kind::Http, Failure::half(), "25");
    not_believed(Kind::Sekoia, Failure::half(), "25");
    // OpenSearch's bulk route behind a proxy.
    let cut_off = json!(vec![
        json!({"status": 400, "error": "the queue is full"});
        3000
    ]);
    not_believed(
        Kind::Http,
        Failure::answer(200, &cut_off).takes(Takes::Half),
        "`error` is there",
    );
    let bulk = json!({"took": 3, "errors": true, "items": bulk});
    not_believed(
        Kind::Http,
        Failure::answer(200, &bulk).takes(Takes::Half),
        "errors",
    );
}

#[test]
fn an_error_at_the_end_of_a_long_answer_confirms_nothing() {
    let items = vec![r#"{"index":{"status":201}}"#; 10_000].join(",");
    for (body, words) in [
        (
            format!(r#"{{"took":3,"items":[{items}],"errors":true}}"#),
            "`errors` is there",
        ),
        (format!(r#"[{items},{{"status":429}}]"#), "`status` is 429"),
    ] {
        let failure = Failure::of(Fault::Status {
            code: 200,
            headers: Vec::new(),
            body: Some(body.into_bytes()),
        });
        not_believed(Kind::Http, failure.takes(Takes::Half), words);
    }
}

#[test]
fn an_answer_of_8_mib_confirms_and_a_longer_one_does_not() {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", IMPATIENT);
        place.fault(Fault::Oversized(8 << 20));
        place.weathers();
        not_believed(
            kind,
            Fault::Oversized((8 << 20) + 1).into(),
            "more than 8 MiB",
        );
    }
}

#[test]
fn any_successful_answer_without_an_error_confirms() {
    for (status, content_type, body) in [
        (200, "text/plain", "ok"),
        (200, "application/json", "{}"),
        (200, "application/json", r#"{"text":"Success","code":0}"#),
        (
            200,
            "application/json",
            r#"{"took":3,"errors":false,"items":[]}"#,
        ),
        (
            200,
            "application/json",
            r#"{"error":null,"message":"accepted"}"#,
        ),
        (200, "application/json", "not JSON"),
        (201, "text/plain", ""),
        (202, "application/json", "[]"),
        (204, "", ""),
    ] {
        let place = Place::new(Kind::Http, "", IMPATIENT);
        let failure = Failure::of(Fault::Status {
            code: status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: Some(body.as_bytes().to_vec()),
        });
        place
            .intake
            .fault_always(Route::Plain, failure.takes(Takes::All));
        place.weathers();
    }
}
