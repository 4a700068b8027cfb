//! Which stored sources can still be collected, and how sources are forgotten.
//!
//! A source that goes away, or is listed but cannot be collected any more, may come back, so its cursor stays until a
//! person prunes it.

use std::collections::BTreeSet;

use rusqlite::params;
use time::OffsetDateTime;

use crate::state::{SourceState, State, StateError, consent, destination, fingerprints};
use crate::units::timestamp;

impl State {
    /// Stores what a complete discovery of an account found: `ids` are the sources that it lists and that can be
    /// collected, whether they are or not. A stored source that is not among them is gone from now on, if it was not
    /// before; one that is among them no longer is. Returns what is stored of those that are gone, by their ids.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written; what was stored before is then still there, whole.
    pub fn discovered(
        &mut self,
        account: &str,
        ids: &BTreeSet<String>,
        now: OffsetDateTime,
    ) -> Result<Vec<SourceState>, StateError> {
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
            for (number, there, gone) in stored {
                if there == gone {
                    update.execute(params![number, (!there).then_some(&now), now])?;
                }
            }
            Ok(())
        })?;
        self.read(
            "SELECT * FROM source WHERE account = ?1 AND gone_at IS NOT NULL ORDER BY source",
            [account],
        )
    }

    /// Stores that a source is listed and cannot be collected: [`Self::prune`] forgets it as one that is gone.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn not_collectable(
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

    /// Forgets every source that is gone and every account that is not in `known`, returns what was stored of
    /// them, by account and source id, and gives the room that they took back to the disk.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written; what was stored before is then still there, whole.
    pub fn prune(&mut self, known: &BTreeSet<&str>) -> Result<Vec<SourceState>, StateError> {
        let removed = self.transact(|transaction| {
            let mut removed = Vec::new();
            let mut select =
                transaction.prepare_cached("SELECT * FROM source ORDER BY account, source")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let state = SourceState::of(row)?;
                if state.gone_at.is_some() || !known.contains(state.account.as_str()) {
                    removed.push((row.get("number")?, state));
                }
            }
            for (number, _) in &removed {
                forget(transaction, *number)?;
            }
            destination::prune(transaction, known)?;
            consent::prune(transaction, known)?;
            Ok(removed)
        })?;
        if !removed.is_empty() {
            // Where there is no room to pack the file, the next runs fill what is free in it.
            let _ = self.connection.execute_batch("VACUUM");
        }
        Ok(removed.into_iter().map(|(_, state)| state).collect())
    }

    /// Forgets one source of an account, or all of them and its destination, and returns how many sources there
    /// were. What the account was approved for stays: to walk anew is no reason to ask for more.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; what was stored before is then still there, whole.
    pub fn reset(&mut self, account: &str, source: Option<&str>) -> Result<usize, StateError> {
        self.transact(|transaction| {
            let numbers: Vec<i64> = transaction
                .prepare_cached(
                    "SELECT number FROM source WHERE account = ?1 AND (?2 IS NULL OR source = ?2)",
                )?
                .query_map(params![account, source], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for number in &numbers {
                forget(transaction, *number)?;
            }
            if source.is_none() {
                destination::forget(transaction, account)?;
            }
            Ok(numbers.len())
        })
    }
}

/// Forgets all that is stored of the source `number`.
fn forget(connection: &rusqlite::Connection, number: i64) -> rusqlite::Result<()> {
    fingerprints::forget(connection, number)?;
    connection
        .prepare_cached("DELETE FROM source WHERE number = ?1")?
        .execute([number])
        .map(drop)
}
