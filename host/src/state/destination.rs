//! The destination of each source of the accounts that deliver only changes: the fingerprints say what that one has.

use rusqlite::{OptionalExtension, params};

use crate::state::error::StateError;
use crate::state::file::State;

impl State {
    /// Stores which destination a source is about to deliver to. `destination` is any text that differs for another
    /// receiver and holds no secret. Call it before the first [`State::changed`] of a walk.
    ///
    /// If another destination is stored, or none beside fingerprints, the source's fingerprints are deleted in the same
    /// transaction, so that the new receiver gets every device that is seen. Returns whether that is so. Nothing is written
    /// if the stored destination is the same.
    pub(crate) fn set_destination(
        &mut self,
        account: &str,
        source: &str,
        destination: &str,
    ) -> Result<bool, StateError> {
        self.transact(|transaction| {
            let stored: Option<String> = transaction
                .prepare_cached(
                    "SELECT identity FROM destination WHERE account = ?1 AND source = ?2",
                )?
                .query_row([account, source], |row| row.get(0))
                .optional()?;
            if stored.as_deref() == Some(destination) {
                return Ok(false);
            }
            let forgotten = transaction.execute(
                "DELETE FROM fingerprint
                 WHERE source = (SELECT number FROM source WHERE account = ?1 AND source = ?2)",
                [account, source],
            )?;
            transaction.execute(
                "INSERT INTO destination (account, source, identity) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET identity = excluded.identity",
                params![account, source, destination],
            )?;
            Ok(stored.is_some() || forgotten > 0)
        })
    }
}
