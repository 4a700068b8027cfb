//! The slot of the schedule in which each account was last begun, so that a restart repeats none.

use std::collections::BTreeMap;

use rusqlite::params;
use time::OffsetDateTime;

use crate::state::error::StateError;
use crate::state::file::State;
use crate::state::stored_source::time;
use crate::units::timestamp;

const ENDED: &str = "
    SELECT account, slot FROM account
    WHERE EXISTS (SELECT 1 FROM source
                  WHERE source.account = account.account AND updated_at >= slot)
        AND NOT EXISTS (SELECT 1 FROM source WHERE source.account = account.account AND walking)";

impl State {
    /// Returns the beginning of the last slot that each account was begun in, if its run has ended. One that was stopped or
    /// killed goes on at once: a walk is in progress, or nothing is stored since.
    pub(crate) fn slots(&self) -> Result<BTreeMap<String, OffsetDateTime>, StateError> {
        self.read(|connection| {
            connection
                .prepare_cached(ENDED)?
                .query_map([], |row| {
                    let slot = time(row, "slot")?.unwrap_or(OffsetDateTime::UNIX_EPOCH);
                    Ok((row.get("account")?, slot))
                })?
                .collect()
        })
    }

    /// Stores that an account is begun in the slot that begins at `slot`.
    pub(crate) fn begin_slot(
        &mut self,
        account: &str,
        slot: OffsetDateTime,
    ) -> Result<(), StateError> {
        self.write(
            "INSERT INTO account (account, slot) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET slot = excluded.slot",
            params![account, timestamp::format(slot)],
        )
    }
}
