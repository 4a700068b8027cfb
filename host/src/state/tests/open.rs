//! How the state is opened, shared and protected, and the errors when it cannot be.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::contract::permissions::Permissions;

#[test]
fn commits_are_durable() {
    let folder = Folder::file();
    let state = folder.open();
    let pragma = |name: &str| -> String {
        let value = state.sqlite(|connection| {
            connection.query_row(&format!("PRAGMA {name}"), [], |row| {
                row.get::<_, rusqlite::types::Value>(0)
            })
        });
        format!("{:?}", value.unwrap())
    };
    assert!(pragma("journal_mode").contains("wal"));
    assert!(pragma("synchronous").contains('2'));
}

#[test]
fn the_files_are_private() {
    let folder = Folder::file();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    let names: Vec<String> = std::fs::read_dir(folder.folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            let private = if entry.path().is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode & 0o777, private, "{:?}", entry.path());
            entry.file_name().into_string().unwrap()
        })
        .collect();
    assert!(names.contains(&"state.db".to_owned()), "{names:?}");
    assert!(names.contains(&"state.db-wal".to_owned()), "{names:?}");
}

#[test]
fn a_second_run_of_an_account_is_told_who_holds_it_and_all_else_stays_free() {
    let folder = Folder::file();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();

    let error = folder.open().hold("acme").err().unwrap();
    assert!(matches!(error.problem, StateProblem::Locked { .. }));
    let message = error.to_string();
    for part in [
        "state.db",
        "account acme",
        &format!("process {}", std::process::id()),
        "wait until",
    ] {
        assert!(message.contains(part), "{message}");
    }
    folder.open().hold("umbrella").unwrap();

    let reader = folder.open_to_read();
    assert_eq!(t1(&reader).cursor.as_deref(), Some("a"));
    state.store_batch(&batch("b"), at(1)).unwrap();
    assert_eq!(t1(&reader).cursor.as_deref(), Some("b"));

    drop(state);
    folder.open().hold("acme").unwrap();
}

#[test]
fn a_holder_that_has_not_written_its_id_is_another_process() {
    let folder = Folder::file();
    let locks = folder.folder.path().join("state.db.locks");
    std::fs::create_dir(&locks).unwrap();
    let lock = std::fs::File::create(locks.join("acme")).unwrap();
    lock.lock().unwrap();
    let message = folder.open().hold("acme").err().unwrap().to_string();
    assert!(message.contains("by another process"), "{message}");
}

#[test]
fn several_may_open_a_new_state_at_once() {
    for _ in 0..20 {
        let folder = Folder::file();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| folder.open().hold("acme").map(drop));
                scope.spawn(|| folder.open_to_read().sources().unwrap());
            }
        });
        assert_eq!(folder.open().sources().unwrap(), []);
    }
}

#[test]
fn reading_creates_nothing() {
    let folder = Folder::file();
    let state = folder.open_to_read();
    assert_eq!(state.sources().unwrap(), []);
    assert_eq!(std::fs::read_dir(folder.folder.path()).unwrap().count(), 0);
    // A file that a run has created and not yet filled.
    std::fs::write(folder.path(), "").unwrap();
    let state = folder.open_to_read();
    assert_eq!(state.sources().unwrap(), []);
}

/// Tries both ways to open a file and returns both errors.
fn refused(folder: &Folder) -> [StateError; 2] {
    let before = std::fs::read(folder.path()).unwrap();
    let errors = [
        folder.open().hold("acme").err().unwrap(),
        folder.open_to_read().hold("acme").err().unwrap(),
    ];
    assert_eq!(
        std::fs::read(folder.path()).unwrap(),
        before,
        "it was changed"
    );
    errors
}

