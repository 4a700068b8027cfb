//! What every store keeps of an account, and a change of it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::state::consent::Consent;
use crate::state::stored_source::SourceState;

/// What is stored of an account besides its sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AccountRecord {
    /// The beginning of the last slot of the schedule that it was collected in.
    #[serde(with = "time::serde::rfc3339::option")]
    pub slot: Option<OffsetDateTime>,
    /// What was approved for it.
    pub consent: Option<Consent>,
    /// When requests were last sent to its API: so many milliseconds before the record was stored, and how many.
    pub requests: Vec<(u64, u32)>,
}

/// What is stored of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SourceRecord {
    /// Its cursor and the position of its walk; `None` before its first batch and its first error.
    pub state: Option<SourceState>,
    /// Where its events went, for accounts that deliver only changes.
    pub destination: Option<String>,
}

/// A change of what is stored of one account. A store applies all of it or nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change<'a> {
    /// The account's new record; `None` if it stays.
    pub account: Option<&'a AccountRecord>,
    /// The new records of sources, by the sources' ids. A source without a new record is forgotten, with its fingerprints.
    pub sources: Vec<(&'a str, Option<&'a SourceRecord>)>,
    /// What happens to the fingerprints of a source, in this order.
    pub fingerprints: Vec<(&'a str, FingerprintChange<'a>)>,
}

/// A change of the fingerprints of a source.
#[derive(Debug, Clone)]
pub(crate) enum FingerprintChange<'a> {
    /// All are forgotten.
    Clear,
    /// Those of these devices are forgotten.
    Forget(Vec<&'a str>),
    /// Those of these devices are stored.
    Put(&'a [(&'a str, u64)]),
}
