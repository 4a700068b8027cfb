//! One instance of the component sends any number of requests, and fetches any number of tokens.

use std::collections::HashSet;
use std::sync::Mutex;

use sophos_central_simulator::{Fault, Fleet, Options, Route};

use super::partner;
use crate::support::{QUICK, Workplace};

/// More requests than an instance may hold at once.
const MANY: u64 = 1_100;

fn one_endpoint_a_page() -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, MANY)));
    work.configure("page_size = 1", QUICK);
    work
}

#[test]
fn the_handles_of_a_request_are_released_with_its_answer() {
    let work = partner(MANY, 1);
    work.host(&["collect", "--jobs", "1", "--dry-run"])
        .expect(0)
        .says(&["events 1100,"]);
    assert_eq!(work.simulator.requests_of(Route::Token).len(), 1);
}

#[test]
fn a_token_without_a_lifetime_is_used_for_a_minute() {
    let work = one_endpoint_a_page();
    work.simulator.fault_always(
        Route::Token,
        Fault::edit(|answer| answer["expires_in"] = 0.into()),
    );
    // Tokens expire by the simulator's clock, an hour after they were issued.
    work.host(&["collect", "--dry-run"])
        .expect(0)
        .says(&["events 1100,"]);
    let tokens = work.simulator.requests_of(Route::Token).len();
    assert!(tokens < 20, "{tokens} tokens");
}

#[test]
fn an_instance_that_fetched_too_many_tokens_is_replaced() {
    let work = one_endpoint_a_page();
    // Each token is valid for one page.
    let used = Mutex::new(HashSet::new());
    work.simulator.fault_when(
        Route::Endpoints,
        move |request| {
            let token = request.header("authorization").unwrap().to_owned();
            !used.lock().unwrap().insert(token)
        },
        Fault::status(401),
    );
    work.host(&["collect", "--dry-run"])
        .expect(0)
        .says(&["events 1100,"]);
    let tokens = work.simulator.requests_of(Route::Token).len();
    assert!(tokens > 1_000, "{tokens} tokens");
}
