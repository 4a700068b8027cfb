//! What is kept between runs: one SQLite file with a row for each source of each account.
//!
//! A cursor is stored only after its events are confirmed and must then survive a power cut, hence
//! write-ahead logging with full synchronisation. One run writes at a time; reading is always free.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Row, params};
use time::OffsetDateTime;

use crate::printable::printable;
use crate::timestamp;

mod error;
mod lock;
#[cfg(test)]
mod open_tests;
mod schema;
#[cfg(test)]
mod tests;
mod walk;

pub use error::StateError;
pub use walk::{Start, Wanted, next_walk};

/// The longest error text that is stored, in characters.
const LONGEST_ERROR: usize = 500;

/// An open state file.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    connection: Connection,
    /// Held as long as this value lives; none where the state is open to read.
    _lock: Option<lock::Lock>,
}

/// What is stored of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The account's name.
    pub account: String,
    /// The source's id.
    pub source: String,
    /// What a person calls the source; its id where no name is known.
    pub name: String,
    /// The cursor to go on from, as the component gave it; none before the first batch.
    pub cursor: Option<String>,
    /// How far the source is collected, for people; none before the first walk has ended.
    pub mark: Option<String>,
    /// Whether a walk is in progress: the last batch said that more follows.
    pub walking: bool,
    /// Whether the walk in progress is one over everything.
    pub full: bool,
    /// When the full walk in progress began.
    pub full_started_at: Option<OffsetDateTime>,
    /// When the last full walk ended, or a mark was set in its place.
    pub last_full_at: Option<OffsetDateTime>,
    /// When the source was last up to date.
    pub last_success_at: Option<OffsetDateTime>,
    /// What stopped the last run; none if nothing did.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<OffsetDateTime>,
    /// When the row last changed.
    pub updated_at: OffsetDateTime,
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
}

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
            .map_err(|source| StateError::Open {
                path: path.to_owned(),
                source,
            })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|error| StateError::of(path, error))?;
        schema::prepare(path, &connection)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            _lock: Some(lock),
        })
    }

    /// Opens the state to read it, even while a run holds it. A missing file is an empty state.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is not a state file, or was written by a newer version.
    pub fn open_to_read(path: &Path) -> Result<Self, StateError> {
        let state = |connection| Self {
            path: path.to_owned(),
            connection,
            _lock: None,
        };
        let open_error = |source| StateError::Open {
            path: path.to_owned(),
            source,
        };
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
            if schema::check(path, &connection)? == schema::Found::Ours {
                return Ok(state(connection));
            }
        }
        let connection =
            Connection::open_in_memory().map_err(|error| StateError::of(path, error))?;
        schema::prepare(path, &connection)?;
        Ok(state(connection))
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
            .sources_of(account)?
            .into_iter()
            .find(|state| state.source == source))
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

    /// Stores how far a walk got. Call it only once every event of the batch is confirmed.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn store_batch(
        &mut self,
        batch: &StoredBatch<'_>,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write(
            "INSERT INTO source (account, source, name, cursor, mark, walking, full_walk,
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
                 updated_at = excluded.updated_at",
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
        )
        .map(drop)
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
        .map(drop)
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
        .map(drop)
    }

    /// Puts a cursor in the place of the stored one. The next run begins a walk there; the next full walk
    /// is due `full_every` from now, as if one had just ended.
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
        self.write(
            "INSERT INTO source (account, source, name, cursor, mark, walking, full_walk, last_full_at, updated_at)
             VALUES (?1, ?2, ?2, ?3, ?4, FALSE, FALSE, ?5, ?5)
             ON CONFLICT (account, source) DO UPDATE SET
                 cursor = excluded.cursor,
                 mark = excluded.mark,
                 walking = FALSE,
                 full_walk = FALSE,
                 full_started_at = NULL,
                 last_full_at = excluded.last_full_at,
                 updated_at = excluded.updated_at",
            params![account, source, cursor, mark, timestamp::format(now)],
        )
        .map(drop)
    }

    /// Forgets one source of an account, or all of them, and returns how many there were.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn reset(&mut self, account: &str, source: Option<&str>) -> Result<usize, StateError> {
        self.write(
            "DELETE FROM source WHERE account = ?1 AND (?2 IS NULL OR source = ?2)",
            params![account, source],
        )
    }

    /// Forgets every account that is not in `known` and returns what was stored of its sources.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written. What is forgotten by then stays forgotten.
    pub fn prune(&mut self, known: &BTreeSet<&str>) -> Result<Vec<SourceState>, StateError> {
        let mut removed = self.sources()?;
        removed.retain(|state| !known.contains(state.account.as_str()));
        for state in &removed {
            self.reset(&state.account, Some(&state.source))?;
        }
        Ok(removed)
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
                .query_map(params, source_state)?
                .collect()
        };
        query().map_err(|error| StateError::of(&self.path, error))
    }

    /// Runs one statement, which SQLite does whole or not at all, and returns how many rows it changed.
    fn write(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<usize, StateError> {
        let statement = || self.connection.prepare_cached(sql)?.execute(params);
        statement().map_err(|error| StateError::of(&self.path, error))
    }
}

/// Reads a row of the table of sources.
fn source_state(row: &Row<'_>) -> rusqlite::Result<SourceState> {
    Ok(SourceState {
        account: row.get("account")?,
        source: row.get("source")?,
        name: row.get("name")?,
        cursor: row.get("cursor")?,
        mark: row.get("mark")?,
        walking: row.get("walking")?,
        full: row.get("full_walk")?,
        full_started_at: time(row, "full_started_at")?,
        last_full_at: time(row, "last_full_at")?,
        last_success_at: time(row, "last_success_at")?,
        last_error: row.get("last_error")?,
        last_error_at: time(row, "last_error_at")?,
        updated_at: time(row, "updated_at")?.unwrap_or(OffsetDateTime::UNIX_EPOCH),
    })
}

/// Reads a column that holds a time as text, or nothing.
fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<OffsetDateTime>> {
    let index = row.as_ref().column_index(column)?;
    row.get::<_, Option<String>>(index)?
        .map(|text| timestamp::parse(&text))
        .transpose()
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                index,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })
}
