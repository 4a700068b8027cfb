//! The destination of each account that delivers only changes: the fingerprints say what that one has.

use rusqlite::{OptionalExtension, params};

use crate::state::error::StateError;
use crate::state::file::State;

impl State {
    /// Stores which destination an account is about to deliver to. `destination` is any text that differs for another
    /// receiver and holds no secret. Call it before the first [`State::changed`] of a run.
    ///
    /// If another destination is stored, or none beside fingerprints, the fingerprints of all the account's sources
    /// are deleted in the same transaction, so that the new receiver gets every device that is seen. Returns whether
    /// that is so. Nothing is written if the stored destination is the same.
    pub(crate) fn set_destination(
        &mut self,
        account: &str,
        destination: &str,
    ) -> Result<bool, StateError> {
        self.transact(|transaction| {
            let stored: Option<String> = transaction
                .prepare_cached("SELECT identity FROM destination WHERE account = ?1")?
                .query_row([account], |row| row.get(0))
                .optional()?;
            if stored.as_deref() == Some(destination) {
                return Ok(false);
            }
            let forgotten = transaction.execute(
                "DELETE FROM fingerprint WHERE source IN (SELECT number FROM source WHERE account = ?1)",
                [account],
            )?;
            transaction.execute(
                "INSERT INTO destination (account, identity) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET identity = excluded.identity",
                params![account, destination],
            )?;
            Ok(stored.is_some() || forgotten > 0)
        })
    }
}
