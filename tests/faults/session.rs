//! Sessions that end during a walk, and faults while a new one is created.

use std::sync::atomic::{AtomicU64, Ordering};

use sophos_central_simulator::{Fault, Route};

use crate::support::{QUICK, Ran};
use crate::walk::{ENDPOINTS, HASTY, IMPATIENT, PAGE, Walk};

#[test]
fn a_token_that_expires_during_a_walk_is_renewed() {
    let walk = Walk::new();
    // Token, whoami and the first page; the second is computed and held, and the third finds the token expired.
    walk.work.simulator.hold(4);
    let host = walk.work.command(&["collect"]).spawn().unwrap();
    walk.work.simulator.wait_until_held();
    walk.work.simulator.expire_tokens();
    walk.work.simulator.release();

    let output = host.wait_with_output().unwrap();
    let ran = Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    let events = format!("events {ENDPOINTS}, rejects 0, retries 1,");
    ran.expect(0).says(&["trying again in 0.0 s", &events]);
    assert_eq!(walk.work.simulator.requests_of(Route::Token).len(), 2);
    walk.assert_all_once();
}

#[test]
fn a_token_that_expires_twice_with_pages_in_between_is_renewed_twice() {
    let walk = Walk::new();
    // The second fault counts the pages after the first one was repeated.
    for nth in [2, 5] {
        let fault = Fault::status(401);
        walk.work.simulator.fault(Route::Endpoints, nth, fault);
    }
    walk.weathers(2);
}

#[test]
fn a_token_that_is_never_accepted_fails_the_source_after_one_retry() {
    let walk = Walk::new();
    walk.fault_always(Fault::status(401));
    walk.stops(&[
        "the API refused the credentials",
        "does not accept the access token that was just issued (401)",
        "API Credentials Management",
    ])
    .says(&["retries 1,"]);
    assert_eq!(walk.work.simulator.requests_of(Route::Token).len(), 2);
    walk.goes_on();
}

/// The session ends at the third page, and each request of this route for a new one fails, `times` times.
fn session_ends(walk: &Walk, route: Route, fault: Fault, times: u64) {
    walk.fault(Fault::status(401));
    let requests = AtomicU64::new(0);
    walk.work.simulator.fault_when(
        route,
        move |_| (1..=times).contains(&requests.fetch_add(1, Ordering::Relaxed)),
        fault,
    );
}

const BEGINNING: [Route; 2] = [Route::Token, Route::Whoami];

#[test]
fn a_new_session_that_does_not_succeed_at_once_is_tried_again() {
    let faults = [
        ("429 with a time", Fault::rate_limited(Some(0))),
        ("429", Fault::rate_limited(None)),
        ("500", Fault::status(500)),
        ("503", Fault::status(503)),
        ("reset", Fault::Reset),
        ("close", Fault::Close),
        ("truncated", Fault::Truncate),
        ("broken gzip", Fault::BrokenGzip),
        ("not HTTP", Fault::Wire(b"SSH-2.0-example\r\n".to_vec())),
    ];
    for route in BEGINNING {
        for (name, fault) in &faults {
            println!("{route:?}: {name}");
            let walk = Walk::with_tables(QUICK);
            session_ends(&walk, route, fault.clone(), 2);
            walk.weathers(3);
        }
    }
}

#[test]
fn a_new_session_that_never_succeeds_is_given_up() {
    let faults = [
        ("429", Fault::rate_limited(None), "(429)"),
        ("503", Fault::status(503), "(503)"),
        ("reset", Fault::Reset, "could not be reached"),
        (
            "not HTTP",
            Fault::Wire(b"SSH-2.0-example\r\n".to_vec()),
            "not valid HTTP",
        ),
    ];
    for route in BEGINNING {
        for (name, fault, words) in &faults {
            println!("{route:?}: {name}");
            let walk = Walk::with_tables(IMPATIENT);
            session_ends(&walk, route, fault.clone(), u64::MAX);
            walk.stops(&[words]);
            walk.goes_on();
        }
    }
}

#[test]
fn a_new_session_that_hangs_fails_the_source() {
    for route in BEGINNING {
        for fault in [Fault::Stall, Fault::StallInBody] {
            println!("{route:?}");
            let walk = Walk::with_tables(HASTY);
            session_ends(&walk, route, fault, u64::MAX);
            walk.stops(&["could not be reached", "Check the network"]);
            walk.goes_on();
        }
    }
}

#[test]
fn a_new_session_whose_response_is_too_large_stops_the_walk() {
    // The host decompresses answers to the secret with its own limit, the component all others with its own.
    let inflated = |route| match route {
        Route::Token => "`limits.response_bytes` (64 MiB)",
        _ => "larger than 32 MiB",
    };
    for route in BEGINNING {
        for (fault, words) in [
            (Fault::Oversized((32 << 20) + 1), "larger than 32 MiB"),
            (Fault::GzipBomb(300 << 20), inflated(route)),
        ] {
            println!("{route:?}: {words}");
            let walk = Walk::new();
            session_ends(&walk, route, fault.clone(), 1);
            walk.stops(&[words]);
            walk.goes_on();
        }
    }
}

#[test]
fn an_invalid_token_answer_fails_the_source() {
    let words = ["200 without an access token", "`token_url`"];
    for (name, fault) in not_json() {
        println!("{name}");
        let walk = Walk::new();
        session_ends(&walk, Route::Token, fault, 1);
        walk.stops(&words).says(&["retries 1,"]);
        walk.goes_on();
    }
}

#[test]
fn an_invalid_whoami_answer_fails_the_source() {
    let words = ["does not say whose the credential is", "`api_host`"];
    for (name, fault) in not_json() {
        println!("{name}");
        let walk = Walk::new();
        session_ends(&walk, Route::Whoami, fault, 1);
        walk.stops(&words).says(&["retries 1,"]);
        walk.goes_on();
    }
}

fn not_json() -> [(&'static str, Fault); 4] {
    [
        ("garbage", Fault::garbage()),
        ("an HTML page", Fault::html()),
        ("an empty object", Fault::empty_object()),
        ("an array", Fault::json(&serde_json::json!([]))),
    ]
}

#[test]
fn a_credential_that_is_deleted_during_a_walk_fails_the_source() {
    let walk = Walk::new();
    walk.work.simulator.hold(4);
    let mut host = walk.work.start(&["collect"]);
    walk.work.simulator.wait_until_held();
    walk.work.simulator.expire_tokens();
    let client_id = walk
        .work
        .simulator
        .configure(|options| std::mem::replace(&mut options.client_id, "another".to_owned()));
    walk.work.simulator.release();
    assert_eq!(host.wait().unwrap().code(), Some(1));
    assert_eq!(walk.work.ids(), walk.all()[..2 * PAGE]);

    // The next run fails before it can name a source.
    let words = ["client ID is unknown", "API Credentials Management"];
    walk.work.collect(1).says(&words);
    assert_eq!(walk.work.cursor().unwrap()["last_seen_cursor"], walk.mark);
    walk.work
        .simulator
        .configure(|options| options.client_id = client_id);
    walk.goes_on();
}
