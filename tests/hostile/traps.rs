//! Guests that trap, which does not affect the others.

use crate::place::{ACCOUNT, Place};

/// The host's message about a component that trapped.
const WORDS: [&str; 2] = ["he component failed", "report this to its maker"];

#[test]
fn trap_in_every_export() {
    let guest = |how: &str| Place::new("trap_in_every_export").config(&format!("how = \"{how}\""));
    for export in ["discover", "collect"] {
        guest(export).collect(1).failed(&WORDS);
    }
    // The previous page is delivered and stored.
    guest("second page").collect(1).failed(&WORDS);
    guest("check")
        .host(&["check"])
        .expect(1)
        .says(&WORDS)
        .says(&["acme: ok"]);
    let place = guest("");
    place.work.write("record.json", "{}");
    let component = crate::support::built("guests/trap_in_every_export.wasm");
    let component = component.to_str().unwrap();
    let map = ["map", "--component", component, "record.json"];
    place.host(&map).says(&WORDS);
    place
        .host(&[&map[..], &["--dialect", "guest"]].concat())
        .says(&WORDS);
}

#[test]
fn trap_in_describe() {
    Place::new("trap_in_describe").could_not_run(&WORDS);
}

#[test]
fn endless_loop_in_describe() {
    // The limits of an account do not apply yet: those of the host are short.
    Place::new("endless_loop_in_describe").could_not_run(&[
        "does not describe itself",
        "limit of the host (5s) and was stopped: one call",
    ]);
}

/// The host checks whether the config fits before any request.
#[test]
fn trap_in_explain() {
    let place = Place::new("trap_in_every_export").config("how = \"explain\"");
    place.could_not_run(&WORDS);
    for command in [
        &["check", "--account", ACCOUNT][..],
        &["describe", "--account", ACCOUNT],
        &["map", "--account", ACCOUNT],
    ] {
        place
            .host(command)
            .expect(2)
            .says(&WORDS)
            .says(&["account.a-guest.component", "whether it can map"]);
    }
}

#[test]
fn endless_loop_in_explain() {
    Place::new("endless_loop")
        .config("how = \"explain\"")
        .could_not_run(&[
            "whether it can map",
            "limit of the host (5s) and was stopped: one call",
        ]);
}

#[test]
fn trap_at_start() {
    Place::new("trap_at_start").could_not_run(&WORDS);
}
