//! Answers with another status than 200 during a walk.

use sophos_central_simulator::{DeadAddress, Fault, Route};

use crate::walk::{IMPATIENT, Walk, given_up, stopped, weathered};

fn status_with(code: u16, name: &str, value: &str) -> Fault {
    Fault::Status {
        code,
        headers: vec![(name.to_owned(), value.to_owned())],
        body: None,
    }
}

#[test]
fn a_rate_limit_is_waited_for_as_long_as_the_api_requires() {
    weathered(Fault::rate_limited(Some(0))).says(&["trying again in 0.0 s", "(429)"]);
    weathered(Fault::rate_limited(Some(1))).says(&["trying again in 1.0 s", "(429)"]);
}

#[test]
fn a_wait_that_the_api_requires_does_not_count_towards_the_retries() {
    // Longer than the whole time for which an API may be unavailable.
    let walk = Walk::impatient();
    let asked = Fault::rate_limited(Some(1));
    walk.work.simulator.fault(Route::Endpoints, 3, asked);
    walk.work
        .simulator
        .fault(Route::Endpoints, 4, Fault::status(503));
    walk.weathers(2);
}

#[test]
fn a_rate_limit_until_a_past_date_is_over() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    weathered(status_with(429, "retry-after", date)).says(&["trying again in 0.0 s"]);
}

#[test]
fn a_rate_limit_without_a_time_is_retried() {
    weathered(Fault::rate_limited(None)).says(&["trying again in", "(429)"]);
}

#[test]
fn a_rate_limit_that_never_ends_fails_the_source() {
    let words = ["asks for fewer requests (429)"];
    given_up(Fault::rate_limited(Some(0)), &words);
    given_up(Fault::rate_limited(None), &words);
}

#[test]
fn a_server_error_is_retried() {
    for code in [500, 502, 503, 504] {
        weathered(Fault::status(code)).says(&[&format!("({code})"), "correlation id"]);
    }
}

#[test]
fn several_server_errors_in_one_walk_are_retried() {
    let walk = Walk::new();
    for nth in [1, 2, 4, 5, 7] {
        let fault = Fault::status(503);
        walk.work.simulator.fault(Route::Endpoints, nth, fault);
    }
    walk.weathers(5);
}

#[test]
fn a_server_error_that_persists_fails_the_source() {
    for code in [500, 502, 503] {
        let code_in_words = format!("({code})");
        given_up(
            Fault::status(code),
            &["the API is unavailable", &code_in_words, "Sophos' support"],
        );
    }
}

#[test]
fn a_server_that_asks_for_too_long_a_wait_fails_the_source_at_once() {
    let walk = Walk::with_tables(IMPATIENT);
    walk.fault_always(status_with(503, "retry-after", "3600"));
    walk.stops(&["(503)"]).says(&["retries 0"]);
    walk.goes_on();
}

#[test]
fn a_revoked_permission_fails_the_source() {
    stopped(
        Fault::status(403),
        &[
            "a permission is missing",
            "may not read endpoints",
            "Service Principal ReadOnly",
            "API Credentials Management",
            "correlation id",
        ],
    );
}

#[test]
fn a_refusal_for_legal_reasons_fails_the_source() {
    stopped(
        Fault::status(451),
        &["legal reasons (451)", "Sophos' support"],
    );
}

#[test]
fn a_redirect_is_never_followed() {
    let elsewhere = DeadAddress::refusing();
    for code in [301, 302, 307, 308] {
        stopped(
            status_with(code, "location", elsewhere.url()),
            &["redirect", "not followed", "Check the URL"],
        );
    }
}

#[test]
fn an_unknown_status_fails_the_source() {
    for code in [204, 206, 304, 418] {
        let answered = format!("responded with {code}");
        stopped(Fault::status(code), &[&answered, "Check the URL"]);
    }
}
