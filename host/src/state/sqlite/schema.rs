//! The state file's tables and their version.
//!
//! A file of another program or another version is refused before anything in it is changed.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::state::error::StateProblem;

/// The format of the file: `PRAGMA user_version`.
const VERSION: i64 = 2;

/// Marks the file as one of this program, `inv1` in ASCII: `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x696e_7631;

/// The smallest page of SQLite, in bytes.
const MIN_PAGE: u64 = 512;

/// How much of the write-ahead log stays on the disk once it is written back, in bytes. SQLite would keep it at the
/// greatest length that it ever had, until the run ends.
pub(in crate::state) const KEPT_LOG: u64 = 4 * 1024 * 1024;

/// Creates the tables.
///
/// `number` stands for account and source in the table of fingerprints, where each byte counts. The cursor is the last
/// column because it may be long: SQLite would have to read it to reach a column behind it.
const CREATE: &str = "
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
        device BLOB NOT NULL,
        fingerprint INTEGER NOT NULL,
        PRIMARY KEY (source, device)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER what_a_deleted_source_had AFTER DELETE ON source BEGIN
        DELETE FROM fingerprint WHERE source = OLD.number;
        DELETE FROM destination WHERE account = OLD.account AND source = OLD.source;
    END;
    CREATE TABLE destination (
        account TEXT NOT NULL,
        source TEXT NOT NULL,
        identity TEXT NOT NULL,
        PRIMARY KEY (account, source)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE account (
        account TEXT PRIMARY KEY,
        slot TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE consent (
        account TEXT PRIMARY KEY,
        asks TEXT NOT NULL,
        approved_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Returns whether the file at `path` has the tables of this version; `false` for an empty file. Changes nothing.
///
/// # Errors
///
/// When it is not SQLite, belongs to another program or is of another version.
pub(super) fn has_tables(path: &Path, connection: &Connection) -> Result<bool, StateProblem> {
    // SQLite takes a file that is shorter than its smallest page for an empty one, and would overwrite it.
    let length = std::fs::metadata(path).map_or(0, |found| found.len());
    if (1..MIN_PAGE).contains(&length) {
        return Err(StateProblem::NotState);
    }
    // Another job or process may be making the tables: all of this is read of one version of the file.
    let snapshot = match connection.is_autocommit() {
        true => Some(connection.unchecked_transaction()?),
        false => None,
    };
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let is_ours = number("PRAGMA application_id")? == APPLICATION_ID;
    let is_empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
    let version = number("PRAGMA user_version")?;
    drop(snapshot);
    match version {
        _ if !is_ours && !is_empty => Err(StateProblem::NotState),
        0 if is_empty => Ok(false),
        VERSION if is_ours => Ok(!is_empty),
        found => Err(StateProblem::Version {
            found,
            known: VERSION,
        }),
    }
}

/// Makes a connection ready to write: durable, and with the tables.
///
/// # Errors
///
/// Those of [`has_tables`], and when the file cannot be written.
pub(super) fn prepare_to_write(path: &Path, connection: &Connection) -> Result<(), StateProblem> {
    let is_ready = has_tables(path, connection)?;
    // Answers with the chosen mode: a disk without shared memory keeps another one, which is as durable.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = {KEPT_LOG};"
    ))?;
    if !is_ready {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        // Another process may have made them by now.
        if !has_tables(path, &transaction)? {
            transaction.execute_batch(&format!(
                "{CREATE} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
            ))?;
        }
        transaction.commit()?;
    }
    Ok(())
}
