//! The state file's tables and their version.
//!
//! A newer or foreign file is refused before anything in it is touched. An older one is brought up to date
//! when a run opens it; who only reads it sees it as if it were.

use std::path::Path;

use rusqlite::Connection;

use crate::state::StateError;

/// The newest format that this program knows: `PRAGMA user_version`.
pub(super) const VERSION: i64 = 3;

/// What tells the file from every other SQLite file, `inv1` in ASCII: `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x696e_7631;

/// The smallest page of SQLite, in bytes.
const SMALLEST_PAGE: u64 = 512;

/// How much of the write-ahead log stays on the disk once it is written back, in bytes. SQLite would keep
/// it at the greatest length that it ever had, until the run ends.
pub(super) const KEPT_LOG: u64 = 4 * 1024 * 1024;

/// Creates the tables of version 2.
///
/// `number` stands for account and source in the table of fingerprints, where each byte counts. The cursor
/// is the last column because it may be long: what stands behind it could not be read without it.
const CREATE_2: &str = "
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
";

/// Creates what version 3 has beside them: what each account was approved for, as JSON.
const CREATE_3: &str = "
    CREATE TABLE consent (
        account TEXT PRIMARY KEY,
        asks TEXT NOT NULL,
        approved_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Stands for that table where an older file is read.
const NO_CONSENT: &str = "
    CREATE TEMP VIEW consent AS
        SELECT NULL AS account, NULL AS asks, NULL AS approved_at WHERE FALSE;
";

/// The columns that the table of sources had in version 1.
const COLUMNS_1: &str =
    "account, source, name, mark, walking, full_walk, full_started_at, last_full_at, last_success_at,
     last_error, last_error_at, updated_at, cursor";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Nothing yet.
    Nothing,
    /// A state of version 1, without fingerprints, destinations and what is gone.
    Version1,
    /// A state of version 2, without what was approved.
    Version2,
    /// A state of this version.
    Current,
}

/// Tells what the file at `path` holds, without changing it.
///
/// # Errors
///
/// When it is not SQLite, belongs to another program, or is of a newer format.
fn check(path: &Path, connection: &Connection) -> Result<Found, StateError> {
    let not_state = || StateError::NotState {
        path: path.to_owned(),
    };
    // SQLite takes a file that is shorter than its smallest page for an empty one, and would overwrite it.
    let length = std::fs::metadata(path).map_or(0, |found| found.len());
    if (1..SMALLEST_PAGE).contains(&length) {
        return Err(not_state());
    }
    let number = |sql: &str| -> Result<i64, StateError> {
        connection
            .query_row(sql, [], |row| row.get(0))
            .map_err(|error| StateError::of(path, error))
    };
    let ours = number("PRAGMA application_id")? == APPLICATION_ID;
    let version = number("PRAGMA user_version")?;
    let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    match version {
        _ if !ours && !empty => Err(not_state()),
        VERSION.. if version > VERSION => Err(StateError::Newer {
            path: path.to_owned(),
            found: version,
            known: VERSION,
        }),
        _ if empty => Ok(Found::Nothing),
        VERSION => Ok(Found::Current),
        1 => Ok(Found::Version1),
        2 => Ok(Found::Version2),
        _ => Err(not_state()),
    }
}

/// Makes a connection ready to read, without changing the file, and tells whether there is a state in it.
///
/// A run may bring an older file up to date at any time, and the views then still hold.
///
/// # Errors
///
/// When the file is not SQLite, belongs to another program, is of a newer format, or cannot be read.
pub(super) fn prepare_to_read(path: &Path, connection: &Connection) -> Result<bool, StateError> {
    // Views of the connection's own, which SQLite finds before the file's tables of the same names.
    let views = match check(path, connection)? {
        Found::Nothing => return Ok(false),
        Found::Current => return Ok(true),
        Found::Version2 => NO_CONSENT.to_owned(),
        Found::Version1 => format!(
            "CREATE TEMP VIEW source AS SELECT 0 AS number, NULL AS gone_at, {COLUMNS_1} FROM main.source;
             CREATE TEMP VIEW fingerprint AS
                 SELECT NULL AS source, NULL AS device, NULL AS fingerprint WHERE FALSE;
             {NO_CONSENT}"
        ),
    };
    connection
        .execute_batch(&views)
        .map_err(|error| StateError::of(path, error))?;
    Ok(true)
}

/// Makes a connection ready to write: durable, and with the tables of this version.
///
/// # Errors
///
/// When the file is not SQLite, belongs to another program, is of a newer format, or cannot be written; an
/// older file then still is what it was.
pub(super) fn prepare_to_write(path: &Path, connection: &Connection) -> Result<(), StateError> {
    let tables = match check(path, connection)? {
        Found::Nothing => format!("{CREATE_2} {CREATE_3}"),
        Found::Version1 => format!(
            "ALTER TABLE source RENAME TO source_1;
             {CREATE_2} {CREATE_3}
             INSERT INTO source ({COLUMNS_1}) SELECT {COLUMNS_1} FROM source_1 ORDER BY account, source;
             DROP TABLE source_1;"
        ),
        Found::Version2 => CREATE_3.to_owned(),
        Found::Current => String::new(),
    };
    let statements = || -> rusqlite::Result<()> {
        // Answers with the mode that it chose: a disk without shared memory keeps another, as durable one.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = {KEPT_LOG};"
        ))?;
        if !tables.is_empty() {
            // What is not committed when it fails is rolled back with the transaction.
            let transaction = connection.unchecked_transaction()?;
            transaction.execute_batch(&format!(
                "{tables} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
            ))?;
            transaction.commit()?;
        }
        Ok(())
    };
    statements().map_err(|error| StateError::of(path, error))
}
