//! Errors by class: which are tried again, which are not, and what a person reads.

use std::time::Duration;

use serde_json::json;
use sophos_central_simulator::{Fault, Fleet, Options, Route};

use super::{ENDPOINTS, tenant};
use crate::place::{Host, Place, Ran};

/// Collects while every request of the route has this fault, and returns how many of them there were.
fn fails(host: &Host, route: Route, fault: Fault, patience: u32) -> (Ran, usize) {
    let place = tenant();
    place.simulator.fault_always(route, fault);
    let mut call = place.call("collect");
    call.patience = patience;
    let ran = place.run(host, &call).expect(1);
    assert_eq!(ran.stdout, "");
    (ran, place.simulator.requests_of(route).len())
}

/// Errors that a retry does not help are reported at once, by class.
pub fn errors_that_stay_are_not_tried_again(host: &Host) {
    for (route, code, class) in [
        (Route::Token, 401, "unauthorized: "),
        (Route::Endpoints, 403, "forbidden: "),
        (Route::Endpoints, 404, "protocol: "),
    ] {
        let (ran, requests) = fails(host, route, Fault::status(code), 60);
        ran.says(&[class]);
        assert_eq!(requests, 1, "{code}");
    }
}

/// An answer that is not what the API promises is reported at once.
pub fn junk_instead_of_json_is_not_tried_again(host: &Host) {
    let (ran, requests) = fails(host, Route::Endpoints, Fault::html(), 60);
    ran.says(&["protocol: "]);
    assert_eq!(requests, 1);
}

/// A session that ends is begun anew at once, and only once.
pub fn an_expired_session_is_begun_anew_once(host: &Host) {
    let place = tenant();
    place
        .simulator
        .fault(Route::Endpoints, 2, Fault::status(401));
    let ran = place.collect(host).expect(0);
    assert_eq!(ran.stdout.lines().count() as u64, ENDPOINTS);
    assert_eq!(place.simulator.requests_of(Route::Token).len(), 2);

    let (ran, requests) = fails(host, Route::Endpoints, Fault::status(401), 60);
    ran.says(&["expired: "]);
    assert_eq!(requests, 2);
}

/// A rate limit is waited for as long as the API asks.
pub fn a_rate_limit_is_waited_for(host: &Host) {
    let place = tenant();
    place
        .simulator
        .fault(Route::Endpoints, 2, Fault::rate_limited(Some(2)));
    let ran = place
        .collect(host)
        .expect(0)
        .says(&["trying again", "rate-limited: "]);
    assert_eq!(ran.stdout.lines().count() as u64, ENDPOINTS);
    let requests = place.simulator.requests_of(Route::Endpoints);
    assert_eq!(requests.len(), 4);
    let waited = requests[2].received - requests[1].received;
    assert!(waited >= Duration::from_millis(1_900), "{waited:?}");
}

/// A server that is unavailable is asked again, and given up after a while.
pub fn an_unavailable_api_is_tried_again_for_a_while(host: &Host) {
    let place = tenant();
    for nth in [1, 2, 4] {
        place
            .simulator
            .fault(Route::Endpoints, nth, Fault::status(503));
    }
    let ran = place.collect(host).expect(0);
    assert_eq!(ran.stdout.lines().count() as u64, ENDPOINTS);

    let (ran, requests) = fails(host, Route::Endpoints, Fault::status(500), 2);
    ran.says(&["unavailable: "]);
    assert!(requests > 1);
}

/// A config that does not fit is reported by field, before any request.
pub fn a_config_that_does_not_fit_is_reported_by_field(host: &Host) {
    let mut place = tenant();
    place.config = json!({"client_id": "", "page_size": 5_000});
    for name in ["check", "discover", "collect"] {
        let ran = place.run(host, &place.call(name)).expect(1);
        ran.says(&["invalid-config: ", "/client_id: ", "/page_size: "]);
    }
    assert_eq!(place.simulator.connections(), 0);
}

/// A certificate that nobody trusts is reported as such, and not tried again.
pub fn an_untrusted_certificate_is_reported(host: &Host) {
    let place = Place::new(Options {
        https: true,
        ..Options::new(Fleet::new(1, ENDPOINTS))
    });
    for name in ["check", "collect"] {
        let ran = place.run(host, &place.call(name)).expect(1);
        assert_eq!(ran.stdout, "");
        ran.says(&["untrusted: "]);
    }
    assert!(place.simulator.requests().is_empty());
    assert_eq!(place.simulator.connections(), 2);
}
