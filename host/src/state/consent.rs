//! What was approved for each account's component, and whether a component asks for more.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::contract::difference::Difference;
use crate::contract::permissions::Permissions;
use crate::units::timestamp;

/// What was approved for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
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

/// Returns why an account's component may not run, and what to do, if it asks for more than was approved.
pub(crate) fn refusal(
    approved: Option<Consent>,
    account: &str,
    asks: &Permissions,
) -> Option<String> {
    let ConsentStatus::NeedsApproval(approved, difference) = ConsentStatus::of(approved, asks)
    else {
        return None;
    };
    Some(format!(
        "account {account}: the component asks for more than was approved on {}\n{difference}\n  to see all of it: \
         `asset-host describe --account {account}`; to allow it: `asset-host approve --account {account}`",
        timestamp::format(approved.approved_at),
    ))
}
