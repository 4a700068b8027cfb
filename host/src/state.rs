//! What is kept between runs: one SQLite file with a row for each source of each account, one for what each account
//! was approved for, and one for each device and each destination of the accounts that deliver only what has
//! changed.
//!
//! A cursor is stored only after its events are confirmed and must then survive a power cut, hence
//! write-ahead logging with full synchronisation. One run writes at a time; reading is always free. The room
//! of what is deleted is used again, so the file grows no larger than what it has to hold at once.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use time::OffsetDateTime;

use crate::text::printable::printable;
use crate::units::timestamp;

mod consent;
#[cfg(test)]
mod consent_tests;
mod destination;
mod discovery;
mod error;
#[cfg(test)]
mod fingerprint_tests;
mod fingerprints;
mod lock;
#[cfg(test)]
mod open_tests;
mod schema;
#[cfg(test)]
mod schema_tests;
mod source_state;
#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod tests;
mod walk;

pub use crate::state::consent::Consent;
pub use crate::state::error::StateError;
pub use crate::state::fingerprints::Fingerprints;
pub use crate::state::source_state::SourceState;
pub use crate::state::walk::{Start, Wanted, next_walk};

pub(crate) mod standing;

/// The longest error text that is stored, in characters.
const LONGEST_ERROR: usize = 500;

/// How many prepared statements are kept: more than there are, so that none is prepared twice.
const KEPT_STATEMENTS: usize = 32;

/// An open state file.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    connection: Connection,
    /// Held as long as this value lives; none where the state is open to read.
    _lock: Option<lock::Lock>,
}

/// What is stored of a batch once its events are confirmed.
#[derive(Debug, Clone, Copy)]
pub struct StoredBatch<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The source's id.
    pub source: &'a str,
    /// The source's name.
    pub name: &'a str,
    /// The batch's cursor.
    pub cursor: &'a str,
    /// The batch's mark; the stored one stays where it has none.
    pub mark: Option<&'a str>,
    /// The batch's `more`.
    pub more: bool,
    /// Whether the batch belongs to a walk over everything: [`Start::full`].
    pub full: bool,
    /// Whether the batch is the first of its walk: `collect` was called without a cursor.
    pub first: bool,
    /// What the batch leaves of its devices.
    pub fingerprints: Fingerprints<'a>,
}

/// Stores a batch's cursor and where its walk stands, and returns the source's number.
const STORE_BATCH: &str = "
    INSERT INTO source (account, source, name, cursor, mark, walking, full_walk,
                        full_started_at, last_full_at, updated_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6 AND ?7,
            iif(?6 AND ?7, ?9, NULL), iif(?7 AND NOT ?6, ?9, NULL), ?9)
    ON CONFLICT (account, source) DO UPDATE SET
        name = excluded.name,
        cursor = excluded.cursor,
        mark = coalesce(excluded.mark, mark),
        walking = excluded.walking,
        full_walk = excluded.full_walk,
        full_started_at = iif(excluded.full_walk AND full_walk AND NOT ?8, full_started_at,
                              excluded.full_started_at),
        last_full_at = coalesce(excluded.last_full_at, last_full_at),
        gone_at = NULL,
        updated_at = excluded.updated_at
    RETURNING number";

/// Stores a cursor in the place of a walk, and returns the source's number.
const SET_CURSOR: &str = "
    INSERT INTO source (account, source, name, cursor, mark, walking, full_walk, last_full_at, updated_at)
    VALUES (?1, ?2, ?2, ?3, ?4, FALSE, FALSE, ?5, ?5)
    ON CONFLICT (account, source) DO UPDATE SET
        cursor = excluded.cursor,
        mark = excluded.mark,
        walking = FALSE,
        full_walk = FALSE,
        full_started_at = NULL,
        last_full_at = excluded.last_full_at,
        gone_at = NULL,
        updated_at = excluded.updated_at
    RETURNING number";

impl State {
    /// Opens the state to change it, creates it if it is missing, and keeps every other run from doing the
    /// same until the value is dropped or the process ends, however it ends.
    ///
    /// # Errors
    ///
    /// When another process holds the state, the file cannot be opened or created, is not a state file, or
    /// was written by a newer version.
    pub fn open_for_run(path: &Path) -> Result<Self, StateError> {
        let lock = lock::Lock::take(path)?;
        // SQLite would create the file with the rights that the umask leaves.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| StateError::opening(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| StateError::of(path, error))?;
        schema::prepare_to_write(path, &connection)?;
        Ok(Self::new(path, connection, Some(lock)))
    }

