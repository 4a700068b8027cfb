//! Where accounts stand with what their components ask for, by the state, and how that is recorded.

use std::fmt;

use time::OffsetDateTime;
use tracing::info;

use crate::contract::difference::Difference;
use crate::contract::permissions::Permissions;
use crate::state::consent::Consent;
use crate::state::error::StateError;
use crate::state::file::State;
use crate::units::timestamp;

/// Where an account stands with what its component asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is recorded: the first run approves.
    First,
    /// This very component was approved.
    Approved(Consent),
    /// Another build was approved, and this one asks for no more.
    OtherBuild(Consent),
    /// It asks for more than was approved.
    More(Consent, Difference),
}

impl Standing {
    /// Holds what is asked for against what was approved.
    pub(crate) fn of(approved: Option<Consent>, asks: &Permissions) -> Self {
        let Some(consent) = approved else {
            return Self::First;
        };
        match Difference::between(&consent.asks, asks) {
            Some(difference) => Self::More(consent, difference),
            None if consent.asks.sha256 == asks.sha256 => Self::Approved(consent),
            None => Self::OtherBuild(consent),
        }
    }
}

/// An account that may not run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The account's name.
    pub account: String,
    /// What was approved, and when.
    pub approved: Consent,
    /// What is asked for beyond it.
    pub difference: Difference,
}

/// The components of some accounts ask for more than was approved.
#[derive(Debug, thiserror::Error)]
pub(crate) struct NotApproved(
    /// The accounts, at least one.
    pub Vec<Refused>,
);

impl fmt::Display for NotApproved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, refused) in self.0.iter().enumerate() {
            let account = &refused.account;
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(
                formatter,
                "account {account}: the component asks for more than was approved on {}\n{}\n  look at it with \
                 `asset-host describe --account {account}`; `asset-host approve --account {account}` lets it",
                timestamp::format(refused.approved.approved_at),
                refused.difference
            )?;
        }
        Ok(())
    }
}

/// Why accounts may not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// A component asks for more than was approved.
    #[error(transparent)]
    NotApproved(#[from] NotApproved),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Holds what accounts ask for, each by its name, against what is recorded. Changes nothing.
///
/// # Errors
///
/// When one asks for more than was approved, with all that do, or the state cannot be read.
pub(crate) fn check(state: &State, accounts: &[(&str, &Permissions)]) -> Result<(), CheckError> {
    let mut refused = Vec::new();
    for (account, asks) in accounts {
        if let Standing::More(approved, difference) = Standing::of(state.consent(account)?, asks) {
            refused.push(Refused {
                account: (*account).to_owned(),
                approved,
                difference,
            });
        }
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(NotApproved(refused).into())
    }
}

/// Records what accounts that passed [`check`] ask for, where it is their first run or their component is another
/// build, and says so in the log. Records nothing of the others.
///
/// # Errors
///
/// When the state cannot be read or written.
pub(crate) fn record(
    state: &mut State,
    accounts: &[(&str, &Permissions)],
    now: OffsetDateTime,
) -> Result<(), StateError> {
    for (account, asks) in accounts {
        match Standing::of(state.consent(account)?, asks) {
            Standing::First => {
                state.approve(account, asks, now)?;
                info!(
                    account,
                    sha256 = asks.sha256,
                    "first run of {}, which approves what it asks for: {asks}. `asset-host describe --account \
                     {account}` shows it all",
                    asks.component()
                );
            }
            Standing::OtherBuild(before) => {
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
            Standing::Approved(_) | Standing::More(..) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