#[test]
fn another_format_is_refused_with_the_remedy() {
    for ours in [true, false] {
        let folder = Folder::file();
        if ours {
            folder.open().store_batch(&batch("a"), at(0)).unwrap();
        }
        let connection = Connection::open(folder.path()).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        for error in refused(&folder) {
            assert!(
                matches!(error.problem, StateProblem::Version { found: 99, .. }),
                "{error}"
            );
            let message = error.to_string();
            for part in ["state.db", "format 99", "reads format 2", "state.path"] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}

#[test]
fn another_file_is_refused_and_left_alone() {
    let folder = Folder::file();
    for content in ["x", "something else entirely", &"some text\n".repeat(1000)] {
        std::fs::write(folder.path(), content).unwrap();
        for error in refused(&folder) {
            assert!(matches!(error.problem, StateProblem::NotState), "{error:?}");
            let message = error.to_string();
            for part in ["state.db", "not a state file", "state.path"] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
    std::fs::remove_file(folder.path()).unwrap();
    let connection = Connection::open(folder.path()).unwrap();
    connection
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    drop(connection);
    for error in refused(&folder) {
        assert!(matches!(error.problem, StateProblem::NotState), "{error:?}");
    }
}

#[test]
fn a_row_that_nobody_wrote_is_damage() {
    let folder = Folder::file();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    state.execute("UPDATE source SET last_full_at = 'last week'");
    let error = state.source("acme", "t1").unwrap_err();
    assert!(
        matches!(error.problem, StateProblem::Damaged(_)),
        "{error:?}"
    );
    let message = error.to_string();
    for part in ["state.db", "damaged", "last week", "backup"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_full_disk_keeps_what_was_stored() {
    let folder = Folder::file();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    state.execute("PRAGMA max_page_count = 4");
    let before = t1(&state);
    let huge = "x".repeat(1_000_000);
    let error = state.store_batch(&batch(&huge), at(1)).unwrap_err();
    assert!(matches!(error.problem, StateProblem::Full), "{error:?}");
    let message = error.to_string();
    for part in ["state.db", "free some space", "last stored cursor"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(t1(&state), before);
    drop(state);
    assert_eq!(t1(&folder.open()), before);
}

#[test]
fn a_program_that_locks_the_file_is_told_from_a_run_and_costs_nothing() {
    let folder = Folder::file();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    state.sqlite(|connection| connection.busy_timeout(Duration::ZERO).unwrap());
    let shell = Connection::open(folder.path()).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let errors = [
        state.store_batch(&batch("b"), at(1)).unwrap_err(),
        state.store_success("acme", "t1", at(1)).unwrap_err(),
        state.forget_fingerprints("acme", "t1", ["a"]).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error.problem, StateProblem::Busy), "{error:?}");
        let message = error.to_string();
        for part in ["state.db", "locked by another program", "backup", "wait"] {
            assert!(message.contains(part), "{message}");
        }
    }
    assert_eq!(t1(&state).cursor.as_deref(), Some("a"));
    drop(shell);
    state.store_batch(&batch("b"), at(2)).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let folder = Folder::file();
    let path = folder.folder.path().join("nowhere/state.db");
    let state = State::at(&path, Writes::Everything);
    let message = state.hold("acme").err().unwrap().to_string();
    for part in ["nowhere/state.db", "folder must exist"] {
        assert!(message.contains(part), "{message}");
    }
    // Nothing has run there yet, so there is nothing to read.
    assert_eq!(State::at(&path, Writes::Nothing).sources().unwrap(), []);
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let folder = Folder::file();
    std::fs::create_dir(folder.path()).unwrap();
    for error in [
        folder.open().hold("acme").err().unwrap(),
        folder.open_to_read().hold("acme").err().unwrap(),
    ] {
        assert!(matches!(error.problem, StateProblem::Open(_)), "{error:?}");
        assert!(error.to_string().contains("state.db"), "{error}");
    }
}

#[test]
fn an_approval_that_nobody_wrote_is_damage() {
    for change in ["asks = '{}'", "asks = 'x'", "approved_at = 'last week'"] {
        let folder = Folder::file();
        let state = folder.open();
        let asks = Permissions::default();
        state.approve("acme", &asks, at(0)).unwrap();
        state.execute(&format!("UPDATE consent SET {change}"));
        let error = state.consent("acme").unwrap_err();
        assert!(
            matches!(error.problem, StateProblem::Damaged(_)),
            "{error:?}"
        );
    }
}
