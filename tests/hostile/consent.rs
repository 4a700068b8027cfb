//! What a component asks for is recorded at its first run; more than that it gets only once a person has approved it.

use crate::place::{ACCOUNT, Place};
use crate::support::built;

/// Puts a guest at the place of the one that the account names.
fn install(place: &Place, guest: &str) {
    let bytes = std::fs::read(built(&format!("guests/{guest}.wasm"))).unwrap();
    std::fs::write(place.work.path("guest.wasm"), bytes).unwrap();
}

fn harmless() -> Place {
    let place = Place::of("guest.wasm".into());
    install(&place, "harmless");
    place.collect(0);
    place.work.forget_events();
    place
}

#[test]
fn manifest_asks_for_more() {
    let place = harmless();
    install(&place, "manifest_asks_for_more");
    let connections = place.work.simulator.connections();
    for _ in 0..2 {
        place.host(&["collect"]).expect(2).says(&[
            ACCOUNT,
            "+ host *.other.example",
            "~ secret secret: from the URL in token_url to the URL in api_url",
            "asset-host approve",
        ]);
    }
    assert_eq!(place.work.simulator.connections(), connections);
    place.host(&["collect", "--account", "acme"]).expect(0);

    place
        .host(&["approve", "--account", ACCOUNT])
        .expect(0)
        .says(&["+ host *.other.example"]);
    place.host(&["collect"]).expect(0);
    // Less is no more.
    install(&place, "harmless");
    place.host(&["collect"]).expect(0);
}

/// The host asks once what a component wants, and holds it to that answer; the next run gets another.
#[test]
fn manifest_changes_between_calls() {
    let place = Place::new("manifest_changes_between_calls");
    place
        .collect(1)
        .failed(&["the request was not let out"])
        .denied(&[("host", 1)])
        .asked_for_no_name();
    place
        .host(&["collect"])
        .expect(2)
        .says(&[ACCOUNT, ".guest.example", "asset-host approve"]);
}
