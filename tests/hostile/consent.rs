//! The first run records what a component asks for; it gets more only after approval.

use crate::place::{ACCOUNT, Place};
use crate::support::built;

/// Replaces the guest that the account names.
fn install(place: &Place, guest: &str) {
    let bytes = std::fs::read(built(&format!("guests/{guest}.wasm"))).unwrap();
    std::fs::write(place.work.path("guest.wasm"), bytes).unwrap();
}

fn harmless() -> Place {
    let place = Place::of("guest.wasm".into()).config("api_url = \"https://api.guest.example/\"");
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
        place
            .host(&["collect", "--account", ACCOUNT])
            .expect(2)
            .says(&[
                ACCOUNT,
                "+ host *.api.other.example",
                "~ secret secret: from the URL in token_url to the URL in api_url",
                "asset-host approve",
            ]);
    }
    assert_eq!(place.work.simulator.connections(), connections);
    place.host(&["collect", "--account", "acme"]).expect(0);

    place
        .host(&["approve", "--account", ACCOUNT])
        .expect(0)
        .says(&["+ host *.api.other.example"]);
    place.host(&["collect"]).expect(0);
}

/// If a build sends its secret to a URL that is not set, the operator must not be asked to set it before they learn
/// that nobody approved the build.
#[test]
fn a_missing_setting_does_not_hide_that_more_is_asked_for() {
    let place = Place::of("guest.wasm".into());
    install(&place, "harmless");
    place.collect(0);
    install(&place, "manifest_asks_for_more");
    for command in ["check", "collect"] {
        place
            .host(&[command, "--account", ACCOUNT])
            .expect(2)
            .says(&[
                "+ host *.api.other.example",
                "~ secret secret: from the URL in token_url to the URL in api_url",
                "asset-host approve",
                "config.api_url: is missing: it must be a URL that begins with https",
            ]);
    }
}

/// A manifest must be known before anybody can approve it.
#[test]
fn manifest_changes_between_calls() {
    Place::new("manifest_changes_between_calls").could_not_run(&[
        &format!("asset-host.toml: account.{ACCOUNT}.component: "),
        "the manifest of",
        "it is another one each time that it is asked for",
    ]);
}
