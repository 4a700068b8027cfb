//! A destination's secrets are sent to the destination and nowhere else.

use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Route};

use crate::place::{IMPATIENT, Kind, Place};
use crate::support::TOKEN;

const HEADERS: &str =
    "headers = { authorization = { env = \"TEST_TOKEN\", prefix = \"Bearer \" } }";

#[test]
fn secrets_are_in_no_log_state_summary_or_metrics() {
    let place = Place::new(Kind::Http, HEADERS, IMPATIENT);
    // An intake that repeats what it was sent in its message.
    let words = format!("the token Bearer {TOKEN} is not known");
    for (status, device) in [(500, 60), (403, 60), (422, 60)] {
        let id = place.all[device].clone();
        place.intake.clear_faults();
        place.intake.fault_when(
            Route::Plain,
            move |delivery| delivery.holds(&id),
            Failure::refusal(status, "unknown_token", &words),
        );
        let ran = place
            .work
            .host(&[
                "collect",
                "--summary",
                "summary.json",
                "--metrics",
                "metrics.prom",
            ])
            .expect(1);
        assert!(place.work.path("summary.json").exists());
        assert!(place.work.path("metrics.prom").exists());
        place.assert_no_secret(&ran);
    }
    let sent = place.intake.requests();
    let bearer = format!("Bearer {TOKEN}");
    assert!(
        sent.iter()
            .all(|delivery| delivery.request.header("authorization") == Some(&bearer))
    );
}

#[test]
fn a_debug_log_shows_no_secret() {
    for kind in Kind::ALL {
        let more = if kind == Kind::Http { HEADERS } else { "" };
        let place = Place::new(kind, more, IMPATIENT);
        place.fault(Fault::Reset);
        let ran = place.work.host(&["-vv", "collect"]).expect(0);
        place.assert_no_secret(&ran);
    }
}

#[test]
fn a_missing_secret_stops_the_run_before_any_request() {
    for kind in Kind::ALL {
        let more = if kind == Kind::Http { HEADERS } else { "" };
        let place = Place::new(kind, more, IMPATIENT);
        let name = if kind == Kind::Http {
            "TEST_TOKEN"
        } else {
            "TEST_API_KEY"
        };
        place.work.edit_config(name, "NOT_SET");
        place.work.simulator.clear_requests();
        place.collect(2).says(&["NOT_SET", "account.acme.deliver"]);
        assert!(place.intake.requests().is_empty());
        assert!(place.work.simulator.requests().is_empty());
    }
}
