//! Files of older versions, which exist in the field.

use super::*;
use crate::contract::bindings::inventory::connector::types::Event;
use crate::contract::permissions::Asks;
use crate::state::open_tests::{Folder, at, batch, t1};

/// What version 1 of the state created, as it was released.
const VERSION_1: &str = "
    PRAGMA journal_mode = WAL;
    BEGIN IMMEDIATE;
    CREATE TABLE source (
        account TEXT NOT NULL,
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        cursor TEXT,
        mark TEXT,
        walking INTEGER NOT NULL,
        full_walk INTEGER NOT NULL,
        full_started_at TEXT,
        last_full_at TEXT,
        last_success_at TEXT,
        last_error TEXT,
        last_error_at TEXT,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (account, source)
    ) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 1768846897;
    PRAGMA user_version = 1;
    COMMIT;
    INSERT INTO source VALUES
        ('acme', 't1', 'Tenant One', 'page 7', '2026-01-31T07:00:00.000Z', TRUE, TRUE,
         '2026-01-31T08:00:00.000Z', '2026-01-31T08:00:01.000Z', '2026-01-31T08:00:02.000Z',
         'the API refused', '2026-01-31T08:00:03.000Z', '2026-01-31T08:00:04.000Z'),
        ('acme', 't0', 't0', NULL, NULL, FALSE, FALSE, NULL, NULL, NULL, NULL, NULL,
         '2026-01-31T08:00:05.000Z');
";

/// What version 2 of the state created, as it was released, with the rows of the other.
const VERSION_2: &str = "
    PRAGMA journal_mode = WAL;
    BEGIN IMMEDIATE;

    CREATE TABLE source (
        number INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        mark TEXT,
        walking INTEGER NOT NULL,
        full_walk INTEGER NOT NULL,
        full_started_at TEXT,
        last_full_at TEXT,
        last_success_at TEXT,
        last_error TEXT,
        last_error_at TEXT,
        gone_at TEXT,
        updated_at TEXT NOT NULL,
        cursor TEXT,
        UNIQUE (account, source)
    ) STRICT;
    CREATE TABLE fingerprint (
        source INTEGER NOT NULL,
        device ANY NOT NULL,
        fingerprint INTEGER NOT NULL,
        PRIMARY KEY (source, device)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE destination (
        account TEXT PRIMARY KEY,
        identity TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 1768846897;
    PRAGMA user_version = 2;
    COMMIT;
    INSERT INTO source VALUES
        (1, 'acme', 't0', 't0', NULL, FALSE, FALSE, NULL, NULL, NULL, NULL, NULL, NULL,
         '2026-01-31T08:00:05.000Z', NULL),
        (2, 'acme', 't1', 'Tenant One', '2026-01-31T07:00:00.000Z', TRUE, TRUE,
         '2026-01-31T08:00:00.000Z', '2026-01-31T08:00:01.000Z', '2026-01-31T08:00:02.000Z',
         'the API refused', '2026-01-31T08:00:03.000Z', NULL, '2026-01-31T08:00:04.000Z', 'page 7');
";

/// Folders with a file of each older version.
fn older() -> [Folder; 2] {
    [VERSION_1, VERSION_2].map(|version| {
        let folder = Folder::new();
        let connection = Connection::open(folder.path()).unwrap();
        connection.execute_batch(version).unwrap();
        folder
    })
}

/// What both files hold.
fn expected() -> [SourceState; 2] {
    let t0 = SourceState {
        account: "acme".into(),
        source: "t0".into(),
        name: "t0".into(),
        cursor: None,
        mark: None,
        walking: false,
        full: false,
        full_started_at: None,
        last_full_at: None,
        last_success_at: None,
        last_error: None,
        last_error_at: None,
        gone_at: None,
        updated_at: at(5),
    };
    let t1 = SourceState {
        source: "t1".into(),
        name: "Tenant One".into(),
        cursor: Some("page 7".into()),
        mark: Some("2026-01-31T07:00:00.000Z".into()),
        walking: true,
        full: true,
        full_started_at: Some(at(0)),
        last_full_at: Some(at(1)),
        last_success_at: Some(at(2)),
        last_error: Some("the API refused".into()),
        last_error_at: Some(at(3)),
        updated_at: at(4),
        ..t0.clone()
    };
    [t0, t1]
}

/// The tables and their version.
fn tables(path: &Path) -> (i64, Vec<String>) {
    let connection = Connection::open(path).unwrap();
    let version = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    let mut select = connection
        .prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name")
        .unwrap();
    let tables = select.query_map([], |row| row.get(0)).unwrap();
    (version, tables.collect::<Result<_, _>>().unwrap())
}

#[test]
fn reading_shows_all_of_it_and_changes_nothing() {
    for folder in older() {
        let before = std::fs::read(folder.path()).unwrap();
        let state = State::open_to_read(&folder.path()).unwrap();
        assert_eq!(state.sources().unwrap(), expected());
        assert_eq!(state.sources_of("acme").unwrap(), expected());
        assert_eq!(t1(&state), expected()[1]);
        assert_eq!(state.consent("acme").unwrap(), None);
        let event = Event {
            device: "a".into(),
            json: "{}".into(),
            fingerprint: 0,
        };
        assert_eq!(state.changed("acme", "t1", &[event]).unwrap(), [true]);
        drop(state);
        assert_eq!(std::fs::read(folder.path()).unwrap(), before);
    }
}

#[test]
fn a_reader_goes_on_when_a_run_brings_the_file_up_to_date() {
    for folder in older() {
        let reader = State::open_to_read(&folder.path()).unwrap();
        assert_eq!(reader.sources().unwrap(), expected());
        let mut run = folder.open();
        assert_eq!(reader.sources().unwrap(), expected());
        run.store_batch(&batch("page 8"), at(9)).unwrap();
        assert_eq!(t1(&reader).cursor.as_deref(), Some("page 8"));
        assert_eq!(reader.consent("acme").unwrap(), None);
    }
}

#[test]
fn a_run_brings_it_up_to_date() {
    for folder in older() {
        let mut state = folder.open();
        assert_eq!(state.sources().unwrap(), expected());
        state.store_batch(&batch("page 8"), at(9)).unwrap();
        assert_eq!(state.consent("acme").unwrap(), None);
        state.approve("acme", &Asks::default(), at(9)).unwrap();
        drop(state);
        let state = folder.open();
        assert_eq!(t1(&state).cursor.as_deref(), Some("page 8"));
        assert!(state.consent("acme").unwrap().is_some());
        drop(state);

        let new = Folder::new();
        drop(new.open());
        assert_eq!(tables(&folder.path()), tables(&new.path()));
    }
}

#[test]
fn without_room_it_stays_what_it_was() {
    for folder in older() {
        let before = tables(&folder.path());
        let connection = Connection::open(folder.path()).unwrap();
        connection
            .query_row("PRAGMA max_page_count = 4", [], |_| Ok(()))
            .unwrap();
        let error = schema::prepare_to_write(&folder.path(), &connection).unwrap_err();
        assert!(matches!(error, StateError::Full { .. }), "{error:?}");
        drop(connection);
        assert_eq!(tables(&folder.path()), before);
        assert_eq!(folder.open().sources().unwrap(), expected());
    }
}
