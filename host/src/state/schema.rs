//! The state file's tables and their version.
//!
//! A newer or foreign file is refused before anything in it is touched.

use std::path::Path;

use rusqlite::Connection;

use super::StateError;

/// The newest format that this program knows: `PRAGMA user_version`.
pub const VERSION: i64 = 1;

/// What tells the file from every other SQLite file, `inv1` in ASCII: `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x696e_7631;

/// The smallest page of SQLite, in bytes.
const SMALLEST_PAGE: u64 = 512;

/// Creates the tables.
const CREATE: &str = "
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
";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Nothing,
    /// A state of a format that is known.
    Ours,
}

/// Tells what the file at `path` holds, without changing it.
///
/// # Errors
///
/// When it is not SQLite, belongs to another program, or is of a newer format.
pub fn check(path: &Path, connection: &Connection) -> Result<Found, StateError> {
    // SQLite takes a file that is shorter than its smallest page for an empty one, and would overwrite it.
    let length = std::fs::metadata(path).map_or(0, |found| found.len());
    if (1..SMALLEST_PAGE).contains(&length) {
        return Err(StateError::NotState {
            path: path.to_owned(),
        });
    }
    let number = |sql: &str| -> Result<i64, StateError> {
        connection
            .query_row(sql, [], |row| row.get(0))
            .map_err(|error| StateError::of(path, error))
    };
    let ours = number("PRAGMA application_id")? == APPLICATION_ID;
    let version = number("PRAGMA user_version")?;
    let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    match (ours, empty) {
        (false, false) => Err(StateError::NotState {
            path: path.to_owned(),
        }),
        _ if version > VERSION => Err(StateError::Newer {
            path: path.to_owned(),
            found: version,
            known: VERSION,
        }),
        (_, true) => Ok(Found::Nothing),
        (true, false) => Ok(Found::Ours),
    }
}

/// Makes a connection ready to write: durable, and with tables.
///
/// # Errors
///
/// Those of [`check`], and when the file cannot be written.
pub fn prepare(path: &Path, connection: &Connection) -> Result<(), StateError> {
    let found = check(path, connection)?;
    let statements = || -> rusqlite::Result<()> {
        // Answers with the mode that it chose: a disk without shared memory keeps another, as durable one.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        if found == Found::Nothing {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {CREATE} PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = {VERSION}; COMMIT;"
            ))?;
        }
        Ok(())
    };
    statements().map_err(|error| StateError::of(path, error))
}
