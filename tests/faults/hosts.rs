//! Answers that point elsewhere: the access token is sent only where the configuration says.

use sophos_central_simulator::{Fault, Fleet, Options, Route, Simulator};

use crate::support::Workplace;
use crate::walk::{ENDPOINTS, Walk};

/// Returns another server, which would answer like the real one, and must never get a request.
fn elsewhere() -> Simulator {
    Simulator::start(Options::new(Fleet::new(1, ENDPOINTS)))
}

#[test]
fn a_redirect_to_another_server_is_not_followed() {
    let other = elsewhere();
    let walk = Walk::new();
    let place = format!("{}/endpoint/v1/endpoints", other.url());
    walk.fault(Fault::Redirect(place));
    walk.stops(&["redirect (302)", "not followed", "Check the URL"]);
    assert_eq!(other.connections(), 0);
    walk.goes_on();
}

#[test]
fn a_redirect_of_token_or_whoami_is_not_followed() {
    for route in [Route::Token, Route::Whoami] {
        let other = elsewhere();
        let walk = Walk::new();
        let fault = Fault::Redirect(other.url().to_owned());
        walk.work.simulator.fault(route, 1, fault);
        let ran = walk.work.collect(1);
        ran.says(&["redirect (302)", "not followed", "events 0"]);
        assert_eq!(other.connections(), 0, "{route:?}");
        assert_eq!(walk.work.cursor().unwrap()["last_seen_cursor"], walk.mark);
        walk.work.collect(0);
        walk.assert_all_once();
    }
}

#[test]
fn a_foreign_data_region_gets_no_token() {
    for command in ["check", "collect"] {
        let other = elsewhere();
        let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
        let fault = Fault::WrongHost(other.url().to_owned());
        work.simulator.fault_always(Route::Whoami, fault);
        work.host(&[command]).expect(1).says(&[
            "names no regional API host under https://*.central.sophos.com",
            "not sent anywhere",
            "`api_host`",
        ]);
        assert_eq!(other.connections(), 0, "{command}");
        assert!(work.simulator.requests_of(Route::Endpoints).is_empty());
        assert!(work.events().is_empty());
        assert!(work.cursor().is_none());
    }
}

#[test]
fn a_foreign_data_region_during_a_walk_gets_no_token() {
    let other = elsewhere();
    let walk = Walk::new();
    // The session ends, and the whoami of the new one, the second of the run, differs.
    walk.fault(Fault::status(401));
    let fault = Fault::WrongHost(other.url().to_owned());
    walk.work.simulator.fault(Route::Whoami, 2, fault);
    walk.stops(&["names no regional API host", "not sent anywhere"]);
    assert_eq!(other.connections(), 0);
    walk.goes_on();
}
