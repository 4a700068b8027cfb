//! What is stored of the sources of each account.
//!
//! A source that is gone, or is listed and cannot be collected any more, may come back, so its cursor stays until a
//! person prunes it.

use std::collections::BTreeSet;

use rusqlite::params;
use time::OffsetDateTime;

use crate::state::error::StateError;
use crate::state::file::State;
use crate::state::fingerprints::{self, Fingerprints};
use crate::state::stored_source::SourceState;
use crate::text::printable::printable;
use crate::units::timestamp;

/// The longest error text that is stored, in characters.
const MAX_ERROR: usize = 500;

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
    /// The batch's mark. Without one, the stored mark stays.
    pub mark: Option<&'a str>,
    /// The batch's `more`.
    pub more: bool,
    /// Whether the batch belongs to a full walk.
    pub full: bool,
    /// Whether the batch is the first of its walk: `collect` was called without a cursor.
    pub first: bool,
    /// What is stored of its devices.
    pub fingerprints: Fingerprints<'a>,
}

/// Stores a batch's cursor and the position of its walk, and returns the source's number.
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

/// Replaces the cursor and ends the walk, and returns the source's number.
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
    /// Returns what is stored of one source.
    pub(crate) fn source(
        &self,
        account: &str,
        source: &str,
    ) -> Result<Option<SourceState>, StateError> {
        let sql = "SELECT * FROM source WHERE account = ?1 AND source = ?2";
        Ok(self.select(sql, params![account, source])?.pop())
    }

    /// Returns what is stored of every source of an account, by the sources' ids.
    pub(crate) fn sources_of(&self, account: &str) -> Result<Vec<SourceState>, StateError> {
        let sql = "SELECT * FROM source WHERE account = ?1 ORDER BY source";
        self.select(sql, params![account])
    }

    /// Returns what is stored of every source, by account and source id.
    pub(crate) fn sources(&self) -> Result<Vec<SourceState>, StateError> {
        self.select("SELECT * FROM source ORDER BY account, source", params![])
    }

    fn select(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<SourceState>, StateError> {
        self.read(|connection| {
            connection
                .prepare_cached(sql)?
                .query_map(params, SourceState::of)?
                .collect()
        })
    }

    /// Stores the position of a walk and the fingerprints of the devices, both or neither. Call it only once every
    /// event of the batch is confirmed. A source that has a batch is not gone.
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
    pub(crate) fn store_success(
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
    pub(crate) fn store_error(
        &mut self,
        account: &str,
        source: &str,
        name: &str,
        error: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let error: String = printable(error).chars().take(MAX_ERROR).collect();
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

    /// Replaces the stored cursor. The next run begins a walk there; the next full walk is due `full_every` from now,
    /// as if one had just ended. The fingerprints are deleted, so that everything that the walk finds is delivered.
    /// The source no longer counts as gone, or the cursor would be pruned before the next run sees whether it is back.
    pub(crate) fn set_cursor(
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

    /// Stores which sources a complete listing of an account found to be collectable: a stored source that is not
    /// among `ids` is gone from now on, unless it was before; one that is among them is not.
    pub(crate) fn store_listing(
        &mut self,
        account: &str,
        ids: &BTreeSet<String>,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let now = timestamp::format(now);
        self.transact(|transaction| {
            let stored: Vec<(i64, bool, bool)> = transaction
                .prepare_cached(
                    "SELECT number, source, gone_at IS NOT NULL FROM source WHERE account = ?1",
                )?
                .query_map([account], |row| {
                    let id = row.get_ref(1)?.as_str()?;
                    Ok((row.get(0)?, ids.contains(id), row.get(2)?))
                })?
                .collect::<rusqlite::Result<_>>()?;
            let mut update = transaction.prepare_cached(
                "UPDATE source SET gone_at = ?2, updated_at = ?3 WHERE number = ?1",
            )?;
            for (number, listed, gone) in stored {
                if listed == gone {
                    update.execute(params![number, (!listed).then_some(&now), now])?;
                }
            }
            Ok(())
        })
    }

    /// Stores that a source is listed and cannot be collected: [`Self::prune`] forgets it like one that is gone.
    pub(crate) fn store_not_collectable(
        &mut self,
        account: &str,
        source: &str,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write(
            "UPDATE source SET gone_at = coalesce(gone_at, ?3), updated_at = ?3 WHERE account = ?1 AND source = ?2",
            params![account, source, timestamp::format(now)],
        )
    }

    /// Forgets every source that is gone and every account that is not in `known`, returns what was stored of the
    /// sources, by account and source id, and gives the space back to the disk.
    pub(crate) fn prune(&mut self, known: &BTreeSet<&str>) -> Result<Vec<SourceState>, StateError> {
        let known = serde_json::json!(known).to_string();
        let pruned = self.transact(|transaction| {
            let unknown = "account NOT IN (SELECT value FROM json_each(?1))";
            let mut pruned: Vec<_> = transaction
                .prepare(&format!(
                    "DELETE FROM source WHERE gone_at IS NOT NULL OR {unknown} RETURNING *"
                ))?
                .query_map([&known], SourceState::of)?
                .collect::<rusqlite::Result<_>>()?;
            for table in ["destination", "account", "consent"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE {unknown}"), [&known])?;
            }
            pruned.sort_by(|one: &SourceState, other| {
                (&one.account, &one.source).cmp(&(&other.account, &other.source))
            });
            Ok(pruned)
        })?;
        if !pruned.is_empty() {
            // Without space to pack the file, the next runs use what is free in it.
            let _ = self.connection.execute_batch("VACUUM");
        }
        Ok(pruned)
    }

    /// Forgets one source of an account, or all of them and its destination, and returns how many sources there
    /// were. What the account was approved for stays: to walk anew is no reason to ask for more.
    pub(crate) fn reset(
        &mut self,
        account: &str,
        source: Option<&str>,
    ) -> Result<usize, StateError> {
        self.transact(|transaction| {
            if source.is_none() {
                transaction.execute("DELETE FROM destination WHERE account = ?1", [account])?;
            }
            transaction.execute(
                "DELETE FROM source WHERE account = ?1 AND (?2 IS NULL OR source = ?2)",
                params![account, source],
            )
        })
    }
}
