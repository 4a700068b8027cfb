//! The state file: held by another run, from a newer version, or something else.

use crate::support::{QUICK, Workplace};
use crate::{refused, workplace};

/// The commands that change the state.
const WRITERS: [&[&str]; 5] = [
    &["collect"],
    &["approve"],
    &[
        "state",
        "set",
        "--account",
        "acme",
        "--source",
        "s",
        "--last-seen",
        "2026-11-18T00:00:00Z",
    ],
    &["state", "reset", "--account", "acme"],
    &["state", "prune"],
];

/// Asserts that every command that opens the state refuses it.
#[track_caller]
fn refused_by_all(work: &Workplace, words: &[&str]) {
    let readers: [&[&str]; 4] = [
        &["check"],
        &["collect", "--dry-run"],
        &["state", "list"],
        &["state", "show", "--account", "acme"],
    ];
    for args in WRITERS.iter().chain(&readers) {
        refused(work, args, words);
    }
}

#[test]
fn a_state_that_another_run_holds_is_refused() {
    let work = workplace();
    work.simulator.hold(3);
    let mut first = work.start(&["collect"]);
    work.simulator.wait_until_held();
    // The requests so far are those of the first run.
    work.simulator.clear_requests();
    let holder = format!("process {}", first.id());
    // Nothing of the account is to be pruned.
    for args in WRITERS.iter().filter(|args| !args.contains(&"prune")) {
        refused(
            &work,
            args,
            &[
                "state.db",
                "is in use for account acme by",
                &holder,
                "wait until it has ended",
            ],
        );
    }
    // Reading is always possible.
    work.host(&["state", "list"])
        .expect(0)
        .says(&["nothing is stored yet"]);

    work.simulator.release();
    assert!(first.wait().unwrap().success());
    assert_eq!(work.ids().len(), 3);
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_state_that_a_killed_run_held_can_be_used() {
    let work = workplace();
    work.simulator.hold(3);
    let mut first = work.start(&["collect"]);
    work.simulator.wait_until_held();
    first.kill().unwrap();
    first.wait().unwrap();
    work.simulator.clear_holds();
    work.simulator.release();
    work.collect(0).says(&["events 3"]);
}

#[test]
fn a_state_of_another_version_is_refused() {
    let work = workplace();
    work.collect(0);
    work.forget_events();
    work.simulator.clear_requests();
    let state = rusqlite::Connection::open(work.path("state.db")).unwrap();
    state.pragma_update(None, "user_version", 99).unwrap();
    state.close().unwrap();
    let before = std::fs::read(work.path("state.db")).unwrap();
    refused_by_all(
        &work,
        &[
            "state.db",
            "format 99",
            "use the asset-host that wrote it",
            "state.path",
        ],
    );
    assert_eq!(std::fs::read(work.path("state.db")).unwrap(), before);
}

#[test]
fn a_file_that_is_not_a_state_is_refused() {
    let work = workplace();
    let other = rusqlite::Connection::open(work.path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE mine (id)").unwrap();
    other.close().unwrap();
    work.write("notes.txt", "Not a database, and mine.");
    work.write("long.txt", &"Not a database, and mine. ".repeat(100));
    for name in ["other.db", "notes.txt", "long.txt"] {
        work.configure("", &format!("{QUICK}[state]\npath = \"{name}\""));
        let before = std::fs::read(work.path(name)).unwrap();
        refused_by_all(
            &work,
            &[name, "not a state file of asset-host", "state.path"],
        );
        assert_eq!(std::fs::read(work.path(name)).unwrap(), before, "{name}");
    }
}

#[test]
fn a_state_that_cannot_be_created_is_reported() {
    let work = workplace();
    work.configure("", "[state]\npath = \"nowhere/state.db\"");
    for args in WRITERS {
        refused(&work, args, &["nowhere/state.db", "its folder must exist"]);
    }
    work.configure("", "[state]\npath = \".\"");
    refused_by_all(&work, &["cannot be opened"]);
    work.configure("", "[state]\npath = \"\"");
    refused_by_all(&work, &["asset-host.toml", "state.path", "is empty"]);
}
