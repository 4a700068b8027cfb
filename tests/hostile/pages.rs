//! What a guest returns: invalid events, cursors and pages.

use crate::place::Place;

#[test]
fn more_for_ever() {
    for how in ["", "rejects"] {
        Place::new("more_for_ever")
            .config(&format!("how = \"{how}\""))
            .collect(1)
            .passed("limit of the host (1,000) and was stopped: pages in a row without an event");
    }
    Place::new("more_for_ever")
        .config("how = \"same\"")
        .collect(1)
        .failed(&["broke the contract", "followed by itself"]);
}

/// Asserts that nothing of an event that breaks the contract is delivered.
#[test]
fn event_that_is_not_json() {
    for how in ["", "empty", "half", "two"] {
        Place::new("event_that_is_not_json")
            .config(&format!("how = \"{how}\""))
            .collect(1)
            .failed(&["broke the contract", "is not one JSON object"]);
    }
}

#[test]
fn event_with_a_newline() {
    for how in ["", "end", "carriage return"] {
        Place::new("event_with_a_newline")
            .config(&format!("how = \"{how}\""))
            .collect(1)
            .failed(&["broke the contract", "has a line break"]);
    }
}

#[test]
fn event_too_large() {
    let told = Place::new("event_too_large").collect(1);
    assert_eq!(told.delivered.len(), 1, "the small one");
    let entry = told.entry();
    assert_eq!(entry["outcome"], "up_to_date", "{entry}");
    assert_eq!(entry["rejects_component"], 1, "{entry}");
    told.ran.says(&["rejected a record", "limits.event_bytes"]);
}

#[test]
fn warnings_without_end() {
    let told = Place::new("warnings_without_end").collect(0);
    let log = &told.ran.stderr;
    assert_eq!(log.matches("guest-warns").count(), 10, "{log}");
    assert!(log.len() < 40_000, "{} bytes", log.len());
    assert!(!log.contains(['\u{1b}', '\u{9b}']), "{log}");
}

#[test]
fn batch_too_large() {
    for how in ["", "rejects"] {
        let place = Place::new("batch_too_large")
            .config(&format!("how = \"{how}\""))
            .table("limits", "batch_bytes = 1000000");
        place.collect(1).passed("limits.batch_bytes");
        assert!(!place.work.path("state.rejects.ndjson").exists(), "{how}");
    }
}

#[test]
fn cursor_of_100_mb() {
    let place = Place::new("cursor_of_100_mb");
    place
        .collect(1)
        .passed("limit of the host (1 MiB) and was stopped: cursor of one page");
    let state = std::fs::metadata(place.work.path("state.db")).unwrap();
    assert!(state.len() < 1 << 20, "{} bytes", state.len());
}
