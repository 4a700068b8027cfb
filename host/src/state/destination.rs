//! Which destination each account delivers to, since what is known of one receiver says nothing of another.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use crate::state::{State, StateError, fingerprints};

impl State {
    /// Stores which destination an account is about to deliver to: `destination` is any text that is another
    /// one where the receiver is, and holds no secret. Call it before the first [`State::changed`] of a run.
    ///
    /// Where another one is stored, or none beside fingerprints, the fingerprints of all the account's sources
    /// are forgotten in the same transaction, so that the new receiver gets every device that is seen.
    /// Returns whether that is so. Nothing is written where the stored one is the same.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written; what was stored before is then still there, whole.
    pub fn deliver_to(&mut self, account: &str, destination: &str) -> Result<bool, StateError> {
        self.transact(|transaction| {
            let stored: Option<String> = transaction
                .prepare_cached("SELECT identity FROM destination WHERE account = ?1")?
                .query_row([account], |row| row.get(0))
                .optional()?;
            if stored.as_deref() == Some(destination) {
                return Ok(false);
            }
            let forgotten = fingerprints::forget_account(transaction, account)?;
            transaction
                .prepare_cached(
                    "INSERT INTO destination (account, identity) VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET identity = excluded.identity",
                )?
                .execute(params![account, destination])?;
            Ok(stored.is_some() || forgotten > 0)
        })
    }
}

/// Forgets which destination an account delivers to.
pub(super) fn forget(connection: &Connection, account: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM destination WHERE account = ?1")?
        .execute([account])
        .map(drop)
}

/// Forgets the destinations of the accounts that are not in `known`.
pub(super) fn prune(connection: &Connection, known: &BTreeSet<&str>) -> rusqlite::Result<()> {
    let accounts: Vec<String> = connection
        .prepare_cached("SELECT account FROM destination")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    accounts
        .iter()
        .filter(|account| !known.contains(account.as_str()))
        .try_for_each(|account| forget(connection, account))
}
