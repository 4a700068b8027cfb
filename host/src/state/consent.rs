//! What was approved for each account's component.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use time::OffsetDateTime;

use crate::contract::permissions::Permissions;
use crate::state::error::StateError;
use crate::state::file::State;
use crate::units::timestamp;

/// What was approved for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// What its component may ask for.
    pub asks: Permissions,
    /// Since when: its first run, the first of another build, or `approve`.
    pub approved_at: OffsetDateTime,
}

impl State {
    /// Returns what was approved for an account; `None` before its first run.
    pub(crate) fn consent(&self, account: &str) -> Result<Option<Consent>, StateError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT asks, approved_at FROM consent WHERE account = ?1")?
                .query_row([account], consent)
                .optional()
        })
    }

    /// Stores what is approved for an account, and replaces what was approved before.
    pub(crate) fn approve(
        &mut self,
        account: &str,
        asks: &Permissions,
        now: OffsetDateTime,
    ) -> Result<(), StateError> {
        let asks = serde_json::to_string(asks).map_err(|error| {
            let error = rusqlite::Error::ToSqlConversionFailure(Box::new(error));
            StateError::of(self.path(), error)
        })?;
        self.write(
            "INSERT INTO consent (account, asks, approved_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET asks = excluded.asks, approved_at = excluded.approved_at",
            params![account, asks, timestamp::format(now)],
        )
    }
}

/// Reads a row of the table.
fn consent(row: &Row<'_>) -> rusqlite::Result<Consent> {
    let damaged = |column, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error)
    };
    Ok(Consent {
        asks: serde_json::from_str(row.get_ref(0)?.as_str()?)
            .map_err(|error| damaged(0, Box::new(error)))?,
        approved_at: timestamp::parse(row.get_ref(1)?.as_str()?)
            .map_err(|error| damaged(1, Box::new(error)))?,
    })
}
