//! What every store keeps of an account, and a change of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::state::consent::Consent;
use crate::state::source_state::SourceState;

/// Everything that is stored of an account but the fingerprints of its devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stored {
    /// What is stored besides its sources.
    pub account: AccountRecord,
    /// What is stored of its sources, by their ids.
    pub sources: BTreeMap<String, SourceRecord>,
}

/// What is stored of an account besides its sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AccountRecord {
    /// The beginning of the last slot of the schedule that it was collected in.
    #[serde(with = "time::serde::rfc3339::option")]
    pub slot: Option<OffsetDateTime>,
    /// What was approved for it.
    pub consent: Option<Consent>,
    /// When requests were last sent to its API, in milliseconds since 1970 by the servers' clock, and how many. Only a cluster
    /// keeps it, where another process may continue with the account.
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
pub(crate) struct Change {
    /// The account's new record; `None` if it stays.
    pub account: Option<AccountRecord>,
    /// The new records of sources, by the sources' ids. A source without a new record is forgotten, with its fingerprints.
    pub sources: Vec<(String, Option<SourceRecord>)>,
    /// What happens to the fingerprints of a source, in this order, after the records are stored.
    pub fingerprints: Vec<(String, FingerprintChange)>,
}

/// A change of the fingerprints of a source.
#[derive(Debug, Clone)]
pub(crate) enum FingerprintChange {
    /// All are forgotten.
    Clear,
    /// Those of these devices are forgotten.
    Forget(Vec<DeviceKey>),
    /// Those of these devices are stored.
    Put(Vec<(DeviceKey, u64)>),
}

/// What the fingerprint of a device is stored by: the first 16 bytes of its id's SHA-256, which are as good as unique.
pub(crate) type DeviceKey = [u8; 16];

/// Returns what a device's fingerprint is stored by.
pub(crate) fn device_key(device: &str) -> DeviceKey {
    let mut key = [0; 16];
    for (byte, digest) in key.iter_mut().zip(Sha256::digest(device)) {
        *byte = digest;
    }
    key
}

impl Stored {
    /// Returns what is stored of the sources that have a state, by their ids.
    pub(crate) fn states(&self) -> impl Iterator<Item = &SourceState> {
        self.sources
            .values()
            .filter_map(|record| record.state.as_ref())
    }

    /// Applies a change that is stored.
    pub(super) fn apply(&mut self, change: Change) {
        if let Some(account) = change.account {
            self.account = account;
        }
        for (source, record) in change.sources {
            match record {
                Some(record) => self.sources.insert(source, record),
                None => self.sources.remove(&source),
            };
        }
    }
}
