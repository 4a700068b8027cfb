//! What was approved for each account's component, and whether a component asks for more.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tracing::info;

use crate::contract::difference::Difference;
use crate::contract::permissions::Permissions;
use crate::state::error::StateError;
use crate::state::file::State;
use crate::units::timestamp;

/// What was approved for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// What its component may ask for.
    pub asks: Permissions,
    /// Since when: its first run, the first of another build, or `approve`.
    #[serde(with = "time::serde::rfc3339")]
    pub approved_at: OffsetDateTime,
}

/// How what a component asks for compares to what was approved for its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConsentStatus {
    /// Nothing is approved yet: the first run approves.
    FirstRun,
    /// This very component was approved.
    Approved(Consent),
    /// Another build was approved, and this one asks for no more.
    OtherBuild(Consent),
    /// The component asks for more than was approved.
    NeedsApproval(Consent, Difference),
}

impl ConsentStatus {
    /// Compares what a component asks for to what was approved.
    pub(crate) fn of(approved: Option<Consent>, asks: &Permissions) -> Self {
        let Some(consent) = approved else {
            return Self::FirstRun;
        };
        match Difference::between(&consent.asks, asks) {
            Some(difference) => Self::NeedsApproval(consent, difference),
            None if consent.asks.sha256 == asks.sha256 => Self::Approved(consent),
            None => Self::OtherBuild(consent),
        }
    }
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
            StateError::at(self.path())(error)
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

/// Returns why an account's component may not run, and what to do, if it asks for more than was approved.
pub(crate) fn refusal(
    state: &State,
    account: &str,
    asks: &Permissions,
) -> Result<Option<String>, StateError> {
    let status = ConsentStatus::of(state.consent(account)?, asks);
    let ConsentStatus::NeedsApproval(approved, difference) = status else {
        return Ok(None);
    };
    Ok(Some(format!(
        "account {account}: the component asks for more than was approved on {}\n{difference}\n  to see all of it: \
         `asset-host describe --account {account}`; to allow it: `asset-host approve --account {account}`",
        timestamp::format(approved.approved_at),
    )))
}

/// Approves what an account's component asks for, on the first run of the account or when the component is another build
/// that asks for no more, and logs it. Approves nothing more.
///
/// # Errors
///
/// When the state cannot be read or written.
pub(crate) fn record(
    state: &mut State,
    account: &str,
    asks: &Permissions,
    now: OffsetDateTime,
) -> Result<(), StateError> {
    match ConsentStatus::of(state.consent(account)?, asks) {
        ConsentStatus::FirstRun => {
            state.approve(account, asks, now)?;
            info!(
                account,
                sha256 = asks.sha256,
                "first run of {}, which approves what it asks for: {asks}. `asset-host describe --account {account}` \
                 describes it",
                asks.component()
            );
        }
        ConsentStatus::OtherBuild(before) => {
            state.approve(account, asks, now)?;
            info!(
                account,
                sha256 = asks.sha256,
                before = before.asks.sha256,
                "the component is another build, {}, before {}; it asks for no more than was approved",
                asks.component(),
                before.asks.component()
            );
        }
        ConsentStatus::Approved(_) | ConsentStatus::NeedsApproval(..) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