    /// Opens the state to read it, even while a run holds it. A missing file is an empty state.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not a state file, or was written by a newer version.
    pub fn open_to_read(path: &Path) -> Result<Self, StateError> {
        let open_error = |error| StateError::opening(path, error);
        let there = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(open_error(io::ErrorKind::IsADirectory.into()));
            }
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(open_error(error)),
        };
        if there {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)
                .map_err(|error| StateError::of(path, error))?;
            if schema::prepare_to_read(path, &connection)? {
                return Ok(Self::new(path, connection, None));
            }
        }
        let connection =
            Connection::open_in_memory().map_err(|error| StateError::of(path, error))?;
        schema::prepare_to_write(path, &connection)?;
        Ok(Self::new(path, connection, None))
    }

    fn new(path: &Path, connection: Connection, lock: Option<lock::Lock>) -> Self {
        connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
        Self {
            path: path.to_owned(),
            connection,
            _lock: lock,
        }
    }

    /// The state file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what is stored of one source.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is damaged.
    pub fn source(&self, account: &str, source: &str) -> Result<Option<SourceState>, StateError> {
        Ok(self
            .read(
                "SELECT * FROM source WHERE account = ?1 AND source = ?2",
                params![account, source],
            )?
            .pop())
    }

    /// Returns what is stored of every source of an account, by the sources' ids.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is damaged.
    pub fn sources_of(&self, account: &str) -> Result<Vec<SourceState>, StateError> {
        self.read(
            "SELECT * FROM source WHERE account = ?1 ORDER BY source",
            params![account],
        )
    }

    /// Returns what is stored of every source, by account and source id.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is damaged.
    pub fn sources(&self) -> Result<Vec<SourceState>, StateError> {
        self.read("SELECT * FROM source ORDER BY account, source", params![])
    }

    /// Stores how far a walk got and what the devices looked like, both or neither. Call it only once every
    /// event of the batch is confirmed. A source that has a batch is not gone.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn store_batch(
        &mut self,
        batch: &StoredBatch<'_>,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.transact(|transaction| {
            let number = transaction.prepare_cached(STORE_BATCH)?.query_row(
                params![
                    batch.account,
                    batch.source,
                    batch.name,
                    batch.cursor,
                    batch.mark,
                    batch.more,
                    batch.full,
                    batch.first,
                    timestamp::format(now)
                ],
                |row| row.get(0),
            )?;
            let begins_full_walk = batch.full && batch.first;
            fingerprints::store(transaction, number, &batch.fingerprints, begins_full_walk)
        })
    }

    /// Stores that a source is up to date, and forgets what stopped an earlier run.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn store_success(
        &mut self,
        account: &str,
        source: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write(
            "UPDATE source SET last_success_at = ?3, last_error = NULL, last_error_at = NULL, updated_at = ?3
             WHERE account = ?1 AND source = ?2",
            params![account, source, timestamp::format(now)],
        )
    }

    /// Stores what stopped a source: a message for people without personal data, on one line and cut to
    /// 500 characters. The cursor stays.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn store_error(
        &mut self,
        account: &str,
        source: &str,
        name: &str,
        error: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let error: String = printable(error).chars().take(LONGEST_ERROR).collect();
        self.write(
            "INSERT INTO source (account, source, name, walking, full_walk, last_error, last_error_at, updated_at)
             VALUES (?1, ?2, ?3, FALSE, FALSE, ?4, ?5, ?5)
             ON CONFLICT (account, source) DO UPDATE SET
                 name = excluded.name,
                 last_error = excluded.last_error,
                 last_error_at = excluded.last_error_at,
                 updated_at = excluded.updated_at",
            params![account, source, name, error, timestamp::format(now)],
        )
    }

    /// Puts a cursor in the place of the stored one. The next run begins a walk there; the next full walk
    /// is due `full_every` from now, as if one had just ended. What the devices looked like is forgotten, so
    /// that all that the walk finds is delivered. A source that was gone is so no longer, or the cursor would be
    /// pruned before the next run sees whether it is back.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn set_cursor(
        &mut self,
        account: &str,
        source: &str,
        cursor: &str,
        mark: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.transact(|transaction| {
            let number = transaction.prepare_cached(SET_CURSOR)?.query_row(
                params![account, source, cursor, mark, timestamp::format(now)],
                |row| row.get(0),
            )?;
            fingerprints::forget(transaction, number)
        })
    }

    /// Runs a query over the table of sources.
    fn read(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<SourceState>, StateError> {
        let query = || -> rusqlite::Result<Vec<SourceState>> {
            self.connection
                .prepare_cached(sql)?
                .query_map(params, SourceState::of)?
                .collect()
        };
        query().map_err(|error| StateError::of(&self.path, error))
    }

    /// Runs one statement, which SQLite does whole or not at all.
    fn write(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<(), StateError> {
        let statement = || self.connection.prepare_cached(sql)?.execute(params);
        statement()
            .map(drop)
            .map_err(|error| StateError::of(&self.path, error))
    }

    /// Runs several statements, all or none.
    fn transact<T>(
        &mut self,
        statements: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let run = || {
            let transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = statements(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|error| StateError::of(&self.path, error))
    }
}
